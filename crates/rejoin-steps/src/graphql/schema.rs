//! The schema of a program: its texts as one, and which pipeline resolves which field.

use std::collections::HashMap;
use std::path::Path;

use apollo_compiler::ast::OperationType;
use apollo_compiler::collections::HashMap as ApolloMap;
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::parser::{Parser, SourceMap, SourceSpan};
use apollo_compiler::schema::{ExtendedType, Implementers};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Name, Schema as Types};
use rejoin_lang::plan::{Graphql, PipelineId, ResolverOwner};
use rejoin_lang::step_spec::TextProblem;

use super::document::{self, LastDocuments};

/// Types that nest deeper than this are refused.
const DEEPEST: usize = 64;
/// A type that is there without being declared: any JSON.
const JSON: &str = "scalar JSON";

/// A schema and what resolves it.
pub(super) struct Schema {
    pub(super) types: Valid<Types>,
    pub(super) implementers: ApolloMap<Name, Implementers>,
    /// By type and field.
    resolvers: HashMap<String, HashMap<String, PipelineId>>,
    /// Documents that were asked before.
    pub(super) documents: LastDocuments,
}

impl Schema {
    /// The schema of a program, which has been checked.
    pub(super) fn of(graphql: &Graphql) -> Result<Self, TextProblem> {
        let texts: Vec<&str> = graphql.schema.iter().map(|text| &*text.value).collect();
        let types = parse(&texts).map_err(|mut problems| problems.remove(0).1)?;
        let mut resolvers: HashMap<String, HashMap<String, PipelineId>> = HashMap::new();
        for resolver in &graphql.resolvers {
            if let Some(owner) = type_of(&types, &resolver.owner) {
                let fields = resolvers.entry(owner.to_owned()).or_default();
                fields.insert(resolver.field.to_string(), resolver.pipeline);
            }
        }
        Ok(Self { resolvers, ..Self::bare(types) })
    }

    /// A schema of which nothing is resolved, to hold documents against.
    pub(super) fn bare(types: Valid<Types>) -> Self {
        let implementers = types.implementers_map();
        let documents = LastDocuments::default();
        Self { types, implementers, resolvers: HashMap::new(), documents }
    }

    /// What resolves a field, unless it is read from its object.
    pub(super) fn resolver(&self, owner: &str, field: &str) -> Option<PipelineId> {
        self.resolvers.get(owner)?.get(field).copied()
    }
}

/// The texts as one schema, or each problem with the number of its text.
pub(super) fn parse(texts: &[&str]) -> Result<Valid<Types>, Vec<(usize, TextProblem)>> {
    let mut builder = Types::builder();
    let mut parser = Parser::new().recursion_limit(DEEPEST);
    for (n, text) in texts.iter().enumerate() {
        parser.parse_into_schema_builder(*text, Path::new(&n.to_string()), &mut builder);
    }
    if !texts.iter().any(|text| declares_json(text)) {
        parser.parse_into_schema_builder(JSON, Path::new("built in"), &mut builder);
    }
    let slips = slips(&mut parser, texts);
    if !slips.is_empty() {
        return Err(slips);
    }
    let built = builder.build().map_err(|error| error.errors);
    let problems = match built.map(Types::validate) {
        Ok(Ok(types)) => return Ok(with_scalars(types)),
        Ok(Err(error)) => error.errors,
        Err(errors) => errors,
    };
    Err(placed(&problems))
}

/// The first slip in the syntax of each text: what comes behind it only follows from it.
fn slips(parser: &mut Parser, texts: &[&str]) -> Vec<(usize, TextProblem)> {
    let first = |(n, text): (usize, &&str)| {
        let errors = parser.parse_ast(*text, "schema").err()?.errors;
        Some((n, document::first_slip(&errors)?))
    };
    texts.iter().enumerate().filter_map(first).collect()
}

/// With the scalars of the language that it does not mention: the variables of documents may be of their types.
fn with_scalars(types: Valid<Types>) -> Valid<Types> {
    let mut types = types.into_inner();
    for (name, built_in) in Types::new().types {
        if built_in.is_scalar() && !types.types.contains_key(&name) {
            types.types.insert(name, built_in);
        }
    }
    Valid::assume_valid(types)
}

fn declares_json(text: &str) -> bool {
    let mut words =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty());
    let mut before = "";
    words.any(|word| std::mem::replace(&mut before, word) == "scalar" && word == "JSON")
}

/// The problems of several texts, whose names are numbers.
fn placed(problems: &DiagnosticList) -> Vec<(usize, TextProblem)> {
    let mut placed: Vec<_> = problems
        .iter()
        .map(|problem| {
            let at = problem.error.location();
            let text = at.and_then(|at| number(&at, problem.sources));
            let message = problem.error.to_string();
            let is_again = message.starts_with("the type `") && message.contains("multiple times");
            let name = message.split('`').nth(1).filter(|_| is_again);
            let help =
                name.map(|name| format!("write `extend type {name}` here, to add fields to it"));
            let problem = text_problem(message.clone(), at);
            (text.unwrap_or_default(), TextProblem { help, ..problem })
        })
        .collect();
    placed.dedup();
    placed
}

/// The number of the text that something stands in.
pub(super) fn number(at: &SourceSpan, sources: &SourceMap) -> Option<usize> {
    sources.get(&at.file_id())?.path().to_str()?.parse().ok()
}

/// A problem as the checker takes it.
pub(super) fn text_problem(message: String, at: Option<SourceSpan>) -> TextProblem {
    let (start, end) = at.map_or((0, 0), |at| (at.offset(), at.end_offset()));
    TextProblem { start, end, message, help: None }
}

/// The name of the type whose field a resolver resolves, if the schema has it.
pub(super) fn type_of<'a>(types: &'a Types, owner: &'a ResolverOwner) -> Option<&'a str> {
    let operation = match owner {
        ResolverOwner::Query => OperationType::Query,
        ResolverOwner::Mutation => OperationType::Mutation,
        ResolverOwner::Type(name) => {
            let is_object = matches!(types.types.get(&**name), Some(ExtendedType::Object(_)));
            return is_object.then_some(&**name);
        }
    };
    types.root_operation(operation).map(|name| name.as_str())
}
