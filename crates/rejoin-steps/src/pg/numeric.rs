//! `numeric`: decimal numbers of any length.

use rejoin_value::{Number, Value};

use super::bytes::Bytes;

/// A double keeps so many decimal digits, whichever they are.
const EXACT: usize = 15;

/// A number if JSON's numbers keep every digit, and else the digits as text.
pub(super) fn read(bytes: &mut Bytes<'_>) -> Option<Value> {
    let count = bytes.i16()?;
    let weight = bytes.i16()?;
    let sign = bytes.i16()?.cast_unsigned();
    let scale = usize::from(bytes.i16()?.cast_unsigned());
    match sign {
        0xC000 => return Some("NaN".into()),
        0xD000 => return Some("Infinity".into()),
        0xF000 => return Some("-Infinity".into()),
        _ => {}
    }
    // Groups of four digits; the first stands for 10000 to the power of `weight`.
    let mut groups = Vec::new();
    for _ in 0..count {
        groups.push(bytes.i16()?);
    }
    let group = |at: i32| {
        let known = usize::try_from(i32::from(weight) - at).ok().and_then(|n| groups.get(n));
        known.copied().unwrap_or(0)
    };
    let mut whole = String::new();
    for at in (0..=i32::from(weight)).rev() {
        whole.push_str(&format!("{:04}", group(at)));
    }
    let mut fraction = String::new();
    let mut at = -1;
    while fraction.len() < scale {
        fraction.push_str(&format!("{:04}", group(at)));
        at -= 1;
    }
    fraction.truncate(scale);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let minus = if sign == 0x4000 { "-" } else { "" };
    if fraction.is_empty() {
        return Number::parse(&format!("{minus}{whole}")).map(Value::from);
    }
    let text = format!("{minus}{whole}.{fraction}");
    let significant = format!("{whole}{}", fraction.trim_end_matches('0'));
    match significant.trim_start_matches('0').len() <= EXACT {
        true => Number::parse(&text).map(Value::from),
        false => Some(text.into()),
    }
}
