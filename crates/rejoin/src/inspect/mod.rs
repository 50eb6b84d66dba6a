//! Looking at what is under way: every scope, every task, and what each waits for.
//!
//! ```
//! use std::time::Duration;
//! use rejoin::{Scope, inspect};
//! # use tokio::time::sleep;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! Scope::builder()
//!     .name("dashboard")
//!     .timeout(Duration::from_secs(2))
//!     .run(|s: Scope| async move {
//!         let user = s.task("user").spawn_value(sleep(Duration::from_secs(1)));
//!         let greeting = s.task("greeting").spawn_outcome(user);
//!         sleep(Duration::from_millis(500)).await;
//!         println!("{}", inspect::tree().await);
//!         # let text = s.tree().await.to_string();
//!         # let text = text.split_once(' ').unwrap().1.split_once(' ').unwrap().1;
//!         # assert!(text.starts_with("`dashboard`: waits for the task tree; 1.5s left; 500ms old\n├─ task "), "{text}");
//!         greeting.await
//!     })
//!     .await
//!     # .unwrap();
//! # });
//! ```
//!
//! prints
//!
//! ```text
//! scope 1 `dashboard`: waits for the task tree; 1.5s left; 500ms old
//! ├─ task 1.0 `user`: waits outside the library; 500ms old
//! └─ task 1.1 `greeting`: waits for task 1.0 `user`; 500ms old
//! ```
//!
//! Nobody writes down what it waits for while nobody asks. Whoever asks wakes every task, and each
//! that comes to a wait of this library says so: a handle, a place in a limit, a thread of a pool, a
//! pause, a barrier, a cancellation. [`waiting_for`] gives a name to other waits. What a task awaits
//! by way of a set that polls only who was woken (`FuturesUnordered`) stays unsaid.
//!
//! # Cost
//!
//! For those who are looked at, one poll of each task and some allocations. A wait that is not
//! looked at costs one atomic load; an outermost scope is on a list, one for each thread.

mod tree;
mod wait;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::poll_fn;

pub use self::tree::{Kind, Node, State, Tree};
pub use self::wait::{Wait, waiting_for};
pub(crate) use self::wait::{note, pause_until, waits};
use crate::scope::core::look::Look;
use crate::scope::core::{Core, roots};
use crate::scope::deadline_after;
use crate::seam;

/// How long members get to say what they wait for.
const PATIENCE: Duration = Duration::from_millis(100);

/// All scopes of the process and their tasks: the outermost scopes, and those that were dropped while
/// tasks were left in them, each with all that is inside. [`Scope::tree`](crate::Scope::tree) shows
/// one scope.
///
/// It waits until every task has said what it waits for, at most a tenth of a second.
///
/// # Panics
///
/// Outside a Tokio runtime, and in one without time.
///
/// # Cancel safety
///
/// Nothing is lost when it is dropped.
pub async fn tree() -> Tree {
    look_at(roots()).await
}

pub(crate) async fn look_at(roots: Vec<Arc<Core>>) -> Tree {
    let look = Look::begin(roots.clone());
    let patience = pin!(seam::sleep_until(deadline_after(PATIENCE)));
    let answers = poll_fn(|cx| look.poll(cx));
    // Whoever asks from inside is asked too, and this is its answer.
    waits("the task tree", futures_util::future::select(patience, answers)).await;
    let nodes = crate::scope::core::snapshot::nodes(roots, look.asker());
    drop(look);
    Tree { nodes }
}
