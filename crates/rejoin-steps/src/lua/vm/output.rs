//! What a script returned, as JSON.

use std::fmt::Write;
use std::rc::Rc;

use mlua::{Lua, Table};
use rejoin_value::{Array, Number, Object, Value};

use super::call::Call;
use super::mirror::{Exact, Slot, open, origin_of};
use crate::script::{Limiter, ScriptError};

/// How deep tables may nest in a result.
const MAX_DEPTH: usize = 128;

/// Turns a Lua value into JSON, of at most `budget` bytes of memory. `before` is the state when the script
/// began.
///
/// What the script did not touch is the very value that it was given.
pub(super) fn to_json(
    lua: &Lua,
    value: &mlua::Value,
    before: Option<&Value>,
    budget: usize,
) -> Result<Value, ScriptError> {
    let limiter = match Call::of(lua) {
        Ok(call) => call.limiter.clone(),
        Err(error) => return Err(ScriptError::Result(error.to_string())),
    };
    let mut output =
        Output { lua, limiter, budget, left: budget, path: Vec::new(), within: Vec::new() };
    output.value(value, before).map_err(|problem| match problem {
        Problem::Limit(error) => error,
        Problem::At(text) => ScriptError::Result(format!("{text}, at `{}`", output.place())),
        Problem::Lua(mlua::Error::MemoryError(_)) => ScriptError::TooMuchMemory(budget),
        Problem::Lua(error) => ScriptError::Result(error.to_string()),
    })
}

struct Output<'a> {
    lua: &'a Lua,
    limiter: Rc<Limiter>,
    budget: usize,
    left: usize,
    path: Vec<Slot>,
    /// The tables that we are inside of.
    within: Vec<usize>,
}

enum Problem {
    Limit(ScriptError),
    At(String),
    Lua(mlua::Error),
}

impl From<mlua::Error> for Problem {
    fn from(error: mlua::Error) -> Self {
        Self::Lua(error)
    }
}

/// So many handles of values are kept while a table is read; the others are asked for again. The interpreter
/// has room for a million in all.
const KEPT_HANDLES: usize = 1000;

/// A script's table, one level of it.
#[derive(Default)]
struct Level {
    /// By their place from 1.
    items: Vec<(usize, Option<mlua::Value>)>,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    /// Nil if it is the name.
    key: mlua::Value,
    kept: Option<mlua::Value>,
}

impl Output<'_> {
    /// `before` is the value that was at this place when the script began.
    fn value(&mut self, value: &mlua::Value, before: Option<&Value>) -> Result<Value, Problem> {
        self.spend(size_of::<Value>())?;
        Ok(match value {
            mlua::Value::Nil => Value::Null,
            mlua::Value::LightUserData(handle) if handle.0.is_null() => Value::Null,
            mlua::Value::Boolean(yes) => Value::Bool(*yes),
            mlua::Value::Integer(n) => kept(*n as f64, before).unwrap_or_else(|| Value::from(*n)),
            mlua::Value::Number(x) if !x.is_finite() => Value::from(0),
            mlua::Value::Number(x) => kept(*x, before).unwrap_or_else(|| Value::from(*x)),
            mlua::Value::String(text) => {
                let bytes = text.as_bytes();
                self.spend(bytes.len())?;
                match std::str::from_utf8(&bytes) {
                    Ok(text) => match before {
                        Some(Value::String(old)) if **old == *text => Value::String(old.clone()),
                        _ => Value::from(text),
                    },
                    Err(_) => return Err(Problem::At("a string that is not UTF-8".into())),
                }
            }
            mlua::Value::Table(table) => self.table(table)?,
            mlua::Value::UserData(handle) if handle.is::<Exact>() => {
                Value::Number(handle.borrow::<Exact>()?.0.clone())
            }
            // No JSON is like it, and the rest of the result is worth keeping.
            other => Value::from(format!("[{}]", other.type_name()).as_str()),
        })
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Problem> {
        self.limiter.check().map_err(Problem::Limit)?;
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Problem::At(self.too_big())),
        }
    }

    fn table(&mut self, table: &Table) -> Result<Value, Problem> {
        let call = Call::of(self.lua)?;
        let mut number = origin_of(table)?;
        if let Some(number) = number
            && call.origins.borrow()[number].taken.is_empty()
        {
            return Ok(call.origins.borrow()[number].value.clone());
        }
        let here = table.to_pointer() as usize;
        if self.within.contains(&here) {
            return Err(Problem::At("a table that contains itself".into()));
        }
        if self.within.len() >= MAX_DEPTH {
            return Err(Problem::At(format!("tables nested more than {MAX_DEPTH} deep")));
        }
        self.within.push(here);
        if let Some(number) = number
            && let Some(value) = self.unopened(&call, table, number)?
        {
            self.within.pop();
            return Ok(value);
        }
        open(self.lua, table)?;
        number = call.opened.raw_get(table)?;
        let before = number.map(|number| call.origins.borrow()[number].value.clone());
        let level = self.level(table)?;
        let value = match &before {
            Some(Value::Array(before)) if level.fields.is_empty() => {
                self.array(table, level, Some(before))?
            }
            _ if level.is_sequence() => self.array(table, level, None)?,
            Some(Value::Object(before)) => self.object(table, level, Some(before))?,
            _ => self.object(table, level, None)?,
        };
        self.within.pop();
        Ok(value)
    }

    /// A mirror that was never opened: the original, with the changes made in what was read out of it. `None`
    /// if something was taken away.
    fn unopened(
        &mut self,
        call: &Call,
        table: &Table,
        number: usize,
    ) -> Result<Option<Value>, Problem> {
        let (original, taken) = {
            let origin = &call.origins.borrow()[number];
            (origin.value.clone(), origin.taken.clone())
        };
        let mut whole = original.clone();
        for slot in taken {
            let (child, before) = match &slot {
                Slot::Key(key) => (table.raw_get(key.as_str())?, original.get(key)),
                Slot::Index(index) => (table.raw_get(index + 1)?, original.at(*index)),
            };
            if matches!(child, mlua::Value::Nil) {
                return Ok(None);
            }
            let after = self.at(slot.clone(), &child, before)?;
            if before.is_some_and(|before| before.ptr_eq(&after)) {
                continue;
            }
            match (slot, &mut whole) {
                (Slot::Key(key), Value::Object(object)) => {
                    object.insert(key, after);
                }
                (Slot::Index(index), Value::Array(array)) => array.make_mut()[index] = after,
                _ => unreachable!("slots are of their container's kind"),
            }
        }
        Ok(Some(whole))
    }

    /// The value at a place of the table that we are in.
    fn at(
        &mut self,
        slot: Slot,
        value: &mlua::Value,
        before: Option<&Value>,
    ) -> Result<Value, Problem> {
        self.path.push(slot);
        let value = self.value(value, before)?;
        self.path.pop();
        Ok(value)
    }

    /// The keys of a table, sorted by nothing in particular.
    fn level(&mut self, table: &Table) -> Result<Level, Problem> {
        let mut level = Level::default();
        let mut wrong = None;
        let mut room = self.left / size_of::<Value>();
        let read = table.for_each(|key: mlua::Value, value: mlua::Value| {
            let kept = (level.len() < KEPT_HANDLES).then_some(value);
            match (key, room.checked_sub(1)) {
                (_, None) => wrong = Some(self.too_big()),
                (mlua::Value::String(key), _) => match key.to_str() {
                    Ok(name) => level.fields.push(Field {
                        name: name.to_owned(),
                        key: mlua::Value::Nil,
                        kept,
                    }),
                    Err(_) => wrong = Some("a key that is not UTF-8".to_owned()),
                },
                (mlua::Value::Integer(n @ 1..), _) if let Ok(n) = usize::try_from(n) => {
                    level.items.push((n, kept));
                }
                (mlua::Value::Integer(n), _) => level.fields.push(Field {
                    name: n.to_string(),
                    key: mlua::Value::Integer(n),
                    kept,
                }),
                (mlua::Value::Number(x), _) => level.fields.push(Field {
                    name: Number::from(x).to_string(),
                    key: mlua::Value::Number(x),
                    kept,
                }),
                (other, _) => {
                    wrong = Some(format!("a table with a {} as a key", other.type_name()));
                }
            }
            room = room.saturating_sub(1);
            match wrong {
                Some(_) => Err(mlua::Error::runtime("no need to look further")),
                None => Ok(()),
            }
        });
        match wrong {
            Some(problem) => Err(Problem::At(problem)),
            None => Ok(read.map(|()| level)?),
        }
    }

    fn too_big(&self) -> String {
        format!("more than {} MiB", self.budget.div_ceil(1 << 20))
    }

    fn array(
        &mut self,
        table: &Table,
        mut level: Level,
        before: Option<&Array>,
    ) -> Result<Value, Problem> {
        level.items.sort_unstable_by_key(|(place, _)| *place);
        let mut length = level.items.last().map_or(0, |(place, _)| *place);
        if let Some(before) = before {
            // Nulls at the end cannot be seen in Lua: they stay if the rest still has its length.
            let visible = before.iter().rposition(|value| !value.is_null()).map_or(0, |at| at + 1);
            if visible == length {
                length = before.len();
            }
        }
        self.spend(length.saturating_mul(size_of::<Value>()))?;
        let mut values = vec![Value::Null; length];
        for (place, kept) in level.items {
            let value = kept.map_or_else(|| table.raw_get(place), Ok)?;
            let index = place - 1;
            let old = before.and_then(|before| before.get(index));
            values[index] = self.at(Slot::Index(index), &value, old)?;
        }
        Ok(Array::from_vec(values).into())
    }

    /// Known keys in their old order, then new ones by name: the interpreter has no order of its own.
    fn object(
        &mut self,
        table: &Table,
        mut level: Level,
        before: Option<&Object>,
    ) -> Result<Value, Problem> {
        level.fields.extend(level.items.drain(..).map(|(place, kept)| Field {
            name: place.to_string(),
            key: mlua::Value::Number(place as f64),
            kept,
        }));
        level.fields.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let mut object = Object::with_capacity(level.fields.len());
        for (key, old) in before.into_iter().flatten() {
            match level.fields.binary_search_by(|field| field.name.as_str().cmp(key)) {
                Ok(at) => {
                    let value = self.field(table, &level.fields[at], Some(old))?;
                    object.insert(key.clone(), value);
                }
                // A null cannot be seen in Lua, so nobody took it away.
                Err(_) if old.is_null() => drop(object.insert(key.clone(), Value::Null)),
                Err(_) => {}
            }
        }
        for field in &level.fields {
            if before.is_none_or(|before| !before.contains_key(&field.name)) {
                let value = self.field(table, field, None)?;
                object.insert(field.name.as_str(), value);
            }
        }
        Ok(object.into())
    }

    fn field(
        &mut self,
        table: &Table,
        field: &Field,
        before: Option<&Value>,
    ) -> Result<Value, Problem> {
        self.spend(field.name.len())?;
        let value = match (&field.kept, &field.key) {
            (Some(value), _) => value.clone(),
            (None, mlua::Value::Nil) => table.raw_get(field.name.as_str())?,
            (None, key) => table.raw_get(key)?,
        };
        self.at(Slot::Key(field.name.clone()), &value, before)
    }

    /// The path as jq writes it.
    fn place(&self) -> String {
        let mut place = String::new();
        for slot in &self.path {
            let _ = match slot {
                Slot::Key(key) => write!(place, ".{key}"),
                Slot::Index(index) => write!(place, "[{index}]"),
            };
        }
        if !place.starts_with('.') {
            place.insert(0, '.');
        }
        place
    }
}

impl Level {
    fn len(&self) -> usize {
        self.items.len() + self.fields.len()
    }

    /// Whether its keys are exactly 1 to n.
    fn is_sequence(&self) -> bool {
        let n = self.items.len();
        n > 0 && self.fields.is_empty() && self.items.iter().all(|(place, _)| *place <= n)
    }
}

/// The number that was there before, if the script left it as it was: with its fraction `.0` for instance.
fn kept(now: f64, before: Option<&Value>) -> Option<Value> {
    let same = before?.as_f64()?.to_bits() == now.to_bits();
    same.then(|| before.cloned()).flatten()
}
