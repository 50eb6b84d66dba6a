//! Which documents a question means: `{"age": {"$gte": 18}, "$or": [{"a": 1}, {"b": 2}]}`.

use std::cmp::Ordering;

use rejoin_engine::Datum;
use rejoin_value::Value;

/// Filters may nest this deep.
const DEEPEST: usize = 32;

pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Field(String, Test, Datum),
}

#[derive(Clone, Copy)]
pub(super) enum Test {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Contains,
    StartsWith,
    EndsWith,
}

impl Filter {
    /// A filter is an object, or the text of one in JSON; without one everything is let through.
    pub(super) fn read(given: &Datum) -> Result<Self, String> {
        match given {
            Datum::None => Ok(Self::All(Vec::new())),
            Datum::Text(text) => {
                let value = Value::parse(text.as_bytes()).map_err(|error| error.to_string())?;
                Self::of(&Datum::from(&value), 0)
            }
            other => Self::of(other, 0),
        }
    }

    fn of(given: &Datum, depth: usize) -> Result<Self, String> {
        let Datum::Record(record) = given else { return Err("an object".to_owned()) };
        if depth > DEEPEST {
            return Err(format!("nested at most {DEEPEST} deep"));
        }
        let parts = |given: &Datum| match given {
            Datum::List(items) => {
                items.iter().map(|item| Self::of(item, depth + 1)).collect::<Result<Vec<_>, _>>()
            }
            _ => Err("such that `$and` and `$or` have lists".to_owned()),
        };
        let mut all = Vec::new();
        for (name, value) in &record.fields {
            match (&**name, value) {
                ("$and", parts_) => all.push(Self::All(parts(parts_)?)),
                ("$or", parts_) => all.push(Self::Any(parts(parts_)?)),
                (name, Datum::Record(tests))
                    if tests.fields.iter().any(|(test, _)| test.starts_with('$')) =>
                {
                    for (test, value) in &tests.fields {
                        let test = self::test(test).ok_or_else(|| {
                            format!("without `{}`", test.chars().take(40).collect::<String>())
                        })?;
                        all.push(Self::Field(name.to_owned(), test, value.clone()));
                    }
                }
                (name, value) => {
                    all.push(Self::Field(name.to_owned(), Test::Equal, value.clone()));
                }
            }
        }
        Ok(Self::All(all))
    }

    pub(super) fn lets(&self, data: &Datum) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.lets(data)),
            Self::Any(parts) => parts.iter().any(|part| part.lets(data)),
            Self::Field(path, test, wanted) => holds(*test, field(data, path), wanted),
        }
    }
}

fn test(name: &str) -> Option<Test> {
    Some(match name {
        "$eq" => Test::Equal,
        "$ne" => Test::NotEqual,
        "$gt" => Test::Greater,
        "$gte" => Test::GreaterOrEqual,
        "$lt" => Test::Less,
        "$lte" => Test::LessOrEqual,
        "$contains" => Test::Contains,
        "$starts_with" => Test::StartsWith,
        "$ends_with" => Test::EndsWith,
        _ => return None,
    })
}

fn holds(test: Test, own: &Datum, wanted: &Datum) -> bool {
    let order = || order(own, wanted);
    match (test, own, wanted) {
        (Test::Equal, ..) => own == wanted,
        (Test::NotEqual, ..) => own != wanted,
        (Test::Greater, ..) => order() == Some(Ordering::Greater),
        (Test::GreaterOrEqual, ..) => order().is_some_and(Ordering::is_ge),
        (Test::Less, ..) => order() == Some(Ordering::Less),
        (Test::LessOrEqual, ..) => order().is_some_and(Ordering::is_le),
        (Test::Contains, Datum::List(items), _) => items.contains(wanted),
        (Test::Contains, Datum::Text(own), Datum::Text(part)) => own.contains(&**part),
        (Test::StartsWith, Datum::Text(own), Datum::Text(part)) => own.starts_with(&**part),
        (Test::EndsWith, Datum::Text(own), Datum::Text(part)) => own.ends_with(&**part),
        _ => false,
    }
}

/// What a path of fields leads to.
fn field<'d>(data: &'d Datum, path: &str) -> &'d Datum {
    let mut value = data;
    for name in path.split('.') {
        value = value.get(name).unwrap_or(&Datum::None);
    }
    value
}

/// By a field of their data; what has no such field, or another kind of value, comes last.
pub(super) fn sort(documents: &mut [Datum], path: &str, descending: bool) {
    let of = |document: &Datum| field(document.get("data").unwrap_or(&Datum::None), path).clone();
    let rank = |value: &Datum| match value {
        Datum::Int(_) | Datum::Float(_) | Datum::Long(_) => 0,
        Datum::Text(_) => 1,
        _ => 2,
    };
    documents.sort_by(|a, b| {
        let (a, b) = (of(a), of(b));
        let values = order(&a, &b).unwrap_or(Ordering::Equal);
        rank(&a).cmp(&rank(&b)).then(if descending { values.reverse() } else { values })
    });
}

fn order(a: &Datum, b: &Datum) -> Option<Ordering> {
    let number = |value: &Datum| match value {
        Datum::Int(number) => Some(*number as f64),
        Datum::Float(number) => Some(*number),
        Datum::Long(number) => Some(number.as_f64()),
        _ => None,
    };
    match (a, b) {
        (Datum::Int(a), Datum::Int(b)) => Some(a.cmp(b)),
        (Datum::Text(a), Datum::Text(b)) => Some(a.cmp(b)),
        _ => number(a)?.partial_cmp(&number(b)?),
    }
}
