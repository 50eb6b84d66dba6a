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

#[test]
fn every_public_async_function_says_what_dropping_it_does() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let (mut count, mut silent) = (0, Vec::new());
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        let mut says = false;
        for line in source.lines().map(str::trim) {
            if line.starts_with("pub async fn ") {
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
    assert!(count > 40, "only {count} were found");
    assert!(silent.is_empty(), "no section `# Cancel safety`:\n{}", silent.join("\n"));
}
