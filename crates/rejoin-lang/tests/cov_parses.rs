//! What `.cov` texts mean as trees.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use rejoin_lang::cov;
use rejoin_lang::cov::ast::{Entry, File, ValueKind};
use rejoin_lang::diagnostic::{Code, render_text};
use rejoin_lang::source::{Source, SourceId, Sources};

fn parse(text: &str) -> (File, Vec<Code>, String) {
    let source = Source::new("test.cov", text);
    let (file, problems) = cov::parse(&source, SourceId(0));
    let drawing = render_text(&Sources::single(source), &problems, false);
    (file, problems.iter().map(|problem| problem.code).collect(), drawing)
}

#[track_caller]
fn good(text: &str) -> File {
    let (file, codes, drawing) = parse(text);
    assert!(codes.is_empty(), "{drawing}");
    file
}

fn value(literal: &str) -> ValueKind {
    let file = good(&format!("step id=\"a\" kind=\"bind\" lit={literal} as=\"x\" end"));
    file.blocks[0].attribute("lit").unwrap().value.kind.clone()
}

#[test]
fn the_examples_of_the_overview_parse() {
    let texts: Vec<&str> = include_str!("corpus/seed.cov").split("// ----\n").collect();
    assert_eq!(texts.len(), 3);
    let kinds: Vec<String> = texts.iter().map(|text| only_kind(text)).collect();
    assert_eq!(kinds, ["parallel", "race", "parallel"]);
    let (last, codes, drawing) = parse(texts[2]);
    assert_eq!(codes, [Code::COV_IDLE_PART], "only its empty branch is remarked on:\n{drawing}");
    assert_eq!(last.blocks[0].text("on_timeout"), Some("cancel"));
    assert_eq!(last.comments.len(), 2);
}

/// The kind of the one step of a text that has no error.
fn only_kind(text: &str) -> String {
    let (file, codes, drawing) = parse(text);
    assert!(codes.iter().all(|code| code.id().starts_with('W')), "{drawing}");
    assert_eq!(file.blocks.len(), 1);
    file.blocks[0].text("kind").unwrap().to_owned()
}

#[test]
fn values() {
    let text = |text: &str| ValueKind::Text(text.into());
    assert_eq!(value("-3"), ValueKind::Int(-3));
    assert_eq!(value("2.75"), ValueKind::Float(2.75));
    assert_eq!(value("8:Int"), ValueKind::Typed(Box::new(ValueKind::Int(8)), "Int".into()));
    assert_eq!(value("none"), ValueKind::None);
    assert_eq!(value(r#""a\\n\u00e9\ud83d\ude00\n""#), text("a\\né😀\n"));
    assert_eq!(value("\"\"\"\n  a\\n\"\"\""), text("\n  a\\n"));
    assert_eq!(
        value(r#"{"a": [1, true,], "b": {}}"#),
        ValueKind::Object(vec![
            ("a".into(), ValueKind::Array(vec![ValueKind::Int(1), ValueKind::Bool(true)])),
            ("b".into(), ValueKind::Object(vec![])),
        ])
    );
}

#[test]
fn a_duration_may_stand_in_quotes() {
    for spelling in ["1.5s", "\"1.5s\"", "1500ms"] {
        let file = good(&format!(
            "step id=\"a\" kind=\"parallel\" timeout={spelling} branch id=\"b\" step id=\"c\" kind=\"bind\" lit=1 as=\"x\" end end as=\"y\" end"
        ));
        let time = std::time::Duration::from_millis(1500);
        let value = &file.blocks[0].attribute("timeout").unwrap().value;
        assert_eq!(value.kind, ValueKind::Duration(time), "{spelling}");
    }
}

#[test]
fn sql_is_kept_byte_for_byte() {
    let sql =
        "\n  SELECT CASE WHEN a THEN 'x // y'\n  end\n  FROM t -- it's (* \n  WHERE id = :id\n  ";
    let file = good(&format!(
        "step id=\"a\" kind=\"query\" dialect=\"postgres\" target=\"db\"\n  body{sql}end\n  params\n    param name=\"id\" from=\"id\"\n  end\n  returns type=\"Row\"\n  as=\"row\"\nend\n"
    ));
    let body = file.blocks[0].blocks().find(|block| &*block.word.text == "body").unwrap();
    let Entry::Value(text) = &body.entries[0] else { panic!("{body:?}") };
    assert_eq!(text.kind, ValueKind::Text(sql.trim_end_matches(' ').into()));
    assert!(file.comments.is_empty());
}

#[test]
fn one_mistake_is_one_problem_and_the_rest_is_read() {
    let rest = "\nsnippet id=\"b\" kind=\"module\"\nend\n";
    for (text, code) in [
        ("step id=\"a\" kind=\"bind\" lti=1 lit=1 as=\"x\" end", Code::COV_UNKNOWN_WORD),
        ("stpe id=\"a\" kind=\"bind\" lit=1 as=\"x\" end", Code::COV_UNKNOWN_WORD),
        ("step id=\"a\" kind=\"bind\" lit='b' as=\"x\" end", Code::COV_BAD_VALUE),
        (
            "snippet id=\"a\" kind=\"fn\" body step id=\"s\" kind=\"bind\" lit=1 as=\"x\" end end",
            Code::COV_UNCLOSED,
        ),
        (
            "step id=\"a\" kind=\"call\" fn=\"f\" arg name=\"x\" form=\"y\" as=\"x\" end",
            Code::COV_UNKNOWN_WORD,
        ),
        ("end", Code::COV_UNEXPECTED),
        ("hello world 1 2 3", Code::COV_UNEXPECTED),
        ("step id=\"a\" kind=\"bind\" lit=1.5e-3 as=\"x\" end", Code::COV_BAD_VALUE),
        ("step id=\"a\" kind=\"bind\" lit=0x1F as=\"x\" end", Code::COV_BAD_VALUE),
        ("step id=\"a\" kind=\"bind\" lit=1_000 as=\"x\" end", Code::COV_BAD_VALUE),
        (
            "step id=\"a\" kind=\"parallel\" timeout=1e3 branch id=\"b\" step id=\"c\" kind=\"bind\" lit=1 as=\"x\" end end as=\"y\" end",
            Code::COV_DURATION,
        ),
        (
            "step id=\"a\" kind=\"parallel\" timeout=5 s branch id=\"b\" step id=\"c\" kind=\"bind\" lit=1 as=\"x\" end end as=\"y\" end",
            Code::COV_DURATION,
        ),
        ("step id=\"a\" kind=\"bind\" lit=5x as=\"x\" end", Code::COV_DURATION),
        ("step id=\"a\" kind=\"bind\" lit=[1,,2] as=\"x\" end", Code::COV_BAD_VALUE),
        ("step id=\"a\" kind=\"bind\" lit={a:1, b:{c:2}} as=\"x\" end", Code::COV_BAD_VALUE),
        ("step id=\"a\" kind=\"bind\" lit={\"a\": 1, \"a\": 2} as=\"x\" end", Code::COV_BAD_VALUE),
        ("step id=\"a\" kind=\"bind\" lit=1 as=1 end", Code::COV_BAD_VALUE),
        (
            "step id=\"a\" kind=\"bind\" lit=1 as=\"x\" handle case type=\"E\" end end end",
            Code::COV_UNEXPECTED,
        ),
        ("step id=\"a\" kind=\"bind\" lit=1 from=\"b\" as=\"x\" end", Code::COV_UNEXPECTED),
        (
            "step id=\"a\" kind=\"return\" lit=1 struct type=\"A\" end as=\"_\" end",
            Code::COV_UNEXPECTED,
        ),
        ("step id=\"a\" kind=\"call\" fn=\"f\" input lit=1 as=\"x\" end", Code::COV_UNEXPECTED),
        (
            "step id=\"a\" kind=\"if\" condition=\"c\" then end then end as=\"x\" end",
            Code::COV_REPEATED,
        ),
        ("step id=\"a\" kind=\"bind\" lit=1 as=\"x\" End", Code::COV_UNKNOWN_WORD),
        ("step id=\"a\" kind=\"call\" fn=\"f\" tool=\"t\" as=\"x\" end", Code::COV_UNEXPECTED),
        (
            "step id=\"a\" kind=\"update_all\" target=\"t\" set field=\"f\" lit=1 as=\"x\" end",
            Code::COV_UNEXPECTED,
        ),
        (
            "snippet id=\"a\" kind=\"fn\" step id=\"s\" kind=\"bind\" lit=1 as=\"x\" end end",
            Code::COV_UNEXPECTED,
        ),
        (
            "snippet id=\"a\" kind=\"fn\" body snippet id=\"c\" kind=\"fn\" end end end",
            Code::COV_UNCLOSED,
        ),
        ("step id=\"a\" kind=\"bind\" lit=1 as=\"\" end", Code::COV_BAD_VALUE),
        (
            "snippet id=\"a\" kind=\"data\" requires req id=\"r\" priority huge text \"t\" end end end",
            Code::COV_UNKNOWN_WORD,
        ),
        (
            "snippet id=\"a\" kind=\"fn\" behaviour step id=\"s\" kind=\"if\" x end y \"z\" end content \"t\" end end",
            Code::COV_UNKNOWN_WORD,
        ),
        ("snippet id=\"a\" kind=\"fn\" behaviour end", Code::COV_UNKNOWN_WORD),
        (
            "step id=\"a\" kind=\"if\" condition=\"c\" then step id=\"s\" kind=\"bind\" lit=1 as=\"x\" end as=\"y\" end",
            Code::COV_UNCLOSED,
        ),
        (
            "snippet id=\"a\" kind=\"test\" tests test id=\"t\" kind=\"unti\" end end end",
            Code::COV_UNKNOWN_WORD,
        ),
        ("snippet id=\"a\" kind=\"fn\" body end body end end", Code::COV_REPEATED),
        (
            "snippet id=\"a\" kind=\"struct\" signature struct name=\"A\" field name=\"a\" type=\"Int\" field name=\"a\" type=\"Int\" end end end",
            Code::COV_REPEATED,
        ),
    ] {
        let (file, codes, drawing) = parse(&format!("{text}{rest}"));
        assert_eq!(codes, [code], "{text}\n{drawing}");
        assert_eq!(file.blocks.last().unwrap().text("id"), Some("b"), "{text}");
    }
}

#[test]
fn a_line_of_returns_may_be_closed_as_if_it_were_a_block() {
    let returns = "returns type=\"Int\"";
    let body = "body step id=\"q\" kind=\"query\" dialect=\"sqlite\" target=\"d\"\nbody\nselect 1\nend\n\
                returns collection of=\"Int\" end\nas=\"x\" end end";
    for (signature, rest) in [
        (format!("{returns} end"), body),
        (format!("{returns} end param name=\"b\" type=\"Int\""), body),
        (format!("{returns} end"), "// more\ntests end"),
        (format!("{returns} end"), ""),
        (returns.to_owned(), ""),
        (returns.to_owned(), body),
    ] {
        let one = format!(
            "snippet id=\"a.f\" kind=\"fn\" signature fn name=\"f\" param name=\"a\" type=\"Int\" {signature} end end {rest} end\n"
        );
        let two = format!("{one}{}", one.replace("a.f", "a.g"));
        for text in [&one, &two] {
            let file = good(text);
            assert!(file.blocks.iter().all(|block| block.text("id").is_some()));
            // It is printed without.
            let formatted = cov::format(&Source::new("test.cov", &**text)).unwrap();
            assert!(formatted.contains("    returns type=\"Int\"\n"), "{formatted}");
            assert_eq!(cov::format(&Source::new("test.cov", &*formatted)).unwrap(), formatted);
        }
    }
}

#[test]
fn a_text_without_its_end_is_one_problem() {
    for text in [
        "step id=\"a\" kind=\"bind\" lit=\"b as=x\nend\n",
        "snippet id=\"a\" kind=\"data\" content \"\"\"b\nend\nend\n",
    ] {
        let (_, codes, drawing) = parse(text);
        assert_eq!(codes, [Code::COV_BAD_VALUE], "{drawing}");
    }
}

#[test]
fn a_number_may_have_a_type_of_several_parts() {
    for kind in ["Int?", "Way::Sea", "List<Int>"] {
        let wanted = ValueKind::Typed(Box::new(ValueKind::Int(8)), kind.into());
        assert_eq!(value(&format!("8:{kind}")), wanted);
    }
    assert_eq!(value("[8:Int, 9]"), ValueKind::Array(vec![value("8:Int"), ValueKind::Int(9)]));
}

#[test]
fn an_end_of_the_sql_text_may_stand_before_its_as() {
    let sql = "\n  SELECT CASE WHEN a THEN 1\n  end\n  as b\n  ";
    let file = good(&format!(
        "step id=\"a\" kind=\"query\" dialect=\"postgres\" target=\"db\"\n  body{sql}end\n  returns type=\"Row\"\n  as=\"row\"\nend\n"
    ));
    let body = file.blocks[0].blocks().find(|block| &*block.word.text == "body").unwrap();
    let Entry::Value(text) = &body.entries[0] else { panic!("{body:?}") };
    assert_eq!(text.kind, ValueKind::Text(sql.trim_end_matches(' ').into()));
}

#[test]
fn a_test_may_cover_several_requirements() {
    good(
        "snippet id=\"a\" kind=\"test\" tests test id=\"t\" covers=\"a\" covers=\"b\" end end end",
    );
}
