//! Contract 7: a child stands in the span of who spawned it, and in no other.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rejoin::{Scope, scope, to_thread};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument, Metadata, Span, Subscriber, info_span};
use tracing_core::span::Current;

/// Knows which span is entered, on any thread that it is told about.
#[derive(Default)]
struct Spans {
    made: AtomicU64,
    metadata: Mutex<Vec<&'static Metadata<'static>>>,
    entered: Mutex<Vec<(std::thread::ThreadId, Id)>>,
}

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.metadata.lock().unwrap().push(span.metadata());
        Id::from_u64(self.made.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, span: &Id) {
        self.entered.lock().unwrap().push((std::thread::current().id(), span.clone()));
    }

    fn exit(&self, span: &Id) {
        let mut entered = self.entered.lock().unwrap();
        let here = (std::thread::current().id(), span.clone());
        let at = entered.iter().rposition(|entered| *entered == here).unwrap();
        entered.remove(at);
    }

    fn current_span(&self) -> Current {
        let here = std::thread::current().id();
        let entered = self.entered.lock().unwrap();
        let Some((_, id)) = entered.iter().rev().find(|(thread, _)| *thread == here) else {
            return Current::none();
        };
        let metadata = self.metadata.lock().unwrap()[id.into_u64() as usize - 1];
        Current::new(id.clone(), metadata)
    }
}

fn span() -> Option<&'static str> {
    Span::current().metadata().map(Metadata::name)
}

#[test]
fn a_child_stands_in_the_span_of_who_spawned_it() {
    // For all threads: the blocking ones have no default of their own.
    tracing::subscriber::set_global_default(Spans::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let request = scope(|s: Scope| async move {
            let plain = s.spawn_value(async {
                tokio::task::yield_now().await;
                span()
            });
            let inner = async { s.task("named").spawn_value(async { span() }).await };
            let inner = inner.instrument(info_span!("inner")).await?;
            let thread = to_thread(span).await?;
            Ok((plain.await?, inner, thread))
        });
        let (plain, inner, thread) = request.instrument(info_span!("request")).await.unwrap();
        assert_eq!((plain, inner), (Some("request"), Some("inner")));
        assert_eq!(thread, Some("request"));
        let outside = scope(|s: Scope| async move { s.spawn_value(async { span() }).await });
        assert_eq!((outside.await.unwrap(), span()), (None, None));
    });
}
