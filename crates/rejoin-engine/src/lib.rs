//! Runs plans: a checked plan with its steps resolved is a [`Program`]; a program with its surroundings is an
//! [`App`]; an app runs each request in a scope of its own.
//!
//! A request goes through [`App::find`] (route), [`App::run`] (open a scope, set flags, execute) and the one
//! `match` over nodes in `exec.rs`; each call goes through `call.rs` and `policy.rs`, the only file that applies
//! retry and time-out; effects happen in the steps, which come from a [`Registry`].

mod alive;
mod answer;
mod call;
mod cond;
mod context;
mod deep_stack;
mod envelope;
mod error;
mod event;
mod exec;
mod flags;
mod foreach;
mod fork;
mod fork_policy;
mod functions;
mod host;
mod join_policy;
mod kept;
mod loader;
mod loads;
mod memo;
mod policy;
mod program;
mod registry;
mod resolve;
mod router;
mod run;
mod script_limits;
mod scripts;
mod settings;
mod shaped_answer;
mod shared;
mod stand_in;
mod state;
mod step;
mod task;

pub use context::{Context, ScriptArgs};
pub use error::{Abort, DomainError, StepError};
pub use event::{Event, Level, Observer, Silent};
pub use functions::{
    CallPlace, Datum, FunctionBench, FunctionHost, FunctionProgram, FunctionTested, Grants, Guest,
    Guests, HostCall, InputError, List, Record, Store, StoreAnswer, StoreCall, Text, Transaction,
    db_error,
};
pub use host::{Host, Variables};
pub use memo::{Keep, LookUp, LookingUp, Memo, Outcome};
pub use program::{Program, RouteId, scripts_directory};
pub use registry::Registry;
pub use resolve::Operation;
pub use router::Found;
pub use run::{Answer, App, RunError, RunOptions, Target};
pub use script_limits::{ScriptLimits, ScriptSettings};
pub use scripts::{ScriptPanicked, ScriptPool, StopFlag, Turn};
pub use settings::{Settings, unset_variables};
pub use shared::Shared;
pub use stand_in::{StandIn, StandIns};
pub use step::{
    CallSite, Called, ContentType, Environment, Input, Prepared, Step, StepOutput, StepResult,
};
