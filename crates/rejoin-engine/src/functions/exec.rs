//! One function: its steps, one after the other, over the names that they bind.

use std::collections::HashMap;
use std::sync::Arc;

use rejoin_lang::cov;
use rejoin_lang::plan::{Action, FunctionStep, Functions, Make, Operand, Project};

use super::data::{Held, Stores};
use super::place::{CallPlace, Folders, Guests};
use super::record::Record;
use super::size::Size;
use super::{
    Datum, FunctionBench, FunctionProgram, HostCall, List, compute, fork, grants, pattern, typed,
};
use crate::alive::Alive;
use crate::deep_stack::DeepStack;

/// Why a list of steps ends before its last.
pub(super) enum Exit {
    /// A `return`.
    Return(Datum),
    /// A failure that was used as if it were none.
    Failed(Datum),
}

pub(super) type Flow = Result<Datum, Exit>;
pub(super) type Running<'a> = DeepStack<'a, Flow>;

/// What all steps of one run share.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) program: FunctionProgram,
    pub(super) depth: u16,
    /// Its branches.
    pub(super) alive: Alive,
    pub(super) stores: Stores,
    /// The transaction that the steps are in.
    pub(super) transaction: Option<Arc<Held>>,
    /// The bench of a test.
    pub(super) bench: Option<Arc<dyn FunctionBench>>,
    /// The folders that the function and its callers limit their effects to.
    pub(super) folders: Folders,
    /// What calls have left behind, which ends with the run or the branch.
    pub(super) guests: Arc<Guests>,
}

/// The names of a function or branch. A fork shares them until one side binds another.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) names: Arc<HashMap<Arc<str>, Bound>>,
    /// Whose types there are.
    program: Arc<Functions>,
}

#[derive(Clone)]
pub(super) struct Bound {
    pub(super) value: Datum,
    /// Whether a failure in it is there to be looked at, and does not spread.
    pub(super) observed: bool,
}

impl Frame {
    pub(super) fn new(program: &FunctionProgram) -> Self {
        Self { names: Arc::default(), program: program.functions.clone() }
    }

    pub(super) fn bind(&mut self, name: &Arc<str>, value: Datum, observed: bool) {
        Arc::make_mut(&mut self.names).insert(name.clone(), Bound { value, observed });
    }

    /// What a name stands for, which then stands for nothing.
    pub(super) fn take(&mut self, name: &str) -> Option<Bound> {
        Arc::make_mut(&mut self.names).remove(name)
    }

    /// Forgets names that nobody reads any longer.
    pub(super) fn release(&mut self, names: &[Arc<str>]) {
        names.iter().for_each(|name| drop(self.take(name)));
    }

    /// Takes a value out of a map, unless another one is there or somebody else has the map. Nobody looks there before it is back.
    pub(super) fn vacate(&mut self, map: &str, key: &str, value: &Datum) {
        if let Some(bound) = Arc::make_mut(&mut self.names).get_mut(map)
            && let Datum::Record(record) = &mut bound.value
            && let Some(record) = Arc::get_mut(record)
        {
            record.vacate(key, value);
        }
    }
}

/// A fault of the program itself.
pub(super) fn fault(code: &str, step: &FunctionStep, message: impl Into<Arc<str>>) -> Datum {
    Datum::record(
        "RuntimeError",
        [
            ("code", Datum::text(code)),
            ("message", Datum::text(message)),
            ("step", Datum::text(step.id.clone())),
        ],
    )
}

impl Run {
    pub(super) fn new(program: &FunctionProgram, stores: Stores) -> Self {
        Self {
            program: program.clone(),
            depth: 0,
            alive: Alive::default(),
            stores,
            transaction: None,
            bench: None,
            folders: Folders::default(),
            guests: Arc::default(),
        }
    }

    /// The same run, in a transaction.
    pub(super) fn within(&self, held: Arc<Held>) -> Self {
        Self { transaction: Some(held), ..self.clone() }
    }

    /// The same run, for a branch.
    pub(super) fn branch(&self) -> Self {
        Self { guests: Arc::default(), ..self.clone() }
    }

    /// What a call of the host comes to.
    pub(super) async fn host_called(&self, function: &str, arguments: Vec<Datum>) -> Datum {
        let value = self.host_call(function, arguments).await;
        if value.is_failure() {
            in_time().await;
        }
        value
    }

    fn host_call(&self, function: &str, arguments: Vec<Datum>) -> HostCall {
        let granted = &self.program.grants;
        let effect = cov::library(function).and_then(|known| known.effect);
        if let Some(effect) = effect.filter(|effect| !granted.allows(effect)) {
            return Box::pin(std::future::ready(grants::refused(function, effect)));
        }
        let place = CallPlace { folders: &self.folders, grants: granted, guests: &self.guests };
        self.program.host.call(function, arguments, &place)
    }

    /// The program as a graph.
    pub(super) fn project(&self) -> Arc<Project> {
        self.program.functions.project.clone()
    }

    /// Runs steps; the value is that of the last one, `none` if it is discarded.
    pub(super) fn steps<'a>(
        &'a self,
        frame: &'a mut Frame,
        steps: &'a [FunctionStep],
    ) -> Running<'a> {
        DeepStack::new(async move {
            let mut last = Datum::None;
            for step in steps {
                // A loop that never waits must still notice that it is to stop.
                tokio::task::coop::consume_budget().await;
                // Whoever has a value alone can change it where it is.
                drop(last);
                last = self.step(frame, step).await?;
            }
            Ok(last)
        })
    }

    async fn step(&self, frame: &mut Frame, step: &FunctionStep) -> Flow {
        let (value, observed) = match self.append(frame, step) {
            Some(done) => done?,
            None => self.act(frame, step).await?,
        };
        let value = grown(step, value)?;
        match &step.output {
            Some(_) if step.is_unread => Ok(value),
            Some(name) => {
                frame.bind(name, value.clone(), observed);
                Ok(value)
            }
            None if value.is_failure() && !observed && can_fail(&step.action) => {
                Err(Exit::Failed(value))
            }
            None => Ok(Datum::None),
        }
    }

    async fn act(&self, frame: &mut Frame, step: &FunctionStep) -> Result<(Datum, bool), Exit> {
        let value = match &step.action {
            Action::Compute(operation, inputs) => {
                let inputs: Result<Vec<(Datum, bool)>, Exit> =
                    inputs.iter().map(|input| looked_at(frame, step, input)).collect();
                let inputs = inputs?;
                let observed =
                    gives_parts(operation) && inputs.iter().any(|(_, observed)| *observed);
                let inputs = inputs.into_iter().map(|(value, _)| value).collect();
                let value = compute::apply(operation, inputs)
                    .map_err(|fault_| Exit::Failed(fault(fault_.code, step, fault_.message)))?;
                return Ok((value, observed));
            }
            Action::Call(call) => return self.call_step(frame, step, call).await,
            Action::Make(Make::Operand(operand)) => {
                let value = read(frame, step, operand)?;
                frame.release(&step.last);
                return Ok(value);
            }
            Action::Make(made) => make(frame, step, made)?,
            Action::Return(made) => {
                let value = grown(step, make(frame, step, made)?)?;
                return Err(Exit::Return(value));
            }
            Action::If(condition, then, otherwise) => {
                let chosen = match used(frame, step, condition)? {
                    Datum::Bool(true) => then,
                    Datum::Bool(false) => otherwise,
                    other => {
                        let message =
                            format!("a condition must be Bool, not {}", other.type_name());
                        return Err(Exit::Failed(fault("E-TYPE-001", step, message)));
                    }
                };
                self.steps(frame, chosen).await?
            }
            Action::Match(on, cases) => {
                let (value, _) = read(frame, step, on)?;
                let types = &self.program.functions.types;
                let Some(case) = pattern::chosen(types, cases, &value) else {
                    let message = format!("no case fits a value of type {}", value.type_name());
                    return Err(Exit::Failed(fault("E-RT-MATCH", step, message)));
                };
                frame.release(&step.last);
                pattern::open(frame, case, &value);
                drop(value);
                self.steps(frame, &case.steps).await?
            }
            Action::For(name, list, steps) => self.each(frame, step, (name, list, steps)).await?,
            Action::Fork(_) if self.transaction.is_some() => {
                // The checker sees it within one function; this one was called in a transaction.
                let message = "branches cannot share the connection of a transaction";
                return Err(Exit::Failed(fault("E-CONC-005", step, message)));
            }
            Action::Fork(fork) => fork::run(self, frame, step, fork).await,
            Action::Data(data) => self.data(frame, step, data).await?,
            Action::Transaction(transaction) => self.transact(frame, step, transaction).await?,
            Action::Traverse(walk) => self.traverse(frame, step, walk)?,
            Action::Absent(kind) => {
                let message = format!("this version does not run a step of kind `{kind}`");
                return Err(Exit::Failed(fault("E-RT-ABSENT", step, message)));
            }
        };
        Ok((value, false))
    }

    async fn each(
        &self,
        frame: &mut Frame,
        step: &FunctionStep,
        (name, list, steps): (&Arc<str>, &Operand, &[FunctionStep]),
    ) -> Flow {
        let (list, observed) = looked_at(frame, step, list)?;
        let items: List = match list {
            Datum::List(items) => items,
            Datum::Record(record) if record.ended.is_some() => {
                record.fields.iter().map(|(_, value)| value.clone()).collect()
            }
            Datum::None => List::from([]),
            other => {
                let message = format!("`for` needs a list, not {}", other.type_name());
                return Err(Exit::Failed(fault("E-TYPE-001", step, message)));
            }
        };
        let named = steps.last().is_some_and(|step| step.output.is_some());
        // What nobody can read is not kept.
        let named = named && step.output.is_some();
        let (mut made, mut size) = (Vec::new(), Size::default());
        for item in items.iter() {
            tokio::task::coop::consume_budget().await;
            frame.bind(name, item.clone(), observed);
            let value = self.steps(frame, steps).await?;
            if named {
                size.add(&value);
                if let Some(message) = size.overgrown() {
                    return Err(Exit::Failed(fault("E-RT-SIZE", step, message)));
                }
                made.push(value);
            }
        }
        Ok(if named { Datum::List(made.into()) } else { Datum::None })
    }
}

/// Waits forever once the time of something around is up: what a host fails with then is only that it noticed first, and no
/// failure of the program. Whoever keeps that time drops this.
pub(super) async fn in_time() {
    if rejoin::remaining().is_some_and(|left| left.is_zero()) {
        std::future::pending::<()>().await;
    }
}

/// What a branch or a call is that panicked, which is a bug of a host.
pub(super) fn panicked(why: &str) -> Datum {
    Datum::record(
        "RuntimeError",
        [("code", Datum::text("E-RT-PANIC")), ("message", Datum::text(why))],
    )
}

/// A value that a step has made, unless it is larger than any may be.
fn grown(step: &FunctionStep, value: Datum) -> Flow {
    match value.overgrown() {
        None => Ok(value),
        Some(message) => Err(Exit::Failed(fault("E-RT-SIZE", step, message))),
    }
}

/// Whether an operation or function gives what is in its inputs: failures that were looked at there are so in what comes back.
pub(super) fn gives_parts(name: &str) -> bool {
    ["list_", "map_", "set_", "list.", "map."].iter().any(|kind| name.starts_with(kind))
}

/// Whether nothing can look at what this action fails with, if its value is discarded.
fn can_fail(action: &Action) -> bool {
    matches!(
        action,
        Action::Call(_)
            | Action::Compute(..)
            | Action::Fork(_)
            | Action::Data(_)
            | Action::Transaction(_)
    )
}

/// The value of an operand that is used as if it were no failure.
pub(super) fn used(frame: &Frame, step: &FunctionStep, operand: &Operand) -> Flow {
    looked_at(frame, step, operand).map(|(value, _)| value)
}

/// The same, and whether failures in it are there to be looked at.
pub(super) fn looked_at(
    frame: &Frame,
    step: &FunctionStep,
    operand: &Operand,
) -> Result<(Datum, bool), Exit> {
    match read(frame, step, operand)? {
        (value, false) if value.is_failure() => Err(Exit::Failed(value)),
        found => Ok(found),
    }
}

/// The value of an operand, and whether a failure in it is there to be looked at.
pub(super) fn read(
    frame: &Frame,
    step: &FunctionStep,
    operand: &Operand,
) -> Result<(Datum, bool), Exit> {
    let path = match operand {
        Operand::Literal(literal) => return Ok((literal.into(), false)),
        Operand::Default(literal, kind) => {
            return Ok((typed::written(&frame.program.types, kind, literal), false));
        }
        Operand::Path(path, _) => path,
        Operand::Node(id) => {
            let bound = frame.names.get(id);
            return Ok(bound.map_or_else(
                || (Datum::text(id.clone()), false),
                |bound| (bound.value.clone(), bound.observed),
            ));
        }
    };
    let Some((bound, rest)) =
        prefixes(path).find_map(|(name, rest)| Some((frame.names.get(name)?, rest)))
    else {
        // It is bound on another path than the one that was taken.
        let message = format!("`{path}` has no value here");
        return Err(Exit::Failed(fault("E-SYMBOL-001", step, message)));
    };
    let (mut value, mut observed, mut rest) = (&bound.value, bound.observed, rest);
    while !rest.is_empty() {
        if value.is_failure() && !observed {
            return Err(Exit::Failed(value.clone()));
        }
        let found = match value {
            Datum::None => return Ok((Datum::None, false)),
            Datum::Record(record) => {
                prefixes(rest).find_map(|(name, rest)| Some((record.read(name)?, rest)))
            }
            Datum::List(items) => {
                let (first, rest) = rest.split_once('.').unwrap_or((rest, ""));
                match first.parse::<usize>() {
                    Ok(index) => match items.get(index) {
                        Some(item) => Some(((item, false), rest)),
                        None => return Ok((Datum::None, false)),
                    },
                    Err(_) => None,
                }
            }
            _ => None,
        };
        let Some(((inner, view), behind)) = found else {
            let message = format!("`{path}`: {} has no field `{rest}`", value.type_name());
            return Err(Exit::Failed(fault("E-TYPE-005", step, message)));
        };
        (value, observed, rest) = (inner, observed || view, behind);
    }
    Ok((value.clone(), observed))
}

/// The ways to split a path into a name and the rest, the longest name first.
fn prefixes(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let shorter = path.rmatch_indices('.').map(|(at, _)| (&path[..at], &path[at + 1..]));
    std::iter::once((path, "")).chain(shorter)
}

fn make(frame: &Frame, step: &FunctionStep, made: &Make) -> Flow {
    let value = |operand: &Operand| read(frame, step, operand).map(|(value, _)| value);
    Ok(match made {
        Make::Operand(operand) => value(operand)?,
        Make::Record(kind, fields) => {
            let widening = |name: &str| {
                kind.widening
                    .iter()
                    .find(|(field, _)| **field == *name)
                    .map(|(_, widening)| widening)
            };
            let field = |(name, operand): &(Arc<str>, Operand)| {
                Ok((name.clone(), value(operand)?.widened(widening(name))))
            };
            let fields: Result<Vec<_>, Exit> = fields.iter().map(field).collect();
            Datum::Record(Arc::new(Record {
                is_failure: kind.is_failure,
                absent: kind.absent.clone(),
                ..Record::new(Some(kind.name.clone()), fields?)
            }))
        }
        Make::List(items) => Datum::List(items.iter().map(value).collect::<Result<_, Exit>>()?),
    })
}
