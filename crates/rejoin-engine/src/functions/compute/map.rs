//! The operations on maps, and on the fields of structs.

use std::sync::Arc;

use super::{Datum, kinds};

type Fields = Vec<(Arc<str>, Datum)>;

pub(super) fn apply(name: &str, inputs: &[Datum]) -> Result<Datum, String> {
    let [Datum::Record(record), rest @ ..] = inputs else { return Err(kinds(inputs)) };
    let fields = &record.fields;
    Ok(match (name, rest) {
        ("len", []) => Datum::Int(fields.len() as i64),
        ("is_empty", []) => Datum::Bool(fields.is_empty()),
        ("keys", []) => {
            Datum::List(fields.iter().map(|(name, _)| Datum::Text(name.clone())).collect())
        }
        ("values", []) => Datum::List(fields.iter().map(|(_, value)| value.clone()).collect()),
        ("entries", []) => {
            let entry = |(key, value): &(Arc<str>, Datum)| {
                let key = Datum::Text(key.clone());
                Datum::map(vec![("key".into(), key), ("value".into(), value.clone())])
            };
            Datum::List(fields.iter().map(entry).collect())
        }
        ("has", [Datum::Text(key)]) => Datum::Bool(fields.iter().any(|(name, _)| name == key)),
        ("remove", [Datum::Text(key)]) => {
            Datum::map(fields.iter().filter(|(name, _)| name != key).cloned().collect())
        }
        ("insert", [Datum::Text(key), value]) => {
            let mut all = fields.clone();
            put(&mut all, key, value);
            Datum::map(all)
        }
        ("merge", [Datum::Record(other)]) => {
            let mut all = fields.clone();
            other.fields.iter().for_each(|(key, value)| put(&mut all, key, value));
            Datum::map(all)
        }
        _ => return Err(kinds(inputs)),
    })
}

fn put(into: &mut Fields, key: &Arc<str>, value: &Datum) {
    match into.iter_mut().find(|(name, _)| name == key) {
        Some((_, place)) => *place = value.clone(),
        None => into.push((key.clone(), value.clone())),
    }
}
