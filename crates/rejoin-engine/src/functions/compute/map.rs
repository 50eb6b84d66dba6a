//! The operations on maps, and on the fields of structs.

use std::sync::Arc;

use super::{Datum, Record, kinds};

pub(super) fn apply(name: &str, inputs: &[Datum]) -> Result<Datum, String> {
    let [Datum::Record(record), rest @ ..] = inputs else { return Err(kinds(inputs)) };
    let fields = &record.fields;
    Ok(match (name, rest) {
        ("len", []) => Datum::Int(fields.len() as i64),
        ("is_empty", []) => Datum::Bool(fields.is_empty()),
        ("keys", []) => {
            Datum::List(fields.iter().map(|(name, _)| Datum::text(name.clone())).collect())
        }
        ("values", []) => Datum::List(fields.iter().map(|(_, value)| value.clone()).collect()),
        ("entries", []) => {
            let entry = |(key, value): &(Arc<str>, Datum)| {
                let key = Datum::text(key.clone());
                Datum::map(vec![("key".into(), key), ("value".into(), value.clone())])
            };
            Datum::List(fields.iter().map(entry).collect())
        }
        ("has", [Datum::Text(key)]) => Datum::Bool(record.get(key).is_some()),
        ("remove", [Datum::Text(key)]) => {
            Datum::map(fields.iter().filter(|(name, _)| **name != **key).cloned().collect())
        }
        ("insert", [Datum::Text(key), value]) => {
            let mut all = Record::new(None, fields.clone());
            all.put(key.shared(), value.clone());
            Datum::Record(Arc::new(all))
        }
        ("merge", [Datum::Record(other)]) => {
            let mut all = Record::new(None, fields.clone());
            other.fields.iter().for_each(|(key, value)| all.put(key.clone(), value.clone()));
            Datum::Record(Arc::new(all))
        }
        _ => return Err(kinds(inputs)),
    })
}
