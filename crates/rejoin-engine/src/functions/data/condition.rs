//! Whether a condition holds for a record. What is absent makes comparisons unknown, and they are three-valued.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;

use fancy_regex::Regex;
use rejoin_lang::plan::{Comparison, Condition};

use super::super::{Datum, equality};
use super::store::refused;

/// What a condition looks at.
pub(super) trait Fields {
    /// The value of a field; `none` if it has none.
    fn field(&self, name: &str) -> Datum;

    /// Whether it is a node with a relation of this type to that node, or to any.
    fn is_related(&self, _kind: &str, _to: Option<&str>) -> bool {
        false
    }

    /// Whether that node has a relation of this type to it.
    fn is_related_from(&self, _kind: &str, _from: &str) -> bool {
        false
    }
}

/// A condition with what it remembers from one record to the next.
pub(super) struct Filter<'c> {
    condition: Option<&'c Condition<Datum>>,
    patterns: RefCell<HashMap<String, Regex>>,
}

impl<'c> Filter<'c> {
    pub(super) fn new(condition: Option<&'c Condition<Datum>>) -> Self {
        Self { condition, patterns: RefCell::default() }
    }

    /// Whether the record is wanted.
    ///
    /// # Errors
    /// A pattern that cannot be used.
    pub(super) fn holds(&self, record: &dyn Fields) -> Result<bool, Datum> {
        match self.condition {
            Some(condition) => Ok(self.ask(condition, record)? == Some(true)),
            None => Ok(true),
        }
    }

    /// `None` is unknown.
    fn ask(
        &self,
        condition: &Condition<Datum>,
        record: &dyn Fields,
    ) -> Result<Option<bool>, Datum> {
        Ok(match condition {
            Condition::Value(comparison, field, Datum::None) => match comparison {
                Comparison::Equals => Some(record.field(field) == Datum::None),
                Comparison::NotEquals => Some(record.field(field) != Datum::None),
                _ => None,
            },
            Condition::Value(comparison, field, value) => {
                self.compare(*comparison, &record.field(field), value)?
            }
            Condition::Fields(comparison, left, right) => {
                self.compare(*comparison, &record.field(left), &record.field(right))?
            }
            Condition::All(all) => {
                let mut known = Some(true);
                for condition in all {
                    match self.ask(condition, record)? {
                        Some(true) => {}
                        Some(false) => return Ok(Some(false)),
                        None => known = None,
                    }
                }
                known
            }
            Condition::Any(any) => {
                let mut known = Some(false);
                for condition in any {
                    match self.ask(condition, record)? {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => known = None,
                    }
                }
                known
            }
            Condition::Not(condition) => self.ask(condition, record)?.map(|holds| !holds),
            Condition::RelatedTo(kind, to) => Some(record.is_related(kind, to.as_ref().map(id))),
            Condition::RelatedFrom(kind, from) => Some(record.is_related_from(kind, id(from))),
        })
    }

    fn compare(
        &self,
        comparison: Comparison,
        left: &Datum,
        right: &Datum,
    ) -> Result<Option<bool>, Datum> {
        if *left == Datum::None || *right == Datum::None {
            return Ok(None);
        }
        let ordered = |holds: fn(Ordering) -> bool| order(left, right).map(holds);
        Ok(match comparison {
            Comparison::Equals => Some(left == right),
            Comparison::NotEquals => Some(left != right),
            Comparison::Less => ordered(Ordering::is_lt),
            Comparison::Greater => ordered(Ordering::is_gt),
            Comparison::LessEq => ordered(Ordering::is_le),
            Comparison::GreaterEq => ordered(Ordering::is_ge),
            Comparison::Contains => match (left, right) {
                (Datum::List(items), item) => Some(items.contains(item)),
                (Datum::Text(text), Datum::Text(part)) => Some(text.contains(&**part)),
                _ => None,
            },
            Comparison::Matches => match (left, right) {
                (Datum::Text(text), Datum::Text(pattern)) => Some(self.matches(text, pattern)?),
                _ => None,
            },
        })
    }

    fn matches(&self, text: &str, pattern: &str) -> Result<bool, Datum> {
        let mut patterns = self.patterns.borrow_mut();
        let wrong = |error: fancy_regex::Error| {
            refused("2201B", &format!("the pattern cannot be used: {error}"))
        };
        if !patterns.contains_key(pattern) {
            patterns.insert(pattern.to_owned(), Regex::new(pattern).map_err(wrong)?);
        }
        match patterns.get(pattern) {
            Some(regex) => regex.is_match(text).map_err(wrong),
            None => Ok(false),
        }
    }
}

/// The id of a node, or of a record that stands for one.
pub(super) fn id(node: &Datum) -> &str {
    node.as_text().or_else(|| node.get("id")?.as_text()).unwrap_or_default()
}

/// Numbers by size, texts by code points; other values have no order.
fn order(left: &Datum, right: &Datum) -> Option<Ordering> {
    match (left, right) {
        (Datum::Text(left), Datum::Text(right)) => Some(left.cmp(right)),
        (Datum::Bool(left), Datum::Bool(right)) => Some(left.cmp(right)),
        _ => equality::order(left, right),
    }
}

/// The order of records: what is absent comes last.
pub(super) fn sorted(left: &Datum, right: &Datum) -> Ordering {
    let rank = |value: &Datum| match value {
        Datum::Bool(_) => 0,
        Datum::Int(_) | Datum::Float(_) | Datum::Long(_) => 1,
        Datum::Text(_) => 2,
        Datum::Bytes(_) | Datum::List(_) | Datum::Record(_) => 3,
        Datum::None => 4,
    };
    order(left, right).unwrap_or_else(|| rank(left).cmp(&rank(right)))
}

#[cfg(test)]
mod tests {
    use rejoin_lang::plan::{Comparison, Condition};

    use super::{Fields, Filter};
    use crate::functions::Datum;

    struct One(Datum);

    impl Fields for One {
        fn field(&self, _: &str) -> Datum {
            self.0.clone()
        }
    }

    #[track_caller]
    fn holds(comparison: Comparison, field: Datum, value: Datum) -> (bool, bool) {
        let condition = Condition::Value(comparison, "f".into(), value);
        let negated = Condition::Not(Box::new(
            condition.try_map(&mut |v| Ok::<_, ()>(v.clone())).expect("it is a copy"),
        ));
        let ask = |condition| Filter::new(Some(condition)).holds(&One(field.clone()));
        (ask(&condition).expect("it can be asked"), ask(&negated).expect("it can be asked"))
    }

    #[test]
    fn what_is_absent_is_neither_this_nor_that() {
        use Comparison::{Equals, Less, Matches, NotEquals};
        for comparison in [Equals, NotEquals, Less, Matches] {
            assert_eq!(holds(comparison, Datum::None, Datum::text("a")), (false, false));
        }
        assert_eq!(holds(Equals, Datum::None, Datum::None), (true, false));
        assert_eq!(holds(NotEquals, Datum::None, Datum::None), (false, true));
        assert_eq!(holds(Less, Datum::Int(1), Datum::None), (false, false));
    }

    #[test]
    fn values_of_one_kind_are_compared() {
        use Comparison::{Contains, Equals, Less, Matches};
        assert_eq!(holds(Equals, Datum::Int(1), Datum::Float(1.0)), (true, false));
        assert_eq!(holds(Less, Datum::text("Z"), Datum::text("a")), (true, false));
        assert_eq!(holds(Less, Datum::text("1"), Datum::Int(2)), (false, false));
        assert_eq!(holds(Contains, Datum::text("abc"), Datum::text("bc")), (true, false));
        let list = Datum::List([Datum::Int(1), Datum::Int(2)].into());
        assert_eq!(holds(Contains, list, Datum::Int(2)), (true, false));
        assert_eq!(holds(Matches, Datum::text("R-12"), Datum::text("^R-[0-9]+$")), (true, false));
    }

    #[test]
    fn a_pattern_that_is_none_is_an_error() {
        let condition = Condition::Value(Comparison::Matches, "f".into(), Datum::text("("));
        let asked = Filter::new(Some(&condition)).holds(&One(Datum::text("x")));
        assert_eq!(
            asked.err().and_then(|f| f.kind().map(str::to_owned)).as_deref(),
            Some("DbError")
        );
    }
}
