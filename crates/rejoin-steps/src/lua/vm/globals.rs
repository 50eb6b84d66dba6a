//! The functions with which scripts reach out of their VM.

use std::time::Instant;

use mlua::{Lua, MultiValue, Table, Variadic};
use rejoin_value::Value;

use super::call::Call;
use super::output::to_json;
use super::{mirror, scripts};
use crate::script::SqlEnd;

/// A printed line is cut here.
const LONGEST_LINE: usize = 8 * 1024;
/// So much of a value is turned into text for a printed line.
const PRINTED_VALUE: usize = 256 * 1024;
/// The most parameters that a statement takes: PostgreSQL counts them in 16 bits.
const PARAMS: usize = 65_535;
/// So large may a parameter be.
const PARAM: usize = 16 << 20;

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

    base.raw_set(
        "requireScript",
        lua.create_function(|lua, name: String| scripts::require(lua, &name))?,
    )?;
    base.raw_set(
        "executeSql",
        lua.create_function(|lua, (sql, params): (String, Option<Table>)| {
            execute_sql(lua, &sql, params.as_ref())
        })?,
    )?;
    Ok(())
}

/// Runs a statement: its answer and nil, or nil and why there is none.
fn execute_sql(lua: &Lua, sql: &str, params: Option<&Table>) -> mlua::Result<MultiValue> {
    let params = params.map_or(Ok(Vec::new()), |list| parameters(lua, list))?;
    let call = Call::of(lua)?;
    let asked_at = Instant::now();
    let answer = call.surroundings.sql(sql, params);
    call.limiter.waited(asked_at.elapsed());
    drop(call);
    let values = match answer {
        Ok(answer) => vec![mirror::to_lua(lua, &answer, false)?],
        Err(SqlEnd::Refused(message)) => {
            vec![mlua::Value::Nil, mlua::Value::String(lua.create_string(message)?)]
        }
        Err(SqlEnd::Stopped) => return Err(mlua::Error::runtime("the script was stopped")),
    };
    Ok(MultiValue::from_iter(values))
}

/// The elements of a list, up to the first nil; `null` is a value.
fn parameters(lua: &Lua, list: &Table) -> mlua::Result<Vec<Value>> {
    let mut params = Vec::new();
    loop {
        let value: mlua::Value = list.get(params.len() + 1)?;
        if value.is_nil() {
            return Ok(params);
        }
        if params.len() >= PARAMS {
            return Err(mlua::Error::runtime(format!(
                "a statement takes at most {PARAMS} parameters"
            )));
        }
        let param = to_json(lua, &value, None, PARAM)
            .map_err(|problem| mlua::Error::runtime(problem.to_string()))?;
        params.push(param);
    }
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
