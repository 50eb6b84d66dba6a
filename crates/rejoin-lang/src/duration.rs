//! Lengths of time as programs write them: `250ms`, `2s`, `1m`, `1h`, `1d`.

use std::time::Duration;

/// Reads a length of time with a unit.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(split);
    let unit = match unit.trim_start() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    seconds(number.parse::<f64>().ok()? * unit)
}

/// A number of seconds, if it is one that a clock can count.
#[must_use]
pub fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, millis) in [
            ("250ms", 250),
            ("2s", 2000),
            (" 1m ", 60_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("1.5s", 1500),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "5 parsecs",
            "1e3s",
            "1..2s",
            "nan",
            &format!("{}h", "9".repeat(400)),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
