//! Cancellation: the reason, the handle that causes it, and how running code sees it.

mod canceller;
mod deadline;
mod on_drop;
mod reason;
mod shield;
mod watch;

pub use self::canceller::Canceller;
pub use self::deadline::{TimedOut, deadline, remaining, timeout, timeout_at};
pub use self::on_drop::CancelOnDrop;
pub use self::reason::{CancelReason, CancelSource, Cancelled};
pub use self::shield::shield;
pub use self::watch::{WhenCancelled, cancel_reason, cancelled, checkpoint};
