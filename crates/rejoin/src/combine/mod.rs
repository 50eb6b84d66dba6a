//! Running several futures and joining what comes back.
//!
//! Every function here opens a scope of its own, makes each future a child task of it, and returns
//! when every child has ended: nothing that it started outlives it. They differ in the [`Joiner`]
//! only.
//!
//! A handle is a future, too, but whom it belongs to is not changed by a join: what a join of handles
//! stops is the waiting. For children that are to be stopped with each other, give the join what they do;
//! to see which of some handles have ended, use [`wait_handles`].

mod any;
mod as_completed;
mod boxed;
mod gather;
mod handles;
mod joiner;
mod keyed;
mod lazy;
mod map;
mod progress;
#[cfg(feature = "indicatif")]
mod progress_bar;
mod race;
mod wait;

pub use self::any::{any, quorum};
pub use self::as_completed::{Completed, as_completed};
pub use self::boxed::boxed;
pub(crate) use self::gather::Failures;
pub use self::gather::gather;
pub use self::handles::{Split, wait_handles};
pub use self::joiner::{Ending, Joiner, join_with};
pub(crate) use self::joiner::{Inbox, ToInbox, Wakes};
pub use self::keyed::{Tuple, gather_by_key, gather_tuple};
pub use self::map::{Map, for_each, map};
pub use self::progress::Progress;
#[cfg(feature = "indicatif")]
pub use self::progress_bar::progress_bar;
pub use self::race::{Won, race};
pub use self::wait::{Until, Waited, wait, wait_until};
