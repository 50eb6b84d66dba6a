//! Runs functions: what `.cov` programs are lowered to.
//!
//! [`exec`] walks the steps, [`fork`] runs branches in a join of the library, [`compute`] has the operations and
//! [`library`] the pure functions; what acts on the world outside comes from a [`FunctionHost`].

mod compute;
mod datum;
mod exec;
mod fork;
mod library;
mod missing;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rejoin_lang::plan::{FunctionParam, Functions};
use rejoin_value::Value;

pub use datum::{Datum, Record};

/// A call of a host that is under way. Dropping it stops the work.
pub type HostCall = Pin<Box<dyn Future<Output = Datum> + Send>>;

/// What functions can do to the world outside.
pub trait FunctionHost: Send + Sync {
    /// Whether it has a function of this id.
    fn knows(&self, function: &str) -> bool;

    /// Calls one. The arguments stand in the order of its parameters, `none` where there is no value; a failure is a
    /// value of a type that ends in `Error`.
    fn call(&self, function: &str, arguments: Vec<Datum>) -> HostCall;
}

/// A program of functions with its host, ready to run.
#[derive(Clone)]
pub struct FunctionProgram {
    functions: Arc<Functions>,
    host: Arc<dyn FunctionHost>,
}

impl FunctionProgram {
    /// A program that was loaded without errors.
    pub fn new(functions: Functions, host: Arc<dyn FunctionHost>) -> Self {
        Self { functions: Arc::new(functions), host }
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
        let functions = &self.functions.functions;
        let Some(index) = self.functions.find(name) else {
            let known: Vec<&str> =
                functions.iter().filter(|f| f.body.is_some()).map(|f| &*f.id).collect();
            return Err(format!(
                "there is no function `{name}`: the file has {}",
                known.join(", ")
            ));
        };
        let params = &functions[index].params;
        if let Some((name, _)) =
            given.iter().find(|(name, _)| params.iter().all(|param| *param.name != **name))
        {
            let known: Vec<&str> = params.iter().map(|param| &*param.name).collect();
            let takes = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!("no parameter is called `{name}`: it takes {takes}"));
        }
        let mut arguments = Vec::new();
        for param in params {
            let text = given.iter().rev().find(|(name, _)| **name == *param.name);
            arguments.push(match text {
                Some((_, text)) => argument(param, text)?,
                None if param.optional => Datum::from(&param.default),
                None => {
                    let name = &param.name;
                    return Err(format!(
                        "the parameter `{name}` has no value: add `--arg {name}=…`"
                    ));
                }
            });
        }
        if let Some(missing) = missing::find(&self.functions, &*self.host, index) {
            return Err(missing);
        }
        Ok(exec::Run::new(self).call(index, arguments).await)
    }
}

fn argument(param: &FunctionParam, text: &str) -> Result<Datum, String> {
    if param.kind.trim_end_matches('?') == "String" {
        return Ok(Datum::text(text));
    }
    let read = Value::parse(text.as_bytes());
    let value = read.map_or_else(|_| Datum::text(text), |value| Datum::from(&value));
    let fits = match param.kind.trim_end_matches('?') {
        "Int" | "Bool" => value.is_a(&param.kind),
        "Float" => matches!(value, Datum::Int(_) | Datum::Float(_)),
        _ => true,
    };
    match fits {
        true => Ok(value),
        false => Err(format!("`{}` is of type {}: `{text}` is not", param.name, param.kind)),
    }
}

impl fmt::Debug for FunctionProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionProgram")
            .field("functions", &self.functions)
            .finish_non_exhaustive()
    }
}
