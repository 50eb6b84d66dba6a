//! The work of one request: its body, its run, its answer.

use std::convert::Infallible;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::EXPECT;
use http::request::Parts;
use rejoin::TaskError;
use rejoin_engine::{Answer, Level, RouteId, RunError, RunOptions, ScriptArgs, Target};
use rejoin_lang::plan::Method;
use rejoin_value::Str;
use tokio::sync::{mpsc, oneshot};

use crate::body;
use crate::exchange::FileBody;
use crate::files;
use crate::front::Front;
use crate::problem::{Problem, allow};
use crate::record::Record;
use crate::request::{Caller, bind};
use crate::respond::respond;
use crate::routing::{is_read, options};
use crate::shared::Shared;
use crate::tested::{AsWritten, FinalState};

/// The program's time-out, or what the caller has left of its own deadline if that is less.
pub(crate) fn timeout(front: &Front, head: &Parts) -> Duration {
    let budget = head.headers.get(rejoin_http::BUDGET_HEADER);
    let budget = budget.and_then(|value| value.to_str().ok()?.parse().ok());
    let timeout = front.config.timeout;
    budget.map_or(timeout, |left| timeout.min(Duration::from_millis(left)))
}

/// The work of one request: everything that outlives its handler.
pub(crate) struct Work {
    pub(crate) shared: Arc<Shared>,
    pub(crate) front: Arc<Front>,
    pub(crate) head: Parts,
    /// What may be meant before the route is.
    pub(crate) file: Option<PathBuf>,
    /// Without it there is only the file; or the problem, if there is none either.
    pub(crate) route: Result<RouteId, Problem>,
    pub(crate) params: Vec<(Arc<str>, String)>,
    pub(crate) peer: Option<Str>,
    pub(crate) id: Arc<str>,
    pub(crate) deadline: rejoin::Instant,
}

/// What the work tells the handler.
pub(crate) struct Reply {
    pub(crate) response: Response<Bytes>,
    /// What follows the head, if that is not in it.
    pub(crate) file: Option<FileBody>,
    pub(crate) error: Option<Arc<str>>,
    pub(crate) detail: Option<String>,
    pub(crate) cancelled: Option<String>,
}

impl Work {
    pub(crate) async fn run<B: http_body::Body>(self, body: B, reply: oneshot::Sender<Reply>) {
        let reply = match self.send_file(reply).await {
            Some(reply) => reply,
            None => return,
        };
        let route = match &self.route {
            Ok(route) => *route,
            Err(problem) => {
                let _ = reply.send(self.refuse(problem));
                return;
            }
        };
        let mut body = pin!(body);
        let limit = self.front.config.max_body;
        // A client that asked first has sent nothing yet, and to read on would tell it to.
        let is_held_back =
            self.head.headers.contains_key(EXPECT) && body::is_announced_too_large(&*body, limit);
        let bytes = match body::read(body.as_mut(), limit, self.deadline).await {
            Ok(bytes) => bytes,
            Err(problem) => {
                // Nobody listens when the client is gone.
                let _ = reply.send(self.refuse(&problem));
                if !is_held_back {
                    body::linger(body).await;
                }
                return;
            }
        };
        let is_proxy = self.front.config.trust_proxy;
        let caller = Caller { peer: self.peer.as_ref(), is_proxy };
        let request = match bind(&self.head, &self.params, caller, &bytes) {
            Ok(request) => request,
            Err(problem) => {
                let _ = reply.send(self.refuse(&problem));
                return;
            }
        };
        drop(bytes);
        let options = RunOptions {
            id: self.id.clone(),
            deadline: self.deadline,
            script: ScriptArgs::default(),
        };
        let respond = |result| {
            let _ = reply.send(self.reply(result));
        };
        self.front.app.run(Target::Route(route), request, options, respond).await;
    }

    /// Answers with the file, if there is one; else gives `reply` back.
    async fn send_file(&self, reply: oneshot::Sender<Reply>) -> Option<oneshot::Sender<Reply>> {
        let (Some(relative), Some(root)) = (self.file.clone(), self.shared.files.get().cloned())
        else {
            return Some(reply);
        };
        let headers = self.head.headers.clone();
        let found = rejoin::to_thread(move || files::find(&root, &relative, &headers)).await;
        let Ok(Some(found)) = found else { return Some(reply) };
        if !is_read(&self.head) {
            let _ = reply.send(self.refuse_to_change());
            return None;
        }
        let (to, pieces) = mpsc::channel(1);
        let file = found.body.as_ref().map(|part| FileBody { pieces, length: part.length });
        let answered =
            Reply { response: found.response, file, error: None, detail: None, cancelled: None };
        // Nobody listens when the client is gone; then nobody takes the pieces, either.
        let _ = reply.send(answered);
        if let Some(part) = found.body {
            files::send(part, to).await;
        }
        None
    }

    /// What is said to a method that a file does not have.
    fn refuse_to_change(&self) -> Reply {
        let allowed = allow(&[Method::Get, Method::Head]);
        let problem = Problem::MethodNotAllowed(allowed.clone());
        if self.head.method != http::Method::OPTIONS {
            return self.refuse(&problem);
        }
        let response = options(&self.front, &self.head, &allowed);
        Reply { response, error: None, ..self.refuse(&problem) }
    }

    fn reply(&self, result: Result<Answer, RunError>) -> Reply {
        match result {
            Ok(answer) => {
                let error = answer.error.clone();
                let warn = |text: &str| {
                    let log = &self.shared.log;
                    log.line(Level::Warn, text, |line| line.text("request_id", &self.id));
                };
                let is_test = self.head.extensions.get::<AsWritten>().is_some();
                let state = is_test.then(|| FinalState(answer.final_state()));
                let mut response = respond(answer, warn);
                if let Some(state) = state {
                    response.extensions_mut().insert(state);
                }
                Reply { response, file: None, error, detail: None, cancelled: None }
            }
            Err(RunError::Aborted(abort)) => {
                let detail = Some(format!("{}: {}", abort.title, abort.detail));
                Reply { detail, ..self.refuse(&Problem::Aborted(abort)) }
            }
            Err(RunError::TimedOut) => self.refuse(&Problem::TimedOut),
            Err(RunError::Panicked(text)) => {
                Reply { detail: Some(text), ..self.refuse(&Problem::Panicked) }
            }
            Err(RunError::Cancelled(reason)) => {
                Reply { cancelled: Some(reason), ..self.refuse(&Problem::Unavailable) }
            }
        }
    }

    fn refuse(&self, problem: &Problem) -> Reply {
        Reply::of(problem, self.head.uri.path(), &self.id)
    }
}

impl Reply {
    fn of(problem: &Problem, path: &str, id: &str) -> Self {
        Self {
            response: problem.response(path, id),
            file: None,
            error: Some(problem.kind().into()),
            detail: None,
            cancelled: None,
        }
    }

    /// What is said when the work ended in this way and had said nothing.
    pub(crate) fn without_answer(why: Option<TaskError<Infallible>>, record: &Record) -> Self {
        let of = |problem| Self::of(&problem, record.uri.path(), &record.id);
        match why {
            Some(TaskError::Cancelled(reason)) => {
                Self { cancelled: Some(reason.to_string()), ..of(Problem::Unavailable) }
            }
            Some(error) => Self { detail: Some(error.to_string()), ..of(Problem::Panicked) },
            None => of(Problem::Panicked),
        }
    }
}
