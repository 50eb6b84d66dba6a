//! Contract 10: blocking work that goes on after its scope was to end is said aloud, with its name.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rejoin::Scope;
use rejoin::pool::ThreadPool;
use tokio::time::{advance, sleep};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const MS: Duration = Duration::from_millis(1);

/// Keeps what is said.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Said {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(format!("{} ", event.metadata().level()));
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stopped_is_named_each_second_after_the_grace() {
    let said = Said::default();
    let _subscriber = tracing::subscriber::set_default(said.clone());
    let count = || said.0.lock().unwrap().len();
    let start = tokio::time::Instant::now();
    let (release, released) = mpsc::channel::<()>();
    let report =
        tokio::spawn(Scope::builder().name("report").timeout(100 * MS).grace(200 * MS).run(
            |_: Scope| async move {
                let pool = ThreadPool::new("disk", std::num::NonZeroUsize::MIN);
                pool.run_value(move || released.recv().is_ok()).await
            },
        ));
    for (further, times) in [(0, 0), (101, 0), (200, 0), (950, 0), (100, 1), (900, 1), (100, 2)] {
        advance(further * MS).await;
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        assert_eq!(count(), times, "{further}: {:?} {:?}", start.elapsed(), said.0.lock().unwrap());
    }
    let text = said.0.lock().unwrap()[0].clone();
    assert!(
        text.starts_with("WARN ") && text.contains("disk") && text.contains("report"),
        "{text}"
    );
    release.send(()).unwrap();
    assert!(report.await.unwrap().unwrap_err().is_timed_out());
    sleep(5000 * MS).await;
    assert_eq!(count(), 2);
}
