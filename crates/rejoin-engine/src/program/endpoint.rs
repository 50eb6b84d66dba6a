//! The route at which a program's GraphQL can be asked: `config graphql { endpoint }`.

use std::sync::Arc;

use rejoin_lang::diagnostic::{Code, Diagnostic};
use rejoin_lang::plan::{Method, PathPattern, Segment};
use rejoin_lang::source::SourceId;

use super::build::Builder;
use super::{Block, Call, Last, Node, Op, Output, Policy, Route, RouteId, Target, TaskReads};
use crate::router::Router;
use crate::step::CallSite;

/// The step that answers there, and the block that configures it.
const STEP: &str = "graphql";

impl Builder<'_> {
    /// Adds the route, for the methods that the program does not answer there itself.
    pub(super) fn endpoint(&mut self, router: &mut Router, routes: &mut Vec<Route>) {
        let Some(path) = self.settings.text(STEP, "endpoint") else { return };
        let (Some(step), false) = (self.registry.get(STEP), self.plan.graphql.schema.is_empty())
        else {
            return;
        };
        let span = self.plan.config(STEP).map(|block| block.span).unwrap_or_default();
        let is_plain = |part: &str| !part.starts_with([':', '*']);
        if !path.starts_with('/')
            || !path[1..].split('/').all(is_plain)
            || path.contains(['?', '#'])
        {
            let message = format!("the endpoint `{path}` is no path");
            self.problems.push(
                Diagnostic::new(Code::WRONG_SETTING, span, message)
                    .label("configured here")
                    .help("write a path without captures, such as `/graphql`"),
            );
            return;
        }
        let location: Arc<str> = self.location(span);
        let site = CallSite {
            text: None,
            args: None,
            location: &location,
            settings: self.settings,
            environment: self.environment,
            source: SourceId::default(),
            scripts: &self.directory,
            program: self.number,
            variables: &self.plan.variables,
            imports: &self.plan.imports,
            graphql: &self.plan.graphql,
            function: None,
        };
        let prepared = match step.prepare_endpoint(&site) {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return,
            Err(problem) => {
                self.problems.push(Diagnostic::new(Code::BAD_TEXT, span, problem.message));
                return;
            }
        };
        let segments = path[1..].split('/').map(|part| Segment::Literal(part.into())).collect();
        let pattern = PathPattern { text: path.as_str().into(), segments };
        for method in [Method::Get, Method::Post] {
            let call = Call {
                name: STEP.into(),
                error_type: "graphqlError".into(),
                location: location.clone(),
                target: Target::Step(prepared.clone()),
                reaches_outside: false,
                args: Vec::new(),
                output: Output::Replace,
                last: Last::Yes,
                auto_name: None,
                is_alone: false,
                rename_error: None,
                policy: Policy::default(),
                reads_tasks: TaskReads::None,
            };
            router.add(method, &pattern, RouteId(routes.len() as u32));
            routes.push(Route {
                method,
                pattern: pattern.text.clone(),
                block: Block {
                    nodes: vec![Node { guard: None, policy: None, op: Op::Call(Box::new(call)) }],
                },
                observes_flags: true,
            });
        }
    }
}
