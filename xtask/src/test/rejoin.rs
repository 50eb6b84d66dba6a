//! The `rejoin` program that examples and documents run on.

use std::path::PathBuf;
use std::process::Stdio;

use crate::{child, tree};

/// Builds it and says where it is.
pub(crate) fn build() -> Result<PathBuf, String> {
    let mut command = child::cargo(["build", "--quiet", "--package", "rejoin-cli"]);
    command.stdin(Stdio::null());
    if !child::shown(&mut command)? {
        return Err("rejoin does not build".to_owned());
    }
    let program = format!("rejoin{}", std::env::consts::EXE_SUFFIX);
    Ok(tree::target().join("debug").join(program))
}
