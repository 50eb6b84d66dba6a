//! How long the array is that a program makes, if that is certain.

use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::{Opt, Part};

/// The length of the one array that the program yields, whatever its input; `None` if it may be another.
pub(super) fn array_length(term: &Term<&str>) -> Option<usize> {
    match term {
        Term::Arr(None) => Some(0),
        Term::Arr(Some(inner)) => outputs(inner),
        _ => None,
    }
}

/// How many outputs a term has for each input, unless it fails.
fn outputs(term: &Term<&str>) -> Option<usize> {
    let one =
        |terms: &[&Term<&str>]| terms.iter().all(|term| outputs(term) == Some(1)).then_some(1);
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(_) => Some(1),
        // Parts of a text that is put together may have several outputs; those are rare.
        Term::Str(_, parts) => parts.iter().all(|part| !matches!(part, jaq_core::load::lex::StrPart::Term(term) if outputs(term) != Some(1))).then_some(1),
        Term::Neg(inner) => outputs(inner),
        Term::Path(base, path) => {
            let certain = |(part, opt): &(Part<Term<&str>>, Opt)| {
                let index = match part {
                    Part::Index(index) => outputs(index) == Some(1),
                    Part::Range(from, to) => {
                        (from.is_some() || to.is_some())
                            && from.iter().chain(to).all(|bound| outputs(bound) == Some(1))
                    }
                };
                index && matches!(opt, Opt::Essential)
            };
            path.0.iter().all(certain).then(|| outputs(base)).flatten()
        }
        Term::BinOp(left, BinaryOp::Comma, right) => Some(outputs(left)? + outputs(right)?),
        Term::BinOp(left, BinaryOp::Pipe(None), right) => Some(outputs(left)? * outputs(right)?),
        Term::BinOp(left, BinaryOp::Math(_) | BinaryOp::Cmp(_), right) => one(&[left, right]),
        // With two operands that have one output each it has one: the left or the right.
        Term::BinOp(left, BinaryOp::Alt | BinaryOp::And | BinaryOp::Or, right) => one(&[left, right]),
        Term::Call("null" | "true" | "false" | "tostring" | "tonumber" | "tojson" | "fromjson" | "length" | "not" | "now" | "ascii_downcase" | "ascii_upcase", args) if args.is_empty() => Some(1),
        _ => None,
    }
}
