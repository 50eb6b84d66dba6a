//! Resolvers of GraphQL: pipelines that an operation runs, each in the request's scope, with loads in batches.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use rejoin_lang::plan::PipelineId;
use rejoin_value::Value;

use crate::call::MAX_DEPTH;
use crate::context::Context;
use crate::error::Abort;
use crate::exec::{Frame, run_block};
use crate::loads::Loads;
use crate::state::State;

/// One operation of GraphQL, as far as the engine has a part in it.
#[derive(Debug)]
pub struct Operation {
    context: Context,
    loads: Arc<Loads>,
}

impl Operation {
    /// An operation that is part of a request.
    pub fn new(context: &Context) -> Self {
        let loads = Arc::new(Loads::default());
        let context = context.deeper().loading(loads.clone());
        Self { context, loads }
    }

    /// Runs the body of a resolver on a state. It sees the flags and conditions as they are now. What it sets, the request has
    /// when it ends; others that run beside it do not see it.
    ///
    /// # Errors
    /// If it cannot go on at all. Errors as data are in its value.
    ///
    /// # Cancel safety
    /// Dropping the future stops the body. Tasks that it started and a batch that it asked for end with the request at
    /// the latest.
    pub fn resolve(
        &self,
        resolver: PipelineId,
        state: Value,
    ) -> impl Future<Output = Result<Value, Abort>> + Send + use<> {
        let (around, context) = (self.context.clone(), self.context.for_task());
        async move {
            let before = context.all_marks();
            if context.depth >= MAX_DEPTH {
                let detail =
                    format!("operations are made within each other more than {MAX_DEPTH} deep");
                return Err(Abort { title: "nested too deeply".into(), detail });
            }
            let program = context.program().clone();
            let pipeline = &program.pipelines[resolver.0 as usize];
            let stand_ins = context.host().stand_ins.as_ref();
            if let Some(stand_in) = stand_ins.and_then(|all| all.pipeline(&pipeline.name, &state)) {
                return Ok(stand_in.state().await);
            }
            let frame = Frame::new(State::new(state));
            let ended = run_block(&context, &program, &pipeline.block, frame).await?;
            around.take_marks(&before, &context);
            Ok(ended.state.into_value())
        }
    }

    /// Waits for what uses [`resolve`](Self::resolve). When all of it waits, what was asked for meanwhile is loaded.
    ///
    /// # Cancel safety
    /// As that of `work`.
    pub async fn drive<W: Future>(&self, work: W) -> W::Output {
        let mut work = pin!(work);
        poll_fn(|task| {
            self.loads.notify(task.waker());
            let polled = work.as_mut().poll(task);
            if polled.is_pending() {
                self.loads.start(&self.context);
            }
            polled
        })
        .await
    }
}
