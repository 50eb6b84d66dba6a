//! Reports outcomes as they come, until they are all there, one decides, or somebody wants it to end.

use std::io;
use std::time::Duration;

use rejoin::Instant;
use rejoin_http::{InOrder, Outcome, Outcomes};

use super::printer::Printer;
use super::report::Report;
use super::{Mode, note};
use crate::command::signals::{Signal, Signals};

/// Why the last outcome was the last.
pub(super) enum End {
    Complete,
    /// And until when what was said before may be written.
    Interrupted(Signal, Instant),
    /// What was said about an outcome went nowhere.
    Unsaid(io::Error),
}

/// How long what was said before an interruption may take to be written.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Outcomes in either order.
pub(super) trait Next {
    fn next(&mut self) -> impl Future<Output = Option<Outcome>> + Send;

    /// What has ended and waits for its turn.
    fn into_early(self) -> impl Iterator<Item = Outcome> + Send;
}

impl Next for Outcomes {
    async fn next(&mut self) -> Option<Outcome> {
        Outcomes::next(self).await
    }

    fn into_early(self) -> impl Iterator<Item = Outcome> + Send {
        std::iter::empty()
    }
}

impl Next for InOrder {
    async fn next(&mut self) -> Option<Outcome> {
        InOrder::next(self).await
    }

    fn into_early(self) -> impl Iterator<Item = Outcome> + Send {
        InOrder::into_early(self)
    }
}

/// Reports outcomes until it is decided, or somebody wants it to end, or what is said cannot be written: `written`
/// finds out why.
pub(super) async fn follow(
    mut outcomes: impl Next,
    mode: Mode,
    report: &mut Report,
    printer: &Printer,
    signals: &mut Signals,
) -> End {
    loop {
        // No outcome is taken that there is no place for: it would count as told.
        let next = async {
            let place = printer.place().await;
            (place, outcomes.next().await)
        };
        let (place, outcome) = tokio::select! {
            biased;
            signal = signals.next() => {
                let until = Instant::now() + LAST_LINES;
                let rest = tell_rest(outcomes.into_early(), report, printer);
                // `written` says it if nobody reads.
                let _ = tokio::time::timeout_at(until, rest).await;
                return End::Interrupted(signal, until);
            }
            () = printer.closed() => return End::Complete,
            next = next => next,
        };
        let Some(outcome) = outcome else { return End::Complete };
        place.send(report.add(&outcome));
        let decides = match mode {
            Mode::All => false,
            Mode::Race => true,
            Mode::Any => outcome.good,
        };
        if decides {
            return End::Complete;
        }
    }
}

/// Reports what has ended out of turn.
async fn tell_rest(
    outcomes: impl Iterator<Item = Outcome>,
    report: &mut Report,
    printer: &Printer,
) {
    for outcome in outcomes {
        let place = printer.place().await;
        place.send(report.add(&outcome));
    }
}

/// Waits until everything that was said is written, or, if nobody reads it, until somebody wants it to end.
pub(super) async fn written(end: End, printer: Printer, signals: &mut Signals) -> End {
    if let End::Interrupted(_, until) = &end {
        let finished = tokio::time::timeout_at(*until, printer.finish()).await;
        if finished.is_err() {
            note("the last outcomes are not written, as nobody reads them");
        }
        return end;
    }
    tokio::select! {
        biased;
        written = printer.finish() => written.map_or_else(End::Unsaid, |()| end),
        signal = signals.next() => End::Interrupted(signal, Instant::now()),
    }
}
