//! A source that goes on while its reader is busy.

use std::fmt;
use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use futures_util::future::{Either, select};
use futures_util::stream::FusedStream;
use futures_util::{FutureExt, Stream};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Semaphore, oneshot};

use crate::cancel::cancelled;
use crate::inspect::{self, Wait, waits};
use crate::outcome::{Outcome, Panic, TaskError};
use crate::scope::{Scope, TaskHandle};

/// Reads `source` in a child of `scope`, up to `capacity` items ahead of whoever reads the buffer.
///
/// The child starts at once. When the buffer is full it waits, without having asked the source for
/// another item. Items come in the order of the source.
///
/// A buffer is a handle that gives many values. After the last item it ends if the source has ended.
/// If not, it says why, once, in an `Err`, and ends then: the source panicked, or the child was
/// stopped with its scope. An end that is no end is never taken for one. With
/// [`try_next`](futures_util::TryStreamExt::try_next) a reader passes that on as it passes on what
/// a task's handle gives:
///
/// ```
/// use std::num::NonZeroUsize;
/// use futures_util::{TryStreamExt, stream};
/// use rejoin::stream::buffer;
/// use rejoin::{Scope, scope};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let sum = scope(|s: Scope| async move {
///     let mut numbers = buffer(&s, NonZeroUsize::MIN, stream::iter(1..=4));
///     let mut sum = 0;
///     while let Some(number) = numbers.try_next().await? {
///         sum += number;
///     }
///     Ok(sum)
/// });
/// assert_eq!(sum.await.unwrap(), 10);
/// # });
/// ```
///
/// Items that are themselves a `Result` are values like others: an error among them does not fail
/// the scope, and comes after the items before it.
///
/// A panic of the source is given to the reader, after the items before it. If there is no reader
/// any more, or the scope is stopped before it has come that far, it is the child's, and the scope
/// deals with it.
///
/// # Where to read it
///
/// In its scope. A scope waits for its children: one whose body *returns* a buffer that is not empty
/// waits for a reader who cannot come.
///
/// # Panics
///
/// Outside a Tokio runtime.
///
/// # Cancel safety
///
/// A read that is given up loses nothing. Dropping the buffer drops the items in it and ends the
/// child in its next turn, be the buffer full or the source silent; the scope waits for that.
#[track_caller]
pub fn buffer<S, E>(scope: &Scope<E>, capacity: NonZeroUsize, source: S) -> Buffer<S::Item, E>
where
    S: Stream + Send + 'static,
    S::Item: Send + 'static,
    E: Send + Sync + 'static,
{
    // More places than a channel can count are as good as that many.
    let (sender, items) = mpsc::channel(capacity.get().min(Semaphore::MAX_PERMITS));
    let producer = scope.spawn_value(produce(source, sender));
    Buffer { items, producer: Some(producer) }
}

/// The stream that [`buffer`] returns.
#[must_use = "the source waits until the buffer is read, or ends when it is dropped"]
pub struct Buffer<T, E> {
    items: Receiver<Message<T>>,
    /// Until it has said how the child ended.
    producer: Option<TaskHandle<(), E>>,
}

enum Message<T> {
    Item(T),
    /// With a word of thanks: if it never comes, nobody has heard of the panic.
    Panicked(Panic, oneshot::Sender<()>),
}

async fn produce<S: Stream>(source: S, sender: Sender<Message<S::Item>>) {
    let forwarded = AssertUnwindSafe(forward(source, &sender)).catch_unwind().await;
    let Err(payload) = forwarded else { return };
    let panic = Panic::new(payload);
    let deliver = async {
        let (thanks, thanked) = oneshot::channel();
        let sent = sender.send(Message::Panicked(panic.clone(), thanks)).await;
        sent.is_ok() && thanked.await.is_ok()
    };
    let delivered = match select(pin!(deliver), cancelled()).await {
        Either::Left((delivered, _)) => delivered,
        Either::Right(_) => false,
    };
    if !delivered && let Some(payload) = panic.take_payload() {
        resume_unwind(payload);
    }
}

/// Sends items until the source ends or nobody is left to read them.
async fn forward<S: Stream>(source: S, sender: &Sender<Message<S::Item>>) {
    let mut source = pin!(source);
    let mut unread = pin!(sender.closed());
    // The place first: an item that was pulled never waits for one.
    while let Ok(place) = waits("room in a buffer", sender.reserve()).await {
        let pulled = poll_fn(|cx| match unread.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => source.as_mut().poll_next(cx),
        });
        match pulled.await {
            Some(item) => place.send(Message::Item(item)),
            None => return,
        }
    }
}

impl<T, E> Stream for Buffer<T, E> {
    type Item = Outcome<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Outcome<T, E>>> {
        let next = self.items.poll_recv(cx);
        if next.is_pending() {
            inspect::note(|| Wait::Other("an item of a buffer".into()));
        }
        match ready!(next) {
            Some(Message::Item(item)) => return Poll::Ready(Some(Ok(item))),
            Some(Message::Panicked(panic, thanks)) => {
                let is_awaited = thanks.send(()).is_ok();
                if is_awaited {
                    self.producer = None;
                    return Poll::Ready(Some(Err(TaskError::Panicked(panic))));
                }
                // A child that no longer waits has been stopped, and the panic is its outcome.
            }
            None => {}
        }
        // No more items; the child has ended, or is about to.
        let Some(producer) = &mut self.producer else { return Poll::Ready(None) };
        let outcome = ready!(Pin::new(producer).poll(cx));
        self.producer = None;
        Poll::Ready(outcome.err().map(Err))
    }
}

impl<T, E> FusedStream for Buffer<T, E> {
    fn is_terminated(&self) -> bool {
        self.producer.is_none()
    }
}

// Nothing in it is pinned: items move out whole.
impl<T, E> Unpin for Buffer<T, E> {}

impl<T, E> fmt::Debug for Buffer<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("buffered", &self.items.len())
            .field("producer", &self.producer)
            .finish()
    }
}
