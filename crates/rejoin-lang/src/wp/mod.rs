//! The `.wp` syntax: text to [`ast`], always a tree plus all problems.

pub mod ast;
