//! The structs and variants that the language and its library have, for values that come from outside. A type of the file with the same
//! name is meant instead.

use crate::plan::{FieldDefinition, Literal, RecordDefinition};

/// The name, and each field with its type.
const TYPES: &[(&str, &[(&str, &str)])] = &[
    ("ParseError", MESSAGE),
    (
        "TimeoutError",
        &[("message", "String"), ("timeout_ms", "Int?"), ("unfinished", "List<String>?")],
    ),
    ("RaceError", &[("message", "String?"), ("failures", "List<Any>")]),
    ("RuntimeError", &[("code", "String"), ("message", "String"), ("step", "String?")]),
    ("Response", &[("status", "Int"), ("body", "String"), ("headers", "Map<String, String>")]),
    ("HttpError::NetworkError", MESSAGE),
    ("HttpError::TimeoutError", MESSAGE),
    ("HttpError::ParseError", MESSAGE),
    ("JsonError::ParseError", &[("message", "String"), ("line", "Int"), ("column", "Int")]),
    ("JsonError::InvalidType", &[("expected", "String"), ("actual", "String")]),
    ("IoError::NotFound", FILE),
    ("IoError::PermissionDenied", FILE),
    ("IoError::AlreadyExists", FILE),
    ("IoError::NotDirectory", FILE),
    ("IoError::IsDirectory", FILE),
    ("IoError::NotEmpty", FILE),
    ("IoError::InvalidPath", FILE),
    ("IoError::InvalidData", FILE),
    ("IoError::TooLarge", FILE),
    ("IoError::Full", FILE),
    ("IoError::Other", FILE),
    (
        "FileStat",
        &[("size", "Int"), ("is_file", "Bool"), ("is_dir", "Bool"), ("modified", "DateTime?")],
    ),
    ("ProcessResult", &[("exit_code", "Int?"), ("stdout", "String"), ("stderr", "String")]),
    ("ProcessError::NotFound", MESSAGE),
    ("ProcessError::PermissionDenied", MESSAGE),
    ("ProcessError::TimeoutError", MESSAGE),
    ("ProcessError::TooLarge", MESSAGE),
    ("ProcessError::Other", MESSAGE),
    (
        "Url",
        &[
            ("protocol", "String"),
            ("host", "String"),
            ("port", "Int?"),
            ("pathname", "String"),
            ("search", "String?"),
            ("hash", "String?"),
        ],
    ),
    ("UrlError", MESSAGE),
    (
        "Document",
        &[
            ("id", "String"),
            ("data", "Any"),
            ("created_at", "DateTime"),
            ("updated_at", "DateTime"),
        ],
    ),
    ("QueryResult", &[("documents", "List<Document>"), ("total", "Int")]),
    ("DbError", &[("code", "String?"), ("sqlstate", "String?"), ("message", "String")]),
];

const MESSAGE: &[(&str, &str)] = &[("message", "String")];
const FILE: &[(&str, &str)] = &[("message", "String"), ("path", "String?")];

/// Each of them, with the type that a file may define in its place: the struct, or the enum of a variant.
pub(super) fn definitions() -> impl Iterator<Item = (&'static str, &'static str, RecordDefinition)>
{
    TYPES.iter().map(|(name, fields)| {
        let field = |(name, kind): &(&str, &str)| FieldDefinition {
            name: (*name).into(),
            kind: (*kind).into(),
            optional: kind.ends_with('?'),
            // Stand-ins of services seldom have headers.
            default: kind.starts_with("Map<").then(|| Literal::Map([].into())),
        };
        let fields = fields.iter().map(field).collect();
        let of = name.split("::").next().unwrap_or(name);
        (of, *name, RecordDefinition { fields, is_failure: false })
    })
}
