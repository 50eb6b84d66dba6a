//! Several streams as one.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::Stream;
use futures_util::stream::FusedStream;

/// Reads several streams at once and gives their items as they arrive. Ends when all have ended; of
/// no streams at all, at once. Also known as `select_all`.
///
/// The order within each source stays. Between sources it is fair: whoever has given an item goes to
/// the end of the line, so a source that always has one cannot hold up the others. Of items that are
/// ready at the same moment, the one comes first whose source was first to say so, and at the
/// beginning the one whose source was given first; there is no chance in it.
///
/// The sources have one type; [`boxed`](futures_util::StreamExt::boxed) makes one of several. For
/// sources that are busy rather than waiting, merge [`buffer`](super::buffer)s of them: each is then
/// a task and may run in parallel.
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use rejoin::stream::merge;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let merged = merge([stream::iter([1, 2, 3]), stream::iter([10, 20, 30])]);
/// assert_eq!(merged.collect::<Vec<_>>().await, [1, 10, 2, 20, 3, 30]);
/// # });
/// ```
///
/// # Panics
///
/// Reading it panics if a source does. That source is dropped; the others can be read on.
///
/// # Cancel safety
///
/// It holds no items. Dropping it drops every source on the spot; a source that was borrowed has lost
/// nothing.
///
/// # Cost
///
/// Two allocations a source, none an item. Only sources that have something new are polled, so a
/// thousand silent ones cost nothing.
pub fn merge<I>(sources: I) -> Merge<I::Item>
where
    I: IntoIterator,
    I::Item: Stream,
{
    let line = Arc::new(Line::default());
    let sources: Vec<_> = sources
        .into_iter()
        .enumerate()
        .map(|(index, stream)| {
            let waker = Waker::from(Arc::new(Turn { index, line: Arc::clone(&line) }));
            Some(Source { stream: Box::pin(stream), waker })
        })
        .collect();
    {
        let mut state = line.lock();
        state.waiting = (0..sources.len()).collect();
        state.in_line = vec![true; sources.len()];
    }
    Merge { live: sources.len(), sources, line }
}

/// The stream that [`merge`] returns.
#[must_use = "a stream does nothing until it is read"]
pub struct Merge<S> {
    sources: Vec<Option<Source<S>>>,
    /// How many have not ended.
    live: usize,
    line: Arc<Line>,
}

struct Source<S> {
    stream: Pin<Box<S>>,
    waker: Waker,
}

/// The sources that may have something, first come, first served.
#[derive(Default)]
struct Line {
    state: Mutex<LineState>,
}

#[derive(Default)]
struct LineState {
    waiting: VecDeque<usize>,
    in_line: Vec<bool>,
    reader: Option<Waker>,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, LineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, index: usize) -> Option<Waker> {
        let mut state = self.lock();
        if std::mem::replace(&mut state.in_line[index], true) {
            return None;
        }
        state.waiting.push_back(index);
        state.reader.take()
    }

    fn next(&self) -> Option<usize> {
        let mut state = self.lock();
        let index = state.waiting.pop_front()?;
        state.in_line[index] = false;
        Some(index)
    }
}

/// Puts a source in line when it is woken.
struct Turn {
    index: usize,
    line: Arc<Line>,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Outside the lock, because waking may run anything.
        if let Some(reader) = self.line.join(self.index) {
            reader.wake();
        }
    }
}

impl<S: Stream> Stream for Merge<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        if this.live == 0 {
            return Poll::Ready(None);
        }
        // First, so that whoever is woken from now on wakes this reader.
        let waker = cx.waker().clone();
        let (old, turns) = {
            let mut state = this.line.lock();
            (state.reader.replace(waker), state.waiting.len())
        };
        drop(old);
        // Nobody gets a second turn in one poll: a source that wakes itself holds up no other task.
        for _ in 0..turns {
            let Some(index) = this.line.next() else { break };
            // Out of its place while it is polled: after a panic it is gone.
            let Some(mut source) = this.sources[index].take() else { continue };
            this.live -= 1;
            match source.stream.as_mut().poll_next(&mut Context::from_waker(&source.waker)) {
                Poll::Ready(Some(item)) => {
                    this.live += 1;
                    this.sources[index] = Some(source);
                    drop(this.line.join(index));
                    return Poll::Ready(Some(item));
                }
                Poll::Ready(None) => {
                    if this.live == 0 {
                        return Poll::Ready(None);
                    }
                }
                Poll::Pending => {
                    this.live += 1;
                    this.sources[index] = Some(source);
                }
            }
        }
        // What came into the line meanwhile has taken the reader's waker and used it.
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let hints = self.sources.iter().flatten().map(|source| source.stream.size_hint());
        hints.fold((0, Some(0)), |(low, high), (more_low, more_high)| {
            let high = high.zip(more_high).and_then(|(high, more)| high.checked_add(more));
            (low.saturating_add(more_low), high)
        })
    }
}

impl<S: Stream> FusedStream for Merge<S> {
    fn is_terminated(&self) -> bool {
        self.live == 0
    }
}

// The sources are pinned in boxes of their own.
impl<S> Unpin for Merge<S> {}

impl<S> fmt::Debug for Merge<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merge").field("live", &self.live).finish_non_exhaustive()
    }
}
