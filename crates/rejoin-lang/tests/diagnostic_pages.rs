//! Every diagnostic has a page in `docs/diagnostics/`, and what the page shows is true: its first program yields that
//! diagnostic and nothing else, its second one has no problem.

#[path = "support/catalog.rs"]
mod catalog;

use std::collections::BTreeSet;
use std::path::PathBuf;

use catalog::Catalog;
use rejoin_lang::diagnostic::{CODES, Code, Diagnostic, Severity, render_text};
use rejoin_lang::source::{Source, SourceId, Sources};
use rejoin_lang::{cov, wp};

/// Codes whose example would not fit on a page; tests of their own cover them.
const WITHOUT_EXAMPLE: &[&str] = &["E0002", "E0123", "E0124", "E0211", "W0390", "W0066", "W0068"];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/diagnostics"))
}

fn page(code: Code) -> String {
    let path = folder().join(format!("{code}.md"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The content of the blocks that are fenced with this label.
fn blocks(page: &str, label: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let fence: String = line.chars().take_while(|c| *c == '`').collect();
        if fence.len() < 3 || &line[fence.len()..] != label {
            continue;
        }
        let content: Vec<&str> = lines.by_ref().take_while(|line| *line != fence).collect();
        blocks.push(content.join("\n") + "\n");
    }
    blocks
}

/// Whether the parser is the phase that finds this problem.
fn is_syntax(code: Code) -> bool {
    code.id()[1..].starts_with("00") && !is_cov(code)
}

/// Whether only a `.cov` file has this problem.
fn is_cov(code: Code) -> bool {
    code.reference().is_some()
}

fn problems(program: &str) -> Vec<Diagnostic> {
    wp::parse(&Source::new("page.wp", program), SourceId(0)).1
}

#[test]
fn every_code_has_a_page_with_its_title() {
    let missing: Vec<&str> = CODES
        .iter()
        .map(|code| code.id())
        .filter(|id| !folder().join(format!("{id}.md")).exists())
        .collect();
    assert!(missing.is_empty(), "codes without a page in docs/diagnostics: {missing:?}");
    for code in CODES {
        let heading = format!("# {code}: {}", code.title());
        assert_eq!(page(*code).lines().next(), Some(&*heading));
    }
}

#[test]
fn every_page_belongs_to_a_code() {
    let known: BTreeSet<String> = CODES.iter().map(|code| format!("{code}.md")).collect();
    for entry in std::fs::read_dir(folder()).expect("the folder of the pages exists") {
        let name = entry
            .expect("its entries can be read")
            .file_name()
            .into_string()
            .expect("names are text");
        assert!(known.contains(&name), "docs/diagnostics/{name} describes no code");
    }
}

#[test]
fn codes_are_sorted_and_say_their_severity() {
    let ids: Vec<&str> = CODES.iter().map(|code| code.id()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    for code in CODES {
        let is_error = code.severity() == Severity::Error;
        assert_eq!(is_error, code.id().starts_with('E'), "{code}");
    }
}

#[test]
fn the_examples_of_syntax_errors_fail_as_their_page_says() {
    for code in CODES.iter().copied().filter(|code| is_syntax(*code)) {
        let page = page(code);
        let fails = blocks(&page, "wp,fails");
        let mended = blocks(&page, "wp,mended");
        if WITHOUT_EXAMPLE.contains(&code.id()) {
            assert!(fails.is_empty(), "{code} has an example; take it off the list");
            continue;
        }
        assert!(
            !fails.is_empty() && !mended.is_empty(),
            "{code} needs a failing and a mended example"
        );
        for program in fails {
            let found: Vec<&str> =
                problems(&program).iter().map(|problem| problem.code.id()).collect();
            assert_eq!(found, [code.id()], "in the failing example of {code}:\n{program}");
        }
        for program in mended {
            assert_eq!(problems(&program), [], "in the mended example of {code}:\n{program}");
        }
    }
}

#[test]
fn the_examples_of_cov_fail_as_their_page_says() {
    for code in CODES.iter().copied().filter(|code| is_cov(*code)) {
        let page = page(code);
        let reference = code.reference().expect("codes of .cov have one");
        assert!(page.contains(reference), "the page of {code} names {reference}");
        let (fails, mended) = (blocks(&page, "cov,fails"), blocks(&page, "cov,mended"));
        assert!(!fails.is_empty() && !mended.is_empty(), "{code} needs both examples");
        for program in fails {
            let (found, drawing) = parse_cov(&program);
            // What arrives through another function is also missing there.
            let wanted = match code.id() {
                "E0156" => vec!["E0156", "E0154"],
                id => vec![id],
            };
            assert_eq!(found, wanted, "in the failing example of {code}:\n{drawing}");
            let content = format!("{program}\n{}\n{drawing}", "~".repeat(60));
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("page_{code}"), content);
            });
        }
        for program in mended {
            let (found, drawing) = parse_cov(&program);
            assert!(found.is_empty(), "in the mended example of {code}:\n{drawing}");
        }
    }
}

fn parse_cov(program: &str) -> (Vec<&'static str>, String) {
    let source = Source::new("page.cov", program);
    let (_, problems) = cov::load(source.clone());
    let codes = problems.iter().map(|problem| problem.code.id()).collect();
    (codes, render_text(&Sources::single(source), &problems, false))
}

#[test]
fn the_examples_of_later_phases_fail_as_their_page_says() {
    let mut wrong = Vec::new();
    for code in CODES.iter().copied().filter(|code| !is_syntax(*code) && !is_cov(*code)) {
        let page = page(code);
        let (fails, mended) = (blocks(&page, "wp,fails"), blocks(&page, "wp,mended"));
        assert_eq!(fails.is_empty(), WITHOUT_EXAMPLE.contains(&code.id()), "{code}");
        assert_eq!(fails.is_empty(), mended.is_empty(), "{code}");
        for program in fails {
            let (found, drawing) = load(&program);
            if found != [code.id()] {
                wrong.push(format!("the failing example of {code}:\n{drawing}"));
                continue;
            }
            let content = format!("{program}\n{}\n{drawing}", "~".repeat(60));
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("page_{code}"), content);
            });
        }
        for program in mended {
            let (found, drawing) = load(&program);
            if !found.is_empty() {
                wrong.push(format!("the mended example of {code}:\n{drawing}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The codes of a program's problems in all phases, and their drawing.
fn load(program: &str) -> (Vec<&'static str>, String) {
    let read = |_: &str, path: &str| {
        let text = match path {
            "page.wp" => program,
            "books.wp" => "pipeline load =\n  |> jq: `{ id: 7 }`\n",
            "authors.wp" => "jq short = `{ id }`\n",
            _ => return Err("there is no such file".to_owned()),
        };
        Ok(Source::new(path, text))
    };
    let loaded = rejoin_lang::load_with(Source::new("page.wp", program), &Catalog, &read);
    let codes = loaded.diagnostics.iter().map(|problem| problem.code.id()).collect();
    (codes, render_text(&loaded.plan.sources, &loaded.diagnostics, false))
}
