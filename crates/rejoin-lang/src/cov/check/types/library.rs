//! What is known of the library: which parameter an argument is for, and what is in the values that it gives.

use super::super::super::ast::Block;
use crate::plan::{LibraryFunction, LibraryParam};

/// The fields of the structs that functions of the library give.
pub(super) const SHAPES: &[(&str, &[(&str, &str)])] =
    &[("Response", &[("status", "Int"), ("body", "String"), ("headers", "Map<String, String>")])];

/// The parameter that the argument at this place is for, by its name. Where no name fits, and there is one argument for
/// each parameter that needs one, they are taken in order.
pub(super) fn param<'l>(
    function: &'l LibraryFunction,
    args: &[&Block],
    at: usize,
) -> Option<&'l LibraryParam> {
    let named = |arg: &Block| {
        let name = arg.text("name").unwrap_or_default();
        function.params.iter().find(|param| param.names.contains(&name))
    };
    let needed = function.params.iter().filter(|param| !param.is_optional()).count();
    if args.len() == needed && args.iter().all(|arg| named(arg).is_none()) {
        return function.params.iter().filter(|param| !param.is_optional()).nth(at);
    }
    named(args.get(at)?)
}
