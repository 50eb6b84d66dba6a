//! Broken `.cov` files: whatever the text, parsing ends, panics never, and keeps its promises about places.

#[path = "../../../tests/seeded.rs"]
mod seeded;

use proptest::prelude::*;
use rejoin_lang::cov::ast::{Block, Entry, File};
use rejoin_lang::cov::{self, MAX_DEPTH, MAX_FILE_BYTES};
use rejoin_lang::diagnostic::{Code, Diagnostic, render_json, render_text};
use rejoin_lang::source::{Source, SourceId, Sources, Span};

const TOUR: &str = include_str!("corpus/tour.cov");
const MANY: usize = 100_000;

/// Checks what must hold for any text at all.
#[track_caller]
fn check_laws(text: &str) -> (File, Vec<Diagnostic>) {
    let source = Source::new("test.cov", text);
    let (file, problems) = cov::parse(&source, SourceId(0));
    let valid = |span: Span| {
        assert!(span.start <= span.end, "{span:?} is inside out, in {text:?}");
        assert!(text.get(span.range()).is_some(), "{span:?} is no part of {text:?}");
    };
    for problem in &problems {
        valid(problem.span);
        problem.labels.iter().for_each(|(span, _)| valid(*span));
        assert!(!problem.label.is_empty() && problem.help.is_some(), "{problem:?} in {text:?}");
    }
    assert!(problems.is_sorted_by_key(|problem| problem.span.start), "{problems:?}");
    file.comments.iter().for_each(|comment| valid(*comment));
    assert!(file.comments.is_sorted_by_key(|comment| comment.start), "{:?}", file.comments);
    let mut blocks: Vec<(&Block, Span)> =
        file.blocks.iter().map(|block| (block, block.span)).collect();
    while let Some((block, around)) = blocks.pop() {
        valid(block.span);
        assert!(around.start <= block.span.start && block.span.end <= around.end, "{block:?}");
        for entry in &block.entries {
            match entry {
                Entry::Attribute(attribute) => {
                    valid(attribute.name.span);
                    valid(attribute.value.span);
                }
                Entry::Flag(word) => valid(word.span),
                Entry::Value(value) => valid(value.span),
                Entry::Block(inner) => blocks.push((inner, block.span)),
            }
        }
    }
    let sources = Sources::single(source.clone());
    let (_, all) = cov::load(source);
    assert!(all.len() >= problems.len(), "{all:?} in {text:?}");
    for problem in &all {
        valid(problem.span);
        problem.labels.iter().for_each(|(span, _)| valid(*span));
    }
    let drawing = render_text(&sources, &problems, false);
    assert!(!drawing.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert_eq!(render_json(&sources, &problems).lines().count(), problems.len());
    (file, problems)
}

/// A program that uses data in every way.
const DATA: &str = r#"
snippet id="db.app" kind="database"
metadata dialect="postgres" connection="env:X" end
schema table name="t" field name="id" type="Int" primary auto field name="tags" type="String[]" end end
end
snippet id="doc.a" kind="data"
relations rel to="doc.b" type=next end
end
snippet id="doc.b" kind="data" content "b" end end
step id="s1" kind="insert" into="app.t" set field="tags" lit=["a"] as="x" end
step id="s2" kind="query" target="app" select all from="t" join to="t" on equals field="t.id" field="id" end
where not contains field="tags" from="x.id" end order by="id" dir=desc limit=1 offset=2 as="y" end
step id="s3" kind="transaction" isolation="serializable"
step id="s4" kind="update" target="app.t" set field="id" op=add lit=1 where less field="id" field="id" of="x" end as="_" end
step id="s5" kind="delete" from="app.t" as="_" end
step id="s6" kind="query" target="app"
body
select :a::int, ':b', e'\':c', $$:d$$ -- :e
end
params param name="a" from="x.id" end
returns collection of="Int" as="z" end
as="_" end
step id="s7" kind="query" target="project" select field="id" from="functions" follow rel="next"
where or rel_to target="doc.b" type=next has_rel type=next end end as="w" end
step id="s8" kind="traverse" target="project" from="doc.a" follow type=next depth=unbounded direction=both as="v" end
"#;

#[test]
fn data_in_every_way_has_no_problem() {
    let (functions, problems) = cov::load(Source::new("data.cov", DATA));
    assert!(problems.is_empty(), "{}", render_text(&functions.sources, &problems, false));
    for at in boundaries(DATA).into_iter().step_by(3) {
        check_laws(&DATA[..at]);
        check_laws(&DATA[at..]);
    }
}

fn boundaries(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}

#[test]
fn the_tour_has_no_problem() {
    let (file, problems) = check_laws(TOUR);
    let sources = Sources::single(Source::new("tour.cov", TOUR));
    assert!(problems.is_empty(), "{}", render_text(&sources, &problems, false));
    assert!(file.blocks.len() > 5);
}

#[test]
fn every_beginning_and_end_of_a_file_parses() {
    // Drawing the problems of a whole file takes its time.
    for at in boundaries(TOUR).into_iter().step_by(7) {
        check_laws(&TOUR[..at]);
        check_laws(&TOUR[at..]);
    }
}

#[test]
fn a_hundred_thousand_nested_parts_are_few_errors() {
    for (before, part) in [
        ("", "step id=\"a\" kind=\"for\" "),
        ("step id=\"a\" kind=\"bind\" lit=", "["),
        ("step id=\"a\" kind=\"bind\" lit=", "{\"a\":"),
        ("step id=\"a\" kind=\"match\" case bindings=", "("),
        ("step id=\"a\" kind=\"query\" where ", "not "),
        ("step id=\"a\" kind=\"query\" where ", "and "),
    ] {
        let (_, problems) = check_laws(&format!("{before}{}", part.repeat(MANY)));
        assert!((1..=3).contains(&problems.len()), "{part}: {problems:?}");
    }
    let (_, problems) = check_laws(&"step id=\"a\" kind=\"for\" ".repeat(MAX_DEPTH + 1));
    assert!(problems.iter().any(|problem| problem.code == Code::TOO_DEEP));
}

#[test]
fn large_and_endless_parts_take_linear_time() {
    for part in [
        "(*",
        "\"\"\"",
        "\"",
        "//",
        "end ",
        "snippet ",
        "x",
        "'",
        "1",
        "-",
        "lit=",
        "\u{1b}",
        "step id=\"a\" kind=\"query\" dialect=\"x\" target=\"y\" body\nend\n",
    ] {
        check_laws(&part.repeat(MANY / 4));
    }
    let (file, problems) = check_laws(&" ".repeat(MAX_FILE_BYTES + 1));
    assert_eq!((file.blocks.len(), problems[0].code), (0, Code::FILE_TOO_LARGE));
}

proptest! {
    #![proptest_config(seeded::cases(300))]

    #[test]
    fn any_text_parses(text in "\\PC{0,200}") {
        check_laws(&text);
    }

    #[test]
    fn any_row_of_pieces_parses(pieces in prop::collection::vec(prop::sample::select(&[
        "snippet", "step", "branch", "end", "id=", "kind=", "\"a\"", "\"parallel\"", "\"query\"",
        "body", "params", "effects", "effect", "note", "\"\"\"", "(*", "*)", "//", "\n", "=", "[",
        "]", "{", "}", "(", ")", ",", ":", ".", "-1", "5s", "9x", "returns", "union", "type=",
        "optional", "not", "and", "where", "equals", "field", "handle", "case", "as=", "mut", "\\u00",
        "\"transaction\"", "\"traverse\"", "\"insert\"", "\"database\"", "\"project\"", "\"a.b\"", "target=", "into=",
        "from=", "select", "all", "join", "to=", "on", "follow", "order", "by=", "limit=", "set", "op=", "schema", "table",
        "ü", "\u{0}", "metadata", "content", "refactor", "'", "timeout=", "99999999999999999999",
    ][..]), 0..60)) {
        check_laws(&pieces.join(" "));
        check_laws(&pieces.concat());
    }

    #[test]
    fn mutated_files_parse(at in any::<prop::sample::Index>(), length in 0usize..40, piece in "(end|step|\"|\\(\\*|=|ü|\\)|)") {
        let all = boundaries(TOUR);
        let first = at.index(all.len());
        let last = (first + length).min(all.len() - 1);
        check_laws(&format!("{}{piece}{}", &TOUR[..all[first]], &TOUR[all[last]..]));
    }

    #[test]
    fn mutated_data_loads(at in any::<prop::sample::Index>(), length in 0usize..30, piece in "(end|step|\"|:|'|=|ü|\"t\"|on|where)") {
        let all = boundaries(DATA);
        let first = at.index(all.len());
        let last = (first + length).min(all.len() - 1);
        check_laws(&format!("{}{piece}{}", &DATA[..all[first]], &DATA[all[last]..]));
    }
}
