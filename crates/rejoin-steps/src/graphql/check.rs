//! What is wrong with a program's GraphQL, found before it runs.

use apollo_compiler::Schema as Types;
use apollo_compiler::ast::OperationType;
use rejoin_lang::diagnostic::nearest;
use rejoin_lang::plan::ResolverOwner;
use rejoin_lang::step_spec::{GraphqlPlace, GraphqlProblem, GraphqlTexts, TextProblem};

use super::document;
use super::schema::{self, Schema, text_problem, type_of};

pub(super) fn check(texts: &GraphqlTexts<'_>) -> Vec<GraphqlProblem> {
    let mut problems = Vec::new();
    let mut found = |place, problem| problems.push(GraphqlProblem { place, problem });
    for (n, text) in texts.foreign.iter().enumerate() {
        for problem in document::check(None, text) {
            found(GraphqlPlace::Foreign(n), problem);
        }
    }
    if texts.schema.is_empty() {
        return problems;
    }
    let types = match schema::parse(&texts.schema) {
        Ok(types) => types,
        Err(wrong) => {
            // Everything else would only follow from it.
            for (n, problem) in wrong {
                found(GraphqlPlace::Schema(n), problem);
            }
            return problems;
        }
    };
    for (n, (owner, field)) in texts.resolvers.iter().enumerate() {
        if let Some(problem) = unknown(&types, owner, field) {
            found(GraphqlPlace::Resolver(n), problem);
        }
    }
    for (n, problem) in unresolved(&types, &texts.resolvers) {
        found(GraphqlPlace::Unresolved(n), problem);
    }
    let schema = Schema::bare(types);
    for (n, text) in texts.documents.iter().enumerate() {
        for problem in document::check(Some(&schema), text) {
            found(GraphqlPlace::Document(n), problem);
        }
    }
    problems
}

/// A resolver of something that the schema does not have.
fn unknown(types: &Types, owner: &ResolverOwner, field: &str) -> Option<TextProblem> {
    let problem = |message: String, help: String| {
        Some(TextProblem { help: Some(help), ..text_problem(message, None) })
    };
    let Some(name) = type_of(types, owner) else {
        let wanted = owner.type_name();
        let known =
            types.types.iter().filter(|(name, ty)| ty.is_object() && !name.starts_with("__"));
        let help = match nearest(wanted, known.map(|(name, _)| name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it in the schema: `type {wanted} {{ {field}: … }}`"),
        };
        return problem(format!("the schema has no type `{wanted}` with fields"), help);
    };
    let object = types.get_object(name)?;
    if object.fields.contains_key(field) {
        return None;
    }
    let help = match nearest(field, object.fields.keys().map(|name| name.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("declare it in the schema: `type {name} {{ {field}: … }}`"),
    };
    problem(format!("the type `{name}` of the schema has no field `{field}`"), help)
}

/// Fields of the operations that nothing resolves: they have no object to be read from.
fn unresolved(types: &Types, resolvers: &[(&ResolverOwner, &str)]) -> Vec<(usize, TextProblem)> {
    let mut problems = Vec::new();
    for (operation, keyword) in
        [(OperationType::Query, "query"), (OperationType::Mutation, "mutation")]
    {
        let root = types.root_operation(operation);
        let Some(object) = root.and_then(|name| types.get_object(name.as_str())) else { continue };
        for (name, field) in &object.fields {
            let is_resolved = resolvers.iter().any(|(owner, resolved)| {
                *resolved == name.as_str() && type_of(types, owner) == Some(object.name.as_str())
            });
            let at = field.name.location();
            let text = at.and_then(|at| schema::number(&at, &types.sources));
            if let (false, Some(text)) = (is_resolved, text) {
                let help = Some(format!("declare it: `{keyword} {name} = …`"));
                let message = format!("nothing resolves the {keyword} `{name}`");
                problems.push((text, TextProblem { help, ..text_problem(message, at) }));
            }
        }
    }
    problems
}
