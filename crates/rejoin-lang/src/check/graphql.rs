//! GraphQL: the schema, what resolves it, and the documents for it. What they say is for the catalog to judge.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Call, Resolver};
use crate::source::Span;
use crate::step_spec::{GraphqlPlace, GraphqlTexts, TextLanguage};

use super::Checker;
use super::bodies::each_call;

pub(super) fn check(checker: &mut Checker<'_>) {
    let plan = checker.plan;
    let mut documents: Vec<(Span, &str)> = Vec::new();
    let mut foreign: Vec<(Span, &str)> = Vec::new();
    let mut first_own: Option<&Call> = None;
    each_call(plan, &mut |call| {
        if checker.language(call) != Some(TextLanguage::Graphql) {
            return;
        }
        // A second argument names another endpoint, whose schema nobody knows here.
        let is_foreign = call.args.len() > 1;
        if !is_foreign {
            first_own.get_or_insert(call);
        }
        // An empty text means that the state has the document.
        if let Some(text) = call.text.as_ref().filter(|text| !text.value.trim().is_empty()) {
            let list = if is_foreign { &mut foreign } else { &mut documents };
            list.push((text.span, &text.value));
        }
    });
    let graphql = &plan.graphql;
    if graphql.schema.is_empty() {
        // One without steps was probably meant to be something else.
        let has_steps =
            |resolver: &&Resolver| !plan.pipeline(resolver.pipeline).block.nodes.is_empty();
        let place = graphql.resolvers.iter().find(has_steps).map(|resolver| resolver.span);
        if let Some(place) = place.or(first_own.map(|call| call.name_span)) {
            checker.report(
                Diagnostic::new(Code::NO_SCHEMA, place, "the program has no GraphQL schema")
                    .label("needs one")
                    .help(
                        "declare it: ``graphqlSchema = `type Query { … }` ``; \
                         for another service give its URL: `graphql({}, { url: \"…\" })`",
                    ),
            );
        }
        documents.clear();
    }
    if graphql.is_empty() && documents.is_empty() && foreign.is_empty() {
        return;
    }
    let problems = checker.catalog.check_graphql(&GraphqlTexts {
        schema: graphql.schema.iter().map(|text| &*text.value).collect(),
        resolvers: match graphql.schema.is_empty() {
            true => Vec::new(),
            false => graphql.resolvers.iter().map(|r| (&r.owner, &*r.field)).collect(),
        },
        documents: documents.iter().map(|(_, text)| *text).collect(),
        foreign: foreign.iter().map(|(_, text)| *text).collect(),
    });
    for found in problems {
        let problem = found.problem;
        let (code, span, label) = match found.place {
            GraphqlPlace::Schema(n) => {
                (Code::BAD_GRAPHQL, problem.place(graphql.schema[n].span), "in the schema")
            }
            GraphqlPlace::Unresolved(n) => {
                (Code::UNRESOLVED_FIELD, problem.place(graphql.schema[n].span), "always null")
            }
            GraphqlPlace::Resolver(n) => {
                (Code::UNKNOWN_FIELD, graphql.resolvers[n].span, "not in the schema")
            }
            GraphqlPlace::Document(n) => {
                (Code::BAD_GRAPHQL, problem.place(documents[n].0), "in this document")
            }
            GraphqlPlace::Foreign(n) => {
                (Code::BAD_GRAPHQL, problem.place(foreign[n].0), "in this document")
            }
        };
        checker.report(
            Diagnostic::new(code, span, problem.message)
                .label(label)
                .help(problem.help.unwrap_or_else(|| "mend the GraphQL".to_owned())),
        );
    }
}
