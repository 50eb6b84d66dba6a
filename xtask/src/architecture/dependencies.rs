//! Every dependency has a reason, written down, and one version.

use super::{Rule, Tree, Violation};

/// The heading of the table in CONTRIBUTING.md.
const HEADING: &str = "## Dependencies";

pub(super) const LISTED: Rule = Rule {
    name: "every dependency has its reason in CONTRIBUTING.md",
    reason: "a dependency is a decision; the table under `Dependencies` says why each was taken, and only those",
    check: listed,
};

pub(super) const SHARED: Rule = Rule {
    name: "versions stand in the workspace manifest",
    reason: "one place for versions and features: a crate writes `name.workspace = true`",
    check: shared,
};

fn listed(tree: &Tree) -> Vec<Violation> {
    let table = tree.contributing.split(HEADING).nth(1).unwrap_or_default();
    let table = table.split("\n## ").next().unwrap_or_default();
    let rows: Vec<(&str, &str)> = table
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            Some((cells.next()?.trim().trim_end_matches('`'), cells.next()?.trim()))
        })
        .collect();

    let workspace = tree.manifests.iter().find(|manifest| manifest.path == "Cargo.toml");
    let taken: Vec<&str> = workspace
        .into_iter()
        .flat_map(|manifest| manifest.table("workspace.dependencies"))
        .filter(|entry| !entry.line.contains("path = "))
        .map(|entry| entry.key.as_str())
        .collect();

    let violation = |what| Violation { place: "CONTRIBUTING.md".to_owned(), what };
    let missing = taken
        .iter()
        .filter(|name| !rows.iter().any(|(row, reason)| row == *name && !reason.is_empty()));
    let stale = rows.iter().filter(|(row, _)| !taken.contains(row));
    missing
        .map(|name| violation(format!("no reason for `{name}`")))
        .chain(stale.map(|(row, _)| violation(format!("`{row}` is not a dependency any more"))))
        .collect()
}

fn shared(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for manifest in tree.crates() {
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for entry in
                manifest.table(table).filter(|entry| !entry.line.contains("workspace = true"))
            {
                let what = format!("`{}` names its own version", entry.key);
                found.push(Violation { place: manifest.path.clone(), what });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::{listed, shared};

    #[test]
    fn missing_and_stale_rows_are_both_found() {
        let manifest = "[workspace.dependencies]\nours = { path = \"crates/ours\" }\nbytes = \"1\"\nhttp = \"1\"";
        let mut tree = Tree::of(&[], &[("Cargo.toml", manifest)]);
        tree.contributing =
            "## Dependencies\n| `bytes` | buffers |\n| `old` | gone |\n## Next\n| `http` | elsewhere |".to_owned();
        let what: Vec<String> = listed(&tree).into_iter().map(|violation| violation.what).collect();
        assert_eq!(what, ["no reason for `http`", "`old` is not a dependency any more"]);
    }

    #[test]
    fn a_version_in_a_crate_is_refused() {
        let tree = Tree::of(
            &[],
            &[("crates/x/Cargo.toml", "[dev-dependencies]\na = \"1\"\nb.workspace = true")],
        );
        assert_eq!(shared(&tree).len(), 1);
    }
}
