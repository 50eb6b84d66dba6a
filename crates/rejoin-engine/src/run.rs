//! One request from its input value to its answer, inside a scope of its own.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use rejoin::{Instant, OnError, Scope, ScopeError};
use rejoin_lang::plan::{Method, PipelineId};
use rejoin_value::{Object, Value};

use crate::context::{Context, Request, ScriptArgs};
use crate::error::Abort;
use crate::exec::{Frame, run_block};
use crate::host::Host;
use crate::kept::Kept;
use crate::program::{Program, RouteId};
use crate::resolve::Operation;
use crate::router::Found;
use crate::state::State;
use crate::step::ContentType;
use crate::{envelope, flags, shaped_answer};

/// A program together with its surroundings: what a server takes a snapshot of for each request.
#[derive(Debug)]
pub struct App {
    program: Arc<Program>,
    host: Arc<Host>,
}

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A route, as found by [`App::find`].
    Route(RouteId),
    /// A named pipeline, as found by [`Program::find_pipeline`].
    Pipeline(PipelineId),
}

/// How to run it.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The request's id.
    pub id: Arc<str>,
    /// When everything of this request has to be over.
    pub deadline: Instant,
    /// What a script was started with; empty for HTTP.
    pub script: ScriptArgs,
}

/// What a run answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The final state, without what belongs into headers.
    pub body: Value,
    /// What was taken out of it for that: `setCookies` and `setHeaders`, as they were.
    pub taken: Option<Object>,
    /// The status that a `result` branch set.
    pub status: Option<u16>,
    /// What the body is.
    pub content_type: ContentType,
    /// The type of the error that the body is, if nothing handled it.
    pub error: Option<Arc<str>>,
    /// Complete cookies, one for each `set-cookie` header.
    pub set_cookies: Vec<String>,
    /// Headers to set.
    pub set_headers: Vec<(String, String)>,
    /// What `setCookies` and `setHeaders` had that can be neither, in words that stand in a log.
    pub unset: Vec<String>,
    /// When it is worth to ask again, if the answer says that it was too much or too early.
    pub retry_after: Option<std::time::Duration>,
}

/// Why a run has no answer.
#[derive(Clone, Debug)]
pub enum RunError {
    /// The program went wrong in a way that it cannot catch.
    Aborted(Abort),
    /// The request's deadline passed.
    TimedOut,
    /// Somebody stopped it; the text says who and why.
    Cancelled(String),
    /// A step panicked; that is a bug.
    Panicked(String),
}

impl App {
    /// A program in its surroundings.
    pub fn new(program: Arc<Program>, host: Arc<Host>) -> Self {
        Self { program, host }
    }

    /// The program.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// The surroundings.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// The route for a method and an encoded path.
    pub fn find(&self, method: Method, path: &str) -> Found {
        self.program.find(method, path)
    }

    /// Runs a target on an input, in a scope of its own with the deadline of `options`.
    ///
    /// `respond` is called exactly once, as soon as the answer is known; the future resolves when everything
    /// that belongs to the request has ended: tasks that nobody joined go on after the answer, until the
    /// deadline at the latest.
    ///
    /// # Cancel safety
    /// Dropping the future aborts the request's tasks; `respond` may not be called then. To stop a request,
    /// cancel the child that runs this future instead: then all of it has ended when the child has.
    pub async fn run(
        &self,
        target: Target,
        request: Value,
        options: RunOptions,
        respond: impl FnOnce(Result<Answer, RunError>) + Send,
    ) {
        let respond = Mutex::new(Some(respond));
        let answer = |result| {
            let respond = respond.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(respond) = respond {
                respond(result);
            }
        };
        let shared = Arc::new(Request {
            id: options.id,
            host: self.host.clone(),
            program: self.program.clone(),
            detached_timeout: self.program.request_timeout(),
            jq: self.program.jq,
            snapshot: request.clone(),
            script: options.script,
            at_end: Mutex::default(),
            alive: Default::default(),
            leading: Default::default(),
            retry_after: Mutex::default(),
        });
        let scope = Scope::builder()
            .name("request")
            .deadline(options.deadline)
            .on_error(OnError::IgnoreErrors);
        let ended = scope
            .run(|scope| async {
                let context = Context::new(shared, scope);
                let mut ended = self.execute(&context, target, request).await;
                if let Ok(ended) = &mut ended {
                    ended.retry_after = context.take_retry_after();
                    for action in context.take_at_end() {
                        if let Some(event) = action(&*ended) {
                            context.emit(event);
                        }
                    }
                }
                answer(ended.map_err(RunError::Aborted));
                Ok(())
            })
            .await;
        if let Err(error) = ended {
            answer(Err(RunError::from_scope(&error)));
        }
    }

    async fn execute(
        &self,
        context: &Context,
        target: Target,
        request: Value,
    ) -> Result<Answer, Abort> {
        let (block, request) = match &target {
            Target::Route(id) => {
                let route = &self.program.routes[id.0 as usize];
                let request = match route.observes_flags {
                    true => flags::set(context, &self.program, request).await,
                    false => request,
                };
                (&route.block, request)
            }
            Target::Pipeline(id) => {
                let pipeline = &self.program.pipelines[id.0 as usize];
                let stand_ins = self.host.stand_ins.as_ref();
                // A resolver asks for its own.
                let stand_ins = stand_ins.filter(|_| !pipeline.is_resolver);
                let stand_in = stand_ins.and_then(|all| all.pipeline(&pipeline.name, &request));
                if let Some(stand_in) = stand_in {
                    let state = State::new(stand_in.state().await);
                    return Ok(Answer::from_frame(Frame::new(state)));
                }
                let request = flags::set(context, &self.program, request).await;
                if pipeline.is_resolver {
                    let operation = Operation::new(context);
                    let resolved = operation.drive(operation.resolve(*id, request)).await?;
                    return Ok(Answer::from_frame(Frame::new(State::new(resolved))));
                }
                (&pipeline.block, request)
            }
        };
        let frame = Frame::new(State::new(request.clone()));
        let mut frame = run_block(context, &self.program, block, frame).await?;
        let is_unhandled = frame.is_unhandled();
        let mut answer = Answer::from_frame(frame);
        if is_unhandled && matches!(target, Target::Route(_)) {
            envelope::take_out_request(&mut answer.body, &request);
        }
        Ok(answer)
    }
}

impl Answer {
    fn from_frame(frame: Frame) -> Self {
        let mut kept = frame.kept;
        let mut body = frame.state.into_value();
        let error = envelope::error_type(&body).map(Arc::from);
        // They are headers now; a session's token must not stand in the body as well.
        let taken = kept.take_from(&mut body);
        let Kept { cookies: set_cookies, headers: set_headers, unset } = kept;
        let mut answer = Self {
            body,
            taken,
            status: frame.status,
            content_type: frame.content_type,
            error,
            set_cookies,
            set_headers,
            unset,
            retry_after: None,
        };
        shaped_answer::unfold(&mut answer);
        answer
    }
}

impl Answer {
    /// The final state as the program left it.
    pub fn final_state(&self) -> Value {
        let mut state = self.body.clone();
        if let Value::Object(object) = &mut state {
            for (key, value) in self.taken.iter().flat_map(Object::iter) {
                object.insert(key.clone(), value.clone());
            }
        }
        state
    }
}

impl RunError {
    fn from_scope(error: &ScopeError<Infallible>) -> Self {
        if error.is_timed_out() {
            return Self::TimedOut;
        }
        match error.cancelled() {
            Some(reason) => Self::Cancelled(reason.to_string()),
            None => Self::Panicked(error.to_string()),
        }
    }
}
