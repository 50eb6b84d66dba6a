//! Which keys an object has that a program makes, as far as its text says so.

use jaq_core::load::parse::Term;

use super::analyze::PathKey;
use super::literal::literal;

/// The keys of the one object that the program yields, whatever its input; `None` if there may be others.
pub(super) fn object_keys(term: &Term<&str>) -> Option<Vec<String>> {
    let Term::Obj(entries) = term else { return None };
    let key = |(key, _): &(Term<&str>, Option<Term<&str>>)| match literal(key)? {
        (PathKey::Key(key), _) => Some(key.to_string()),
        _ => None,
    };
    entries.iter().map(key).collect()
}
