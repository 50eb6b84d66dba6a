//! Which crate may stand on which.

use super::{Rule, Tree, Violation};

/// For each crate, the crates of the workspace that it may link. The others of its dependencies are free, unless
/// [`PURE`] lists them.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("rejoin-macros", &[]),
    ("rejoin", &["rejoin-macros"]),
    ("rejoin-value", &[]),
    ("rejoin-lang", &["rejoin-value"]),
    ("rejoin-http", &["rejoin", "rejoin-value"]),
    ("rejoin-engine", &["rejoin", "rejoin-lang", "rejoin-value"]),
    ("rejoin-steps", &["rejoin", "rejoin-engine", "rejoin-http", "rejoin-lang", "rejoin-value"]),
    (
        "rejoin-server",
        &["rejoin", "rejoin-engine", "rejoin-http", "rejoin-lang", "rejoin-steps", "rejoin-value"],
    ),
    (
        "rejoin-cli",
        &[
            "rejoin",
            "rejoin-engine",
            "rejoin-http",
            "rejoin-lang",
            "rejoin-server",
            "rejoin-steps",
            "rejoin-value",
        ],
    ),
];

/// Crates whose whole list of dependencies is fixed.
const PURE: [(&str, &[&str]); 1] = [("rejoin-lang", &["annotate-snippets", "rejoin-value"])];

pub(super) const RULE: Rule = Rule {
    name: "dependencies between crates point down",
    reason: "a crate that links what stands above it can no longer be read, tested or used alone; \
             rejoin-lang links neither a script language nor a template engine nor a runtime",
    check,
};

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for manifest in tree.crates() {
        let mut violation = |what: String| {
            found.push(Violation { place: manifest.path.clone(), what });
        };
        let Some((_, below)) = MAY_USE.iter().find(|(name, _)| *name == manifest.name) else {
            violation(format!("`{}` has no place in the order of crates yet", manifest.name));
            continue;
        };
        let pure = PURE.iter().find(|(name, _)| *name == manifest.name).map(|(_, only)| only);
        for dependency in manifest.dependencies() {
            let name = dependency.key.as_str();
            let ours = MAY_USE.iter().any(|(ours, _)| *ours == name);
            if ours && !below.contains(&name) {
                violation(format!("`{}` may not use `{name}`", manifest.name));
            } else if pure.is_some_and(|only| !only.contains(&name)) {
                violation(format!("`{}` is pure and may not use `{name}`", manifest.name));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::check;

    fn violations(manifest: &str) -> Vec<String> {
        let tree = Tree::of(&[], &[("crates/x/Cargo.toml", manifest)]);
        check(&tree).into_iter().map(|violation| violation.what).collect()
    }

    #[test]
    fn an_edge_that_points_up_is_refused() {
        let manifest =
            "[package]\nname = \"rejoin-engine\"\n[dependencies]\nrejoin-server.workspace = true";
        assert_eq!(violations(manifest), ["`rejoin-engine` may not use `rejoin-server`"]);
    }

    #[test]
    fn the_language_links_nothing_else() {
        let manifest = "[package]\nname = \"rejoin-lang\"\n[dependencies]\ntokio = \"1\"\nannotate-snippets = \"1\"";
        assert_eq!(violations(manifest), ["`rejoin-lang` is pure and may not use `tokio`"]);
        let tests = "[package]\nname = \"rejoin-lang\"\n[dev-dependencies]\ntokio = \"1\"";
        assert!(violations(tests).is_empty());
    }

    #[test]
    fn a_new_crate_must_take_its_place() {
        assert_eq!(violations("[package]\nname = \"rejoin-new\"").len(), 1);
    }
}
