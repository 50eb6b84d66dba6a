//! Steps, one kind at a time.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::super::ast::{Block, ValueKind};
use super::super::library::{LIBRARY, library, named, only};
use super::super::testing::{TESTING, testing};
use super::operand::{literal, operand, path, text};
use super::shapes::Completed;
use super::{Lower, is, section, shown, steps, stub};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{
    Action, Fork, ForkBranch, ForkKind, ForkOnError, ForkPolicy, Function, FunctionCall,
    FunctionCallee, FunctionParam, FunctionStep, Literal, Make, MatchCase, Operand, Pattern,
    RecordType,
};
use crate::source::Span;

impl Lower {
    pub(super) fn steps(&mut self, blocks: &[&Block], known: &[Function]) -> Vec<FunctionStep> {
        blocks.iter().map(|block| self.step(block, known)).collect()
    }

    fn inner(&mut self, block: Option<&Block>, known: &[Function]) -> Vec<FunctionStep> {
        self.steps(&block.map(steps).unwrap_or_default(), known)
    }

    fn step(&mut self, step: &Block, known: &[Function]) -> FunctionStep {
        let output = step.text("as").filter(|name| *name != "_").map(Arc::from);
        let id = step.text("id").unwrap_or_default().into();
        let action = self.action(step, known);
        FunctionStep {
            id,
            span: step.word.span,
            output,
            last: Vec::new(),
            is_unread: false,
            entry: None,
            action,
        }
    }

    fn action(&mut self, step: &Block, known: &[Function]) -> Action {
        let part = |word: &'static str| step.blocks().filter(move |block| is(block, word));
        match step.text("kind").unwrap_or_default() {
            "compute" => {
                let inputs = part("input").filter_map(operand).collect();
                Action::Compute(step.text("op").unwrap_or_default().into(), inputs)
            }
            "call" => self.call(step, known),
            "bind" | "construct" => Action::Make(self.make(step)),
            "return" => Action::Return(self.make(step)),
            "if" => Action::If(
                path(step, "condition"),
                self.inner(section(step, "then"), known),
                self.inner(section(step, "else"), known),
            ),
            "match" => {
                let cases = part("case").map(|case| self.case(case, known));
                Action::Match(path(step, "on"), cases.collect())
            }
            "for" => Action::For(
                step.text("var").unwrap_or_default().into(),
                path(step, "in"),
                self.inner(Some(step), known),
            ),
            kind @ ("parallel" | "race") => {
                let branches = part("branch").map(|branch| ForkBranch {
                    id: branch.text("id").unwrap_or_default().into(),
                    steps: self.inner(Some(branch), known).into(),
                });
                let branches = branches.collect();
                Action::Fork(Fork { policy: fork_policy(step, kind), branches })
            }
            kind => match self.data_step(step, kind, known) {
                Some(action) => action,
                None => Action::Absent(kind.into()),
            },
        }
    }

    fn call(&mut self, step: &Block, known: &[Function]) -> Action {
        let Some(named) = step.attribute("fn") else {
            return Action::Absent("call of a tool".into());
        };
        let (name, span) = (text(&named.value.kind).unwrap_or_default(), named.value.span);
        let (callee, stub) = self.callee(&name, span, known);
        let arguments = self.arguments(step, (callee, stub), &name, span, known);
        let cases = section(step, "handle").into_iter().flat_map(Block::blocks);
        let handlers = cases.map(|case| self.case(case, known)).collect();
        Action::Call(FunctionCall { callee, span, arguments, handlers })
    }

    /// What is called, and the function of the program whose signature holds for the call of one of the library.
    fn callee(
        &mut self,
        name: &str,
        span: Span,
        known: &[Function],
    ) -> (FunctionCallee, Option<usize>) {
        let of_program = |index: usize| match (&known[index].body, library(&known[index].id)) {
            // A declaration of what the library has.
            (None, Some(function)) => (FunctionCallee::Library(function), Some(index)),
            _ => (FunctionCallee::Function(index), None),
        };
        if let Some(index) = self.ids.get(name) {
            return of_program(*index);
        }
        if let Some(function) = library(name).or_else(|| testing(name)) {
            return (FunctionCallee::Library(function), None);
        }
        let help = match self.names.get(name).map(Vec::as_slice) {
            Some([index]) => return of_program(*index),
            Some(several @ [_, _, ..]) => {
                let ids = several.iter().map(|index| &*known[*index].id).collect();
                return self.ambiguous(name, span, ids);
            }
            _ => {
                let several: Vec<&str> = named(name).map(|function| function.id).collect();
                match (only(name), several.is_empty()) {
                    (Some(function), _) => return (FunctionCallee::Library(function), None),
                    (None, false) => return self.ambiguous(name, span, several),
                    (None, true) => {}
                }
                let all = known.iter().map(|function| &*function.id);
                let library = LIBRARY.iter().chain(TESTING).map(|function| function.id);
                match nearest(name, all.chain(library)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "declare it with an `extern` snippet, or write it".to_owned(),
                }
            }
        };
        let message = format!("there is no function `{}`", shown(name));
        let problem = Diagnostic::new(Code::COV_UNKNOWN_FUNCTION, span, message);
        self.problems.push(problem.label("unknown").help(help));
        (FunctionCallee::Unknown, None)
    }

    fn ambiguous(
        &mut self,
        name: &str,
        span: Span,
        ids: Vec<&str>,
    ) -> (FunctionCallee, Option<usize>) {
        let message = format!("several functions are called `{}`", shown(name));
        let ids: Vec<&str> = ids.into_iter().take(5).collect();
        let help = format!("write the id of the one that is meant: {}", ids.join(", "));
        let problem = Diagnostic::new(Code::COV_AMBIGUOUS_NAME, span, message);
        self.problems.push(problem.label("may be each of them").help(help));
        (FunctionCallee::Unknown, None)
    }

    /// The arguments by the positions of their parameters; those of a declaration are parameters of the library's function in
    /// the end.
    fn arguments(
        &mut self,
        step: &Block,
        (callee, stub): (FunctionCallee, Option<usize>),
        name: &str,
        span: Span,
        known: &[Function],
    ) -> Vec<(usize, Operand)> {
        let stub = stub.map(|index| &*known[index].params).filter(|params| !params.is_empty());
        let (Some(own), FunctionCallee::Library(function)) = (stub, callee) else {
            return self.placed(step, callee, None, name, span, known);
        };
        let places = stub::places(own, function);
        let placed = self.placed(step, callee, Some((own, &places)), name, span, known);
        let missing = (0..).zip(own).filter(|(at, param)| {
            param.default != Literal::None && placed.iter().all(|(placed, _)| placed != at)
        });
        let missing = missing
            .map(|(at, param)| (at, Operand::Default(param.default.clone(), param.kind.clone())));
        let missing: Vec<(usize, Operand)> = missing.collect();
        let all = placed.into_iter().chain(missing);
        all.filter_map(|(at, operand)| Some(((*places.get(at)?)?, operand))).collect()
    }

    /// The arguments by the positions of their parameters. Where no name fits, and there is one argument for each
    /// parameter that needs one, they are taken in order.
    fn placed(
        &mut self,
        step: &Block,
        callee: FunctionCallee,
        stub: Option<(&[FunctionParam], &[Option<usize>])>,
        name: &str,
        span: Span,
        known: &[Function],
    ) -> Vec<(usize, Operand)> {
        let given: Vec<&Block> = step.blocks().filter(|block| is(block, "arg")).collect();
        let operands = given.iter().map(|arg| operand(arg).unwrap_or(NOTHING));
        let params: Vec<(Vec<&str>, bool)> = match (callee, stub) {
            (FunctionCallee::Unknown, _) => return operands.enumerate().collect(),
            (FunctionCallee::Library(function), Some((own, places))) => {
                stub::names(own, places, function)
            }
            (FunctionCallee::Library(function), None) => {
                let params = function.params.iter();
                params.map(|param| (param.names.to_vec(), param.is_optional())).collect()
            }
            (FunctionCallee::Function(index), _) => known[index]
                .params
                .iter()
                .map(|param| (vec![&*param.name], param.optional))
                .collect(),
        };
        let place = |arg: &Block| {
            let name = arg.text("name").unwrap_or_default();
            params.iter().position(|(names, _)| names.contains(&name))
        };
        let required = params.iter().filter(|(_, optional)| !optional).count();
        // Steps that stand alone take what they do not bind: those parameters are found later.
        if let FunctionCallee::Function(index) = callee
            && known[index].infers_effects
        {
            return operands.enumerate().collect();
        }
        if given.iter().all(|arg| place(arg).is_none()) && given.len() == required {
            if let Some(first) = given.first() {
                let names: Vec<&str> =
                    params.iter().filter_map(|(names, _)| names.first().copied()).collect();
                let spelt = shown(first.text("name").unwrap_or_default());
                let span = first.attribute("name").map_or(first.word.span, |a| a.value.span);
                let message = format!("`{}` has no parameter `{spelt}`", shown(name));
                self.problems.push(
                    Diagnostic::new(Code::COV_BY_POSITION, span, message)
                        .label("the arguments are taken by their position")
                        .help(format!("name them as the function does: {}", names.join(", "))),
                );
            }
            // One for each that is needed, whatever stands between them.
            let needed = params.iter().enumerate().filter(|(_, (_, optional))| !optional);
            return needed.map(|(at, _)| at).zip(operands).collect();
        }
        let mut placed: Vec<(usize, Operand)> = Vec::new();
        for (arg, operand) in given.iter().zip(operands) {
            let at = place(arg);
            let again = at.is_some_and(|at| placed.iter().any(|(taken, _)| *taken == at));
            match at.filter(|_| !again) {
                Some(at) => placed.push((at, operand)),
                None => {
                    let spelt = arg.text("name").unwrap_or_default();
                    let all = params.iter().flat_map(|(names, _)| names.iter().copied());
                    let help = match nearest(spelt, all.clone()) {
                        _ if again => "remove one of them".to_owned(),
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None if params.is_empty() => "remove it".to_owned(),
                        None => format!("it takes {}", all.collect::<Vec<_>>().join(", ")),
                    };
                    let why = if again { "a second argument" } else { "no argument" };
                    let message = format!("`{}` takes {why} `{}`", shown(name), shown(spelt));
                    let place = arg.attribute("name").map_or(arg.word.span, |a| a.value.span);
                    let problem = Diagnostic::new(Code::COV_ARGUMENTS, place, message);
                    self.problems.push(problem.label("unknown to it").help(help));
                    return placed;
                }
            }
        }
        let missing = params.iter().enumerate().find(|(at, (_, optional))| {
            !optional && !placed.iter().any(|(placed, _)| placed == at)
        });
        if let Some((_, (names, _))) = missing {
            let wanted = names.first().copied().unwrap_or_default();
            let message = format!("`{}` needs the argument `{wanted}`", shown(name));
            let problem = Diagnostic::new(Code::COV_ARGUMENTS, span, message);
            let help = format!("add `arg name=\"{wanted}\"` with `from` or `lit`");
            self.problems.push(problem.label("is called without it").help(help));
        }
        placed
    }

    /// The value of `bind`, `construct` and `return`.
    fn make(&self, step: &Block) -> Make {
        let inner = step.blocks().find(|block| is(block, "struct") || is(block, "variant"));
        if let Some(record) = inner.or_else(|| step.attribute("type").map(|_| step)) {
            let kind = record.text("type").or_else(|| record.text("name")).unwrap_or_default();
            let fields = record.blocks().filter(|block| is(block, "field"));
            let fields = fields.map(|field| {
                (field.text("name").unwrap_or_default().into(), operand(field).unwrap_or(NOTHING))
            });
            let mut fields = fields.collect();
            let name = self.aliases.meant(kind);
            let variant = is(record, "variant").then(|| self.shapes.variant(&name)).flatten();
            let name = variant.unwrap_or(name);
            let Completed { absent, widening } = self.shapes.complete(&name, &mut fields);
            let is_failure = self.failures.contains(name.split("::").next().unwrap_or(&name));
            return Make::Record(RecordType { name, is_failure, absent, widening }, fields);
        }
        if let Some(list) = section(step, "collection") {
            return Make::List(
                list.blocks().map(|item| operand(item).unwrap_or(NOTHING)).collect(),
            );
        }
        Make::Operand(operand(step).unwrap_or(NOTHING))
    }

    fn case(&mut self, case: &Block, known: &[Function]) -> MatchCase {
        let variant = case.attribute("type").and_then(|name| self.variants.get(&name.value.span));
        MatchCase {
            variant: variant.cloned(),
            pattern: self.pattern(case),
            steps: self.inner(Some(case), known),
        }
    }

    fn pattern(&self, case: &Block) -> Pattern {
        if case.has_flag("wildcard") {
            return Pattern::Wildcard;
        }
        if let Some(attribute) = case.attribute("literal") {
            return Pattern::Literal(literal(&attribute.value.kind));
        }
        if let Some(name) = case.text("binding") {
            return Pattern::Name(name.into());
        }
        let names = |name| match case.attribute(name).map(|attribute| &attribute.value.kind) {
            Some(ValueKind::Names(names)) => names.clone(),
            _ => Vec::new(),
        };
        let kind = self.aliases.meant(case.text("type").unwrap_or_default());
        // `Json` comes with the language, and its variants have short names as those of any enum.
        let is_json = matches!(&*kind, "Null" | "Number" | "Array" | "Object");
        let kind = match is_json && !self.shapes.has(&kind) {
            true => format!("Json::{kind}").into(),
            false => kind,
        };
        if case.has_flag("struct") {
            let fields = names("fields").into_iter();
            return Pattern::Fields(kind, fields.map(|name| (name.clone(), name)).collect());
        }
        let names = names("bindings");
        match self.shapes.of(&kind) {
            // The names stand in the order in which the fields are defined, whatever that of the value is.
            Some([first, rest @ ..])
                if kind.contains("::") || !self.structs.contains_key(&kind) =>
            {
                let fields = std::iter::once(first).chain(rest).map(|field| field.name.clone());
                Pattern::Fields(kind, fields.zip(names).collect())
            }
            _ => Pattern::Kind(kind, names),
        }
    }
}

const NOTHING: Operand = Operand::Literal(Literal::None);

/// A race in which failures do not count is one for the first success.
fn fork_policy(step: &Block, kind: &str) -> ForkPolicy {
    let ignores = step.text("on_error") == Some("ignore_errors");
    let kind = match kind {
        "race" if ignores => ForkKind::Any,
        "race" => ForkKind::Race,
        _ => ForkKind::Parallel,
    };
    let on_error = match step.text("on_error") {
        Some("collect_all") => ForkOnError::CollectAll,
        Some("ignore_errors") if kind == ForkKind::Parallel => ForkOnError::IgnoreErrors,
        _ => ForkOnError::FailFast,
    };
    let timeout = step.attribute("timeout").and_then(|timeout| match timeout.value.kind {
        ValueKind::Duration(time) => Some(time),
        _ => None,
    });
    let partial = step.text("on_timeout") == Some("return_partial");
    let limit = step.attribute("limit").and_then(|limit| match limit.value.kind {
        ValueKind::Int(limit) => u32::try_from(limit).ok().and_then(NonZeroU32::new),
        _ => None,
    });
    ForkPolicy { on_error, timeout, partial, limit, ..ForkPolicy::new(kind) }
}
