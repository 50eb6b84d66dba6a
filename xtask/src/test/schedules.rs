//! Scopes under two model checkers, which stand where Tokio stands otherwise.

use super::cargo;
use crate::child;
use crate::tally::Tally;

/// What makes the library build on a checker, and the tests that it runs.
const CHECKERS: [(&str, &str); 2] = [("shuttle", "schedules"), ("rejoin_loom", "memory_orders")];

pub(super) fn suite(tally: &mut Tally) -> Result<(), String> {
    for (cfg, test) in CHECKERS {
        let mut command = child::cargo(["test", "-p", "rejoin", "--test", test]);
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        command.env("RUSTFLAGS", format!("{flags} --cfg {cfg}"));
        // Other flags make other artefacts: beside the usual ones, so that neither drives out the
        // other.
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
        command.env("CARGO_TARGET_DIR", format!("{target}/{test}"));
        cargo::counted(&mut command, tally)?;
    }
    Ok(())
}
