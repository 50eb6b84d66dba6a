//! One function: its steps, one after the other, over the names that they bind.

use std::collections::HashMap;
use std::sync::Arc;

use rejoin_lang::plan::{
    Action, FunctionCall, FunctionCallee, FunctionStep, Make, MatchCase, Operand, Pattern, Project,
};

use super::data::{Held, Stores};
use super::datum::Record;
use super::{Datum, FunctionProgram, compute, fork, library};
use crate::deep_stack::DeepStack;

/// Functions may call each other this deep.
const MAX_DEPTH: u16 = 512;

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
    program: FunctionProgram,
    depth: u16,
    stores: Stores,
    /// The transaction that the steps are in.
    transaction: Option<Arc<Held>>,
}

/// The names of a function or branch. A fork shares them until one side binds another.
#[derive(Clone, Default)]
pub(super) struct Frame {
    names: Arc<HashMap<Arc<str>, Bound>>,
}

#[derive(Clone)]
struct Bound {
    value: Datum,
    /// Whether a failure in it is there to be looked at, and does not spread.
    observed: bool,
}

impl Frame {
    fn bind(&mut self, name: &Arc<str>, value: Datum, observed: bool) {
        Arc::make_mut(&mut self.names).insert(name.clone(), Bound { value, observed });
    }
}

/// A fault of the program itself.
pub(super) fn fault(code: &str, step: &FunctionStep, message: impl Into<Arc<str>>) -> Datum {
    Datum::record(
        "RuntimeError",
        [
            ("code", Datum::text(code)),
            ("message", Datum::text(message)),
            ("step", Datum::Text(step.id.clone())),
        ],
    )
}

impl Run {
    pub(super) fn new(program: &FunctionProgram, stores: Stores) -> Self {
        Self { program: program.clone(), depth: 0, stores, transaction: None }
    }

    pub(super) fn stores(&self) -> &Stores {
        &self.stores
    }

    pub(super) fn transaction(&self) -> Option<&Arc<Held>> {
        self.transaction.as_ref()
    }

    /// The same run, in a transaction.
    pub(super) fn within(&self, held: Arc<Held>) -> Self {
        Self { transaction: Some(held), ..self.clone() }
    }

    /// The program as a graph.
    pub(super) fn project(&self) -> Arc<Project> {
        self.program.functions.project.clone()
    }

    /// Runs a function to its value, which may be a failure.
    pub(super) async fn call(&self, index: usize, arguments: Vec<Datum>) -> Datum {
        self.call_observed(index, arguments.into_iter().map(|value| (value, false)).collect()).await
    }

    async fn call_observed(&self, index: usize, arguments: Vec<(Datum, bool)>) -> Datum {
        let program = self.program.clone();
        let function = &program.functions.functions[index];
        let Some(body) = function.body.clone() else {
            let arguments = arguments.into_iter().map(|(value, _)| value).collect();
            return program.host.call(&function.id, arguments).await;
        };
        if self.depth >= MAX_DEPTH {
            let message = format!("`{}`: calls are nested more than {MAX_DEPTH} deep", function.id);
            return Datum::record(
                "RuntimeError",
                [("code", Datum::text("E-RT-DEPTH")), ("message", Datum::text(message))],
            );
        }
        let mut frame = Frame::default();
        for (param, (value, observed)) in function.params.iter().zip(arguments) {
            frame.bind(&param.name, value, observed);
        }
        let run = Run { depth: self.depth + 1, ..self.clone() };
        match run.steps(&mut frame, &body).await {
            Ok(_) => Datum::None,
            Err(Exit::Return(value) | Exit::Failed(value)) => value,
        }
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
                last = self.step(frame, step).await?;
            }
            Ok(last)
        })
    }

    async fn step(&self, frame: &mut Frame, step: &FunctionStep) -> Flow {
        let (value, observed) = self.act(frame, step).await?;
        match &step.output {
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
                let inputs: Result<Vec<Datum>, Exit> =
                    inputs.iter().map(|input| used(frame, step, input)).collect();
                compute::apply(operation, inputs?)
                    .map_err(|fault_| Exit::Failed(fault(fault_.code, step, fault_.message)))?
            }
            Action::Call(call) => return self.call_step(frame, step, call).await,
            Action::Make(Make::Operand(operand)) => return read(frame, step, operand),
            Action::Make(made) => make(frame, step, made)?,
            Action::Return(made) => return Err(Exit::Return(make(frame, step, made)?)),
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
                let Some(case) = cases.iter().find(|case| fits(&case.pattern, &value)) else {
                    let message = format!("no case fits a value of type {}", value.type_name());
                    return Err(Exit::Failed(fault("E-RT-MATCH", step, message)));
                };
                open(frame, case, &value);
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
        let items: Arc<[Datum]> = match used(frame, step, list)? {
            Datum::List(items) => items,
            Datum::Record(record) if record.ended.is_some() => {
                record.fields.iter().map(|(_, value)| value.clone()).collect()
            }
            Datum::None => Arc::new([]),
            other => {
                let message = format!("`for` needs a list, not {}", other.type_name());
                return Err(Exit::Failed(fault("E-TYPE-001", step, message)));
            }
        };
        let named = steps.last().is_some_and(|step| step.output.is_some());
        let mut made = Vec::new();
        for item in items.iter() {
            tokio::task::coop::consume_budget().await;
            frame.bind(name, item.clone(), false);
            let value = self.steps(frame, steps).await?;
            if named {
                made.push(value);
            }
        }
        Ok(if named { Datum::List(made.into()) } else { Datum::None })
    }

    async fn call_step(
        &self,
        frame: &mut Frame,
        step: &FunctionStep,
        call: &FunctionCall,
    ) -> Result<(Datum, bool), Exit> {
        let program = self.program.clone();
        let value = match call.callee {
            FunctionCallee::Function(index) => {
                let params = &program.functions.functions[index].params;
                let mut arguments: Vec<(Datum, bool)> =
                    params.iter().map(|param| (Datum::from(&param.default), false)).collect();
                for (at, operand) in &call.arguments {
                    let (value, observed) = read(frame, step, operand)?;
                    let kind = params.get(*at).map_or("Any", |param| &param.kind);
                    // A parameter that names the failure's type wants to see it.
                    let wanted = value.is_failure() && names(kind, &value);
                    if value.is_failure() && !observed && !wanted {
                        return Err(Exit::Failed(value));
                    }
                    if let Some(place) = arguments.get_mut(*at) {
                        *place = (value, observed || wanted);
                    }
                }
                self.call_observed(index, arguments).await
            }
            FunctionCallee::Library(function) => {
                let mut arguments = vec![Datum::None; function.params.len()];
                for (at, operand) in &call.arguments {
                    let value = used(frame, step, operand)?;
                    if let Some(place) = arguments.get_mut(*at) {
                        *place = value;
                    }
                }
                match library::call(function.id, &arguments) {
                    Some(Ok(value)) => value,
                    Some(Err(message)) => {
                        let message = format!("`{}`: {message}", function.id);
                        return Err(Exit::Failed(fault("E-TYPE-006", step, message)));
                    }
                    None => program.host.call(function.id, arguments).await,
                }
            }
            FunctionCallee::Unknown => Datum::None,
        };
        if !value.is_failure() {
            return Ok((value, false));
        }
        let Some((_, steps)) = call.handlers.iter().find(|(kind, _)| value.is_a(kind)) else {
            return Ok((value, false));
        };
        // In the case the call's own name means the failure; what the case binds to it instead stands.
        if let Some(name) = &step.output {
            frame.bind(name, value.clone(), true);
        }
        let last = self.steps(frame, steps).await?;
        match step.output.as_ref().and_then(|name| frame.names.get(name)) {
            Some(bound) if !same(&bound.value, &value) => Ok((bound.value.clone(), bound.observed)),
            _ => Ok((last, false)),
        }
    }
}

/// What a branch or a call is that panicked, which is a bug of a host.
pub(super) fn panicked(why: &str) -> Datum {
    Datum::record(
        "RuntimeError",
        [("code", Datum::text("E-RT-PANIC")), ("message", Datum::text(why))],
    )
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

fn same(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Record(a), Datum::Record(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

/// Whether a type names the type of a failure; `Any` does not.
fn names(kind: &str, value: &Datum) -> bool {
    kind.split('|').map(str::trim).any(|kind| kind != "Any" && value.is_a(kind))
}

/// The value of an operand that is used as if it were no failure.
pub(super) fn used(frame: &Frame, step: &FunctionStep, operand: &Operand) -> Flow {
    match read(frame, step, operand)? {
        (value, false) if value.is_failure() => Err(Exit::Failed(value)),
        (value, _) => Ok(value),
    }
}

/// The value of an operand, and whether a failure in it is there to be looked at.
fn read(frame: &Frame, step: &FunctionStep, operand: &Operand) -> Result<(Datum, bool), Exit> {
    let path = match operand {
        Operand::Literal(literal) => return Ok((literal.into(), false)),
        Operand::Path(path, _) => path,
        Operand::Node(id) => {
            let bound = frame.names.get(id);
            return Ok(bound.map_or_else(
                || (Datum::Text(id.clone()), false),
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
    let value = |operand| read(frame, step, operand).map(|(value, _)| value);
    Ok(match made {
        Make::Operand(operand) => value(operand)?,
        Make::Record(kind, fields) => {
            let fields: Result<Vec<_>, Exit> =
                fields.iter().map(|(name, operand)| Ok((name.clone(), value(operand)?))).collect();
            Datum::Record(Arc::new(Record {
                kind: Some(kind.clone()),
                fields: fields?,
                ended: None,
            }))
        }
        Make::List(items) => Datum::List(items.iter().map(value).collect::<Result<_, Exit>>()?),
    })
}

fn fits(pattern: &Pattern, value: &Datum) -> bool {
    match pattern {
        Pattern::Wildcard | Pattern::Name(_) => true,
        Pattern::Kind(kind, _) | Pattern::Fields(kind, _) => value.is_a(kind),
        Pattern::Literal(literal) => Datum::from(literal) == *value,
    }
}

/// Binds the names of a pattern that fits. What is bound was looked at: failures in it do not spread.
fn open(frame: &mut Frame, case: &MatchCase, value: &Datum) {
    match &case.pattern {
        Pattern::Kind(kind, names) => {
            let variant = value.kind().filter(|own| {
                own.contains("::") && (own == &&**kind || own.rsplit("::").next() == Some(kind))
            });
            match (value, variant) {
                (Datum::Record(record), Some(_)) => {
                    for (name, (_, field)) in names.iter().zip(&record.fields) {
                        frame.bind(name, field.clone(), true);
                    }
                }
                _ => names.iter().take(1).for_each(|name| frame.bind(name, value.clone(), true)),
            }
        }
        Pattern::Fields(_, names) => {
            for name in names {
                frame.bind(name, value.get(name).cloned().unwrap_or_default(), true);
            }
        }
        Pattern::Name(name) => frame.bind(name, value.clone(), true),
        Pattern::Wildcard | Pattern::Literal(_) => {}
    }
}
