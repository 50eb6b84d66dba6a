//! Plan to program: resolves steps, compiles embedded jq, looks up the environment.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rejoin_lang::diagnostic::{Code, Diagnostic};
use rejoin_lang::plan::{self, Callee, FunctionName, NodeKind, Plan, Script};
use rejoin_lang::source::{SourceId, Span};
use rejoin_lang::step_spec::{Effect, TextLanguage};
use rejoin_value::jq;

use super::location;
use super::{
    Block, Branch, Call, ForEach, Fork, ForkBranch, Join, Last, Node, Op, Output, Pipeline, Policy,
    Program, Route, RouteId, Spawn, Target, TaskReads,
};
use crate::cond::Cond;
use crate::registry::Registry;
use crate::router::Router;
use crate::script_limits::ScriptSettings;
use crate::settings::Settings;
use crate::step::{CallSite, Environment, Step};

impl Program {
    /// Makes a checked plan runnable. `env` looks up the variables that its configuration names.
    ///
    /// # Errors
    /// Everything that keeps it from running: variables that are not set, texts that a step refuses. A plan
    /// with errors from the checker is refused with those same errors at the calls concerned.
    pub fn build(
        plan: &Plan,
        registry: &Registry,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let settings = Settings::resolve(plan, env)?;
        // Only to be told apart from others.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let mut builder = Builder {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            plan,
            registry,
            settings: &settings,
            environment: Environment(env),
            directory: scripts_directory(plan, env),
            scripts: HashMap::new(),
            problems: Vec::new(),
        };
        let mut router = Router::default();
        let mut routes = Vec::with_capacity(plan.routes.len());
        for (n, route) in plan.routes.iter().enumerate() {
            router.add(route.method, &route.path, RouteId(n as u32));
            routes.push(Route {
                method: route.method,
                pattern: route.path.text.clone(),
                block: builder.block(&route.block),
                observes_flags: route.observes_flags,
            });
        }
        let resolvers: HashSet<usize> =
            plan.graphql.resolvers.iter().map(|resolver| resolver.pipeline.0 as usize).collect();
        let pipelines = plan
            .pipelines
            .iter()
            .enumerate()
            .map(|(n, p)| Pipeline {
                name: p.name.clone(),
                is_of_main_file: p.name_span.source == SourceId::default(),
                is_resolver: resolvers.contains(&n),
                block: builder.block(&p.block),
            })
            .collect();
        builder.endpoint(&mut router, &mut routes);
        let feature_flags = plan.feature_flags.as_ref().map(|block| builder.block(block));
        if !builder.problems.is_empty() {
            return Err(builder.problems);
        }
        let jq = ScriptSettings::read(&settings, "jq");
        Ok(Self {
            jq,
            routes,
            router,
            pipelines,
            feature_flags,
            settings,
            sources: plan.sources.clone(),
            tests: plan.tests.clone(),
        })
    }
}

pub(super) struct Builder<'a> {
    pub(super) number: u64,
    pub(super) plan: &'a Plan,
    pub(super) registry: &'a Registry,
    pub(super) settings: &'a Settings,
    /// Where variables of the environment are looked up.
    pub(super) environment: Environment<'a>,
    /// Where scripts lie.
    pub(super) directory: PathBuf,
    /// One compiled program for each distinct text.
    scripts: HashMap<Arc<str>, Arc<jq::Program>>,
    pub(super) problems: Vec<Diagnostic>,
}

impl Builder<'_> {
    fn block(&mut self, block: &plan::Block) -> Block {
        Block { nodes: block.nodes.iter().filter_map(|node| self.node(node)).collect() }
    }

    fn node(&mut self, node: &plan::Node) -> Option<Node> {
        let guard = match &node.guard {
            Some(cond) => Some(self.cond(cond)?),
            None => None,
        };
        let op = match &node.kind {
            NodeKind::Call(call) => Op::Call(Box::new(self.call(call, node.span)?)),
            NodeKind::Spawn(spawn) => Op::Spawn(Spawn {
                task: spawn.task.clone(),
                call: Arc::new(self.call(&spawn.call, node.span)?),
                optional: spawn.optional,
                detach: spawn.detach,
            }),
            NodeKind::Join(join) => Op::Join(Join {
                tasks: join.tasks.iter().map(|target| target.task.clone()).collect(),
                policy: join.policy.clone(),
                location: self.location(node.span),
            }),
            NodeKind::If(node) => Op::If {
                condition: self.block(&node.condition),
                then: self.block(&node.then),
                otherwise: node.otherwise.as_ref().map(|block| self.block(block)),
            },
            NodeKind::Dispatch(node) => Op::Dispatch {
                cases: node
                    .cases
                    .iter()
                    .filter_map(|case| Some((self.cond(&case.condition)?, self.block(&case.block))))
                    .collect(),
                default: node.default.as_ref().map(|block| self.block(block)),
            },
            NodeKind::ForEach(each) => Op::ForEach(Arc::new(ForEach {
                path: each.path.clone(),
                limit: each.limit,
                body: self.block(&each.body),
                location: self.location(node.span),
            })),
            NodeKind::Fork(fork) => Op::Fork(Arc::new(Fork {
                policy: fork.policy.clone(),
                result: fork.result.clone(),
                branches: fork.branches.iter().map(|branch| self.fork_branch(branch)).collect(),
                location: self.location(fork.word_span),
            })),
            NodeKind::Result(result) => Op::Result(
                result
                    .branches
                    .iter()
                    .map(|branch| Branch {
                        name: branch.name.clone(),
                        status: branch.status,
                        block: self.block(&branch.block),
                    })
                    .collect(),
            ),
        };
        let policy = match &node.policy {
            Some(policy) => Some(Box::new(self.policy(policy)?)),
            None => None,
        };
        Some(Node { guard, policy, op })
    }

    fn fork_branch(&mut self, branch: &plan::BlockBranch) -> ForkBranch {
        ForkBranch {
            name: branch.name.clone(),
            starts_tasks: starts_tasks(&branch.block),
            block: self.block(&branch.block),
        }
    }

    fn policy(&mut self, policy: &plan::Policy) -> Option<Policy> {
        let fallback = match &policy.fallback {
            Some(script) => Some(self.script(script)?),
            None => None,
        };
        Some(Policy {
            timeout: policy.timeout,
            retry: policy.retry.clone(),
            hedge: policy.hedge,
            fallback,
            optional: policy.optional,
        })
    }

    /// The call that stands at `whole`.
    fn call(&mut self, call: &plan::Call, whole: Span) -> Option<Call> {
        let location = self.location_of(call, whole);
        let args = call.args.iter().map(|arg| self.script(arg)).collect::<Option<Vec<_>>>()?;
        // Who makes something of a failed task has dealt with it: an argument is a program like any other.
        let read_by_args =
            args.iter().fold(TaskReads::None, |reads, arg| reads.and(TaskReads::of(arg)));
        let mut reaches_outside = false;
        let target = match &call.callee {
            Callee::Pipeline(id) => Target::Pipeline(id.0 as usize),
            Callee::Loader(id) => Target::Loader(id.0 as usize),
            Callee::Step(name) => {
                let Some(step) = self.registry.get(name) else {
                    self.problem(
                        Code::UNKNOWN_STEP,
                        call.name_span,
                        format!("no step is called `{name}`"),
                    );
                    return None;
                };
                let site = CallSite {
                    text: call.text.as_ref().map(|text| &*text.value),
                    args: call.has_args.then_some(call.args.len()),
                    location: &location,
                    settings: self.settings,
                    environment: self.environment,
                    source: call.text.as_ref().map_or(call.name_span, |text| text.span).source,
                    scripts: &self.directory,
                    program: self.number,
                    variables: &self.plan.variables,
                    imports: &self.plan.imports,
                    graphql: &self.plan.graphql,
                    function: Self::function(self.plan, &**step, call),
                };
                match step.prepare(&site) {
                    Ok(prepared) => {
                        let effect = step.spec().effect;
                        reaches_outside = effect != Effect::None && !prepared.is_inside();
                        Target::Step(prepared)
                    }
                    Err(problem) => {
                        let place = match &call.text {
                            Some(text) => problem.place(text.span),
                            None => call.name_span,
                        };
                        let mut diagnostic =
                            Diagnostic::new(Code::BAD_TEXT, place, problem.message)
                                .label(format!("in this `{}`", call.name));
                        diagnostic.help = problem.help;
                        self.problems.push(diagnostic);
                        return None;
                    }
                }
            }
            Callee::Unknown => {
                let text = format!("nothing is called `{}`", call.name);
                self.problem(Code::UNKNOWN_STEP, call.name_span, text);
                return None;
            }
        };
        Some(Call {
            name: call.name.clone(),
            error_type: format!("{}Error", call.name).into(),
            location,
            target,
            reaches_outside,
            args,
            output: match &call.output {
                plan::Output::Unchanged => Output::Unchanged,
                plan::Output::Merge => Output::Merge,
                plan::Output::Replace => Output::Replace,
                plan::Output::Render => Output::Render,
                plan::Output::Data { name, unnamed } => {
                    Output::Data { name: name.clone(), unnamed: *unnamed }
                }
            },
            last: match &call.last {
                plan::Last::No => Last::No,
                plan::Last::Yes => Last::Yes,
                plan::Last::UnlessAny(guards) => {
                    Last::UnlessAny(guards.iter().filter_map(|guard| self.cond(guard)).collect())
                }
            },
            auto_name: call.auto_name.clone(),
            is_alone: call.is_alone,
            rename_error: call.rename_error.clone(),
            policy: self.policy(&call.policy)?,
            reads_tasks: read_by_args.and(match &call.reads_tasks {
                plan::TaskReads::None => TaskReads::None,
                plan::TaskReads::Named(reads) => {
                    TaskReads::Named(reads.iter().map(|(task, _)| task.clone()).collect())
                }
                plan::TaskReads::All(_) => TaskReads::All,
            }),
        })
    }

    /// The place of a call; in what nobody wrote, that of the function that it calls.
    fn location_of(&self, call: &plan::Call, whole: Span) -> Arc<str> {
        let sources = &self.plan.sources;
        let function = || {
            let step = self.registry.get(&call.name)?;
            let FunctionName { functions, index } = Self::function(self.plan, &**step, call)?;
            Some(functions.sources.location(functions.functions[index].span))
        };
        let own = sources.get(call.name_span.source).is_generated.then(function).flatten();
        let lines = || sources.lines(Span { end: whole.end, ..call.name_span });
        self.shown(&own.unwrap_or_else(lines))
    }

    fn function<'p>(
        plan: &'p Plan,
        step: &dyn Step,
        call: &plan::Call,
    ) -> Option<FunctionName<'p>> {
        let text = call.text.as_ref()?;
        let named = step.spec().text.language == TextLanguage::Function;
        named.then(|| plan.function(text.span.source, &text.value).ok()).flatten()
    }

    fn cond(&mut self, cond: &plan::Cond) -> Option<Cond> {
        Some(match cond {
            plan::Cond::Const(value) => Cond::Const(*value),
            plan::Cond::All(parts) => {
                Cond::All(parts.iter().map(|part| self.cond(part)).collect::<Option<_>>()?)
            }
            plan::Cond::Any(parts) => {
                Cond::Any(parts.iter().map(|part| self.cond(part)).collect::<Option<_>>()?)
            }
            plan::Cond::Env { name, negated } => {
                Cond::Env { name: name.clone(), negated: *negated }
            }
            plan::Cond::Flags { names, negated } => {
                Cond::Flags { names: names.clone(), negated: *negated }
            }
            plan::Cond::When { names, negated } => {
                Cond::When { names: names.clone(), negated: *negated }
            }
            plan::Cond::Guard { script, negated } => {
                let program = self.script(script)?;
                let reads_tasks = TaskReads::of(&program);
                Cond::Guard { program, negated: *negated, reads_tasks }
            }
        })
    }

    fn script(&mut self, script: &Script) -> Option<Arc<jq::Program>> {
        if let Some(program) = self.scripts.get(&script.text) {
            return Some(program.clone());
        }
        match jq::Program::compile(&script.text, &[]) {
            Ok(program) => {
                let program = Arc::new(program);
                self.scripts.insert(script.text.clone(), program.clone());
                Some(program)
            }
            Err(errors) => {
                for error in errors.iter() {
                    let place = script.span.slice(error.span.start, error.span.end);
                    self.problem(Code::BAD_TEXT, place, error.message.clone());
                }
                None
            }
        }
    }

    fn problem(&mut self, code: Code, span: Span, message: String) {
        self.problems.push(Diagnostic::new(code, span, message));
    }

    pub(super) fn location(&self, span: Span) -> Arc<str> {
        self.shown(&self.plan.sources.location(span))
    }

    fn shown(&self, location: &str) -> Arc<str> {
        let main = self.plan.sources.files().first().map_or("", |main| &main.name);
        location::relative(main, location).into()
    }
}

/// `scripts` beside the program, or where `WEBPIPE_SCRIPTS_DIR` says.
pub fn scripts_directory(plan: &Plan, env: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    match env("WEBPIPE_SCRIPTS_DIR") {
        Some(directory) => directory.into(),
        None => {
            let main = plan.sources.files().first().map_or("", |source| &*source.name);
            Path::new(main).with_file_name("scripts")
        }
    }
}

/// Whether a block may start tasks: itself, or in a pipeline that it calls.
fn starts_tasks(block: &plan::Block) -> bool {
    block.nodes.iter().any(|node| match &node.kind {
        NodeKind::Spawn(_) => true,
        NodeKind::Call(call) => matches!(call.callee, Callee::Pipeline(_)),
        NodeKind::Join(_) => false,
        NodeKind::If(node) => {
            let blocks = [&node.condition, &node.then].into_iter().chain(&node.otherwise);
            blocks.into_iter().any(starts_tasks)
        }
        NodeKind::Dispatch(node) => {
            let cases = node.cases.iter().map(|case| &case.block);
            cases.chain(&node.default).any(starts_tasks)
        }
        NodeKind::ForEach(each) => starts_tasks(&each.body),
        NodeKind::Result(node) => node.branches.iter().any(|branch| starts_tasks(&branch.block)),
        // Its branches see to theirs.
        NodeKind::Fork(_) => false,
    })
}
