//! A final state that is a whole answer: `{status, headers, contentType, body}`, with `body` and what else it wants.

use rejoin_value::Value;

use crate::run::Answer;
use crate::step::ContentType;

const KEYS: [&str; 4] = ["status", "headers", "contentType", "body"];

/// Takes an answer of that shape apart; any other stays as it is.
///
/// The keys are common in data. So a state counts only if it has no others, a `body`, and a status that HTTP has or a
/// media type; the request itself, with its own `headers` and `body`, never does.
pub(crate) fn unfold(answer: &mut Answer) {
    let Value::Object(object) = &mut answer.body else { return };
    if !object.contains_key("body") || !object.iter().all(|(key, _)| KEYS.contains(&&**key)) {
        return;
    }
    let status = match object.get("status") {
        None => None,
        Some(status) => match status.as_i64() {
            Some(status @ 200..=599) => Some(status as u16),
            _ => return,
        },
    };
    let media = match object.get("contentType") {
        None => None,
        Some(Value::String(media)) if media.contains('/') => Some(media.to_string()),
        Some(_) => return,
    };
    let headers = match object.get("headers") {
        None => None,
        Some(Value::Object(headers)) => Some(headers.clone()),
        Some(_) => return,
    };
    if status.is_none() && media.is_none() {
        return;
    }
    let body = object.remove("body").unwrap_or_default();
    answer.taken = None;
    answer.status = status.or(answer.status);
    for (name, value) in headers.iter().flat_map(|headers| headers.iter()) {
        let text = value.as_str().map_or_else(|| value.to_json(), str::to_owned);
        answer.set_headers.push((name.to_string(), text));
    }
    answer.content_type = match &media {
        Some(media) if is_json(media) => ContentType::Json,
        // Whoever names a type has the text ready.
        Some(media) if media.starts_with("text/html") => ContentType::Html,
        Some(_) => ContentType::Text,
        None => ContentType::Json,
    };
    answer.set_headers.extend(media.map(|media| ("content-type".to_owned(), media)));
    answer.body = body;
}

fn is_json(media: &str) -> bool {
    let media = media.split(';').next().unwrap_or_default().trim();
    media.ends_with("/json") || media.ends_with("+json")
}
