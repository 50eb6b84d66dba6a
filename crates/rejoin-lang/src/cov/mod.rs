//! The `.cov` syntax: text to [`ast`], always a tree plus all problems.
//!
//! Everything in it is a block of words, attributes and blocks, closed by `end`; a table of forms says which words belong where.
//! A list of steps without a snippet around it is a file too. Meaning (names, types, effects) is not looked at here.
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

pub mod ast;
mod form;
mod lex;
mod parse;
mod rules;

pub use parse::{MAX_DEPTH, MAX_FILE_BYTES, parse};
