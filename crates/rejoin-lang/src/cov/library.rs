//! The standard library that `.cov` programs may call without declaring it. `T` in a signature is whatever the arguments have there.

use crate::plan::{LibraryFunction, LibraryParam};

/// `"id" (name|other: "Type", …) "Type of the value" ["effect", reads];` where `reads` says that it changes nothing outside.
macro_rules! library {
    ($(
        $id:literal ($($($name:ident)|+: $kind:literal),*) $returns:literal
        $([$effect:literal $(, $reads:ident)?])?;
    )*) => {
        /// Every function of the library, by id.
        pub const LIBRARY: &[LibraryFunction] = &[$(LibraryFunction {
            id: $id,
            params: &[$(LibraryParam { names: &[$(stringify!($name)),+], kind: $kind }),*],
            returns: $returns,
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
    "console.println" (message|msg: "Any", values: "List<Any>?") "Unit" ["console", reads];
    "console.print" (message|msg: "Any", values: "List<Any>?") "Unit" ["console", reads];
    "console.info" (message|msg: "Any", values: "List<Any>?") "Unit" ["console", reads];
    "console.debug" (message|msg: "Any", values: "List<Any>?") "Unit" ["console", reads];
    "console.error" (message|msg: "Any", values: "List<Any>?") "Unit" ["console", reads];
    "console.warn" (message|msg: "Any", values: "List<Any>?") "Unit" ["console", reads];

    "http.get" (url: "String", headers: "Map<String, String>?", timeout: "Int?") "Response | HttpError" ["network", reads];
    "http.post" (url: "String", body: "Any", content_type: "String?", headers: "Map<String, String>?", timeout: "Int?") "Response | HttpError" ["network"];
    "http.put" (url: "String", body: "Any", content_type: "String?", headers: "Map<String, String>?", timeout: "Int?") "Response | HttpError" ["network"];
    "http.delete" (url: "String", headers: "Map<String, String>?", timeout: "Int?") "Response | HttpError" ["network"];
    "http.request" (url: "String", method: "String", body: "Any?", content_type: "String?", headers: "Map<String, String>?", timeout: "Int?") "Response | HttpError" ["network"];

    "json.parse" (input|text: "String") "Json | JsonError";
    "json.stringify" (value: "Any") "String";
    "json.format" (value: "Any", indent: "Int?") "String";
    "json.is_valid" (input|text: "String") "Bool";
    "json.is_object" (value: "Any") "Bool";
    "json.is_array" (value: "Any") "Bool";
    "json.is_string" (value: "Any") "Bool";
    "json.is_number" (value: "Any") "Bool";
    "json.is_bool" (value: "Any") "Bool";
    "json.is_null" (value: "Any") "Bool";
    "json.as_string" (value: "Any") "String?";
    "json.as_number" (value: "Any") "Float?";
    "json.as_bool" (value: "Any") "Bool?";
    "json.get_field" (obj: "Any", key: "String") "Any";
    "json.get_index" (arr: "Any", index: "Int") "Any";

    "list.append" (list: "List<T>", item: "T") "List<T>";
    "list.contains" (list: "List<T>", item: "Any") "Bool";
    // Of an element that may not be there nothing is said: programs know how long their lists are.
    "list.first" (list: "List<T>") "Any";
    "list.flatten" (list: "List<T | List<T>>") "List<T>";
    "list.get" (list: "List<T>", index: "Any") "Any";
    "list.is_empty" (list: "List<T>") "Bool";
    "list.last" (list: "List<T>") "Any";
    "list.len" (list: "List<T>") "Int";
    "map.get" (map: "Map<String, T>", key: "Any") "Any";

    "text.byte_len" (s: "String") "Int";
    "text.char_at" (s: "String", index: "Int") "String?";
    "text.concat" (a: "String", b: "String") "String";
    "text.contains" (haystack: "Any", needle: "Any") "Bool";
    "text.ends_with" (s: "String", suffix: "String") "Bool";
    "text.index_of" (haystack: "String", needle: "String") "Int";
    "text.is_empty" (s: "Any") "Bool";
    "text.join" (parts: "List<String>", separator: "String") "String";
    "text.lower" (s: "String") "String";
    "text.pad_end" (s: "String", target_len: "Int", fill: "String") "String";
    "text.pad_start" (s: "String", target_len: "Int", fill: "String") "String";
    "text.repeat" (s: "String", count: "Int") "String";
    "text.replace" (s: "String", from: "String", to: "String") "String";
    "text.replace_all" (s: "String", from: "String", to: "String") "String";
    "text.slice" (s: "String", start: "Int", end: "Int") "String";
    "text.split" (s: "String", delimiter: "String") "List<String>";
    "text.starts_with" (s: "String", prefix: "String") "Bool";
    "text.str_len" (s: "String") "Int";
    "text.str_reverse" (s: "String") "String";
    "text.trim" (s: "String") "String";
    "text.trim_end" (s: "String") "String";
    "text.trim_start" (s: "String") "String";
    "text.upper" (s: "String") "String";

    "db.connect" (url: "String") "Connection | DbError" ["database", reads];
    "db.query" (conn: "Connection", sql: "String", params: "Any?") "List<Any> | DbError" ["database"];
    "db.execute" (conn: "Connection", sql: "String", params: "Any?") "Int | DbError" ["database"];
    "postgres.query" (sql: "String", params: "Any?") "List<Any> | DbError" ["database"];

    "redis.get" (key: "String") "Any" ["database", reads];
    "redis.mget" (keys: "List<String>") "List<Any> | DbError" ["database", reads];
    "redis.set" (key: "String", value: "Any", ttl: "Int?") "Unit | DbError" ["database"];
    "redis.del" (key: "String") "Bool | DbError" ["database"];
    "redis.exists" (key: "String") "Bool | DbError" ["database", reads];
    "redis.incr" (key: "String", by: "Int?") "Int | DbError" ["database"];
    "redis.expire" (key: "String", ms: "Int") "Bool | DbError" ["database"];
    "redis.ttl" (key: "String") "Int? | DbError" ["database", reads];
    "redis.hget" (key: "String", field: "String") "Any" ["database", reads];
    "redis.hset" (key: "String", field: "String", value: "Any") "Unit | DbError" ["database"];
    "redis.hdel" (key: "String", field: "String") "Bool | DbError" ["database"];
    "redis.hgetall" (key: "String") "Map<String, Any> | DbError" ["database", reads];
    "redis.lpush" (key: "String", value: "Any") "Int | DbError" ["database"];
    "redis.rpush" (key: "String", value: "Any") "Int | DbError" ["database"];
    "redis.lpop" (key: "String") "Any" ["database"];
    "redis.rpop" (key: "String") "Any" ["database"];
    "redis.lrange" (key: "String", start: "Int", stop: "Int") "List<Any> | DbError" ["database", reads];
    "redis.sadd" (key: "String", value: "Any") "Bool | DbError" ["database"];
    "redis.srem" (key: "String", value: "Any") "Bool | DbError" ["database"];
    "redis.sismember" (key: "String", value: "Any") "Bool | DbError" ["database", reads];
    "redis.smembers" (key: "String") "List<Any> | DbError" ["database", reads];
    "redis.publish" (channel: "String", message: "Any") "Int | DbError" ["database"];

    "fs.read_file" (path: "String") "String | IoError" ["filesystem", reads];
    "fs.open" (path: "String", mode: "String?") "FileHandle | IoError" ["filesystem"];
    "fs.close" (handle: "FileHandle") "Unit" ["filesystem", reads];
    "fs.read_bytes" (path|handle: "String | FileHandle") "Bytes | IoError" ["filesystem", reads];
    "fs.write_file" (path: "String", content: "Any") "Unit | IoError" ["filesystem"];
    "fs.write_bytes" (path|handle: "String | FileHandle", content: "Any") "Unit | IoError" ["filesystem"];
    "fs.append_file" (path: "String", content: "Any") "Unit | IoError" ["filesystem"];
    "fs.mkdir" (path: "String", recursive: "Bool?") "Unit | IoError" ["filesystem"];
    "fs.read_dir" (path: "String") "List<Any> | IoError" ["filesystem", reads];
    "fs.exists" (path: "String") "Bool" ["filesystem", reads];
    "fs.remove" (path: "String", recursive: "Bool?") "Unit | IoError" ["filesystem"];
    "fs.stat" (path: "String") "FileStat | IoError" ["filesystem", reads];
    "fs.chmod" (path: "String", mode: "Int") "Unit | IoError" ["filesystem"];
    "fs.copy" (src: "String", dst|dest: "String") "Unit | IoError" ["filesystem"];
    "fs.rename" (src: "String", dst|dest: "String") "Unit | IoError" ["filesystem"];

    "path.join" (base: "String", segment: "String") "String";
    "path.dirname" (path: "String") "String";
    "path.basename" (path: "String") "String";
    "path.extname" (path: "String") "String";
    "path.is_absolute" (path: "String") "Bool";
    "path.resolve" (path: "String") "String" ["os", reads];

    "os.env_get" (name: "String") "String?" ["os", reads];
    "os.env_set" (name: "String", value: "String") "Unit" ["os", reads];
    "os.platform" () "String";
    "os.arch" () "String";

    "process.exec" (command: "String", args: "List<String>?", cwd: "String?", env: "Map<String, String>?", timeout: "Int?") "ProcessResult | ProcessError" ["process"];
    "process.spawn" (command: "String", args: "List<String>?", cwd: "String?", env: "Map<String, String>?") "ProcessHandle | ProcessError" ["process"];
    "process.kill" (handle: "ProcessHandle") "Bool" ["process"];
    "process.wait" (handle: "ProcessHandle") "ProcessResult | ProcessError" ["process"];

    "crypto.sha256" (input: "Any") "String";
    "crypto.sha512" (input: "Any") "String";
    "crypto.hmac_sha256" (key: "Any", input: "Any") "String";
    "crypto.equals" (a: "Any", b: "Any") "Bool";
    "crypto.random_bytes" (length: "Int") "Bytes" ["random", reads];
    "crypto.random_int" (min: "Int", max: "Int") "Int" ["random", reads];

    "url.parse" (raw: "String") "Url | UrlError";
    "url.format" (url: "Any") "String | UrlError";
    "url.resolve" (base: "String", relative: "String") "String | UrlError";

    "std.text.regex_test" (pattern: "String", input: "String") "Bool";
    "std.text.regex_match" (pattern: "String", input: "String") "String";
    "std.text.regex_replace" (pattern: "String", input: "String", replacement: "String") "String";
    "std.text.regex_replace_all" (pattern: "String", input: "String", replacement: "String") "String";
    "std.text.regex_split" (pattern: "String", input: "String") "List<String>";

    "std.storage.kv.set" (key: "String", value: "Any") "Unit | DbError" ["std.storage"];
    "std.storage.kv.get" (key: "String") "String? | DbError" ["std.storage", reads];
    "std.storage.kv.delete" (key: "String") "Bool | DbError" ["std.storage"];
    "std.storage.kv.has" (key: "String") "Bool | DbError" ["std.storage", reads];
    "std.storage.kv.list" (prefix: "String?") "List<String> | DbError" ["std.storage", reads];
    "std.storage.kv.clear" (prefix: "String?") "Unit | DbError" ["std.storage"];
    "std.storage.doc.put" (collection: "String", id: "String", data: "Any") "Document | DbError" ["std.storage"];
    "std.storage.doc.get" (collection: "String", id: "String") "Document? | DbError" ["std.storage", reads];
    "std.storage.doc.delete" (collection: "String", id: "String") "Bool | DbError" ["std.storage"];
    "std.storage.doc.query" (collection: "String", filter: "Any?", order_by: "String?", order_dir: "String?", limit: "Int?", offset: "Int?") "QueryResult | DbError" ["std.storage", reads];
    "std.storage.doc.count" (collection: "String", filter: "Any?") "Int | DbError" ["std.storage", reads];
    "std.storage.doc.create_index" (collection: "String", field: "String") "Unit" ["std.storage"];

    "time.now" () "DateTime" ["datetime", reads];
    "timers.delay" (ms: "Int") "Unit" ["timers", reads];
}

/// The functions of the library with this short name: what stands behind the last dot of their ids.
pub(super) fn named(name: &str) -> impl Iterator<Item = &'static LibraryFunction> {
    LIBRARY.iter().filter(move |function| function.id.rsplit('.').next() == Some(name))
}

/// The only one of them, if there is one.
pub(super) fn only(name: &str) -> Option<&'static LibraryFunction> {
    let mut all = named(name);
    all.next().filter(|_| all.next().is_none())
}

/// The function of the library with this id.
pub fn library(id: &str) -> Option<&'static LibraryFunction> {
    LIBRARY.iter().find(|function| function.id == id)
}
