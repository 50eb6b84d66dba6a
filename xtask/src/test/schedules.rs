//! Whole scopes under the model checker, which stands where Tokio stands otherwise.

use super::cargo;
use crate::child;
use crate::tally::Tally;

pub(super) fn suite(tally: &mut Tally) -> Result<(), String> {
    let mut command = child::cargo(["test", "-p", "rejoin", "--test", "schedules"]);
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    command.env("RUSTFLAGS", format!("{flags} --cfg shuttle"));
    // Other flags make other artefacts: beside the usual ones, so that neither drives out the other.
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    command.env("CARGO_TARGET_DIR", format!("{target}/schedules"));
    cargo::counted(&mut command, tally)
}
