//! `requireScript`: the files of a program's directory of scripts, compiled when the program is loaded.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rejoin_engine::CallSite;
use rejoin_lang::step_spec::TextProblem;

/// A larger file is no script, in bytes.
const LARGEST: u64 = 1 << 20;
/// So many files are looked at.
const MOST: usize = 256;

/// The scripts of one program in one language, by their names, or why one is none.
#[derive(Debug)]
pub(crate) struct Library<T> {
    scripts: BTreeMap<Box<str>, Result<T, String>>,
}

impl<T> Default for Library<T> {
    fn default() -> Self {
        Self { scripts: BTreeMap::new() }
    }
}

impl<T> Library<T> {
    /// Reads `NAME.EXTENSION` of that directory: what lies below it or is called otherwise is no script.
    pub(crate) fn read(
        directory: &Path,
        extension: &str,
        compile: impl Fn(&str, &str, &[Box<str>]) -> Result<T, String>,
    ) -> Self {
        let mut names: Vec<Box<str>> = fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let file = entry.file_name();
                let (name, end) = file.to_str()?.rsplit_once('.')?;
                (end == extension && is_name(name)).then(|| name.into())
            })
            .collect();
        names.sort_unstable();
        names.truncate(MOST);
        let scripts = names.iter().map(|name| {
            let file = directory.join(format!("{name}.{extension}"));
            let compiled = read(&file).and_then(|text| compile(name, &text, &names));
            (name.clone(), compiled)
        });
        Self { scripts: scripts.collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Result<T, String>> {
        self.scripts.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.scripts.keys().map(|name| &**name)
    }
}

/// The library of the program that was prepared last: its calls share it.
#[derive(Debug)]
pub(crate) struct Shelf<T>(Arc<Mutex<Option<Latest<T>>>>);

/// A program's number, and its library.
type Latest<T> = (u64, Arc<Library<T>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Shelf<T> {
    /// The library of the program of that call, which `read` makes if it is not there yet.
    pub(crate) fn library(
        &self,
        site: &CallSite<'_>,
        read: impl FnOnce(&Path) -> Library<T>,
    ) -> Arc<Library<T>> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*shelf {
            Some((program, library)) if *program == site.program => library.clone(),
            _ => {
                let library = Arc::new(read(site.scripts));
                *shelf = Some((site.program, library.clone()));
                library
            }
        }
    }
}

/// The names that a text mentions as words, each with its place. Also where they mean something else: that costs no more than
/// a script that runs for nothing.
pub(crate) fn mentioned<'n>(
    text: &str,
    names: impl Iterator<Item = &'n str>,
) -> impl Iterator<Item = (&'n str, usize)> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    names.filter_map(move |name| {
        let at = text.match_indices(name).map(|(at, _)| at).find(|at| {
            let before = text[..*at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !(before.is_some_and(word) || after.is_some_and(word))
        })?;
        Some((name, at))
    })
}

/// What is wrong with the first script that a text mentions and that is none.
pub(crate) fn wrong_scripts<T>(text: &str, library: &Library<T>) -> Result<(), TextProblem> {
    for (name, at) in mentioned(text, library.names()) {
        if let Some(Err(problem)) = library.get(name) {
            return Err(TextProblem {
                start: at,
                end: at + name.len(),
                message: format!("the script `{name}` is wrong: {problem}"),
                help: None,
            });
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn read(file: &Path) -> Result<String, String> {
    let mut text = Vec::new();
    let opened = fs::File::open(file).map_err(|error| error.to_string())?;
    opened.take(LARGEST + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    String::from_utf8(text).map_err(|_| "it is not UTF-8 text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_words() {
        let of = |text| mentioned(text, ["rules", "tax"].into_iter()).collect::<Vec<_>>();
        assert_eq!(of("return rules.rank(1)"), [("rules", 7)]);
        assert_eq!(of("local myrules, rules2 = syntax"), []);
        assert_eq!(of("requireScript(\"tax\")"), [("tax", 15)]);
    }

    #[test]
    fn only_files_of_the_directory_are_scripts() {
        let directory = tempfile();
        for (name, text) in [("rules.lua", "1"), ("..lua", "2"), ("a b.lua", "3"), ("tax.js", "4")]
        {
            fs::write(directory.join(name), text).expect("it can be written");
        }
        fs::create_dir_all(directory.join("below")).expect("it can be made");
        fs::write(directory.join("below/deep.lua"), "5").expect("it can be written");
        let library = Library::read(&directory, "lua", |_, text, _| Ok(text.to_owned()));
        assert_eq!(library.names().collect::<Vec<_>>(), ["rules"]);
        assert!(library.get("../rules").is_none() && library.get("below/deep").is_none());
        fs::remove_dir_all(directory).expect("it can be removed");
    }

    fn tempfile() -> std::path::PathBuf {
        let directory = std::env::temp_dir().join(format!("rejoin-scripts-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("it can be made");
        directory
    }
}
