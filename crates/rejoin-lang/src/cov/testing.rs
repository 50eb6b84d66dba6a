//! What tests may call besides the library: assertions, and values that are made up.

use crate::plan::{LibraryFunction, LibraryParam};

const fn helper(
    id: &'static str,
    params: &'static [LibraryParam],
    returns: &'static str,
) -> LibraryFunction {
    LibraryFunction { id, params, returns, effect: None, reads: true }
}

const fn param(names: &'static [&'static str], kind: &'static str) -> LibraryParam {
    LibraryParam { names, kind }
}

const MESSAGE: LibraryParam = param(&["message", "msg"], "Any?");

/// Every one of them.
pub(super) const TESTING: &[LibraryFunction] = &[
    helper(
        "testing_assert_equals",
        &[param(&["actual"], "Any"), param(&["expected"], "Any"), MESSAGE],
        "Unit",
    ),
    helper("testing_assert_true", &[param(&["condition"], "Any"), MESSAGE], "Unit"),
    helper("testing_gen_id", &[], "String"),
    helper("testing_gen_int", &[param(&["min"], "Int?"), param(&["max"], "Int?")], "Int"),
    helper("testing_gen_json", &[], "Any"),
    helper(
        "testing_gen_string",
        &[param(&["min_len"], "Int?"), param(&["max_len"], "Int?")],
        "String",
    ),
];

/// The one with this id.
pub(super) fn testing(id: &str) -> Option<&'static LibraryFunction> {
    TESTING.iter().find(|function| function.id == id)
}
