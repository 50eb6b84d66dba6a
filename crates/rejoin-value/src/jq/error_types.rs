//! The types of errors that a program makes itself, as in `{ errors: [{ type: "taken" }] }`.

use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::Part;

use super::analyze::{PathKey, Tm};
use super::literal::literal;

/// The literal types of the errors that a program constructs under a key `errors`.
pub(super) fn error_types(term: &Tm<'_>) -> Vec<String> {
    let mut found = Vec::new();
    find(term, &mut found);
    found
}

fn find(term: &Tm<'_>, found: &mut Vec<String>) {
    let is_errors =
        |key: &Tm<'_>| matches!(literal(key), Some((PathKey::Key(key), _)) if key == "errors");
    match term {
        Term::Obj(entries) => {
            for (key, value) in entries {
                if let (true, Some(value)) = (is_errors(key), value) {
                    types_in(value, found);
                }
            }
        }
        Term::BinOp(left, BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_), right) => {
            if let Term::Path(_, path) = &**left
                && let Some((Part::Index(key), _)) = path.0.first()
                && is_errors(key)
            {
                types_in(right, found);
            }
        }
        _ => {}
    }
    super::walk::children(term, &mut |child| find(child, found));
}

fn types_in(term: &Tm<'_>, found: &mut Vec<String>) {
    if let Term::Obj(entries) = term {
        for (key, value) in entries {
            let is_type = matches!(literal(key), Some((PathKey::Key(key), _)) if key == "type");
            if let (true, Some(value)) = (is_type, value) {
                strings_in(value, found);
            }
        }
    }
    super::walk::children(term, &mut |child| types_in(child, found));
}

/// The literal strings that a term may give, as in `if .x then "a" else "b" end`.
fn strings_in(term: &Tm<'_>, found: &mut Vec<String>) {
    match term {
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().for_each(|(_, then)| strings_in(then, found));
            otherwise.iter().for_each(|term| strings_in(term, found));
        }
        Term::BinOp(left, BinaryOp::Alt | BinaryOp::Comma, right) => {
            strings_in(left, found);
            strings_in(right, found);
        }
        term => {
            if let Some((PathKey::Key(text), _)) = literal(term)
                && !found.iter().any(|known| known == text.as_str())
            {
                found.push(text.to_string());
            }
        }
    }
}
