//! Broken programs: whatever the text, lowering and checking end, panic never, and keep their promises about places.

#[path = "support/catalog.rs"]
mod catalog;
#[path = "../../../tests/fuzz.rs"]
mod fuzz;

use catalog::Catalog;
use fuzz::{boundaries, fuzz};
use rejoin_lang::diagnostic::{Severity, render_json, render_text};
use rejoin_lang::source::Source;

/// What must hold of the problems of any text at all.
#[track_caller]
fn check_laws(text: &str) {
    let loaded = rejoin_lang::load(Source::new("fuzz.wp", text), &Catalog);
    for problem in &loaded.diagnostics {
        let spans = problem.labels.iter().map(|(span, _)| *span).chain([problem.span]);
        for span in spans {
            assert!(text.get(span.range()).is_some(), "{span:?} of {problem:?} in {text:?}");
        }
        let texts = problem.labels.iter().map(|(_, label)| label).chain([&problem.label]);
        assert!(texts.into_iter().all(|label| !label.is_empty()), "{problem:?} in {text:?}");
        assert!(problem.help.is_some(), "{problem:?} has no help, in {text:?}");
        assert!(!problem.message.ends_with('.'), "{problem:?}");
    }
    assert!(loaded.diagnostics.is_sorted_by_key(|problem| problem.span.start));
    let sources = &loaded.plan.sources;
    assert!(!render_text(sources, &loaded.diagnostics, false).contains('\u{1b}'), "{text:?}");
    assert_eq!(render_json(sources, &loaded.diagnostics).lines().count(), loaded.diagnostics.len());
    let _ = loaded.plan.to_string();
}

/// The tour of the syntax, and the programs of all pages on diagnostics.
fn corpus() -> Vec<String> {
    let mut programs = vec![include_str!("corpus/tour.wp").to_owned()];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/diagnostics");
    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of the pages exists")
        .map(|entry| entry.expect("its entries can be read").path())
        .collect();
    pages.sort();
    for page in pages {
        let page = std::fs::read_to_string(page).expect("a page is text");
        programs.extend(page.split("```wp,").skip(1).filter_map(|block| {
            let (_, program) = block.split_once('\n')?;
            Some(program.split("\n```").next()?.to_owned())
        }));
    }
    programs
}

const PIECES: &[&str] = &[
    "|> sleep: `1s` @async(a)\n",
    "|> fetch: `u` @async(b) @when(x) @result(r)\n",
    "|> join: `a, b`\n",
    "|> join: a\n",
    "|> join: `[\"a\", \"b\"`\n",
    "|> jq: `.async.a.data`\n",
    "|> jq: `{ errors: [{ type: \"x\" }] }`\n",
    "|> lua: `return request.async`\n",
    "|> p\n",
    "|> q({ a: 1 }) @async(p)\n",
    "|> pipeline: p @retry(2)\n",
    "|> fetch(.a, { method: \"POST\" }) @retry(3) @error(e)\n",
    "|> if\n|> jq: `.x`\nthen:\n",
    "else:\n",
    "end\n",
    "|> foreach a.b\n",
    "|> dispatch\n",
    "case @when(x) or @!flag(y):\n",
    "default:\n",
    "|> result\n",
    "ok(200):\n",
    "networkError(502):\n",
    "default(500):\n",
    "GET /a/:b\n",
    "POST /a/*rest/:rest\n",
    "pipeline p =\n",
    "pipeline q =\n",
    "jq p = `.async.b`\n",
    "config server { port: \"x\", timeout: 1s, secret: \"abcdefgh1\" }\n",
    "featureFlags =\n",
    " @optional @detach @timeout(9) ",
    "`é\u{1b}`",
    "::",
    "@guard(`.ü |`)",
];

#[test]
fn any_row_of_pieces_can_be_checked() {
    fuzz(0x0c4e_c5ed, 150, |random| {
        let pieces: Vec<&str> = (0..random.below(40)).map(|_| random.pick(PIECES)).collect();
        check_laws(&pieces.concat());
    });
}

#[test]
fn mutated_programs_can_be_checked() {
    let corpus = corpus();
    let corpus: Vec<&str> = corpus.iter().map(|program| &**program).collect();
    assert!(corpus.len() > 100, "the pages' programs were not found");
    fuzz(0x0c4e_c5ed, 150, |random| {
        let mut text = random.pick(&corpus).to_owned();
        if random.below(3) == 0 {
            text += random.pick(&corpus);
        }
        for _ in 0..random.below(4) {
            let all = boundaries(&text);
            let first = random.below(all.len());
            let (start, end) = (all[first], all[(first + random.below(12)).min(all.len() - 1)]);
            match random.below(3) {
                0 => text.insert_str(start, random.pick(PIECES)),
                1 => text.replace_range(start..end, ""),
                _ => {
                    let piece = text[start..end].to_owned();
                    text.insert_str(all[random.below(all.len())], &piece);
                }
            }
        }
        check_laws(&text);
    });
}

/// Shapes in which a rule that looks at everything from everywhere would never end, and deep recursion would overflow.
#[test]
fn long_programs_of_every_shape_can_be_checked() {
    let row = |piece: &dyn Fn(usize) -> String, n: usize| (0..n).map(piece).collect::<String>();
    let n = 1_000;
    let shapes = [
        // One route with very many tasks, one join of all.
        format!(
            "GET /t\n{}|> join: `{}`\n",
            row(&|n| format!("|> sleep: `1s` @async(t{n})\n"), n),
            row(&|n| format!("t{n}, "), n)
        ),
        // A chain of calls.
        format!(
            "{}pipeline p{n} = |> log\nGET /t |> p0\n",
            row(&|n| format!("pipeline p{n} = |> p{}\n", n + 1), n)
        ),
        // Guarded steps, each of which the one before looks at.
        format!("GET /t\n{}", row(&|n| format!("|> log @when(c{})\n", n % 300), 600)),
        // Branches behind each other.
        format!("GET /t\n{}", row(&|_| "|> if |> jq: `.x` then: |> log end\n".to_owned(), n)),
        // The same name again and again.
        format!("GET /t\n{}", row(&|_| "|> sleep: `1s` @async(a) @guard(`.x`)\n".to_owned(), 600)),
        // A chain of calls, each with a task of its own.
        format!(
            "{}pipeline q{n} = |> log\nGET /t |> q0\n",
            row(
                &|n| format!(
                    "pipeline q{n} = |> sleep: `1s` @async(t{n}) |> join: t{n} |> q{}\n",
                    n + 1
                ),
                n
            )
        ),
        // Everything is unknown, and nearly something.
        format!(
            "{}GET /t\n{}",
            row(&|n| format!("pipeline load{n} = |> log\n"), n),
            row(&|n| format!("|> nopeload{n}\n"), n)
        ),
        // Everything is unknown.
        format!("GET /t\n{}", row(&|n| format!("|> nope{n}\n"), n)),
    ];
    for shape in shapes {
        let loaded = rejoin_lang::load(Source::new("long.wp", &*shape), &Catalog);
        let errors = loaded.diagnostics.iter().filter(|p| p.severity() == Severity::Error).count();
        assert_eq!(errors > 0, shape.contains("nope") || shape.contains("(a)"), "{errors}");
    }
}
