//! What the documents show is run: programs are checked, commands are typed, and their output is compared.
//!
//! - ```` ```wp ````, ```` ```cov ````: a whole file; it has no problems. With `warns` behind the fence it may have warnings, with `fails`
//!   it has at least one error. With a name behind the fence (```` ```wp hello.wp ````) later commands find it.
//! - ```` ```text list.txt ````: a file that later commands find, of the name behind the fence.
//! - ```` ```console ````: commands after `$`, each with its output; see [`crate::session`].
//! - ```` ```sh ````: commands alone. Those that build or test this repository are run by other suites, and listed here.
//!
//! Rust examples are doc tests of the library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{promises, rejoin};
use crate::document::{self, Block};
use crate::session::{self, Session};
use crate::tally::Tally;
use crate::{child, tree};

/// Commands that set up or test the repository itself: running them here would be running this.
const RUN_ELSEWHERE: &[&str] = &[
    "cargo xtask test",
    "cargo xtask lint",
    "cargo xtask bench",
    "cargo test -p rejoin-lang",
    "cargo install --path crates/rejoin-cli",
    "cargo doc -p rejoin --open",
    "cargo doc -p rejoin-http --open",
];

pub(crate) fn suite(tally: &mut Tally) -> Result<(), String> {
    let rejoin = rejoin::build()?;
    let mut paths = tree::files(&tree::root().join("docs"), "md")?;
    // The pages of diagnostics are checked, code by code, beside the rules that raise them.
    paths.retain(|path| !path.components().any(|part| part.as_os_str() == "diagnostics"));
    for name in ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"] {
        paths.insert(0, tree::root().join(name));
    }
    for path in paths {
        document(tally, &rejoin, &path)?;
        tally.case(format!("{}: links", tree::relative(&path)), links(&path));
    }
    promises::pages(tally)
}

fn document(tally: &mut Tally, rejoin: &Path, path: &Path) -> Result<(), String> {
    let name = tree::relative(path);
    let blocks = match document::blocks(&tree::read(path)?) {
        Ok(blocks) => blocks,
        Err(problem) => {
            tally.case(format!("{name}: blocks"), Err(problem));
            return Ok(());
        }
    };
    let folder = tree::scratch("documents")?;
    // Documents name the examples as a reader finds them.
    let examples = folder.join("examples");
    if !examples.exists() {
        std::os::unix::fs::symlink(tree::root().join("examples"), &examples)
            .map_err(|e| format!("{}: {e}", examples.display()))?;
    }
    let mut session = Session::new(rejoin, vec![folder.clone(), tree::root()]);
    for block in blocks {
        let at = format!("{name}:{}", block.line);
        match block.language() {
            "wp" | "cov" => tally.case(format!("{at} program"), program(rejoin, &folder, &block)),
            "sh" => commands(tally, &at, &mut session, &block),
            "console" => match session::steps(&block.text) {
                Err(problem) => tally.case(at, Err(problem)),
                Ok(steps) => {
                    for step in steps {
                        let at = format!("{name}:{} {}", block.line + step.line, step.command);
                        tally.case(at, session.step(&step));
                    }
                }
            },
            "text" if block.info.len() > 1 => {
                let file = folder.join(&block.info[1]);
                write(&file, &block.text)?;
            }
            "rust" | "text" | "json" | "toml" | "jq" | "lua" | "ebnf" => {}
            other => {
                let why = format!(
                    "nothing here runs a block of `{other}`; mark it `text` if nothing should"
                );
                tally.case(at, Err(why));
            }
        }
    }
    fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))
}

fn program(rejoin: &Path, folder: &Path, block: &Block) -> Result<(), String> {
    let ending = format!(".{}", block.language());
    let name = block.info.iter().find(|word| word.ends_with(&ending));
    let file: PathBuf = match name {
        Some(name) => folder.join(name),
        None => folder.join(format!("line-{}{ending}", block.line)),
    };
    write(&file, &block.text)?;
    let mut command = Command::new(rejoin);
    command.arg("check").arg(&file);
    let ended = child::run(&mut command, Duration::from_secs(60))?;
    let said = ended.stdout + &ended.stderr;
    match (ended.success, block.is("fails")) {
        (true, true) => Err("is marked `fails`, but check finds no error".to_owned()),
        (false, true) => Ok(()),
        (true, false) if !said.contains("warning") || block.is("warns") => Ok(()),
        (_, false) => Err(said),
    }
}

fn commands(tally: &mut Tally, at: &str, session: &mut Session, block: &Block) {
    for line in block.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let command = line.split(" #").next().unwrap_or(line).trim();
        if RUN_ELSEWHERE.contains(&command) || command.starts_with('#') {
            continue;
        }
        tally.case(format!("{at} {command}"), session.run(command).map(drop));
    }
}

/// Every relative link of the document leads to a file.
fn links(path: &Path) -> Result<(), String> {
    let folder = path.parent().expect("a file is in a folder");
    let text = tree::read(path)?;
    let mut broken = Vec::new();
    for (n, line) in text.lines().enumerate() {
        for part in line.split("](").skip(1) {
            let Some((link, _)) = part.split_once(')') else { continue };
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            if !folder.join(file).exists() {
                broken.push(format!("line {}: {link} leads nowhere", n + 1));
            }
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

/// Writes a file of a document, which may lie in a folder of its own.
fn write(file: &Path, text: &str) -> Result<(), String> {
    let written = file.parent().map_or(Ok(()), fs::create_dir_all);
    written.and_then(|()| fs::write(file, text)).map_err(|e| format!("{}: {e}", file.display()))
}
