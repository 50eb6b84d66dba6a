//! Says what is wrong with the tasks of a plan, once it is known what may hold at each place.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Checker;
use super::super::bodies::Owner;
use super::Summaries;
use super::body::{Body, JoinPlace, ReadPlace, TaskNames};
use super::entry::Entry;
use super::fate::{Fates, TaskId};
use super::graph::Graph;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::Block;
use crate::source::Span;

/// Unknown names are compared with the started tasks as long as these are not more.
const MOST_COMPARED: usize = 500;

struct Reporter<'r> {
    read: &'r [Body<'r>],
    graph: &'r Graph,
    summaries: &'r Summaries,
    names: &'r TaskNames,
    /// Where each task is started, with the body: first in the order of the bodies.
    started: BTreeMap<TaskId, Vec<(usize, Span)>>,
    /// Whether programs put things at `.async` themselves.
    writes_async: bool,
    /// In which body which task was probably meant by a name that nothing has.
    meant: BTreeSet<(usize, TaskId)>,
    problems: Vec<Diagnostic>,
}

pub(super) fn report(
    checker: &mut Checker<'_>,
    bodies: &[(Owner, &Block)],
    read: &[Body<'_>],
    graph: &Graph,
    summaries: &Summaries,
    entries: &[Entry],
    names: &TaskNames,
) {
    let mut started: BTreeMap<TaskId, Vec<(usize, Span)>> = BTreeMap::new();
    for (index, body) in read.iter().enumerate() {
        for site in &body.sites {
            started.entry(site.task).or_default().push((index, site.span));
        }
    }
    let writes_async = checker.writes_async();
    let mut reporter = Reporter {
        read,
        graph,
        summaries,
        names,
        started,
        writes_async,
        meant: BTreeSet::new(),
        problems: Vec::new(),
    };
    debug_assert_eq!(bodies.len(), read.len(), "every body was read");
    for (index, (body, entry)) in read.iter().zip(entries).enumerate() {
        reporter.joins(index, body, entry);
        reporter.reads(index, body, entry);
        reporter.sites(index, body);
    }
    checker.problems.append(&mut reporter.problems);
}

impl Reporter<'_> {
    fn joins(&mut self, index: usize, body: &Body<'_>, entry: &Entry) {
        let mut unwatched: Vec<&JoinPlace> = Vec::new();
        for join in &body.joins {
            let fates = join.before.of(entry.get(join.task));
            if !fates.may(Fates::RUNNING) {
                let problem = if fates.may(Fates::JOINED) {
                    self.joined_twice(join)
                } else {
                    self.unknown_task(index, body, join)
                };
                self.problems.push(problem);
            } else if join.is_unwatched && self.may_fail_unseen(index, body, join) {
                unwatched.push(join);
            }
        }
        for joins in unwatched.chunk_by(|a, b| a.node == b.node) {
            self.unwatched(joins);
        }
    }

    fn joined_twice(&self, join: &JoinPlace) -> Diagnostic {
        let name = self.names.name(join.task);
        let problem = Diagnostic::new(
            Code::JOINED_TWICE,
            join.span,
            format!("the task `{name}` was joined before"),
        )
        .label("joined again")
        .help("remove it here: its value stays at `.async` after the first join");
        match join.earlier {
            Some(earlier) => problem.also(earlier, "first joined here"),
            None => problem,
        }
    }

    fn unknown_task(&mut self, index: usize, body: &Body<'_>, join: &JoinPlace) -> Diagnostic {
        let name = self.names.name(join.task);
        let problem = |message: String| Diagnostic::new(Code::UNKNOWN_TASK, join.span, message);
        if let Some(later) =
            body.sites[join.sites_before..].iter().find(|site| site.task == join.task)
        {
            return problem(format!("the task `{name}` is not started yet"))
                .label("joined here")
                .also(later.span, "started only here")
                .help("move the join below the step that starts the task");
        }
        let Some(starts) = self.started.get(&join.task) else {
            let near = self.near(name);
            self.meant.extend(near.map(|task| (index, task)));
            let help = match near.map(|task| self.names.name(task)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("start it before: tag a step with `@async({name})`"),
            };
            return problem(format!("no task is called `{name}`"))
                .label("nothing starts it")
                .help(help);
        };
        let (starter, start) = starts[0];
        let help = if self.graph.is_pipeline(starter) && self.graph.runs_as_task[starter] {
            "join it inside that pipeline: what a task starts belongs to that task alone"
        } else if starter == index {
            "start and join it in the same branch"
        } else {
            "start it in this pipeline, or in one that is called before"
        };
        problem(format!("the task `{name}` cannot have been started here"))
            .label("joined here")
            .also(start, "started here, on no way to the join")
            .help(help)
    }

    /// The started task that was probably meant; where there are very many, nobody can tell.
    fn near(&self, name: &str) -> Option<TaskId> {
        if self.started.len() > MOST_COMPARED {
            return None;
        }
        let near = nearest(name, self.started.keys().map(|task| &**self.names.name(*task)))?;
        self.started.keys().copied().find(|task| &**self.names.name(*task) == near)
    }

    /// Whether a joined task may fail without anybody taking notice.
    fn may_fail_unseen(&self, index: usize, body: &Body<'_>, join: &JoinPlace) -> bool {
        let sites = &body.sites[..join.sites_before];
        if !sites.iter().any(|site| site.task == join.task && site.may_fail) {
            return false;
        }
        // A read above the join is reported as such, and a misspelt one may have meant this task.
        let may_be_meant =
            |read: &ReadPlace| read.task == join.task || !self.started.contains_key(&read.task);
        if body.reads.iter().any(may_be_meant) {
            return false;
        }
        // Callers see what a pipeline has joined.
        let is_read_elsewhere = |body: &Body<'_>| {
            body.watches_all || body.reads.iter().any(|read| read.task == join.task)
        };
        !(self.graph.is_pipeline(index) && self.read.iter().any(is_read_elsewhere))
    }

    /// The tasks of one join of whose failure nobody takes notice.
    fn unwatched(&mut self, joins: &[&JoinPlace]) {
        let [first, .., last] = joins else {
            let [only] = joins else { return };
            let kind = if only.is_branch { "branch" } else { "task" };
            let what = format!("the {kind} {}", self.quoted(only.task));
            return self.unwatched_at(only.span, &what, only.is_branch);
        };
        let names: Vec<String> = joins.iter().map(|join| self.quoted(join.task)).collect();
        let span = if first.is_branch { first.span } else { first.span.to(last.span) };
        self.unwatched_at(span, &format!("one of {}", names.join(", ")), first.is_branch);
    }

    fn unwatched_at(&mut self, span: Span, what: &str, is_branch: bool) {
        let help = match is_branch {
            false => "route it with a `result` block below the join, or mark the task `@optional`",
            true => {
                "route it with a `result` block below, or write `on_error: ignore_errors` if it does not matter"
            }
        };
        self.problems.push(
            Diagnostic::new(
                Code::UNNOTICED_FAILURE,
                span,
                format!("nobody notices if {what} fails"),
            )
            .label("no `result` and no jq below looks at how it ended")
            .help(help),
        );
    }

    fn quoted(&self, task: TaskId) -> String {
        format!("`{}`", self.names.name(task))
    }

    fn reads(&mut self, index: usize, body: &Body<'_>, entry: &Entry) {
        if self.writes_async {
            return;
        }
        let mut reported: BTreeSet<(TaskId, Span)> = BTreeSet::new();
        for read in &body.reads {
            let fates = read.before.of(entry.get(read.task));
            if fates.may(Fates::JOINED) || !reported.insert((read.task, read.span)) {
                continue;
            }
            let problem = self.bad_read(index, body, read, fates);
            self.problems.extend(problem);
        }
    }

    fn bad_read(
        &self,
        index: usize,
        body: &Body<'_>,
        read: &ReadPlace,
        fates: Fates,
    ) -> Option<Diagnostic> {
        let name = self.names.name(read.task);
        let starts = self.started.get(&read.task);
        if starts.is_none() {
            // What a request of another program brings is not known.
            if self.graph.is_pipeline(index) && self.graph.is_uncalled(index) {
                return None;
            }
            let help = match self.near(name).map(|task| self.names.name(task)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("start it before, with `@async({name})`, and join it"),
            };
            let problem = Diagnostic::new(
                Code::READ_OF_UNKNOWN_TASK,
                read.span,
                format!("no task is called `{name}`, so this is always null"),
            );
            return Some(problem.label("nothing puts a value here").help(help));
        }
        let join = body.joins.iter().find(|join| join.task == read.task);
        if let Some(branch) = join.filter(|join| join.is_branch) {
            let problem = Diagnostic::new(
                Code::READ_BEFORE_JOIN,
                read.span,
                format!("the branch `{name}` has not run here, so this is always null"),
            );
            return Some(
                problem
                    .label("read here")
                    .also(branch.span, "runs only here")
                    .help("move the block above the step that reads the branch"),
            );
        }
        let problem = Diagnostic::new(
            Code::READ_BEFORE_JOIN,
            read.span,
            format!("the task `{name}` is not joined here, so this is always null"),
        );
        if let Some(join) = join {
            return Some(
                problem
                    .label("read here")
                    .also(join.span, "joined only here")
                    .help("move the join above the step that reads the task"),
            );
        }
        let problem = problem.label("read here");
        let start = starts
            .and_then(|starts| starts.iter().find(|(body, _)| *body == index).or(starts.first()));
        let problem = match start {
            Some((_, span)) => problem.also(*span, "started here"),
            None => problem,
        };
        let help = if fates.may(Fates::RUNNING) {
            format!("join it before: ``|> join: `{name}` ``")
        } else {
            format!("start `{name}` in this pipeline and join it before")
        };
        Some(problem.help(help))
    }

    fn sites(&mut self, index: usize, body: &Body<'_>) {
        for &(later, earlier) in &body.clashes {
            let (later, earlier) = (&body.sites[later], &body.sites[earlier]);
            let name = self.names.name(later.task);
            if later.is_branch {
                let problem = Diagnostic::new(
                    Code::DUPLICATE_BRANCH,
                    later.span,
                    format!("the value of `{name}` would take the place of another at `.async`"),
                );
                self.problems.push(
                    problem
                        .label("the same name again")
                        .also(earlier.span, "first used here")
                        .help("rename one of the two, or give one of the blocks `@result(name)`"),
                );
                continue;
            }
            self.problems.push(
                Diagnostic::new(
                    Code::DUPLICATE_TASK,
                    later.span,
                    format!("a task called `{name}` is under way already"),
                )
                .label("started again")
                .also(earlier.span, "first started here, and not joined since")
                .help("rename one of the two, or join the first before"),
            );
        }
        let clashing: BTreeSet<usize> = body.clashes.iter().map(|(_, earlier)| *earlier).collect();
        for (number, site) in body.sites.iter().enumerate() {
            let name = self.names.name(site.task);
            if site.is_lost {
                self.problems.push(
                    Diagnostic::new(
                        Code::LOST_IN_LOOP,
                        site.span,
                        format!(
                            "the task `{name}` is not joined in its turn of the loop or its branch"
                        ),
                    )
                    .label("nothing outside can join it")
                    .help("join it inside, or mark it `@optional` or `@detach`"),
                );
                continue;
            }
            let is_meant = self.meant.contains(&(index, site.task));
            if site.is_free || site.is_joined || is_meant || clashing.contains(&number) {
                continue;
            }
            if self.graph.is_pipeline(index)
                && self.graph.callers_join(index, site.task, &self.summaries.joins)
            {
                continue;
            }
            self.problems.push(
                Diagnostic::new(
                    Code::NEVER_JOINED,
                    site.span,
                    format!("the task `{name}` is never joined"),
                )
                .label("nothing waits for it")
                .help(
                    "join it, or mark it `@optional` (cancelled with the request) or `@detach` \
                     (outlives the request)",
                ),
            );
        }
    }
}
