//! Broken files: whatever the text, parsing ends, panics never, and keeps its promises about places.

#[path = "../../../tests/fuzz.rs"]
mod fuzz;
mod support;

use fuzz::{boundaries, fuzz};
use support::{TESTS, TOUR, check_laws, good};

const TOURS: [&str; 2] = [TOUR, TESTS];

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
    "describe \"d\"\n",
    "it \"i\"\n",
    "let x = 1\n",
    "with mock fetch.a returning `1` after 2s\n",
    "and mock pipeline p failing \"e\"",
    "when calling GET /x\n",
    "when executing",
    "variable jq a",
    "with input",
    "stdin is",
    "then status is",
    "status in 200..299",
    "and output `.a` equals",
    "contains",
    "matches",
    "took 1ms..2ms",
    "and task t was cancelled",
    "selector `p` count is greater than 2",
    "does not exist",
    "200..",
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

#[test]
fn the_tours_have_no_problem() {
    assert_eq!(good(TOUR).items.len(), 15);
    assert_eq!(good(TESTS).items.len(), 9);
}

#[test]
fn every_beginning_of_a_file_parses() {
    for tour in TOURS {
        for end in boundaries(tour) {
            check_laws(&tour[..end]);
        }
    }
}

#[test]
fn every_end_of_a_file_parses() {
    for tour in TOURS {
        for start in boundaries(tour) {
            check_laws(&tour[start..]);
        }
    }
}

#[test]
fn a_file_without_one_of_its_characters_parses_with_few_problems() {
    for tour in TOURS {
        for pair in boundaries(tour).windows(2) {
            let text = [&tour[..pair[0]], &tour[pair[1]..]].concat();
            let (_, problems) = check_laws(&text);
            let removed = &tour[pair[0]..pair[1]];
            let line = tour[..pair[0]].lines().count();
            // A schema that has lost its backtick is read as declarations, line by line.
            assert!(
                problems.len() <= 5,
                "one mistake was reported as several ({removed:?} removed in line {line}):\n{}",
                support::drawn(&text, &problems)
            );
        }
    }
}

#[test]
fn mutated_files_parse() {
    fuzz(0x5eed, 3_000, |random| {
        let mut text = random.pick(&TOURS).to_owned();
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
    fuzz(0x5eed, 6_000, |random| {
        let pieces: Vec<&str> = (0..random.below(60)).map(|_| random.pick(PIECES)).collect();
        let glue = ["", " "][random.below(2)];
        check_laws(&pieces.join(glue));
    });
}

#[test]
fn any_bytes_parse() {
    fuzz(0x5eed, 3_000, |random| {
        let bytes: Vec<u8> = (0..random.below(200)).map(|_| random.next() as u8).collect();
        check_laws(&String::from_utf8_lossy(&bytes));
    });
}
