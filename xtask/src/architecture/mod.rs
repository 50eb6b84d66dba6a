//! The invariants of ARCHITECTURE.md that no compiler lint can hold, as a scan over the sources.
//!
//! Each rule is a function from the [`Tree`] to its violations, and each has a test that shows it failing.

mod bans;
mod dependencies;
mod directions;
mod manifest;
mod size;
mod source;
mod unsafe_code;

use manifest::Manifest;
use source::Source;

use crate::tally::Tally;
use crate::tree;

/// What the rules look at.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    sources: Vec<Source>,
    manifests: Vec<Manifest>,
    /// The text of CONTRIBUTING.md.
    contributing: String,
}

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    place: String,
    what: String,
}

struct Rule {
    name: &'static str,
    /// Why it is a rule; shown with every violation.
    reason: &'static str,
    check: fn(&Tree) -> Vec<Violation>,
}

fn rules() -> Vec<Rule> {
    let mut rules =
        vec![directions::RULE, dependencies::LISTED, dependencies::SHARED, unsafe_code::RULE];
    rules.extend(bans::RULES);
    rules
}

impl Tree {
    fn read() -> Result<Tree, String> {
        let root = tree::root();
        let mut found = Tree {
            contributing: tree::read(&root.join("CONTRIBUTING.md")).unwrap_or_default(),
            ..Tree::default()
        };
        for path in tree::files(&root.join("crates"), "rs")? {
            found.sources.push(Source::new(&tree::relative(&path), &tree::read(&path)?));
        }
        found.manifests.push(Manifest::parse("Cargo.toml", &tree::read(&root.join("Cargo.toml"))?));
        for path in tree::files(&root.join("crates"), "toml")? {
            if path.ends_with("Cargo.toml") {
                found.manifests.push(Manifest::parse(&tree::relative(&path), &tree::read(&path)?));
            }
        }
        Ok(found)
    }

    /// The sources of what a crate ships: no tests, no benches.
    fn shipped(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.is_shipped())
    }

    /// The manifests of the crates, without that of the workspace.
    fn crates(&self) -> impl Iterator<Item = &Manifest> {
        self.manifests.iter().filter(|manifest| manifest.path != "Cargo.toml")
    }
}

/// Every rule as a test.
pub(crate) fn suite(tally: &mut Tally) -> Result<(), String> {
    let tree = Tree::read()?;
    for rule in rules() {
        let violations = (rule.check)(&tree);
        let why = violations.iter().fold(format!("{}\n", rule.reason), |mut why, violation| {
            why.push_str(&format!("{}: {}\n", violation.place, violation.what));
            why
        });
        let outcome = if violations.is_empty() { Ok(()) } else { Err(why) };
        tally.case(format!("architecture: {}", rule.name), outcome);
    }
    size::list(&tree);
    Ok(())
}

#[cfg(test)]
impl Tree {
    fn of(sources: &[(&str, &str)], manifests: &[(&str, &str)]) -> Tree {
        Tree {
            sources: sources.iter().map(|(path, text)| Source::new(path, text)).collect(),
            manifests: manifests.iter().map(|(path, text)| Manifest::parse(path, text)).collect(),
            contributing: String::new(),
        }
    }
}
