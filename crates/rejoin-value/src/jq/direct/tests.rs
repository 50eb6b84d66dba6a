//! Both evaluators on random programs and values: the same outputs, the same errors.

use super::super::{limits::Limits, program::Program};
use crate::{Array, Object, Value};

/// A small generator, so that a seed tells everything.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }

    fn pick<'t>(&mut self, items: &[&'t str]) -> &'t str {
        items[self.below(items.len())]
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 10 }) {
            0 => Value::Null,
            1 => (self.below(2) == 0).into(),
            2 | 3 => (self.below(7) as i64 - 2).into(),
            4 => (self.below(9) as f64 / 4.0).into(),
            5 => self.pick(&["a", "b", "ab", "", "x,y", "12"]).into(),
            6 | 7 => {
                let n = self.below(4);
                (0..n).map(|_| self.value(depth - 1)).collect::<Array>().into()
            }
            _ => {
                let n = self.below(4);
                let key = |r: &mut Self| r.pick(&["a", "b", "c", "key", "value"]);
                let entries = (0..n).map(|_| (key(self), self.value(depth - 1)));
                entries.collect::<Object>().into()
            }
        }
    }

    fn path(&mut self) -> String {
        let mut path = String::new();
        for _ in 0..=self.below(3) {
            path += self.pick(&[".a", ".b", ".c", ".[0]", ".[-1]", ".[]", ".a?", ".[]?", ".[1:]"]);
        }
        path.replace("..", ".")
    }

    fn term(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.below(8) {
                0 => ".".to_owned(),
                1 => self.below(4).to_string(),
                2 => self.pick(&["\"a\"", "\"b\"", "null", "true", "[]", "{}", "$g", "1.5"]).into(),
                3 => self
                    .pick(&[
                        "length",
                        "keys",
                        "type",
                        "tostring",
                        "add",
                        "not",
                        "sort",
                        "first",
                        "last",
                        "to_entries",
                        "reverse",
                        "unique",
                        "min",
                        "max",
                        "tonumber",
                        "any",
                        "all",
                        "values",
                        "empty",
                        "error",
                        "flatten",
                        "tojson",
                        "@json",
                    ])
                    .into(),
                _ => self.path(),
            };
        }
        let mut sub = || self.term(depth - 1);
        let (a, b, c) = (sub(), sub(), sub());
        match self.below(24) {
            0 | 1 => format!("({a} | {b})"),
            2 => format!("({a}, {b})"),
            3 => format!("[{a}]"),
            4 => format!("{{a: {a}, b: ({b})}}"),
            5 => format!("{{({a}): ({b})}}"),
            6 => format!("({a} {} {b})", self.pick(&["+", "-", "*", "/", "%"])),
            7 => format!("({a} {} {b})", self.pick(&["==", "!=", "<", "<=", ">", ">="])),
            8 => format!("({a} {} {b})", self.pick(&["and", "or"])),
            9 | 10 => format!("({a} // {b})"),
            11 => format!("if {a} then {b} else {c} end"),
            12 => format!("({a} as $x | {b} | [., $x])"),
            13 => format!("(try ({a}) catch {b})"),
            14 => format!("({a})?"),
            15 => format!("map({a})"),
            16 => format!("map(select({a}))"),
            17 => format!(
                "{}({a})",
                self.pick(&["sort_by", "group_by", "min_by", "max_by", "unique_by"])
            ),
            18 => format!("{}({a})", self.pick(&["any", "all", "first", "has", "join", "split"])),
            19 => format!("\"x\\({a})y\""),
            20 => format!("with_entries({a})"),
            21 => format!(
                "({} {} {a})",
                self.pick(&[".a", ".a.b", ".b"]),
                self.pick(&["=", "|=", "+=", "//="])
            ),
            22 => format!("-({a})"),
            _ => format!("del({})", self.pick(&[".a", ".a.b", ".b"])),
        }
    }
}

#[test]
fn both_evaluators_agree() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(1, |now| now.as_nanos() as u64) | 1
    });
    println!("SEED={seed}");
    let mut random = Random(seed);
    let limits = Limits { time: None, ..Limits::default() };
    let mut taken = 0;
    for n in 0..3000 {
        let depth = random.below(4);
        let source = random.term(depth);
        let Ok(direct) = Program::compile(&source, &["g"]) else {
            panic!("SEED={seed}: {source} does not compile");
        };
        if !direct.is_direct() {
            continue;
        }
        taken += 1;
        let jaq = Program::with_jaq(&source, &["g"]).expect("what one takes, both take");
        for _ in 0..4 {
            let (input, global) = (random.value(3), random.value(1));
            let run = |program: &Program| {
                let all = program.run_all(&input, std::slice::from_ref(&global), &limits);
                let first = program.run_first(&input, std::slice::from_ref(&global), &limits);
                format!("{all:?} {first:?}")
            };
            let (direct, jaq) = (run(&direct), run(&jaq));
            assert_eq!(direct, jaq, "SEED={seed} turn {n}: {source} on {input}, $g = {global}");
        }
    }
    assert!(taken > 1000, "only {taken} programs were taken");
}
