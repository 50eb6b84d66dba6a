//! Whether a program makes an error whatever its input is.

use jaq_core::load::parse::{BinaryOp, Term};

use super::analyze::{PathKey, Tm};
use super::literal::literal;

/// Whether it surely raises an error, or yields `{errors: [{type: "…"}]}`. False where that cannot be told.
pub(super) fn always_fails(term: &Tm<'_>) -> bool {
    match term {
        Term::Call("error", args) => match &args[..] {
            [] => false,
            [message] => matches!(message, Term::Str(..) | Term::Num(_)),
            _ => false,
        },
        Term::IfThenElse(branches, Some(otherwise)) => {
            always_fails(otherwise) && branches.iter().all(|(_, then)| always_fails(then))
        }
        Term::Obj(entries) => entries.iter().any(|(key, value)| {
            is_text(key, Some("errors")) && value.as_ref().is_some_and(is_errors)
        }),
        _ => false,
    }
}

/// `[{type: "…"}]`, with whatever else.
fn is_errors(list: &Tm<'_>) -> bool {
    let Term::Arr(Some(inside)) = list else { return false };
    let mut first = &**inside;
    while let Term::BinOp(left, BinaryOp::Comma, _) = first {
        first = left;
    }
    let Term::Obj(entries) = first else { return false };
    entries.iter().any(|(key, value)| {
        is_text(key, Some("type")) && value.as_ref().is_some_and(|value| is_text(value, None))
    })
}

fn is_text(term: &Tm<'_>, text: Option<&str>) -> bool {
    match literal(term) {
        Some((PathKey::Key(found), _)) => text.is_none_or(|text| found.as_str() == text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::jq::Program;

    #[test]
    fn what_surely_fails_is_told_from_what_may() {
        let fails = |text: &str| Program::compile(text, &[]).expect(text).always_fails();
        for text in [
            "error(\"no\")",
            "{ errors: [{ type: \"x\", message: .m }] }",
            "{ errors: [{ type: \"x\" }], n: 1 }",
            "if .a then error(\"a\") else { errors: [{ type: \"x\" }] } end",
        ] {
            assert!(fails(text), "{text}");
        }
        for text in [
            "error(empty)",
            "error",
            "error(.x)",
            "try error(\"a\") catch .",
            "{ errors: [] }",
            "{ errors: [{ type: .x }] }",
            "{ errors: [.list[] | { type: \"x\" }] }",
            "if .a then error(\"a\") else . end",
            "if .a then error(\"a\") end",
            "empty | error(\"x\")",
        ] {
            assert!(!fails(text), "{text}");
        }
    }
}
