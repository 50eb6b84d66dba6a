//! Tests, and the snippets that stand in for functions in them.

use std::sync::Arc;

use super::super::ast::{Block, File};
use super::super::library::library;
use super::{Lower, is, names, param, params, section, steps};
use crate::plan::{Function, FunctionParam, FunctionStandIn, FunctionTest, FunctionTestKind};

impl Lower {
    /// The tests of all snippets, in the order written.
    pub(super) fn tests(&mut self, file: &File, known: &[Function]) -> Vec<FunctionTest> {
        let mut tests = Vec::new();
        for snippet in file.blocks.iter().filter(|block| is(block, "snippet")) {
            let sections = snippet.blocks().filter(|block| is(block, "tests"));
            for test in sections.flat_map(Block::blocks).filter(|block| is(block, "test")) {
                let id: Arc<str> = test.text("id").unwrap_or_default().into();
                let function = self.hidden(id, test, Vec::new(), &steps(test), known);
                let kind = match test.text("kind") {
                    Some("property") => FunctionTestKind::Property,
                    Some("golden") => FunctionTestKind::Golden,
                    _ => FunctionTestKind::Once,
                };
                let suite = snippet.text("id").unwrap_or_default().into();
                tests.push(FunctionTest { suite, kind, span: test.span, function });
            }
        }
        tests
    }

    /// Implementations for the platform `test`: those that have a body.
    pub(super) fn stand_ins(&mut self, file: &File, known: &[Function]) -> Vec<FunctionStandIn> {
        let mut stand_ins = Vec::new();
        for snippet in file.blocks.iter().filter(|block| is(block, "snippet")) {
            if snippet.text("kind") != Some("extern-impl")
                || snippet.text("platform") != Some("test")
            {
                continue;
            }
            let (Some(of), Some(body)) = (snippet.text("implements"), section(snippet, "body"))
            else {
                continue;
            };
            let own = section(snippet, "signature")
                .and_then(|signature| signature.blocks().find(|block| is(block, "fn")));
            let params = match own {
                Some(signature) => params(signature, &self.aliases),
                None => params_of(of, known),
            };
            let id = snippet.text("id").unwrap_or_default().into();
            let function = self.hidden(id, snippet, params, &steps(body), known);
            stand_ins.push(FunctionStandIn { of: of.into(), function });
        }
        stand_ins
    }

    /// A function that nothing can call by its name.
    fn hidden(
        &mut self,
        id: Arc<str>,
        block: &Block,
        params: Vec<FunctionParam>,
        body: &[&Block],
        known: &[Function],
    ) -> Function {
        let span = block.attribute("id").map_or(block.word.span, |id| id.value.span);
        let mut function = Function {
            name: id.clone(),
            id,
            span,
            params,
            effects: Vec::new(),
            folders: Arc::default(),
            infers_effects: true,
            returns: Vec::new(),
            widening: None,
            body: None,
        };
        let body = self.steps(body, known);
        self.problems.extend(names::check(&function, &body).problems);
        function.body = Some(body.into());
        function
    }
}

/// The parameters of a function of the program or the library.
fn params_of(id: &str, known: &[Function]) -> Vec<FunctionParam> {
    if let Some(function) = known.iter().find(|function| *function.id == *id) {
        return function.params.clone();
    }
    let all = library(id).into_iter().flat_map(|function| function.params);
    all.map(|one| {
        let name = one.names.first().copied().unwrap_or_default();
        FunctionParam { optional: one.is_optional(), ..param(name.into(), "Any".into()) }
    })
    .collect()
}
