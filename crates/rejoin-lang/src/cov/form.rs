//! Which words, attributes and blocks belong where: the grammar as a table. It accepts what any description of the
//! language accepts.

/// What may stand in a block.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) attributes: &'static [&'static str],
    pub(super) flags: &'static [&'static str],
    pub(super) children: &'static [&'static str],
    /// Parts that must be there; of each row, one.
    pub(super) needs: &'static [&'static [&'static str]],
    /// Whether it is closed by `end`; otherwise it is a line, which ends where something else begins.
    pub(super) closes: bool,
    /// Whether any attribute, word or value may stand in it.
    pub(super) free: bool,
}

type List = &'static [&'static str];
type Needs = &'static [&'static [&'static str]];

const fn block(attributes: List, children: List, needs: Needs) -> Form {
    Form { attributes, flags: &[], children, needs, closes: true, free: false }
}

const fn line(attributes: List, flags: List, needs: Needs) -> Form {
    Form { attributes, flags, children: &[], needs, closes: false, free: false }
}

const fn line_of(children: List) -> Form {
    Form { attributes: &[], flags: &[], children, needs: &[], closes: false, free: false }
}

const fn free() -> Form {
    Form { attributes: &[], flags: &[], children: &[], needs: &[], closes: true, free: true }
}

/// What may stand at top level.
pub(super) static FILE: Form = block(&[], &["snippet", "refactor", "step"], &[]);

/// The sections of a snippet, in their canonical order.
pub(super) const SECTIONS: List = &[
    "effects",
    "requires",
    "types",
    "tools",
    "signature",
    "body",
    "tests",
    "metadata",
    "relations",
    "content",
    "schema",
];

/// The kinds of snippets.
pub(super) const SNIPPET_KINDS: List = &[
    "fn",
    "struct",
    "enum",
    "module",
    "database",
    "extern",
    "extern-abstract",
    "extern-impl",
    "test",
    "data",
    "effect",
    "type",
];

/// Attributes that name something: a text that is not empty.
pub(super) const TEXTS: List = &[
    "id",
    "kind",
    "as",
    "fn",
    "tool",
    "name",
    "var",
    "condition",
    "on",
    "in",
    "into",
    "target",
    "type",
    "binding",
    "implements",
    "platform",
    "by",
    "from",
    "of",
    "relation",
];

/// Those of them that may lead from a value to a field of it.
pub(super) const PATHS: List = &["var", "condition", "on", "in", "from", "of"];

/// The kinds of tests.
pub(super) const TEST_KINDS: List = &["unit", "property", "integration", "golden"];

/// Flags that may also be written `name=true` and `name=false`.
pub(super) const SWITCHES: List = FIELD_FLAGS;
const FIELD_FLAGS: List =
    &["optional", "nullable", "primary", "primary_key", "auto", "auto_increment", "unique"];
const CONDITIONS: List = &[
    "equals",
    "not_equals",
    "less",
    "greater",
    "less_eq",
    "greater_eq",
    "contains",
    "matches",
    "and",
    "or",
    "not",
    "rel_to",
    "rel_from",
    "has_rel",
];
const COMPARISON: Form =
    line(&["field", "from", "var", "lit", "of"], &[], &[&["field"], &["from", "var", "lit", "of"]]);
const GROUP: Form = block(&[], CONDITIONS, &[CONDITIONS]);
/// Behind `not` stands one condition.
pub(super) static NOT: Form = line_of(CONDITIONS);
const STEPS: Form = block(&[], &["step"], &[]);

/// The form of every word that begins a block or line, but for steps.
const FORMS: &[(&str, Form)] = &[
    (
        "snippet",
        block(
            &["id", "kind", "implements", "platform"],
            &[
                "note",
                "effects",
                "requires",
                "types",
                "tools",
                "signature",
                "body",
                "tests",
                "metadata",
                "relations",
                "content",
                "schema",
                "fields",
                "variants",
            ],
            &[&["id"], &["kind"]],
        ),
    ),
    ("refactor", block(&["id"], &["step"], &[&["id"]])),
    ("effects", block(&[], &["effect"], &[])),
    ("requires", block(&[], &["req"], &[])),
    ("req", block(&["id"], &["text", "priority", "status"], &[&["id"]])),
    (
        "priority",
        line(
            &[],
            &["critical", "high", "medium", "low"],
            &[&["critical", "high", "medium", "low"]],
        ),
    ),
    (
        "status",
        line(
            &[],
            &["draft", "approved", "implemented", "tested"],
            &[&["draft", "approved", "implemented", "tested"]],
        ),
    ),
    ("types", block(&[], &["struct", "enum", "alias"], &[])),
    ("alias", line(&["name", "type"], &[], &[&["name"], &["type"]])),
    ("struct", block(&["name", "type"], &["field"], &[&["name", "type"]])),
    (
        "field",
        line(
            &["name", "type", "default", "from", "var", "lit", "field", "of"],
            FIELD_FLAGS,
            &[&["name"], &["type", "from", "var", "lit", "field"]],
        ),
    ),
    ("fields", block(&[], &["field"], &[])),
    ("enum", block(&["name"], &["variant"], &[&["name"]])),
    ("variant", block(&["name", "type"], &["field"], &[&["name", "type"]])),
    ("variants", block(&[], &["variant"], &[])),
    ("tools", block(&[], &["tool"], &[])),
    (
        "tool",
        block(
            &["id", "contract", "idempotent", "timeout", "auth", "retry"],
            &[],
            &[&["id"], &["contract"]],
        ),
    ),
    ("signature", block(&[], &["fn", "struct", "enum"], &[&["fn", "struct", "enum"]])),
    ("fn", block(&["name"], &["param", "returns", "generic"], &[&["name"]])),
    (
        "param",
        line(
            &["name", "type", "of", "default", "from", "var", "lit"],
            &["optional"],
            &[&["name"], &["type", "from", "var", "lit"]],
        ),
    ),
    ("generic", line(&["name", "constraint"], &[], &[&["name"]])),
    ("body", STEPS),
    ("tests", block(&[], &["test"], &[])),
    ("test", block(&["id", "kind", "covers", "property"], &["step"], &[&["id"]])),
    ("metadata", free()),
    ("relations", block(&[], &["rel"], &[])),
    ("rel", line(&["to", "from", "type"], &[], &[&["to", "from"]])),
    ("content", free()),
    ("schema", block(&[], &["table", "field"], &[])),
    ("table", block(&["name"], &["field"], &[&["name"]])),
    ("input", line(&["var", "lit", "field", "of"], &[], &[&["var", "lit", "of"]])),
    (
        "arg",
        line(
            &["name", "from", "var", "lit", "field", "of", "fn"],
            &[],
            &[&["name"], &["from", "var", "lit", "of", "fn"]],
        ),
    ),
    ("handle", block(&[], &["case"], &[])),
    (
        "case",
        Form {
            flags: &["wildcard", "variant", "struct"],
            ..block(
                &["type", "bindings", "literal", "binding", "fields"],
                &["step"],
                &[&["type", "wildcard", "literal", "binding"]],
            )
        },
    ),
    ("then", STEPS),
    ("else", STEPS),
    ("collection", block(&[], &["item"], &[])),
    ("item", line(&["from", "var", "lit", "field", "of"], &[], &[&["from", "var", "lit", "of"]])),
    ("branch", block(&["id"], &["step"], &[&["id"]])),
    (
        "set",
        line(
            &["field", "op", "from", "var", "lit", "of"],
            &[],
            &[&["field"], &["from", "var", "lit", "of"]],
        ),
    ),
    ("where", GROUP),
    ("and", GROUP),
    ("or", GROUP),
    ("equals", COMPARISON),
    ("not_equals", COMPARISON),
    ("less", COMPARISON),
    ("greater", COMPARISON),
    ("less_eq", COMPARISON),
    ("greater_eq", COMPARISON),
    ("contains", COMPARISON),
    ("matches", COMPARISON),
    ("rel_to", line(&["target", "type"], &[], &[&["target"], &["type"]])),
    ("rel_from", line(&["source", "type"], &[], &[&["source"], &["type"]])),
    ("has_rel", line(&["type"], &[], &[&["type"]])),
    ("join", Form { flags: &["on"], ..block(&["to"], CONDITIONS, &[&["to"], CONDITIONS]) }),
    ("select", line(&["field"], &["all"], &[&["field", "all"]])),
    ("follow", line(&["rel", "type", "relation"], &[], &[&["rel", "type", "relation"]])),
    ("order", line(&["by", "dir"], &[], &[&["by"]])),
    ("params", block(&[], &["param"], &[])),
];

/// `returns` has an `end` only in its form with `union`.
pub(super) static RETURNS: Form =
    line(&["type", "of"], &["optional", "collection"], &[&["type", "of"]]);
pub(super) static RETURNS_UNION: Form =
    Form { flags: &["optional", "union"], ..block(&["type"], &[], &[&["type"]]) };

/// What `parallel` and `race` may have before their first branch.
pub(super) const CONCURRENCY: &[&str] = &["on_error", "timeout", "on_timeout", "limit"];

/// `id`, `kind` and `as` belong to every step, and so does `handle`, which only calls need.
const KINDS: &[(&str, Form)] = &[
    ("compute", block(&["op"], &["input"], &[&["op"]])),
    ("call", block(&["fn", "tool"], &["arg", "handle"], &[&["fn", "tool"]])),
    ("bind", block(&["from", "var", "lit", "field", "of"], &[], &[&["from", "var", "lit", "of"]])),
    ("return", block(&["from", "var", "lit", "field", "of"], &["struct", "variant"], &[])),
    ("if", block(&["condition"], &["then", "else"], &[&["condition"], &["then"]])),
    ("match", block(&["on"], &["case"], &[&["on"], &["case"]])),
    ("for", block(&["var", "in"], &["step"], &[&["var"], &["in"]])),
    (
        "construct",
        block(
            &["type"],
            &["field", "struct", "collection", "variant"],
            &[&["type", "struct", "collection", "variant"]],
        ),
    ),
    ("parallel", block(CONCURRENCY, &["branch"], &[])),
    ("race", block(CONCURRENCY, &["branch"], &[])),
    ("insert", block(&["into"], &["set"], &[&["into"]])),
    ("update", block(&["target"], &["set", "where"], &[&["target"]])),
    ("delete", block(&["from"], &["where"], &[&["from"]])),
    ("transaction", block(&["isolation"], &["step"], &[])),
    (
        "traverse",
        block(
            &["target", "from", "relation", "depth", "direction"],
            &["follow", "where"],
            &[&["target"], &["from"], &["follow", "relation"]],
        ),
    ),
    (
        "query",
        block(
            &["dialect", "target", "from", "limit", "offset"],
            &["select", "join", "follow", "where", "order", "body", "params", "returns"],
            &[&["target"], &["select", "body"]],
        ),
    ),
    ("update_snippet", block(&["target"], &["set"], &[&["target"]])),
    ("update_all", block(&["target"], &["set"], &[&["target"]])),
];

/// A step whose kind is not known (yet): everything that any kind may have.
pub(super) static ANY_STEP: Form = block(
    &[
        "op",
        "fn",
        "tool",
        "from",
        "var",
        "lit",
        "field",
        "of",
        "condition",
        "on",
        "in",
        "type",
        "on_error",
        "timeout",
        "on_timeout",
        "into",
        "target",
        "isolation",
        "relation",
        "depth",
        "direction",
        "dialect",
        "limit",
        "offset",
    ],
    &[
        "input",
        "arg",
        "struct",
        "variant",
        "then",
        "else",
        "case",
        "step",
        "field",
        "collection",
        "branch",
        "set",
        "where",
        "follow",
        "select",
        "join",
        "order",
        "body",
        "params",
        "returns",
    ],
    &[],
);

/// Whether an empty line stands before such a part of a file: steps that stand alone may follow each other closely.
pub(super) fn is_item_apart(word: &str) -> bool {
    word != "step"
}

/// The form of a word that begins a block or line.
pub(super) fn of(word: &str) -> Option<&'static Form> {
    FORMS.iter().find(|(name, _)| *name == word).map(|(_, form)| form)
}

/// The form of a kind of step.
pub(super) fn of_step(kind: &str) -> Option<&'static Form> {
    KINDS.iter().find(|(name, _)| *name == kind).map(|(_, form)| form)
}

/// The kinds of steps.
pub(super) fn step_kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}

/// How many inputs each operation of `compute` takes, from least to most; `None` for an unknown one.
pub(super) fn inputs(operation: &str) -> Option<std::ops::RangeInclusive<usize>> {
    OPERATIONS.iter().find(|(_, words)| words.contains(&operation)).map(|(n, _)| n.clone())
}

/// Every operation.
pub(super) fn operations() -> impl Iterator<Item = &'static str> + Clone {
    OPERATIONS.iter().flat_map(|(_, words)| words.iter().copied())
}

const OPERATIONS: &[(std::ops::RangeInclusive<usize>, List)] = &[
    (
        1..=1,
        &[
            "neg",
            "not",
            "abs",
            "sign",
            "sqrt",
            "floor",
            "ceil",
            "round",
            "trunc",
            "bit_not",
            "to_int",
            "to_float",
            "to_string",
            "parse_int",
            "parse_float",
            "map_len",
            "map_keys",
            "map_values",
            "map_entries",
            "map_is_empty",
            "set_len",
            "set_is_empty",
            "set_to_list",
            "dt_year",
            "dt_month",
            "dt_day",
            "dt_hour",
            "dt_minute",
            "dt_second",
            "dt_weekday",
            "dt_unix",
            "bytes_len",
            "bytes_is_empty",
            "bytes_to_string",
            "bytes_to_base64",
            "bytes_to_hex",
            "upper",
            "lower",
            "trim",
            "trim_start",
            "trim_end",
            "str_len",
            "byte_len",
            "is_empty",
            "str_reverse",
            "list_len",
            "list_first",
            "list_last",
            "list_reverse",
            "list_is_empty",
            "list_sort",
            "list_dedup",
            "list_flatten",
        ],
    ),
    (
        2..=2,
        &[
            "add",
            "sub",
            "mul",
            "div",
            "mod",
            "equals",
            "not_equals",
            "less",
            "greater",
            "less_eq",
            "greater_eq",
            "and",
            "or",
            "min",
            "max",
            "pow",
            "bit_and",
            "bit_or",
            "bit_xor",
            "bit_shl",
            "bit_shr",
            "bit_ushr",
            "map_has",
            "map_get",
            "map_remove",
            "map_merge",
            "set_has",
            "set_add",
            "set_remove",
            "set_union",
            "set_intersect",
            "set_diff",
            "set_symmetric_diff",
            "set_is_subset",
            "set_is_superset",
            "dt_add_days",
            "dt_add_hours",
            "dt_add_minutes",
            "dt_add_seconds",
            "dt_diff",
            "dt_format",
            "bytes_get",
            "bytes_concat",
            "contains",
            "split",
            "join",
            "repeat",
            "starts_with",
            "ends_with",
            "index_of",
            "char_at",
            "list_get",
            "list_append",
            "list_prepend",
            "list_concat",
            "list_take",
            "list_drop",
            "list_contains",
            "list_index_of",
        ],
    ),
    (3..=3, &["clamp", "map_insert", "bytes_slice", "replace"]),
    // The library's functions that they stand for have optional parameters, or take any number.
    (2..=3, &["slice", "list_slice", "pad_start", "pad_end"]),
    (1..=64, &["concat"]),
];
