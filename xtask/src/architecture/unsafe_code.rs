//! No crate has `unsafe` code, and none can get any.

use super::{Rule, Tree, Violation};

pub(super) const RULE: Rule = Rule {
    name: "no unsafe code",
    reason: "the workspace forbids `unsafe`, and every crate inherits the workspace's lints",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in &tree.sources {
        found.extend(source.find("unsafe").map(|line| Violation {
            place: format!("{}:{line}", source.path),
            what: "unsafe".to_owned(),
        }));
    }
    for manifest in &tree.manifests {
        let (table, line) = match manifest.path.as_str() {
            "Cargo.toml" => ("workspace.lints.rust", "unsafe_code = \"forbid\""),
            _ => ("lints", "workspace = true"),
        };
        if !manifest.table(table).any(|entry| entry.line == line) {
            let what = format!("lacks `{line}` in [{table}]");
            found.push(Violation { place: manifest.path.clone(), what });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::check;

    #[test]
    fn unsafe_and_a_crate_without_the_lints_are_found() {
        let tree = Tree::of(
            &[("crates/x/src/a.rs", "unsafe { f() }")],
            &[
                ("Cargo.toml", "[workspace.lints.rust]\nunsafe_code = \"forbid\""),
                ("crates/x/Cargo.toml", ""),
            ],
        );
        assert_eq!(check(&tree).len(), 2);
    }
}
