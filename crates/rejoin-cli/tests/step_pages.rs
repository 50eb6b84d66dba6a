//! Every step has a page in `docs/reference/steps/`, which is what `rejoin explain STEP` prints. With
//! `REJOIN_WRITE_PAGES=1` the pages are written anew.

use std::path::PathBuf;
use std::process::Command;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference");

fn explained(step: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_rejoin"))
        .args(["explain", step])
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{step}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("pages are text")
}

#[test]
fn every_step_has_the_page_that_its_spec_makes() {
    let folder = PathBuf::from(DOCS).join("steps");
    let write = std::env::var_os("REJOIN_WRITE_PAGES").is_some();
    let mut steps = Vec::new();
    for step in rejoin_steps::registry().iter() {
        let name = step.spec().name;
        steps.push(format!("{name}.md"));
        let (path, page) = (folder.join(format!("{name}.md")), explained(name));
        if write {
            std::fs::write(&path, &page).expect("the page can be written");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == page,
            "{} is not what the spec of the step says: run this test with REJOIN_WRITE_PAGES=1",
            path.display()
        );
    }
    let mut there: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder of the pages")
        .map(|entry| entry.expect("it can be read").file_name().into_string().expect("text"))
        .collect();
    there.sort();
    steps.sort();
    assert_eq!(there, steps, "a page for each step, and no other");
}

#[test]
fn the_reference_lists_every_step_and_has_a_section_for_it() {
    let reference = std::fs::read_to_string(PathBuf::from(DOCS).join("wp.md")).expect("wp.md");
    for step in rejoin_steps::registry().iter() {
        let name = step.spec().name;
        let row = format!("| [`{name}`](steps/{name}.md) | {} |", step.spec().summary);
        assert!(reference.contains(&row), "wp.md has no row\n{row}");
        let section = if name == "mustache" { "handlebars" } else { name };
        assert!(
            reference.lines().any(|line| line == format!("## {section}")),
            "wp.md has no section on `{section}`"
        );
    }
}
