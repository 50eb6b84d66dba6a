//! Who answers a request: a route of the program, or the server itself.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, Version};
use rejoin_engine::{Found, RouteId};
use rejoin_lang::plan::Method;
use rejoin_value::object;

use crate::front::Front;
use crate::problem::{Problem, allow};

/// Who answers a request.
pub(crate) enum Routed {
    /// The server itself.
    Here(Response<Bytes>),
    Problem(Problem),
    Program {
        route: RouteId,
        params: Vec<(Arc<str>, String)>,
    },
}

/// `came_by_connection` is whether this server has read the head itself.
pub(crate) fn route(front: &Front, head: &Parts, came_by_connection: bool) -> Routed {
    if let Some(text) = refusal(head, came_by_connection) {
        return Routed::Problem(Problem::HeadUnclear(text));
    }
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
pub(crate) fn is_read(head: &Parts) -> bool {
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
pub(crate) fn options(front: &Front, head: &Parts, allowed: &HeaderValue) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, allowed.clone());
    front.config.cors.preflight(&head.headers, allowed, response.headers_mut());
    response
}
