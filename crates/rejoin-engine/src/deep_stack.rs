//! Polls that nest as deep as programs do.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a poll may need before it comes to the next block.
const RED_ZONE: usize = 128 * 1024;
const NEW_STACK: usize = 1024 * 1024;

/// A boxed future that is polled on a new stack where the thread's own comes to its end: a block in a block in a
/// called pipeline or function is a poll in a poll in a poll, and a worker thread has two megabytes.
pub(crate) struct DeepStack<'a, T>(Pin<Box<dyn Future<Output = T> + Send + 'a>>);

/// Runs what looks through a value as deep as that is nested.
pub(crate) fn on_deep_stack<T>(run: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RED_ZONE, NEW_STACK, run)
}

impl<'a, T> DeepStack<'a, T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self(Box::pin(future))
    }
}

impl<T> Future for DeepStack<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        stacker::maybe_grow(RED_ZONE, NEW_STACK, || self.0.as_mut().poll(cx))
    }
}
