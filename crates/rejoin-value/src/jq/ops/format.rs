//! The formats: `@text`, `@json`, `@csv`, `@tsv`, `@html`, `@uri`, `@sh`, `@base64`, `@base32`.

use super::{Outcome, fail, shown, tojson, tostring};
use crate::{
    Value,
    jq::limits::{charge_string, tick_many},
};

/// The names of the formats, without the sign.
pub(in crate::jq) const FORMATS: [&str; 12] = [
    "text", "json", "csv", "tsv", "html", "uri", "urid", "sh", "base64", "base64d", "base32",
    "base32d",
];

/// `@name`
pub(in crate::jq) fn format(name: &str, value: Value) -> Outcome {
    let row = match name {
        "text" => return Ok(tostring(value)),
        "json" => return Ok(tojson(&value)),
        "csv" => csv(&value)?,
        "tsv" => tsv(&value)?,
        "sh" => sh(&value)?,
        _ => {
            let Value::String(text) = tostring(value.clone()) else {
                return fail("tostring gives a string");
            };
            tick_many(text.len() / 8);
            charge_string(text.len());
            match name {
                "html" => html(&text),
                "uri" => uri(&text),
                "urid" => match urid(&text) {
                    Some(text) => text,
                    None => return fail(format!("{} is not a valid uri encoding", shown(&value))),
                },
                "base64" => encode(text.as_bytes(), BASE64, 6),
                "base32" => encode(text.as_bytes(), BASE32, 5),
                "base64d" => decode(&text, BASE64, 6, &value)?,
                "base32d" => decode(&text, BASE32, 5, &value)?,
                _ => return fail(format!("{name} is not a valid format")),
            }
        }
    };
    charge_string(row.len());
    Ok(row.into())
}

fn csv(value: &Value) -> Outcome<String> {
    cells(value, "csv", ",", |text, out| {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    })
}

fn tsv(value: &Value) -> Outcome<String> {
    cells(value, "tsv", "\t", |text, out| {
        for c in text.chars() {
            match c {
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                '\n' => out.push_str("\\n"),
                '\\' => out.push_str("\\\\"),
                c => out.push(c),
            }
        }
    })
}

fn cells(
    value: &Value,
    format: &str,
    separator: &str,
    quote: fn(&str, &mut String),
) -> Outcome<String> {
    let Value::Array(cells) = value else {
        return fail(format!(
            "{} cannot be {format}-formatted, only an array can be",
            shown(value)
        ));
    };
    let mut row = String::new();
    for (n, cell) in cells.iter().enumerate() {
        tick_many(1);
        if n > 0 {
            row.push_str(separator);
        }
        match cell {
            Value::Null => {}
            Value::Bool(_) => row.push_str(&cell.to_json()),
            Value::Number(x) if x.is_nan() => {}
            Value::Number(_) => row.push_str(&cell.to_json()),
            Value::String(text) => quote(text, &mut row),
            other => return fail(format!("{} is not valid in a csv row", shown(other))),
        }
    }
    Ok(row)
}

fn sh(value: &Value) -> Outcome<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(format!("'{}'", text.replace('\'', "'\\''"))),
        Value::Array(_) | Value::Object(_) => {
            fail(format!("{} can not be escaped for shell", shown(value)))
        }
        scalar => Ok(scalar.to_json()),
    };
    match value {
        Value::Array(words) => {
            tick_many(words.len());
            Ok(words.iter().map(one).collect::<Outcome<Vec<_>>>()?.join(" "))
        }
        value => one(value),
    }
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

fn uri(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn urid(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            out.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Bytes as digits of so many bits, padded to whole groups.
fn encode(bytes: &[u8], digits: &[u8], bits: u32) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / bits as usize + 8);
    let (mut held, mut n) = (0u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        n += 8;
        while n >= bits {
            n -= bits;
            out.push(char::from(digits[(held >> n) as usize & (digits.len() - 1)]));
        }
        held &= (1 << n) - 1;
    }
    if n > 0 {
        out.push(char::from(digits[(held << (bits - n)) as usize & (digits.len() - 1)]));
    }
    let group = if bits == 6 { 4 } else { 8 };
    while !out.len().is_multiple_of(group) {
        out.push('=');
    }
    out
}

/// Digits of so many bits as bytes; padding may be missing, what is not UTF-8 is replaced.
fn decode(text: &str, digits: &[u8], bits: u32, value: &Value) -> Outcome<String> {
    let name = if bits == 6 { "base64" } else { "base32" };
    let invalid = || fail(format!("{} is not valid {name} data", shown(value)));
    let text = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len());
    let (mut held, mut n) = (0u32, 0);
    for byte in text.bytes() {
        let Some(digit) = digits.iter().position(|d| *d == byte) else { return invalid() };
        held = held << bits | digit as u32;
        n += bits;
        if n >= 8 {
            n -= 8;
            out.push((held >> n) as u8);
        }
        held &= (1 << n) - 1;
    }
    // One digit alone says nothing.
    if n >= bits {
        return invalid();
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}
