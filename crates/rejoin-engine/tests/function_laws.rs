//! What holds for every `parallel` and `race` of functions, over random delays and policies, on virtual time.
//!
//! `REJOIN_SEED` repeats a run; the seed stands in each failure.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin_engine::{CallPlace, Datum, FunctionHost, FunctionProgram, HostCall};
use rejoin_lang::cov;
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::source::Source;
use tokio::time::Instant;

/// `test.after(ms, value)`: the value after some time, `EError` if it is `none`. Counts the steps that were begun, and
/// those under way.
#[derive(Clone, Default)]
struct Later {
    begun: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl FunctionHost for Later {
    fn knows(&self, function: &str) -> bool {
        function == "test.after"
    }

    fn call(&self, _: &str, arguments: Vec<Datum>, _: &CallPlace<'_>) -> HostCall {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.running.fetch_add(1, Ordering::SeqCst);
        let running = Running(self.running.clone());
        Box::pin(async move {
            let _running = running;
            let Datum::Int(ms) = arguments[0] else { return Datum::None };
            tokio::time::sleep(Duration::from_millis(ms as u64)).await;
            match &arguments[1] {
                Datum::None => Datum::record("EError", [("message", Datum::text("it fails"))]),
                value => value.clone(),
            }
        })
    }
}

const EXTERN: &str = r#"
snippet id="test.after" kind="extern"
effects effect timers end
signature
  fn name="after"
    param name="ms" type="Int"
    param name="value" type="Any"
    returns type="Any"
  end
end
end
"#;

fn after(id: &str, ms: u64, value: &str) -> String {
    format!(
        "step id=\"{id}\" kind=\"call\" fn=\"test.after\" arg name=\"ms\" lit={ms} arg name=\"value\" lit={value} as=\"{id}\" end\n"
    )
}

/// Runs steps of which the last binds `x`: its value, and the virtual milliseconds until then.
fn run(steps: &str) -> (Datum, u64) {
    let text = format!("{EXTERN}{steps}step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end\n");
    let (functions, problems) = cov::load(Source::new("t.cov", &*text));
    assert!(!has_errors(&problems), "{}", render_text(&functions.sources, &problems, false));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let host = Later::default();
        let program = FunctionProgram::new(functions, Arc::new(host.clone()));
        let began = Instant::now();
        let value = program.run("main", &[]).await.unwrap();
        let took = began.elapsed().as_millis() as u64;
        assert_eq!(host.running.load(Ordering::SeqCst), 0, "a branch outlives its block:\n{steps}");
        let begun = host.begun.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let later = host.begun.load(Ordering::SeqCst);
        assert_eq!(begun, later, "a branch takes a step after its block has ended:\n{steps}");
        (value, took)
    })
}

/// Numbers that a seed decides.
struct Random(u64);

impl Random {
    fn new() -> (Self, u64) {
        let seed = std::env::var("REJOIN_SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |since| since.as_nanos() as u64)
        });
        (Self(seed), seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[derive(Debug)]
struct Case {
    kind: &'static str,
    on_error: &'static str,
    timeout: Option<u64>,
    partial: bool,
    /// When each branch ends, and whether well.
    branches: Vec<(u64, bool)>,
}

impl Case {
    /// Ends and time-outs are never at the same moment.
    fn random(random: &mut Random) -> Self {
        let count = 1 + random.below(6) as usize;
        let mut delays: Vec<u64> = (1..=count as u64).map(|n| n * 10).collect();
        for n in (1..count).rev() {
            delays.swap(n, random.below(n as u64 + 1) as usize);
        }
        let (kind, on_error) = [
            ("parallel", "fail_fast"),
            ("parallel", "collect_all"),
            ("parallel", "ignore_errors"),
            ("race", "fail_fast"),
            ("race", "ignore_errors"),
        ][random.below(5) as usize];
        let timeout = (random.below(2) == 0).then(|| 5 + 10 * random.below(count as u64 + 1));
        Case {
            kind,
            on_error,
            timeout,
            partial: timeout.is_some() && random.below(2) == 0,
            branches: delays.into_iter().map(|ms| (ms, random.below(3) > 0)).collect(),
        }
    }

    fn steps(&self) -> String {
        let mut text =
            format!("step id=\"s\" kind=\"{}\" on_error=\"{}\" ", self.kind, self.on_error);
        if let Some(ms) = self.timeout {
            let word = if self.partial { "return_partial" } else { "cancel" };
            text += &format!("timeout={ms}ms on_timeout=\"{word}\" ");
        }
        for (n, (ms, is_good)) in self.branches.iter().enumerate() {
            let value = if *is_good { n.to_string() } else { "none".to_owned() };
            text += &format!("branch id=\"b{n}\"\n{}end\n", after(&format!("v{n}"), *ms, &value));
        }
        text + "as=\"x\" end\n"
    }

    /// What the reference says it comes to, and when.
    fn model(&self) -> (String, u64) {
        let cut = self.timeout.unwrap_or(u64::MAX);
        let last = self.branches.iter().map(|(ms, _)| *ms).max().unwrap_or(0);
        let mut in_time: Vec<(u64, Option<usize>)> = (0..)
            .zip(&self.branches)
            .filter(|(_, (ms, _))| *ms < cut)
            .map(|(n, (ms, is_good))| (*ms, is_good.then_some(n)))
            .collect();
        in_time.sort_unstable();
        let late = |partial: String| match self.partial {
            true => (partial, cut),
            false => ("TimeoutError".to_owned(), cut),
        };
        let ended = |(ms, value): (u64, Option<usize>)| {
            (value.map_or("EError".to_owned(), |n| n.to_string()), ms)
        };
        let first = |wanted: fn(&Option<usize>) -> bool| {
            in_time.iter().copied().find(|(_, value)| wanted(value)).map(ended)
        };
        match (self.kind, self.on_error) {
            ("race", "fail_fast") => first(|_| true).unwrap_or_else(|| late("none".to_owned())),
            ("race", _) if last > cut => {
                first(Option::is_some).unwrap_or_else(|| late("none".to_owned()))
            }
            ("race", _) => first(Option::is_some).unwrap_or(("RaceError".to_owned(), last)),
            (_, on_error) => {
                if let Some(failed) = first(Option::is_none).filter(|_| on_error == "fail_fast") {
                    return failed;
                }
                let slot = |(n, (ms, is_good)): (usize, &(u64, bool))| match (ms > &cut, is_good) {
                    (false, true) => n.to_string(),
                    (false, false) if on_error == "collect_all" => "EError".to_owned(),
                    (true, _) if on_error == "collect_all" => "TimeoutError".to_owned(),
                    _ => "none".to_owned(),
                };
                let slots: Vec<String> = self.branches.iter().enumerate().map(slot).collect();
                let slots = format!("[{}]", slots.join(" "));
                if last > cut { late(slots) } else { (slots, last) }
            }
        }
    }
}

fn shown(value: &Datum) -> String {
    match value {
        Datum::Record(record) if record.kind.is_none() => {
            let slots: Vec<String> = record.fields.iter().map(|(_, slot)| shown(slot)).collect();
            format!("[{}]", slots.join(" "))
        }
        Datum::Int(number) => number.to_string(),
        value => value.type_name().to_owned(),
    }
}

#[test]
fn a_block_comes_to_what_the_reference_says_and_leaves_nothing() {
    let (mut random, seed) = Random::new();
    for _ in 0..150 {
        let case = Case::random(&mut random);
        let (value, took) = run(&case.steps());
        assert_eq!((shown(&value), took), case.model(), "seed {seed}: {case:?}");
    }
}

/// A block of blocks of blocks, which all collect.
fn nested(random: &mut Random, delays: &mut Random, path: &str, depth: u32) -> String {
    let mut text = format!("step id=\"s{path}\" kind=\"parallel\" on_error=\"collect_all\"\n");
    for n in 0..1 + random.below(3) {
        let path = format!("{path}.{n}");
        text += &format!("branch id=\"b{n}\"\n");
        if depth > 0 && random.below(2) == 0 {
            text += &nested(random, delays, &path, depth - 1);
        } else {
            let value = if random.below(4) == 0 { "none".to_owned() } else { n.to_string() };
            text += &after(&format!("v{path}"), delays.below(50), &value);
        }
        text += "end\n";
    }
    text + "as=\"x\" end\n"
}

#[test]
fn collected_values_do_not_depend_on_delays() {
    let (mut random, seed) = Random::new();
    for _ in 0..15 {
        let structure = random.below(u64::MAX);
        let mut first = None;
        for _ in 0..4 {
            let steps = nested(&mut Random(structure), &mut random, "", 3);
            let (value, _) = run(&steps);
            let first = first.get_or_insert_with(|| value.clone());
            assert_eq!(first, &value, "seed {seed}:\n{steps}");
        }
    }
}

#[test]
fn equal_delays_take_one_delay() {
    for count in [1, 10, 300] {
        let branches: String = (0..count)
            .map(|n| format!("branch id=\"b{n}\"\n{}end\n", after(&format!("v{n}"), 10, "1")))
            .collect();
        let (value, took) =
            run(&format!("step id=\"s\" kind=\"parallel\"\n{branches}as=\"x\" end\n"));
        let Datum::Record(record) = value else { panic!("{value:?}") };
        assert_eq!((record.fields.len(), took), (count, 10));
    }
}
