//! What nobody reads any longer, and what goes back to where it came from: a value that only its next step has can be changed where it
//! is. Bodies are gone through from their ends.

use std::collections::HashSet;
use std::sync::Arc;

use crate::plan::{Action, Entry, FunctionStep, Make, Operand, Pattern};

/// So many values are on their way back into a map at once; of others it is not known.
const MOST_ON_THE_WAY: usize = 8;

/// Marks the steps of a body.
pub(super) fn mark(steps: &mut [FunctionStep]) {
    Walk { marks: true }.steps(steps, &mut Behind::default());
}

/// What is known of the steps behind a place.
#[derive(Clone, Default)]
struct Behind {
    /// Names that are read before they are bound again.
    read: HashSet<Arc<str>>,
    /// Names whose values go into a map before anybody reads that.
    returned: Vec<(Arc<str>, Entry)>,
    /// Within a transaction, what is read behind it: whatever fails, the function goes on there with its names.
    kept: Option<Arc<HashSet<Arc<str>>>>,
}

impl Behind {
    /// The same for steps that may run before this, from which nothing goes into a map.
    fn apart(&self) -> Self {
        Self { returned: Vec::new(), ..self.clone() }
    }

    fn binds(&mut self, name: &str) {
        self.read.remove(name);
        self.returned.retain(|(value, entry)| {
            **value != *name && *entry.map != *name && !is_read(&entry.key, name)
        });
    }

    fn reads(&mut self, operand: &Operand) {
        self.returned.retain(|(_, entry)| !is_read(operand, &entry.map));
        match operand {
            // Every part that a path begins with may be a name.
            Operand::Path(path, _) => {
                let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
                self.read.extend(ends.map(|end| Arc::from(&path[..end])));
            }
            Operand::Node(id) => _ = self.read.insert(id.clone()),
            Operand::Literal(_) | Operand::Default(..) => {}
        }
    }

    fn returns(&mut self, value: &Arc<str>, entry: Entry) {
        if self.kept.is_none() && value != &entry.map && self.returned.len() < MOST_ON_THE_WAY {
            self.returned.push((value.clone(), entry));
        }
    }
}

struct Walk {
    /// Whether steps are marked, and not only looked at.
    marks: bool,
}

impl Walk {
    fn steps(&self, steps: &mut [FunctionStep], behind: &mut Behind) {
        for step in steps.iter_mut().rev() {
            self.step(step, behind);
            let kept = behind.kept.iter().flat_map(|kept| kept.iter());
            behind.read.extend(kept.cloned().collect::<Vec<_>>());
        }
    }

    fn step(&self, step: &mut FunctionStep, behind: &mut Behind) {
        let mut entry = None;
        let is_read = step.output.as_ref().is_none_or(|name| behind.read.contains(name));
        if let Some(name) = &step.output {
            let returned = behind.returned.iter().find(|(value, _)| value == name);
            entry = returned
                .map(|(_, entry)| entry.clone())
                .filter(|entry| !self::is_read(&entry.key, name));
            behind.binds(name);
        }
        self.inner(step, behind);
        let last = self.last(step, behind);
        step.operands(&mut |operand| behind.reads(operand));
        let entry = entry.filter(|entry| {
            let mut reads = false;
            step.operands(&mut |operand| reads |= self::is_read(operand, &entry.map));
            !reads
        });
        match (entry, comes_from(step)) {
            (Some(entry), Some((from, grows))) => {
                behind.returns(&from, entry.clone());
                step.entry = Some(entry).filter(|_| self.marks && grows);
            }
            _ => {
                if let Some((value, entry)) = put(step) {
                    behind.returns(&value, entry);
                }
            }
        }
        if self.marks {
            step.is_unread = !is_read;
            step.last = last;
        }
    }

    /// The lists of steps in a step.
    fn inner(&self, step: &mut FunctionStep, behind: &mut Behind) {
        let output = step.output.clone();
        match &mut step.action {
            Action::If(_, then, otherwise) => {
                let mut other = behind.clone();
                self.steps(then, behind);
                self.steps(otherwise, &mut other);
                behind.read.extend(other.read);
            }
            Action::Match(_, cases) => {
                let begin = Behind { read: HashSet::new(), ..behind.apart() };
                let end = std::mem::replace(behind, begin);
                for case in cases {
                    let mut inner = end.clone();
                    self.steps(&mut case.steps, &mut inner);
                    names(&case.pattern).into_iter().for_each(|name| inner.binds(name));
                    behind.read.extend(inner.read);
                }
            }
            Action::Call(call) => {
                for case in &mut call.handlers {
                    // Behind the case its call's name is looked at.
                    let mut inner = behind.apart();
                    inner.read.extend(output.clone());
                    self.steps(&mut case.steps, &mut inner);
                    output.iter().for_each(|name| inner.binds(name));
                    behind.read.extend(inner.read);
                }
            }
            Action::For(name, _, steps) => {
                let mut turn = Behind { read: HashSet::new(), ..behind.apart() };
                Walk { marks: false }.steps(steps, &mut turn);
                turn.binds(name);
                behind.read.extend(turn.read);
                if self.marks {
                    self.steps(steps, &mut behind.apart());
                }
            }
            Action::Fork(fork) => {
                // The names of a branch end with it.
                for branch in &mut fork.branches {
                    let mut inner = Behind::default();
                    if let Some(steps) = Arc::get_mut(&mut branch.steps) {
                        self.steps(steps, &mut inner);
                    }
                    behind.read.extend(inner.read);
                }
            }
            Action::Transaction(transaction) => {
                let kept = Some(Arc::new(behind.read.clone()));
                let mut inner = Behind { kept, ..behind.apart() };
                self.steps(&mut transaction.steps, &mut inner);
                behind.read.extend(inner.read);
            }
            _ => return,
        }
        behind.returned.clear();
    }

    /// The names that a step which hands on or changes what it reads is the last one to read.
    fn last(&self, step: &FunctionStep, behind: &Behind) -> Vec<Arc<str>> {
        let hands_on = match &step.action {
            Action::Make(Make::Operand(_)) | Action::Match(..) | Action::Call(_) => true,
            Action::Compute(..) => step.growth().is_some(),
            _ => false,
        };
        let mut last = Vec::new();
        if self.marks && hands_on {
            step.operands(&mut |operand| match operand {
                Operand::Path(name, _) if !behind.read.contains(name) => last.push(name.clone()),
                _ => {}
            });
        }
        last
    }
}

/// The name whose value a step makes more of, or hands on as it is.
fn comes_from(step: &FunctionStep) -> Option<(Arc<str>, bool)> {
    if let Some(growth) = step.growth() {
        return Some((growth.of.clone(), true));
    }
    match &step.action {
        Action::Make(Make::Operand(Operand::Path(name, _))) => Some((name.clone(), false)),
        _ => None,
    }
}

/// The name whose value a step puts into a map that has its name again then, and where.
fn put(step: &FunctionStep) -> Option<(Arc<str>, Entry)> {
    let Action::Compute(operation, inputs) = &step.action else { return None };
    match (&**operation, &**inputs) {
        ("map_insert", [Operand::Path(map, _), key, Operand::Path(value, _)])
            if step.output.as_ref() == Some(map) =>
        {
            Some((value.clone(), Entry { map: map.clone(), key: key.clone() }))
        }
        _ => None,
    }
}

/// The names that a pattern binds.
fn names(pattern: &Pattern) -> Vec<&Arc<str>> {
    match pattern {
        Pattern::Kind(_, names) => names.iter().collect(),
        Pattern::Fields(_, fields) => fields.iter().map(|(_, name)| name).collect(),
        Pattern::Name(name) => vec![name],
        Pattern::Wildcard | Pattern::Literal(_) => Vec::new(),
    }
}

/// Whether an operand may be what a name stands for, or in that.
fn is_read(operand: &Operand, name: &str) -> bool {
    match operand {
        Operand::Path(path, _) => {
            let rest = path.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        Operand::Node(_) => true,
        Operand::Literal(_) | Operand::Default(..) => false,
    }
}
