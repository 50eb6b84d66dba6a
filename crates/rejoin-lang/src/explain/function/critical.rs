//! The critical path of a function: steps run one after the other, so all count but branches, of which the longest does.

use super::super::critical::{Critical, MOST_NODES, Way};
use super::super::outline::short;
use super::outline;
use crate::plan::{Action, FunctionCallee, FunctionStep, Functions};

pub(super) fn of(functions: &Functions, index: usize) -> Critical {
    let mut search = Search { functions, open: vec![index], nodes: 0, total: 0 };
    let body = functions.functions[index].body.as_deref().unwrap_or_default();
    let end = search.steps(body, Way::default());
    end.critical(search.total, search.nodes > MOST_NODES)
}

struct Search<'p> {
    functions: &'p Functions,
    /// The functions that are open around this place.
    open: Vec<usize>,
    nodes: usize,
    total: usize,
}

impl Search<'_> {
    fn steps(&mut self, steps: &[FunctionStep], mut now: Way) -> Way {
        for step in steps {
            self.nodes += 1;
            if self.nodes > MOST_NODES {
                break;
            }
            now = self.step(step, now);
        }
        now
    }

    fn step(&mut self, step: &FunctionStep, now: Way) -> Way {
        match &step.action {
            Action::Call(call) => {
                let now = match call.callee {
                    FunctionCallee::Function(index) if self.open.contains(&index) => now,
                    FunctionCallee::Function(index) => {
                        match self.functions.functions[index].body.clone() {
                            Some(body) => {
                                self.open.push(index);
                                let end = self.steps(&body, now);
                                self.open.pop();
                                end
                            }
                            None => self.asked(step, now),
                        }
                    }
                    FunctionCallee::Library(_) | FunctionCallee::Unknown => self.asked(step, now),
                };
                self.one_of(call.handlers.iter().map(|case| &*case.steps), now)
            }
            Action::If(_, then, otherwise) => self.one_of([&**then, &**otherwise], now),
            Action::Match(_, cases) => self.one_of(cases.iter().map(|case| &*case.steps), now),
            Action::Fork(fork) => self.one_of(fork.branches.iter().map(|b| &*b.steps), now),
            Action::For(_, _, steps) => self.steps(steps, now),
            Action::Transaction(transaction) => self.steps(&transaction.steps, now),
            _ => self.asked(step, now),
        }
    }

    /// The longest of the ways through lists of steps of which one is taken, or none, or all at the same time.
    fn one_of<'s>(&mut self, lists: impl IntoIterator<Item = &'s [FunctionStep]>, now: Way) -> Way {
        lists
            .into_iter()
            .fold(now.clone(), |longest, steps| longest.longer(self.steps(steps, now.clone())))
    }

    fn asked(&mut self, step: &FunctionStep, now: Way) -> Way {
        let (what, is_outside) = outline::what(self.functions, step);
        if !is_outside {
            return now;
        }
        self.total += 1;
        now.and(short(&what), self.functions.sources.location(step.span))
    }
}
