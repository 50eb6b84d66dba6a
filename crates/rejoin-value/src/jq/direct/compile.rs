//! From a parsed term to a [`Node`], or not at all.

use super::{super::natives::NATIVES, Key, Node, Outputs, Part, Piece};
use crate::{Array, Number, Object, Str, Value};
use jaq_core::{
    load::{
        lex::StrPart,
        parse::{BinaryOp, Pattern, Term},
    },
    ops::Cmp,
    path::{self, Opt},
};

type Tm<'s> = Term<&'s str>;

/// Compiles a term if it is of the kind that is known here; `vars` without their dollars.
pub(in crate::jq) fn compile(term: &Tm<'_>, vars: &[&str]) -> Option<Node> {
    Compiler { globals: vars, bound: Vec::new() }.node(term)
}

struct Compiler<'g, 's> {
    globals: &'g [&'g str],
    /// Names of the bindings around the term, outermost first, with their dollars.
    bound: Vec<&'s str>,
}

fn boxed(node: Node) -> Box<Node> {
    Box::new(node)
}

fn native(name: &str, args: Vec<Node>) -> Option<Node> {
    let (.., function) =
        NATIVES.iter().find(|(known, arity, _)| *known == name && *arity == args.len())?;
    // Arguments with several outputs multiply; that is left to jaq.
    args.iter()
        .all(|arg| arg.outputs() <= Outputs::UpToOne)
        .then(|| Node::Native(*function, args.into()))
}

fn single(node: Node) -> Option<Node> {
    (node.outputs() <= Outputs::UpToOne).then_some(node)
}

fn exact(node: Node) -> Option<Node> {
    (node.outputs() == Outputs::One).then_some(node)
}

/// An array, made once if all that is in it is known.
fn array(items: Node) -> Node {
    let mut known = Vec::new();
    match constants(&items, &mut known) {
        Some(()) => Node::Const(known.into()),
        None => Node::Array(boxed(items)),
    }
}

fn constants(node: &Node, known: &mut Vec<Value>) -> Option<()> {
    match node {
        Node::Const(value) => known.push(value.clone()),
        Node::Comma(left, right) => {
            constants(left, known)?;
            constants(right, known)?;
        }
        _ => return None,
    }
    Some(())
}

/// An object, made once if all that is in it is known.
fn object(entries: Box<[(Key, Node)]>) -> Node {
    let known = entries.iter().map(|entry| match entry {
        (Key::Text(key), Node::Const(value)) => Some((key.clone(), value.clone())),
        _ => None,
    });
    match known.collect::<Option<Vec<_>>>() {
        Some(known) => Node::Const(Object::from_entries(known).into()),
        None => Node::Object(entries),
    }
}

impl<'s> Compiler<'_, 's> {
    fn node(&mut self, term: &Tm<'s>) -> Option<Node> {
        let node = self.plain(term)?;
        Some(if !node.is_exact() && node.outputs() == Outputs::One {
            Node::Exact(boxed(node))
        } else {
            node
        })
    }

    fn plain(&mut self, term: &Tm<'s>) -> Option<Node> {
        Some(match term {
            Term::Id => Node::Id,
            Term::Num(text) => Node::Const(Value::Number(Number::parse(text)?)),
            Term::Str(format, parts) => self.text(*format, parts)?,
            Term::Arr(None) => Node::Const(Value::Array(Array::new())),
            Term::Arr(Some(term)) => array(self.node(term)?),
            Term::Obj(entries) => {
                let entries = entries.iter().map(|(key, value)| self.entry(key, value.as_ref()));
                object(entries.collect::<Option<_>>()?)
            }
            Term::Neg(term) => Node::Neg(boxed(self.node(term)?)),
            Term::BinOp(left, op, right) => self.operator(left, op, right)?,
            Term::TryCatch(body, catch) => {
                let catch = match catch {
                    Some(catch) => Some(boxed(self.node(catch)?)),
                    None => None,
                };
                Node::Try(boxed(self.node(body)?), catch)
            }
            Term::IfThenElse(branches, otherwise) => {
                let mut node = match otherwise {
                    Some(otherwise) => self.node(otherwise)?,
                    None => Node::Id,
                };
                for (condition, then) in branches.iter().rev() {
                    let condition = single(self.node(condition)?)?;
                    node = Node::If(boxed(condition), boxed(self.node(then)?), boxed(node));
                }
                node
            }
            Term::Var(name) => self.var(name)?,
            Term::Call(name, args) => self.call(name, args)?,
            Term::Path(head, path) => {
                let head = self.node(head)?;
                let parts = path.0.iter().map(|(part, opt)| {
                    let part = match part {
                        path::Part::Index(term) => match constant_key(term) {
                            Some(key) => Part::Key(key),
                            None => Part::Index(single(self.node(term)?)?),
                        },
                        path::Part::Range(None, None) => Part::Each,
                        path::Part::Range(from, to) => {
                            let mut bound = |bound: &Option<Tm<'s>>| match bound {
                                None => Some(None),
                                Some(term) => Some(Some(single(self.node(term)?)?)),
                            };
                            Part::Slice(bound(from)?, bound(to)?)
                        }
                    };
                    Some((part, matches!(opt, Opt::Optional)))
                });
                Node::Path(boxed(head), parts.collect::<Option<_>>()?)
            }
            Term::Recurse | Term::Label(..) | Term::Break(_) | Term::Fold(..) | Term::Def(..) => {
                return None;
            }
        })
    }

    fn var(&self, name: &str) -> Option<Node> {
        if let Some(at) = self.bound.iter().rposition(|bound| *bound == name) {
            return Some(Node::Var(self.bound.len() - 1 - at));
        }
        let at = self.globals.iter().position(|global| *global == &name[1..])?;
        Some(Node::Global(at))
    }

    fn text(
        &mut self,
        format: Option<&'s str>,
        parts: &[StrPart<&'s str, Tm<'s>>],
    ) -> Option<Node> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        for part in parts {
            match part {
                StrPart::Str(s) => text.push_str(s),
                StrPart::Char(c) => text.push(*c),
                StrPart::Term(term) => {
                    if !text.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut text).into()));
                    }
                    let format = match format {
                        Some(format) => Some(format_name(format)?.into()),
                        None => None,
                    };
                    pieces.push(Piece::Value(single(self.node(term)?)?, format));
                }
            }
        }
        if pieces.is_empty() {
            return Some(Node::Const(text.into()));
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text.into()));
        }
        Some(Node::Text(pieces.into()))
    }

    fn entry(&mut self, key: &Tm<'s>, value: Option<&Tm<'s>>) -> Option<(Key, Node)> {
        let (key, node) = match (key, value) {
            (Term::Var(name), None) => (Key::Text(name[1..].into()), self.var(name)?),
            (key, None) => {
                let key = constant_key(key)?;
                let part = (Part::Key(key.clone()), false);
                (Key::Text(key), Node::Path(boxed(Node::Id), [part].into()))
            }
            (key, Some(value)) => {
                let key = match constant_key(key) {
                    Some(key) => Key::Text(key),
                    None => Key::Computed(single(self.node(key)?)?),
                };
                (key, self.node(value)?)
            }
        };
        Some((key, single(node)?))
    }

    fn operator(&mut self, left: &Tm<'s>, op: &BinaryOp<&'s str>, right: &Tm<'s>) -> Option<Node> {
        if let BinaryOp::Pipe(Some(pattern)) = op {
            let Pattern::Var(name) = pattern else { return None };
            let source = self.node(left)?;
            self.bound.push(name);
            let body = self.node(right);
            self.bound.pop();
            return Some(Node::Bind(boxed(source), boxed(body?)));
        }
        if let BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt =
            op
        {
            let place = constant_path(left)?;
            let change = boxed(exact(self.node(right)?)?);
            return Some(match op {
                BinaryOp::Update => Node::Modify(place, change),
                BinaryOp::UpdateMath(math) => Node::ModifyWith(place, Some(*math), change),
                BinaryOp::UpdateAlt => Node::ModifyWith(place, None, change),
                _ => native("setpath", vec![Node::Const(place), *change])?,
            });
        }
        let (left, right) = (self.node(left)?, self.node(right)?);
        let (left, right) = (boxed(left), boxed(right));
        Some(match op {
            BinaryOp::Pipe(_) => Node::Pipe(left, right),
            BinaryOp::Comma => Node::Comma(left, right),
            BinaryOp::Alt => Node::Alt(left, right),
            BinaryOp::Or => Node::Logic(true, left, right),
            BinaryOp::And => Node::Logic(false, left, right),
            BinaryOp::Math(op) => Node::Math(left, *op, right),
            BinaryOp::Cmp(op) => Node::Cmp(left, *op, right),
            _ => return None,
        })
    }

    fn call(&mut self, name: &str, args: &[Tm<'s>]) -> Option<Node> {
        let keyed =
            |name: &str, f: Node| native(name, vec![Node::Map(boxed(Node::Array(boxed(f))))]);
        // A sole output orders as the array of it does. (Not so `nan` in `min_by` and `max_by`.)
        let sorted = |name: &str, f: Node| match f.outputs() {
            Outputs::One => native(name, vec![Node::Map(boxed(f))]),
            _ => keyed(name, f),
        };
        match (name, args) {
            ("true", []) => Some(Node::Const(true.into())),
            ("false", []) => Some(Node::Const(false.into())),
            ("null", []) => Some(Node::Const(Value::Null)),
            ("empty", []) => Some(Node::Empty),
            ("error", []) => Some(Node::Error(boxed(Node::Id))),
            ("error", [message]) => Some(Node::Error(boxed(single(self.node(message)?)?))),
            ("debug", []) => Some(Node::Id),
            ("first" | "last", []) => {
                let at = Node::Const(if name == "first" { 0.into() } else { (-1).into() });
                Some(Node::Path(boxed(Node::Id), [(Part::Index(at), false)].into()))
            }
            ("values", []) => {
                let is_null = Node::Cmp(boxed(Node::Id), Cmp::Ne, boxed(Node::Const(Value::Null)));
                Some(Node::Select(boxed(is_null)))
            }
            ("any" | "all", []) => Some(Node::Any(name == "any", boxed(Node::Id))),
            ("any" | "all", [f]) => Some(Node::Any(name == "any", boxed(self.node(f)?))),
            ("first", [f]) => Some(Node::First(boxed(self.node(f)?))),
            ("map", [f]) => Some(Node::Map(boxed(self.node(f)?))),
            ("select", [f]) => Some(Node::Select(boxed(single(self.node(f)?)?))),
            ("with_entries", [f]) => {
                let mapped = Node::Map(boxed(self.node(f)?));
                let back = Node::Pipe(boxed(mapped), boxed(native("from_entries", Vec::new())?));
                Some(Node::Pipe(boxed(native("to_entries", Vec::new())?), boxed(back)))
            }
            ("sort_by", [f]) => sorted("__sort_by", self.node(f)?),
            ("group_by", [f]) => sorted("__group_by", self.node(f)?),
            ("unique_by", [f]) => sorted("__unique_by", self.node(f)?),
            ("min_by", [f]) => keyed("__min_by", self.node(f)?),
            ("max_by", [f]) => keyed("__max_by", self.node(f)?),
            ("del", [place]) => native("__del", vec![Node::Const(constant_path(place)?)]),
            (format, []) if format.starts_with('@') => {
                native("__format", vec![Node::Const(format_name(format)?.into())])
            }
            (name, _) if name.starts_with("__") => None,
            (name, args) => {
                let args = args.iter().map(|arg| self.node(arg)).collect::<Option<Vec<_>>>()?;
                native(name, args)
            }
        }
    }
}

fn constant_key(term: &Tm<'_>) -> Option<Str> {
    match term {
        Term::Str(None, parts) => match &parts[..] {
            [] => Some("".into()),
            [StrPart::Str(text)] => Some((*text).into()),
            _ => None,
        },
        _ => None,
    }
}

/// A path of nothing but keys, as a value.
fn constant_path(term: &Tm<'_>) -> Option<Value> {
    let Term::Path(head, path) = term else { return None };
    let keys = path.0.iter().map(|(part, opt)| match (part, opt) {
        (path::Part::Index(key), Opt::Essential) => constant_key(key).map(Value::String),
        _ => None,
    });
    matches!(**head, Term::Id).then(|| keys.collect::<Option<Vec<_>>>())?.map(Value::from)
}

/// The name of a format that exists, without the sign.
fn format_name(name: &str) -> Option<&str> {
    let name = name.strip_prefix('@')?;
    super::super::ops::FORMATS.contains(&name).then_some(name)
}
