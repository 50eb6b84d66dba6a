//! `rejoin check`: every problem of files, without running anything.

use std::fmt::Write;
use std::path::Path;

use rejoin_engine::Registry;
use rejoin_lang::cov;
use rejoin_lang::diagnostic::Diagnostic;
use rejoin_server::{Report, check as check_file, is_cov, plan_with_errors, read_source};
use rejoin_steps::functions::advise;
use rejoin_steps::sql_check::SqlCheck;

use crate::args::{Check, Format};
use crate::command::check_database;
use crate::environment::Environment;
use crate::exit::Failure;
use crate::output;

pub(crate) async fn check(args: Check) -> Result<(), Failure> {
    let mut sound = true;
    let mut database = None;
    if let Some(url) = &args.database {
        match SqlCheck::open(url).await {
            Ok(opened) => database = Some(opened),
            // What can be said without it is said all the same.
            Err(why) => {
                output::error(&format!("error: {why}\n"));
                sound = false;
            }
        }
    }
    let registry = rejoin_steps::registry();
    for file in &args.files {
        let environment = Environment::beside(file)?;
        let mut report = match check_file(file, &registry, &|name| environment.get(name)) {
            Ok(report) => report,
            // The other files are checked all the same.
            Err(error) => {
                output::error(&format!("error: {error}\n"));
                sound = false;
                continue;
            }
        };
        if !report.has_errors() {
            report.add(advice(file, &report, &registry));
        }
        if let Some(database) = &database {
            let said = check_database::ask(database, file, &registry, &report).await?;
            report.add(said);
        }
        sound &= !report.has_errors();
        match args.format {
            Format::Json => output::result(&report.to_json()),
            Format::Text => {
                let mut text = report.to_text(output::colour_on_stdout());
                let _ = writeln!(
                    text,
                    "{}: {}",
                    file.display(),
                    summary(report.errors(), report.warnings())
                );
                output::result(&text);
            }
        }
    }
    if sound { Ok(()) } else { Err(Failure::reported()) }
}

/// What can be said about the functions of a file without errors, and of those that it imports.
fn advice(file: &Path, report: &Report, registry: &Registry) -> Vec<Diagnostic> {
    if is_cov(file) {
        let source = read_source(file);
        return source.map_or_else(|_| Vec::new(), |source| advise(&cov::load(source).0));
    }
    if !report.files().any(is_cov) {
        return Vec::new();
    }
    let plan = plan_with_errors(file, registry);
    let files = plan.map_or_else(|_| Vec::new(), |(plan, _)| plan.functions);
    files.iter().flat_map(|file| advise(&file.functions)).collect()
}

fn summary(errors: usize, warnings: usize) -> String {
    let count = |n: usize, what: &str| match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    };
    match (errors, warnings) {
        (0, 0) => "no problems".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}
