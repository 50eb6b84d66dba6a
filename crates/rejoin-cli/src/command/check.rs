//! `rejoin check`: every problem of files, without running anything.

use std::fmt::Write;

use rejoin_server::check as check_file;

use crate::args::{Check, Format};
use crate::environment::Environment;
use crate::exit::Failure;
use crate::output;

pub(crate) fn check(args: &Check) -> Result<(), Failure> {
    if args.database.is_some() {
        output::error(
            "note: --database has no effect yet: no step that reads a database is built in\n",
        );
    }
    let registry = rejoin_steps::registry();
    let mut sound = true;
    for file in &args.files {
        let environment = Environment::beside(file)?;
        let report = match check_file(file, &registry, &|name| environment.get(name)) {
            Ok(report) => report,
            // The other files are checked all the same.
            Err(error) => {
                output::error(&format!("error: {error}\n"));
                sound = false;
                continue;
            }
        };
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
