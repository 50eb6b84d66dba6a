//! Errors as GraphQL has them: a message, where in the document, where in the answer.

use std::sync::Arc;

use apollo_compiler::parser::{LineColumn, SourceMap, SourceSpan};
use rejoin_value::{Object, Value};

/// The type that programs know such errors by.
const TYPE: &str = "graphqlError";

/// One error of an operation.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    message: String,
    place: Option<LineColumn>,
    path: Option<Value>,
    /// The type of the error that a resolver ended with.
    kind: Option<Value>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, path: None, kind: None }
    }

    pub(super) fn at(message: String, at: Option<SourceSpan>, sources: &SourceMap) -> Self {
        let place = at.and_then(|at| at.line_column(sources));
        Self { place, ..Self::new(message) }
    }

    pub(super) fn located(self, at: Option<SourceSpan>, sources: &SourceMap) -> Self {
        Self { place: at.and_then(|at| at.line_column(sources)), ..self }
    }

    pub(super) fn of_path(self, path: Value) -> Self {
        Self { path: Some(path), ..self }
    }

    pub(super) fn of_kind(self, kind: Option<&Value>) -> Self {
        Self { kind: kind.cloned(), ..self }
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// As it stands in an answer.
    fn entry(&self) -> Object {
        let mut entry = Object::new();
        entry.insert("message", self.message.as_str());
        if let Some(place) = self.place {
            let mut location = Object::new();
            location.insert("line", place.line);
            location.insert("column", place.column);
            entry.insert("locations", Value::from_iter([Value::from(location)]));
        }
        if let Some(path) = &self.path {
            entry.insert("path", path.clone());
        }
        if let Some(kind) = &self.kind {
            let mut extensions = Object::new();
            extensions.insert("type", kind.clone());
            entry.insert("extensions", extensions);
        }
        entry
    }
}

/// What an operation came to.
#[derive(Clone, Debug)]
pub(super) struct Response {
    /// `None` if nothing of it ran.
    pub(super) data: Option<Value>,
    pub(super) problems: Vec<Problem>,
}

impl Response {
    /// Nothing ran, because of these.
    pub(super) fn refused(problems: Vec<Problem>) -> Self {
        Self { data: None, problems }
    }

    /// As clients get it.
    pub(super) fn into_answer(self) -> Value {
        let errors = self.problems.iter().map(|problem| problem.entry().into());
        answer(self.data, errors.collect())
    }

    /// As programs get it: each error has a type, by which `result` branches know it.
    pub(super) fn into_state(self) -> Value {
        let errors = self.problems.iter().map(|problem| typed(&problem.entry()));
        answer(self.data, errors.collect())
    }
}

/// An error of an answer with the type that programs know it by.
pub(super) fn typed(entry: &Object) -> Value {
    let mut typed = Object::with_capacity(entry.len() + 1);
    typed.insert("type", TYPE);
    for (key, value) in entry {
        if &**key != "type" {
            typed.insert(key.clone(), value.clone());
        }
    }
    typed.into()
}

/// `{data, errors}`, without what there is not.
pub(super) fn answer(data: Option<Value>, errors: Vec<Value>) -> Value {
    let mut answer = Object::new();
    if let Some(data) = data {
        answer.insert("data", data);
    }
    if !errors.is_empty() {
        answer.insert("errors", Value::from_iter(errors));
    }
    answer.into()
}

/// A place in the answer, from the innermost key outwards.
#[derive(Debug)]
pub(super) struct Place<'a> {
    key: Key<'a>,
    up: Option<Arc<Place<'a>>>,
}

/// A step on the way to a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key<'a> {
    Field(&'a str),
    Item(usize),
}

/// A place that is made into a [`Place`] only when something stays there.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'p, 'a> {
    pub(super) up: Option<&'p Arc<Place<'a>>>,
    pub(super) key: Key<'a>,
}

impl<'a> At<'_, 'a> {
    pub(super) fn place(&self) -> Arc<Place<'a>> {
        Arc::new(Place { key: self.key, up: self.up.cloned() })
    }
}

impl<'a> Place<'a> {
    pub(super) fn up(&self) -> Option<&Arc<Place<'a>>> {
        self.up.as_ref()
    }

    /// The keys from the outermost inwards.
    pub(super) fn path(&self) -> Value {
        let mut keys = Vec::new();
        let mut here = Some(self);
        while let Some(place) = here {
            keys.push(match place.key {
                Key::Field(name) => Value::from(name),
                Key::Item(index) => Value::from(index),
            });
            here = place.up.as_deref();
        }
        keys.reverse();
        Value::from_iter(keys)
    }
}
