//! Follows the steps of each body with what is known of every name, and says where a value does not fit its use.

use std::collections::{HashMap, HashSet};

use super::super::super::ast::Block;
use super::super::program::Program;
use super::super::{Variants, is, parts, place, shown};
use super::narrow::Facts;
use super::paths::{Change, Last, Path, either};
use super::sources::source_place;
use super::table::Table;
use super::{Type, generic, operations};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::LibraryFunction;
use crate::source::Span;

pub(super) fn check<'f>(
    program: &Program<'f>,
    table: &Table<'f>,
    problems: &mut Vec<Diagnostic>,
) -> Variants {
    let mut variants = Variants::default();
    for body in program.bodies() {
        let returns = body.signature.and_then(|signature| returns(signature, table));
        let mut walk = Walk {
            program,
            table,
            problems,
            variants: &mut variants,
            known: HashMap::new(),
            changes: Vec::new(),
            facts: HashMap::new(),
            narrowed: HashSet::new(),
            is_trial: false,
            returns,
            returned: None,
        };
        for param in body.signature.into_iter().flat_map(|signature| parts(signature, "param")) {
            walk.set(param.text("name").unwrap_or_default(), param_type(param, table));
        }
        body.steps.iter().for_each(|step| {
            walk.step(step);
        });
    }
    variants
}

/// What a signature says that the function gives.
fn returns(signature: &Block, table: &Table<'_>) -> Option<(Type, bool)> {
    let returns = parts(signature, "returns").next()?;
    let texts = super::super::texts(returns, "type").map(|(text, _)| table.read(text));
    let is_union = returns.has_flag("union");
    let kind = match returns.text("of") {
        Some(of) => Type::List(table.read(of).into()),
        None => Type::union(texts),
    };
    Some((if returns.has_flag("optional") { kind.optional() } else { kind }, is_union))
}

fn param_type(param: &Block, table: &Table<'_>) -> Type {
    let kind = table.read(param.text("type").unwrap_or("Any"));
    let may_miss = param.has_flag("optional") || param.text("of").is_some();
    match param.text("of") {
        Some(_) => Type::Any,
        None if may_miss => kind.optional(),
        None => kind,
    }
}

pub(super) struct Walk<'p, 'f> {
    program: &'p Program<'f>,
    pub(super) table: &'p Table<'f>,
    pub(super) problems: &'p mut Vec<Diagnostic>,
    pub(super) variants: &'p mut Variants,
    pub(super) known: HashMap<&'f str, Type>,
    /// What each name was before it was bound, so that leaving a path can take it back.
    pub(super) changes: Vec<Change<'f>>,
    /// The conditions that say whether there is something under a name or a path.
    pub(super) facts: HashMap<&'f str, Facts<'f>>,
    /// Paths that have types of their own, as more is known of them than of where they lead to.
    pub(super) narrowed: HashSet<&'f str>,
    /// Whether the steps are gone through only to find how a turn of a loop ends.
    pub(super) is_trial: bool,
    returns: Option<(Type, bool)>,
    /// What the branch that the steps are in returns; none outside of branches.
    pub(super) returned: Option<Vec<Type>>,
}

impl<'f> Walk<'_, 'f> {
    /// Steps in a row, and what their value is: that of the last.
    pub(super) fn steps(&mut self, path: &'f Block) -> Last {
        parts(path, "step").fold(Last::Unknown, |_, step| self.step(step))
    }

    fn step(&mut self, step: &'f Block) -> Last {
        let mut ends = false;
        let value = match step.text("kind").unwrap_or_default() {
            "compute" => self.compute(step),
            "call" => self.call(step),
            "bind" => self.source(step),
            "construct" => self.made(step),
            "return" => {
                let value = self.made(step);
                self.check_return(step, &value);
                self.returned.iter_mut().for_each(|all| all.push(value.clone()));
                ends = true;
                Type::Any
            }
            "if" => {
                let given = self.path_of(step, "condition");
                let used = self.usable(&given);
                if !self.may_be(&used, |kind| *kind == Type::Bool) {
                    let message = format!("a condition of type `{used}`");
                    self.mismatch(place(step, "condition"), message, "a `Bool` is needed");
                }
                let lasts = self.chosen(step);
                ends = lasts.iter().all(|last| *last == Last::Ends);
                either(lasts)
            }
            "match" => {
                let lasts = self.matched(step);
                ends = !lasts.is_empty() && lasts.iter().all(|last| *last == Last::Ends);
                either(lasts)
            }
            "for" => self.looped(step),
            "parallel" | "race" => self.forked(step, step.text("kind") == Some("race")),
            _ => {
                self.steps(step);
                Type::Any
            }
        };
        let name = step.text("as").filter(|name| *name != "_");
        if let Some(name) = name {
            let facts = self.compared(step);
            self.set(name, value.clone());
            self.note(name, facts);
        }
        match (ends, name) {
            (true, _) => Last::Ends,
            (false, Some(_)) => Last::Of(value),
            (false, None) => Last::Unknown,
        }
    }

    fn compute(&mut self, step: &'f Block) -> Type {
        let Some(operation) = step.text("op") else { return Type::Any };
        let mut inputs = Vec::new();
        let mut may_be_none = false;
        for (at, input) in parts(step, "input").enumerate() {
            let given = self.source(input);
            may_be_none |= given.is_optional() && (at == 0 || !operations::holds_values(operation));
            let given = match at > 0 && operation == "list_append" {
                true => given.without(|member| self.table.is_failure(member)),
                false => self.usable(&given),
            };
            inputs.push((given, input));
        }
        let kinds: Vec<Type> = inputs.iter().map(|(kind, _)| kind.clone()).collect();
        let (takes_first, takes_behind, gives) = operations::of(operation, &kinds);
        let first = kinds.first().cloned().unwrap_or(Type::Any);
        for (at, (kind, input)) in inputs.iter().enumerate() {
            let takes = if at == 0 { takes_first } else { takes_behind };
            let span = source_place(input);
            if !self.may_be(kind, |kind| takes.accepts(kind)) {
                let message = format!("`{operation}` of a value of type `{kind}`");
                self.mismatch(span, message, &format!("it takes {}", takes.name()));
            } else if takes == operations::Takes::Ordered
                && self.is_sure(kind)
                && self.is_sure(&first)
                && (*kind == Type::Text) != (first == Type::Text)
            {
                let message = format!("`{operation}` of `{first}` and `{kind}`");
                self.mismatch(span, message, "both must be numbers, or both texts");
            }
        }
        if may_be_none && !matches!(operation, "equals" | "not_equals" | "to_string") {
            gives.optional()
        } else {
            gives
        }
    }

    fn call(&mut self, step: &'f Block) -> Type {
        let name = step.text("fn").unwrap_or_default();
        let gives = match self.program.resolve(name) {
            Some(index) => {
                let signature = self.program.functions[index].signature;
                self.arguments(step, signature);
                signature.and_then(|signature| returns(signature, self.table)).map(|(kind, _)| kind)
            }
            None => self.program.library(name).map(|function| self.library_call(step, function)),
        };
        let cases: Vec<_> = parts(step, "handle")
            .flat_map(|handle| parts(handle, "case"))
            .map(|case| {
                if let Some(kind) = case.text("type") {
                    self.known_variant(kind, place(case, "type"));
                    let failures = gives.clone().unwrap_or(Type::Any);
                    let variant = self.table.short_for(kind, &failures);
                    self.variants.extend(variant.map(|variant| (place(case, "type"), variant)));
                }
                let own = step.text("as").into_iter().filter(|name| *name != "_");
                Path::of(case, own.map(|name| (name, Type::Any)).collect())
            })
            .collect();
        if cases.is_empty() {
            return gives.unwrap_or(Type::Any);
        }
        self.apart(cases);
        Type::Any
    }

    /// Whether a call must give a value for a parameter.
    fn is_needed(&self, param: &Block) -> bool {
        !param.has_flag("optional")
            && param.attribute("default").is_none()
            && param.text("type").is_none_or(|kind| !self.table.read(kind).is_optional())
    }

    /// The arguments for a function of the file.
    fn arguments(&mut self, step: &'f Block, signature: Option<&'f Block>) {
        let params: Vec<&'f Block> =
            signature.into_iter().flat_map(|signature| parts(signature, "param")).collect();
        let args: Vec<&'f Block> = parts(step, "arg").collect();
        let named = |arg: &Block| {
            params.iter().find(|param| param.text("name") == arg.text("name")).copied()
        };
        let needed: Vec<&'f Block> =
            params.iter().filter(|param| self.is_needed(param)).copied().collect();
        // Where no name fits they are taken in order.
        let by_place = args.len() == needed.len() && args.iter().all(|arg| named(arg).is_none());
        for (at, arg) in args.iter().copied().enumerate() {
            let given = self.source(arg);
            let Some(param) = (if by_place { Some(needed[at]) } else { named(arg) }) else {
                continue;
            };
            let mut wanted = param_type(param, self.table);
            if param.attribute("default").is_some() {
                wanted = wanted.optional();
            }
            self.argument(arg, &given, &wanted, Some(param.word.span));
        }
    }

    /// The arguments for a function of the library, and what it gives.
    fn library_call(&mut self, step: &'f Block, function: &LibraryFunction) -> Type {
        let args: Vec<&'f Block> = parts(step, "arg").collect();
        let (mut may_be_none, mut element) = (false, Vec::new());
        for (at, arg) in args.iter().enumerate() {
            let given = self.source(arg);
            let Some(param) = super::library::param(function, &args, at) else { continue };
            // With `none` the value is `none`.
            may_be_none |= given.is_optional() && !param.is_optional() && param.kind != "T";
            let wanted = self.table.read(param.kind);
            generic::bind(&wanted, &self.usable(&given), &mut element);
            let wanted = generic::filled(&wanted, &Type::Any);
            let given = given.without(|member| *member == Type::None);
            // A struct answers for its fields as a map does.
            let is_map = matches!((&wanted, &given), (Type::Map(_), Type::Named(_)));
            if given != Type::None && !is_map {
                self.argument(arg, &given, &wanted, None);
            }
        }
        let gives = self.table.read(function.returns);
        let gives = generic::filled(&gives, &Type::union(element));
        if may_be_none && function.effect.is_none() { gives.optional() } else { gives }
    }

    fn argument(&mut self, arg: &Block, given: &Type, wanted: &Type, declared: Option<Span>) {
        // A failure that the parameter does not name ends the caller.
        let passed = given.without(|member| self.table.is_failure(member));
        if self.table.is_failure(&passed) || self.table.fits(&passed, wanted) {
            return;
        }
        let name = arg.text("name").unwrap_or_default();
        let message = format!("`{}` is of type `{passed}`", shown(name));
        let problem = Diagnostic::new(Code::COV_ARGUMENTS, source_place(arg), message)
            .label(format!("`{wanted}` is needed"));
        let problem = match declared {
            Some(declared) => problem.also(declared, "declared here"),
            None => problem,
        };
        self.problems.push(problem.help(mend(&passed)));
    }

    /// The value of `bind`, `construct` and `return`.
    fn made(&mut self, step: &'f Block) -> Type {
        let inner = step.blocks().find(|block| is(block, "struct") || is(block, "variant"));
        let Some(record) = inner.or_else(|| step.attribute("type").map(|_| step)) else {
            if let Some(list) = parts(step, "collection").next() {
                let items: Vec<Type> = list.blocks().map(|item| self.source(item)).collect();
                return Type::List(Type::union(items).into());
            }
            return self.source(step);
        };
        let name = record.text("type").or_else(|| record.text("name")).unwrap_or_default();
        // An alias, or a short name, means the type behind it.
        let meant = self.table.made(name, is(record, "variant"));
        let fields = self.table.fields_of(&meant);
        self.known_variant(&meant, place(record, "type"));
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for given in parts(record, "field") {
            if let Some(field) = given.text("name")
                && let Some(first) = seen.insert(field, place(given, "name"))
            {
                let message = format!("`{}` is given twice", shown(field));
                let problem = Diagnostic::new(Code::COV_REPEATED, place(given, "name"), message)
                    .label("again here")
                    .also(first, "first here");
                self.problems.push(problem.help("remove one of them"));
            }
            let kind = self.source(given);
            let (Some(fields), Some(field)) = (fields, given.text("name")) else { continue };
            match fields.iter().find(|known| known.name == field) {
                None => {
                    let known = fields.iter().map(|field| field.name);
                    self.unknown_field(place(given, "name"), name, field, known.collect());
                }
                Some(known) if !self.table.fits(&kind, &known.kind) => {
                    let message =
                        format!("`{}` of `{}` is of type `{kind}`", shown(field), shown(name));
                    let label = format!("`{}` is needed", known.kind);
                    self.mismatch_of(&kind, source_place(given), message, &label);
                }
                Some(_) => {}
            }
        }
        let lacks = fields.into_iter().flatten().find(|field| {
            !field.may_miss
                && parts(record, "field").all(|given| given.text("name") != Some(field.name))
        });
        if let Some(field) = lacks {
            let message = format!("a `{}` without its field `{}`", shown(name), shown(field.name));
            self.mismatch(
                place(record, "type"),
                message,
                &format!("`{}` is missing", shown(field.name)),
            );
        }
        // A name with parameters: nothing is said about it.
        self.table.read(&meant)
    }

    fn check_return(&mut self, step: &'f Block, value: &Type) {
        let Some((wanted, is_union)) = self.returns.clone().filter(|_| self.returned.is_none())
        else {
            return;
        };
        if self.table.fits(value, &wanted) {
            return;
        }
        let span = match step.blocks().next() {
            Some(record) => place(record, "type"),
            None => source_place(step),
        };
        if is_union {
            let message = format!("`{value}` is no member of what the function returns");
            self.problems.push(
                Diagnostic::new(Code::COV_MEMBER, span, message)
                    .label(format!("`{wanted}` is declared"))
                    .help("return a member, or add the type to `returns union`"),
            );
        } else {
            let message = format!("the function returns `{value}`");
            self.mismatch_of(value, span, message, &format!("`{wanted}` is declared"));
        }
    }

    /// What `for` gives its variable.
    pub(super) fn item(&mut self, step: &'f Block) -> Type {
        let given = self.path_of(step, "in");
        match self.usable(&given) {
            Type::List(item) => self.table.meaning(&item),
            kind @ (Type::Int | Type::Float | Type::Bool | Type::Text) => {
                let message = format!("a loop over a value of type `{kind}`");
                self.mismatch(place(step, "in"), message, "a list is needed");
                Type::Any
            }
            _ => Type::Any,
        }
    }

    /// What a step that needs a value sees: failures end the function before it, `none` makes its value `none`.
    pub(super) fn usable(&self, kind: &Type) -> Type {
        match kind.without(|member| *member == Type::None || self.table.is_failure(member)) {
            Type::Union(_) => Type::Any,
            single => single,
        }
    }

    fn is_sure(&self, kind: &Type) -> bool {
        match kind {
            Type::Any | Type::None | Type::Union(_) | Type::Slots(_) => false,
            Type::Named(name) => self.table.is_transparent(name) && !self.table.is_failure(kind),
            _ => true,
        }
    }

    fn may_be(&self, kind: &Type, accepts: impl Fn(&Type) -> bool) -> bool {
        !self.is_sure(kind) || accepts(kind)
    }

    pub(super) fn mismatch(&mut self, span: Span, message: String, label: &str) {
        self.mismatch_of(&Type::Any, span, message, label);
    }

    /// The same, where the type of the value is known.
    fn mismatch_of(&mut self, given: &Type, span: Span, message: String, label: &str) {
        let problem = Diagnostic::new(Code::COV_TYPE, span, message).label(label);
        self.problems.push(problem.help(mend(given)));
    }

    pub(super) fn unknown_field(&mut self, span: Span, of: &str, field: &str, known: Vec<&str>) {
        let help = match nearest(field, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => "it has no fields".to_owned(),
            None => format!("it has {}", known.join(", ")),
        };
        let message = format!("`{}` has no field `{}`", shown(of), shown(field));
        self.problems
            .push(Diagnostic::new(Code::COV_FIELD, span, message).label("unknown").help(help));
    }
}

/// What helps if a value of this type does not fit.
fn mend(given: &Type) -> &'static str {
    match given.is_optional() && *given != Type::None {
        true => {
            "there may be no value: take it apart with `match`, whose cases are `Some` and `None`, or ask with `if` whether it equals `none`"
        }
        false => "use a value of that type, or convert this one",
    }
}
