//! The line about a whole request.

use rejoin::Instant;
use rejoin_engine::{Answer, Event, Level};
use rejoin_value::{Object, Value, object};

/// Headers that must not stand in a log.
const SECRET: [&str; 5] =
    ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

/// What the line says.
#[derive(Clone, Copy, Debug)]
pub(super) struct AccessLine {
    pub(super) level: Level,
    pub(super) include_body: bool,
    pub(super) include_headers: bool,
    /// In bytes of JSON text.
    pub(super) max_body: usize,
}

impl AccessLine {
    /// Starts the clock; what it returns makes the line from the answer.
    pub(super) fn begin(
        self,
        request: Value,
    ) -> impl FnOnce(&Answer) -> Option<Event> + Send + 'static {
        let began = Instant::now();
        move |answer| {
            let mut response = Object::new();
            if self.include_body {
                response.insert("body", self.body(&answer.body));
            }
            let micros = began.elapsed().as_micros();
            let fields = object! {
                "duration_ms": micros as f64 / 1000.0,
                "request": self.request(&request),
                "response": response
            };
            Some(Event::Log { level: self.level, message: "request".into(), fields: fields.into() })
        }
    }

    fn request(&self, request: &Value) -> Object {
        let mut shown = Object::new();
        for key in ["method", "params", "query"] {
            if let Some(value) = request.get(key) {
                shown.insert(key, value.clone());
            }
        }
        if let (true, Some(Value::Object(headers))) = (self.include_headers, request.get("headers"))
        {
            let mut headers = headers.clone();
            redact(&mut headers);
            shown.insert("headers", headers);
        }
        shown
    }

    fn body(&self, body: &Value) -> Value {
        let mut body = body.clone();
        if let Value::Object(object) = &mut body {
            object.remove("originalRequest");
            object.remove("setCookies");
            // The request's headers are among what a state may still hold at the end.
            if let Some(Value::Object(headers)) = object.get("headers") {
                let mut headers = headers.clone();
                redact(&mut headers);
                object.insert("headers", headers);
            }
            if object.contains_key("cookies") {
                object.insert("cookies", "[redacted]");
            }
        }
        let text = body.to_json();
        if text.len() <= self.max_body {
            return body;
        }
        format!("{}… ({} bytes)", &text[..text.floor_char_boundary(self.max_body)], text.len())
            .into()
    }
}

fn redact(headers: &mut Object) {
    for name in SECRET {
        if let Some(value) = headers.get_mut(name) {
            *value = "[redacted]".into();
        }
    }
}
