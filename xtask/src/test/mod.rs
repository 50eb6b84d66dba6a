//! `cargo xtask test`: every suite, one after the other, and the sum of them.

mod cargo;
mod documents;
mod examples;
mod promises;
mod rejoin;
mod schedules;

use crate::architecture;
use crate::tally::Tally;

type Suite = fn(&mut Tally) -> Result<(), String>;

/// In the order of running: what explains a failure best comes first.
const SUITES: [(&str, Suite); 5] = [
    ("architecture", architecture::suite),
    ("cargo", cargo::suite),
    ("schedules", schedules::suite),
    ("examples", examples::suite),
    ("documents", documents::suite),
];

/// Runs the named suites, all of them if none is named. True if nothing failed.
pub(crate) fn run(names: &[&str]) -> Result<bool, String> {
    if let Some(unknown) = names.iter().find(|name| SUITES.iter().all(|(known, _)| known != *name))
    {
        let known: Vec<&str> = SUITES.iter().map(|(name, _)| *name).collect();
        return Err(format!("no suite is called {unknown}; there are {}", known.join(", ")));
    }
    let mut tally = Tally::default();
    for (name, suite) in SUITES {
        if names.is_empty() || names.contains(&name) {
            println!("\n== {name}");
            // A suite that cannot run is a failure like any other, and the others still run.
            if let Err(problem) = suite(&mut tally) {
                tally.case(format!("{name} (could not run)"), Err(problem));
            }
        }
    }
    Ok(tally.finish())
}
