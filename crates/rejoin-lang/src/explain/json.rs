//! The same for programs.

use rejoin_value::{Object, Value, json};

use super::{Body, Entry, Kind};

pub(super) fn of(bodies: &[Body]) -> String {
    let mut whole = Object::new();
    whole.insert("bodies", bodies.iter().map(body).collect::<Value>());
    let mut text = json::to_vec_pretty(&whole.into());
    text.push(b'\n');
    String::from_utf8_lossy(&text).into_owned()
}

fn body(body: &Body) -> Value {
    let calls = body.critical.calls.iter().map(|(what, location)| {
        let mut call = Object::new();
        call.insert("what", what.as_str());
        call.insert("at", location.as_str());
        Value::from(call)
    });
    let mut critical = Object::new();
    critical.insert("calls", calls.collect::<Value>());
    critical.insert("total", body.critical.total as i64);
    critical.insert("complete", !body.critical.is_cut);
    let mut object = Object::new();
    object.insert("name", body.name.as_str());
    object.insert("at", body.location.as_str());
    object.insert("steps", steps(&body.entries));
    object.insert("criticalPath", critical);
    object.into()
}

fn steps(entries: &[Entry]) -> Value {
    entries.iter().map(step).collect()
}

fn step(entry: &Entry) -> Value {
    let mut object = Object::new();
    object.insert("kind", entry.kind.word());
    match &entry.kind {
        Kind::Fork(task) => drop(object.insert("task", task.as_str())),
        Kind::Join(tasks) => drop(object.insert("tasks", texts(tasks))),
        _ => {}
    }
    object.insert("what", entry.what.as_str());
    object.insert("at", entry.location.as_str());
    if let Some(guard) = &entry.guard {
        object.insert("when", guard.as_str());
    }
    object.insert("outside", entry.is_outside);
    object.insert("reads", texts(&entry.reads));
    object.insert("writes", texts(&entry.writes));
    if !entry.parts.is_empty() {
        let parts = entry.parts.iter().map(|part| {
            let mut object = Object::new();
            object.insert("label", part.label.as_str());
            object.insert("steps", steps(&part.entries));
            Value::from(object)
        });
        object.insert("parts", parts.collect::<Value>());
    }
    object.into()
}

fn texts(list: &[String]) -> Value {
    list.iter().map(|text| Value::from(text.as_str())).collect()
}
