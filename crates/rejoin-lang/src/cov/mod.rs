//! The `.cov` syntax: text to [`ast`], always a tree plus all problems.
//!
//! Everything in it is a block of words, attributes and blocks, closed by `end`; a table of forms says which words belong where.
//! A list of steps without a snippet around it is a file too: a function `main`, whose parameters are the names that it
//! reads and does not bind. [`load`] also lowers the tree to [functions](crate::plan::Functions) and checks names,
//! arguments, effects and types; [`format()`] gives a file its one layout.
//!
//! ```
//! use rejoin_lang::cov;
//! use rejoin_lang::source::{Source, SourceId};
//!
//! let source = Source::new("a.cov", r#"step id="s1" kind="bind" lit=1 as="one" end"#);
//! let (file, problems) = cov::parse(&source, SourceId(0));
//! assert!(problems.is_empty());
//! assert_eq!(file.blocks[0].text("as"), Some("one"));
//! ```

mod aliases;
pub mod ast;
mod check;
mod effects;
mod failures;
mod form;
mod format;
mod lex;
mod library;
mod library_types;
mod lower;
mod parse;
mod rules;
mod testing;

pub use effects::all as effects;
pub use format::format;
pub use library::{LIBRARY, library};
pub use parse::{MAX_DEPTH, MAX_FILE_BYTES, parse};

use crate::diagnostic::{Code, Diagnostic, Severity, has_errors};
use crate::plan::Functions;
use crate::source::{Source, SourceId, Sources};

/// Reads a file, lowers it and checks it. The functions are complete if no diagnostic is an error; names and effects
/// are looked at only where nothing is missing in the tree.
pub fn load(source: Source) -> (Functions, Vec<Diagnostic>) {
    let (mut functions, problems) = load_imported(&source, SourceId(0));
    functions.sources = Sources::single(source);
    (functions, problems)
}

/// The same for a file among others, which only their owner knows: the functions come without sources.
pub(crate) fn load_imported(source: &Source, id: SourceId) -> (Functions, Vec<Diagnostic>) {
    let (file, mut problems) = parse(source, id);
    if !problems.iter().all(|problem| leaves_whole(problem.code)) {
        return (Functions::default(), problems);
    }
    let (checked, variants) = check::check(&file);
    let (mut functions, more) = lower::lower(&file, variants);
    problems.extend(more);
    lower::add_project(&file, source, &mut functions, &mut problems);
    problems.extend(effects::check(&functions));
    problems.extend(checked);
    if !has_errors(&problems) {
        problems.extend(check::advise(&file));
    }
    problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    problems.truncate(crate::problems::MAX_PROBLEMS);
    (functions, problems)
}

/// Whether a tree with such a problem has all that its text says. Where something is missing in it, whatever is said of names and types
/// would come of that.
fn leaves_whole(code: Code) -> bool {
    const SHAPES: &[Code] = &[
        Code::COV_DUPLICATE_SNIPPET,
        Code::COV_DUPLICATE_ID,
        Code::COV_EXTERN_ID,
        Code::COV_IN_TRANSACTION,
        Code::COV_INPUTS,
        Code::COV_NO_BRANCH,
        Code::COV_ON_ERROR,
        Code::COV_ON_TIMEOUT,
    ];
    code.severity() != Severity::Error || SHAPES.contains(&code)
}
