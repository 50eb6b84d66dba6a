//! Loads in batches: what the resolvers of one operation ask for at the same time is asked for once.

use std::collections::HashSet;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use rejoin_value::{Object, Value};
use tokio::sync::oneshot;

use crate::context::Context;
use crate::envelope;
use crate::exec::{Frame, run_block};
use crate::state::State;

/// A batch has at most so many keys; what is more goes into another one.
const MOST_KEYS: usize = 1000;

/// The keys that were asked for and are not loaded yet.
#[derive(Debug, Default)]
pub(crate) struct Loads {
    open: Mutex<Vec<Batch>>,
    /// Who starts the batches.
    waker: Mutex<Option<Waker>>,
    /// How many resolvers compute something right now.
    busy: AtomicUsize,
}

/// While it lives a resolver computes, and no batch is started without it.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Loads>);

impl Busy {
    pub(crate) fn new(loads: Arc<Loads>) -> Self {
        loads.busy.fetch_add(1, Ordering::SeqCst);
        Self(loads)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.wake();
        }
    }
}

/// Keys that one run of a pipeline loads.
#[derive(Debug)]
struct Batch {
    pipeline: usize,
    /// What the resolvers were called with: others are in a batch of their own.
    args: Value,
    context: Value,
    keys: Vec<Value>,
    names: HashSet<String>,
    waiting: Vec<oneshot::Sender<Loaded>>,
}

/// What a batch came to: an object by keys, or a list of errors.
pub(crate) type Loaded = Result<Value, Value>;

/// What a resolver asks for.
#[derive(Debug)]
pub(crate) struct Key {
    /// As it stands in what is loaded.
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) args: Value,
    pub(crate) context: Value,
}

impl Loads {
    /// Asks for a key. What is received is that of the whole batch.
    pub(crate) fn ask(&self, pipeline: usize, key: Key) -> oneshot::Receiver<Loaded> {
        let (tell, told) = oneshot::channel();
        {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let fits = |batch: &Batch| {
                let has_room = batch.keys.len() < MOST_KEYS || batch.names.contains(&key.name);
                batch.pipeline == pipeline && batch.args == key.args && has_room
            };
            let at = open.iter().position(fits).unwrap_or_else(|| {
                open.push(Batch {
                    pipeline,
                    args: key.args,
                    context: key.context,
                    keys: Vec::new(),
                    names: HashSet::new(),
                    waiting: Vec::new(),
                });
                open.len() - 1
            });
            if open[at].names.insert(key.name) {
                open[at].keys.push(key.value);
            }
            open[at].waiting.push(tell);
        }
        self.wake();
        told
    }

    fn wake(&self) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Wakes this one when batches may have to be started.
    pub(crate) fn notify(&self, waker: &Waker) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }

    /// Starts every batch, each as a task of the request, unless somebody may ask for more at once.
    pub(crate) fn start(&self, context: &Context) {
        if self.busy.load(Ordering::SeqCst) > 0 {
            return;
        }
        let open = mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for batch in open {
            let inner = context.for_task().deeper();
            let name = context.program().pipelines[batch.pipeline].name.clone();
            // Whoever waits hears of its end by the channels.
            drop(context.scope().task(name).spawn_value(batch.run(inner)));
        }
    }
}

impl Batch {
    async fn run(self, context: Context) {
        let loaded = load(&context, self.pipeline, self.args, self.context, self.keys).await;
        for waiting in self.waiting {
            // Who does not wait any more does not need it.
            let _ = waiting.send(loaded.clone());
        }
    }
}

async fn load(
    context: &Context,
    pipeline: usize,
    args: Value,
    caller: Value,
    keys: Vec<Value>,
) -> Loaded {
    let program = context.program().clone();
    let pipeline = &program.pipelines[pipeline];
    let mut state = Object::new();
    state.insert("keys", Value::from_iter(keys));
    state.insert("args", args);
    state.insert("context", caller);
    let state = Value::from(state);
    let failed = |message: &str| Err(envelope::failure("loaderError", &pipeline.name, message, ""));
    let stand_ins = context.host().stand_ins.as_ref();
    let value = match stand_ins.and_then(|all| all.pipeline(&pipeline.name, &state)) {
        Some(stand_in) => stand_in.state().await,
        None => {
            let frame = Frame::new(State::new(state));
            match run_block(context, &program, &pipeline.block, frame).await {
                Ok(frame) => frame.state.into_value(),
                Err(abort) => return failed(&format!("{}: {}", abort.title, abort.detail)),
            }
        }
    };
    if envelope::error_type(&value).is_some() {
        return Err(value.get("errors").cloned().unwrap_or_default());
    }
    match value {
        Value::Object(_) => Ok(value),
        other => failed(&format!(
            "the pipeline `{}` must load an object by keys, not {}",
            pipeline.name,
            other.type_name()
        )),
    }
}
