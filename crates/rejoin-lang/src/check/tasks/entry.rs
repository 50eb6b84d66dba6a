//! What may hold for each task where a body begins, from all the places that lead there.

use std::collections::{BTreeMap, VecDeque};

use super::Summaries;
use super::body::Body;
use super::fate::{Change, Fates, TaskId};
use super::graph::Graph;

/// The fates at the entry of one body; a task that is not in it is absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry(BTreeMap<TaskId, Fates>);

impl Entry {
    pub(super) fn get(&self, task: TaskId) -> Fates {
        self.0.get(&task).copied().unwrap_or(Fates::ABSENT)
    }

    /// Says whether that is news.
    fn add(&mut self, task: TaskId, fates: Fates) -> bool {
        let known = self.0.entry(task).or_default();
        let before = *known;
        *known = before.or(fates);
        *known != before
    }
}

/// For each body, what may hold where it begins. Nothing runs where a route begins; a pipeline that nothing calls may
/// be called with anything.
pub(super) fn entries(bodies: &[Body<'_>], graph: &Graph, summaries: &Summaries) -> Vec<Entry> {
    let mut entries = vec![Entry::default(); bodies.len()];
    let mut is_reached = vec![false; bodies.len()];
    let mut open = VecDeque::new();
    for index in 0..bodies.len() {
        if graph.is_uncalled(index) {
            is_reached[index] = true;
            open.push_back(index);
            if graph.is_pipeline(index) {
                let started = bodies.iter().flat_map(|body| body.sites.iter().map(|s| s.task));
                for task in started {
                    if summaries.touches[index].contains(&task) {
                        entries[index].add(task, Fates::ANY);
                    }
                }
            }
        }
    }
    while let Some(caller) = open.pop_front() {
        for call in &bodies[caller].calls {
            let callee = call.callee.0 as usize;
            let mut is_news = !std::mem::replace(&mut is_reached[callee], true);
            for &task in &summaries.touches[callee] {
                let mut fates = call.before.get(task).of(entries[caller].get(task));
                if call.is_task {
                    fates = Change::FRESH.of(fates);
                }
                is_news |= entries[callee].add(task, fates);
            }
            if is_news {
                open.push_back(callee);
            }
        }
    }
    // Pipelines that only call each other are not reached from anywhere; nothing is known of them.
    for (index, entry) in entries.iter_mut().enumerate() {
        if !is_reached[index] {
            for &task in &summaries.touches[index] {
                entry.add(task, Fates::ANY);
            }
        }
    }
    entries
}
