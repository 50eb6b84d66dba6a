//! Tasks: every one that is joined was started, is joined once, and is read only afterwards.
//!
//! The table of running tasks belongs to a request and is shared with the pipelines that it calls, so a pipeline may
//! start what its caller joins and the other way round; a pipeline that runs as a task has a table of its own. So the
//! bodies are read callees first ([`body`]), the fates at their entries are passed down from the routes ([`entry`]),
//! and only then is it known what is wrong ([`report`]).

mod body;
mod entry;
mod exclusion;
mod fate;
mod forks;
mod graph;
mod report;

use std::collections::BTreeSet;

use super::Checker;
use super::bodies::{bodies, callees_first};
use crate::plan::PipelineId;

use body::{Body, Callees, Reader, TaskNames};
use fate::{Changes, TaskId};

/// What is known of the pipelines while the bodies are read.
struct Summaries {
    changes: Vec<Option<(Changes, Changes)>>,
    touches: Vec<BTreeSet<TaskId>>,
    joins: Vec<BTreeSet<TaskId>>,
}

impl Callees for Summaries {
    fn changes(&self, id: PipelineId) -> Option<(&Changes, &Changes)> {
        self.changes[id.0 as usize].as_ref().map(|(end, anywhere)| (end, anywhere))
    }

    fn touches(&self, id: PipelineId) -> &BTreeSet<TaskId> {
        &self.touches[id.0 as usize]
    }

    fn joins(&self, id: PipelineId) -> &BTreeSet<TaskId> {
        &self.joins[id.0 as usize]
    }
}

pub(super) fn check(checker: &mut Checker<'_>) {
    let plan = checker.plan;
    let all = bodies(plan);
    let mut names = TaskNames::default();
    let graph = graph::Graph::of(checker, &all, &mut names);
    if names.is_empty() {
        return;
    }
    let mut summaries = Summaries {
        changes: plan.pipelines.iter().map(|_| None).collect(),
        touches: graph.reach(&graph.touches),
        joins: graph.reach(&graph.joins),
    };
    let mut read: Vec<Option<Body<'_>>> = all.iter().map(|_| None).collect();
    let rest = plan.pipelines.len()..all.len();
    for index in callees_first(&graph.calls[..plan.pipelines.len()]).into_iter().chain(rest) {
        let body = Reader::read(checker.catalog, checker.jq, &mut names, &summaries, all[index].1);
        if let Some(place) = summaries.changes.get_mut(index) {
            *place = Some((body.end.clone(), body.anywhere.clone()));
        }
        read[index] = Some(body);
    }
    let read: Vec<Body<'_>> = read.into_iter().flatten().collect();
    let entries = entry::entries(&read, &graph, &summaries);
    report::report(checker, &all, &read, &graph, &summaries, &entries, &names);
}
