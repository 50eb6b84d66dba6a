//! Files that are made to break the parser: they yield an error or a tree, never a crash, and few problems.

mod support;

use rejoin_lang::diagnostic::{Code, Diagnostic};
use rejoin_lang::wp::{MAX_DEPTH, MAX_FILE_BYTES};
use support::{good, parse};

const MANY: usize = 100_000;

fn codes(problems: &[Diagnostic]) -> Vec<Code> {
    problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_hundred_thousand_nested_brackets_are_one_error() {
    for bracket in ["(", "[", "{"] {
        let text = format!("GET /x\n  |> jq({}\n\nGET /y\n  |> jq: `.`\n", bracket.repeat(MANY));
        let (file, problems) = parse(&text);
        assert_eq!(codes(&problems), [Code::TOO_DEEP]);
        assert_eq!(file.items.len(), 2, "the route behind it is read");
    }
}

#[test]
fn a_hundred_thousand_nested_blocks_are_one_error() {
    for block in
        ["|> if ", "|> if\n", "|> foreach x\n", "|> result ok(200): ", "|> dispatch case @a: "]
    {
        let text = format!("GET /x\n{}\nGET /y\n  |> jq: `.`\n", block.repeat(MANY));
        let (file, problems) = parse(&text);
        assert_eq!(codes(&problems), [Code::TOO_DEEP], "{block}");
        assert_eq!(file.items.len(), 2, "the route behind it is read");
    }
}

#[test]
fn a_hundred_thousand_nested_conditions_are_few_errors() {
    let (_, problems) = parse(&format!("GET /x\n  |> jq: `.` {}@a", "(".repeat(MANY)));
    assert!(
        codes(&problems).contains(&Code::TOO_DEEP)
            || codes(&problems).contains(&Code::UNEXPECTED_TEXT)
    );
    assert!(problems.len() <= MAX_DEPTH + 2, "{}", problems.len());
    let (_, problems) = parse(&format!("GET /x\n  |> jq: `.` {}@a", "(@b and ".repeat(MANY)));
    assert!(codes(&problems).contains(&Code::TOO_DEEP));
}

#[test]
fn blocks_may_nest_to_the_limit() {
    let text = |depth| {
        format!("GET /x\n{}|> jq: `.` {}", "|> foreach a\n".repeat(depth), "end ".repeat(depth))
    };
    good(&text(MAX_DEPTH));
    assert_eq!(codes(&parse(&text(MAX_DEPTH + 1)).1), [Code::TOO_DEEP]);
}

#[test]
fn a_file_over_the_limit_is_not_read() {
    let (file, problems) = parse(&"#".repeat(MAX_FILE_BYTES + 1));
    assert_eq!(codes(&problems), [Code::FILE_TOO_LARGE]);
    assert!(file.items.is_empty());
    assert!(parse(&"#".repeat(MAX_FILE_BYTES)).1.is_empty());
}

#[test]
fn hundreds_of_problems_end_the_reading_and_say_so() {
    let (_, problems) = parse(&"GET x\n".repeat(MANY));
    assert_eq!(problems.len(), 500);
    let last = problems.last().and_then(|problem| problem.help.as_deref());
    assert_eq!(last, Some("mend these problems first; the rest of the file was not read"));
}

#[test]
fn long_rows_of_one_thing_are_read() {
    assert_eq!(good(&"GET /x\n".repeat(MANY)).items.len(), MANY);
    good(&format!("GET /x\n  |> a {}", "@b ".repeat(MANY)));
    good(&format!("GET /x\n  |> a @b{}", " or @b".repeat(MANY)));
    good(&format!("GET /x\n{}", "# comment\n".repeat(MANY)));
    good(&format!("config x {{ {} }}", "a: 1,".repeat(MANY)));
    for row in [
        "`",
        "\"",
        "|>",
        "(",
        ")",
        "@",
        "end ",
        "then:",
        "case ",
        "ok(200):\n",
        "x ",
        "x: ",
        "x(",
        "|> f(\"",
        "|> f(\"\\\"\n",
        "#\r",
        "describe \"`\n",
    ] {
        parse(&row.repeat(MANY / 5));
        parse(&format!("GET /x\n{}", row.repeat(MANY / 5)));
    }
}
