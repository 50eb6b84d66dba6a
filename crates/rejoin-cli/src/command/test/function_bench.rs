//! The bench of one run of a `.cov` test: assertions, values that are made up, and the order in which branches end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use rejoin_engine::{Datum, FunctionBench};
use rejoin_lang::source::Span;

use super::compare::{difference, equal};
use super::ordered::Ordered;
use super::run::Failures;

/// How long a text is at most, if nothing is said about it.
const LONGEST: i64 = 100;

/// How deep made-up JSON is nested.
const DEEPEST: u32 = 4;

pub(super) struct Bench {
    pub(super) order: Option<Ordered>,
    made: Mutex<Made>,
    failures: Mutex<Failures>,
}

/// What was made up.
struct Made {
    random: Rng,
    /// How large values are, from nothing at 0 to all that is allowed at 1: the first that fails is a small one.
    size: f64,
    values: Vec<Datum>,
}

impl Bench {
    pub(super) fn new(order: Option<Ordered>, seed: u64, size: f64) -> Self {
        let made = Made { random: Rng::with_seed(seed), size, values: Vec::new() };
        Self { order, made: Mutex::new(made), failures: Mutex::default() }
    }

    /// What does not hold.
    pub(super) fn failures(&self) -> Failures {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The values that were made up, in order.
    pub(super) fn made(&self) -> Vec<Datum> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).values.clone()
    }

    fn judge(&self, place: Span, what: Option<String>, message: &Datum) -> Result<Datum, Datum> {
        let Some(what) = what else { return Ok(Datum::None) };
        let what = match message {
            Datum::None => what,
            Datum::Text(text) => format!("{text}\n{what}"),
            other => format!("{}\n{what}", other.to_json().to_json()),
        };
        let failed = Datum::record("AssertionError", [("message", Datum::text(what.clone()))]);
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push((place, what));
        Err(failed)
    }
}

impl FunctionBench for Bench {
    fn call(&self, place: Span, function: &str, arguments: &[Datum]) -> Result<Datum, Datum> {
        let at = |position: usize| arguments.get(position).unwrap_or(&Datum::None);
        match function {
            "testing_assert_true" => {
                let what = match at(0) {
                    Datum::Bool(true) => None,
                    other => Some(format!("- true\n+ {}", other.to_json().to_json())),
                };
                self.judge(place, what, at(1))
            }
            "testing_assert_equals" => {
                let (found, wanted) = (at(0).to_json(), at(1).to_json());
                let is_wrong = !equal(&found, &wanted);
                self.judge(place, is_wrong.then(|| difference(&wanted, &found)), at(2))
            }
            _ => {
                let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
                let value = made.value(function, at(0), at(1));
                made.values.push(value.clone());
                Ok(value)
            }
        }
    }

    fn held_back(&self, branch: &str) -> Duration {
        self.order.as_ref().map_or(Duration::ZERO, |ordered| ordered.begins(branch))
    }

    fn ended(&self, branch: &str) {
        if let Some(ordered) = &self.order {
            ordered.ends(branch);
        }
    }
}

impl Made {
    fn value(&mut self, function: &str, from: &Datum, to: &Datum) -> Datum {
        match function {
            "testing_gen_id" => Datum::text(format!("{:032x}", self.random.u128(..))),
            "testing_gen_int" => {
                let from = whole(from, -1_000_000);
                Datum::Int(self.between(from, whole(to, from.saturating_add(2_000_000))))
            }
            "testing_gen_string" => {
                let from = whole(from, 0).max(0);
                let length = self.between(from, whole(to, from.max(LONGEST)));
                Datum::text(self.text(length))
            }
            _ => self.json(0),
        }
    }

    /// A number, nearer to `from` the smaller values are to be. Bounds that are the wrong way round are one number.
    fn between(&mut self, from: i64, to: i64) -> i64 {
        let reach = (to.saturating_sub(from).max(0) as f64 * self.size).ceil() as i64;
        self.random.i64(from..=from.saturating_add(reach).min(to.max(from)))
    }

    /// Of letters mostly, and of what is easily forgotten.
    fn text(&mut self, length: i64) -> String {
        const ODD: [char; 12] = [' ', '"', '\\', '\n', '\t', '\0', '\'', '<', 'é', 'ß', '漢', '🦀'];
        (0..length.min(1_000_000))
            .map(|_| match self.random.u8(..4) {
                0 => self.random.choice(ODD).unwrap_or(' '),
                _ => self.random.alphanumeric(),
            })
            .collect()
    }

    fn json(&mut self, depth: u32) -> Datum {
        let kinds = if depth < DEEPEST { 7 } else { 5 };
        match self.random.u8(..kinds) {
            0 => Datum::None,
            1 => Datum::Bool(self.random.bool()),
            2 => Datum::Int(self.between(-1_000_000, 1_000_000)),
            3 => Datum::Float((self.random.f64() - 0.5) * 1e6),
            4 => {
                let length = self.between(0, 20);
                Datum::text(self.text(length))
            }
            5 => Datum::List((0..self.between(0, 5)).map(|_| self.json(depth + 1)).collect()),
            _ => {
                let members = (0..self.between(0, 5))
                    .map(|n| (Arc::from(format!("{}{n}", self.text(3))), self.json(depth + 1)));
                Datum::map(members.collect())
            }
        }
    }
}

fn whole(value: &Datum, otherwise: i64) -> i64 {
    match value {
        Datum::Int(number) => *number,
        _ => otherwise,
    }
}
