//! Tests: values are put in, mocks of the test go before those of its `describe`, names are resolved.

use std::sync::Arc;

use rejoin_value::{Object, Value, jq};

use super::Lowering;
use crate::diagnostic::{Code, Diagnostic};
use crate::jq_facts::distinct;
use crate::plan::{
    self, Check, CheckKind, Given, MockAnswer, Operator, Plan, Script, SelectorCheck,
    SelectorComparison, Test,
};
use crate::wp::ast::{
    self, Describe, File, It, Item, Name, PlainStep, Step, StepConfig, TestCheck, Text, Written,
};

type Variables = Vec<(Arc<str>, Value)>;

impl Lowering<'_> {
    /// The tests of a file. Each variable that a test executes becomes a pipeline of its own in `plan`.
    pub(super) fn tests(&mut self, file: &File, plan: &mut Plan) {
        for item in &file.items {
            let Item::Describe(describe) = item else { continue };
            for it in &describe.tests {
                let test = self.test(describe, it, plan);
                plan.tests.push(test);
            }
        }
    }

    fn test(&mut self, describe: &Describe, it: &It, plan: &mut Plan) -> Test {
        let mut variables: Variables = Vec::new();
        for entry in describe.lets.iter().chain(&it.lets) {
            let value = let_value(&entry.value);
            match variables.iter_mut().find(|(name, _)| *name == entry.name.text) {
                Some((_, earlier)) => *earlier = value,
                None => variables.push((entry.name.text.clone(), value)),
            }
        }
        let trigger = self.trigger(it.trigger.as_ref(), &variables, plan);
        let trigger = trigger.unwrap_or(plan::Trigger::Unknown);
        let mut mocks: Vec<plan::Mock> = Vec::new();
        for mock in it.mocks.iter().rev().chain(describe.mocks.iter().rev()) {
            let target = match &mock.target {
                ast::MockTarget::Step { step, name } => {
                    plan::MockTarget::Step { step: step.clone(), name: name.clone() }
                }
                ast::MockTarget::Pipeline(name) => plan::MockTarget::Pipeline(name.clone()),
                ast::MockTarget::Resolver(owner, field) => {
                    let Some(id) = self.resolver_in_test(owner, field, plan) else { continue };
                    plan::MockTarget::Pipeline(plan.pipeline(id).name.clone())
                }
            };
            let answer = match &mock.answer {
                ast::MockAnswer::Returning(text) => {
                    MockAnswer::Returning(self.test_script(text, &variables))
                }
                ast::MockAnswer::Failing(text) => MockAnswer::Failing(text.value.trim().into()),
            };
            if !mocks.iter().any(|nearer| nearer.target == target) {
                mocks.push(plan::Mock { target, answer, after: mock.after, span: mock.span });
            }
        }
        let given = it.given.iter();
        let given = given.map(|given| Given {
            kind: given.kind,
            script: match given.kind {
                // A text of jq without anything put in is written as JSON writes it.
                ast::GivenKind::Stdin => {
                    let text = self.expand(&given.text, &variables);
                    Script { text: Value::from(&*text).to_json().into(), span: given.text.span }
                }
                _ => self.test_script(&given.text, &variables),
            },
        });
        let given = given.collect();
        let checks =
            it.checks.iter().map(|check| self.test_check(check, &variables, plan)).collect();
        Test {
            suite: describe.name.value.clone(),
            name: it.name.value.clone(),
            span: it.name.span,
            whole: it.span,
            is_faulty: it.is_faulty,
            variables,
            mocks,
            trigger,
            given,
            checks,
        }
    }

    /// What a test starts, if that is there; else it was reported.
    fn trigger(
        &mut self,
        trigger: Option<&ast::Trigger>,
        variables: &Variables,
        plan: &mut Plan,
    ) -> Option<plan::Trigger> {
        Some(match trigger? {
            ast::Trigger::Calling { method, path } => plan::Trigger::Calling {
                method: plan::Method::parse(&method.text)?,
                path: self.expand(path, variables).into(),
            },
            ast::Trigger::Pipeline { module, name } => {
                let module = match module {
                    Some(alias) => self.module_called(alias, alias.span.to(name.span))?,
                    None => self.current,
                };
                plan::Trigger::Pipeline(self.pipeline_in_test(module, name)?)
            }
            ast::Trigger::Resolver(owner, field) => {
                plan::Trigger::Resolver(self.resolver_in_test(owner, field, plan)?)
            }
            ast::Trigger::Variable { step, module, name } => {
                self.variable(step, module.as_ref(), name, plan)
            }
        })
    }

    /// A pipeline with one step that has the variable's text. Its own name has blanks, so that no other can be the same.
    fn variable(
        &mut self,
        step: &Name,
        module: Option<&Name>,
        name: &Name,
        plan: &mut Plan,
    ) -> plan::Trigger {
        let span = step.span.to(name.span);
        let call = Step::Plain(PlainStep {
            name: step.clone(),
            args: None,
            config: Some(StepConfig::Bare { module: module.cloned(), name: name.clone() }),
            tags: None,
            span,
        });
        let id = plan::PipelineId(plan.pipelines.len() as u32);
        let (mut block, _) = self.body(std::slice::from_ref(&call));
        for node in &mut block.nodes {
            if let plan::NodeKind::Call(call) = &mut node.kind {
                call.is_alone = true;
            }
        }
        let called = format!("variable {} {} at {}", step.text, name.text, span.start);
        plan.pipelines.push(plan::Pipeline { name: called.into(), name_span: span, block });
        plan::Trigger::Pipeline(id)
    }

    fn test_script(&mut self, text: &Text, variables: &Variables) -> Script {
        let names: Vec<&str> = variables.iter().map(|(name, _)| &**name).collect();
        if let Err(problems) = jq::Program::compile(&text.value, &names) {
            for problem in distinct(problems.iter()) {
                let place = text.span.slice(problem.span.start, problem.span.end);
                // A mock of a `describe` is part of all its tests.
                let is_this =
                    |known: &Diagnostic| known.code == Code::BAD_JQ && known.span == place;
                if self.problems.iter().any(is_this) {
                    continue;
                }
                let help = problem.hint.clone();
                self.report(
                    Diagnostic::new(Code::BAD_JQ, place, problem.message.clone())
                        .label("in this jq program")
                        .help(help.unwrap_or_else(|| "mend the jq program".to_owned())),
                );
            }
        }
        Script { text: text.value.clone(), span: text.span }
    }

    fn test_check(&mut self, check: &TestCheck, variables: &Variables, plan: &Plan) -> Check {
        let (span, kind) = match check {
            TestCheck::Status { from, to, span } => (*span, CheckKind::Status(*from, *to)),
            TestCheck::Took { from, to, span } => (*span, CheckKind::Took(*from, *to)),
            TestCheck::ContentType { value, span } => {
                (*span, CheckKind::ContentType(self.expand(value.text(), variables).into()))
            }
            TestCheck::Header { name, operator, value, span } => {
                let kind = CheckKind::Header {
                    name: name.value.clone(),
                    operator: operator_of(&operator.text),
                    value: self.expected(value, variables),
                };
                (*span, kind)
            }
            TestCheck::Output { filter, operator, value, span } => {
                let filter = filter.as_ref().map(|filter| self.test_script(filter, &Vec::new()));
                let operator = operator_of(&operator.text);
                let value = self.expected(value, variables);
                (*span, CheckKind::Output { filter, operator, value })
            }
            TestCheck::Selector { css, asks, span } => {
                let css = self.expand(css, variables).into();
                (*span, CheckKind::Selector { css, asks: self.selector_check(asks, variables) })
            }
            TestCheck::Cancelled { task, span } => (*span, CheckKind::Cancelled(task.text.clone())),
            TestCheck::Call { owner, name, value, span } => {
                let resolver = owner.as_ref().map(|owner| self.resolver_in_test(owner, name, plan));
                let pipeline = match resolver {
                    Some(Some(id)) => plan.pipeline(id).name.clone(),
                    Some(None) => name.text.clone(),
                    None => {
                        // Calls are known by the name alone, in whatever module it is.
                        let is_known = self
                            .scopes
                            .iter()
                            .any(|scope| scope.pipelines.contains_key(&name.text));
                        if !is_known {
                            self.pipeline_in_test(self.current, name);
                        }
                        name.text.clone()
                    }
                };
                let script = match value.text() {
                    text if text.value.contains("{{") => {
                        let value = self.expand(text, variables).into();
                        self.test_script(&Text { value, ..text.clone() }, variables)
                    }
                    text => self.test_script(text, variables),
                };
                (*span, CheckKind::Call { pipeline, script })
            }
        };
        Check { span, kind }
    }

    /// The pipeline of a module that a test names; reports a name that is none.
    fn pipeline_in_test(&mut self, module: usize, name: &Name) -> Option<plan::PipelineId> {
        if let Some(&id) = self.scopes[module].pipelines.get(&name.text) {
            return Some(id);
        }
        let near = match self.pipeline_elsewhere(&name.text) {
            Some(elsewhere) => Some(elsewhere),
            None => self.near_name(&name.text, &[], Some(module)),
        };
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare the pipeline, or remove the test".to_owned(),
        };
        let message = format!("no pipeline is called `{}`", name.text);
        self.report(
            Diagnostic::new(Code::UNKNOWN_STEP, name.span, message)
                .label("not declared")
                .help(help),
        );
        None
    }

    fn selector_check(
        &mut self,
        asks: &ast::SelectorCheck,
        variables: &Variables,
    ) -> SelectorCheck {
        match asks {
            ast::SelectorCheck::Exists => SelectorCheck::Exists,
            ast::SelectorCheck::Absent => SelectorCheck::Absent,
            ast::SelectorCheck::Text(comparison) => {
                SelectorCheck::Text(self.selector_comparison(comparison, variables))
            }
            ast::SelectorCheck::Count { order, number } => {
                SelectorCheck::Count { order: *order, number: *number }
            }
            ast::SelectorCheck::Attribute { name, comparison } => SelectorCheck::Attribute {
                name: name.value.clone(),
                comparison: self.selector_comparison(comparison, variables),
            },
        }
    }

    fn selector_comparison(
        &mut self,
        comparison: &ast::SelectorComparison,
        variables: &Variables,
    ) -> SelectorComparison {
        SelectorComparison {
            negated: comparison.negated,
            operator: operator_of(&comparison.operator),
            value: self.expand(comparison.value.text(), variables).into(),
        }
    }

    /// What is compared with: JSON, else text. Between double quotes it is the text of a JSON string.
    fn expected(&mut self, written: &Written, variables: &Variables) -> Value {
        let text = self.expand(written.text(), variables);
        let json = match written {
            Written::Quoted(_) => Value::parse(format!("\"{text}\"").as_bytes()),
            _ => Value::parse(text.trim().as_bytes()),
        };
        json.unwrap_or_else(|_| text.as_str().into())
    }

    /// The text with the values put in, as a template of `handlebars` puts them in: `{{name}}` and the like.
    fn expand(&mut self, text: &Text, variables: &Variables) -> String {
        if !text.value.contains("{{") {
            return text.value.to_string();
        }
        if let Some(value) = opt_whole_value(&text.value, variables) {
            return value.to_json();
        }
        let values = variables.iter().map(|(name, value)| (&**name, value.clone()));
        let values = Value::from(Object::from_iter(values));
        match self.catalog.fill(&text.value, &values) {
            None => text.value.to_string(),
            Some(Ok(filled)) => filled,
            Some(Err(problem)) => {
                let help = problem.help.clone();
                self.report(
                    Diagnostic::new(Code::BAD_TEXT, problem.place(text.span), problem.message)
                        .label("in this text of a test")
                        .help(help.unwrap_or_else(|| "mend the template".to_owned())),
                );
                String::new()
            }
        }
    }
}

fn operator_of(word: &str) -> Operator {
    match word {
        "contains" => Operator::Contains,
        "matches" => Operator::Matches,
        _ => Operator::Equals,
    }
}

/// Quoted text stays text; everything else is JSON if it can be read as such.
fn let_value(written: &Written) -> Value {
    let text = &*written.text().value;
    match written {
        Written::Quoted(_) => text.into(),
        _ => Value::parse(text.trim().as_bytes()).unwrap_or_else(|_| text.into()),
    }
}

/// The value that a text is nothing but the place of, `{{name}}`, if it is a list or an object: a template has no text for it.
fn opt_whole_value<'v>(text: &str, variables: &'v Variables) -> Option<&'v Value> {
    let name = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let (_, value) = variables.iter().find(|(known, _)| **known == *name.trim())?;
    matches!(value, Value::Array(_) | Value::Object(_)).then_some(value)
}
