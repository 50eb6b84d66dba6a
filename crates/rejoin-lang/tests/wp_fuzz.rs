//! Broken files: whatever the text, parsing ends, panics never, and keeps its promises about places.
//!
//! The number of random cases is fixed; `REJOIN_FUZZ_SECONDS=60 cargo test -p rejoin-lang --test wp_fuzz` goes on for
//! that long instead. A failure prints the seed, and `REJOIN_FUZZ_SEED` starts from one.

mod support;

use std::time::{Duration, Instant};

use support::{TOUR, check_laws, good};

/// A small generator (xorshift64*): the same seed gives the same cases everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Runs `case` often, with a seed for each run that is printed when one fails.
fn fuzz(default_cases: u64, case: impl Fn(&mut Random)) {
    let variable =
        |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let first = variable("REJOIN_FUZZ_SEED").unwrap_or(0x5eed);
    let until = variable("REJOIN_FUZZ_SECONDS")
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    for seed in first.. {
        let more = until.map_or(seed < first + default_cases, |until| Instant::now() < until);
        if !more {
            return;
        }
        struct PrintSeed(u64);
        impl Drop for PrintSeed {
            #[expect(clippy::print_stderr, reason = "whoever reads the failure needs the seed")]
            fn drop(&mut self) {
                if std::thread::panicking() {
                    eprintln!("failed with REJOIN_FUZZ_SEED={}", self.0);
                }
            }
        }
        let _print = PrintSeed(seed);
        case(&mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1));
    }
}

const PIECES: &[&str] = &[
    "|>",
    "`",
    "\"",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "@",
    "@async(a)",
    "@!flag(b)",
    "and",
    "or",
    "if",
    "then:",
    "else:",
    "end",
    "dispatch",
    "case",
    "default:",
    "foreach",
    ".items",
    "result",
    "ok(200):",
    "x(99):",
    "jq",
    "fetch",
    ":",
    "=",
    "\n",
    "\n  ",
    " ",
    "\t",
    "\r\n",
    "#",
    "# c\n",
    "GET",
    "Get",
    "/x",
    "pipeline",
    "config",
    "describe",
    "import",
    "query",
    "featureFlags",
    "graphqlSchema",
    "$X",
    "||",
    ",",
    "12",
    "2s",
    "ü",
    "日本",
    "\u{1b}[31m",
    "\u{0}",
    "\u{202e}",
    "\\(",
    "\\",
    "|",
    "->",
    "::",
    "`.a`",
    "\"t\"",
    "-",
    "_",
    "parallel",
    "race",
    "quorum(2, timeout: 1s)",
    "|> any\n b:\n",
    "```",
    "\u{a0}",
    "\u{feff}",
];

fn boundaries(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}

#[test]
fn the_tour_has_no_problem() {
    assert_eq!(good(TOUR).items.len(), 15);
}

#[test]
fn every_beginning_of_a_file_parses() {
    for end in boundaries(TOUR) {
        check_laws(&TOUR[..end]);
    }
}

#[test]
fn every_end_of_a_file_parses() {
    for start in boundaries(TOUR) {
        check_laws(&TOUR[start..]);
    }
}

#[test]
fn a_file_without_one_of_its_characters_parses_with_few_problems() {
    let all = boundaries(TOUR);
    for pair in all.windows(2) {
        let text = [&TOUR[..pair[0]], &TOUR[pair[1]..]].concat();
        let (_, problems) = check_laws(&text);
        let removed = &TOUR[pair[0]..pair[1]];
        let line = TOUR[..pair[0]].lines().count();
        // A schema that has lost its backtick is read as declarations, line by line.
        assert!(
            problems.len() <= 5,
            "one mistake was reported as several ({removed:?} removed in line {line}):\n{}",
            support::drawn(&text, &problems)
        );
    }
}

#[test]
fn mutated_files_parse() {
    fuzz(3_000, |random| {
        let mut text = TOUR.to_owned();
        for _ in 0..=random.below(4) {
            let all = boundaries(&text);
            let first = random.below(all.len());
            let last = (first + random.below(20)).min(all.len() - 1);
            let (start, end) = (all[first], all[last]);
            match random.below(4) {
                0 => text.insert_str(start, random.pick(PIECES)),
                1 => text.replace_range(start..end, ""),
                2 => text.truncate(all[all.len() / 2 + first / 2]),
                _ => {
                    let other = random.pick(&all);
                    let piece = text[start.min(other)..start.max(other)].to_owned();
                    text.insert_str(random.pick(&all), &piece);
                }
            }
        }
        check_laws(&text);
    });
}

#[test]
fn any_row_of_pieces_parses() {
    fuzz(6_000, |random| {
        let pieces: Vec<&str> = (0..random.below(60)).map(|_| random.pick(PIECES)).collect();
        let glue = ["", " "][random.below(2)];
        check_laws(&pieces.join(glue));
    });
}

#[test]
fn any_bytes_parse() {
    fuzz(3_000, |random| {
        let bytes: Vec<u8> = (0..random.below(200)).map(|_| random.next() as u8).collect();
        check_laws(&String::from_utf8_lossy(&bytes));
    });
}
