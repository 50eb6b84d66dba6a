//! The direct evaluator: programs of the common kind, run without jaq.
//!
//! It walks its own small tree, navigates by reference and copies only what leaves it, which makes
//! it several times faster. What it does not know it does not take: such a program goes to jaq as
//! a whole. Both give the same outputs and errors, which differential tests hold them to.

mod compile;
mod eval;
#[cfg(test)]
mod tests;

pub(super) use compile::compile;
pub(super) use eval::Env;

use super::natives::Native;
use crate::{Str, Value};
use jaq_core::ops::{Cmp, Math};

/// A term of a program.
#[derive(Debug)]
pub(super) enum Node {
    /// A term that is known to have exactly one output.
    Exact(Box<Node>),
    Id,
    Const(Value),
    /// The n-th binding outward.
    Var(usize),
    Global(usize),
    Path(Box<Node>, Box<[(Part, bool)]>),
    Text(Box<[Piece]>),
    Array(Box<Node>),
    Object(Box<[(Key, Node)]>),
    Neg(Box<Node>),
    Math(Box<Node>, Math, Box<Node>),
    Cmp(Box<Node>, Cmp, Box<Node>),
    /// `and` and `or`: the left truth that decides alone, then the sides.
    Logic(bool, Box<Node>, Box<Node>),
    Alt(Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Pipe(Box<Node>, Box<Node>),
    Bind(Box<Node>, Box<Node>),
    Comma(Box<Node>, Box<Node>),
    Try(Box<Node>, Option<Box<Node>>),
    Native(Native, Box<[Node]>),
    Map(Box<Node>),
    Select(Box<Node>),
    /// `any(f)` (true) and `all(f)` (false)
    Any(bool, Box<Node>),
    First(Box<Node>),
    Empty,
    Error(Box<Node>),
    /// `.a.b |= f`, by the path
    Modify(Value, Box<Node>),
    /// `.a.b += f` and its kin: the operands are what is there and the output of `f`
    ModifyWith(Value, Option<Math>, Box<Node>),
}

#[derive(Debug)]
pub(super) enum Part {
    Key(Str),
    Index(Node),
    Slice(Option<Node>, Option<Node>),
    Each,
}

#[derive(Debug)]
pub(super) enum Piece {
    Text(Str),
    /// A value through `tostring` or, if there is one, a format.
    Value(Node, Option<Box<str>>),
}

#[derive(Debug)]
pub(super) enum Key {
    Text(Str),
    Computed(Node),
}

/// How many outputs a term can have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outputs {
    One,
    UpToOne,
    Any,
}

impl Node {
    fn outputs(&self) -> Outputs {
        use Outputs::{Any, One, UpToOne};
        match self {
            Node::Exact(_)
            | Node::Id
            | Node::Const(_)
            | Node::Var(_)
            | Node::Global(_)
            | Node::Array(_)
            | Node::Map(_)
            | Node::Any(..)
            | Node::Modify(..)
            | Node::ModifyWith(..) => One,
            Node::Empty | Node::First(_) => UpToOne,
            Node::Error(message) => message.outputs(),
            Node::Select(condition) => condition.outputs().max(UpToOne),
            Node::Path(head, parts) => parts.iter().fold(head.outputs(), |sum, (part, opt)| {
                let part = match part {
                    Part::Key(_) => One,
                    Part::Index(index) => index.outputs(),
                    Part::Slice(from, to) => {
                        [from, to].into_iter().flatten().map(Node::outputs).max().unwrap_or(One)
                    }
                    Part::Each => Any,
                };
                sum.max(part).max(if *opt { UpToOne } else { One })
            }),
            Node::Text(pieces) => {
                let values = pieces.iter().filter_map(|piece| match piece {
                    Piece::Value(node, _) => Some(node.outputs()),
                    Piece::Text(_) => None,
                });
                values.max().unwrap_or(One)
            }
            Node::Object(entries) => {
                let outputs = entries.iter().map(|(key, value)| match key {
                    Key::Text(_) => value.outputs(),
                    Key::Computed(key) => key.outputs().max(value.outputs()),
                });
                outputs.max().unwrap_or(One)
            }
            Node::Neg(node) => node.outputs(),
            Node::Math(l, _, r)
            | Node::Cmp(l, _, r)
            | Node::Logic(_, l, r)
            | Node::Pipe(l, r)
            | Node::Bind(l, r) => l.outputs().max(r.outputs()),
            // The left may have none, and then the right speaks.
            Node::Alt(l, r) => match l.outputs() {
                Any => Any,
                _ => r.outputs(),
            },
            Node::If(condition, then, otherwise) => {
                condition.outputs().max(then.outputs()).max(otherwise.outputs())
            }
            Node::Comma(..) => Any,
            Node::Try(body, catch) => {
                let caught = catch.as_ref().map_or(UpToOne, |catch| catch.outputs());
                match body.outputs() {
                    Any => Any,
                    one => one.max(caught),
                }
            }
            Node::Native(_, args) => args.iter().map(Node::outputs).max().unwrap_or(One),
        }
    }
}
