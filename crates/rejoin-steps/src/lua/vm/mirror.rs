//! JSON values as scripts see them.
//!
//! An array or object becomes an empty table with a metatable, in O(1) whatever its size: its *mirror*.
//! Reading a scalar out of it copies that scalar. As soon as somebody uses it as a table (assigns, iterates,
//! hands it to a library function) it is *opened*: its own level is copied in, its metatable goes away, and
//! from then on it is a plain table. So scripts work on tables, pay for what they touch, and the value itself,
//! which other branches share, is never changed.

use std::collections::HashSet;
use std::ffi::c_void;

use mlua::{
    AnyUserData, IntoLua, LightUserData, Lua, MetaMethod, Table, UserData, UserDataMethods,
};
use rejoin_value::{Array, Number, Value};

use super::call::Call;

/// The key under which a mirror keeps the number of its [`Origin`]. Scripts cannot make such a key.
pub(super) fn mark() -> LightUserData {
    static MARK: u8 = 0;
    LightUserData((&raw const MARK).cast_mut().cast::<c_void>())
}

/// What a mirror stands for. The call holds them, so that no value outlives it.
pub(super) struct Origin {
    pub(super) value: Value,
    frozen: bool,
    /// The containers that were read out of it. Their own mirrors lie in the table, or were set to nil there.
    pub(super) taken: HashSet<Slot>,
    /// Whether an array has nulls, once that is known.
    has_null: Option<bool>,
}

impl Origin {
    fn new(value: Value, frozen: bool) -> Self {
        Self { value, frozen, taken: HashSet::new(), has_null: None }
    }
}

/// A place in a container.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    Index(usize),
    Key(String),
}

/// A whole number that a double cannot hold. It passes through exactly; arithmetic makes it a double.
pub(super) struct Exact(pub(super) Number);

type Arithmetic = fn(f64, f64) -> f64;

/// Whole numbers up to here are doubles without loss.
const EXACT_DOUBLE: u64 = 1 << 53;

/// The metatables of mirrors, one set for each VM.
pub(super) struct Metatables {
    open: Table,
    frozen: Table,
}

impl Metatables {
    pub(super) fn new(lua: &Lua) -> mlua::Result<Self> {
        let next: mlua::Function = lua.globals().raw_get("next")?;
        let index = lua.create_function(index)?;
        let length = lua.create_function(length)?;
        let iterate = lua.create_function(move |lua, table: Table| {
            open(lua, &table)?;
            Ok((next.clone(), table))
        })?;
        let assign =
            lua.create_function(|lua, (table, key, value): (Table, mlua::Value, mlua::Value)| {
                open(lua, &table)?;
                table.raw_set(key, value)
            })?;
        let refuse = lua.create_function(|_, _: mlua::Value| -> mlua::Result<()> {
            Err(mlua::Error::runtime("`context` is read-only"))
        })?;
        let with_assign = |assign: &mlua::Function| {
            let metatable = lua.create_table()?;
            metatable.raw_set("__index", &index)?;
            metatable.raw_set("__newindex", assign)?;
            metatable.raw_set("__len", &length)?;
            metatable.raw_set("__iter", &iterate)?;
            metatable.raw_set("__metatable", "locked")?;
            metatable.set_readonly(true);
            mlua::Result::Ok(metatable)
        };
        Ok(Self { open: with_assign(&assign)?, frozen: with_assign(&refuse)? })
    }

    fn of(&self, frozen: bool) -> Table {
        if frozen { self.frozen.clone() } else { self.open.clone() }
    }
}

/// A value as a script sees it. What is inside something frozen is frozen too.
pub(super) fn to_lua(lua: &Lua, value: &Value, frozen: bool) -> mlua::Result<mlua::Value> {
    Ok(match value {
        Value::Null => mlua::Value::Nil,
        Value::Bool(yes) => mlua::Value::Boolean(*yes),
        Value::Number(number) => return number_to_lua(lua, number),
        Value::String(text) => mlua::Value::String(lua.create_string(text.as_bytes())?),
        Value::Array(_) | Value::Object(_) => mlua::Value::Table(mirror(lua, value, frozen)?),
    })
}

fn mirror(lua: &Lua, value: &Value, frozen: bool) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set(mark(), Call::of(lua)?.add(Origin::new(value.clone(), frozen)))?;
    let metatables = lua.app_data_ref::<Metatables>().expect("every VM has them");
    table.set_metatable(Some(metatables.of(frozen)))?;
    Ok(table)
}

/// The number of the origin of a table that is not opened yet.
pub(super) fn origin_of(table: &Table) -> mlua::Result<Option<usize>> {
    table.raw_get(mark())
}

/// Makes a mirror a plain table. Does nothing to other tables.
pub(super) fn open(lua: &Lua, table: &Table) -> mlua::Result<()> {
    let Some(number) = origin_of(table)? else { return Ok(()) };
    table.raw_set(mark(), mlua::Value::Nil)?;
    table.set_metatable(None)?;
    let call = Call::of(lua)?;
    // Children get origins of their own, so this one cannot stay borrowed.
    let (value, frozen, taken) = {
        let mut origins = call.origins.borrow_mut();
        let origin = &mut origins[number];
        (origin.value.clone(), origin.frozen, std::mem::take(&mut origin.taken))
    };
    let go_on = || call.limiter.check().map_err(|limit| mlua::Error::runtime(limit.to_string()));
    match &value {
        Value::Object(object) => {
            for (key, value) in object {
                go_on()?;
                if !(is_container(value) && taken.contains(&Slot::Key(key.to_string()))) {
                    table.raw_set(&**key, to_lua(lua, value, frozen)?)?;
                }
            }
        }
        Value::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                go_on()?;
                if !(is_container(value) && taken.contains(&Slot::Index(index))) {
                    table.raw_seti(index + 1, to_lua(lua, value, frozen)?)?;
                }
            }
        }
        _ => unreachable!("only containers have mirrors"),
    }
    table.set_readonly(frozen);
    call.opened.raw_set(table, number)
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

fn index(lua: &Lua, (table, key): (Table, mlua::Value)) -> mlua::Result<mlua::Value> {
    let Some(number) = origin_of(&table)? else { return Ok(mlua::Value::Nil) };
    let call = Call::of(lua)?;
    let (child, frozen) = {
        let mut origins = call.origins.borrow_mut();
        let origin = &mut origins[number];
        let (child, slot) = match (&origin.value, &key) {
            (Value::Object(object), mlua::Value::String(key)) => {
                let key = key.to_str()?;
                (object.get(&key), Slot::Key(key.to_owned()))
            }
            (Value::Array(array), key) => {
                let Some(index) = index_in(key) else { return Ok(mlua::Value::Nil) };
                (array.get(index), Slot::Index(index))
            }
            _ => return Ok(mlua::Value::Nil),
        };
        let Some(child) = child.cloned() else { return Ok(mlua::Value::Nil) };
        if is_container(&child) && !origin.frozen && !origin.taken.insert(slot) {
            // It was there, and the script set it to nil.
            return Ok(mlua::Value::Nil);
        }
        (child, origin.frozen)
    };
    if !is_container(&child) {
        return to_lua(lua, &child, frozen);
    }
    if frozen {
        // Its children must lie in a read-only table, where an assignment cannot reach them.
        open(lua, &table)?;
        return table.raw_get(key);
    }
    let child = to_lua(lua, &child, false)?;
    table.raw_set(key, &child)?;
    Ok(child)
}

/// The place that a Lua index from 1 means.
fn index_in(key: &mlua::Value) -> Option<usize> {
    let index = match key {
        mlua::Value::Integer(n) => usize::try_from(*n).ok()?,
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        mlua::Value::Number(x) if x.fract() == 0.0 && (1.0..1e9).contains(x) => *x as usize,
        _ => return None,
    };
    index.checked_sub(1)
}

fn length(lua: &Lua, table: Table) -> mlua::Result<usize> {
    if let Some(number) = origin_of(&table)? {
        let call = Call::of(lua)?;
        let mut origins = call.origins.borrow_mut();
        let origin = &mut origins[number];
        let Value::Array(array) = &origin.value else { return Ok(0) };
        let has_null = *origin.has_null.get_or_insert_with(|| array.iter().any(Value::is_null));
        if !has_null && origin.taken.is_empty() {
            return Ok(array.len());
        }
        drop(origins);
        open(lua, &table)?;
    }
    Ok(table.raw_len())
}

fn number_to_lua(lua: &Lua, number: &Number) -> mlua::Result<mlua::Value> {
    let fits = number.as_i64().is_some_and(|n| n.unsigned_abs() <= EXACT_DOUBLE);
    if fits || !number.is_whole() {
        return Ok(mlua::Value::Number(number.as_f64()));
    }
    // One handle for each number, so that `==` and table keys work.
    let exact = &Call::of(lua)?.exact;
    let digits = number.to_string();
    if let Some(handle) = exact.raw_get::<Option<AnyUserData>>(&*digits)? {
        return Ok(mlua::Value::UserData(handle));
    }
    let handle = lua.create_userdata(Exact(number.clone()))?;
    exact.raw_set(digits, &handle)?;
    Ok(mlua::Value::UserData(handle))
}

impl UserData for Exact {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::ToString, |_, this, ()| Ok(this.0.to_string()));
        methods.add_meta_method(MetaMethod::Unm, |_, this, ()| Ok(-this.0.as_f64()));
        methods.add_meta_method(MetaMethod::Lt, |_, this, other: AnyUserData| {
            Ok(this.0 < other.borrow::<Self>()?.0)
        });
        methods.add_meta_method(MetaMethod::Le, |_, this, other: AnyUserData| {
            Ok(this.0 <= other.borrow::<Self>()?.0)
        });
        let arithmetic: [(MetaMethod, Arithmetic); 7] = [
            (MetaMethod::Add, |a, b| a + b),
            (MetaMethod::Sub, |a, b| a - b),
            (MetaMethod::Mul, |a, b| a * b),
            (MetaMethod::Div, |a, b| a / b),
            (MetaMethod::IDiv, |a, b| (a / b).floor()),
            (MetaMethod::Mod, |a, b| a - (a / b).floor() * b),
            (MetaMethod::Pow, f64::powf),
        ];
        for (operator, compute) in arithmetic {
            methods.add_meta_function(operator, move |lua, (a, b): (mlua::Value, mlua::Value)| {
                Ok(compute(operand(lua, a)?, operand(lua, b)?))
            });
        }
        methods.add_meta_function(MetaMethod::Concat, |lua, (a, b): (mlua::Value, mlua::Value)| {
            let mut text = part(lua, a)?;
            text.extend(part(lua, b)?);
            lua.create_string(text)
        });
    }
}

fn operand(lua: &Lua, value: mlua::Value) -> mlua::Result<f64> {
    match &value {
        mlua::Value::UserData(handle) => Ok(handle.borrow::<Exact>()?.0.as_f64()),
        _ => lua.coerce_number(value.clone())?.ok_or_else(|| {
            mlua::Error::runtime(format!(
                "attempt to perform arithmetic on a {}",
                value.type_name()
            ))
        }),
    }
}

fn part(lua: &Lua, value: mlua::Value) -> mlua::Result<Vec<u8>> {
    match &value {
        mlua::Value::UserData(handle) => Ok(handle.borrow::<Exact>()?.0.to_string().into_bytes()),
        _ => match lua.coerce_string(value.clone())? {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => {
                Err(mlua::Error::runtime(format!("attempt to concatenate a {}", value.type_name())))
            }
        },
    }
}

/// `array(t)`: the table is an array, even when it is empty.
pub(super) fn array(lua: &Lua, table: Option<Table>) -> mlua::Result<Table> {
    let table = table.map_or_else(|| lua.create_table(), Ok)?;
    open(lua, &table)?;
    let call = Call::of(lua)?;
    call.opened.raw_set(&table, call.add(Origin::new(Array::new().into(), false)))?;
    Ok(table)
}

/// `null`: what stands for JSON's null where nil would leave a gap.
pub(super) fn null(lua: &Lua) -> mlua::Result<mlua::Value> {
    LightUserData(std::ptr::null_mut()).into_lua(lua)
}
