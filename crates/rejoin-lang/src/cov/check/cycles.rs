//! Functions that call each other in a circle. A function that calls itself is fine.

use super::program::Program;
use super::{place, shown};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

pub(super) fn check(program: &Program<'_>, problems: &mut Vec<Diagnostic>) {
    let calls: Vec<Vec<(usize, Span)>> = program
        .functions
        .iter()
        .map(|function| {
            let callee = |call: &&super::Block| {
                Some((program.resolve(call.text("fn")?)?, place(call, "fn")))
            };
            function.calls().iter().filter_map(callee).collect()
        })
        .collect();
    for circle in circles(&calls) {
        let first = circle[0];
        let inside = |(callee, _): &&(usize, Span)| *callee != first && circle.contains(callee);
        let Some((callee, span)) = calls[first].iter().find(inside) else { continue };
        let names: Vec<String> = circle
            .iter()
            .take(4)
            .map(|index| format!("`{}`", shown(program.functions[*index].id)))
            .collect();
        let more = if circle.len() > names.len() { ", …" } else { "" };
        let message = format!("{}{more} call each other in a circle", names.join(", "));
        problems.push(
            Diagnostic::new(Code::COV_CALL_CYCLE, *span, message)
                .label("leads back to this function")
                .also(place(program.functions[*callee].snippet, "id"), "by way of this one")
                .help("let one function call itself, or loop with `for`"),
        );
    }
}

/// The groups of several functions that reach each other, each in the order of the file (Tarjan, without recursion).
fn circles(calls: &[Vec<(usize, Span)>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut index = vec![UNSEEN; calls.len()];
    let mut low = vec![0; calls.len()];
    let mut waits = vec![false; calls.len()];
    let (mut stack, mut found, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..calls.len() {
        if index[root] != UNSEEN {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((at, position)) = path.pop() {
            if position == 0 {
                (index[at], low[at], waits[at]) = (next, next, true);
                next += 1;
                stack.push(at);
            }
            if let Some((callee, _)) = calls[at].get(position) {
                path.push((at, position + 1));
                if index[*callee] == UNSEEN {
                    path.push((*callee, 0));
                } else if waits[*callee] {
                    low[at] = low[at].min(index[*callee]);
                }
                continue;
            }
            if let Some((caller, _)) = path.last() {
                low[*caller] = low[*caller].min(low[at]);
            }
            if low[at] == index[at] {
                let begin = stack.iter().rposition(|member| *member == at).unwrap_or_default();
                let mut group = stack.split_off(begin);
                group.iter().for_each(|member| waits[*member] = false);
                if group.len() > 1 {
                    group.sort_unstable();
                    found.push(group);
                }
            }
        }
    }
    found
}
