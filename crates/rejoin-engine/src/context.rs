//! What a call knows of the request that it is part of, outside the state that flows.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rejoin_value::{Object, Value, jq};

use crate::alive::Alive;
use crate::error::DomainError;
use crate::event::{Event, Level};
use crate::host::Host;
use crate::loads::{Busy, Loads};
use crate::program::Program;
use crate::run::Answer;
use crate::script_limits::ScriptSettings;
use crate::scripts::{ScriptPanicked, Turn};
use crate::task::TaskTable;

/// The request as a call sees it. Cheap to clone.
///
/// Blocks and pipelines that run one after the other share it. A task is a line of its own: it has its own copy of the
/// marks, as they were when it started, and a table of tasks of its own.
#[derive(Clone)]
pub struct Context {
    request: Arc<Request>,
    scope: rejoin::Scope,
    line: Arc<Line>,
    /// How many pipelines are open around this call.
    pub(crate) depth: u16,
    /// Inside an operation of GraphQL: what its resolvers ask for.
    pub(crate) loads: Option<Arc<Loads>>,
}

/// What blocks and pipelines share that run one after the other.
#[derive(Default)]
struct Line {
    marks: Mutex<Marks>,
    tasks: TaskTable,
}

/// What is the same for the whole request.
pub(crate) struct Request {
    pub(crate) id: Arc<str>,
    pub(crate) host: Arc<Host>,
    pub(crate) program: Arc<Program>,
    /// How long a detached task may take.
    pub(crate) detached_timeout: Duration,
    /// The limits of jq programs.
    pub(crate) jq: ScriptSettings,
    /// The request object as it was at the start; null outside HTTP.
    pub(crate) snapshot: Value,
    pub(crate) script: ScriptArgs,
    pub(crate) at_end: Mutex<Vec<AtEnd>>,
    /// Its branches and tasks.
    pub(crate) alive: Alive,
    /// How many lists of steps others may wait for.
    pub(crate) leading: AtomicUsize,
    /// When it is worth to ask again.
    pub(crate) retry_after: Mutex<Option<Duration>>,
}

/// What a script was started with.
#[derive(Clone, Debug, Default)]
pub struct ScriptArgs {
    /// Words; in a test whatever it says.
    pub args: Vec<Value>,
    /// Named values.
    pub options: BTreeMap<String, Value>,
}

pub(crate) type AtEnd = Box<dyn FnOnce(&Answer) -> Option<Event> + Send>;

/// Flags, conditions and notes: set by steps, seen by later ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) flags: BTreeMap<Arc<str>, bool>,
    pub(crate) conditions: BTreeMap<Arc<str>, bool>,
    pub(crate) notes: BTreeMap<&'static str, Value>,
}

impl Context {
    pub(crate) fn new(request: Arc<Request>, scope: rejoin::Scope) -> Self {
        Self { request, scope, line: Arc::default(), depth: 0, loads: None }
    }

    /// The context of a task that starts now.
    pub(crate) fn for_task(&self) -> Self {
        Self {
            request: self.request.clone(),
            scope: self.scope.clone(),
            line: Arc::new(Line { marks: self.all_marks().into(), tasks: TaskTable::default() }),
            depth: self.depth,
            loads: self.loads.clone(),
        }
    }

    /// The same, in a scope that is not the request's.
    pub(crate) fn in_scope(self, scope: rejoin::Scope) -> Self {
        Self { scope, ..self }
    }

    /// The same, inside an operation of GraphQL.
    pub(crate) fn loading(self, loads: Arc<Loads>) -> Self {
        Self { loads: Some(loads), ..self }
    }

    /// The same, inside one more pipeline.
    pub(crate) fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    /// The branches and tasks of the request.
    pub(crate) fn alive(&self) -> &Alive {
        &self.request.alive
    }

    pub(crate) fn program(&self) -> &Arc<Program> {
        &self.request.program
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.line.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tasks that were started and not joined yet.
    pub(crate) fn tasks(&self) -> &TaskTable {
        &self.line.tasks
    }

    /// The flags, conditions and notes as they are now.
    pub(crate) fn all_marks(&self) -> Marks {
        self.marks().clone()
    }

    /// Takes over what `other` has set since its marks were `before`.
    pub(crate) fn take_marks(&self, before: &Marks, other: &Context) {
        let after = other.all_marks();
        let mut marks = self.marks();
        take_changes(&mut marks.flags, &before.flags, after.flags);
        take_changes(&mut marks.conditions, &before.conditions, after.conditions);
        take_changes(&mut marks.notes, &before.notes, after.notes);
    }

    /// Takes over the flags of `other`, and nothing else that it has set.
    pub(crate) fn take_flags(&self, other: &Context) {
        let after = other.all_marks();
        self.marks().flags.extend(after.flags);
    }

    /// The request's id, as in the log and in the `x-request-id` header.
    pub fn request_id(&self) -> &str {
        &self.request.id
    }

    /// The request object as it was at the start; null outside HTTP.
    pub fn request(&self) -> &Value {
        &self.request.snapshot
    }

    /// Tells the client, if the answer says that it was too much or too early, to ask again after this time. Of several
    /// the longest counts.
    pub fn retry_after(&self, wait: Duration) {
        let mut known = self.request.retry_after.lock().unwrap_or_else(PoisonError::into_inner);
        *known = (*known).max(Some(wait));
    }

    pub(crate) fn take_retry_after(&self) -> Option<Duration> {
        self.request.retry_after.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether others may be waiting for this request.
    pub(crate) fn is_leading(&self) -> bool {
        self.request.leading.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn lead(&self) -> Leading {
        self.request.leading.fetch_add(1, Ordering::SeqCst);
        Leading(self.request.clone())
    }

    /// The scope that everything of this request runs in. It ends with the request's deadline.
    pub fn scope(&self) -> &rejoin::Scope {
        &self.scope
    }

    pub(crate) fn detached_timeout(&self) -> Duration {
        self.request.detached_timeout
    }

    /// Runs a jq program within the limits of `config jq`: at once if its work is bounded by its input, which
    /// costs less than handing it over; otherwise on the script pool.
    ///
    /// # Errors
    /// What the program raises, or the limit that it ran into.
    ///
    /// # Cancel safety
    /// Dropping the future stops the program.
    pub async fn jq(
        &self,
        program: &Arc<jq::Program>,
        input: &Value,
        vars: &[Value],
    ) -> Result<Option<Value>, jq::RunError> {
        if let Some(done) = self.jq_at_once(program, input, vars) {
            return done;
        }
        let limits = self.request.jq.jq(self.host().script_limits);
        let (program, input, vars) = (program.clone(), input.clone(), vars.to_vec());
        let ended = self.run_script(move |turn| {
            jq::stoppable(turn.stop().shared(), || program.run_first(&input, &vars, &limits))
        });
        ended.await.unwrap_or_else(|panicked| {
            let message = panicked.to_string();
            Err(jq::RunError::Raised { value: message.as_str().into(), message })
        })
    }

    /// Runs a script on the pool of the host: what could spin, and ends soon.
    ///
    /// # Errors
    /// If it panicked.
    ///
    /// # Cancel safety
    /// As that of [`ScriptPool::run`](crate::ScriptPool::run).
    pub async fn run_script<R: Send + 'static>(
        &self,
        script: impl FnOnce(Turn) -> R + Send + 'static,
    ) -> Result<R, ScriptPanicked> {
        // Others that ask for keys wait for what a script may ask for next.
        let _busy = self.loads.clone().map(Busy::new);
        self.host().scripts.run(script).await
    }

    /// As [`jq`](Self::jq), if the program needs no waiting.
    pub fn jq_at_once(
        &self,
        program: &jq::Program,
        input: &Value,
        vars: &[Value],
    ) -> Option<Result<Option<Value>, jq::RunError>> {
        let limits = || self.request.jq.jq(self.host().script_limits);
        program.is_bounded().then(|| program.run_first(input, vars, &limits()))
    }

    /// What the whole application shares: scripts' pool, environment, observer.
    pub fn host(&self) -> &Host {
        &self.request.host
    }

    /// Whether a feature flag is on; an unset one is off.
    pub fn flag(&self, name: &str) -> bool {
        self.marks().flags.get(name).copied().unwrap_or(false)
    }

    /// Sets a feature flag for what comes later.
    pub fn set_flag(&self, name: &str, on: bool) {
        self.marks().flags.insert(name.into(), on);
    }

    /// Whether a condition for `@when` holds; an unset one does not.
    pub fn condition(&self, name: &str) -> bool {
        self.marks().conditions.get(name).copied().unwrap_or(false)
    }

    /// Sets a condition for what comes later.
    pub fn set_condition(&self, name: &str, holds: bool) {
        self.marks().conditions.insert(name.into(), holds);
    }

    /// Puts something under a key of `$context`, for what comes later.
    pub fn note(&self, key: &'static str, value: Value) {
        self.marks().notes.insert(key, value);
    }

    /// The object that programs see as `$context`: a snapshot of now.
    pub fn snapshot(&self) -> Value {
        let marks = self.marks();
        let bools = |map: &BTreeMap<Arc<str>, bool>| {
            let mut object = Object::new();
            for (name, on) in map {
                object.insert(&**name, *on);
            }
            Value::from(object)
        };
        let mut context = Object::new();
        context.insert("flags", bools(&marks.flags));
        context.insert("conditions", bools(&marks.conditions));
        if !self.request.snapshot.is_null() {
            context.insert("request", self.request.snapshot.clone());
        }
        if let Some(name) = &self.request.host.environment {
            context.insert("env", &**name);
        }
        let script = &self.request.script;
        context.insert("args", Value::from_iter(script.args.iter().cloned()));
        let mut options = Object::new();
        for (key, value) in &script.options {
            options.insert(key.as_str(), value.clone());
        }
        context.insert("options", options);
        for (key, value) in &marks.notes {
            context.insert(*key, value.clone());
        }
        context.into()
    }

    /// Reports something that happened.
    pub fn emit(&self, event: Event) {
        self.request.host.observer.observe(&self.request.id, &event);
    }

    /// Puts into the log what only that may know of an error; `what` failed with it.
    pub fn log_error(&self, what: fmt::Arguments<'_>, error: &DomainError) {
        if let Some(more) = &error.for_log {
            let message = format!("{what}: {}; {more}", error.message).into();
            self.emit(Event::Log { level: Level::Error, message, fields: Value::Null });
        }
    }

    /// Runs `action` when the answer is known; what it returns is reported.
    pub fn at_end(&self, action: impl FnOnce(&Answer) -> Option<Event> + Send + 'static) {
        let mut list = self.request.at_end.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(Box::new(action));
    }

    pub(crate) fn take_at_end(&self) -> Vec<AtEnd> {
        let mut list = self.request.at_end.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *list)
    }

    pub(crate) fn observes_calls(&self) -> bool {
        self.request.host.observer.wants_calls()
    }
}

/// Puts into `all` what `after` has otherwise than `before`.
fn take_changes<K: Ord, V: PartialEq>(
    all: &mut BTreeMap<K, V>,
    before: &BTreeMap<K, V>,
    after: BTreeMap<K, V>,
) {
    all.extend(after.into_iter().filter(|(key, value)| before.get(key) != Some(value)));
}

/// While it lives, others may be waiting for the request.
pub(crate) struct Leading(Arc<Request>);

impl Drop for Leading {
    fn drop(&mut self) {
        self.0.leading.fetch_sub(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("request_id", &self.request.id)
            .field("marks", &*self.marks())
            .finish_non_exhaustive()
    }
}
