//! What scripts can name: an allow-list of the interpreter's functions, some of them wrapped.

use mlua::{Function, LightUserData, Lua, Table};

/// The prelude's name in tracebacks.
pub(super) const PRELUDE_NAME: &str = "prelude";

/// Library functions that the prelude wraps and that Luau would otherwise run past the wrapper.
pub(super) const WRAPPED: [&str; 18] = [
    "rawget",
    "rawset",
    "rawlen",
    "unpack",
    "setmetatable",
    "getmetatable",
    "next",
    "pairs",
    "ipairs",
    "table.insert",
    "table.unpack",
    "table.remove",
    "table.concat",
    "table.move",
    "string.find",
    "string.split",
    "string.format",
    "string.rep",
];

const FUNCTIONS: [&str; 20] = [
    "_VERSION",
    "assert",
    "error",
    "getmetatable",
    "ipairs",
    "next",
    "pairs",
    "pcall",
    "rawequal",
    "rawget",
    "rawlen",
    "rawset",
    "select",
    "setmetatable",
    "tonumber",
    "tostring",
    "type",
    "typeof",
    "unpack",
    "xpcall",
];

const LIBRARIES: [&str; 6] = ["bit32", "coroutine", "math", "string", "table", "utf8"];

/// The parts of `os` that only tell the time.
const CLOCKS: [&str; 4] = ["clock", "date", "difftime", "time"];

/// Builds the table behind every script's globals; still open to additions.
pub(super) fn base(lua: &Lua, mark: LightUserData, open: &Function) -> mlua::Result<Table> {
    let all = lua.globals();
    let base = lua.create_table()?;
    for name in FUNCTIONS {
        base.raw_set(name, all.raw_get::<mlua::Value>(name)?)?;
    }
    let libraries = lua.create_table()?;
    for name in LIBRARIES {
        libraries.raw_set(name, all.raw_get::<Table>(name)?)?;
    }
    let os = lua.create_table()?;
    let all_of_os: Table = all.raw_get("os")?;
    for name in CLOCKS {
        os.raw_set(name, all_of_os.raw_get::<mlua::Value>(name)?)?;
    }
    libraries.raw_set("os", os)?;
    // For the prelude alone: scripts do not look at the stack.
    let where_it_is: Function = all.raw_get::<Table>("debug")?.raw_get("info")?;
    lua.load(include_str!("prelude.luau")).set_name(format!("={PRELUDE_NAME}")).call::<()>((
        mark,
        open,
        &libraries,
        &base,
        where_it_is,
        PRELUDE_NAME,
    ))?;
    libraries.for_each(|name: mlua::Value, library: Table| base.raw_set(name, library))?;
    Ok(base)
}

/// Makes everything that scripts share read-only.
pub(super) fn seal(lua: &Lua, base: &Table) -> mlua::Result<()> {
    base.for_each(|_: mlua::Value, value: mlua::Value| {
        if let mlua::Value::Table(library) = value {
            library.set_readonly(true);
        }
        Ok(())
    })?;
    base.set_readonly(true);
    if let Some(strings) = lua.type_metatable::<mlua::LuaString>() {
        strings.raw_set("__metatable", "locked")?;
        strings.set_readonly(true);
    }
    lua.globals().set_readonly(true);
    Ok(())
}
