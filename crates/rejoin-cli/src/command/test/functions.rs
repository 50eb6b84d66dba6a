//! The tests of a `.cov` file.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rejoin::{OnError, Scope};
use rejoin_engine::{Datum, FunctionProgram};
use rejoin_lang::plan::{FunctionTest, FunctionTestKind, Functions};
use rejoin_steps::functions::Host;
use rejoin_value::{Value, json};
use tokio::time::Instant;

use crate::args::Test;
use crate::command::load_functions;
use crate::environment::Environment;
use crate::exit::Failure;

use super::function_bench::Bench;
use super::function_host::TestHost;
use super::golden::Golden;
use super::ordered::Order;
use super::outside::Outside;
use super::report::Outcome;
use super::run::{Answered, GRACE, Ran, SPARE, virtual_runtime};
use super::watchdog::{Reins, watched};
use super::{is_wanted, orders};

/// How often a test of a property is run.
const PROPERTY_RUNS: u64 = 100;

/// So many lines of the console are shown of a test that fails.
const SHOWN_LINES: usize = 20;

pub(super) fn of_file(file: &Path, args: &Test) -> Result<Vec<Outcome>, Failure> {
    let functions = load_functions(file)?;
    let environment = Environment::beside(file)?;
    let functions = Arc::new(functions);
    let mut golden = Golden::beside(file, args)?;
    let mut outcomes = Vec::new();
    for (index, test) in functions.tests.iter().enumerate() {
        if !is_wanted(args, &test.suite, &test.function.id) {
            continue;
        }
        let run = |order| run(&functions, index, order, args.seed, &environment);
        let (mut ran, orders) = match args.orders {
            false => (run(None), None),
            true => {
                let run = |order| run(Some(order));
                let (ran, tried) = orders::explore(test.function.span, &run, args.seed);
                (ran, Some(tried))
            }
        };
        if test.kind == FunctionTestKind::Golden {
            golden.judge(test, &mut ran);
        }
        let names = (test.suite.clone(), test.function.id.clone());
        outcomes.push(Outcome::new(names, test.span, ran, orders, &functions.sources));
    }
    golden.keep()?;
    Ok(outcomes)
}

/// Runs one test under a watchdog.
fn run(
    functions: &Arc<Functions>,
    index: usize,
    order: Option<Order>,
    seed: u64,
    environment: &Environment,
) -> Ran {
    let limit = SPARE.saturating_mul(2);
    let (program, environment) = (functions.clone(), environment.clone());
    let ran = watched(limit, GRACE, move |reins| {
        attempt(&program, index, order, seed, &environment, &reins)
    });
    ran.unwrap_or_else(|| Ran::hung(functions.tests[index].function.span, limit))
}

fn attempt(
    functions: &Arc<Functions>,
    index: usize,
    order: Option<Order>,
    seed: u64,
    environment: &Environment,
    reins: &Reins,
) -> Ran {
    let test = &functions.tests[index];
    let failed = |what: String| Ran::failed(test.function.span, what);
    let runtime = match virtual_runtime() {
        Ok(runtime) => runtime,
        Err(why) => return failed(why),
    };
    // In other orders the values must be the same ones.
    let runs = match (test.kind, &order) {
        (FunctionTestKind::Property, None) => PROPERTY_RUNS,
        _ => 1,
    };
    let outside = Outside::default();
    runtime.block_on(async {
        let printed = Arc::new(Mutex::new(String::new()));
        let host = host(&printed, environment, &outside, order.is_some());
        let program = FunctionProgram::new(functions.clone(), Arc::new(host));
        let began = Instant::now();
        let mut ran = failed("it was not run".to_owned());
        for nth in 0..runs {
            let seed = seed.wrapping_add(nth);
            let size = if runs == 1 { 1.0 } else { (nth + 1) as f64 / runs as f64 };
            let order = order.clone().map(Into::into);
            let bench = Arc::new(Bench::new(order, seed, size));
            printed.lock().unwrap_or_else(PoisonError::into_inner).clear();
            ran = once(&program, index, test, &bench, reins).await;
            if let Some((_, what)) = ran.failures.first_mut() {
                *what += &told(seed, test.kind, &bench, &printed);
                break;
            }
        }
        Ran { took: began.elapsed(), outside: outside.was(), ..ran }
    })
}

fn host(
    printed: &Arc<Mutex<String>>,
    environment: &Environment,
    outside: &Outside,
    is_ordered: bool,
) -> TestHost {
    let (printed, environment) = (printed.clone(), environment.clone());
    let host = Host::new(move |_, text| {
        printed.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    });
    let host = host.environment(move |name| environment.get(name));
    TestHost { host, outside: outside.clone(), is_ordered }
}

async fn once(
    program: &FunctionProgram,
    index: usize,
    test: &FunctionTest,
    bench: &Arc<Bench>,
    reins: &Reins,
) -> Ran {
    let scope = Scope::builder().name("test").on_error(OnError::IgnoreErrors);
    let tested = scope.run(|scope: Scope| async move {
        reins.hold(scope.clone());
        let (program, bench) = (program.clone(), bench.clone());
        let running = scope.spawn_value(async move { program.test(index, bench).await });
        Ok(running.await.map_err(|error| error.to_string()).and_then(|tested| tested))
    });
    let tested = match tested.await {
        Ok(Ok(tested)) => tested,
        Ok(Err(why)) => return Ran::failed(test.function.span, why),
        Err(error) => return Ran::failed(test.function.span, error.to_string()),
    };
    let mut failures = bench.failures();
    if failures.is_empty() && tested.value.is_failure() {
        let kind = tested.value.kind().unwrap_or_default();
        let value = pretty(&tested.value);
        failures.push((test.function.span, format!("it ended with {kind}\n{value}")));
    }
    let begun = bench.order.as_ref().map(|ordered| ordered.begun().clone());
    let mut output = tested.bound.to_json();
    if let (Value::Object(bound), false) = (&mut output, tested.value == Datum::None) {
        bound.insert("(returned)", tested.value.to_json());
    }
    Ran {
        took: Duration::ZERO,
        outside: false,
        failures,
        answer: Some(Answered { head: String::new(), output }),
        begun: begun.unwrap_or_default(),
    }
}

/// What there is to know about a failure besides itself.
fn told(seed: u64, kind: FunctionTestKind, bench: &Bench, printed: &Mutex<String>) -> String {
    let mut out = String::new();
    let made = bench.made();
    if kind == FunctionTestKind::Property || !made.is_empty() {
        let made: Vec<String> = made.iter().map(|value| value.to_json().to_json()).collect();
        let made = if made.is_empty() { "nothing".to_owned() } else { made.join(", ") };
        out += &format!("\nmade up: {made} (--seed {seed} makes it again)");
    }
    let printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
    for line in printed.lines().take(SHOWN_LINES) {
        out += &format!("\nprinted: {line}");
    }
    out
}

fn pretty(value: &Datum) -> String {
    String::from_utf8_lossy(&json::to_vec_pretty(&value.to_json())).into_owned()
}
