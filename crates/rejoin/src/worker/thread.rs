//! Running a call on a thread that may block.

use super::call::Call;
use super::turn::Turn;
use crate::cancel::CancelReason;
use crate::outcome::{Outcome, TaskError};
use crate::pool::ThreadPool;
use crate::scope::Scope;
use crate::seam;

/// Runs `call` on a thread of `pool`. In a scope of its own, so that a call which is cancelled ends
/// when the work on the thread has, and not before.
pub(super) async fn on_thread<S, C>(
    pool: ThreadPool,
    turn: Turn<S>,
    call: C,
) -> Outcome<C::Output, C::Error>
where
    S: Send + 'static,
    C: Call<S, Output: 'static, Error: 'static> + 'static,
{
    let ran = Scope::builder()
        .run(|_: Scope| async move { pool.run_value(move || block(turn, call)).await })
        .await;
    ran.unwrap_or_else(|error| Err(error.into_task_error().widen()))
}

/// A call that waits does so on the thread, which is then the worker's alone; it is stopped where it
/// waits.
fn block<S: Send, C: Call<S>>(turn: Turn<S>, call: C) -> Outcome<C::Output, C::Error> {
    let run = Scope::builder().run(|_: Scope| async move { Ok(turn.run(call).await) });
    match seam::block_on(run) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Err(error.into_task_error().widen()),
        // A thread of the pool can wait as long as its runtime is there.
        Err(_) => Err(TaskError::Cancelled(CancelReason::shutdown("the runtime was shut down"))),
    }
}
