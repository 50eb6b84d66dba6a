//! Values as parameters: each as the text that the server's own type reads.

use std::error::Error;

use bytes::BytesMut;
use rejoin_value::Value;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type};

/// A value on its way to the server.
#[derive(Debug)]
pub(super) struct Param<'a>(pub(super) &'a Value);

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        if let Value::Null = self.0 {
            return Ok(IsNull::Yes);
        }
        out.extend_from_slice(text(self.0, ty).as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        // The server decides what it can read, and says so with an error of its own.
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(ty, out)
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }
}

fn text(value: &Value, ty: &Type) -> String {
    if *ty == Type::JSON || *ty == Type::JSONB {
        return value.to_json();
    }
    match (value, ty.kind()) {
        (_, Kind::Domain(inner)) => text(value, inner),
        (Value::Array(items), Kind::Array(member)) => {
            let items: Vec<String> =
                items.as_slice().iter().map(|item| element(item, member)).collect();
            format!("{{{}}}", items.join(","))
        }
        (Value::Object(object), Kind::Composite(fields)) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| match object.get(field.name()) {
                    None | Some(Value::Null) => String::new(),
                    Some(value) => quoted(&text(value, field.type_())),
                })
                .collect();
            format!("({})", fields.join(","))
        }
        (Value::String(text), _) => text.to_string(),
        // `5.0` is no integer to the server, though it is one to JSON.
        (Value::Number(number), _) => match number.as_i64() {
            Some(whole) => whole.to_string(),
            None => number.to_string(),
        },
        _ => value.to_json(),
    }
}

/// One element of an array's text.
fn element(value: &Value, member: &Type) -> String {
    match value {
        Value::Null => "NULL".into(),
        // An array within an array: the server has one type for all its dimensions.
        Value::Array(items) if *member != Type::JSON && *member != Type::JSONB => {
            let items: Vec<String> =
                items.as_slice().iter().map(|item| element(item, member)).collect();
            format!("{{{}}}", items.join(","))
        }
        _ => quoted(&text(value, member)),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use rejoin_value::json;
    use tokio_postgres::types::Type;

    use super::text;

    #[test]
    fn a_value_is_written_as_its_parameters_type_reads_it() {
        assert_eq!(text(&json!(5.0), &Type::INT4), "5");
        assert_eq!(text(&json!(0.5), &Type::NUMERIC), "0.5");
        assert_eq!(text(&json!("x"), &Type::JSONB), "\"x\"");
        assert_eq!(text(&json!({"a": [1]}), &Type::TEXT), r#"{"a":[1]}"#);
        assert_eq!(
            text(&json!(["a,b", "c\"\\", null]), &Type::TEXT_ARRAY),
            r#"{"a,b","c\"\\",NULL}"#
        );
        assert_eq!(text(&json!([[1, 2], [3, 4]]), &Type::INT4_ARRAY), r#"{{"1","2"},{"3","4"}}"#);
        assert_eq!(text(&json!([[1], "b"]), &Type::JSONB_ARRAY), r#"{"[1]","\"b\""}"#);
    }
}
