//! A `.cov` file as it was written: blocks of attributes, words, values and blocks, in the order of the text.

use std::sync::Arc;
use std::time::Duration;

use crate::source::Span;

/// A whole file. Parsing always yields one, whatever the text.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Snippets, refactorings, and steps that stand alone.
    pub blocks: Vec<Block>,
    /// Every comment, `//` and `(* *)`, without its line break.
    pub comments: Vec<Span>,
}

/// A bare word, or the name of an attribute, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// `word … end`, or a line such as `input var="x"`, which has no `end`.
#[derive(Clone, Debug)]
pub struct Block {
    /// The word that it begins with.
    pub word: Word,
    /// What is in it, in the order written.
    pub entries: Vec<Entry>,
    /// From its word to its `end`.
    pub span: Span,
}

/// One thing in a block.
#[derive(Clone, Debug)]
pub enum Entry {
    /// `name=value`
    Attribute(Attribute),
    /// A bare word: `optional`, `wildcard`, `all`, the priority of a requirement.
    Flag(Word),
    /// A value without a name, as in notes and contents; the whole text of an SQL body.
    Value(Value),
    /// A block or line within.
    Block(Block),
}

/// `name=value`
#[derive(Clone, Debug)]
pub struct Attribute {
    /// What is set.
    pub name: Word,
    /// To what.
    pub value: Value,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Value {
    /// The value.
    pub kind: ValueKind,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// What can stand behind `=`.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind {
    /// `"text"`, its escapes decoded; `"""text"""` and SQL as written.
    Text(Arc<str>),
    /// A bare word, such as an operation.
    Word(Arc<str>),
    /// `42`, `-3`
    Int(i64),
    /// `2.75`
    Float(f64),
    /// `250ms`, `5s`, `2m`
    Duration(Duration),
    /// `true`, `false`
    Bool(bool),
    /// `none`
    None,
    /// `[1, 2]`
    Array(Vec<ValueKind>),
    /// `{"key": value}`, in the order written.
    Object(Vec<(Arc<str>, ValueKind)>),
    /// `("a", "b")`: the names that a pattern binds.
    Names(Vec<Arc<str>>),
    /// `(max=3 backoff=linear)`: parameters of an effect or a retry.
    Parameters(Vec<(Arc<str>, ValueKind)>),
    /// `8:Int`: a number with the type that is expected of it.
    Typed(Box<ValueKind>, Arc<str>),
    /// `var="name"` where a literal may stand too.
    Var(Arc<str>),
    /// Something that could not be read; a problem says why.
    Faulty,
}

impl Block {
    /// The first attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes().find(|attribute| &*attribute.name.text == name)
    }

    /// Its attributes, in the order written.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Attribute(attribute) => Some(attribute),
            _ => None,
        })
    }

    /// The text of an attribute, quoted or bare.
    pub fn text(&self, name: &str) -> Option<&str> {
        match &self.attribute(name)?.value.kind {
            ValueKind::Text(text) | ValueKind::Word(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this bare word stands in it, or `name=true`.
    pub fn has_flag(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| match entry {
            Entry::Flag(word) => &*word.text == name,
            Entry::Attribute(attribute) => {
                &*attribute.name.text == name && attribute.value.kind == ValueKind::Bool(true)
            }
            _ => false,
        })
    }

    /// The blocks in it, in the order written.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Block(block) => Some(block),
            _ => None,
        })
    }
}
