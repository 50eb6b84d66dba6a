//! Resolvers: each becomes a pipeline that no call can name.

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Callee, Pipeline, PipelineId, Plan, Resolver, ResolverOwner};
use crate::wp::ast::{self, Name, Owner, PlainStep};

use super::Lowering;
use super::flags::BodyFacts;
use super::given::GivenText;

impl Lowering<'_> {
    pub(super) fn resolver(&mut self, written: &ast::Resolver, plan: &mut Plan) -> BodyFacts {
        let owner = owner_of(&written.owner);
        let field = written.field.text.clone();
        let span = match &written.owner {
            Owner::Type(name) => name.span.to(written.field.span),
            Owner::Query | Owner::Mutation => written.field.span,
        };
        let (block, facts) = self.resolver_body(&written.steps);
        let pipeline = PipelineId(plan.pipelines.len() as u32);
        let name = owner.name_of(&field).into();
        plan.pipelines.push(Pipeline { name, name_span: span, block });
        match plan.graphql.find(&owner, &field) {
            // The parser has said that a name is missing.
            _ if field.is_empty() || owner.type_name().is_empty() => {}
            Some(first) => {
                let message = format!("`{}` is resolved already", owner.name_of(&field));
                let problem = Diagnostic::new(Code::DUPLICATE_RESOLVER, span, message)
                    .label("resolved again")
                    .also(first.span, "first resolved here")
                    .help("remove one of the two");
                self.report(problem);
            }
            None => {
                let loads = facts.loads.clone();
                plan.graphql.resolvers.push(Resolver { owner, field, span, pipeline, loads });
            }
        }
        facts
    }

    /// `|> loader(key): pipeline`
    pub(super) fn loader(&mut self, step: &PlainStep, given: Option<&GivenText>) -> Callee {
        if !self.body.is_resolver {
            self.report(
                Diagnostic::new(
                    Code::LOADER_OUTSIDE,
                    step.name.span,
                    "a loader has its place in a resolver",
                )
                .label("not in a `query`, `mutation` or `resolver`")
                .help("call the pipeline itself here: `|> pipeline: name`"),
            );
            return Callee::Unknown;
        }
        if step.args.as_ref().is_none_or(Vec::is_empty) {
            self.report(
                Diagnostic::new(Code::MISSING_ARGUMENT, step.name.span, "the loader lacks its key")
                    .label("what is loaded?")
                    .help("write it in brackets, as in `|> loader(.parent.id): name`"),
            );
        }
        match self.long_form(step, given) {
            Callee::Pipeline(id) => {
                if !self.body.loads.contains(&id) {
                    self.body.loads.push(id);
                }
                Callee::Loader(id)
            }
            other => other,
        }
    }

    /// The resolver that a test names; reports a name that is none.
    pub(super) fn resolver_in_test(
        &mut self,
        owner: &Owner,
        field: &Name,
        plan: &Plan,
    ) -> Option<PipelineId> {
        let owner = owner_of(owner);
        if let Some(resolver) = plan.graphql.find(&owner, &field.text) {
            return Some(resolver.pipeline);
        }
        let wanted = owner.name_of(&field.text);
        let known: Vec<String> = plan.graphql.resolvers.iter().map(Resolver::name).collect();
        let help = match nearest(&wanted, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it: `{wanted} = …`"),
        };
        self.report(
            Diagnostic::new(Code::UNKNOWN_STEP, field.span, format!("nothing resolves `{wanted}`"))
                .label("not declared")
                .help(help),
        );
        None
    }
}

pub(super) fn owner_of(written: &Owner) -> ResolverOwner {
    match written {
        Owner::Query => ResolverOwner::Query,
        Owner::Mutation => ResolverOwner::Mutation,
        Owner::Type(name) => ResolverOwner::Type(name.text.clone()),
    }
}
