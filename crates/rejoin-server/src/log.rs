//! Where lines of the log go: one queue, one thread that writes.
//!
//! Whoever logs never waits for the console: a line is put into a bounded buffer, and a thread writes what has
//! gathered in one go. When the console does not keep up and the buffer is full, lines are dropped and their
//! number is reported as soon as there is room again.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rejoin_engine::Level;

use crate::line::Line;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// `time level message key=value …`, for people.
    Text,
}

/// A log. Cheap to clone; all clones write to the same place.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
    /// Lines below this are not written.
    least: Level,
}

struct Shared {
    queue: Arc<Queue>,
    format: LogFormat,
}

struct Queue {
    state: Mutex<State>,
    /// Something is to be written, or the log was closed.
    filled: Condvar,
    /// What was to be written has been.
    written: Condvar,
}

#[derive(Default)]
struct State {
    buffer: Vec<u8>,
    lost: u64,
    /// The thread has taken lines that it has not written yet.
    writing: bool,
    closed: bool,
}

/// How much room for the next line a thread keeps.
const LINE_KEPT: usize = 4 * 1024;

thread_local! {
    /// Where the lines of this thread are written.
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// How much may wait to be written.
const CAPACITY: usize = 4 * 1024 * 1024;
/// How long lines may gather before they are written: many lines then cost one write.
const GATHER: Duration = Duration::from_millis(2);
/// How long `flush` waits for a console that does not move.
const FLUSH: Duration = Duration::from_secs(1);

impl Log {
    /// A log on stderr: text if that is a terminal, JSON otherwise.
    ///
    /// # Errors
    /// If the system refuses the thread.
    pub fn stderr() -> io::Result<Self> {
        let format = if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json };
        Self::to(io::stderr(), format)
    }

    /// A log that writes to `out`, from a thread of its own that ends with the last clone.
    ///
    /// # Errors
    /// If the system refuses the thread.
    pub fn to(out: impl Write + Send + 'static, format: LogFormat) -> io::Result<Self> {
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
        });
        let mine = queue.clone();
        thread::Builder::new()
            .name("rejoin-log".to_owned())
            .spawn(move || mine.write_all(out, format))?;
        Ok(Self { shared: Arc::new(Shared { queue, format }), least: Level::Debug })
    }

    /// The same log without the lines below `level`.
    #[must_use]
    pub fn at_least(&self, level: Level) -> Self {
        Self { shared: self.shared.clone(), least: level }
    }

    /// Writes one line; `fields` adds what belongs to it.
    pub(crate) fn line(&self, level: Level, message: &str, fields: impl FnOnce(&mut Line<'_>)) {
        if level < self.least {
            return;
        }
        // Written before the lock is taken: all threads meet there.
        let mut line = LINE.take();
        line.clear();
        let mut writer = Line::begin(&mut line, self.shared.format, level, message);
        fields(&mut writer);
        writer.end();
        self.shared.queue.push(&line);
        line.shrink_to(LINE_KEPT);
        LINE.set(line);
    }

    /// Writes one line without fields.
    pub fn say(&self, level: Level, message: &str) {
        self.line(level, message, |_| {});
    }

    /// Writes `text` as it is, for reports of several lines. Give it a line end.
    pub fn raw(&self, text: &str) {
        self.shared.queue.push(text.as_bytes());
    }

    /// How lines look.
    pub fn format(&self) -> LogFormat {
        self.shared.format
    }

    /// Blocks until everything is written that was logged before; gives up after a second, so that a console
    /// that does not move cannot hold up the end of the process.
    pub fn flush(&self) {
        self.shared.queue.flush();
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("format", &self.shared.format).finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.filled.notify_one();
        self.queue.flush();
    }
}

impl Queue {
    /// Adds whole lines, unless the console is too slow.
    fn push(&self, lines: &[u8]) {
        let mut state = self.lock();
        if state.buffer.len() >= CAPACITY {
            state.lost += 1;
            return;
        }
        let was_empty = state.buffer.is_empty();
        state.buffer.extend_from_slice(lines);
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that could panic runs under the lock but the system's allocator.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flush(&self) {
        let waits = |state: &mut State| state.writing || !state.buffer.is_empty();
        let _ = self.written.wait_timeout_while(self.lock(), FLUSH, waits);
    }

    fn write_all(&self, mut out: impl Write, format: LogFormat) {
        let mut lines = Vec::new();
        loop {
            let waits = |state: &mut State| state.buffer.is_empty() && !state.closed;
            let guard = self.filled.wait_while(self.lock(), waits);
            let closed = guard.unwrap_or_else(PoisonError::into_inner).closed;
            if !closed {
                thread::sleep(GATHER);
            }
            let mut state = self.lock();
            std::mem::swap(&mut state.buffer, &mut lines);
            let lost = std::mem::take(&mut state.lost);
            state.writing = true;
            drop(state);
            if lost > 0 {
                let message = "lines of the log were lost: the console is too slow";
                let mut line = Line::begin(&mut lines, format, Level::Warn, message);
                line.number("lines", lost);
                line.end();
            }
            // A console that is gone is no reason to stop serving.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
            lines.clear();
            // One burst must not hold its memory for ever.
            lines.shrink_to(64 * 1024);
            let mut state = self.lock();
            state.writing = false;
            let done = state.closed && state.buffer.is_empty();
            drop(state);
            self.written.notify_all();
            if done {
                return;
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A place to write to that tests can read.
    #[derive(Clone, Default)]
    pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_arrives_whole_and_in_order() {
        let kept = Kept::default();
        let log = Log::to(kept.clone(), LogFormat::Json).unwrap();
        let threads: Vec<_> = (0..4_u64)
            .map(|thread| {
                let log = log.clone();
                thread::spawn(move || {
                    for n in 0..500_u64 {
                        log.line(Level::Info, "x", |line| {
                            line.number("thread", thread);
                            line.number("n", n);
                        });
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        log.flush();
        let text = kept.text();
        assert_eq!(text.lines().count(), 2000);
        for thread in 0..4 {
            let mark = format!("\"thread\":{thread},");
            let mine: Vec<_> = text.lines().filter(|line| line.contains(&mark)).collect();
            let expected = (0..500).map(|n| format!("\"n\":{n}}}"));
            assert!(mine.iter().zip(expected).all(|(line, end)| line.ends_with(&end)));
            assert_eq!(mine.len(), 500);
        }
    }

    /// Blocks until it is let go.
    struct Stuck(std::sync::mpsc::Receiver<()>, Kept);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_console_blocks_nobody_and_the_loss_is_reported() {
        let (let_go, stuck) = std::sync::mpsc::channel();
        let kept = Kept::default();
        let log = Log::to(Stuck(stuck, kept.clone()), LogFormat::Json).unwrap();
        let big = "y".repeat(10_000);
        for _ in 0..2000 {
            log.say(Level::Info, &big);
        }
        drop(let_go);
        log.flush();
        log.say(Level::Info, "after");
        log.flush();
        let text = kept.text();
        assert!(text.contains("lines of the log were lost"));
        assert!(text.len() < 15 * 1024 * 1024);
    }
}
