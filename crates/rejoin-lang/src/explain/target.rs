//! Which bodies are explained.

use std::collections::BTreeSet;

use super::Subject;
use crate::plan::{Block, Method, NodeKind, PathPattern, PipelineId, Plan, Segment};
use crate::source::{SourceId, Span};

/// The body that `target` names: a request such as `GET /books/7` or `GET /books/:id`, or a pipeline. Of several pipelines
/// with one name the one of the main file.
pub fn find(plan: &Plan, target: &str) -> Option<Subject> {
    let target = target.trim();
    let resolver = plan.graphql.resolvers.iter().find(|resolver| resolver.name() == target);
    if let Some(resolver) = resolver {
        return Some(Subject::Pipeline(resolver.pipeline));
    }
    let Some((method, path)) = target.split_once(char::is_whitespace) else {
        let named = || plan.pipelines.iter().enumerate().filter(|(_, p)| *p.name == *target);
        let of_main = named().find(|(_, p)| p.name_span.source == SourceId::default());
        let (index, _) = of_main.or_else(|| named().next())?;
        return Some(Subject::Pipeline(PipelineId(index as u32)));
    };
    let method = Method::parse(&method.to_ascii_uppercase())?;
    let path = path.trim().split('?').next().unwrap_or_default();
    let of_method = || plan.routes.iter().enumerate().filter(|(_, route)| route.method == method);
    let written = of_method().find(|(_, route)| *route.path.text == *path);
    let found = written.or_else(|| {
        // The more of it is literal, the nearer: `/books/new` goes before `/books/:id`, that before `/*rest`.
        let matching = of_method().filter(|(_, route)| matches(&route.path, path));
        matching.min_by_key(|(_, route)| ranks(&route.path))
    });
    found.map(|(index, _)| Subject::Route(index))
}

fn matches(pattern: &PathPattern, path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    for segment in &pattern.segments {
        match segment {
            Segment::Rest(_) => return parts.next().is_some(),
            Segment::Param(_) if parts.next().is_some_and(|part| !part.is_empty()) => {}
            Segment::Literal(text) if parts.next() == Some(text) => {}
            Segment::Param(_) | Segment::Literal(_) => return false,
        }
    }
    parts.next().is_none()
}

fn ranks(pattern: &PathPattern) -> Vec<u8> {
    let rank = |segment: &Segment| match segment {
        Segment::Literal(_) => 0,
        Segment::Param(_) => 1,
        Segment::Rest(_) => 2,
    };
    pattern.segments.iter().map(rank).collect()
}

pub(super) fn all(plan: &Plan) -> Vec<Subject> {
    let flags = plan.feature_flags.iter().map(|_| Subject::FeatureFlags);
    let routes = (0..plan.routes.len()).map(Subject::Route);
    // What a test makes of a variable is no part of the program.
    let is_program = |n: &usize| {
        let id = PipelineId(*n as u32);
        !plan.pipelines[*n].name.contains(' ') || plan.graphql.of_pipeline(id).is_some()
    };
    let pipelines = (0..plan.pipelines.len()).filter(is_program);
    let pipelines = pipelines.map(|n| Subject::Pipeline(PipelineId(n as u32)));
    flags.chain(routes).chain(pipelines).collect()
}

/// The body and, once each, the pipelines that it may come to.
pub(super) fn reachable(plan: &Plan, subject: Subject) -> Vec<Subject> {
    let mut order = vec![subject];
    let mut seen = BTreeSet::new();
    if let Subject::Pipeline(id) = subject {
        seen.insert(id);
    }
    let mut next = 0;
    while let Some(&subject) = order.get(next) {
        let mut called = Vec::new();
        callees(body(plan, subject).2, &mut called);
        order.extend(called.into_iter().filter(|id| seen.insert(*id)).map(Subject::Pipeline));
        next += 1;
    }
    order
}

fn callees(block: &Block, into: &mut Vec<PipelineId>) {
    for node in &block.nodes {
        let call = match &node.kind {
            NodeKind::Call(call) => Some(&**call),
            NodeKind::Spawn(spawn) => Some(&spawn.call),
            _ => None,
        };
        if let Some(id) = call.and_then(|call| call.callee.pipeline()) {
            into.push(id);
        }
        for (_, block) in super::outline::parts(&node.kind) {
            callees(block, into);
        }
    }
}

/// Its name, its place and its steps.
pub(super) fn body(plan: &Plan, subject: Subject) -> (String, Span, &Block) {
    match subject {
        Subject::FeatureFlags => {
            let block =
                plan.feature_flags.as_ref().unwrap_or(const { &Block { nodes: Vec::new() } });
            let place = block.nodes.first().map_or_else(Span::default, |node| node.span);
            ("featureFlags".to_owned(), place, block)
        }
        Subject::Pipeline(id) => {
            let pipeline = plan.pipeline(id);
            let name = match plan.graphql.of_pipeline(id) {
                Some(_) => pipeline.name.to_string(),
                None => format!("pipeline {}", pipeline.name),
            };
            (name, pipeline.name_span, &pipeline.block)
        }
        Subject::Route(index) => {
            let route = &plan.routes[index];
            (format!("{} {}", route.method, route.path.text), route.span, &route.block)
        }
    }
}
