//! Steps as entries: what each does, reads and binds.

use super::super::outline::short;
use super::super::{Entry, Kind, Part};
use super::is_outside;
use crate::plan::{
    Action, DataStep, DataTarget, Fork, FunctionCall, FunctionCallee, FunctionStep, Functions,
    Literal, Make, Operand, Pattern, Request,
};

pub(super) fn steps(functions: &Functions, steps: &[FunctionStep]) -> Vec<Entry> {
    steps.iter().map(|step| entry(functions, step)).collect()
}

fn entry(functions: &Functions, step: &FunctionStep) -> Entry {
    let mut reads: Vec<String> = Vec::new();
    let (kind, what, is_outside) = headline(functions, step);
    step.operands(&mut |operand| {
        if let Operand::Path(path, _) = operand
            && !reads.iter().any(|known| **known == **path)
        {
            reads.push(path.to_string());
        }
    });
    Entry {
        kind,
        what: short(&what),
        location: functions.sources.location(step.span),
        guard: None,
        is_outside,
        reads,
        writes: step.output.iter().map(ToString::to_string).collect(),
        parts: parts(functions, step),
    }
}

fn headline(functions: &Functions, step: &FunctionStep) -> (Kind, String, bool) {
    let call = |what: String| (Kind::Call, what, false);
    match &step.action {
        Action::Compute(operation, inputs) => {
            let inputs: Vec<String> = inputs.iter().map(shown).collect();
            call(format!("{operation}({})", inputs.join(", ")))
        }
        Action::Call(called) => called_as(functions, called),
        Action::Make(made @ Make::Operand(_)) => call(format!("bind {}", of(made))),
        Action::Make(made) => call(format!("construct {}", of(made))),
        Action::Return(made) => (Kind::Return, of(made), false),
        Action::If(condition, _, _) => (Kind::Choice("if"), shown(condition), false),
        Action::Match(on, _) => (Kind::Choice("match"), shown(on), false),
        Action::For(name, list, _) => (Kind::ForEach, format!("{name} in {}", shown(list)), false),
        Action::Fork(Fork { policy, .. }) => {
            (Kind::Branches(policy.kind.word()), policy.to_string(), false)
        }
        Action::Data(data) => asked(functions, data),
        Action::Transaction(_) => (Kind::Sequence("transaction"), String::new(), false),
        Action::Traverse(_) => call("traverse".to_owned()),
        Action::Absent(kind) => call(kind.to_string()),
    }
}

/// What a step does, and whether it reaches outside.
pub(super) fn what(functions: &Functions, step: &FunctionStep) -> (String, bool) {
    let (_, what, is_outside) = headline(functions, step);
    (what, is_outside)
}

fn called_as(functions: &Functions, call: &FunctionCall) -> (Kind, String, bool) {
    let arguments: Vec<String> = call.arguments.iter().map(|(_, value)| shown(value)).collect();
    let arguments = arguments.join(", ");
    match call.callee {
        FunctionCallee::Function(index) => {
            let function = &functions.functions[index];
            let effects = function.effects.iter().map(|(effect, _)| effect);
            match function.body {
                Some(_) => (Kind::Function, format!("{}({arguments})", function.id), false),
                None => (Kind::Call, format!("{}({arguments})", function.id), is_outside(effects)),
            }
        }
        FunctionCallee::Library(function) => {
            (Kind::Call, format!("{}({arguments})", function.id), is_outside(function.effect))
        }
        FunctionCallee::Unknown => (Kind::Call, "?".to_owned(), false),
    }
}

fn asked(functions: &Functions, data: &DataStep) -> (Kind, String, bool) {
    let place = match data.target {
        DataTarget::Project => "project",
        DataTarget::Documents => "std.storage",
        DataTarget::Database(at) => &functions.databases[at].id,
    };
    let what = match &data.request {
        Request::Select(select) => format!("query {place}: {}", select.from),
        Request::Insert(table, _) => format!("insert {place}: {table}"),
        Request::Update(table, ..) => format!("update {place}: {table}"),
        Request::Delete(table, _) => format!("delete {place}: {table}"),
        Request::Sql(sql) => format!("query {place}: {}", sql.text.trim()),
    };
    (Kind::Call, what, is_remote(functions, data))
}

/// Whether it is asked of a database somewhere else, and not of tables in memory.
pub(super) fn is_remote(functions: &Functions, data: &DataStep) -> bool {
    match data.target {
        DataTarget::Project => false,
        DataTarget::Documents => true,
        DataTarget::Database(at) => functions.databases[at].connection.is_some(),
    }
}

fn parts(functions: &Functions, step: &FunctionStep) -> Vec<Part> {
    let part =
        |label: String, inner: &[FunctionStep]| Part { label, entries: steps(functions, inner) };
    match &step.action {
        Action::If(_, then, otherwise) => {
            let mut parts = vec![part("then".to_owned(), then)];
            if !otherwise.is_empty() {
                parts.push(part("else".to_owned(), otherwise));
            }
            parts
        }
        Action::Match(_, cases) | Action::Call(FunctionCall { handlers: cases, .. }) => {
            cases.iter().map(|case| part(pattern(&case.pattern), &case.steps)).collect()
        }
        Action::For(_, _, inner) => vec![part("each".to_owned(), inner)],
        Action::Transaction(transaction) => vec![part("steps".to_owned(), &transaction.steps)],
        Action::Fork(fork) => {
            fork.branches.iter().map(|b| part(b.id.to_string(), &b.steps)).collect()
        }
        _ => Vec::new(),
    }
}

fn pattern(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Wildcard => "default".to_owned(),
        Pattern::Name(name) => format!("default {name}"),
        Pattern::Kind(kind, _) | Pattern::Fields(kind, _) => kind.to_string(),
        Pattern::Literal(value) => literal(value),
    }
}

fn of(made: &Make) -> String {
    match made {
        Make::Operand(operand) => shown(operand),
        Make::Record(kind, fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect();
            format!("{} {{ {} }}", kind.name, fields.join(", "))
        }
        Make::List(items) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
    }
}

fn shown(operand: &Operand) -> String {
    match operand {
        Operand::Path(path, _) => path.to_string(),
        Operand::Node(id) => format!("{id:?}"),
        Operand::Literal(value) | Operand::Default(value, _) => literal(value),
    }
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::None => "none".to_owned(),
        Literal::Bool(value) => value.to_string(),
        Literal::Int(number) => number.to_string(),
        Literal::Float(number) => format!("{number:?}"),
        Literal::Text(text) => format!("{text:?}"),
        Literal::List(items) => {
            format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        Literal::Map(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("{key:?}: {}", literal(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}
