//! [`Service`]: takes requests and hands out their responses. It can stand behind the server of this crate or inside an
//! axum router.

use std::convert::Infallible;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use http::request::Parts;
use http::{Request, Response, Version};
use rejoin::{Instant, TaskHandle};
use rejoin_engine::App;
use rejoin_value::Str;
use tokio::sync::oneshot;

use crate::activity::Busy;
use crate::config::ConfigError;
use crate::exchange::Exchange;
use crate::files;
use crate::front::{Current, Front};
use crate::log::Log;
use crate::problem::Problem;
use crate::record::Record;
use crate::request_id::request_id;
use crate::response_body::Body;
use crate::routing::{Routed, is_read, route};
use crate::shared::Shared;
use crate::work::{Reply, Work, timeout};

/// Answers requests with the routes of an app. Cheap to clone.
///
/// Each request is a child of its own, in the scope that the app's host was made with
/// ([`Host::detached`](rejoin_engine::Host::detached)). Dropping the response future, or the response's body
/// before its end, cancels that task; nothing else is left behind.
#[derive(Clone, Debug)]
pub struct Service {
    pub(crate) shared: Arc<Shared>,
}

/// A service for an app; the requests it answers are logged to `log`.
///
/// # Errors
/// If `config server` of its program makes no sense.
///
/// # Examples
/// Inside an axum router: `Router::new().nest_service("/api", rejoin_server::service(app, log)?)`.
pub fn service(app: App, log: Log) -> Result<Service, ConfigError> {
    let scope = app.host().detached.clone();
    let current = Current::new(Front::new(app)?);
    Ok(Service {
        shared: Arc::new(Shared {
            current,
            log,
            scope,
            stopping: AtomicBool::new(false),
            files: OnceLock::new(),
        }),
    })
}

/// What the connection knows of a request, beyond what the client wrote.
#[derive(Debug, Default)]
pub(crate) struct Arrival {
    /// The address of the other side.
    pub(crate) peer: Option<Str>,
    pub(crate) busy: Option<Busy>,
}

impl Service {
    /// Puts another app in place: requests from now on are answered by it, those under way end with the old one.
    ///
    /// # Errors
    /// If `config server` of its program makes no sense; the old app stays.
    pub fn replace(&self, app: App) -> Result<(), ConfigError> {
        self.shared.current.swap(Front::new(app)?);
        Ok(())
    }

    /// Answers `GET` and `HEAD` of paths that no route has with the files below a directory; where a route has captures, a file
    /// goes before it. The first call decides. Hidden files, and links that lead out of the directory, are not there.
    pub fn serve_files(&self, directory: PathBuf) {
        self.shared.files.get_or_init(|| directory);
    }

    /// From now on requests are refused with 503.
    pub(crate) fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
    }

    /// Answers one request.
    pub(crate) fn answer<B>(&self, request: Request<B>, arrival: Arrival) -> Responding
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
    {
        let started = Instant::now();
        let front = self.shared.current.get();
        let (head, body) = request.into_parts();
        let record = Record {
            started,
            method: head.method.clone(),
            uri: head.uri.clone(),
            id: request_id(&head.headers),
            route: None,
            status: None,
            error: None,
            detail: None,
            cancelled: None,
        };
        let log = self.shared.log.clone();
        let mut exchange = Exchange::new(&head, front.clone(), log, record, arrival.busy);
        if self.shared.stopping.load(Ordering::Relaxed) {
            return Responding::problem(exchange, &Problem::Unavailable);
        }
        let routed = route(&front, &head, arrival.peer.is_some());
        let file = self.file(&routed, &front, &head);
        let (route, params) = match routed {
            Routed::Here(response) => return Responding::ready(exchange.respond(response)),
            Routed::Problem(problem) if file.is_none() => {
                return Responding::problem(exchange, &problem);
            }
            Routed::Problem(problem) => (Err(problem), Vec::new()),
            Routed::Program { route, params } => (Ok(route), params),
        };
        if let Ok(route) = route {
            exchange.record.route = Some(front.app.program().route_name(route).1.clone());
        }
        let (reply, answer) = oneshot::channel();
        let work = Work {
            deadline: started + timeout(&front, &head),
            id: exchange.record.id.clone(),
            shared: self.shared.clone(),
            peer: arrival.peer,
            front,
            head,
            file,
            route,
            params,
        };
        let one_by_one = work.head.version < Version::HTTP_2;
        let work = work.run(body, reply).map(Ok::<(), Infallible>);
        // One that need not wait needs no task; but requests of one connection of HTTP/2 run at the same time.
        let task = match one_by_one {
            true => self.shared.scope.spawn_eager(work),
            false => self.shared.scope.spawn(work),
        };
        if !task.is_finished() {
            exchange.work = Some(task.canceller());
        }
        Responding(State::Waiting { answer, task, exchange: Some(exchange) })
    }
}

impl Service {
    /// The file that may be meant: of a path without a route, or of one that looks like a file's and only fits a route with captures.
    fn file(&self, routed: &Routed, front: &Front, head: &Parts) -> Option<PathBuf> {
        self.shared.files.get()?;
        let path = head.uri.path();
        let may_be = match routed {
            Routed::Here(_) => false,
            // Who may not do what he asks for is told so.
            _ if !is_read(head) => matches!(routed, Routed::Problem(Problem::NotFound)),
            // A page may stand where a form is sent to.
            Routed::Problem(problem) => {
                matches!(problem, Problem::NotFound | Problem::MethodNotAllowed(_))
            }
            Routed::Program { route, .. } => {
                let has_captures = front.app.program().route_name(*route).1.contains([':', '*']);
                has_captures && path.rsplit('/').next().is_some_and(|last| last.contains('.'))
            }
        };
        may_be.then(|| files::relative(path)).flatten()
    }
}

impl<B> tower_service::Service<Request<B>> for Service
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Responding;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Responding {
        self.answer(request, Arrival::default())
    }
}

/// The response to one request, as it comes about.
///
/// # Cancel safety
/// Dropping it cancels the request: that is how a client that has gone away is noticed.
#[derive(Debug)]
pub struct Responding(State);

enum State {
    Ready(Option<Response<Body>>),
    Waiting {
        answer: oneshot::Receiver<Reply>,
        task: TaskHandle<(), Infallible>,
        exchange: Option<Box<Exchange>>,
    },
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Ready",
            Self::Waiting { .. } => "Waiting",
        })
    }
}

impl Responding {
    fn ready(response: Response<Body>) -> Self {
        Self(State::Ready(Some(response)))
    }

    fn problem(mut exchange: Box<Exchange>, problem: &Problem) -> Self {
        exchange.record.error = Some(problem.kind().into());
        let response = problem.response(exchange.record.uri.path(), &exchange.record.id);
        Self::ready(exchange.respond(response))
    }
}

impl Future for Responding {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(response) => {
                Poll::Ready(Ok(response.take().expect("a future is not polled after its end")))
            }
            State::Waiting { answer, task, exchange } => {
                let reply = match ready!(Pin::new(answer).poll(cx)) {
                    Ok(reply) => Ok(reply),
                    // The work ended without an answer: it was stopped from outside, or it has a bug.
                    Err(_) => Err(ready!(Pin::new(task).poll(cx)).err()),
                };
                let mut exchange = exchange.take().expect("a future is not polled after its end");
                let record = &mut exchange.record;
                let reply = match reply {
                    Ok(reply) => reply,
                    Err(why) => Reply::without_answer(why, record),
                };
                record.error = reply.error;
                record.detail = reply.detail;
                record.cancelled = reply.cancelled;
                Poll::Ready(Ok(match reply.file {
                    Some(file) => exchange.respond_with_file(reply.response, file),
                    None => exchange.respond(reply.response),
                }))
            }
        }
    }
}
