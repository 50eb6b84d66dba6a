//! Every program of `tests/spec/` is good syntax and checks well. What it does is tested where programs run.

#[path = "support/catalog.rs"]
mod catalog;
mod support;

use std::path::{Path, PathBuf};

use catalog::Catalog;
use rejoin_lang::diagnostic::{Code, Severity, render_text};
use rejoin_lang::source::Source;
use rejoin_lang::step_spec::{StepCatalog, StepSpec, TextProblem};
use support::{drawn, parse};

/// The steps of the tests, with the database under the name that programs call it by.
struct WithDatabase;

impl StepCatalog for WithDatabase {
    fn spec(&self, name: &str) -> Option<&StepSpec> {
        Catalog.spec(if name == "pg" { "rows" } else { name })
    }

    fn names(&self) -> Vec<&str> {
        Catalog.names()
    }

    fn check_text(&self, step: &str, text: &str) -> Vec<TextProblem> {
        Catalog.check_text(step, text)
    }
}

/// The programs of a page: the first line of each block's fence tells how it becomes a whole file.
fn programs(page: &str) -> Vec<String> {
    let mut programs = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match label {
            "wp" => programs.push(block.join("\n")),
            "wp,fragment" => programs.push(format!("GET /fragment\n{}", block.join("\n"))),
            "wp,tags" => {
                let steps: Vec<String> =
                    block.iter().map(|tag| format!("  |> log: `x` {tag}")).collect();
                programs.push(format!("GET /tags\n{}", steps.join("\n")));
            }
            _ => {}
        }
    }
    programs
}

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/spec"));
    let entries = std::fs::read_dir(folder).expect("the folder of the specs exists");
    let mut pages: Vec<PathBuf> =
        entries.map(|entry| entry.expect("its entries can be read").path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

#[test]
fn every_program_of_the_specs_has_no_syntax_error() {
    for path in pages() {
        let page = std::fs::read_to_string(&path).expect("a page is text");
        for program in programs(&page) {
            let (file, problems) = parse(&program);
            assert!(problems.is_empty(), "{}:\n{}", path.display(), drawn(&program, &problems));
            assert!(
                !file.items.is_empty(),
                "{}: nothing was declared in\n{program}",
                path.display()
            );
        }
    }
}

#[test]
fn no_program_is_overlooked() {
    let async_steps = include_str!("../../../tests/spec/async_steps.md");
    assert_eq!(programs(async_steps).len(), 17);
}

#[test]
fn every_program_of_the_specs_checks_without_errors() {
    // Steps alone, which leave to the reader what stands around them.
    const CUT_SHORT: [Code; 3] =
        [Code::UNKNOWN_TASK, Code::READ_OF_UNKNOWN_TASK, Code::READ_BEFORE_JOIN];
    for path in pages() {
        let page = std::fs::read_to_string(&path).expect("a page is text");
        for program in programs(&page) {
            let mut loaded = rejoin_lang::load(Source::new("spec.wp", &*program), &WithDatabase);
            let is_fragment = program.starts_with("GET /fragment");
            loaded.diagnostics.retain(|problem| {
                problem.severity() == Severity::Error
                    // The schema is left to the reader as well.
                    && problem.code != Code::NO_SCHEMA
                    && !(is_fragment && CUT_SHORT.contains(&problem.code))
            });
            let drawing = render_text(&loaded.plan.sources, &loaded.diagnostics, false);
            assert!(loaded.diagnostics.is_empty(), "{}:\n{program}\n{drawing}", path.display());
        }
    }
}
