//! Pages that say what is promised and which test says so: the tests exist, and no promise is without one.
//!
//! Such a page has tables of two columns, `promise` and `tests`. In the second stand groups that are separated by `; `, each
//! of them the name of a test program and those of tests in it: `` `map`: `one`, `another` ``.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::tally::Tally;
use crate::tree;

/// The pages, and the crates whose tests they name.
const PAGES: [(&str, &[&str]); 2] = [
    ("docs/guarantees.md", &["rejoin"]),
    ("docs/batches.md", &["rejoin-http", "rejoin-cli", "rejoin"]),
];

/// Programs of this name are numbers of the contract, and each has to be on the page of its crate.
const CONTRACT: &str = "contract_";

/// The tests of each test program, by its name.
type Programs = BTreeMap<String, BTreeSet<String>>;

pub(super) fn pages(tally: &mut Tally) -> Result<(), String> {
    for (page, crates) in PAGES {
        let text = tree::read(&tree::root().join(page))?;
        let programs = programs(crates)?;
        let mut wrong = problems(&text, &programs);
        if crates.len() == 1 {
            let numbers = programs.keys().filter(|name| name.starts_with(CONTRACT));
            let absent = numbers.filter(|name| !text.contains(&format!("`{name}`: ")));
            wrong.extend(absent.map(|name| format!("`{name}` is not on the page")));
        }
        let outcome = if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) };
        tally.case(format!("{page}: promises have tests"), outcome);
    }
    Ok(())
}

/// What is wrong with the promises of a page.
fn problems(page: &str, programs: &Programs) -> Vec<String> {
    let rows = rows(page);
    let mut wrong = Vec::new();
    if rows.is_empty() {
        wrong.push("there are no promises".to_owned());
    }
    for (promise, cell) in rows {
        for group in cell.split("; ") {
            let mut names = group.split('`').skip(1).step_by(2);
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
    wrong
}

/// Promise, and the cell of its tests.
fn rows(page: &str) -> Vec<(&str, &str)> {
    let mut rows = Vec::new();
    let mut is_table = false;
    for line in page.lines() {
        let cells = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"));
        match cells.and_then(|cells| cells.rsplit_once(" | ")) {
            Some(("promise", "tests")) => is_table = true,
            Some(row) if is_table => rows.push(row),
            // The line between the head and the rows.
            _ if line.starts_with("|---") => {}
            _ => is_table = false,
        }
    }
    rows
}

fn programs(crates: &[&str]) -> Result<Programs, String> {
    let mut programs = Programs::new();
    for name in crates {
        let folder = tree::root().join("crates").join(name).join("tests");
        for path in tree::files(&folder, "rs")? {
            let tests = tests_in(&tree::read(&path)?);
            programs.entry(program(&folder, &path)).or_default().extend(tests);
        }
    }
    Ok(programs)
}

/// The test program that a file belongs to: its own, or that of the folder it is in.
fn program(folder: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(folder).unwrap_or(path);
    let first = inner.components().next().map_or(inner, |part| part.as_os_str().as_ref());
    first.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The names of the tests in a file: functions behind an attribute that makes them one, also those that stand
/// in `proptest!`.
fn tests_in(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(at) = line.find("fn ").filter(|_| is_test) {
            names.extend(line[at + 3..].split('(').next().map(str::to_owned));
            is_test = false;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{Programs, problems, program, tests_in};
    use std::path::Path;

    fn programs() -> Programs {
        let source = "#[test]\nfn holds() {}\nfn helper() {}\n#[tokio::test(start_paused = true)]\nasync fn too() {}";
        [("map".to_owned(), tests_in(source))].into()
    }

    #[test]
    fn a_promise_has_a_test_that_exists() {
        let page = |cell: &str| format!("| promise | tests |\n|---|---|\n| it holds | {cell} |\n");
        let found = |cell: &str| problems(&page(cell), &programs());
        assert_eq!(found("`map`: `holds`, `too`"), [""; 0]);
        assert_eq!(found("`map`: `helper`"), ["no test `helper` in map"]);
        assert_eq!(found("`map`"), ["no test: it holds"]);
        assert_eq!(found("`map`: `holds`; `wait`: `holds`"), ["no test program `wait`: it holds"]);
        assert_eq!(problems("| other | table |\n|---|---|\n| a | b |\n", &programs()).len(), 1);
    }

    #[test]
    fn a_file_in_a_folder_belongs_to_the_program_of_the_folder() {
        let folder = Path::new("tests");
        assert_eq!(program(folder, Path::new("tests/map.rs")), "map");
        assert_eq!(program(folder, Path::new("tests/client/batch.rs")), "client");
    }
}
