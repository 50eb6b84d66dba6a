//! [`parse_duration`]: lengths of time as people write them.

use std::time::Duration;

/// Reads a length with its unit: `250ms`, `2s`, `1.5m`, `1h`.
///
/// # Errors
///
/// If it is something else, or nothing at all.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("it must be a number with a unit: `250ms`, `2s`, `1m` or `1h`".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "it must be a number with its unit, without a blank, as in `250ms` or `2s`")?;
    Some(number)
        .filter(|number| *number > 0.0)
        .and_then(|length| Duration::try_from_secs_f64(length * seconds).ok())
        .filter(|length| !length.is_zero())
        .ok_or_else(|| "it must be longer than nothing, as in `250ms` or `2s`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units() {
        let ms = |text| parse_duration(text).map(|length| length.as_millis());
        assert_eq!(ms("250ms"), Ok(250));
        assert_eq!((ms("2s"), ms("1.5m"), ms("1h")), (Ok(2000), Ok(90_000), Ok(3_600_000)));
        for bad in ["", "5", "s", "-1s", "0s", "1 s", "1d", "NaNs", "1e400s"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
