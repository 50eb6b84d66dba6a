//! From the errors of the libraries below to [`Failure`]s with kind, phase and retry verdict.

use std::error::Error as StdError;
use std::io;

use crate::error::{ErrorKind, Failure, Phase, Retry};
use crate::pool::{Broken, NoAnswer};

/// What it means that the pool has no answer; `phase` is how far the request had come.
pub(crate) fn no_answer(why: NoAnswer, phase: Phase) -> Failure {
    let error = match why {
        NoAnswer::NotConnected(failure) => return failure,
        NoAnswer::Exchange { error, .. } => error,
        NoAnswer::Unsent | NoAnswer::Closed { .. } => return connection_closed(phase),
    };
    if let Some(failure) = http2(&error, phase) {
        return failure.caused_by(error);
    }
    let come = phase;
    let phase = sending(come);
    let failure = if error.is_parse_version_h2() {
        protocol(
            Phase::Wait,
            "the server speaks HTTP/2 only, and the connection is not encrypted; a client for such \
             servers is built with http2_prior_knowledge"
                .to_owned(),
        )
    } else if error.is_parse() {
        protocol(Phase::Wait, format!("what the server sent is no response: {}", root(&error)))
    } else if error.is_incomplete_message() {
        closed(phase, "the server closed the connection before it answered".to_owned())
    } else if error.is_canceled() || error.is_closed() {
        connection_closed(come)
    } else if error.is_user() {
        Failure::new(
            ErrorKind::InvalidRequest,
            Phase::Prepare,
            Retry::Never,
            format!("the request cannot be sent: {}", root(&error)),
        )
    } else if let Some(io) = find::<io::Error>(&error) {
        closed(phase, format!("the connection broke: {io}"))
    } else {
        closed(phase, format!("the exchange failed: {}", root(&error)))
    };
    failure.caused_by(error)
}

/// What it means that a response body is `broken`.
pub(crate) fn broken_body(broken: Broken, received: usize) -> Failure {
    let Some(error) = broken else {
        return closed(
            Phase::Read,
            "the connection was closed in the middle of the body".to_owned(),
        );
    };
    if let Some(failure) = http2(&error, Phase::Read) {
        return failure.caused_by(error);
    }
    let incomplete = || {
        closed(
            Phase::Read,
            format!(
                "the server closed the connection in the middle of the body, after {received} bytes"
            ),
        )
    };
    let failure = match find::<io::Error>(&error).map(|io| (io.kind(), io)) {
        Some((io::ErrorKind::UnexpectedEof, _)) => incomplete(),
        Some((io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput, io)) => {
            protocol(Phase::Read, format!("the response body breaks the rules of HTTP: {io}"))
        }
        Some((_, io)) => {
            closed(Phase::Read, format!("the connection broke in the middle of the body: {io}"))
        }
        None if error.is_incomplete_message() => incomplete(),
        None => closed(Phase::Read, format!("the body could not be read: {}", root(&error))),
    };
    failure.caused_by(error)
}

fn http2(error: &(dyn StdError + 'static), phase: Phase) -> Option<Failure> {
    let h2 = find::<h2::Error>(error)?;
    let reason = h2.reason();
    let mut failure = match reason {
        _ if h2.is_io() => closed(phase, format!("the connection broke: {h2}")),
        Some(h2::Reason::REFUSED_STREAM) => {
            let mut failure = closed(phase, "the server refused the stream unread".to_owned());
            failure.retry = Retry::Safe;
            return Some(failure);
        }
        Some(h2::Reason::NO_ERROR | h2::Reason::CANCEL | h2::Reason::INTERNAL_ERROR)
            if h2.is_remote() =>
        {
            closed(phase, format!("the server ended the stream: {h2}"))
        }
        _ => protocol(phase, format!("HTTP/2 failed: {h2}")),
    };
    if reason == Some(h2::Reason::HTTP_1_1_REQUIRED) {
        failure.message =
            "the server wants HTTP/1.1 for this; build a client with http1_only".into();
    }
    Some(failure)
}

/// There was a connection, whether or not it had begun to take the request.
fn sending(phase: Phase) -> Phase {
    if phase == Phase::Connect { Phase::Send } else { phase }
}

/// `phase` is how far the request had come.
fn connection_closed(phase: Phase) -> Failure {
    let doing = sending(phase);
    let mut failure = closed(doing, format!("the connection was closed while {}", doing.doing()));
    if phase == Phase::Connect {
        failure.retry = Retry::Safe;
    }
    failure
}

fn closed(phase: Phase, message: String) -> Failure {
    Failure::new(ErrorKind::Closed, phase, Retry::IfIdempotent, message)
}

fn protocol(phase: Phase, message: String) -> Failure {
    Failure::new(ErrorKind::Protocol, phase, Retry::Never, message)
}

/// The first error of type `E` in the chain that begins with `error`.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| {
        error.downcast_ref::<E>().or_else(|| {
            // An io::Error shows the source of what it wraps, not the wrapped error itself.
            error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<E>()
        })
    })
}

/// The innermost text, which is the one that says something.
fn root(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map_or_else(String::new, ToString::to_string)
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
