//! The functions with which scripts reach out of their VM.

use mlua::{Lua, Table, Variadic};

use super::call::Call;
use super::mirror;
use super::output::to_json;

/// A printed line is cut here.
const LONGEST_LINE: usize = 8 * 1024;
/// So much of a value is turned into text for a printed line.
const PRINTED_VALUE: usize = 256 * 1024;

pub(super) fn add(lua: &Lua, base: &Table) -> mlua::Result<()> {
    base.raw_set("null", mirror::null(lua)?)?;
    base.raw_set("array", lua.create_function(mirror::array)?)?;

    base.raw_set(
        "getEnv",
        lua.create_function(|lua, name: String| Ok(Call::of(lua)?.surroundings.env(&name)))?,
    )?;
    base.raw_set(
        "getFlag",
        lua.create_function(|lua, name: String| Ok(Call::of(lua)?.surroundings.flag(&name)))?,
    )?;
    base.raw_set(
        "getWhen",
        lua.create_function(|lua, name: String| Ok(Call::of(lua)?.surroundings.condition(&name)))?,
    )?;
    base.raw_set(
        "setFlag",
        lua.create_function(|lua, (name, on): (String, bool)| {
            Call::of(lua)?.surroundings.set_flag(&name, on);
            Ok(())
        })?,
    )?;
    base.raw_set(
        "setWhen",
        lua.create_function(|lua, (name, holds): (String, bool)| {
            Call::of(lua)?.surroundings.set_condition(&name, holds);
            Ok(())
        })?,
    )?;

    base.raw_set(
        "print",
        lua.create_function(|lua, values: Variadic<mlua::Value>| print(lua, &values))?,
    )?;

    for (name, mend) in [
        ("executeSql", "query in a step of its own, before the script"),
        ("requireScript", "write the function into the script"),
    ] {
        let message = format!("`{name}` does not exist in this version; {mend}");
        base.raw_set(
            name,
            lua.create_function(move |_, _: Variadic<mlua::Value>| -> mlua::Result<()> {
                Err(mlua::Error::runtime(&message))
            })?,
        )?;
    }
    Ok(())
}

/// Writes a line to the log: tables as JSON, everything else as Lua's `tostring` has it.
fn print(lua: &Lua, values: &[mlua::Value]) -> mlua::Result<()> {
    let mut line = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            line.push('\t');
        }
        let json = match value {
            mlua::Value::Table(_) => to_json(lua, value, None, PRINTED_VALUE).ok(),
            _ => None,
        };
        match json {
            Some(json) => line.push_str(&json.to_json()),
            None => line.push_str(&value.to_string()?),
        }
        if line.len() > LONGEST_LINE {
            line.truncate(line.floor_char_boundary(LONGEST_LINE));
            line.push('…');
            break;
        }
    }
    let call = Call::of(lua)?;
    match call.prints_left.get() {
        0 => return Ok(()),
        1 => line.push_str(" (this script printed too much; the rest is left out)"),
        _ => {}
    }
    call.prints_left.set(call.prints_left.get() - 1);
    call.surroundings.print(&line);
    Ok(())
}
