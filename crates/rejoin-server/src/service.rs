//! The life of a request: snapshot, route, bind, run, respond. A [`Service`] can stand behind the server of this
//! crate or inside an axum router.

use std::convert::Infallible;
use std::future::Future;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{ALLOW, CONTENT_TYPE, EXPECT, HOST};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use rejoin::{TaskError, TaskHandle};
use rejoin_engine::{Answer, App, Found, Level, RouteId, RunError, RunOptions, ScriptArgs, Target};
use rejoin_lang::plan::Method;
use rejoin_value::{Str, object};
use tokio::sync::{mpsc, oneshot};

use crate::activity::Busy;
use crate::body;
use crate::config::ConfigError;
use crate::exchange::{Exchange, FileBody};
use crate::files;
use crate::front::{Current, Front};
use crate::log::Log;
use crate::problem::{Problem, allow};
use crate::record::Record;
use crate::request::{Caller, bind};
use crate::request_id::request_id;
use crate::respond::respond;
use crate::response_body::Body;
use crate::tested::{AsWritten, FinalState};

/// Answers requests with the routes of an app. Cheap to clone.
///
/// Each request is a child of its own, in the scope that the app's host was made with
/// ([`Host::detached`](rejoin_engine::Host::detached)). Dropping the response future, or the response's body
/// before its end, cancels that task; nothing else is left behind.
#[derive(Clone, Debug)]
pub struct Service {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) current: Current,
    pub(crate) log: Log,
    pub(crate) scope: rejoin::Scope,
    stopping: AtomicBool,
    /// Where files are that no route answers for.
    files: OnceLock<PathBuf>,
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
        let front = self.shared.current.get();
        let (head, body) = request.into_parts();
        let record = Record {
            started: Instant::now(),
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
        let routed = match refusal(&head, arrival.peer.is_some()) {
            Some(text) => Routed::Problem(Problem::HeadUnclear(text)),
            None => route(&front, &head),
        };
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
            deadline: deadline(&front, &head),
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

/// Who answers a request.
enum Routed {
    /// The server itself.
    Here(Response<Bytes>),
    Problem(Problem),
    Program {
        route: RouteId,
        params: Vec<(Arc<str>, String)>,
    },
}

/// Why nobody can tell what is asked for, if so: servers on the way may have read it otherwise (RFC 9112, 3.2).
fn refusal(head: &Parts, came_by_connection: bool) -> Option<&'static str> {
    let path = head.uri.path();
    let is_for_all = head.method == http::Method::OPTIONS && path == "*";
    if !path.starts_with('/') && !is_for_all {
        return Some("its target has to be a path that begins with `/`, or a whole URL");
    }
    if !came_by_connection || head.version >= Version::HTTP_2 {
        return None;
    }
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version == Version::HTTP_11 => Some("HTTP/1.1 asks for a `host` header"),
        (Some(_), Some(_)) => Some("it has more than one `host` header"),
        (Some(host), None) if !is_host(host.as_bytes()) => Some("its `host` header names no host"),
        _ => None,
    }
}

/// Whether it is a name or an address with, if at all, a port. A client may have none to tell.
fn is_host(host: &[u8]) -> bool {
    let may_stand = |byte: &u8| byte.is_ascii_graphic() && !b",/@?#\\\"<>^`{|}".contains(byte);
    host.iter().all(|byte| may_stand(byte) || !byte.is_ascii())
}

fn route(front: &Front, head: &Parts) -> Routed {
    // The HTTP code stops reading somewhere beyond the limit, not at it.
    if head_size(head) > front.config.max_header {
        return Routed::Problem(Problem::HeadTooLarge(front.config.max_header));
    }
    let path = head.uri.path();
    let method = Method::parse(head.method.as_str());
    if is_health(path) && matches!(method, Some(Method::Get | Method::Head)) {
        return Routed::Here(health());
    }
    match method.map_or(Found::NotFound, |method| front.app.find(method, path)) {
        Found::Route { route, params } => Routed::Program { route, params },
        Found::WrongMethod { allowed } => wrong_method(front, head, allowed),
        Found::NotFound if is_health(path) => {
            wrong_method(front, head, allowed_methods(front, method, path))
        }
        // `OPTIONS *` asks about the server as a whole.
        Found::NotFound if method == Some(Method::Options) && path == "*" => {
            Routed::Here(options(front, head, &allow(&Method::ALL)))
        }
        Found::NotFound => match allowed_methods(front, method, path) {
            allowed if allowed.is_empty() => Routed::Problem(Problem::NotFound),
            allowed => Routed::Problem(Problem::MethodNotAllowed(allow(&allowed))),
        },
    }
}

/// The answer where a path has other methods: those of its routes, and the server's own.
fn wrong_method(front: &Front, head: &Parts, mut allowed: Vec<Method>) -> Routed {
    if is_health(head.uri.path()) && !allowed.contains(&Method::Get) {
        allowed.extend([Method::Get, Method::Head]);
    }
    let allowed = allow(&allowed);
    if head.method == http::Method::OPTIONS {
        return Routed::Here(options(front, head, &allowed));
    }
    Routed::Problem(Problem::MethodNotAllowed(allowed))
}

/// Whether it asks for what is there.
fn is_read(head: &Parts) -> bool {
    matches!(head.method, http::Method::GET | http::Method::HEAD)
}

/// Where the server says how it is.
fn is_health(path: &str) -> bool {
    matches!(path, "/health" | "/healthz")
}

/// How many bytes the target and the headers have.
fn head_size(head: &Parts) -> usize {
    let target = head.uri.path().len() + head.uri.query().map_or(0, str::len);
    head.headers.iter().fold(target, |sum, (name, value)| sum + name.as_str().len() + value.len())
}

/// The methods of a path, for a method that no program can have a route for.
fn allowed_methods(front: &Front, method: Option<Method>, path: &str) -> Vec<Method> {
    if method.is_some() {
        return Vec::new();
    }
    let answers = |method: &Method| matches!(front.app.find(*method, path), Found::Route { .. });
    Method::ALL.into_iter().filter(answers).collect()
}

fn health() -> Response<Bytes> {
    let health = object! { "status": "ok", "version": env!("CARGO_PKG_VERSION") };
    let mut response = Response::new(Bytes::from(rejoin_value::json::to_vec(&health.into())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The answer to `OPTIONS` where no route has it.
fn options(front: &Front, head: &Parts, allowed: &HeaderValue) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, allowed.clone());
    front.config.cors.preflight(&head.headers, allowed, response.headers_mut());
    response
}

/// The program's time-out, or what the caller has left of its own deadline if that is less.
fn deadline(front: &Front, head: &Parts) -> rejoin::Instant {
    let budget = head.headers.get(rejoin_http::BUDGET_HEADER);
    let budget = budget.and_then(|value| value.to_str().ok()?.parse().ok());
    let timeout = front.config.timeout;
    let timeout =
        budget.map_or(timeout, |left| timeout.min(std::time::Duration::from_millis(left)));
    rejoin::Instant::now() + timeout
}

/// The work of one request: everything that outlives its handler.
struct Work {
    shared: Arc<Shared>,
    front: Arc<Front>,
    head: Parts,
    /// What may be meant before the route is.
    file: Option<PathBuf>,
    /// Without it there is only the file; or the problem, if there is none either.
    route: Result<RouteId, Problem>,
    params: Vec<(Arc<str>, String)>,
    peer: Option<Str>,
    id: Arc<str>,
    deadline: rejoin::Instant,
}

/// What the work tells the handler.
struct Reply {
    response: Response<Bytes>,
    /// What follows the head, if that is not in it.
    file: Option<FileBody>,
    error: Option<Arc<str>>,
    detail: Option<String>,
    cancelled: Option<String>,
}

impl Work {
    async fn run<B: http_body::Body>(self, body: B, reply: oneshot::Sender<Reply>) {
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
    fn without_answer(why: Option<TaskError<Infallible>>, record: &Record) -> Self {
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
        exchange: Option<Exchange>,
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

    fn problem(mut exchange: Exchange, problem: &Problem) -> Self {
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
