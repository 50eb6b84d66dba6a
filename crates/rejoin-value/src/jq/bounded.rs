//! Whether the work of a program is bounded by the size of its input.

use jaq_core::{
    load::{
        lex::StrPart,
        parse::{BinaryOp, Term},
    },
    ops::Math,
    path::Part,
};

/// Functions that look at their input once, or sort it.
const LINEAR: &[&str] = &[
    "add",
    "all",
    "any",
    "arrays",
    "ascii_downcase",
    "ascii_upcase",
    "booleans",
    "ceil",
    "debug",
    "empty",
    "endswith",
    "error",
    "explode",
    "false",
    "first",
    "flatten",
    "floor",
    "from_entries",
    "fromjson",
    "group_by",
    "has",
    "implode",
    "isempty",
    "join",
    "keys",
    "keys_unsorted",
    "last",
    "length",
    "ltrimstr",
    "map",
    "map_values",
    "max",
    "max_by",
    "min",
    "min_by",
    "not",
    "now",
    "null",
    "nulls",
    "numbers",
    "objects",
    "reverse",
    "round",
    "rtrimstr",
    "scalars",
    "select",
    "sort",
    "sort_by",
    "split",
    "startswith",
    "strings",
    "to_entries",
    "toarray",
    "tojson",
    "tonumber",
    "tostring",
    "trim",
    "ltrim",
    "rtrim",
    "true",
    "type",
    "unique",
    "unique_by",
    "values",
    "with_entries",
    "del",
    "getpath",
    "ascii",
    "abs",
    "fabs",
    "sqrt",
    "utf8bytelength",
    "todate",
    "fromdate",
    "gmtime",
    "mktime",
    "@text",
    "@json",
    "@csv",
    "@tsv",
    "@html",
    "@uri",
    "@sh",
    "@base64",
    "@base64d",
];

/// Loops within each other that still count as bounded by the input.
const NESTED_LOOPS: usize = 2;

/// True if a run takes about as long as its input is large, squared at the worst.
pub(super) fn is_bounded(term: &Term<&str>) -> bool {
    cost(term).is_some_and(|cost| cost.work <= NESTED_LOOPS)
}

/// Powers of the size of the input.
#[derive(Clone, Copy, Default)]
struct Cost {
    outputs: usize,
    work: usize,
}

impl Cost {
    /// One after the other, the second for every output of the first.
    fn then(self, next: Cost) -> Cost {
        Cost { outputs: self.outputs + next.outputs, work: self.work.max(self.outputs + next.work) }
    }

    /// One or the other.
    fn or(self, other: Cost) -> Cost {
        Cost { outputs: self.outputs.max(other.outputs), work: self.work.max(other.work) }
    }

    fn collected(self) -> Cost {
        Cost { outputs: 0, work: self.work }
    }
}

/// What a term costs, or `None` if it is not known to end soon.
fn cost(term: &Term<&str>) -> Option<Cost> {
    let once = Cost::default();
    let all = |terms: &mut dyn Iterator<Item = &Term<&str>>| -> Option<Cost> {
        let mut sum = once;
        for term in terms {
            sum = sum.then(cost(term)?);
        }
        Some(sum)
    };
    Some(match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(None) => once,
        Term::Fold(..) | Term::Def(..) | Term::Label(..) | Term::Break(_) | Term::Recurse => {
            return None;
        }
        Term::Str(Some(format), _) if !LINEAR.contains(format) => return None,
        Term::Str(_, parts) => all(&mut parts.iter().filter_map(|part| match part {
            StrPart::Term(term) => Some(term),
            _ => None,
        }))?,
        Term::Arr(Some(term)) => cost(term)?.collected(),
        Term::Neg(term) => cost(term)?,
        Term::Obj(entries) => {
            all(&mut entries.iter().flat_map(|(key, value)| std::iter::once(key).chain(value)))?
        }
        // A string times a number is as long as the number says.
        Term::BinOp(_, BinaryOp::Math(Math::Mul) | BinaryOp::UpdateMath(Math::Mul), _) => {
            return None;
        }
        Term::BinOp(left, BinaryOp::Comma | BinaryOp::Alt, right) => cost(left)?.or(cost(right)?),
        Term::BinOp(left, _, right) => cost(left)?.then(cost(right)?),
        Term::TryCatch(body, catch) => {
            let catch = catch.as_ref().map_or(Some(once), |catch| cost(catch))?;
            cost(body)?.or(catch)
        }
        Term::IfThenElse(branches, otherwise) => {
            let mut sum = otherwise.as_ref().map_or(Some(once), |term| cost(term))?;
            for (condition, then) in branches.iter().rev() {
                sum = cost(condition)?.then(cost(then)?.or(sum));
            }
            sum
        }
        Term::Call(name, _) if !LINEAR.contains(name) => return None,
        Term::Call("select", args) => all(&mut args.iter())?,
        Term::Call("empty" | "not" | "type" | "null" | "true" | "false" | "has", args) => {
            all(&mut args.iter())?
        }
        Term::Call(_, args) => {
            let each = args.iter().try_fold(once, |sum, arg| Some(sum.or(cost(arg)?)))?;
            Cost { outputs: 0, work: 1 + each.work }
        }
        Term::Path(head, path) => {
            let mut sum = cost(head)?;
            for (part, _) in &path.0 {
                sum = sum.then(match part {
                    Part::Index(term) => cost(term)?,
                    Part::Range(None, None) => Cost { outputs: 1, work: 1 },
                    Part::Range(from, to) => all(&mut from.iter().chain(to))?,
                });
            }
            sum
        }
    })
}
