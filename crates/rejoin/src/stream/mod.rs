//! Streams: merged, paced, batched, and read ahead.
//!
//! What the `futures` crate has is left to it: `map`, `filter`, `take`, `zip`, `flatten` and the
//! like come from its `StreamExt` and work on everything here. This module has what that crate
//! leaves out, because it needs a clock or a task:
//!
//! | you want | use | runs |
//! |---|---|---|
//! | several streams as one, items as they arrive | [`merge`] | in the task that reads it |
//! | lists of items, full ones or old ones | [`batch`], [`try_batch`] | in the task that reads it |
//! | no more than so many items in a time | [`throttle`] | in the task that reads it |
//! | to notice that an item is long in coming | [`item_timeout`] | in the task that reads it |
//! | the source to go on while you are busy | [`buffer`] | as a child of a scope |
//! | an output for each item, so many at once | [`map()`], [`map_unordered`] | a child for each item |
//! | several sources in parallel | [`merge`] over [`buffer`]s | as children of a scope |
//!
//! They are functions that take what they wrap last, as [`timeout`](crate::timeout) does, and not
//! methods: no name clashes with those of `futures` or `tokio_stream`.
//!
//! ```
//! use std::num::NonZeroUsize;
//! use std::time::Duration;
//! use futures_util::{StreamExt, TryStreamExt, stream};
//! use rejoin::stream::{batch, buffer, merge, throttle};
//! use rejoin::{Scope, scope};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let second = Duration::from_secs(1);
//! let four = NonZeroUsize::new(4).expect("it is not 0");
//! let sizes = scope(|s: Scope| async move {
//!     // Two logs, each read by a task of its own, at most 50 lines a second, stored in fours.
//!     let logs = [stream::iter(0..5), stream::iter(10..15)];
//!     let lines = merge(logs.map(|log| buffer(&s, four, log)));
//!     let groups = batch(four, throttle(second / 50, lines)).within(second);
//!     Ok(groups.map(|group| group.len()).collect::<Vec<_>>().await)
//! })
//! .await;
//! assert_eq!(sizes.unwrap(), [4, 4, 2]);
//! # });
//! ```
//!
//! # What holds for all of them
//!
//! * Every item of a source comes out exactly once, and those of one source in their order. Every
//!   value is data; a `None` or an `Err` among the items ends nothing, except in [`try_batch`],
//!   whose name says so. Items that were accepted come out before an end or an error.
//! * No timer takes back a pull: an item that comes late is late, not lost.
//! * Nothing is read that was not asked for, except by [`buffer`], up to its capacity, and by [`map()`], up
//!   to its limit.
//! * Dropping one drops its sources on the spot, in the same turn. Only [`buffer`] and [`map()`] have tasks
//!   to end: those are told to stop, and their scope waits for them.
//!
//! # Who polls the source
//!
//! A stream that runs in the reading task makes progress only while it is being read, as any stream
//! in Rust does: while you handle an item, nobody polls the source. If the source holds a lock or a
//! connection between two items and handling an item needs the same one, you wait for yourself. The
//! cure is [`buffer`]: its source is a task and goes on whatever the reader does.
//!
//! In return a stream that runs in the reading task may borrow, needs no scope, and is gone when it
//! is dropped.

mod batch;
mod buffer;
mod map;
mod merge;
mod throttle;
mod timeout;

pub use self::batch::{Batch, TryBatch, batch, try_batch};
pub use self::buffer::{Buffer, buffer};
pub use self::map::{Map, map, map_unordered};
pub use self::merge::{Merge, merge};
pub use self::throttle::{Throttle, throttle};
pub use self::timeout::{ItemTimeout, item_timeout};
