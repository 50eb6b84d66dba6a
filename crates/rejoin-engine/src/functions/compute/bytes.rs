//! The operations on bytes. A text stands for its bytes in UTF-8.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Datum, kinds, parse_error};

pub(super) fn apply(name: &str, inputs: &[Datum]) -> Result<Datum, String> {
    use Datum::{Bool, Int};
    let refused = || kinds(inputs);
    let [first, rest @ ..] = inputs else { return Err(refused()) };
    let own = first.as_bytes().ok_or_else(refused)?;
    let place = |at: &i64| usize::try_from(*at).unwrap_or(0).min(own.len());
    Ok(match (name, rest) {
        ("len", []) => Int(own.len() as i64),
        ("is_empty", []) => Bool(own.is_empty()),
        ("get", [Int(at)]) => {
            let byte = usize::try_from(*at).ok().and_then(|at| own.get(at));
            byte.map_or(Datum::None, |byte| Int(i64::from(*byte)))
        }
        ("slice", [Int(from), Int(to)]) => {
            let (from, to) = (place(from), place(to));
            Datum::bytes(&own[from..to.max(from)])
        }
        ("concat", [other]) => {
            let other = other.as_bytes().ok_or_else(refused)?;
            Datum::bytes([own, other].concat())
        }
        ("to_string", []) => match std::str::from_utf8(own) {
            Ok(text) => Datum::text(text),
            Err(_) => parse_error(&String::from_utf8_lossy(own), "a text in UTF-8"),
        },
        ("to_base64", []) => Datum::text(STANDARD.encode(own)),
        ("to_hex", []) => {
            use std::fmt::Write;
            let mut hex = String::with_capacity(own.len() * 2);
            for byte in own {
                // Writing to a `String` cannot fail.
                let _ = write!(hex, "{byte:02x}");
            }
            Datum::text(hex)
        }
        _ => return Err(refused()),
    })
}
