//! A whole application: every form of the language has its place in `tests/apps/shop`, which has tests of its own.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::fs;
use std::path::Path;

use support::Directory;

const FILES: [&str; 6] = [
    "app.wp",
    "lib/money.wp",
    "lib/people.wp",
    "lib/office.wp",
    "scripts/queueRules.lua",
    "public/style.css",
];

/// The application in a directory of its own.
fn shop() -> Directory {
    let directory = Directory::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/apps/shop");
    for file in FILES {
        directory.write(file, &fs::read_to_string(source.join(file)).unwrap());
    }
    directory
}

#[test]
fn it_has_no_errors() {
    let ran = shop().rejoin(&["check", "app.wp"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn its_own_tests_pass_also_when_it_was_formatted() {
    let shop = shop();
    let before = shop.rejoin(&["test", "app.wp"]);
    assert_eq!(before.code, 0, "{}{}", before.stdout, before.stderr);
    assert!(before.stdout.ends_with(" passed, 0 failed\n"), "{}", before.stdout);
    assert!(before.stdout.lines().count() > 60, "{}", before.stdout);

    let files: Vec<&str> = FILES.into_iter().filter(|file| file.ends_with(".wp")).collect();
    let formatted = shop.rejoin(&[&["fmt"], &files[..]].concat());
    assert_eq!(formatted.code, 0, "{}", formatted.stderr);
    let checked = shop.rejoin(&[&["fmt", "--check"], &files[..]].concat());
    assert_eq!(checked.code, 0, "formatting twice is formatting once: {}", checked.stdout);
    let after = shop.rejoin(&["test", "app.wp"]);
    assert_eq!(after.stdout, before.stdout);
}

#[test]
fn it_can_be_explained() {
    let ran = shop().rejoin(&["explain", "app.wp"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("GET /office/overview"), "{}", ran.stdout);
}
