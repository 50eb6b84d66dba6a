//! Runs one operation: fields beside each other, the fields of a mutation one after the other.
//!
//! What is there already is put together at once; only what a resolver makes is waited for. All resolvers of one level
//! are under way before the first of them is waited for, so that their loads meet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::{self, Field, SelectionSet};
use apollo_compiler::schema::{FieldDefinition, ObjectType};
use futures_util::future::{BoxFuture, join_all};
use rejoin_engine::{Abort, Operation};
use rejoin_value::{Object, Value};

use super::collect::Collector;
use super::error::{At, Key, Place, Problem};
use super::input;
use super::schema::Schema;

/// An operation under way.
pub(super) struct Execution<'a> {
    pub(super) schema: &'a Schema,
    pub(super) document: &'a ExecutableDocument,
    pub(super) variables: &'a Object,
    /// Where resolvers run.
    pub(super) engine: &'a Operation,
    /// What resolvers see as their `context`.
    pub(super) caller: Value,
    /// What the schema says of itself, by key in the answer.
    pub(super) introspected: Object,
    /// How many values the answer may still have.
    pub(super) left: AtomicUsize,
    /// Whether it had more.
    pub(super) is_full: AtomicBool,
}

/// A part of the answer.
pub(super) struct Done {
    /// `None` if it is null where null cannot be, so that what holds it has to be.
    pub(super) value: Option<Value>,
    pub(super) problems: Vec<Problem>,
}

impl Done {
    pub(super) fn of(value: Value) -> Self {
        Self { value: Some(value), problems: Vec::new() }
    }

    pub(super) fn failed(problem: Problem) -> Self {
        Self { value: None, problems: vec![problem] }
    }

    /// Null stays here, if it can.
    fn within(self, ty: &Type) -> Self {
        match self.value {
            None if !ty.is_non_null() => Self { value: Some(Value::Null), ..self },
            _ => self,
        }
    }
}

/// A part of the answer, or the wait for it.
pub(super) enum Part<'a> {
    Ready(Done),
    Pending(BoxFuture<'a, Done>),
}

impl<'a> Part<'a> {
    pub(super) async fn done(self) -> Done {
        match self {
            Part::Ready(done) => done,
            Part::Pending(future) => future.await,
        }
    }

    fn map(self, change: impl FnOnce(Done) -> Done + Send + 'a) -> Part<'a> {
        match self {
            Part::Ready(done) => Part::Ready(change(done)),
            Part::Pending(future) => Part::Pending(Box::pin(async move { change(future.await) })),
        }
    }
}

/// Puts parts together, whether they are ready or not.
pub(super) fn together<'a>(
    parts: Vec<Part<'a>>,
    make: impl FnOnce(Vec<Done>) -> Done + Send + 'a,
) -> Part<'a> {
    if parts.iter().all(|part| matches!(part, Part::Ready(_))) {
        let ready = parts.into_iter().map(|part| match part {
            Part::Ready(done) => done,
            Part::Pending(_) => unreachable!("all are ready"),
        });
        return Part::Ready(make(ready.collect()));
    }
    Part::Pending(Box::pin(async move { make(join_all(parts.into_iter().map(Part::done)).await) }))
}

impl<'a> Execution<'a> {
    /// The whole operation.
    pub(super) async fn run(&'a self, operation: &'a executable::Operation) -> Done {
        let Some(root) = self.schema.types.get_object(operation.object_type().as_str()) else {
            return Done::failed(Problem::new("the schema has no type for this operation"));
        };
        let sets = std::iter::once(&operation.selection_set);
        if !operation.is_mutation() {
            return self.object(root, Value::Null, sets, None).done().await;
        }
        let mut done = Vec::new();
        let fields = self.collector().collect(root, sets);
        let keys: Vec<&str> = fields.keys().copied().collect();
        for (key, fields) in fields {
            done.push(self.field(root, &Value::Null, key, fields, None).done().await);
        }
        assemble(&keys, done)
    }

    fn collector(&self) -> Collector<'a> {
        Collector { types: &self.schema.types, document: self.document, variables: self.variables }
    }

    /// The fields that are asked of an object.
    pub(super) fn object(
        &'a self,
        ty: &'a ObjectType,
        value: Value,
        sets: impl Iterator<Item = &'a SelectionSet>,
        here: Option<Arc<Place<'a>>>,
    ) -> Part<'a> {
        let fields = self.collector().collect(ty, sets);
        let keys: Vec<&str> = fields.keys().copied().collect();
        let parts = fields
            .into_iter()
            .map(|(key, fields)| self.field(ty, &value, key, fields, here.as_ref()));
        together(parts.collect(), move |done| assemble(&keys, done))
    }

    fn field(
        &'a self,
        owner: &'a ObjectType,
        object: &Value,
        key: &'a str,
        fields: Vec<&'a Field>,
        here: Option<&Arc<Place<'a>>>,
    ) -> Part<'a> {
        let field = fields[0];
        let name = field.name.as_str();
        if name == "__typename" {
            return Part::Ready(Done::of(owner.name.as_str().into()));
        }
        if matches!(name, "__schema" | "__type") && here.is_none() {
            return Part::Ready(Done::of(self.introspected.get(key).cloned().unwrap_or_default()));
        }
        let at = At { up: here, key: Key::Field(key) };
        let Ok(definition) = self.schema.types.type_field(&owner.name, name) else {
            let message = format!("`{}` has no field `{name}`", owner.name);
            return Part::Ready(Done::failed(self.problem(message, field, at)));
        };
        let Some(resolver) = self.schema.resolver(owner.name.as_str(), name) else {
            let value = object.get(name).cloned().unwrap_or_default();
            return self.complete(&definition.ty, fields.into(), value, at);
        };
        let state = match self.state(definition, field, object) {
            Ok(state) => state,
            Err(message) => {
                let failed = Done::failed(self.problem(message, field, at));
                return Part::Ready(failed.within(&definition.ty));
            }
        };
        let place = at.place();
        let resolving = self.engine.resolve(resolver, state);
        Part::Pending(Box::pin(async move {
            let at = At { up: place.up(), key: Key::Field(key) };
            match resolved(resolving.await) {
                Ok(value) => self.complete(&definition.ty, fields.into(), value, at).done().await,
                Err(problem) => {
                    let problem = self.located(problem, field).of_path(place.path());
                    Done::failed(problem).within(&definition.ty)
                }
            }
        }))
    }

    /// What a resolver starts with.
    fn state(
        &self,
        definition: &FieldDefinition,
        field: &Field,
        parent: &Value,
    ) -> Result<Value, String> {
        let args = input::arguments(&self.schema.types, definition, field, self.variables)?;
        Ok(state(parent.clone(), self.caller.clone(), args))
    }

    pub(super) fn problem(&self, message: String, field: &Field, at: At<'_, 'a>) -> Problem {
        self.located(Problem::new(message), field).of_path(at.place().path())
    }

    fn located(&self, problem: Problem, field: &Field) -> Problem {
        problem.located(field.name.location(), &self.document.sources)
    }

    /// Whether the answer had no room for all of its values.
    pub(super) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// One more value in the answer, if it has room.
    pub(super) fn spend(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let has_room = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if !has_room {
            self.is_full.store(true, Ordering::Relaxed);
        }
        has_room
    }

    pub(super) fn within(&'a self, part: Part<'a>, ty: &'a Type) -> Part<'a> {
        part.map(|done| done.within(ty))
    }
}

/// The state of a resolver: its object, who asks, and its arguments, also each by its name.
pub(super) fn state(parent: Value, caller: Value, args: Object) -> Value {
    let mut state = Object::new();
    for (name, value) in &args {
        state.insert(name.clone(), value.clone());
    }
    state.insert("parent", parent);
    state.insert("context", caller);
    state.insert("args", args);
    state.into()
}

/// What a resolver made, or why it made nothing: an object with errors is one.
fn resolved(ended: Result<Value, Abort>) -> Result<Value, Problem> {
    let value = match ended {
        Ok(value) => value,
        Err(abort) => return Err(Problem::new(format!("{}: {}", abort.title, abort.detail))),
    };
    let errors = value.get("errors").and_then(Value::as_array);
    let Some(first) = errors.and_then(|errors| errors.first()) else { return Ok(value) };
    let kind = first.get("type").filter(|kind| kind.as_str().is_some());
    let message = match (first.get("message").and_then(Value::as_str), kind) {
        (Some(message), _) => message.to_owned(),
        (None, Some(kind)) => kind.as_str().unwrap_or_default().to_owned(),
        (None, None) => first.as_str().unwrap_or("the resolver failed").to_owned(),
    };
    Err(Problem::new(message).of_kind(kind))
}

fn assemble(keys: &[&str], done: Vec<Done>) -> Done {
    let mut problems = Vec::new();
    let mut object = Some(Object::with_capacity(keys.len()));
    for (key, part) in keys.iter().zip(done) {
        problems.extend(part.problems);
        match (part.value, &mut object) {
            (Some(value), Some(object)) => drop(object.insert(*key, value)),
            _ => object = None,
        }
    }
    Done { value: object.map(Value::from), problems }
}
