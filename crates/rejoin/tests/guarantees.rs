//! The page on guarantees names tests that exist, and every promise on it has one.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../../docs/guarantees.md");

/// The names of the tests in a file: functions behind an attribute that makes them one, also those
/// that stand in `proptest!`.
fn tests_in(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(at) = line.find("fn ").filter(|_| is_test) {
            names.insert(line[at + 3..].split('(').next().unwrap().to_owned());
            is_test = false;
        }
    }
    names
}

/// The tests of each test program, by its name.
fn programs() -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut programs = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let files: Vec<_> = if path.is_dir() {
            fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect()
        } else {
            vec![path]
        };
        let tests = files.iter().flat_map(|file| tests_in(&fs::read_to_string(file).unwrap()));
        programs.insert(name, tests.collect());
    }
    programs
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of the page: promise, and the cell of its tests.
fn rows() -> Vec<(&'static str, &'static str)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.rsplit_once(" | ").expect("a row has two cells"));
    cells.filter(|(promise, _)| *promise != "promise").collect()
}

#[test]
fn every_promise_has_tests_and_they_exist() {
    let programs = programs();
    let rows = rows();
    assert!(rows.len() > 50, "only {} promises were found", rows.len());
    let mut wrong = Vec::new();
    for (promise, cell) in rows {
        for group in cell.split("; ") {
            let mut names = quoted(group);
            let program = names.next().unwrap_or_default();
            let tests: Vec<_> = names.collect();
            match programs.get(program) {
                Some(_) if tests.is_empty() => wrong.push(format!("no test: {promise}")),
                Some(known) => {
                    let missing = tests.into_iter().filter(|name| !known.contains(*name));
                    wrong.extend(missing.map(|name| format!("no test `{name}` in {program}")));
                }
                None => wrong.push(format!("no test program `{program}`: {promise}")),
            }
        }
    }
    assert!(wrong.is_empty(), "docs/guarantees.md:\n{}", wrong.join("\n"));
}

/// A number of the contract is a file of tests, and each of these is on the page.
#[test]
fn every_number_of_the_contract_is_on_the_page() {
    let contract: Vec<_> =
        programs().into_keys().filter(|name| name.starts_with("contract_")).collect();
    assert_eq!(contract.len(), 9);
    for name in contract {
        assert!(PAGE.contains(&format!("`{name}`: ")), "{name} is not on docs/guarantees.md");
    }
}
