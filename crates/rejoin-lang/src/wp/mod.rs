//! The `.wp` syntax: text to [`ast`], always a tree plus all problems.
//!
//! ```
//! use rejoin_lang::source::{Source, SourceId};
//! use rejoin_lang::wp::{self, ast::Item};
//!
//! let source = Source::new("hello.wp", "GET /hello |> jq: `{ hello: \"world\" }`");
//! let (file, problems) = wp::parse(&source, SourceId(0));
//! assert!(problems.is_empty());
//! assert!(matches!(&file.items[0], Item::Route(route) if &*route.path.text == "/hello"));
//! ```

pub mod ast;
mod format;
mod parse;
mod test_ast;

pub use format::format;
pub(crate) use parse::FORKS;
pub use parse::{MAX_DEPTH, MAX_FILE_BYTES, parse};
