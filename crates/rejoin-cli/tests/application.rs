//! Whole applications with tests of their own: every form of the language has its place in one of `tests/apps`.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{Directory, Ran};

/// An application in a directory of its own.
struct Application {
    directory: Directory,
    /// The files of the program itself.
    programs: Vec<String>,
}

impl Application {
    fn new(name: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/apps").join(name);
        let directory = Directory::new();
        let mut programs = Vec::new();
        for path in files(&source) {
            let file = path.strip_prefix(&source).unwrap().to_str().unwrap();
            directory.write(file, &fs::read_to_string(&path).unwrap());
            if file.ends_with(".wp") {
                programs.push(file.to_owned());
            }
        }
        Self { directory, programs }
    }

    /// `rejoin test`, all of which has to pass.
    #[track_caller]
    fn passes(&self) -> Ran {
        let ran = self.directory.rejoin(&["test", "app.wp"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.ends_with(" passed, 0 failed\n"), "{}", ran.stdout);
        ran
    }

    /// Checks and tests the application as it was written, and formatted.
    #[track_caller]
    fn holds(&self, tests_at_least: usize) {
        let ran = self.directory.rejoin(&["check", "app.wp"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        let before = self.passes();
        assert!(before.stdout.lines().count() > tests_at_least, "{}", before.stdout);
        let programs: Vec<&str> = self.programs.iter().map(String::as_str).collect();
        let formatted = self.directory.rejoin(&[&["fmt"], &programs[..]].concat());
        assert_eq!(formatted.code, 0, "{}", formatted.stderr);
        let checked = self.directory.rejoin(&[&["fmt", "--check"], &programs[..]].concat());
        assert_eq!(checked.code, 0, "formatting twice is formatting once: {}", checked.stdout);
        assert_eq!(self.passes().stdout, before.stdout);
    }

    #[track_caller]
    fn explains(&self, line: &str) {
        let ran = self.directory.rejoin(&["explain", "app.wp"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains(line), "{}", ran.stdout);
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn a_shop_with_an_office() {
    let shop = Application::new("shop");
    shop.holds(60);
    shop.explains("GET /office/overview");
}

#[test]
fn a_help_desk_for_many_tenants() {
    let desk = Application::new("helpdesk");
    desk.holds(30);
    desk.explains("fork comments: pg([.params.id])");
}

#[test]
fn one_api_in_front_of_many_services() {
    let journey = Application::new("journey");
    journey.holds(40);
    journey.explains("join flights, hotels, reviews, weather");
}
