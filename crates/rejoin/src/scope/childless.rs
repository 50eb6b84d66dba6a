//! [`Childless`]: a scope without children, for its deadline alone.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::builder::ScopeBuilder;
use super::run::Drive;
use crate::outcome::{Outcome, TaskError};

pin_project! {
    /// A future that is the body of a scope of its own, which opens when it is first polled.
    ///
    /// It lies where it was put, so that one time-out around another costs a few hundred bytes and not
    /// a multiple of what is inside.
    pub(crate) struct Childless<F: Future> {
        // Before the scope, as it is dropped before it.
        #[pin]
        body: Option<Valued<F>>,
        #[pin]
        drive: Option<Drive<F::Output, Infallible>>,
        builder: Option<ScopeBuilder>,
    }
}

impl<F: Future> Childless<F> {
    pub(crate) fn new(builder: ScopeBuilder, future: F) -> Self {
        Childless { body: Some(Valued { future }), drive: None, builder: Some(builder) }
    }
}

impl<F: Future> Future for Childless<F> {
    type Output = Outcome<F::Output, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(builder) = this.builder.take() {
            this.drive.set(Some(Drive::new(builder.open())));
            let drive = this.drive.as_mut().as_pin_mut().expect("it was set just now");
            if drive.begin(|| ()).is_none() {
                this.body.set(None);
            }
        }
        let drive = this.drive.as_pin_mut().expect("the scope was opened by the first poll");
        let ended = ready!(drive.poll(this.body, cx));
        Poll::Ready(ended.map_err(|error| error.into_task_error()))
    }
}

pin_project! {
    /// A future that cannot fail, as a body.
    struct Valued<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Valued<F> {
    type Output = Result<F::Output, TaskError<Infallible>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(Ok)
    }
}
