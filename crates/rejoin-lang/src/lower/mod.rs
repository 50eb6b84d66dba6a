//! Tree to [`Plan`]: names are resolved, and everything that the syntax leaves implicit is written out.
//!
//! Lowering always yields a plan. What it could not resolve stands there as [`Callee::Unknown`], has been
//! reported, and keeps the program from running.
//!
//! [`Callee::Unknown`]: crate::plan::Callee::Unknown

mod block;
mod call;
mod config;
mod elsewhere;
mod flags;
mod fork;
mod given;
mod graphql;
mod join_list;
mod modifiers;
mod options;
mod path;
mod tags;
mod tests;
mod unavailable;
mod variables;

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::jq_facts::JqFacts;
use crate::modules::Module;
use crate::plan::{self, PipelineId, Plan};
use crate::source::{SourceId, Sources, Span};
use crate::step_spec::StepCatalog;
use crate::wp::ast::Item;

use flags::BodyFacts;
use variables::Variables;

/// Gives meaning to the files of a program, the main one first. `sources` holds their texts in the same order. Goes on
/// with a cache of analysed jq programs that the checker can use as well.
///
/// The problems are those of names, tags and lists; the rules of [`check`](crate::check) find the rest.
pub(crate) fn wp(
    modules: &[Module],
    sources: Sources,
    catalog: &dyn StepCatalog,
    jq: &mut JqFacts,
) -> (Plan, Vec<Diagnostic>) {
    let mut lowering = Lowering {
        sources: &sources,
        catalog,
        jq,
        problems: Vec::new(),
        scopes: Vec::new(),
        current: 0,
        resolvers: Vec::new(),
        unknown_names: 0,
        body: BodyFacts::default(),
    };
    let mut plan = lowering.program(modules);
    let problems = lowering.problems;
    plan.functions = function_files(modules, &sources);
    plan.sources = sources;
    (plan, problems)
}

fn function_files(modules: &[Module], sources: &Sources) -> Vec<plan::FunctionFile> {
    let functions = |(n, module): (usize, &Module)| {
        let functions = module.functions.clone()?;
        Some(plan::FunctionFile {
            source: SourceId(n as u16),
            functions: Arc::new(plan::Functions { sources: sources.clone(), ..functions }),
        })
    };
    modules.iter().enumerate().filter_map(functions).collect()
}

/// What lowering knows of the whole file, and what it has found so far.
struct Lowering<'a> {
    sources: &'a Sources,
    catalog: &'a dyn StepCatalog,
    jq: &'a mut JqFacts,
    problems: Vec<Diagnostic>,
    /// The names of each file.
    scopes: Vec<Scope>,
    /// Which of them is being lowered.
    current: usize,
    /// The bodies of all resolvers, which a document may come to.
    resolvers: Vec<PipelineId>,
    /// How many names were not found.
    unknown_names: u32,
    /// What is known of the route or pipeline that is being lowered.
    body: BodyFacts,
}

/// What names mean in one file.
#[derive(Default)]
struct Scope {
    variables: Variables,
    /// Of several pipelines with one name the first answers.
    pipelines: HashMap<Arc<str>, PipelineId>,
    aliases: HashMap<Arc<str>, Option<usize>>,
}

impl Lowering<'_> {
    fn program(&mut self, modules: &[Module]) -> Plan {
        self.declare(modules);
        let mut plan = Plan { config: self.config_blocks(modules), ..Plan::default() };
        let (mut routes, mut pipelines) = (Vec::new(), Vec::new());
        let (mut flags, mut schema): (Option<Span>, Option<Span>) = (None, None);
        let items = |(n, module)| {
            let module: &Module = module;
            module.file.items.iter().map(move |item| (n, item))
        };
        for (module, item) in modules.iter().enumerate().flat_map(items) {
            self.current = module;
            match item {
                Item::Route(route) => {
                    if let Some(method) = plan::Method::parse(&route.method.text) {
                        let path = self.path(&route.path);
                        let (block, facts) = self.body(&route.steps);
                        routes.push(facts);
                        plan.routes.push(plan::Route {
                            method,
                            path,
                            span: route.method.span.to(route.path.span),
                            block,
                            observes_flags: false,
                        });
                    }
                }
                Item::Pipeline(pipeline) => {
                    let (block, facts) = self.body(&pipeline.steps);
                    pipelines.push(facts);
                    plan.pipelines.push(plan::Pipeline {
                        name: pipeline.name.text.clone(),
                        name_span: pipeline.name.span,
                        block,
                    });
                }
                // Flags are a matter of the application, which is the main file.
                Item::FeatureFlags(_) if module > 0 => {}
                Item::FeatureFlags(written) => {
                    self.replaces("featureFlags", flags.replace(written.span), written.span);
                    plan.feature_flags = Some(self.body(&written.steps).0);
                }
                Item::Schema(written) => {
                    // Those of several files are one.
                    let first = schema.replace(written.span);
                    let first = first.filter(|first| first.source == written.span.source);
                    if first.is_some() {
                        plan.graphql.schema.pop();
                    }
                    self.replaces("graphqlSchema", first, written.span);
                    let text = &written.text;
                    plan.graphql
                        .schema
                        .push(plan::CallText { value: text.value.clone(), span: text.span });
                }
                Item::Resolver(resolver) => pipelines.push(self.resolver(resolver, &mut plan)),
                Item::Import(_) | Item::Config(_) | Item::Variable(_) | Item::Describe(_) => {}
            }
        }
        let observers = flags::observers(&pipelines);
        for (route, facts) in plan.routes.iter_mut().zip(&routes) {
            route.observes_flags = facts.observes(&observers);
        }
        for (module, Module { file, .. }) in modules.iter().enumerate() {
            self.current = module;
            self.tests(file, &mut plan);
        }
        plan.variables = self.scopes.iter().flat_map(|scope| scope.variables.listed()).collect();
        (plan.imports, plan.unread_imports) = self.imports();
        // Whoever wrote an imported file wrote it for others as well.
        plan.unused_variables =
            self.scopes.first().map_or_else(Vec::new, |scope| scope.variables.unused());
        plan
    }

    /// Of some declarations a file has one: the last.
    fn replaces(&mut self, word: &str, first: Option<Span>, last: Span) {
        let Some(first) = first else { return };
        let word_of = |span: Span| Span { end: span.start + word.len() as u32, ..span };
        self.report(
            Diagnostic::new(
                Code::REPLACED_DECLARATION,
                word_of(first),
                format!("nothing of this `{word}` holds"),
            )
            .label("replaced as a whole")
            .also(word_of(last), "by this later one")
            .help("put both into one"),
        );
    }

    /// Takes note of every name before any is used: the order of declarations has no meaning.
    fn declare(&mut self, modules: &[Module]) {
        let mut count = 0;
        for module in modules {
            let mut scope = Scope { aliases: module.aliases.clone(), ..Scope::default() };
            for item in &module.file.items {
                match item {
                    Item::Variable(variable) => {
                        self.problems.extend(scope.variables.declare(variable));
                    }
                    Item::Pipeline(pipeline) => {
                        let name = pipeline.name.text.clone();
                        scope.pipelines.entry(name).or_insert(PipelineId(count));
                        count += 1;
                    }
                    Item::Resolver(_) => {
                        self.resolvers.push(PipelineId(count));
                        count += 1;
                    }
                    _ => {}
                }
            }
            self.scopes.push(scope);
        }
    }

    /// What files call each other, and the names of those that could not be read.
    fn imports(&self) -> (Vec<plan::Import>, Vec<(SourceId, Arc<str>)>) {
        let id = |module: usize| SourceId(module as u16);
        let (mut imports, mut unread) = (Vec::new(), Vec::new());
        for (from, scope) in self.scopes.iter().enumerate() {
            for (alias, to) in &scope.aliases {
                let (from, alias) = (id(from), alias.clone());
                match to {
                    Some(to) => imports.push(plan::Import { from, alias, to: id(*to) }),
                    None => unread.push((from, alias)),
                }
            }
        }
        imports.sort_by(|a, b| (a.from, &a.alias).cmp(&(b.from, &b.alias)));
        unread.sort();
        (imports, unread)
    }

    /// The names of the file that is being lowered.
    fn scope(&self) -> &Scope {
        &self.scopes[self.current]
    }

    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }
}
