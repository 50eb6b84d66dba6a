//! Blocks of branches.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{BlockBranch, ForkBlock, ForkKind, ForkPolicy, Node, NodeKind};
use crate::wp::ast;

use super::Lowering;
use super::tags::{BlockMarks, a};

impl Lowering<'_> {
    pub(super) fn fork(&mut self, step: &ast::ForkBlock) -> Node {
        let word = &*step.word.text;
        let BlockMarks { guard, policy, result, .. } = self.block_tags(step.tags.as_ref(), word);
        let kind = match word {
            "race" => ForkKind::Race,
            "any" => ForkKind::Any,
            "quorum" => ForkKind::Quorum(1),
            _ => ForkKind::Parallel,
        };
        let options = step.options.as_deref().unwrap_or_default();
        let fork = ForkBlock {
            policy: self.fork_policy(word, step.word.span, options, ForkPolicy::new(kind)),
            word_span: step.word.span,
            result,
            branches: self.fork_branches(&step.branches),
        };
        self.fork_sizes(step, &fork);
        Node { guard, policy, kind: NodeKind::Fork(Box::new(fork)), span: step.span }
    }

    fn fork_branches(&mut self, branches: &[ast::ForkBranch]) -> Vec<BlockBranch> {
        let mut lowered: Vec<BlockBranch> = Vec::with_capacity(branches.len());
        let mut first = std::collections::HashMap::new();
        for branch in branches {
            let name: Arc<str> = branch.name.text.clone();
            let block = self.block(&branch.steps);
            if let Some(known) = first.insert(name.clone(), branch.name.span) {
                self.report(
                    Diagnostic::new(
                        Code::DUPLICATE_BRANCH,
                        branch.name.span,
                        format!("a second branch called `{name}` in one block"),
                    )
                    .label("its value would take the place of the first one's")
                    .also(known, "the first one is here")
                    .help("rename one of the two"),
                );
            }
            lowered.push(BlockBranch { name, name_span: branch.name.span, block });
        }
        lowered
    }

    /// Numbers that do not fit the number of branches.
    fn fork_sizes(&mut self, step: &ast::ForkBlock, fork: &ForkBlock) {
        let count = fork.branches.len();
        // The parser has said that there are none.
        if count == 0 {
            return;
        }
        let span = step.word.span;
        if let ForkKind::Quorum(wanted) = fork.policy.kind
            && wanted as usize > count
        {
            let place = step.options.iter().flatten().find(|option| !option.value.contains(':'));
            self.report(
                Diagnostic::new(
                    Code::QUORUM_TOO_LARGE,
                    place.map_or(span, |option| option.span),
                    format!("a quorum of {wanted}, and there {}", branches(count)),
                )
                .label("can never be reached")
                .help(format!("write a number from 1 to {count}, or add branches")),
            );
        }
        if count == 1 && matches!(fork.policy.kind, ForkKind::Race | ForkKind::Any) {
            let word = fork.policy.kind.word();
            self.report(
                Diagnostic::new(
                    Code::IDLE_OPTION,
                    span,
                    format!("{} of one branch decides nothing", a(word)),
                )
                .label("one branch only")
                .help("add a branch, or write `parallel` if only the time-out is wanted"),
            );
        }
    }
}

fn branches(count: usize) -> String {
    if count == 1 { "is one branch".to_owned() } else { format!("are {count} branches") }
}
