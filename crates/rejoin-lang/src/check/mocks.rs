//! Mocks that stand for nothing: the tests would reach what they seem to replace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{MockTarget, NodeKind, Output, Plan};

use super::bodies::{bodies, call_of, each_node};
use super::{Checker, each_call};

pub(super) fn check(checker: &mut Checker<'_>) {
    if checker.plan.tests.is_empty() {
        return;
    }
    let steps = steps(checker.plan);
    let names_by_hand = names_by_hand(checker.plan);
    for mock in checker.plan.tests.iter().flat_map(|test| &test.mocks) {
        let unmet = match &mock.target {
            MockTarget::Step { step, name } => match (steps.get(step), name) {
                (None, _) => {
                    let near = nearest(step, steps.keys().map(|known| &**known));
                    Some((format!("no step of this program is `{step}`"), near.map(str::to_owned)))
                }
                (Some(labels), Some(name)) if !names_by_hand && !labels.contains(name) => {
                    let near = nearest(name, labels.iter().map(|known| &**known));
                    let what = format!("no call of `{step}` goes by the name `{name}`");
                    Some((what, near.map(|near| format!("{step}.{near}"))))
                }
                _ => None,
            },
            MockTarget::Pipeline(name) => {
                let known = checker.plan.pipelines.iter().map(|pipeline| &*pipeline.name);
                let is_known = known.clone().any(|known| known == &**name);
                let near = || nearest(name, known).map(|near| format!("pipeline {near}"));
                (!is_known).then(|| (format!("no pipeline is called `{name}`"), near()))
            }
        };
        let Some((what, near)) = unmet else { continue };
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "mock a step by the name of its variable, result, task or branch, or remove this"
                    .to_owned()
            }
        };
        checker.report(
            Diagnostic::new(Code::UNMET_MOCK, mock.span, what)
                .label("stands for nothing")
                .help(help),
        );
    }
}

/// The steps of a program, each with the names that its calls go by.
fn steps(plan: &Plan) -> BTreeMap<Arc<str>, BTreeSet<Arc<str>>> {
    let mut steps: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
    for (_, block) in bodies(plan) {
        each_node(block, &mut |node| {
            if let NodeKind::Fork(fork) = &node.kind {
                for branch in &fork.branches {
                    each_node(&branch.block, &mut |node| {
                        let Some(call) = call_of(node) else { return };
                        steps.entry(call.name.clone()).or_default().insert(branch.name.clone());
                    });
                }
            }
            let Some(call) = call_of(node) else { return };
            let labels = steps.entry(call.name.clone()).or_default();
            labels.extend(call.auto_name.clone());
            if let Output::Data { name, .. } = &call.output {
                labels.extend(name.clone());
            }
            if let NodeKind::Spawn(spawn) = &node.kind {
                labels.insert(spawn.task.clone());
            }
        });
    }
    steps
}

/// Whether some program may name results itself, by the key `resultName` of the state.
pub(super) fn names_by_hand(plan: &Plan) -> bool {
    let mut found = false;
    each_call(plan, &mut |call| {
        let texts = call.args.iter().map(|arg| &arg.text);
        let mut texts = texts.chain(call.text.iter().map(|text| &text.value));
        found |= texts.any(|text| text.contains("resultName"));
    });
    found
        || plan
            .tests
            .iter()
            .flat_map(|test| &test.given)
            .any(|given| given.script.text.contains("resultName"))
}
