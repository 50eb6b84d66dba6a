//! Which names are bound where they are read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Action, Function, FunctionStep, Make, Operand, Pattern};
use crate::problems::MAX_PROBLEMS;
use crate::source::Span;

/// What was found in one function.
#[derive(Default)]
pub(super) struct Names {
    pub(super) problems: Vec<Diagnostic>,
    /// The first part of each path that nothing binds, in the order read.
    pub(super) free: Vec<Arc<str>>,
}

/// Follows the steps in order: a name can be read behind the step that binds it. Bodies of `if`, `match`, `for` and
/// `handle` share the function's names; a branch has names of its own.
pub(super) fn check(function: &Function, steps: &[FunctionStep]) -> Names {
    let mut walk = Walk { names: Names::default(), in_branches: HashMap::new() };
    let mut bound = Bound::default();
    function.params.iter().for_each(|param| bound.add(&param.name));
    walk.steps(steps, &mut bound);
    walk.names
}

/// The names that can be read, and in which order they came.
#[derive(Default)]
struct Bound {
    names: HashSet<Arc<str>>,
    order: Vec<Arc<str>>,
}

impl Bound {
    fn add(&mut self, name: &Arc<str>) {
        if self.names.insert(name.clone()) {
            self.order.push(name.clone());
        }
    }

    /// Whether a path begins with a name, which may itself have dots.
    fn begins(&self, path: &str) -> bool {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        ends.into_iter().any(|end| self.names.contains(&path[..end]))
    }

    /// Forgets all but the first so many names, and gives those that it forgot.
    fn shorten(&mut self, to: usize) -> Vec<Arc<str>> {
        let gone = self.order.split_off(to);
        for name in &gone {
            self.names.remove(name);
        }
        gone
    }
}

struct Walk {
    names: Names,
    /// Names that branches behind us bound.
    in_branches: HashMap<Arc<str>, InBranch>,
}

/// A branch, and the name of the result that it is part of.
type InBranch = (Arc<str>, Option<Arc<str>>);

impl Walk {
    fn steps(&mut self, steps: &[FunctionStep], bound: &mut Bound) {
        for step in steps {
            self.step(step, bound);
            step.output.iter().for_each(|name| bound.add(name));
        }
    }

    fn step(&mut self, step: &FunctionStep, bound: &mut Bound) {
        match &step.action {
            Action::Compute(_, inputs) => self.read_all(inputs, bound),
            Action::Call(call) => {
                call.arguments.iter().for_each(|(_, operand)| self.read(operand, bound));
                // The failure has the call's own name in its handlers.
                step.output.iter().for_each(|name| bound.add(name));
                call.handlers.iter().for_each(|case| self.steps(&case.steps, bound));
            }
            Action::Make(made) | Action::Return(made) => match made {
                Make::Operand(operand) => self.read(operand, bound),
                Make::Record(_, fields) => {
                    fields.iter().for_each(|(_, operand)| self.read(operand, bound));
                }
                Make::List(items) => self.read_all(items, bound),
            },
            Action::If(condition, then, otherwise) => {
                self.read(condition, bound);
                self.steps(then, bound);
                self.steps(otherwise, bound);
            }
            Action::Match(on, cases) => {
                self.read(on, bound);
                for case in cases {
                    match &case.pattern {
                        Pattern::Kind(_, names) => names.iter().for_each(|name| bound.add(name)),
                        Pattern::Fields(_, fields) => {
                            fields.iter().for_each(|(_, name)| bound.add(name));
                        }
                        Pattern::Name(name) => bound.add(name),
                        Pattern::Wildcard | Pattern::Literal(_) => {}
                    }
                    self.steps(&case.steps, bound);
                }
            }
            Action::For(name, list, steps) => {
                self.read(list, bound);
                bound.add(name);
                self.steps(steps, bound);
            }
            Action::Fork(fork) => {
                for branch in &fork.branches {
                    let outer = bound.order.len();
                    self.steps(&branch.steps, bound);
                    for name in bound.shorten(outer) {
                        let place = (branch.id.clone(), step.output.clone());
                        self.in_branches.entry(name).or_insert(place);
                    }
                }
            }
            Action::Data(data) => data.request.values(&mut |operand| self.read(operand, bound)),
            Action::Transaction(transaction) => self.steps(&transaction.steps, bound),
            Action::Traverse(walk) => {
                walk.filter.iter().for_each(|filter| {
                    filter.values(&mut |operand| self.read(operand, bound));
                });
            }
            Action::Absent(_) => {}
        }
    }

    fn read_all(&mut self, operands: &[Operand], bound: &Bound) {
        operands.iter().for_each(|operand| self.read(operand, bound));
    }

    fn read(&mut self, operand: &Operand, bound: &Bound) {
        let Operand::Path(path, span) = operand else { return };
        if bound.begins(path) {
            return;
        }
        let base: Arc<str> = path.split('.').next().unwrap_or(path).into();
        if self.names.problems.len() < MAX_PROBLEMS {
            self.report(&base, *span, bound);
        }
        if !self.names.free.contains(&base) {
            self.names.free.push(base);
        }
    }

    fn report(&mut self, base: &Arc<str>, span: Span, bound: &Bound) {
        let help =
            match (self.in_branches.get(base), nearest(base, bound.order.iter().map(|n| &**n))) {
                (Some((branch, Some(result))), _) => {
                    format!("it has a name in branch `{branch}` only: read `{result}.{branch}`")
                }
                (Some((branch, None)), _) => {
                    format!("it has a name in branch `{branch}` only: name the result with `as`")
                }
                (None, Some(meant)) => format!("did you mean `{meant}`?"),
                (None, None) => "bind it before this step, or make it a parameter".to_owned(),
            };
        let shown: String = base.chars().take(40).collect();
        let message = format!("nothing has the name `{shown}` here");
        let problem = Diagnostic::new(Code::COV_UNKNOWN_NAME, span, message);
        self.names.problems.push(problem.label("unknown").help(help));
    }
}
