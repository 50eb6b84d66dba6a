//! Literals for tests and engine code.

/// Builds an [`Object`](crate::Object): `object! { "name": name, "n": 3 }`. Values are anything
/// that converts into a [`Value`](crate::Value); keys anything that converts into a
/// [`Str`](crate::Str).
///
/// ```
/// use rejoin_value::{Value, object};
/// let error = object! { "type": "validationError", "fields": vec!["name"] };
/// assert_eq!(Value::from(error).to_json(), r#"{"type":"validationError","fields":["name"]}"#);
/// ```
#[macro_export]
macro_rules! object {
    () => { $crate::Object::new() };
    ($($key:tt : $value:expr),+ $(,)?) => {{
        let mut object = $crate::Object::new();
        $( object.insert($key, $crate::Value::from($value)); )+
        object
    }};
}

/// Builds a [`Value`](crate::Value) from JSON written in place, with Rust expressions as values.
///
/// ```
/// use rejoin_value::json;
/// let name = "Ada";
/// let value = json!({"user": {"name": name}, "tags": [1, null, (2 + 3)]});
/// assert_eq!(value.to_json(), r#"{"user":{"name":"Ada"},"tags":[1,null,5]}"#);
/// ```
///
/// An expression of more than one token stands in parentheses.
#[macro_export]
macro_rules! json {
    (null) => { $crate::Value::Null };
    ([ $($item:tt),* $(,)? ]) => {
        $crate::Value::Array($crate::Array::from_vec(vec![ $( $crate::json!($item) ),* ]))
    };
    ({ $($key:tt : $value:tt),* $(,)? }) => {{
        #[allow(unused_mut, reason = "an empty object needs no change")]
        let mut object = $crate::Object::new();
        $( object.insert($key, $crate::json!($value)); )*
        $crate::Value::Object(object)
    }};
    ($value:expr) => { $crate::Value::from($value) };
}
