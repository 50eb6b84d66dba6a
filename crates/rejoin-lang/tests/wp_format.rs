//! The formatter: what it changes, and that it changes nothing else, over example, mutated and generated programs.

#[path = "support/catalog.rs"]
mod catalog;
#[path = "../../../tests/seeded.rs"]
mod seeded;
mod support;

use catalog::Catalog;
use proptest::prelude::*;
use rejoin_lang::diagnostic::has_errors;
use rejoin_lang::source::Source;
use rejoin_lang::wp;
use support::{TESTS, TOUR, parse};

#[track_caller]
fn format(text: &str) -> String {
    let source = Source::new("test.wp", text);
    wp::format(&source).unwrap_or_else(|problems| panic!("{}", support::drawn(text, &problems)))
}

/// The tree without places.
fn tree(text: &str) -> String {
    let (file, problems) = parse(text);
    assert!(!has_errors(&problems), "{}\n{text}", support::drawn(text, &problems));
    let written = format!("{:?}", file.items);
    let mut tree = String::with_capacity(written.len());
    for (n, part) in written.split("..").enumerate() {
        if n > 0 {
            tree.truncate(tree.trim_end_matches(|c: char| c.is_ascii_digit()).len());
        }
        tree.push_str(if n > 0 {
            part.trim_start_matches(|c: char| c.is_ascii_digit())
        } else {
            part
        });
    }
    tree
}

/// The plan without places.
fn plan(text: &str) -> String {
    let plan = rejoin_lang::load(Source::new("test.wp", text), &Catalog).plan.to_string();
    let line = |line: &str| match line.rsplit_once(" at ") {
        Some((start, place)) if place.parse::<usize>().is_ok() => format!("{start}\n"),
        _ => format!("{line}\n"),
    };
    plan.lines().map(line).collect()
}

fn comments(text: &str) -> Vec<String> {
    let (file, _) = parse(text);
    file.comments.iter().map(|span| text[span.range()].trim_end().to_owned()).collect()
}

/// What holds for every text without errors.
#[track_caller]
fn check_laws(text: &str) -> String {
    let formatted = format(text);
    let shown = || format!("before:\n{text}\nafter:\n{formatted}");
    assert_eq!(tree(text), tree(&formatted), "the program changed\n{}", shown());
    assert_eq!(plan(text), plan(&formatted), "the plan changed\n{}", shown());
    assert_eq!(comments(text), comments(&formatted), "the comments changed\n{}", shown());
    let again = format(&formatted);
    assert_eq!(again, formatted, "formatting twice is not formatting once\n{}", shown());
    formatted
}

#[test]
fn the_tour_in_its_final_layout() {
    insta::assert_snapshot!(check_laws(TOUR));
}

#[test]
fn one_layout_for_all() {
    for (text, expected) in [
        ("", ""),
        (" \n\n", ""),
        ("\u{feff}# only a comment  ", "# only a comment\n"),
        ("GET /a\n\n\n|>log", "GET /a\n  |> log\n"),
        ("GET /a |>log\nGET /b |> log\n", "GET /a |> log\nGET /b |> log\n"),
        (
            "GET /a |>log\n\n\n\nGET /b |> log |> log\n",
            "GET /a |> log\n\nGET /b\n  |> log\n  |> log\n",
        ),
        ("GET\n/a\n|> log\n:\n`x`", "GET /a\n  |> log: `x`\n"),
        ("jq a=`1`\njq b = `2`\nGET /a\n |> log", "jq a = `1`\njq b = `2`\n\nGET /a\n  |> log\n"),
        ("config a{}config b { # c\n}", "config a {}\n\nconfig b { # c\n}\n"),
        (
            "config a { x:1,y:$Y||\"d\" # why\n\n\n, z: 2s }",
            "config a {\n  x: 1\n  y: $Y || \"d\" # why\n\n  z: 2s\n}\n",
        ),
        (
            "GET /a |> fetch( \"a,b\" ,{c:[1,2]} ) @result( x )@timeout(2s)",
            "GET /a |> fetch(\"a,b\", {c:[1,2]}) @result(x) @timeout(2s)\n",
        ),
        (
            "GET /a |> log: `x` @when( a )  and( @when(b) or\n@!flag(c,d) )",
            "GET /a |> log: `x` @when(a) and(@when(b) or @!flag(c, d))\n",
        ),
        ("GET /a\r\n|> log: `x\r\n y`\r\n", "GET /a\r\n  |> log: `x\r\n y`\r\n"),
        ("GET /a\r\n|> log: `x\n y`\r\n", "GET /a\n  |> log: `x\n y`\n"),
        (
            "GET /a\n    |> log\n    # of a\n# of b\nGET /b\n  |> log",
            "GET /a\n  |> log\n  # of a\n\n# of b\nGET /b\n  |> log\n",
        ),
        (
            "GET /a |> dispatch default: |> log |> log case @when(x): |> debug end |> result ok( 201 ) : |> log",
            "GET /a\n  |> dispatch\n    default:\n      |> log\n      |> log\n    case @when(x): |> debug\n  end\n  |> result\n    ok(201): |> log\n",
        ),
        (
            "GET /a |> quorum( 2,timeout:1s )@result( r ) a: |> log b:\n|> log |> log\n# of c\nc :\n end |> foreach .x @limit( 2 ) |> log end",
            "GET /a\n  |> quorum(2, timeout:1s) @result(r)\n    a: |> log\n    b:\n      |> log\n      |> log\n    # of c\n    c:\n  end\n  |> foreach .x @limit(2)\n    |> log\n  end\n",
        ),
    ] {
        assert_eq!(check_laws(text), expected);
    }
}

#[test]
fn texts_are_kept_byte_for_byte() {
    let texts = ["`  a \t\n\n\n   # b  \n|> c`", "\" x  \n  y \"", "``", "`\r\n`"];
    for text in texts {
        let formatted = check_laws(&format!("GET /a\n|>log:{text}  \n|>  log  :  {text}"));
        assert_eq!(formatted, format!("GET /a\n  |> log: {text}\n  |> log: {text}\n"));
    }
    let args = "(\n [1,2]  , # two\n   {a:1}\n)";
    assert_eq!(check_laws(&format!("GET /a |>log{args}")), format!("GET /a |> log{args}\n"));
}

#[test]
fn a_file_of_one_long_line_is_formatted() {
    let line = format!("GET /a{}", " |>log:`x`".repeat(50_000));
    let formatted = format(&line);
    assert_eq!(formatted, format!("GET /a\n{}", "  |> log: `x`\n".repeat(50_000)));
}

#[test]
fn tests_in_a_file_are_kept() {
    let tests =
        "describe \"x\"\n    it  \"y\"\n        when calling GET /a\n        then status is 200";
    let formatted =
        format(&format!("GET /a |>log\n\n\n{tests}\n    # inside\n# of b\nGET /b |>log"));
    assert_eq!(
        formatted,
        format!("GET /a |> log\n\n{tests}\n    # inside\n\n# of b\nGET /b |> log\n")
    );
    assert_eq!(format(&formatted), formatted);
}

#[test]
fn a_file_with_errors_is_not_formatted() {
    let problems = wp::format(&Source::new("a.wp", "GET /a\n  |> jq `.`\n")).unwrap_err();
    assert_eq!(problems.len(), 1);
}

#[test]
fn the_examples_are_in_the_final_layout() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut seen = 0;
    for folder in ["examples", "benches", "crates/rejoin-cli/src/starter"] {
        for entry in std::fs::read_dir(format!("{root}/{folder}")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "wp") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert_eq!(check_laws(&text), text, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "only {seen} examples were found");
}

/// White space that may stand anywhere; with comments.
fn gap() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(" ".to_owned()),
        2 => Just("\n".to_owned()),
        1 => Just("\t\r\n\n  ".to_owned()),
        1 => "\n {0,6}# [a-z`\"|>@ü]{0,6} ?\n {0,6}",
        1 => " # [a-z:(){}]{0,6}\n\n?",
    ]
}

/// Puts a gap, or `otherwise` where there may be none, between pieces.
fn joined(pieces: Vec<String>) -> impl Strategy<Value = String> {
    let len = pieces.len();
    prop::collection::vec(gap(), len).prop_map(move |gaps| {
        pieces.iter().zip(gaps).map(|(piece, gap)| format!("{piece}{gap}")).collect()
    })
}

fn tags() -> impl Strategy<Value = String> {
    let tag = prop::sample::select(vec![
        "@when(a)",
        "@!flag( b,c )",
        "@guard(`.x == \")\"`)",
        "@retry(2 , backoff:100ms)",
        "@optional",
    ]);
    let inner = tag.clone().prop_map(str::to_owned).prop_recursive(3, 8, 3, |inner| {
        let blank = prop::sample::select(vec!["", " ", "\n "]);
        let word = prop::sample::select(vec!["and", "or"]);
        (inner.clone(), word, inner, gap(), gap(), prop::option::of(blank)).prop_map(
            |(left, word, right, a, b, grouped)| match grouped {
                Some(blank) => format!("({blank}{left}{a}{word}{b}{right}{b})"),
                None => format!("({left}){a}{word}{b}({right})"),
            },
        )
    });
    (inner, prop::option::of(tag)).prop_map(|(first, next)| match next {
        Some(next) if !first.contains(" or") && !first.contains("\nor") => {
            format!("({first}) {next}")
        }
        _ => first,
    })
}

fn plain() -> impl Strategy<Value = String> {
    let args = prop::sample::select(vec!["", "", "( .a )", "[1,2]", "(.a, # x\n  .b)"]);
    let text =
        prop::sample::select(vec!["`.a  # |> x\n  end`", "\"a  b\"", "name", "mod::name", "``"]);
    let name = prop::sample::select(vec!["jq", "log", "resultRows", "ender"]);
    (name, args, prop::option::of((gap(), gap(), text)), prop::option::of(tags()), gap()).prop_map(
        |(name, args, text, tags, space)| {
            let text = text.map_or(String::new(), |(a, b, text)| format!("{a}:{b}{text}"));
            let tags = tags.map_or(String::new(), |tags| format!(" {tags}"));
            let space = if space.contains('#') { " " } else { &space };
            format!("|>{}{name}{args}{text}{tags}", space.replace('\n', " "))
        },
    )
}

fn steps() -> impl Strategy<Value = String> {
    let list = |step: BoxedStrategy<String>| {
        prop::collection::vec(step, 1..3).prop_flat_map(joined).boxed()
    };
    let leaf = plain().boxed();
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let body = list(inner.boxed());
        let three = (body.clone(), body.clone(), body, tags());
        (0..6usize, three).prop_flat_map(|(kind, (a, b, c, tags))| {
            let parts: Vec<&str> = match kind {
                0 => vec!["|> if", &a, "then:", &b, "else:", &c, "end"],
                1 => vec!["|> if", &a, "then:", &b, "end"],
                2 => vec!["|> dispatch", "case", &tags, ":", &a, "default:", &b, "end"],
                3 => vec!["|> parallel(limit: 2)", "x:", &a, "\ny:", &b, "\nend"],
                4 => vec!["|> race", "x:", &a, "\nend"],
                _ => vec!["|> foreach .a.b", &a, &b, "end"],
            };
            joined(parts.into_iter().map(str::to_owned).collect())
        })
    })
    .prop_flat_map(|step| joined(vec![step]))
}

fn item() -> impl Strategy<Value = String> {
    let result = prop::option::of((steps(), steps()));
    (0..6usize, steps(), result).prop_flat_map(|(kind, steps, result)| {
        let mut parts = match kind {
            0 => vec!["jq", "name", "=", "` # a\n\n b `"],
            1 => vec!["config", "x", "{", "a", ":", "1", ",", "b", ":", "$B", "||", "\"d\"", "}"],
            2 => vec!["pipeline", "p", "=", &steps],
            3 => vec!["featureFlags", "=", &steps],
            _ => vec!["GET", "/a/:b#c", &steps],
        };
        if let Some((ok, default)) = result.as_ref().filter(|_| kind > 1) {
            parts.extend(["|> result", "ok( 200 ):", ok, "default(500)", ":", default]);
        }
        // A name as a step's text ends with its line: no item may follow on it.
        joined(parts.into_iter().map(str::to_owned).collect()).prop_map(|item| item + "\n")
    })
}

proptest! {
    #![proptest_config(seeded::cases(200))]

    #[test]
    fn generated_programs_keep_their_meaning(
        items in prop::collection::vec(item(), 0..5).prop_flat_map(joined)
    ) {
        check_laws(&items);
    }

    #[test]
    fn mutated_programs_keep_their_meaning_or_their_text(
        tests: bool,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, gap()), 1..4)
    ) {
        let mut text = if tests { TESTS } else { TOUR }.to_owned();
        for (at, len, gap) in cuts {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let first = at.index(places.len());
            let last = (first + len).min(places.len() - 1);
            text.replace_range(places[first]..places[last], &gap);
        }
        if !has_errors(&parse(&text).1) {
            check_laws(&text);
        }
    }
}
