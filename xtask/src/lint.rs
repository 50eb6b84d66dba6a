//! `cargo xtask lint`: what must hold before a change is looked at.

use std::process::Command;

use crate::architecture;
use crate::child::{self, cargo};
use crate::tally::Tally;

pub(crate) fn run() -> Result<bool, String> {
    let mut tally = Tally::default();
    println!("== architecture");
    architecture::suite(&mut tally)?;

    let mut docs = cargo(["doc", "--workspace", "--all-features", "--no-deps"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    let mut commands = vec![
        cargo(["fmt", "--all", "--check"]),
        cargo(["clippy", "--workspace", "--all-features", "--all-targets", "--", "-D", "warnings"]),
        docs,
    ];
    if is_installed("cargo-deny") {
        commands.push(cargo(["deny", "check"]));
    }
    for mut command in commands {
        let outcome = match child::shown(&mut command) {
            Ok(true) => Ok(()),
            Ok(false) => Err("see above".to_owned()),
            Err(problem) => Err(problem),
        };
        tally.case(child::show(&command), outcome);
    }
    if !is_installed("cargo-deny") {
        println!(
            "\nNOT CHECKED: licences, advisories and sources of dependencies (deny.toml).\n\
             `cargo install cargo-deny` makes this command check them."
        );
    }
    Ok(tally.finish())
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}
