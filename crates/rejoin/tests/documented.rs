//! What is async and public says what dropping it does. The other sections are lints.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// An `async fn` in all but name.
fn is_of_a_future(line: &str) -> bool {
    line.contains("-> impl Future<")
}

fn is_signatures_end(line: &str) -> bool {
    line == "where" || line == "}" || line.is_empty()
}

#[test]
fn every_public_async_function_says_what_dropping_it_does() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let (mut count, mut silent) = (0, Vec::new());
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        let mut says = false;
        let mut lines = source.lines().map(str::trim);
        while let Some(line) = lines.next() {
            let mut rest = lines.clone().take_while(|line| !is_signatures_end(line));
            let is_async = line.starts_with("pub async fn ")
                || line.starts_with("pub fn ")
                    && (is_of_a_future(line) || !line.ends_with('{') && rest.any(is_of_a_future));
            if is_async {
                count += 1;
                if !says {
                    silent.push(format!("{}: {line}", file.display()));
                }
            }
            if line == "/// # Cancel safety" {
                says = true;
            } else if !line.starts_with("///") && !line.starts_with("#[") {
                says = false;
            }
        }
    }
    assert!(count > 60, "only {count} were found");
    assert!(silent.is_empty(), "no section `# Cancel safety`:\n{}", silent.join("\n"));
}
