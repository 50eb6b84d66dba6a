//! A program: a checked plan with its steps resolved and everything compiled. Immutable, shared by requests.

mod build;
mod endpoint;
mod location;

pub use build::scripts_directory;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use rejoin_lang::plan::{ForkPolicy, Method, PipelineId, Retry, Test, Unnamed};
use rejoin_lang::source::Sources;
use rejoin_value::jq::{self, PathKey};

use crate::cond::Cond;
use crate::memo::Memo;
use crate::router::{Found, Router};
use crate::script_limits::ScriptSettings;
use crate::settings::Settings;
use crate::step::Prepared;

/// A checked plan with its steps resolved.
pub struct Program {
    pub(crate) routes: Vec<Route>,
    pub(crate) router: Router,
    pub(crate) pipelines: Vec<Pipeline>,
    pub(crate) feature_flags: Option<Block>,
    /// The limits of jq programs, in steps as well as in arguments and guards.
    pub(crate) jq: ScriptSettings,
    settings: Settings,
    sources: Sources,
    tests: Vec<Test>,
}

/// Which route of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub(crate) u32);

#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) pattern: Arc<str>,
    pub(crate) block: Block,
    pub(crate) observes_flags: bool,
}

#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) name: Arc<str>,
    pub(crate) is_of_main_file: bool,
    /// Whether it resolves a field of GraphQL.
    pub(crate) is_resolver: bool,
    pub(crate) block: Block,
}

#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) guard: Option<Cond>,
    /// What holds when a block is slow or fails; a call has its own.
    pub(crate) policy: Option<Box<Policy>>,
    pub(crate) op: Op,
}

/// The kinds of nodes, as in the plan.
#[derive(Debug)]
pub(crate) enum Op {
    Call(Box<Call>),
    Spawn(Spawn),
    Join(Join),
    If { condition: Block, then: Block, otherwise: Option<Block> },
    Dispatch { cases: Vec<(Cond, Block)>, default: Option<Block> },
    ForEach(Arc<ForEach>),
    Result(Vec<Branch>),
    Fork(Arc<Fork>),
}

impl Op {
    /// The word that programs write for it.
    pub(crate) fn word(&self) -> &str {
        match self {
            Op::Call(call) => &call.name,
            Op::Spawn(spawn) => &spawn.call.name,
            Op::Join(_) => "join",
            Op::If { .. } => "if",
            Op::Dispatch { .. } => "dispatch",
            Op::ForEach(_) => "foreach",
            Op::Result(_) => "result",
            Op::Fork(fork) => fork.policy.kind.word(),
        }
    }

    /// `file:line`, as far as it was kept.
    pub(crate) fn location(&self) -> &str {
        match self {
            Op::Call(call) => &call.location,
            Op::Spawn(spawn) => &spawn.call.location,
            Op::Join(join) => &join.location,
            Op::ForEach(each) => &each.location,
            Op::Fork(fork) => &fork.location,
            Op::If { .. } | Op::Dispatch { .. } | Op::Result(_) => "",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Spawn {
    pub(crate) task: Arc<str>,
    pub(crate) call: Arc<Call>,
    pub(crate) optional: bool,
    pub(crate) detach: bool,
}

#[derive(Debug)]
pub(crate) struct Join {
    pub(crate) tasks: Vec<Arc<str>>,
    pub(crate) policy: Option<ForkPolicy>,
    pub(crate) location: Arc<str>,
}

#[derive(Debug)]
pub(crate) struct ForEach {
    pub(crate) path: Vec<Arc<str>>,
    pub(crate) limit: Option<NonZeroU32>,
    pub(crate) body: Block,
    pub(crate) location: Arc<str>,
}

#[derive(Debug)]
pub(crate) struct Fork {
    pub(crate) policy: ForkPolicy,
    /// Where below `.data` the result goes; to `.async` without a name.
    pub(crate) result: Option<Arc<str>>,
    pub(crate) branches: Vec<ForkBranch>,
    pub(crate) location: Arc<str>,
}

#[derive(Debug)]
pub(crate) struct ForkBranch {
    pub(crate) name: Arc<str>,
    /// Whether it may start tasks, which are to end with it.
    pub(crate) starts_tasks: bool,
    pub(crate) block: Block,
}

/// The modifiers of a call or block, with their programs compiled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<Retry>,
    pub(crate) hedge: Option<Duration>,
    pub(crate) fallback: Option<Arc<jq::Program>>,
    pub(crate) optional: bool,
}

#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) name: Arc<str>,
    pub(crate) status: u16,
    pub(crate) block: Block,
}

pub(crate) struct Call {
    /// As written; names the step in errors.
    pub(crate) name: Arc<str>,
    /// `<name>Error`
    pub(crate) error_type: Arc<str>,
    /// `file:line`
    pub(crate) location: Arc<str>,
    pub(crate) target: Target,
    /// Whether the step reads or writes something outside of the program.
    pub(crate) reaches_outside: bool,
    pub(crate) args: Vec<Arc<jq::Program>>,
    pub(crate) output: Output,
    pub(crate) last: Last,
    pub(crate) auto_name: Option<Arc<str>>,
    pub(crate) is_alone: bool,
    pub(crate) rename_error: Option<Arc<str>>,
    pub(crate) policy: Policy,
    pub(crate) reads_tasks: TaskReads,
}

impl Call {
    /// The step, if it may know how its list of steps ends.
    pub(crate) fn memo(&self) -> Option<&dyn Memo> {
        match &self.target {
            Target::Step(step) => step.memo(),
            Target::Pipeline(_) | Target::Loader(_) => None,
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("name", &self.name).field("location", &self.location).finish()
    }
}

#[derive(Clone)]
pub(crate) enum Target {
    Step(Arc<dyn Prepared>),
    Pipeline(usize),
    Loader(usize),
}

#[derive(Clone, Debug)]
pub(crate) enum Output {
    Unchanged,
    Merge,
    Replace,
    Render,
    Data { name: Option<Arc<str>>, unnamed: Unnamed },
}

#[derive(Clone, Debug)]
pub(crate) enum Last {
    No,
    Yes,
    UnlessAny(Vec<Cond>),
}

#[derive(Clone, Debug)]
pub(crate) enum TaskReads {
    None,
    Named(Vec<Arc<str>>),
    All,
}

impl TaskReads {
    /// The tasks whose outcome a program looks at: what it reads under `.async`.
    pub(crate) fn of(program: &jq::Program) -> Self {
        let mut named: Vec<Arc<str>> = Vec::new();
        for read in program.reads() {
            match &read.keys[..] {
                [PathKey::Key(first), PathKey::Key(task), ..] if **first == *"async" => {
                    named.push(task.as_str().into());
                }
                [PathKey::Key(first), ..] if **first == *"async" => return TaskReads::All,
                _ => {}
            }
        }
        if named.is_empty() { TaskReads::None } else { TaskReads::Named(named) }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (TaskReads::Named(mut tasks), TaskReads::Named(others)) => {
                tasks.extend(others);
                TaskReads::Named(tasks)
            }
            (TaskReads::None, reads) | (reads, TaskReads::None) => reads,
            (TaskReads::All, _) | (_, TaskReads::All) => TaskReads::All,
        }
    }

    pub(crate) fn contains(&self, task: &str) -> bool {
        match self {
            TaskReads::None => false,
            TaskReads::Named(tasks) => tasks.iter().any(|name| **name == *task),
            TaskReads::All => true,
        }
    }
}

impl Program {
    /// The program's configuration.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The program's files.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// How long a request may take in all: `config server { timeout }`, 30 s by default.
    pub fn request_timeout(&self) -> Duration {
        self.settings.duration("server", "timeout").unwrap_or(Duration::from_secs(30))
    }

    /// The route's method and pattern, such as `GET /users/:id`, for logs.
    ///
    /// # Panics
    /// If the id belongs to another program.
    pub fn route_name(&self, id: RouteId) -> (Method, &Arc<str>) {
        let route = &self.routes[id.0 as usize];
        (route.method, &route.pattern)
    }

    /// The route for a method and an encoded path.
    pub fn find(&self, method: Method, path: &str) -> Found {
        self.router.find(method, path)
    }

    /// The program's tests, in the order written.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// The pipeline of that name in the main file: whoever starts one by its name knows no other.
    pub fn find_pipeline(&self, name: &str) -> Option<PipelineId> {
        let found = self.pipelines.iter().position(|p| p.is_of_main_file && *p.name == *name);
        found.map(|index| PipelineId(index as u32))
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field(
                "routes",
                &self.routes.iter().map(|r| (r.method, &r.pattern)).collect::<Vec<_>>(),
            )
            .field("pipelines", &self.pipelines.iter().map(|p| &p.name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
