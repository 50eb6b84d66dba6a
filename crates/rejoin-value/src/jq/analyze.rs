//! What a program reads from its input, found without running it.
//!
//! The walk keeps, for every term, the places of the input that its output may come from. Going on
//! from a place with `.key` makes a longer place; everything else that looks at one records it as
//! read. What the walk does not understand counts as reading everything below: it may report too
//! much, never too little.

use super::compile::span_in;
use super::literal::{literal, literals};
use super::scope::{Meaning, Scope};
use crate::Str;
use jaq_core::{
    load::{
        lex::StrPart,
        parse::{BinaryOp, Pattern, Term},
    },
    ops::Math,
    path::{Opt, Part},
};
use std::ops::Range;

/// One step of a path into the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathKey {
    /// `.key`
    Key(Str),
    /// `.[3]`
    Index(i64),
    /// Something below that is not known before the run; always the last step.
    Any,
}

/// A place of the input that a program looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathRead {
    /// The steps from the input. Empty if the input is passed on or looked at as a whole.
    pub keys: Vec<PathKey>,
    /// Where in the source, in bytes.
    pub span: Range<usize>,
    /// True if the program copes with the place missing: under `?` or `try`, or left of `//`.
    pub safe: bool,
}

/// What is known of a program.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) reads: Vec<PathRead>,
    pub(super) error_types: Vec<String>,
    pub(super) bounded: bool,
    pub(super) array_length: Option<usize>,
    pub(super) object_keys: Option<Vec<String>>,
    pub(super) always_fails: bool,
    pub(super) chain: Option<super::chains::Chain>,
}

/// Terms that a walk may look at; definitions are walked again at each call.
const MOST_TERMS: usize = 20_000;
/// Places that one term may come from before the walk gives up.
const MOST_PLACES: usize = 256;
/// Calls of definitions within each other that a walk follows.
const DEEPEST_CALL: usize = 16;

pub(super) type Tm<'s> = Term<&'s str>;
pub(super) type Places = Vec<PathRead>;

pub(super) fn analyze(source: &str, term: &Tm<'_>) -> Facts {
    let mut walk = Walk { source, reads: Vec::new(), safe: false, left: MOST_TERMS, depth: 0 };
    let root = vec![PathRead { keys: Vec::new(), span: 0..0, safe: false }];
    let output = walk.term(term, &root, &Scope::default());
    walk.read_all(&output);
    if walk.left == 0 {
        walk.reads.push(PathRead { keys: vec![PathKey::Any], span: 0..source.len(), safe: false });
    }
    let mut reads = walk.reads;
    reads.sort_by_key(|read| (read.span.start, read.span.end));
    reads.dedup();
    Facts {
        reads,
        error_types: super::error_types::error_types(term),
        bounded: super::bounded::is_bounded(term),
        array_length: super::array_length::array_length(term),
        object_keys: super::object_keys::object_keys(term),
        always_fails: super::always_fails::always_fails(term),
        chain: super::chains::chain(term),
    }
}

struct Walk<'s> {
    source: &'s str,
    reads: Vec<PathRead>,
    /// Whether the term stands where a failure or a `null` is coped with.
    safe: bool,
    left: usize,
    depth: usize,
}

impl<'s> Walk<'s> {
    /// Records what a term reads from `input`, and returns the places that its output may be.
    fn term<'t>(&mut self, term: &'t Tm<'s>, input: &Places, scope: &Scope<'t, 's>) -> Places {
        if self.left == 0 {
            return Vec::new();
        }
        self.left -= 1;
        let output = union(self.output(term, input, scope).into_iter());
        if output.len() > MOST_PLACES {
            self.left = 0;
            return Vec::new();
        }
        output
    }

    fn output<'t>(&mut self, term: &'t Tm<'s>, input: &Places, scope: &Scope<'t, 's>) -> Places {
        match term {
            Term::Id => input.clone(),
            Term::Recurse => {
                let below = self.below(input, 0..0);
                union(input.iter().cloned().chain(below))
            }
            Term::Num(_) | Term::Break(_) | Term::Arr(None) => Vec::new(),
            Term::Str(_, parts) => {
                for part in parts {
                    if let StrPart::Term(term) = part {
                        self.read(term, input, scope);
                    }
                }
                Vec::new()
            }
            Term::Arr(Some(term)) | Term::Neg(term) => {
                self.read(term, input, scope);
                Vec::new()
            }
            Term::Label(_, term) => self.term(term, input, scope),
            Term::Obj(entries) => {
                for (key, value) in entries {
                    self.entry(key, value.as_ref(), input, scope);
                }
                Vec::new()
            }
            Term::BinOp(left, op, right) => self.operator(left, op, right, input, scope),
            Term::Fold(_, source, pattern, args) => self.fold(source, pattern, args, input, scope),
            Term::TryCatch(body, catch) => {
                let mut output = self.safely(|walk| walk.term(body, input, scope));
                if let Some(catch) = catch {
                    output.extend(self.term(catch, &Vec::new(), scope));
                }
                output
            }
            Term::IfThenElse(branches, otherwise) => {
                let mut output = Vec::new();
                for (condition, then) in branches {
                    self.read(condition, input, scope);
                    output.extend(self.term(then, input, scope));
                }
                match otherwise {
                    Some(otherwise) => output.extend(self.term(otherwise, input, scope)),
                    None => output.extend(input.iter().cloned()),
                }
                output
            }
            Term::Def(defs, rest) => {
                let mut scope = scope.clone();
                for def in defs {
                    scope = scope.with(def.name, Meaning::Definition(def));
                }
                self.term(rest, input, &scope)
            }
            Term::Call(name, args) => self.call(name, args, input, scope),
            Term::Var(name) => match scope.find(name, 0) {
                Some((Meaning::Places(places), _)) => places.clone(),
                _ => Vec::new(),
            },
            Term::Path(head, path) => {
                let mut places = self.term(head, input, scope);
                for (part, opt) in &path.0 {
                    if matches!(opt, Opt::Optional) {
                        places.iter_mut().for_each(|place| place.safe = true);
                    }
                    places = match part {
                        Part::Index(key) => match literal(key) {
                            Some((key, at)) => self.step(&places, &key, &span_in(self.source, at)),
                            None => {
                                self.read(key, input, scope);
                                self.below(&places, 0..0)
                            }
                        },
                        Part::Range(from, to) => {
                            for bound in [from, to].into_iter().flatten() {
                                self.read(bound, input, scope);
                            }
                            self.below(&places, 0..0)
                        }
                    };
                }
                places
            }
        }
    }

    /// A term whose output is looked at.
    fn read<'t>(&mut self, term: &'t Tm<'s>, input: &Places, scope: &Scope<'t, 's>) {
        let output = self.term(term, input, scope);
        self.read_all(&output);
    }

    fn read_all(&mut self, places: &Places) {
        for place in places {
            if !self.reads.contains(place) {
                self.reads.push(place.clone());
            }
        }
    }

    fn safely<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.safe, true);
        let result = f(self);
        self.safe = outer;
        result
    }

    /// One step further from each place.
    fn step(&self, places: &Places, key: &PathKey, at: &Range<usize>) -> Places {
        let further = |place: &PathRead| {
            let mut place = place.clone();
            place.safe |= self.safe;
            if place.keys.last() != Some(&PathKey::Any) {
                let start = if place.keys.is_empty() {
                    // The dot or bracket in front belongs to the path.
                    let before = &self.source[..at.start];
                    at.start - before.len().min(usize::from(before.ends_with(['.', '"'])))
                } else {
                    place.span.start
                };
                if *at != (0..0) {
                    place.span = start..at.end;
                }
                place.keys.push(key.clone());
            }
            place
        };
        let mut found: Places = Vec::new();
        for place in places.iter().map(further) {
            if !found.contains(&place) {
                found.push(place);
            }
        }
        found
    }

    /// Anything below each place.
    fn below(&self, places: &Places, at: Range<usize>) -> Places {
        let at = if at == (0..0) && places.iter().any(|place| place.keys.is_empty()) {
            0..self.source.len()
        } else {
            at
        };
        let keep = places.iter().map(|place| {
            let own = if place.keys.is_empty() { at.clone() } else { 0..0 };
            self.step(&vec![place.clone()], &PathKey::Any, &own)
        });
        union(keep.flatten())
    }

    fn entry<'t>(
        &mut self,
        key: &'t Tm<'s>,
        value: Option<&'t Tm<'s>>,
        input: &Places,
        scope: &Scope<'t, 's>,
    ) {
        match (value, literal(key)) {
            (Some(value), Some(_)) => self.read(value, input, scope),
            (Some(value), None) => {
                self.read(key, input, scope);
                self.read(value, input, scope);
            }
            // `{a}` is `{a: .a}`, `{$x}` is `{x: $x}`.
            (None, Some((key, at))) => {
                let place = self.step(input, &key, &span_in(self.source, at));
                self.read_all(&place);
            }
            (None, None) => {
                self.read(key, input, scope);
                if !matches!(key, Term::Var(_)) {
                    let below = self.below(input, 0..0);
                    self.read_all(&below);
                }
            }
        }
    }

    fn operator<'t>(
        &mut self,
        left: &'t Tm<'s>,
        op: &'t BinaryOp<&'s str>,
        right: &'t Tm<'s>,
        input: &Places,
        scope: &Scope<'t, 's>,
    ) -> Places {
        match op {
            BinaryOp::Pipe(None) => {
                let middle = self.term(left, input, scope);
                self.term(right, &middle, scope)
            }
            BinaryOp::Pipe(Some(pattern)) => {
                let bound = self.term(left, input, scope);
                let scope = self.bind(pattern, &bound, scope);
                self.term(right, input, &scope)
            }
            BinaryOp::Comma => {
                let mut output = self.term(left, input, scope);
                output.extend(self.term(right, input, scope));
                output
            }
            BinaryOp::Alt => {
                let mut output = self.safely(|walk| walk.term(left, input, scope));
                // What the alternative decides on is looked at, whatever becomes of it.
                self.read_all(&output);
                output.extend(self.term(right, input, scope));
                output
            }
            // A merge of objects holds what both held.
            BinaryOp::Math(Math::Add | Math::Mul | Math::Sub) => {
                let mut output = self.term(left, input, scope);
                output.extend(self.term(right, input, scope));
                output
            }
            BinaryOp::Or | BinaryOp::And | BinaryOp::Cmp(_) | BinaryOp::Math(_) => {
                self.read(left, input, scope);
                self.read(right, input, scope);
                Vec::new()
            }
            BinaryOp::Assign => {
                // The place itself is written; what chooses it was recorded on the way.
                self.term(left, input, scope);
                self.read(right, input, scope);
                input.clone()
            }
            BinaryOp::Update => {
                let places = self.term(left, input, scope);
                self.read(right, &places, scope);
                input.clone()
            }
            BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                self.read(left, input, scope);
                self.read(right, input, scope);
                input.clone()
            }
        }
    }

    fn bind<'t>(
        &mut self,
        pattern: &'t Pattern<&'s str>,
        places: &Places,
        scope: &Scope<'t, 's>,
    ) -> Scope<'t, 's> {
        match pattern {
            Pattern::Var(name) => scope.with(name, Meaning::Places(places.clone())),
            Pattern::Arr(patterns) => {
                let below = self.below(places, 0..0);
                patterns
                    .iter()
                    .fold(scope.clone(), |scope, pattern| self.bind(pattern, &below, &scope))
            }
            Pattern::Obj(entries) => {
                let mut scope = scope.clone();
                for (key, pattern) in entries {
                    let place = match literal(key) {
                        Some((key, at)) => self.step(places, &key, &span_in(self.source, at)),
                        None => {
                            self.read(key, places, &scope);
                            self.below(places, 0..0)
                        }
                    };
                    scope = self.bind(pattern, &place, &scope);
                }
                scope
            }
        }
    }

    fn fold<'t>(
        &mut self,
        source: &'t Tm<'s>,
        pattern: &'t Pattern<&'s str>,
        args: &'t [Tm<'s>],
        input: &Places,
        scope: &Scope<'t, 's>,
    ) -> Places {
        let items = self.term(source, input, scope);
        self.read_all(&items);
        let inner = self.bind(pattern, &items, scope);
        let Some((init, rest)) = args.split_first() else { return Vec::new() };
        let mut state = self.term(init, input, scope);
        for arg in rest {
            let output = self.term(arg, &state, &inner);
            let new: Places = output.into_iter().filter(|place| !state.contains(place)).collect();
            // The state of the next round may lead further down from here.
            let below = self.below(&new, 0..0);
            self.read_all(&below);
            state.extend(new);
        }
        state
    }

    fn call<'t>(
        &mut self,
        name: &'s str,
        args: &'t [Tm<'s>],
        input: &Places,
        scope: &Scope<'t, 's>,
    ) -> Places {
        if let Some((meaning, there)) = scope.find(name, args.len()) {
            return match meaning {
                Meaning::Closure(term, scope) => {
                    let (term, scope) = (*term, scope.clone());
                    self.term(term, input, &scope)
                }
                Meaning::Definition(def) if self.depth < DEEPEST_CALL => {
                    let (def, mut inner) = (*def, there.clone());
                    for (param, arg) in def.args.iter().zip(args) {
                        if let Some(name) = param.strip_prefix('$') {
                            let places = self.term(arg, input, scope);
                            inner = inner.with(param, Meaning::Places(places));
                            inner = inner.with(name, Meaning::Closure(arg, scope.clone()));
                        } else {
                            inner = inner.with(param, Meaning::Closure(arg, scope.clone()));
                        }
                    }
                    self.depth += 1;
                    let output = self.term(&def.body, input, &inner);
                    self.depth -= 1;
                    output
                }
                _ => self.unknown(name, args, input, scope),
            };
        }
        let at = span_in(self.source, name);
        match (name, args) {
            ("empty" | "now" | "infinite" | "nan" | "null" | "true" | "false", []) => Vec::new(),
            (
                "debug" | "values" | "objects" | "arrays" | "strings" | "numbers" | "scalars"
                | "iterables" | "booleans" | "nulls",
                [],
            ) => input.clone(),
            (
                "not" | "length" | "type" | "tostring" | "tonumber" | "ascii_downcase"
                | "ascii_upcase" | "floor" | "ceil" | "round" | "sqrt" | "abs" | "fromjson"
                | "explode" | "trim" | "ltrim" | "rtrim" | "todate" | "fromdate" | "utf8bytelength"
                | "error",
                [],
            ) => {
                self.looked_at(input, &at);
                Vec::new()
            }
            (
                "startswith" | "endswith" | "ltrimstr" | "rtrimstr" | "split" | "test" | "match"
                | "capture" | "scan" | "splits" | "join" | "contains" | "inside" | "index"
                | "rindex" | "indices" | "strftime" | "strptime" | "bsearch",
                args,
            ) => {
                self.looked_at(input, &at);
                args.iter().for_each(|arg| self.read(arg, input, scope));
                Vec::new()
            }
            ("error", [message]) => {
                self.read(message, input, scope);
                Vec::new()
            }
            ("has", [key]) => {
                match literal(key) {
                    Some((key, at)) => {
                        let mut places = self.step(input, &key, &span_in(self.source, at));
                        places.iter_mut().for_each(|place| place.safe = true);
                        self.read_all(&places);
                    }
                    None => {
                        self.read(key, input, scope);
                        let below = self.below(input, at);
                        self.read_all(&below);
                    }
                }
                Vec::new()
            }
            ("select" | "debug", [condition]) => {
                self.read(condition, input, scope);
                input.clone()
            }
            ("first" | "last" | "isempty" | "add", [generator]) => {
                self.term(generator, input, scope)
            }
            ("limit" | "skip" | "nth", [n, generator]) => {
                self.read(n, input, scope);
                self.term(generator, input, scope)
            }
            ("map", [f]) => {
                let items = self.below(input, at);
                self.read_all(&items);
                self.read(f, &items, scope);
                items
            }
            ("map_values", [f]) => {
                let items = self.below(input, at);
                self.read_all(&items);
                self.read(f, &items, scope);
                input.clone()
            }
            ("del" | "path", [places]) => {
                let places = self.term(places, input, scope);
                if name == "path" {
                    self.read_all(&places);
                    return Vec::new();
                }
                input.clone()
            }
            ("getpath", [Term::Arr(Some(keys))]) => match literals(keys) {
                Some(keys) => keys.iter().fold(input.clone(), |places, (key, at)| {
                    self.step(&places, key, &span_in(self.source, at))
                }),
                None => self.unknown(name, args, input, scope),
            },
            _ => self.unknown(name, args, input, scope),
        }
    }

    /// A function that looks at its input, but at nothing below that could be told apart.
    fn looked_at(&mut self, input: &Places, at: &Range<usize>) {
        for place in input {
            let place = if place.keys.is_empty() {
                PathRead {
                    keys: vec![PathKey::Any],
                    span: at.clone(),
                    safe: place.safe | self.safe,
                }
            } else {
                PathRead { safe: place.safe | self.safe, ..place.clone() }
            };
            self.read_all(&vec![place]);
        }
    }

    fn unknown<'t>(
        &mut self,
        name: &'s str,
        args: &'t [Tm<'s>],
        input: &Places,
        scope: &Scope<'t, 's>,
    ) -> Places {
        let below = self.below(input, span_in(self.source, name));
        self.read_all(&below);
        let all = union(input.iter().cloned().chain(below));
        for arg in args {
            self.read(arg, &all, scope);
        }
        all
    }
}

fn union(places: impl Iterator<Item = PathRead>) -> Places {
    let mut all: Places = Vec::new();
    for place in places {
        if !all.contains(&place) {
            all.push(place);
        }
    }
    all
}
