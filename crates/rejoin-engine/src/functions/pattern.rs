//! The patterns of `match`: which of them a value fits, and what they bind.

use std::cell::Cell;

use rejoin_lang::plan::{MatchCase, Pattern, TypeDefinitions, TypeForm, Widening, union_members};

use super::exec::Frame;
use super::{Datum, compute};

/// Aliases are followed this far: one may lead back to itself.
const MOST_ALIASES: usize = 16;

/// So many parts of a value are looked at; what is behind them counts as fitting.
const MOST_LOOKS: usize = 1_000_000;

/// The first case that a value fits.
pub(super) fn chosen<'c>(
    types: &TypeDefinitions,
    cases: &'c [MatchCase],
    value: &Datum,
) -> Option<&'c MatchCase> {
    cases.iter().find(|case| fits(types, case, value, cases))
}

fn fits(types: &TypeDefinitions, case: &MatchCase, value: &Datum, cases: &[MatchCase]) -> bool {
    let is_of = |pattern: &Pattern, name: &str| match pattern {
        Pattern::Kind(kind, _) => **kind == *name,
        _ => false,
    };
    let is_for_another = |kind: &str| {
        case.variant.as_deref() != value.kind() && is_for_another(types, kind, value, cases)
    };
    match &case.pattern {
        Pattern::Kind(kind, _) | Pattern::Fields(kind, _) if is_for_another(kind) => false,
        Pattern::Wildcard | Pattern::Name(_) => true,
        Pattern::Kind(kind, _) => match stands_for(kind, value) {
            // What stands where something else is wanted does not if it is wanted itself.
            Some(own) => cases.iter().all(|case| !is_of(&case.pattern, own)),
            None => value.is_a(kind) && (!is_of_parts(kind) || is_best(types, kind, value, cases)),
        },
        Pattern::Fields(kind, _) => value.is_a(kind),
        Pattern::Literal(literal) => Datum::from(literal) == *value,
    }
}

/// Whether a type of the name stands beside a variant that is called so at its end, and another case is for that: the variant may
/// then not be called by its end alone.
fn is_for_another(types: &TypeDefinitions, kind: &str, value: &Datum, cases: &[MatchCase]) -> bool {
    let Some((of, end)) = value.kind().and_then(|whole| whole.split_once("::")) else {
        return false;
    };
    let is_for = |case: &MatchCase| match &case.pattern {
        Pattern::Kind(other, _) | Pattern::Fields(other, _) => {
            **other == *of || value.kind() == Some(other)
        }
        _ => false,
    };
    end == kind && types.records.contains_key(kind) && cases.iter().any(is_for)
}

/// The type of a value that may stand where this type is wanted, if it is of another: a whole number where one with a fraction is, or a
/// point in time, and a text that is longer than a character, or is no time.
fn stands_for(kind: &str, value: &Datum) -> Option<&'static str> {
    match (kind, value) {
        ("Float" | "DateTime", Datum::Int(_)) => Some("Int"),
        ("Char", Datum::Text(text)) if text.chars().nth(1).is_some() || text.is_empty() => {
            Some("String")
        }
        ("DateTime", Datum::Text(text)) if !compute::is_time(text) => Some("String"),
        _ => None,
    }
}

/// Whether a type says what is in a list or a map.
fn is_of_parts(kind: &str) -> bool {
    matches!(TypeForm::of(kind), TypeForm::List(_) | TypeForm::Set(_) | TypeForm::Map(_))
}

/// Whether what is in a list or a map fits as it is, or fits no other case better: what comes from outside without a type is still a list.
fn is_best(types: &TypeDefinitions, kind: &str, value: &Datum, cases: &[MatchCase]) -> bool {
    let holds = |kind: &str, exactly: bool| {
        Look { types, exactly, looks: Cell::new(0) }.holds(kind, value, 0)
    };
    let others = cases.iter().filter_map(|case| match &case.pattern {
        Pattern::Kind(other, _) if **other != *kind && is_of_parts(other) => Some(other),
        _ => None,
    });
    let others: Vec<_> = others.filter(|other| value.is_a(other)).collect();
    if others.is_empty() || holds(kind, true) {
        return true;
    }
    let other = |exactly: bool| others.iter().any(|other| holds(other, exactly));
    !other(true) && (holds(kind, false) || !other(false))
}

struct Look<'t> {
    types: &'t TypeDefinitions,
    /// Whether everything must be of its type as it is.
    exactly: bool,
    looks: Cell<usize>,
}

impl Look<'_> {
    /// Whether a value is of a type with all that is in it.
    fn holds(&self, kind: &str, value: &Datum, aliases: usize) -> bool {
        union_members(kind).any(|kind| self.holds_one(kind, value, aliases))
    }

    fn holds_one(&self, kind: &str, value: &Datum, aliases: usize) -> bool {
        self.looks.set(self.looks.get() + 1);
        if self.looks.get() > MOST_LOOKS {
            return true;
        }
        match (TypeForm::of(kind), value) {
            (TypeForm::Optional(_), Datum::None) => true,
            (TypeForm::Optional(inner), value) => self.holds(inner, value, aliases),
            (TypeForm::List(inner) | TypeForm::Set(inner), Datum::List(items)) => {
                items.iter().all(|item| self.holds(inner, item, 0))
            }
            (TypeForm::Map(inner), Datum::Record(record)) if record.kind.is_none() => {
                record.fields.iter().all(|(_, value)| self.holds(inner, value, 0))
            }
            (TypeForm::List(_) | TypeForm::Set(_) | TypeForm::Map(_), _) => false,
            (TypeForm::Name(name), value) if stands_for(name, value).is_some() => !self.exactly,
            (TypeForm::Name(name), value) => match self.types.aliases.get(name) {
                Some(meant) if aliases < MOST_ALIASES => self.holds(meant, value, aliases + 1),
                _ => value.is_a(name),
            },
            (TypeForm::Other, value) => value.is_a(kind),
        }
    }
}

/// Binds the names of a pattern that fits. What is bound was looked at: failures in it do not spread.
pub(super) fn open(frame: &mut Frame, case: &MatchCase, value: &Datum) {
    match &case.pattern {
        Pattern::Kind(kind, names) => {
            let variant = value.kind().filter(|own| {
                own.contains("::") && (own == &&**kind || own.rsplit("::").next() == Some(kind))
            });
            match (value, variant) {
                (Datum::Record(record), Some(_)) if !record.fields.is_empty() => {
                    for (name, (_, field)) in names.iter().zip(&record.fields) {
                        frame.bind(name, field.clone(), true);
                    }
                }
                // `Json::Number` has a number with a fraction.
                _ if **kind == *"Json::Number" => {
                    let number = Widening { number: true, ..Widening::default() };
                    let number = value.clone().widened(Some(&number));
                    names.iter().take(1).for_each(|name| frame.bind(name, number.clone(), true));
                }
                _ => names.iter().take(1).for_each(|name| frame.bind(name, value.clone(), true)),
            }
        }
        Pattern::Fields(_, names) => {
            for (field, name) in names {
                frame.bind(name, value.get(field).cloned().unwrap_or_default(), true);
            }
        }
        Pattern::Name(name) => frame.bind(name, value.clone(), true),
        Pattern::Wildcard | Pattern::Literal(_) => {}
    }
}
