//! Where a call of a host's function stands: what limits it, and how long what it leaves behind may live.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::Grants;

/// How often guests are looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The folders that a function limits effects to, each with its effect.
type Own = Arc<[(Arc<str>, Arc<str>)]>;

/// The folders of a function and of those that it was called by: each holds for what is called.
#[derive(Clone, Debug, Default)]
pub(super) struct Folders(Arc<[Own]>);

impl Folders {
    /// Those within a function that was called.
    pub(super) fn within(&self, own: &Own) -> Self {
        // However deep a recursion is, each function counts once.
        if own.is_empty() || self.0.contains(own) {
            return self.clone();
        }
        Self(self.0.iter().chain([own]).cloned().collect())
    }
}

/// Where a call of a host's function stands.
#[derive(Clone, Copy, Debug)]
pub struct CallPlace<'r> {
    pub(super) folders: &'r Folders,
    pub(super) grants: &'r Grants,
    pub(super) guests: &'r Arc<Guests>,
}

impl<'r> CallPlace<'r> {
    /// Lists of folders that limit an effect: what it is done to lies in one of each. The calling function has limited itself so,
    /// those that it was called by have, and the run was limited; no list at all is no limit.
    pub fn limits(&self, effect: &str) -> Vec<Vec<&'r str>> {
        let of = |own: &'r Own| -> Vec<&'r str> {
            let own = own.iter().filter(|(name, _)| **name == *effect);
            own.map(|(_, folder)| &**folder).collect()
        };
        let folders = self.folders.0.iter().map(of).chain([self.grants.folders(effect)]);
        folders.filter(|list| !list.is_empty()).collect()
    }

    /// What the run, or the branch that the call stands in, keeps until its end.
    pub fn guests(&self) -> &'r Arc<Guests> {
        self.guests
    }
}

/// Something that lives on after the call that made it, and ends with the run or the branch of it. Dropping it ends it at once.
pub trait Guest: Send + Sync {
    /// Ends it, and waits until it has ended.
    fn end(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Whether there is nothing left of it.
    fn has_ended(&self) -> bool;

    /// Called now and then while it lives, for it to see whether it has gone too far.
    fn look(&self) {}
}

/// What calls have left behind. It ends with this.
#[derive(Default)]
pub struct Guests(Mutex<Vec<Arc<dyn Guest>>>);

impl Guests {
    /// Takes one in, unless there are as many already; those that have ended do not count.
    pub fn take(&self, guest: Arc<dyn Guest>, most: usize) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|guest| !guest.has_ended());
        if all.len() >= most {
            return false;
        }
        all.push(guest);
        true
    }

    /// Does `work`, and looks at them now and then meanwhile. Without any that costs nothing.
    pub(super) async fn beside<T>(&self, work: impl Future<Output = T>) -> T {
        let (mut work, mut look) = (pin!(work), pin!(None::<Sleep>));
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(done);
            }
            loop {
                let living: Vec<_> = {
                    let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    all.iter().filter(|guest| !guest.has_ended()).cloned().collect()
                };
                if living.is_empty() {
                    look.set(None);
                    return Poll::Pending;
                }
                match look.as_mut().as_pin_mut() {
                    Some(time) => {
                        ready!(time.poll(cx));
                        living.iter().for_each(|guest| guest.look());
                        look.set(None);
                    }
                    None => look.set(Some(sleep(LOOK))),
                }
            }
        })
        .await
    }

    /// Ends all of them, the last first.
    pub(super) async fn end(&self) {
        loop {
            let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match last {
                Some(guest) => guest.end().await,
                None => return,
            }
        }
    }
}

impl fmt::Debug for Guests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guests").finish_non_exhaustive()
    }
}
