//! Keys that stand in a program as they are.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};

use super::analyze::{PathKey, Tm};

/// A key that is known before the run, and the text that it stands in.
pub(super) fn literal<'s>(term: &Tm<'s>) -> Option<(PathKey, &'s str)> {
    match term {
        Term::Str(None, parts) => match &parts[..] {
            [StrPart::Str(text)] => Some((PathKey::Key((*text).into()), text)),
            _ => None,
        },
        Term::Num(text) => Some((PathKey::Index(text.parse().ok()?), text)),
        _ => None,
    }
}

/// As [`literal`], of one key or of several with commas between them.
pub(super) fn literals<'s>(term: &Tm<'s>) -> Option<Vec<(PathKey, &'s str)>> {
    match term {
        Term::BinOp(left, BinaryOp::Comma, right) => {
            Some([literals(left)?, literals(right)?].concat())
        }
        term => Some(vec![literal(term)?]),
    }
}
