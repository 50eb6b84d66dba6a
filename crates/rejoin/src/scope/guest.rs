//! Work that is no task of a scope, and that the scope waits for all the same: a thread, a child
//! process.

use std::sync::Arc;
use std::thread;

use super::context;
use super::core::{Core, Place};
use super::error::Refusal;
use crate::cancel::CancelReason;
#[cfg(all(feature = "process", unix))]
use crate::cancel::WhenCancelled;
use crate::name::Name;

/// A seat in a scope, given back when this is dropped. Whoever does the work owns it until the work
/// has ended, whatever becomes of those who wait for it.
///
/// It must not get into the hands of the scope's user: a scope waits for the guests that it returns.
pub(crate) struct Guest {
    place: Option<Place>,
    /// Outside all scopes: where it is listed. The work does not see it.
    stray: Option<Place>,
}

impl Guest {
    /// A guest of the scope around the calling code; if there is none, nobody's, and only listed.
    ///
    /// Refused if the caller was told to stop. It is polled once more then, and may find free just
    /// what it waits for; work that has not started must not start.
    pub(crate) fn of_caller(name: &Name) -> Result<Guest, CancelReason> {
        match context::current() {
            Some(caller) => match caller.reason() {
                Some(reason) => Err(reason),
                None => Guest::of(&caller.core, name).map_err(Refusal::into_reason),
            },
            None => Ok(Guest { place: None, stray: Some(Core::stray(name)) }),
        }
    }

    /// A guest of a scope that is known.
    pub(crate) fn of(core: &Arc<Core>, name: &Name) -> Result<Guest, Refusal> {
        let member = core.admit_blocking(name)?;
        Ok(Guest { place: Some(Place { core: Arc::clone(core), member }), stray: None })
    }

    /// Where it sits, if it is anybody's.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Runs `work` at the guest's place.
    pub(crate) fn enter<R>(&mut self, work: impl FnOnce() -> R) -> thread::Result<R> {
        context::enter(&mut self.place, work)
    }

    /// Ready when the guest is told to stop.
    #[cfg(all(feature = "process", unix))]
    pub(crate) fn cancelled(&self) -> WhenCancelled {
        WhenCancelled::at(self.place().cloned())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        for Place { core, member } in self.place.take().into_iter().chain(self.stray.take()) {
            core.leave(member, true);
        }
    }
}
