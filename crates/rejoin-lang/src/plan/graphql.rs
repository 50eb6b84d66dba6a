//! The GraphQL that a program serves: a schema, and pipelines that resolve its fields.

use std::sync::Arc;

use super::{CallText, PipelineId};
use crate::source::Span;

/// The schema of a program and what resolves it.
#[derive(Clone, Debug, Default)]
pub struct Graphql {
    /// The texts of the schema, one a file, in the order of the files; together they are one.
    pub schema: Vec<CallText>,
    /// What resolves its fields.
    pub resolvers: Vec<Resolver>,
}

/// What resolves a field.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// Of whose field.
    pub owner: ResolverOwner,
    /// The field.
    pub field: Arc<str>,
    /// Where its name stands, with that of the type.
    pub span: Span,
    /// Its body. The pipeline has the name of the resolver, which no call can write.
    pub pipeline: PipelineId,
    /// The pipelines that its body may load from, each once.
    pub loads: Vec<PipelineId>,
}

/// Whose field a resolver resolves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResolverOwner {
    /// The queries.
    Query,
    /// The mutations.
    Mutation,
    /// The type of that name.
    Type(Arc<str>),
}

impl Graphql {
    /// Whether a program has no GraphQL of its own.
    pub fn is_empty(&self) -> bool {
        self.schema.is_empty() && self.resolvers.is_empty()
    }

    /// The resolver whose body a pipeline is.
    pub fn of_pipeline(&self, id: PipelineId) -> Option<&Resolver> {
        self.resolvers.iter().find(|resolver| resolver.pipeline == id)
    }

    /// The resolver of that field. `query name` and `resolver Query.name` are the same.
    pub fn find(&self, owner: &ResolverOwner, field: &str) -> Option<&Resolver> {
        let is = |resolver: &&Resolver| {
            resolver.owner.type_name() == owner.type_name() && *resolver.field == *field
        };
        self.resolvers.iter().find(is)
    }
}

impl Resolver {
    /// `query users`, `mutation add` or `resolver User.posts`
    pub fn name(&self) -> String {
        self.owner.name_of(&self.field)
    }
}

impl ResolverOwner {
    /// The type; of an operation the one that it has by default.
    pub fn type_name(&self) -> &str {
        match self {
            ResolverOwner::Query => "Query",
            ResolverOwner::Mutation => "Mutation",
            ResolverOwner::Type(name) => name,
        }
    }

    /// A resolver of this owner as people write it.
    pub fn name_of(&self, field: &str) -> String {
        match self {
            ResolverOwner::Query => format!("query {field}"),
            ResolverOwner::Mutation => format!("mutation {field}"),
            ResolverOwner::Type(name) => format!("resolver {name}.{field}"),
        }
    }
}
