//! Runs functions: what `.cov` programs are lowered to.
//!
//! [`exec`] walks the steps, [`call`] calls, [`fork`] runs branches in a join of the library, [`compute`] has the operations and
//! [`library`] the pure functions; what acts on the world outside comes from a [`FunctionHost`].

mod append;
mod call;
mod compute;
mod data;
mod datum;
mod equality;
mod exec;
mod fork;
mod grants;
mod inputs;
mod library;
mod list;
mod lookup;
mod member;
mod missing;
mod pattern;
mod place;
mod plain;
mod record;
mod size;
mod test;
mod text;
mod typed;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rejoin_lang::plan::{Database, Function, Functions};
use rejoin_value::Value;

pub use data::store::{Answer as StoreAnswer, Store, StoreCall, Transaction, db_error};
pub use datum::Datum;
pub use grants::Grants;
pub use inputs::InputError;
pub use list::List;
pub use place::{CallPlace, Guest, Guests};
pub use record::Record;
pub use test::{FunctionBench, FunctionTested};
pub use text::Text;

/// A call of a host that is under way. Dropping it stops the work.
pub type HostCall = Pin<Box<dyn Future<Output = Datum> + Send>>;

/// What functions can do to the world outside.
pub trait FunctionHost: Send + Sync {
    /// Whether it has a function of this id.
    fn knows(&self, function: &str) -> bool;

    /// Calls one. The arguments stand in the order of its parameters, `none` where there is no value; a failure is a
    /// value of a type that ends in `Error`.
    fn call(&self, function: &str, arguments: Vec<Datum>, place: &CallPlace<'_>) -> HostCall;

    /// The database behind a declaration that says how to connect. Nothing is opened before its first statement.
    ///
    /// # Errors
    /// Why there is none, for whoever wrote the program.
    fn store(&self, _database: &Database) -> Result<Arc<dyn Store>, String> {
        Err("this host has no databases".to_owned())
    }
}

/// A program of functions with its host, ready to run.
#[derive(Clone)]
pub struct FunctionProgram {
    functions: Arc<Functions>,
    host: Arc<dyn FunctionHost>,
    needs: missing::Known,
    grants: Grants,
}

impl FunctionProgram {
    /// A program that was loaded without errors.
    pub fn new(functions: impl Into<Arc<Functions>>, host: Arc<dyn FunctionHost>) -> Self {
        let functions = functions.into();
        let needs = missing::Known::new(&functions);
        Self { needs, functions, host, grants: Grants::default() }
    }

    /// The same, with no other effects than these. A function that needs more is not started, and each call of the host is
    /// held to them.
    #[must_use]
    pub fn granted(self, grants: Grants) -> Self {
        Self { grants, ..self }
    }

    /// Runs the function with this id, or the only one with this name, on arguments given as text: a parameter of type
    /// `String` takes it as it is, the others take JSON, or failing that the text.
    ///
    /// The value may be a failure; see [`Datum::is_failure`].
    ///
    /// # Errors
    /// If nothing was run: there is no such function, an argument does not fit, or what it calls cannot run here.
    ///
    /// # Cancel safety
    /// Dropping it stops what runs; the nearest scope around it waits for its branches.
    pub async fn run(&self, name: &str, given: &[(String, String)]) -> Result<Datum, String> {
        let index = self.named(name)?;
        let function = &self.functions.functions[index];
        let arguments = inputs::from_texts(&self.functions.types, function, given)
            .map_err(|error| error.to_string())?;
        self.call(index, arguments).await
    }

    /// The index of the function with this id or name.
    ///
    /// # Errors
    /// If there is none, or if there are several of the name.
    pub fn named(&self, name: &str) -> Result<usize, String> {
        let functions = &self.functions.functions;
        self.functions.find(name).ok_or_else(|| {
            let ids = |which: &dyn Fn(&Function) -> bool| {
                let known = functions.iter().filter(|f| which(f)).map(|f| &*f.id);
                known.collect::<Vec<&str>>().join(", ")
            };
            let several = ids(&|function| *function.name == *name);
            if !several.is_empty() {
                return format!(
                    "several functions are called `{name}`: write the id of the one that is meant: {several}"
                );
            }
            let known = ids(&|function| function.body.is_some());
            match known.is_empty() {
                true => format!("there is no function `{name}`: the file has none"),
                false => format!("there is no function `{name}`: the file has {known}"),
            }
        })
    }

    /// What keeps the function of that index from being run here, if something does.
    pub fn missing(&self, index: usize) -> Option<String> {
        self.stores(index).err()
    }

    /// What it stores in and reads from, for one run.
    fn stores(&self, index: usize) -> Result<data::Stores, String> {
        let used = self.needs.databases(&self.functions, &*self.host, &self.grants, index)?;
        data::Stores::open(&self.functions, &*self.host, used)
    }

    /// The arguments of the function of that index, taken from the members of an object. Members that are none are refused
    /// if `strict`.
    ///
    /// # Errors
    /// The first that is missing or of another type.
    pub fn arguments(
        &self,
        index: usize,
        given: &Value,
        strict: bool,
    ) -> Result<Vec<Datum>, InputError> {
        inputs::from_value(&self.functions.types, &self.functions.functions[index], given, strict)
    }

    /// Runs the function of that index to its value, which may be a failure.
    ///
    /// # Errors
    /// If nothing was run, as something is [`missing`](Self::missing).
    ///
    /// # Cancel safety
    /// As that of [`run`](Self::run).
    pub async fn call(&self, index: usize, arguments: Vec<Datum>) -> Result<Datum, String> {
        let run = exec::Run::new(self, self.stores(index)?);
        let value = run.guests.beside(run.call(index, arguments)).await;
        run.guests.end().await;
        Ok(if value.is_too_large() { Datum::too_large() } else { value })
    }

    /// The same functions with another host.
    #[must_use]
    pub fn with_host(&self, host: Arc<dyn FunctionHost>) -> Self {
        Self { host, ..self.clone() }
    }
}

/// What tests call in place of the function with this id.
fn stand_in<'f>(program: &'f Functions, id: &str) -> Option<&'f Function> {
    program.stand_ins.iter().find(|one| *one.of == *id).map(|one| &one.function)
}

impl fmt::Debug for FunctionProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionProgram")
            .field("functions", &self.functions)
            .finish_non_exhaustive()
    }
}
