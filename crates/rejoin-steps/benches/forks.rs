//! What blocks of branches cost beside tasks and a join, and how the cost grows with the branches.
//!
//! `cargo bench -p rejoin-steps --bench forks`. Each figure is the median of eleven rounds that alternate, with the second
//! and the tenth; a request runs whole, with its scope and its answer.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rejoin::{OnError, Scope};
use rejoin_engine::{App, Found, Host, Program, RunOptions, Target};
use rejoin_lang::diagnostic::has_errors;
use rejoin_lang::plan::Method;
use rejoin_lang::source::Source;
use rejoin_value::{Object, Value};
use tokio::runtime::Runtime;

const ROUNDS: usize = 11;

fn program() -> String {
    let mut text = String::from(
        "GET /tasks
  |> jq: `{ n: 1 }` @async(a)
  |> jq: `{ n: 2 }` @async(b)
  |> jq: `{ n: 3 }` @async(c)
  |> join: `a, b, c`
  |> jq: `.async`

GET /parallel
  |> parallel
    a:
      |> jq: `{ n: 1 }`
    b:
      |> jq: `{ n: 2 }`
    c:
      |> jq: `{ n: 3 }`
  end
  |> jq: `.async`
",
    );
    for count in [1_000, 2_000, 4_000] {
        text += &format!("\nGET /many/{count}\n  |> parallel(limit: 100)\n");
        for n in 0..count {
            text += &format!("    b{n}:\n      |> jq: `{n}`\n");
        }
        text += "  end\n  |> jq: `.async | length`\n";
    }
    text
}

struct Bench {
    runtime: Runtime,
    app: Arc<App>,
    scope: Scope,
}

impl Bench {
    /// Microseconds a request.
    fn round(&self, path: &str, requests: u32) -> f64 {
        let Found::Route { route, .. } = self.app.find(Method::Get, path) else {
            unreachable!("the program has the route");
        };
        let started = Instant::now();
        self.runtime.block_on(async {
            for _ in 0..requests {
                let options = RunOptions {
                    id: "bench".into(),
                    deadline: rejoin::Instant::now() + Duration::from_secs(30),
                    script: Default::default(),
                };
                let request = Value::from(Object::new());
                self.app
                    .run(Target::Route(route), request, options, |answer| {
                        assert!(answer.is_ok_and(|answer| answer.error.is_none()));
                    })
                    .await;
            }
        });
        started.elapsed().as_secs_f64() * 1e6 / f64::from(requests)
    }

    /// The rounds of each path, alternating.
    fn rounds(&self, paths: &[(&str, u32)]) -> Vec<f64> {
        let mut times = vec![Vec::new(); paths.len()];
        for _ in 0..ROUNDS {
            for ((path, requests), times) in paths.iter().zip(&mut times) {
                times.push(self.round(path, *requests));
            }
        }
        let medians = paths.iter().zip(times).map(|((path, _), mut times)| {
            times.sort_by(f64::total_cmp);
            println!("{path:<20} {:>10.1} µs   ({:.1} – {:.1})", times[5], times[1], times[9]);
            times[5]
        });
        medians.collect()
    }
}

fn main() {
    let registry = rejoin_steps::registry();
    let loaded = rejoin_lang::load(Source::new("forks.wp", program()), &registry);
    assert!(!has_errors(&loaded.diagnostics), "{:?}", loaded.diagnostics.first());
    let Ok(program) = Program::build(&loaded.plan, &registry, &|_| None) else {
        unreachable!("a program without errors is built");
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let (send, receive) = std::sync::mpsc::channel();
    // The server's scope stays open in the background while requests run one after the other.
    runtime.spawn(async move {
        let server = Scope::builder().name("server").on_error(OnError::IgnoreErrors);
        let _ = server
            .run(|scope: Scope| async move {
                let _ = send.send(scope);
                std::future::pending::<()>().await;
                Ok(())
            })
            .await;
    });
    runtime.block_on(tokio::task::yield_now());
    let scope = receive.recv().expect("the scope was opened");
    let app = Arc::new(App::new(Arc::new(program), Arc::new(Host::new(scope.clone()))));
    let bench = Bench { runtime, app, scope };

    println!("three steps, a request:");
    let three = bench.rounds(&[("/tasks", 3_000), ("/parallel", 3_000)]);
    println!("parallel: {:.2} x tasks and a join\n", three[1] / three[0]);
    println!("branches under a limit of 100, a request:");
    let many = bench.rounds(&[("/many/1000", 20), ("/many/2000", 10), ("/many/4000", 5)]);
    for (count, time) in [1_000.0, 2_000.0, 4_000.0].into_iter().zip(many) {
        println!("{count:>6} branches: {:.2} µs a branch", time / count);
    }
    drop(bench.scope);
}
