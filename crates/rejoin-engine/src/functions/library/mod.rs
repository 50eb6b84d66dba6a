//! The pure functions of the standard library: `text`, `list`, `map`, `json` and `path`.

pub(super) mod json;
mod path;

use super::{Datum, List};

/// The largest text that operations and functions make, in bytes.
const LARGEST: usize = 16 << 20;

/// Whether a text of so many bytes may be made.
pub(super) fn sized(size: usize) -> Result<(), String> {
    match size <= LARGEST {
        true => Ok(()),
        false => Err(format!("the text would have more than {LARGEST} bytes")),
    }
}

/// The longest list that is made of something else.
pub(super) const LONGEST: usize = 1_000_000;

/// A list of what there is, unless that is too much.
fn listed(items: impl Iterator<Item = Datum>) -> Result<List, String> {
    let items: Vec<Datum> = items.take(LONGEST + 1).collect();
    match items.len() <= LONGEST {
        true => Ok(items.into()),
        false => Err(format!("the list would have more than {LONGEST} elements")),
    }
}

/// Whether it is here.
pub(super) fn knows(function: &str) -> bool {
    // Where a path leads depends on where the program was started.
    function != "path.resolve"
        && ["text.", "list.", "map.", "json.", "path."]
            .iter()
            .any(|module| function.starts_with(module))
}

/// Calls a function, if it is here. The error says what is wrong with the arguments.
pub(super) fn call(function: &str, arguments: &[Datum]) -> Option<Result<Datum, String>> {
    let (module, name) = function.split_once('.').filter(|_| knows(function))?;
    Some(match module {
        // No text function has anything to say about nothing.
        "text" if arguments.contains(&Datum::None) => Ok(Datum::None),
        "text" => text(name, arguments),
        "list" | "map" => list(name, arguments),
        "json" => json::call(name, arguments),
        "path" if arguments.contains(&Datum::None) => Ok(Datum::None),
        "path" => path::call(name, arguments),
        _ => return None,
    })
}

fn text(name: &str, arguments: &[Datum]) -> Result<Datum, String> {
    use Datum::{Bool, Int, List, Text};
    let chars = |text: &str| text.chars().count();
    Ok(match (name, arguments) {
        ("concat", [Text(a), Text(b)]) => {
            sized(a.len().saturating_add(b.len()))?;
            Datum::text(format!("{a}{b}"))
        }
        ("upper", [Text(s)]) => Datum::text(s.to_uppercase()),
        ("lower", [Text(s)]) => Datum::text(s.to_lowercase()),
        ("trim", [Text(s)]) => Datum::text(s.trim()),
        ("trim_start", [Text(s)]) => Datum::text(s.trim_start()),
        ("trim_end", [Text(s)]) => Datum::text(s.trim_end()),
        ("contains", [Text(s), Text(part)]) => Bool(s.contains(&**part)),
        // As an operation it also looks into lists.
        ("contains", [List(items), item]) => Bool(items.has(item)),
        ("starts_with", [Text(s), Text(part)]) => Bool(s.starts_with(&**part)),
        ("ends_with", [Text(s), Text(part)]) => Bool(s.ends_with(&**part)),
        ("index_of", [Text(s), Text(part)]) => {
            Int(s.find(&**part).map_or(-1, |at| chars(&s[..at]) as i64))
        }
        ("slice", [Text(s), Int(from), Int(to)]) => {
            let from = usize::try_from(*from).unwrap_or(0);
            let to = usize::try_from(*to).unwrap_or(0);
            Datum::text(s.chars().skip(from).take(to.saturating_sub(from)).collect::<String>())
        }
        ("slice", [Text(s), Int(from)]) => {
            Datum::text(s.chars().skip(usize::try_from(*from).unwrap_or(0)).collect::<String>())
        }
        ("char_at", [Text(s), Int(at)]) => {
            let at = usize::try_from(*at).ok();
            let found = at.and_then(|at| s.chars().nth(at));
            found.map_or(Datum::None, |c| Datum::text(c.to_string()))
        }
        ("replace" | "replace_all", [Text(s), Text(from), Text(to)]) => {
            sized(s.len().saturating_add(s.len().saturating_add(1).saturating_mul(to.len())))?;
            let count = if name == "replace" { 1 } else { usize::MAX };
            Datum::text(s.replacen(&**from, to, count))
        }
        ("split", [Text(s), Text(delimiter)]) if delimiter.is_empty() => {
            List(listed(s.chars().map(|c| Datum::text(c.to_string())))?)
        }
        ("split", [Text(s), Text(delimiter)]) => {
            List(listed(s.split(&**delimiter).map(Datum::text))?)
        }
        ("join", [List(parts), Text(separator)]) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Datum::as_text).collect();
            let parts = parts.ok_or("`parts` must be texts")?;
            let size = parts.iter().map(|part| part.len().saturating_add(separator.len()));
            sized(size.fold(0, usize::saturating_add))?;
            Datum::text(parts.join(separator))
        }
        ("repeat", [Text(s), Int(count)]) => {
            let count = usize::try_from(*count).unwrap_or(0);
            sized(s.len().saturating_mul(count))?;
            Datum::text(s.repeat(count))
        }
        ("str_len", [Text(s)]) => Int(chars(s) as i64),
        ("byte_len", [Text(s)]) => Int(s.len() as i64),
        ("is_empty", [Text(s)]) => Bool(s.is_empty()),
        ("is_empty", [List(items)]) => Bool(items.is_empty()),
        ("str_reverse", [Text(s)]) => Datum::text(s.chars().rev().collect::<String>()),
        ("pad_start" | "pad_end", [Text(s), Int(length), rest @ ..]) => {
            let fill: &str = match rest {
                [] => " ",
                [Text(fill)] => fill,
                _ => return Err("`fill` must be a text".to_owned()),
            };
            let missing = usize::try_from(*length).unwrap_or(0).saturating_sub(chars(s));
            sized(missing.saturating_mul(4))?;
            let padding: String = fill.chars().cycle().take(missing).collect();
            match name {
                "pad_start" => Datum::text(format!("{padding}{s}")),
                _ => Datum::text(format!("{s}{padding}")),
            }
        }
        _ => return Err(refused(arguments)),
    })
}

fn list(name: &str, arguments: &[Datum]) -> Result<Datum, String> {
    // The result of a block is a list, too: of its branches in the order written.
    let slots: Vec<Datum>;
    let items: &[Datum] = match arguments.first() {
        Some(Datum::List(items)) => items,
        Some(Datum::Record(record)) if record.ended.is_some() => {
            slots = record.fields.iter().map(|(_, value)| value.clone()).collect();
            &slots
        }
        Some(Datum::None) => return Ok(Datum::None),
        // What is in a map is asked for by its key.
        Some(Datum::Record(_)) if name == "get" => &[],
        _ => return Err(refused(arguments)),
    };
    Ok(match (name, arguments) {
        ("get", [Datum::Record(record), Datum::Text(key)]) => {
            record.get(key).cloned().unwrap_or_default()
        }
        ("get", [Datum::List(_) | Datum::Record(_), Datum::Int(at)]) => {
            let at = usize::try_from(*at).ok();
            at.and_then(|at| items.get(at)).cloned().unwrap_or_default()
        }
        ("len", _) => Datum::Int(items.len() as i64),
        ("is_empty", _) => Datum::Bool(items.is_empty()),
        ("first", _) => items.first().cloned().unwrap_or_default(),
        ("last", _) => items.last().cloned().unwrap_or_default(),
        ("append", [Datum::List(list), item]) => Datum::List(list.clone().with(item.clone())),
        ("append", [_, item]) => Datum::List(items.iter().chain([item]).cloned().collect()),
        ("contains", [Datum::List(list), item]) => Datum::Bool(list.has(item)),
        ("contains", [_, item]) => Datum::Bool(items.contains(item)),
        ("flatten", _) => {
            let parts = items.iter().flat_map(|item| match item {
                Datum::List(inner) => &**inner,
                other => std::slice::from_ref(other),
            });
            Datum::List(listed(parts.cloned())?)
        }
        _ => return Err(refused(arguments)),
    })
}

fn refused(arguments: &[Datum]) -> String {
    let kinds: Vec<&str> = arguments.iter().map(Datum::type_name).collect();
    format!("it does not take ({})", kinds.join(", "))
}
