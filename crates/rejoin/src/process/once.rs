//! A child process for a single call.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::call::Call;
use super::error::ProcessError;
use super::function::Function;
use super::pool::MAX_MESSAGE;
use super::process::Process;
use super::registry::Kind;
use super::taken::Taken;
use crate::configure::defaults;
use crate::inspect::waits;
use crate::name::Name;
use crate::outcome::{Outcome, TaskError};
use crate::scope::guest::Guest;

/// Runs `function` in a child process of its own, which has gone when this returns. As many run at
/// once as there are cores, or as the [defaults](crate::configure) say; more wait. The arguments are `()`, the one argument, or a tuple.
///
/// It costs about a millisecond. For many calls, open a [`ProcessPool`](super::ProcessPool), whose
/// children stay.
///
/// ```standalone_crate
/// use rejoin::to_process;
///
/// #[rejoin::process::function]
/// fn heavy_compute(numbers: Vec<u64>) -> u64 {
///     numbers.iter().sum()
/// }
///
/// fn main() {
///     rejoin::process::init();
/// #   tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
///     let sum = to_process(heavy_compute, vec![1, 2, 3]).await.unwrap();
///     assert_eq!(sum, 6);
/// #   });
/// }
/// ```
///
/// # Errors
///
/// [`TaskError::Failed`] with a [`ProcessError`] if the function could not be run or its result got
/// lost, [`TaskError::Panicked`] if it panics, [`TaskError::Cancelled`] if the calling task was told
/// to stop before it could start.
///
/// # Panics
///
/// Outside a Tokio runtime, and in one without I/O (`enable_all` has it).
///
/// # Cancel safety
///
/// Dropped before it had its turn, nothing has been started. Dropped later, the child is killed, and
/// the scope around the call does not end before it has gone.
pub async fn to_process<F, A, Arity>(function: F, arguments: A) -> Outcome<F::Output, ProcessError>
where
    F: Function<A, Arity>,
    A: Serialize,
    F::Output: DeserializeOwned,
{
    static FREE: OnceLock<Arc<Semaphore>> = OnceLock::new();
    const NAME: Name = Name::literal("to_process");

    let call = Call::new(Kind::Function, function, &arguments, MAX_MESSAGE)?;
    drop(arguments);
    let free = FREE.get_or_init(|| {
        let children = defaults().children().get();
        Arc::new(Semaphore::new(children.min(Semaphore::MAX_PERMITS)))
    });
    let free = waits("a child process", Arc::clone(free).acquire_owned())
        .await
        .expect("the semaphore is never closed");
    let guest = Guest::of_caller(&NAME).map_err(TaskError::Cancelled)?;
    let process = Process::start(NAME.as_str(), guest)?;
    let mut taken = Taken::new(process, free);
    taken.process().ready().await?;
    match call.send(taken.process()).await {
        Ok(answer) => {
            taken.process().end().await;
            call.read(&answer)
        }
        Err(_) => Err(call.lost(taken.process()).await.into()),
    }
}
