//! Where the children of a join leave their outcomes for the future that drives it.

use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::inspect::{self, Wait};
use crate::outcome::Outcome;
use crate::scope::Deliver;
use crate::seam::{AtomicUsize, Mutex, MutexGuard};

/// For which outcomes the driver is woken before the last one has come in. A joiner that does
/// nothing about the others has them settled together, and a wake-up less for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wakes {
    Always,
    OnFailure,
    Never,
}

impl Wakes {
    fn is_for<T, E>(self, outcome: &Outcome<T, E>) -> bool {
        match self {
            Wakes::Always => true,
            Wakes::OnFailure => outcome.is_err(),
            Wakes::Never => false,
        }
    }
}

/// Outcomes that have come in and that the driver has not taken.
///
/// If the driver is woken for each of them, they are in a line. If it sleeps as a rule, each child has a
/// place of its own, and children that end on several threads do not wait for each other.
pub(crate) struct Inbox<T, E> {
    wakes: Wakes,
    /// How many of those who have places have not delivered.
    left: AtomicUsize,
    /// One for each child, by its number; none if there is a line.
    places: Box<[Place<T, E>]>,
    door: Mutex<Door<T, E>>,
}

type Place<T, E> = Mutex<Option<Outcome<T, E>>>;

struct Door<T, E> {
    line: Vec<(usize, Outcome<T, E>)>,
    /// Something is here that the driver has to see now.
    urgent: bool,
    driver: Option<Waker>,
}

impl<T, E> Inbox<T, E> {
    /// For `count` children, whose driver is woken by the last of them, and as `wakes` says.
    pub(super) fn for_children(count: usize, wakes: Wakes) -> Self {
        let places = if wakes == Wakes::Always { 0 } else { count };
        Inbox {
            wakes,
            left: AtomicUsize::new(places),
            places: (0..places).map(|_| Mutex::new(None)).collect(),
            door: Mutex::new(Door { line: Vec::new(), urgent: false, driver: None }),
        }
    }

    /// For children of whom nobody knows how many there will be.
    pub(crate) fn with_line() -> Self {
        Inbox::for_children(0, Wakes::Always)
    }

    /// Waits until there is something, and takes all of it. What is here together counts as simultaneous,
    /// and for that input order decides. Empty if somebody was faster than the one who rang for it.
    pub(crate) async fn take(&self) -> Vec<(usize, Outcome<T, E>)> {
        let line = self.take_in_order().await;
        self.sorted(line)
    }

    /// As [`take`](Self::take), in the order in which they came in: of those in a line.
    pub(super) async fn take_in_order(&self) -> Vec<(usize, Outcome<T, E>)> {
        poll_fn(|cx| self.poll_arrived(cx).map(|mut door| std::mem::take(&mut door.line))).await
    }

    /// What has come in, without waiting.
    pub(crate) fn drain(&self) -> Vec<(usize, Outcome<T, E>)> {
        let line = std::mem::take(&mut self.door().line);
        self.sorted(line)
    }

    /// Those of a line, or at their places, in input order.
    fn sorted(&self, line: Vec<(usize, Outcome<T, E>)>) -> Vec<(usize, Outcome<T, E>)> {
        let mut arrived = line;
        arrived.sort_by_key(|(number, _)| *number);
        let places = self.places.iter().enumerate();
        arrived.extend(places.filter_map(|(number, place)| Some((number, lock(place).take()?))));
        arrived
    }

    /// Ready, with the door, when something has come in that the driver has to see.
    fn poll_arrived(&self, cx: &Context<'_>) -> Poll<MutexGuard<'_, Door<T, E>>> {
        let waker = cx.waker().clone();
        let mut door = self.door();
        if std::mem::take(&mut door.urgent) {
            return Poll::Ready(door);
        }
        let old = door.driver.replace(waker);
        drop(door);
        drop(old);
        inspect::note(|| Wait::Other("the children of a join".into()));
        Poll::Pending
    }

    fn put(&self, number: usize, outcome: Outcome<T, E>) {
        let mut urgent = self.wakes.is_for(&outcome);
        let mut door = match self.places.get(number) {
            None => {
                let mut door = self.door();
                door.line.push((number, outcome));
                door
            }
            Some(place) => {
                *lock(place) = Some(outcome);
                // The last one has seen what all others did, and the driver sees it by the door.
                urgent |= self.left.fetch_sub(1, Ordering::AcqRel) == 1;
                if !urgent {
                    return;
                }
                self.door()
            }
        };
        door.urgent = true;
        let driver = door.driver.take();
        drop(door);
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    fn door(&self) -> MutexGuard<'_, Door<T, E>> {
        lock(&self.door)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Delivers a child's outcome to the inbox.
pub(crate) struct ToInbox<T, E> {
    number: usize,
    /// Nothing when it has been delivered.
    inbox: Option<Arc<Inbox<T, E>>>,
}

impl<T, E> ToInbox<T, E> {
    pub(crate) fn new(number: usize, inbox: &Arc<Inbox<T, E>>) -> Self {
        ToInbox { number, inbox: Some(Arc::clone(inbox)) }
    }
}

impl<T, E> Deliver<T, E> for ToInbox<T, E> {
    type Receipt = ();

    fn deliver(&mut self, outcome: Outcome<T, E>, _claimed: bool) {
        if let Some(inbox) = self.inbox.take() {
            inbox.put(self.number, outcome);
        }
    }
}
