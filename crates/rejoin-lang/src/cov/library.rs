//! The standard library that `.cov` programs may call without declaring it.

use crate::plan::LibraryFunction;

macro_rules! library {
    ($($id:literal ($($param:literal),*) $([$effect:literal $(, $reads:ident)?])?;)*) => {
        /// Every function of the library, by id.
        pub const LIBRARY: &[LibraryFunction] = &[$(LibraryFunction {
            id: $id,
            params: &[$($param),*],
            effect: effect!($($effect)?),
            reads: reads!($($($reads)?)?),
        },)*];
    };
}

macro_rules! effect {
    () => {
        None
    };
    ($effect:literal) => {
        Some($effect)
    };
}

macro_rules! reads {
    () => {
        false
    };
    (reads) => {
        true
    };
}

library! {
    "console.println" ("message|msg") ["console", reads];
    "console.print" ("message|msg") ["console", reads];
    "console.info" ("message|msg") ["console", reads];
    "console.debug" ("message|msg") ["console", reads];
    "console.error" ("message|msg") ["console", reads];
    "console.warn" ("message|msg") ["console", reads];
    "http.get" ("url", "headers?", "timeout?") ["network", reads];
    "http.post" ("url", "body", "content_type?", "headers?", "timeout?") ["network"];
    "http.put" ("url", "body", "content_type?", "headers?", "timeout?") ["network"];
    "http.delete" ("url", "headers?", "timeout?") ["network"];
    "http.request" ("url", "method", "body?", "content_type?", "headers?", "timeout?") ["network"];
    "json.parse" ("input|text");
    "json.stringify" ("value");
    "json.format" ("value", "indent?");
    "json.is_valid" ("input|text");
    "json.is_object" ("value");
    "json.is_array" ("value");
    "json.is_string" ("value");
    "json.is_number" ("value");
    "json.is_bool" ("value");
    "json.is_null" ("value");
    "json.as_string" ("value");
    "json.as_number" ("value");
    "json.as_bool" ("value");
    "json.get_field" ("obj", "key");
    "json.get_index" ("arr", "index");
    "list.append" ("list", "item");
    "list.contains" ("list", "item");
    "list.first" ("list");
    "list.flatten" ("list");
    "list.get" ("list", "index");
    "list.is_empty" ("list");
    "list.last" ("list");
    "list.len" ("list");
    "map.get" ("map", "key");
    "postgres.query" ("sql", "params?") ["database"];
    "redis.get" ("key") ["database", reads];
    "text.byte_len" ("s");
    "text.char_at" ("s", "index");
    "text.concat" ("a", "b");
    "text.contains" ("haystack", "needle");
    "text.ends_with" ("s", "suffix");
    "text.index_of" ("haystack", "needle");
    "text.is_empty" ("s");
    "text.join" ("parts", "separator");
    "text.lower" ("s");
    "text.pad_end" ("s", "target_len", "fill");
    "text.pad_start" ("s", "target_len", "fill");
    "text.repeat" ("s", "count");
    "text.replace" ("s", "from", "to");
    "text.replace_all" ("s", "from", "to");
    "text.slice" ("s", "start", "end");
    "text.split" ("s", "delimiter");
    "text.starts_with" ("s", "prefix");
    "text.str_len" ("s");
    "text.str_reverse" ("s");
    "text.trim" ("s");
    "text.trim_end" ("s");
    "text.trim_start" ("s");
    "text.upper" ("s");
    "timers.delay" ("ms") ["timers", reads];
}

/// The function of the library with this id.
pub fn library(id: &str) -> Option<&'static LibraryFunction> {
    LIBRARY.iter().find(|function| function.id == id)
}
