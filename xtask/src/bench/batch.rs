//! Batches of requests, against what people use for them.

use std::process::Command;

use super::{Effort, library};
use crate::child::{self, cargo};
use crate::tree;

/// The table that the bench prints.
pub(super) fn run(effort: Effort) -> Result<String, String> {
    let peers = tree::root().join("benches/peers");
    let built = tree::target().join("peers");
    let mut build =
        cargo(["build", "--release", "--package", "batch-bench", "--package", "upstream"]);
    build.current_dir(&peers).env("CARGO_TARGET_DIR", &built);
    if !child::shown(&mut build)? {
        return Err("the peers of batches do not build".to_owned());
    }
    let mut command = Command::new(built.join("release/batch-bench"));
    if effort == Effort::Quick {
        command.arg("--quick");
    }
    library::printed(command)
}
