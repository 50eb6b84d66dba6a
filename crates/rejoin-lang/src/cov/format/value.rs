//! The one spelling of a value. Texts are copied, so that their escapes stay.

use super::super::ast::ValueKind;
use super::super::lex::{self, Kind};
use crate::source::SourceId;

/// `text` is a value that was read without a problem and has no comment in it.
pub(super) fn canonical(text: &str, kind: &ValueKind) -> String {
    if matches!(kind, ValueKind::Duration(_)) {
        return text.trim_matches('"').to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut before: Option<(Kind, bool)> = None;
    let mut pos = 0;
    loop {
        let (start, _) = lex::skip_trivia(text, pos, |_, _| {});
        let token = lex::token(text, start, SourceId(0));
        if token.kind == Kind::End {
            return out;
        }
        pos = token.end;
        let sign = |kind: &Kind| if let Kind::Sign(sign) = kind { Some(*sign) } else { None };
        let (next, _) = lex::skip_trivia(text, pos, |_, _| {});
        if token.kind == Kind::Sign(',') && text[next..].starts_with([']', '}', ')']) {
            continue;
        }
        let mut is_key = false;
        if let Some((last, last_is_key)) = &before {
            let glued = matches!(sign(last), Some('[' | '{' | '(' | '='))
                || sign(last) == Some(':') && !last_is_key
                || matches!(sign(&token.kind), Some(']' | '}' | ')' | ',' | ':' | '='));
            if !glued {
                out.push(' ');
            }
            is_key = matches!(last, Kind::Text(_) | Kind::Block(_));
        }
        out.push_str(&text[token.start..token.end]);
        before = Some((token.kind, is_key));
    }
}
