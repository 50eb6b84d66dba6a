//! Turns, ratios and the table.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use tokio::runtime::Runtime;

/// What a contestant does once.
pub(crate) type Run = fn() -> Pin<Box<dyn Future<Output = u64> + Send>>;

/// One job, and those who do it. The first is what the others are measured by.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What one round handles: the time is given for one of them.
    pub(crate) items: u32,
    pub(crate) rounds: u32,
    pub(crate) contestants: Vec<(&'static str, Run)>,
}

pub(crate) fn run(runtime: &Runtime, case: &Case, turns: usize) {
    let count = case.contestants.len();
    let mut ratios = vec![Vec::new(); count];
    let mut best = vec![f64::MAX; count];
    let mut answers = vec![0; count];
    for turn in 0..=turns {
        let mut nanos = vec![0.0; count];
        // Everybody goes first in turn.
        for at in 0..count {
            let who = (turn + at) % count;
            let (run, rounds) = (case.contestants[who].1, case.rounds);
            let sample = async move {
                let begin = Instant::now();
                let mut sum = 0;
                for _ in 0..rounds {
                    sum += run().await;
                }
                (begin.elapsed(), sum / u64::from(rounds))
            };
            let (took, answer) =
                runtime.block_on(async { tokio::spawn(sample).await }).expect("no panic");
            nanos[who] = took.as_nanos() as f64 / f64::from(rounds) / f64::from(case.items);
            answers[who] = answer;
        }
        // The first turn warms up.
        if turn == 0 {
            continue;
        }
        for who in 0..count {
            ratios[who].push(nanos[who] / nanos[0]);
            best[who] = best[who].min(nanos[who]);
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{}: {answers:?}", case.name);

    println!("\n{}", case.name);
    println!("  contestant                        min  median    max   best ns");
    for (who, (name, _)) in case.contestants.iter().enumerate() {
        ratios[who].sort_by(f64::total_cmp);
        let (min, median, max) = (ratios[who][0], ratios[who][turns / 2], ratios[who][turns - 1]);
        println!("  {name:30}  {min:5.2}  {median:6.2}  {max:5.2}  {:8.0}", best[who]);
    }
}
