//! Words that stand in some places only.

use super::{Rule, Source, Tree, Violation};

/// In the shipped sources that `scope` selects, none of `tokens` stands outside `allowed`.
fn banned(tree: &Tree, scope: &str, tokens: &[&str], allowed: &[&str]) -> Vec<Violation> {
    let sources = tree.shipped().filter(|source| source.path.starts_with(scope));
    let sources =
        sources.filter(|source| !allowed.iter().any(|path| source.path.starts_with(path)));
    sources
        .flat_map(|source| {
            tokens.iter().flat_map(move |token| {
                source.find(token).map(move |line| Violation {
                    place: format!("{}:{line}", source.path),
                    what: format!("`{token}` does not belong here"),
                })
            })
        })
        .collect()
}

pub(super) const RULES: [Rule; 9] = [
    Rule {
        name: "rejoin-lang does no I/O and has no async",
        reason: "the language is a pure function from text to plan and diagnostics: it can be fuzzed, used in an \
                 editor and tested without a runtime",
        check: |tree| {
            let tokens = [
                "async",
                "await",
                "tokio",
                "std::fs",
                "std::net",
                "std::env",
                "std::process",
                "std::thread",
                "std::io",
                "Instant",
                "SystemTime",
            ];
            banned(tree, "crates/rejoin-lang/", &tokens, &[])
        },
    },
    Rule {
        name: "checks know no syntax",
        reason: "rules run on the plan, so every syntax gets them; what one syntax alone needs lives beside its parser",
        check: |tree| {
            banned(tree, "crates/rejoin-lang/src/check/", &["wp", "cov", "ast", "Ast"], &[])
        },
    },
    Rule {
        name: "the engine never sees an Ast",
        reason: "the plan is the only thing that later stages see; what a syntax leaves implicit, lowering spells out",
        check: |tree| {
            banned(tree, "crates/rejoin-engine/", &["rejoin_lang::wp", "ast", "Ast"], &[])
        },
    },
    Rule {
        name: "tasks and threads start in named places",
        reason: "a step or a route never spawns outside the scope that it is given; else something outlives its scope",
        check: |tree| {
            let tokens = [
                "tokio::spawn",
                "task::spawn",
                "spawn_blocking",
                "thread::spawn",
                "thread::Builder",
                "spawn_local",
                "JoinSet",
                "TaskTracker",
            ];
            let allowed = [
                // The one seam between the library's scopes and Tokio.
                "crates/rejoin/src/seam/",
                // Blocking work, through the seam and with a place in the scope that started it.
                "crates/rejoin/src/pool/thread_pool.rs",
                // In a child process: sees the parent go while the function runs.
                "crates/rejoin/src/process/child.rs",
                // A bound on how long a child may take to start, in real time.
                "crates/rejoin/src/process/process.rs",
                // Scripts run on blocking threads, bounded by a semaphore.
                "crates/rejoin-engine/src/scripts.rs",
                // What serves all requests of a client: HTTP/2 connections, and who watches those at rest.
                "crates/rejoin-http/src/tasks.rs",
                // The same for connections to a database, and for cancelling what a request left on one.
                "crates/rejoin-steps/src/pg/connection.rs",
                // A test of a program that never ends must not end the run of the others.
                "crates/rejoin-cli/src/command/test/watchdog.rs",
                // One writer for the log, so that a slow console never holds up a request.
                "crates/rejoin-server/src/log.rs",
                // Reading from a pipe cannot be interrupted, so nobody must have to wait for it.
                "crates/rejoin-cli/src/command/fetch/arrive.rs",
                // A reader that stands still blocks it, and the run has to end all the same.
                "crates/rejoin-cli/src/command/fetch/printer.rs",
                // Reading and compiling a changed file, one at a time.
                "crates/rejoin-server/src/reload.rs",
            ];
            banned(tree, "crates/", &tokens, &allowed)
        },
    },
    Rule {
        name: "only the server and the client name HTTP status codes",
        reason: "what an outcome means on the wire is decided in one place; the engine and the steps speak of errors",
        check: |tree| {
            banned(
                tree,
                "crates/",
                &["StatusCode"],
                &["crates/rejoin-server/", "crates/rejoin-http/"],
            )
        },
    },
    Rule {
        name: "one file applies retry and time-out",
        reason: "their order (retry around time-out around the step) is part of what a program means",
        check: |tree| {
            let tokens = [
                "time::timeout",
                "time::timeout_at",
                "rejoin::timeout",
                "rejoin::timeout_at",
                "backoff",
            ];
            let allowed = [
                "crates/rejoin-engine/src/policy.rs",
                "crates/rejoin-engine/src/program/",
                // A block's own time, which bounds all its branches together.
                "crates/rejoin-engine/src/fork_policy.rs",
            ];
            let mut found = banned(tree, "crates/rejoin-engine/", &tokens, &allowed);
            let allowed = [
                // How long to wait for a free connection, before there is anything to retry.
                "crates/rejoin-steps/src/pg/pool.rs",
                "crates/rejoin-steps/src/sql/database.rs",
                // Cleaning up goes on after the request, so its deadline does not bound it.
                "crates/rejoin-steps/src/pg/cancel.rs",
            ];
            found.extend(banned(tree, "crates/rejoin-steps/", &tokens, &allowed));
            found
        },
    },
    Rule {
        name: "libraries do not print",
        reason: "the console belongs to the program that links a library; the binary has one module for it",
        check: |tree| {
            let tokens = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];
            banned(tree, "crates/", &tokens, &["crates/rejoin-cli/"])
        },
    },
    Rule {
        name: "the wall clock is read in named places",
        reason: "everything with a time in it asks Tokio's clock, which tests replace; the wall clock dates log lines",
        check: |tree| {
            let allowed = [
                "crates/rejoin-server/src/",
                "crates/rejoin-cli/",
                // jq's `now` and its kin.
                "crates/rejoin-value/src/jq/natives/time.rs",
                // A server may write `retry-after` as a date.
                "crates/rejoin-http/src/batch/retry_after.rs",
                // The time of day of functions: where it begins. Tokio's clock moves it on.
                "crates/rejoin-steps/src/functions/clock.rs",
            ];
            banned(tree, "crates/", &["SystemTime"], &allowed)
        },
    },
    Rule {
        name: "random tests print their seed",
        reason: "a failure that nobody can repeat helps nobody; `seeded::cases` of tests/seeded.rs prints the seed and takes one",
        check: |tree| {
            let unseeded = |source: &&Source| {
                source.find("proptest!").count() > source.find("seeded::cases").count()
            };
            let violation = |source: &Source| Violation {
                place: source.path.clone(),
                what: "`proptest!` without `#![proptest_config(seeded::cases(n))]`".to_owned(),
            };
            tree.sources.iter().filter(unseeded).map(violation).collect()
        },
    },
];

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::RULES;

    /// A line that each rule refuses, in order, and where.
    const REFUSED: [(&str, &str); RULES.len()] = [
        ("crates/rejoin-lang/src/a.rs", "use std::fs::read;"),
        ("crates/rejoin-lang/src/check/a.rs", "use crate::wp::ast;"),
        ("crates/rejoin-engine/src/a.rs", "fn f(ast: &Ast) {}"),
        ("crates/rejoin-steps/src/a.rs", "tokio::spawn(f());"),
        ("crates/rejoin-engine/src/a.rs", "StatusCode::OK"),
        ("crates/rejoin-steps/src/a.rs", "tokio::time::timeout(d, f).await"),
        ("crates/rejoin-value/src/a.rs", "println!(\"x\");"),
        ("crates/rejoin-engine/src/a.rs", "SystemTime::now()"),
        ("crates/rejoin/tests/a.rs", "proptest! {}"),
    ];

    #[test]
    fn every_rule_can_fail_and_passes_an_innocent_line() {
        for (rule, (path, line)) in RULES.iter().zip(REFUSED) {
            let guilty = Tree::of(&[(path, line)], &[]);
            assert!(!(rule.check)(&guilty).is_empty(), "{} lets `{line}` through", rule.name);
            let innocent = Tree::of(&[(path, "fn f() {} // async StatusCode unsafe")], &[]);
            assert!((rule.check)(&innocent).is_empty(), "{} refuses an innocent line", rule.name);
        }
    }

    #[test]
    fn a_violation_names_its_line() {
        let tree = Tree::of(&[("crates/rejoin-steps/src/a.rs", "\n\ntokio::spawn(f());")], &[]);
        assert_eq!((RULES[3].check)(&tree)[0].place, "crates/rejoin-steps/src/a.rs:3");
    }
}
