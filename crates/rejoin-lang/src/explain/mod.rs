//! What a program does, for people: each body as a tree of steps with what they read and write, what forks and joins,
//! and which calls to the outside wait for each other.

mod critical;
mod function;
mod json;
mod mermaid;
mod outline;
mod suggest;
mod target;
mod text;

pub use function::{explain_functions, suggest_functions};
pub use suggest::{Suggestion, suggest, suggestions_as_text};
pub use target::find;

use crate::plan::{PipelineId, Plan};
use crate::step_spec::StepCatalog;

/// Which body of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The steps that set feature flags.
    FeatureFlags,
    /// A pipeline.
    Pipeline(PipelineId),
    /// A route, by its place among the plan's routes.
    Route(usize),
}

/// Bodies of a plan, explained.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    bodies: Vec<Body>,
}

#[derive(Clone, Debug)]
struct Body {
    name: String,
    /// `file:line`
    location: String,
    entries: Vec<Entry>,
    critical: critical::Critical,
}

/// One node.
#[derive(Clone, Debug)]
struct Entry {
    kind: Kind,
    what: String,
    location: String,
    guard: Option<String>,
    /// Whether it reaches outside of the program.
    is_outside: bool,
    /// Paths of the state: `.` is all of it.
    reads: Vec<String>,
    /// Paths of the state: `.` is all of it, `.*` are keys put into it.
    writes: Vec<String>,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Call,
    Pipeline,
    /// A call that goes on as a task of this name.
    Fork(String),
    /// Where these tasks come back.
    Join(Vec<String>),
    If,
    Dispatch,
    /// One of its parts is taken, by its word.
    Choice(&'static str),
    /// Its parts run one after the other, by its word.
    Sequence(&'static str),
    /// A call of a function of the program.
    Function,
    /// Ends the function, or the branch, with a value.
    Return,
    ForEach,
    Result,
    /// A block of branches that run at the same time, by its word.
    Branches(&'static str),
}

impl Kind {
    fn word(&self) -> &'static str {
        match self {
            Kind::Call => "call",
            Kind::Pipeline => "pipeline",
            Kind::Fork(_) => "fork",
            Kind::Join(_) => "join",
            Kind::If => "if",
            Kind::Dispatch => "dispatch",
            Kind::ForEach => "foreach",
            Kind::Result => "result",
            Kind::Function => "function",
            Kind::Return => "return",
            Kind::Branches(word) | Kind::Choice(word) | Kind::Sequence(word) => word,
        }
    }
}

/// A block inside a node.
#[derive(Clone, Debug)]
struct Part {
    label: String,
    entries: Vec<Entry>,
}

/// Explains one body and the pipelines that it calls, or everything if there is no `subject`.
pub fn explain(plan: &Plan, catalog: &dyn StepCatalog, subject: Option<Subject>) -> Explained {
    let subjects = match subject {
        Some(subject) => target::reachable(plan, subject),
        None => target::all(plan),
    };
    let mut outliner = outline::Outliner::new(plan, catalog);
    let bodies = subjects.into_iter().map(|subject| {
        let (name, place, block) = target::body(plan, subject);
        Body {
            name,
            location: plan.sources.location(place),
            entries: outliner.block(block),
            critical: critical::of(plan, catalog, block),
        }
    });
    Explained { bodies: bodies.collect() }
}

impl Explained {
    /// As a tree, for people.
    pub fn to_text(&self) -> String {
        text::of(&self.bodies)
    }

    /// As a flow chart in the language of Mermaid.
    pub fn to_mermaid(&self) -> String {
        mermaid::of(&self.bodies)
    }

    /// As one JSON object.
    pub fn to_json(&self) -> String {
        json::of(&self.bodies)
    }
}
