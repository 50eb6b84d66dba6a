//! `rejoin test`: the tests of files, each in a runtime of its own whose time is virtual.

mod compare;
mod function_bench;
mod function_host;
mod functions;
mod golden;
mod judge;
mod ordered;
mod orders;
mod outside;
mod page;
mod report;
mod run;
mod stand_ins;
mod watchdog;

use std::path::Path;
use std::sync::Arc;

use crate::args::{Test, TestFormat};
use crate::command::{open_log, or_report, schema_in_memory};
use crate::environment::Environment;
use crate::exit::Failure;
use crate::output;
use rejoin_server::{Loaded, load_for_tests};

use report::Outcome;

pub(crate) fn test(args: &Test) -> Result<(), Failure> {
    let log = open_log()?;
    let mut outcomes = Vec::new();
    let mut broken = Vec::new();
    for file in &args.files {
        match of_file(file, args, &log) {
            Ok(more) => outcomes.extend(more),
            // The other files are tested all the same.
            Err(failure) => {
                let _ = failure.report();
                broken.push(Outcome::of_broken(file));
            }
        }
    }
    log.flush();
    let ran = outcomes.len();
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    let summary = format!("{} passed, {} failed\n", ran - failed, failed + broken.len());
    let sound = failed + broken.len() == 0;
    output::result(&match args.format {
        // What is wrong with the others is drawn already.
        TestFormat::Text => report::text(&outcomes),
        TestFormat::Json => report::json(&all(outcomes, broken)),
        TestFormat::Junit => report::junit(&all(outcomes, broken)),
    });
    match args.format {
        TestFormat::Text => output::result(&summary),
        // Programs read the other formats; the line is for whoever looks on.
        _ => output::error(&summary),
    }
    match &args.filter {
        _ if !sound => Err(Failure::reported()),
        // Nobody asks for tests so that none is run.
        Some(wanted) if ran == 0 => Err(Failure::new(format!(
            "no test has `{wanted}` in its name: `--filter` takes a part of one"
        ))),
        _ => Ok(()),
    }
}

/// Who reads only the report must not take a file that was not tested for one without failures.
fn all(mut outcomes: Vec<Outcome>, broken: Vec<Outcome>) -> Vec<Outcome> {
    outcomes.extend(broken);
    outcomes
}

fn loaded(file: &Path, environment: &Environment) -> Result<Loaded, Failure> {
    let registry = rejoin_steps::registry();
    or_report(load_for_tests(file, &registry, &|name| environment.get(name)))
}

fn of_file(file: &Path, args: &Test, log: &rejoin_server::Log) -> Result<Vec<Outcome>, Failure> {
    if rejoin_server::is_cov(file) {
        return functions::of_file(file, args);
    }
    let environment = Environment::beside(file)?;
    let Loaded { program, faulty_tests, .. } = loaded(file, &environment)?;
    let program = Arc::new(program);
    let schema = schema_in_memory(file, &program)?;
    let mut outcomes = Vec::new();
    for (index, test) in program.tests().iter().enumerate() {
        if !is_wanted(args, &test.suite, &test.name) {
            continue;
        }
        let names = (test.suite.clone(), test.name.clone());
        if let Some(problems) = faulty_tests.get(&index) {
            let ran = run::Ran::faulty(problems);
            outcomes.push(Outcome::new(names, test.span, ran, None, program.sources()));
            continue;
        }
        let bench =
            run::Bench { program: &program, schema: &schema, environment: &environment, log };
        let (ran, orders) = match args.orders {
            false => (bench.run(index, None), None),
            true => {
                let run = |order| bench.run(index, Some(order));
                let (ran, tried) = orders::explore(test.span, &run, args.seed);
                (ran, Some(tried))
            }
        };
        outcomes.push(Outcome::new(names, test.span, ran, orders, program.sources()));
    }
    Ok(outcomes)
}

/// By a part of the name as it stands in the file, or as it is shown.
fn is_wanted(args: &Test, suite: &str, test: &str) -> bool {
    args.filter.as_ref().is_none_or(|wanted| {
        [format!("{suite} {test}"), format!("{suite} > {test}")].iter().any(|n| n.contains(wanted))
    })
}
