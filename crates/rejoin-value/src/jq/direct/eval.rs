//! Running a [`Node`].

use super::{
    super::{
        limits::{charge_items, charge_string, tick},
        ops::{self, Fail, Outcome},
    },
    Key, Node, Part, Piece,
};
use crate::{Object, Value};
use jaq_core::ops::{Cmp, Math};

/// The bindings around a term.
pub(in crate::jq) struct Env<'e> {
    pub(in crate::jq) globals: &'e [Value],
    pub(in crate::jq) bound: Option<Bound<'e>>,
}

pub(in crate::jq) struct Bound<'e> {
    value: Value,
    outer: &'e Env<'e>,
}

/// Whether more outputs are wanted.
type Go = Outcome<bool>;
type Sink<'k> = &'k mut dyn FnMut(Value) -> Go;

impl Node {
    /// Gives all outputs for an input to `sink`, until it wants no more.
    pub(in crate::jq) fn each(&self, env: &Env<'_>, input: &Value, sink: Sink<'_>) -> Go {
        if self.is_exact() {
            return sink(self.one(env, input)?);
        }
        tick();
        match self {
            Node::Path(head, parts) => self::path(head, parts, env, input, sink),
            Node::Pipe(left, right) => {
                left.each(env, input, &mut |middle| right.each(env, &middle, sink))
            }
            Node::Bind(source, body) => source.each(env, input, &mut |value| {
                let env = Env { globals: env.globals, bound: Some(Bound { value, outer: env }) };
                body.each(&env, input, sink)
            }),
            Node::Comma(left, right) => {
                Ok(left.each(env, input, sink)? && right.each(env, input, sink)?)
            }
            Node::Alt(left, right) => alternative(left, right, env, input, sink),
            Node::Try(body, catch) => attempt(body, catch.as_deref(), env, input, sink),
            Node::If(condition, then, otherwise) => match condition.up_to_one(env, input)? {
                Some(condition) if condition.is_truthy() => then.each(env, input, sink),
                Some(_) => otherwise.each(env, input, sink),
                None => Ok(true),
            },
            Node::Select(condition) => match condition.up_to_one(env, input)? {
                Some(condition) if condition.is_truthy() => sink(input.clone()),
                _ => Ok(true),
            },
            Node::First(node) => {
                let first = node.first(env, input)?;
                first.map_or(Ok(true), sink)
            }
            Node::Empty => Ok(true),
            Node::Error(message) => match message.up_to_one(env, input)? {
                Some(value) => Err(Fail(value)),
                None => Ok(true),
            },
            Node::Neg(node) => node.each(env, input, &mut |value| sink(ops::neg(&value)?)),
            Node::Math(left, op, right) => {
                operands(left, right, env, input, &mut |l, r| sink(math(l, *op, r)?))
            }
            Node::Cmp(left, op, right) => {
                operands(left, right, env, input, &mut |l, r| sink(op.run(&l, &r).into()))
            }
            Node::Logic(decides, left, right) => left.each(env, input, &mut |l| {
                if l.is_truthy() == *decides {
                    return sink((*decides).into());
                }
                right.each(env, input, &mut |r| sink(r.is_truthy().into()))
            }),
            Node::Text(pieces) => match text(pieces, env, input)? {
                Some(text) => sink(text),
                None => Ok(true),
            },
            Node::Object(entries) => match object(entries, env, input)? {
                Some(object) => sink(object),
                None => Ok(true),
            },
            Node::Native(function, args) => {
                let mut values = [Value::Null, Value::Null, Value::Null];
                for (slot, arg) in values.iter_mut().zip(args) {
                    match arg.up_to_one(env, input)? {
                        Some(value) => *slot = value,
                        None => return Ok(true),
                    }
                }
                sink(function(input.clone(), &values[..args.len()])?)
            }
            Node::Exact(_)
            | Node::Id
            | Node::Const(_)
            | Node::Var(_)
            | Node::Global(_)
            | Node::Array(_)
            | Node::Map(_)
            | Node::Any(..)
            | Node::Modify(..)
            | Node::ModifyWith(..) => sink(self.one(env, input)?),
        }
    }

    /// True if [`one`](Self::one) may be asked.
    pub(super) fn is_exact(&self) -> bool {
        matches!(
            self,
            Node::Exact(_)
                | Node::Id
                | Node::Const(_)
                | Node::Var(_)
                | Node::Global(_)
                | Node::Array(_)
                | Node::Map(_)
                | Node::Any(..)
                | Node::Modify(..)
                | Node::ModifyWith(..)
        )
    }

    fn up_to_one(&self, env: &Env<'_>, input: &Value) -> Outcome<Option<Value>> {
        if self.is_exact() { self.one(env, input).map(Some) } else { self.first(env, input) }
    }

    fn first(&self, env: &Env<'_>, input: &Value) -> Outcome<Option<Value>> {
        let mut first = None;
        self.each(env, input, &mut |value| {
            first = Some(value);
            Ok(false)
        })?;
        Ok(first)
    }

    /// The output of a term that only points at something, without a copy.
    ///
    /// `None` is no answer: [`one`](Self::one) knows more.
    fn peek<'v>(&'v self, env: &'v Env<'_>, input: &'v Value) -> Option<&'v Value> {
        match self {
            Node::Exact(node) => node.peek(env, input),
            Node::Id => Some(input),
            Node::Const(value) => Some(value),
            Node::Global(at) => Some(&env.globals[*at]),
            Node::Var(n) => Some(env.var(*n)),
            Node::Path(head, parts) => {
                let start = head.peek(env, input)?;
                parts.iter().try_fold(start, |at, (part, _)| match (part, at) {
                    (Part::Key(key), Value::Object(object)) => {
                        Some(object.get(key).unwrap_or(&Value::Null))
                    }
                    (Part::Key(_), Value::Null) => Some(at),
                    (Part::Index(Node::Const(Value::Number(n))), Value::Array(array)) => {
                        array.get(usize::try_from(n.as_int()?).ok()?)
                    }
                    _ => None,
                })
            }
            _ => None,
        }
    }

    /// The output of a term that has exactly one.
    fn one(&self, env: &Env<'_>, input: &Value) -> Outcome {
        tick();
        Ok(match self {
            Node::Exact(node) => return node.one(env, input),
            Node::Id => input.clone(),
            Node::Const(value) => value.clone(),
            Node::Global(at) => env.globals[*at].clone(),
            Node::Var(n) => env.var(*n).clone(),
            Node::Path(head, parts) => match self.peek(env, input) {
                Some(value) => value.clone(),
                None => follow(&head.one(env, input)?, parts, env, input)?,
            },
            Node::Array(node) => {
                let mut items = Vec::new();
                node.each(env, input, &mut |value| {
                    items.push(value);
                    Ok(true)
                })?;
                charge_items(items.len());
                items.into()
            }
            Node::Map(node) => map(node, env, input)?,
            Node::Any(wanted, node) => {
                let mut found = false;
                each_child(input, &mut |item| {
                    node.each(env, item, &mut |value| {
                        found = value.is_truthy() == *wanted;
                        Ok(!found)
                    })?;
                    Ok(!found)
                })?;
                (found == *wanted).into()
            }
            Node::Pipe(left, right) => {
                let middle = left.one(env, input)?;
                right.one(env, &middle)?
            }
            Node::Bind(source, body) => {
                let value = source.one(env, input)?;
                let env = Env { globals: env.globals, bound: Some(Bound { value, outer: env }) };
                body.one(&env, input)?
            }
            Node::Neg(node) => ops::neg(&node.one(env, input)?)?,
            Node::Math(left, op, right) => {
                let right = right.one(env, input)?;
                math(left.one(env, input)?, *op, right)?
            }
            Node::Cmp(left, op, right) => compare(left, *op, right, env, input)?.into(),
            Node::Logic(decides, left, right) => {
                let left = left.one(env, input)?.is_truthy();
                let truth =
                    if left == *decides { left } else { right.one(env, input)?.is_truthy() };
                truth.into()
            }
            Node::If(condition, then, otherwise) => {
                let truth = condition.one(env, input)?.is_truthy();
                if truth { then } else { otherwise }.one(env, input)?
            }
            Node::Native(function, args) => {
                let mut values = [Value::Null, Value::Null, Value::Null];
                for (slot, arg) in values.iter_mut().zip(args) {
                    *slot = arg.one(env, input)?;
                }
                function(input.clone(), &values[..args.len()])?
            }
            Node::Modify(place, change) => {
                let old = ops::getpath(input, place)?;
                ops::setpath(input.clone(), place, change.one(env, &old)?)?
            }
            Node::ModifyWith(place, op, operand) => {
                let operand = operand.one(env, input)?;
                let old = ops::getpath(input, place)?;
                let new = match op {
                    Some(op) => math(old, *op, operand)?,
                    None if old.is_truthy() => old,
                    None => operand,
                };
                ops::setpath(input.clone(), place, new)?
            }
            Node::Text(pieces) => text(pieces, env, input)?.unwrap_or_default(),
            Node::Object(entries) => object(entries, env, input)?.unwrap_or_default(),
            Node::Error(message) => return Err(Fail(message.one(env, input)?)),
            Node::Alt(..)
            | Node::Try(..)
            | Node::Select(_)
            | Node::First(_)
            | Node::Empty
            | Node::Comma(..) => {
                let mut output = None;
                let sink: Sink<'_> = &mut |value| {
                    output = Some(value);
                    Ok(false)
                };
                match self {
                    Node::Alt(left, right) => alternative(left, right, env, input, sink)?,
                    Node::Try(body, catch) => attempt(body, catch.as_deref(), env, input, sink)?,
                    other => unreachable!("{other:?} has not exactly one output"),
                };
                output.unwrap_or_default()
            }
        })
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        matches!((self, other), (Node::Id, Node::Id))
    }
}

impl Env<'_> {
    fn var(&self, n: usize) -> &Value {
        let mut env = self;
        for _ in 0..n {
            env = env.bound.as_ref().map_or(env, |bound| bound.outer);
        }
        env.bound.as_ref().map_or(&Value::Null, |bound| &bound.value)
    }
}

fn math(left: Value, op: Math, right: Value) -> Outcome {
    match op {
        Math::Add => ops::add(left, right),
        Math::Sub => ops::sub(&left, &right),
        Math::Mul => ops::mul(left, right),
        Math::Div => ops::div(&left, &right),
        Math::Rem => ops::rem(&left, &right),
    }
}

fn compare(left: &Node, op: Cmp, right: &Node, env: &Env<'_>, input: &Value) -> Outcome<bool> {
    // Most comparisons are of a field with a constant, and neither need be copied.
    if let (Some(left), Some(right)) = (left.peek(env, input), right.peek(env, input)) {
        tick();
        return Ok(op.run(left, right));
    }
    let right = right.one(env, input)?;
    Ok(op.run(&left.one(env, input)?, &right))
}

/// The value at the end of a path whose parts have one output each.
fn follow(start: &Value, parts: &[(Part, bool)], env: &Env<'_>, input: &Value) -> Outcome {
    let owned: Value;
    let mut at: &Value = start;
    for (n, (part, _)) in parts.iter().enumerate() {
        match (part, at) {
            (Part::Key(key), Value::Object(object)) => {
                at = object.get(key).unwrap_or(&Value::Null);
            }
            (Part::Key(_), Value::Null) => {}
            _ => {
                // Everything that is not an object's key makes a value of its own; go on from it.
                owned = match part {
                    Part::Key(key) => ops::index(at, &Value::String(key.clone()))?,
                    Part::Index(index) => ops::index(at, &index.one(env, input)?)?,
                    Part::Slice(from, to) => {
                        let bound = |bound: &Option<Node>| {
                            bound.as_ref().map(|node| node.one(env, input)).transpose()
                        };
                        let (from, to) = (bound(from)?, bound(to)?);
                        ops::slice(at, from.as_ref(), to.as_ref())?
                    }
                    Part::Each => unreachable!("`.[]` has not exactly one output"),
                };
                return follow(&owned, &parts[n + 1..], env, input);
            }
        }
    }
    Ok(at.clone())
}

fn each_child(value: &Value, f: &mut dyn FnMut(&Value) -> Go) -> Go {
    match value {
        Value::Array(array) => {
            for item in array {
                if !f(item)? {
                    return Ok(false);
                }
            }
        }
        Value::Object(object) => {
            for item in object.values() {
                if !f(item)? {
                    return Ok(false);
                }
            }
        }
        other => return Err(ops::no_children(other)),
    }
    Ok(true)
}

fn map(node: &Node, env: &Env<'_>, input: &Value) -> Outcome {
    let capacity = match input {
        Value::Array(array) => array.len(),
        Value::Object(object) => object.len(),
        _ => 0,
    };
    charge_items(capacity);
    let mut items = Vec::with_capacity(capacity);
    let exact = node.is_exact();
    each_child(input, &mut |item| {
        if exact {
            items.push(node.one(env, item)?);
            return Ok(true);
        }
        node.each(env, item, &mut |value| {
            items.push(value);
            Ok(true)
        })
    })?;
    if items.len() > capacity {
        charge_items(items.len() - capacity);
    }
    Ok(items.into())
}

fn path(head: &Node, parts: &[(Part, bool)], env: &Env<'_>, input: &Value, sink: Sink<'_>) -> Go {
    if *head == Node::Id {
        return walk(input, parts, env, input, sink);
    }
    head.each(env, input, &mut |start| walk(&start, parts, env, input, sink))
}

/// All values at the ends of a path.
fn walk(at: &Value, parts: &[(Part, bool)], env: &Env<'_>, input: &Value, sink: Sink<'_>) -> Go {
    let Some(((part, optional), rest)) = parts.split_first() else { return sink(at.clone()) };
    let next = match part {
        Part::Each => {
            if *optional && !at.is_container() {
                return Ok(true);
            }
            return each_child(at, &mut |child| {
                tick();
                walk(child, rest, env, input, sink)
            });
        }
        Part::Key(key) => match at {
            Value::Object(object) => {
                return walk(object.get(key).unwrap_or(&Value::Null), rest, env, input, sink);
            }
            at => ops::index(at, &Value::String(key.clone())),
        },
        Part::Index(index) => match index.up_to_one(env, input)? {
            Some(index) => ops::index(at, &index),
            None => return Ok(true),
        },
        Part::Slice(from, to) => {
            let bound = |bound: &Option<Node>| match bound {
                None => Ok(Some(None)),
                Some(node) => Ok(node.up_to_one(env, input)?.map(Some)),
            };
            match (bound(from)?, bound(to)?) {
                (Some(from), Some(to)) => ops::slice(at, from.as_ref(), to.as_ref()),
                _ => return Ok(true),
            }
        }
    };
    match next {
        Ok(next) => walk(&next, rest, env, input, sink),
        Err(_) if *optional => Ok(true),
        Err(fail) => Err(fail),
    }
}

/// What is wrong further on is no business of a `try` or `//` that it passes on its way up, so it
/// waits here until the way is free.
struct Shield<'k, 's> {
    sink: Sink<'k>,
    outcome: &'s mut Go,
}

impl Shield<'_, '_> {
    fn pass(&mut self, value: Value) -> Go {
        *self.outcome = (self.sink)(value);
        Ok(matches!(self.outcome, Ok(true)))
    }
}

fn alternative(left: &Node, right: &Node, env: &Env<'_>, input: &Value, sink: Sink<'_>) -> Go {
    let mut found = false;
    let mut outcome = Ok(true);
    let mut shield = Shield { sink: &mut *sink, outcome: &mut outcome };
    let _errors_count_as_nothing = left.each(env, input, &mut |value| {
        if !value.is_truthy() {
            return Ok(true);
        }
        found = true;
        shield.pass(value)
    });
    if found { outcome } else { right.each(env, input, sink) }
}

fn attempt(body: &Node, catch: Option<&Node>, env: &Env<'_>, input: &Value, sink: Sink<'_>) -> Go {
    let mut outcome = Ok(true);
    let mut shield = Shield { sink: &mut *sink, outcome: &mut outcome };
    match (body.each(env, input, &mut |value| shield.pass(value)), catch) {
        (Ok(_), _) => outcome,
        (Err(Fail(value)), Some(catch)) => catch.each(env, &value, sink),
        (Err(_), None) => Ok(true),
    }
}

/// All pairs of what two terms give; the right one counts outside, as in jq.
fn operands(
    left: &Node,
    right: &Node,
    env: &Env<'_>,
    input: &Value,
    f: &mut dyn FnMut(Value, Value) -> Go,
) -> Go {
    right.each(env, input, &mut |r| left.each(env, input, &mut |l| f(l, r.clone())))
}

/// The error, unless one of the terms that come after has no output.
fn unless_silenced<'n>(
    fail: Fail,
    later: impl IntoIterator<Item = &'n Node>,
    env: &Env<'_>,
    input: &Value,
) -> Outcome<()> {
    let is_silent = |node: &Node| matches!(node.up_to_one(env, input), Ok(None));
    if later.into_iter().any(is_silent) { Ok(()) } else { Err(fail) }
}

fn text(pieces: &[Piece], env: &Env<'_>, input: &Value) -> Outcome<Option<Value>> {
    let mut text = String::new();
    for (n, piece) in pieces.iter().enumerate() {
        let (node, format) = match piece {
            Piece::Text(s) => {
                text.push_str(s);
                continue;
            }
            Piece::Value(node, format) => (node, format),
        };
        let shown = |value| match format {
            None => Ok(ops::tostring(value)),
            Some(format) => ops::format(format, value),
        };
        match node.up_to_one(env, input).and_then(|value| value.map(shown).transpose()) {
            Ok(Some(value)) => text.push_str(value.as_str().unwrap_or_default()),
            Ok(None) => return Ok(None),
            Err(fail) => {
                let later = pieces[n + 1..].iter().filter_map(|piece| match piece {
                    Piece::Value(node, _) => Some(node),
                    Piece::Text(_) => None,
                });
                return unless_silenced(fail, later, env, input).map(|()| None);
            }
        }
    }
    charge_string(text.len());
    Ok(Some(text.into()))
}

fn object(entries: &[(Key, Node)], env: &Env<'_>, input: &Value) -> Outcome<Option<Value>> {
    charge_items(entries.len() * 2);
    let mut made = Vec::with_capacity(entries.len());
    for (n, (key, value)) in entries.iter().enumerate() {
        let entry = match key {
            Key::Text(key) => {
                value.up_to_one(env, input).map(|value| value.map(|value| (key.clone(), value)))
            }
            Key::Computed(key) => computed_entry(key, value, env, input),
        };
        match entry {
            Ok(Some(entry)) => made.push(entry),
            Ok(None) => return Ok(None),
            Err(fail) => {
                let later = entries[n + 1..].iter().flat_map(|(key, value)| match key {
                    Key::Text(_) => [Some(value), None],
                    Key::Computed(key) => [Some(key), Some(value)],
                });
                return unless_silenced(fail, later.flatten(), env, input).map(|()| None);
            }
        }
    }
    Ok(Some(Object::from_entries(made).into()))
}

fn computed_entry(
    key: &Node,
    value: &Node,
    env: &Env<'_>,
    input: &Value,
) -> Outcome<Option<(crate::Str, Value)>> {
    let key = match key.up_to_one(env, input) {
        Ok(Some(key)) => key,
        Ok(None) => return Ok(None),
        Err(fail) => return unless_silenced(fail, [value], env, input).map(|()| None),
    };
    match value.up_to_one(env, input)? {
        Some(value) => Ok(Some((ops::object_key(key)?, value))),
        None => Ok(None),
    }
}
