//! Each program in examples/ loads without a warning and answers as the comment at its head says.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::rejoin;
use crate::document::{self, Block};
use crate::session::{self, Session};
use crate::tally::Tally;
use crate::{child, tree};

pub(crate) fn suite(tally: &mut Tally) -> Result<(), String> {
    let rejoin = rejoin::build()?;
    for (extension, sign) in [("wp", "#"), ("cov", "//")] {
        let examples = tree::files(&tree::root().join("examples"), extension)?;
        if examples.is_empty() {
            return Err(format!("examples/ holds no program in `.{extension}`"));
        }
        for example in examples {
            let name = tree::relative(&example);
            tally.case(format!("{name} loads without a warning"), check(&rejoin, &example));
            let block = document::head_session(&tree::read(&example)?, sign);
            if block.text.is_empty() {
                let why = "the comment at its head shows no `$ curl ...` or `$ rejoin ...` line, indented by three";
                tally.case(format!("{name} says what it answers"), Err(why.to_owned()));
                continue;
            }
            answers(tally, &rejoin, &name, &block, extension == "wp");
        }
    }
    Ok(())
}

fn check(rejoin: &Path, example: &Path) -> Result<(), String> {
    let mut command = Command::new(rejoin);
    command.arg("check").arg(example);
    let ended = child::run(&mut command, Duration::from_secs(60))?;
    let said = ended.stdout + &ended.stderr;
    if ended.success && !said.contains("warning") { Ok(()) } else { Err(said) }
}

fn answers(tally: &mut Tally, rejoin: &Path, name: &str, block: &Block, serves: bool) {
    let mut session = Session::new(rejoin, vec![tree::root()]);
    if serves && let Err(problem) = session.serve(name) {
        tally.case(format!("{name} serves"), Err(problem));
        return;
    }
    match session::steps(&block.text) {
        Err(problem) => tally.case(format!("{name} says what it answers"), Err(problem)),
        Ok(steps) => {
            for step in steps {
                let at = format!("{name}:{} {}", block.line + step.line, step.command);
                tally.case(at, session.step(&step));
            }
        }
    }
}
