//! The value that flows through a block, and what a task has written of it.

use rejoin_value::{Object, Value};

use crate::call::Named;

/// The keys of a request that survive a step which replaces the state, unless it is the last of its block.
pub(crate) const REQUEST_KEYS: [&str; 12] = [
    "async",
    "data",
    "originalRequest",
    "query",
    "params",
    "body",
    "headers",
    "cookies",
    "method",
    "path",
    "ip",
    "content_type",
];

/// The state of a run. Cloning it is O(1), whatever its size.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    value: Value,
    /// Inside a task: what it started with, and which keys it has written since.
    origin: Option<Origin>,
}

#[derive(Clone, Debug)]
struct Origin {
    base: Value,
    written: Vec<Box<str>>,
    /// What was put below a key, which keeps the rest of what is there: a task below `async`, a result below `data`.
    parts: Vec<(&'static str, Box<str>)>,
}

impl Origin {
    fn has_written(&self, key: &str) -> bool {
        self.written.iter().any(|written| **written == *key)
    }

    fn has_part(&self, key: &str, name: &str) -> bool {
        self.parts.iter().any(|(known, part)| *known == key && **part == *name)
    }

    /// Of a value at an inherited key, what was put there: all of it, some parts, or nothing.
    fn own(&self, key: &str, value: &Value) -> Option<Value> {
        if self.has_written(key) {
            return Some(value.clone());
        }
        if !self.parts.iter().any(|(known, _)| *known == key) {
            return None;
        }
        let (Value::Object(value), Some(Value::Object(base))) = (value, self.base.get(key)) else {
            return Some(value.clone());
        };
        let is_own = |name: &str| !base.contains_key(name) || self.has_part(key, name);
        let own = value.iter().filter(|(name, _)| is_own(name));
        Some(own.map(|(name, value)| (name.clone(), value.clone())).collect::<Object>().into())
    }
}

impl State {
    pub(crate) fn new(value: Value) -> Self {
        Self { value, origin: None }
    }

    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    pub(crate) fn into_value(self) -> Value {
        self.value
    }

    /// The state that a task starts with: the same value, of which nothing is its own yet.
    pub(crate) fn fork(&self) -> Self {
        let origin = Origin { base: self.value.clone(), written: Vec::new(), parts: Vec::new() };
        Self { value: self.value.clone(), origin: Some(origin) }
    }

    /// What a task made: its final state without what it was given and did not write.
    pub(crate) fn into_product(self) -> Value {
        let (Some(origin), Value::Object(object)) = (&self.origin, &self.value) else {
            return self.value;
        };
        let Value::Object(base) = &origin.base else { return self.value };
        // Most keys of the origin are still in its order, so that each is found where it is looked for first.
        let mut in_order = base.keys().peekable();
        let mut is_inherited = |key: &str| {
            in_order.next_if(|next| next.as_str() == key).is_some() || base.contains_key(key)
        };
        let own = object.iter().filter_map(|(key, value)| match is_inherited(key) {
            true => Some((key.clone(), origin.own(key, value)?)),
            false => Some((key.clone(), value.clone())),
        });
        own.collect::<Object>().into()
    }

    fn wrote(&mut self, key: &str) {
        if let Some(origin) = &mut self.origin
            && !origin.has_written(key)
        {
            origin.written.push(key.into());
        }
    }

    fn wrote_part(&mut self, key: &'static str, name: &str) {
        if let Some(origin) = &mut self.origin
            && !origin.has_part(key, name)
        {
            origin.parts.push((key, name.into()));
        }
    }

    /// Another value, in which exactly the keys count as written that counted before.
    pub(crate) fn set_value(&mut self, value: Value) {
        self.value = value;
    }

    /// Sets one key; a state that is no object becomes one.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        if !matches!(self.value, Value::Object(_)) {
            self.value = Object::new().into();
        }
        if let Value::Object(object) = &mut self.value {
            object.insert(key, value);
        }
        self.wrote(key);
    }

    /// Sets one key at the end of a task. If it has written nothing before, what it was given is let go, as nobody reads
    /// that any more: else it would be copied, to be left out of the product.
    pub(crate) fn set_last(&mut self, key: &str, value: Value) {
        if self.origin.as_ref().is_some_and(|origin| origin.base.ptr_eq(&self.value)) {
            self.value = Object::new().into();
        }
        self.set(key, value);
    }

    /// Takes one key out.
    pub(crate) fn remove(&mut self, key: &str) {
        if let Value::Object(object) = &mut self.value {
            object.remove(key);
        }
    }

    /// Puts the keys of `value` into the state; if one of the two is no object, `value` becomes the state.
    pub(crate) fn merge(&mut self, value: Value) {
        match (&mut self.value, value) {
            (Value::Object(object), Value::Object(added)) => {
                for (key, value) in added.iter() {
                    object.insert(key.clone(), value.clone());
                }
                for (key, _) in added.iter() {
                    self.wrote(key);
                }
            }
            (_, value) => self.assign(value),
        }
    }

    /// Merges the final state of a called pipeline, which began as a copy of this state.
    pub(crate) fn merge_run(&mut self, run: State) {
        // What the pipeline wrote and dropped again reaches nobody: here stands what stood before.
        let (written, parts) = match run.origin {
            Some(origin) => (origin.written, origin.parts),
            None => Default::default(),
        };
        for key in written.iter().filter(|key| run.value.get(key).is_some()) {
            self.wrote(key);
        }
        let is_there =
            |key: &str, name: &str| run.value.get(key).is_some_and(|v| v.get(name).is_some());
        for (key, name) in parts.iter().filter(|(key, name)| is_there(key, name)) {
            self.wrote_part(key, name);
        }
        match (&mut self.value, run.value) {
            (Value::Object(object), Value::Object(added)) => {
                for (key, value) in added.iter() {
                    object.insert(key.clone(), value.clone());
                }
            }
            (_, value) => self.value = value,
        }
    }

    /// `value` becomes the state, whole.
    pub(crate) fn assign(&mut self, value: Value) {
        if self.origin.is_some()
            && let Value::Object(object) = &value
        {
            for (key, _) in object.clone().iter() {
                self.wrote(key);
            }
        }
        self.value = value;
    }

    /// `value` becomes the state; with `keep`, request keys that it does not have are carried over.
    pub(crate) fn replace(&mut self, value: Value, keep: bool) {
        let old = std::mem::take(&mut self.value);
        self.assign(value);
        if let (true, Value::Object(old), Value::Object(new)) = (keep, &old, &mut self.value) {
            for key in REQUEST_KEYS {
                if let Some(value) = old.get(key)
                    && !new.contains_key(key)
                {
                    new.insert(key, value.clone());
                }
            }
        }
    }

    /// Puts the output of a step that is a task or in a branch, or runs by itself, at `.data.<name>`, beside nothing but what was
    /// put there in the same branch. If only a variable gave the name, `around` is at `.data` as well: that is where an output without a name is read.
    pub(crate) fn set_own_data(&mut self, target: &Named, value: Value, around: Option<Object>) {
        let made = self.value.get("data").zip(self.origin.as_ref());
        let made = made.and_then(|(data, origin)| origin.own("data", data));
        let mut data = made.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        for (key, value) in around.filter(|_| target.by_variable).iter().flat_map(Object::iter) {
            data.insert(key.clone(), value.clone());
        }
        data.insert(&*target.name, value);
        self.set("data", data.into());
    }

    /// Puts `value` at `.data.<name>`. A state or a `.data` that is no object is replaced by one.
    pub(crate) fn set_data(&mut self, name: &str, value: Value) {
        self.set_parts("data", std::iter::once((name, value)));
    }

    /// Puts values at `.async.<name>`, beside those that are there.
    pub(crate) fn set_tasks<'a>(&mut self, values: impl Iterator<Item = (&'a str, Value)>) {
        self.set_parts("async", values);
    }

    fn set_parts<'a>(&mut self, key: &'static str, values: impl Iterator<Item = (&'a str, Value)>) {
        let mut object = match &mut self.value {
            Value::Object(state) => match state.get(key) {
                Some(Value::Object(object)) => object.clone(),
                _ => Object::new(),
            },
            value => {
                *value = Object::new().into();
                Object::new()
            }
        };
        for (name, value) in values {
            object.insert(name, value);
            self.wrote_part(key, name);
        }
        if let Value::Object(state) = &mut self.value {
            state.insert(key, object);
        }
    }
}
