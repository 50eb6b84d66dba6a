//! The plain step: what it calls, with what, and where its output goes.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{
    Call, Callee, ForkKind, ForkOnError, ForkPolicy, Join, Last, Node, NodeKind, Output, Script,
    Spawn, TaskReads, Unnamed,
};
use crate::source::Span;
use crate::step_spec::{OutputClass, TextLanguage};
use crate::wp::FORKS;
use crate::wp::ast::PlainStep;

use super::given::GivenText;
use super::tags::{Marks, bad_tag};
use super::{Lowering, flags, unavailable};

/// How many unknown names are compared with those that exist.
const MOST_SUGGESTIONS: u32 = 100;

impl Lowering<'_> {
    pub(super) fn plain(&mut self, step: &PlainStep) -> Node {
        let (marks, guard) = self.tags(step.tags.as_ref());
        if let Some((_, span)) = marks.limit.as_ref().filter(|_| &*step.name.text != "join") {
            self.no_effect(*span, "`@limit` does nothing on a plain step", "it is for `foreach`");
        }
        let given = step.config.as_ref().map(|config| self.given_text(&step.name.text, config));
        if &*step.name.text == "join" {
            let kind = self.join(step, &marks, given);
            return Node { guard, policy: None, kind, span: step.span };
        }
        let callee = self.callee(step, given.as_ref());
        let call = self.call(step, callee, &marks, given);
        let kind = self.spawned(call, marks);
        Node { guard, policy: None, kind, span: step.span }
    }

    fn callee(&mut self, step: &PlainStep, given: Option<&GivenText>) -> Callee {
        let name = &step.name.text;
        if &**name == "pipeline" {
            return self.long_form(step, given);
        }
        if &**name == "loader" {
            return self.loader(step, given);
        }
        if self.catalog.spec(name).is_some() {
            return Callee::Step(name.clone());
        }
        if let Some(&id) = self.scope().pipelines.get(name) {
            if let Some(given) = given {
                self.report(
                    Diagnostic::new(
                        Code::PIPELINE_WITH_TEXT,
                        given.text.span,
                        format!("`{name}` is a pipeline, and a pipeline takes no text"),
                    )
                    .label("not expected here")
                    .help(format!("write `|> {name}`, or `|> {name}({{ … }})` to pass values")),
                );
                return Callee::Unknown;
            }
            self.body.calls.push(id);
            return Callee::Pipeline(id);
        }
        if unavailable::is_step(name) {
            return self.unavailable(name, step.name.span);
        }
        self.unknown(name, step.name.span, given.is_none());
        Callee::Unknown
    }

    /// `|> pipeline: name`
    pub(super) fn long_form(&mut self, step: &PlainStep, given: Option<&GivenText>) -> Callee {
        let Some(given) = given else {
            self.report(
                Diagnostic::new(
                    Code::UNKNOWN_STEP,
                    step.name.span,
                    "the name of the pipeline is missing",
                )
                .label("which one?")
                .help("write `|> pipeline: name`"),
            );
            return Callee::Unknown;
        };
        let name = given.text.value.trim();
        if given.is_refused {
            return Callee::Unknown;
        }
        if let Some(&id) = self.scopes[given.module].pipelines.get(name) {
            self.body.calls.push(id);
            return Callee::Pipeline(id);
        }
        let near = match self.pipeline_elsewhere(name) {
            Some(elsewhere) => Some(elsewhere),
            None => self.near_name(name, &[], Some(given.module)),
        };
        let elsewhere = given.module != self.current;
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if elsewhere => format!("declare it in that module: `pipeline {name} = …`"),
            None => format!("declare it: `pipeline {name} = …`"),
        };
        let message = match elsewhere {
            true => format!("the module has no pipeline `{name}`"),
            false => format!("no pipeline is called `{name}`"),
        };
        self.report(
            Diagnostic::new(Code::UNKNOWN_STEP, given.text.span, message)
                .label("not known")
                .help(help),
        );
        Callee::Unknown
    }

    fn unknown(&mut self, name: &str, span: Span, may_be_pipeline: bool) {
        if name.is_empty() {
            return; // The parser has said that it is missing.
        }
        if FORKS.contains(&name) {
            self.report(
                Diagnostic::new(Code::EMPTY_BLOCK, span, format!("this `{name}` block is empty"))
                    .label("nothing would run here")
                    .help("write a branch, such as `users:`, and steps below it"),
            );
            return;
        }
        let mut steps = self.catalog.names();
        steps.extend(["join", "loader", "pipeline", "if", "dispatch", "foreach", "result"]);
        let elsewhere = self.pipeline_elsewhere(name).filter(|_| may_be_pipeline);
        let near = match &elsewhere {
            Some(elsewhere) => Some(format!("|> pipeline: {elsewhere}")),
            None => self.near_name(name, &steps, may_be_pipeline.then_some(self.current)),
        };
        let (message, help) = match near {
            Some(near) => (None, format!("did you mean `{near}`?")),
            None if may_be_pipeline => (None, format!("declare it: `pipeline {name} = …`")),
            None => (
                Some(format!("no step is called `{name}`")),
                format!("use one of: {}", self.step_names().join(", ")),
            ),
        };
        let message =
            message.unwrap_or_else(|| format!("no step and no pipeline is called `{name}`"));
        let problem = Diagnostic::new(Code::UNKNOWN_STEP, span, message).label("not known");
        self.report(problem.help(help));
    }

    /// What was probably meant. A file full of unknown names was not written by mistake, and is not searched for long.
    pub(super) fn near_name(
        &mut self,
        name: &str,
        steps: &[&str],
        or_pipeline_of: Option<usize>,
    ) -> Option<String> {
        self.unknown_names += 1;
        if self.unknown_names > MOST_SUGGESTIONS {
            return None;
        }
        let scope = or_pipeline_of.map(|module| &self.scopes[module]);
        let pipelines =
            scope.into_iter().flat_map(|scope| scope.pipelines.keys()).map(|key| &**key);
        nearest(name, steps.iter().copied().chain(pipelines)).map(str::to_owned)
    }

    fn step_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.catalog.names().into_iter().map(str::to_owned).collect();
        names.sort();
        names
    }

    fn call(
        &mut self,
        step: &PlainStep,
        callee: Callee,
        marks: &Marks,
        given: Option<GivenText>,
    ) -> Call {
        // What was meant as the options of a block is no list of programs.
        let is_block = callee == Callee::Unknown && FORKS.contains(&&*step.name.text);
        let name = &step.name.text;
        let is_unavailable = matches!(&callee, Callee::Step(called) if called != name);
        let args: Vec<Script> = step
            .args
            .iter()
            .filter(|_| !is_block && !is_unavailable)
            .flatten()
            .map(|arg| Script { text: arg.value.clone(), span: arg.span })
            .collect();
        let mut call = Call {
            name: step.name.text.clone(),
            name_span: step.name.span,
            callee,
            args,
            has_args: step.args.is_some(),
            text: None,
            output: Output::Merge,
            last: Last::Yes,
            auto_name: None,
            is_alone: false,
            rename_error: marks.error.as_ref().map(|(name, _)| name.clone()),
            policy: marks.policy(),
            reads_tasks: TaskReads::None,
        };
        if let Callee::Loader(_) = call.callee {
            call.output = Output::Replace;
        }
        if call.callee.pipeline().is_some() {
            if let Some((_, span)) = &marks.result {
                let text = "`@result` does nothing on a pipeline: its final state is merged";
                let help = "put `@result` on a step inside the pipeline";
                self.no_effect(*span, text, help);
            }
            if let Some((_, span)) = &marks.hedge {
                self.report(
                    bad_tag(*span, "a pipeline cannot be hedged as a whole")
                        .label("not on a pipeline")
                        .help("put `@hedge` on the step inside that may be slow"),
                );
            }
            return call;
        }
        let Callee::Step(name) = call.callee.clone() else { return call };
        let Some(spec) = self.catalog.spec(&name) else { return call };
        call.output = output(spec.class, marks.result.as_ref().map(|(name, _)| name.clone()));
        if let (Some((_, span)), false) =
            (&marks.result, matches!(call.output, Output::Data { .. }))
        {
            let text = format!("`@result` does nothing on `{name}`");
            let help = "remove it: it names the output of steps that bring data, such as `fetch`";
            self.no_effect(*span, &text, help);
        }
        if is_unavailable {
            call.has_args = false;
            call.text = Some(unavailable::text(&call.name, call.name_span));
            call.auto_name = given.and_then(|given| given.variable);
            return call;
        }
        let Some(given) = given else { return call };
        let language = spec.text.language;
        if given.is_refused || given.bare && self.is_missing_variable(&name, language, &given) {
            call.callee = Callee::Unknown;
            return call;
        }
        match language {
            TextLanguage::Jq => {
                self.body.looks_at_flags |= flags::jq_looks(&given.text.value);
                call.reads_tasks = self.jq.of_step(&given.text.value).task_reads(given.text.span);
            }
            TextLanguage::Graphql => {
                if call.args.len() < 2 {
                    self.body.calls.extend_from_slice(&self.resolvers);
                }
            }
            TextLanguage::Function => {}
            TextLanguage::Foreign | TextLanguage::Plain => {
                self.body.looks_at_flags |= flags::script_looks(&given.text.value);
            }
        }
        call.auto_name = given.variable;
        call.text = Some(given.text);
        call
    }

    /// A task, if the step is tagged as one.
    fn spawned(&mut self, call: Call, marks: Marks) -> NodeKind {
        let Some((task, task_span)) = marks.task else {
            let Some(task_span) = marks.detach else { return NodeKind::Call(Box::new(call)) };
            // Nobody can name it, so nobody waits for it; its place tells it apart in logs.
            let line = self.sources.get(call.name_span.source).position(call.name_span.start);
            let task = format!("{}:{}:{}", call.name, line.line, line.column).into();
            return NodeKind::Spawn(Box::new(Spawn {
                task,
                task_span,
                call: Call { last: Last::Yes, ..call },
                optional: true,
                detach: true,
            }));
        };
        NodeKind::Spawn(Box::new(Spawn {
            task,
            task_span,
            call: Call { last: Last::Yes, ..call },
            optional: marks.optional.is_some(),
            detach: marks.detach.is_some(),
        }))
    }

    fn join(&mut self, step: &PlainStep, marks: &Marks, given: Option<GivenText>) -> NodeKind {
        // Without a word about it a join leaves each failure in its place.
        let policy = step.args.as_deref().map(|options| {
            let on_error = ForkOnError::CollectAll;
            let usual = ForkPolicy { on_error, ..ForkPolicy::new(ForkKind::Parallel) };
            self.fork_policy("join", step.name.span, options, usual)
        });
        let refused = [
            (marks.task.as_ref().map(|mark| mark.1), "be a task"),
            (
                marks.timeout.as_ref().map(|mark| mark.1),
                "have this tag: write `join(timeout: 2s)`, or give the tasks a time-out",
            ),
            (marks.retry.as_ref().map(|mark| mark.1), "be tried again: put `@retry` on the tasks"),
            (marks.hedge.as_ref().map(|mark| mark.1), "be hedged: put `@hedge` on the tasks"),
            (marks.limit.as_ref().map(|mark| mark.1), "have a limit: its tasks run already"),
            (
                marks.fallback.as_ref().map(|mark| mark.1),
                "have a fallback: put `@fallback` on the tasks",
            ),
        ];
        for (span, what) in refused {
            if let Some(span) = span {
                self.report(
                    bad_tag(span, format!("a join cannot {what}"))
                        .label("not on a join")
                        .help("move the tag to the steps that the join waits for"),
                );
            }
        }
        let inert = [
            marks.result.as_ref().map(|m| m.1),
            marks.error.as_ref().map(|m| m.1),
            marks.optional,
            marks.detach,
        ];
        for span in inert.into_iter().flatten() {
            self.no_effect(span, "this tag does nothing on a join", "move it to a task's step");
        }
        let tasks = match given {
            Some(given) => self.join_targets(&given.text),
            None => {
                self.report(
                    Diagnostic::new(
                        Code::EMPTY_JOIN,
                        step.name.span,
                        "this join waits for nothing",
                    )
                    .label("no task is named")
                    .help("name the tasks to wait for, as in ``|> join: `users, posts` ``"),
                );
                Vec::new()
            }
        };
        NodeKind::Join(Join { tasks, policy })
    }
}

fn output(class: OutputClass, name: Option<Arc<str>>) -> Output {
    match class {
        OutputClass::Unchanged => Output::Unchanged,
        OutputClass::Merge => Output::Merge,
        OutputClass::Replace => Output::Replace,
        OutputClass::Render => Output::Render,
        OutputClass::DataMerge => Output::Data { name, unnamed: Unnamed::Merge },
        OutputClass::DataReplace => Output::Data { name, unnamed: Unnamed::Replace },
        OutputClass::Response => Output::Data { name, unnamed: Unnamed::Response },
    }
}
