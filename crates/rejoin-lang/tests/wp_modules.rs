//! Programs of several files: what names mean in each, and what is said when they mean nothing.

#[path = "support/catalog.rs"]
mod catalog;

use catalog::Catalog;
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::source::Source;
use rejoin_lang::{Loaded, load_with};

/// Loads the first of these files; the others can be imported.
fn load(files: &[(&str, &str)]) -> Loaded {
    let read = |_: &str, path: &str| match files.iter().find(|(name, _)| *name == path) {
        Some((name, text)) => Ok(Source::new(*name, *text)),
        None => Err("there is no such file".to_owned()),
    };
    load_with(Source::new(files[0].0, files[0].1), &Catalog, &read)
}

#[track_caller]
fn plan(files: &[(&str, &str)]) -> String {
    let loaded = load(files);
    let drawn = render_text(&loaded.plan.sources, &loaded.diagnostics, false);
    assert!(!has_errors(&loaded.diagnostics), "{drawn}");
    loaded.plan.to_string()
}

/// The codes and places of a program's problems.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let loaded = load(files);
    let shown = loaded.diagnostics.iter();
    let problems: Vec<String> = shown
        .map(|problem| format!("{} {}", problem.code, loaded.plan.sources.location(problem.span)))
        .collect();
    assert_eq!(
        render_text(&loaded.plan.sources, &loaded.diagnostics, false).is_empty(),
        problems.is_empty()
    );
    problems
}

#[test]
fn names_of_modules_are_resolved_in_them() {
    let plan = plan(&[
        (
            "app.wp",
            "import \"lib.wp\" as lib\njq shape = `{ main: . }`\npipeline load =\n  |> jq: shape\n\
             GET /a\n  |> pipeline: lib::load\n  |> jq: lib::shape\n  |> load\n",
        ),
        (
            "lib.wp",
            "import \"deep.wp\" as deep\njq shape = `{ lib: . }`\npipeline load =\n  |> jq: shape\n\
             |> pipeline: deep::load\nGET /lib\n  |> load\n",
        ),
        ("deep.wp", "pipeline load =\n  |> jq: `{ deep: . }`\n"),
    ]);
    insta::assert_snapshot!(plan);
}

#[test]
fn names_of_modules_may_stand_between_quotes() {
    let main = |of: [&str; 3]| {
        let [pipeline, variable, text] = of;
        plan(&[
            (
                "app.wp",
                &format!(
                    "import \"lib.wp\" as lib\nGET /a\n  |> pipeline: {pipeline}\n  |> jq: {variable}\n  |> log: {text}\n"
                ),
            ),
            ("lib.wp", "jq shape = `{ lib: . }`\npipeline load =\n  |> jq: `1`\n"),
        ])
    };
    let bare = main(["lib::load", "lib::shape", "\"other::text\""]);
    assert!(bare.contains("`other::text`"), "{bare}");
    assert_eq!(main(["\"lib::load\"", "\"lib::shape\"", "\"other::text\""]), bare);
    assert_eq!(main(["` lib::load `", "`lib::shape`", "\"other::text\""]), bare);
    let found = problems(&[
        (
            "app.wp",
            "import \"lib.wp\" as lib\nGET /a\n  |> pipeline: \"lib::none\"\n  |> pipeline: `lob::load`\n",
        ),
        ("lib.wp", "pipeline load =\n  |> jq: `1`\n"),
    ]);
    let expected = ["E0101 app.wp:3", "E0107 app.wp:4"];
    assert_eq!(found, expected);
}

#[test]
fn names_are_resolved_strictly() {
    let lib = ("lib.wp", "jq shape = `{ a: 1 }`\npipeline load =\n  |> jq: shape\n");
    let rows: &[(&str, &[&str])] = &[
        ("GET /a\n  |> load\n", &["E0101 app.wp:3"]),
        ("GET /a\n  |> pipeline: load\n", &["E0101 app.wp:3"]),
        ("GET /a\n  |> pipeline: lib::lod\n", &["E0101 app.wp:3"]),
        ("GET /a\n  |> jq: lib::shap\n", &["E0106 app.wp:3"]),
        ("GET /a\n  |> log: lib::shape\n", &["E0106 app.wp:3"]),
        ("GET /a\n  |> jq: lip::shape\n", &["E0107 app.wp:3"]),
        ("GET /a\n  |> pipeline: lip::load\n", &["E0107 app.wp:3"]),
        ("GET /a\n  |> pipeline: lib::load\n", &[]),
    ];
    for (text, expected) in rows {
        let text = format!("import \"lib.wp\" as lib\n{text}");
        assert_eq!(problems(&[("app.wp", &text), lib]), *expected, "{text}");
    }
    // What an imported file imports is not known where it is imported, and the other way round.
    let app = "import \"mid.wp\" as mid\nGET /a\n  |> pipeline: lib::load\n";
    let mid = ("mid.wp", "import \"lib.wp\" as lib\npipeline p =\n  |> pipeline: mid::p\n");
    assert_eq!(problems(&[("app.wp", app), mid, lib]), ["E0107 app.wp:3", "E0107 mid.wp:3"]);
}

#[test]
fn problems_are_reported_in_the_file_that_has_them() {
    let app = "import \"a.wp\" as a\nimport \"b.wp\" as b\nimport \"c.wp\" as a\nGET /x\n  |> pipeline: b::p\n";
    let a = ("a.wp", "import \"b.wp\" as b\nGET /a\n  |> jq: `.(`\nGET /x\n  |> log\n");
    let b = ("b.wp", "import \"a.wp\" as a\npipeline p =\n  |> log\n");
    assert_eq!(
        problems(&[("app.wp", app), a, b]),
        ["E0118 app.wp:3", "E0201 a.wp:3", "W0306 a.wp:4", "E0119 b.wp:1"]
    );
    assert_eq!(
        problems(&[("app.wp", "import \"no.wp\" as no\nGET /\n  |> jq: no::x\n")]),
        ["E0117 app.wp:1"]
    );
}

#[test]
fn imports_are_bounded() {
    let read = |from: &str, _: &str| Ok(Source::new(format!("{from}x"), "import \"x\" as x"));
    let loaded = load_with(Source::new("x", "import \"x\" as x"), &Catalog, &read);
    let [problem] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
    assert!(problem.message.contains("at most 256 imports"), "{}", problem.message);
}

#[test]
fn settings_of_the_main_file_stand_and_its_flags_alone() {
    let app = "import \"lib.wp\" as lib\nconfig server { port: 1 }\nGET /a\n  |> log\n";
    let lib = ("lib.wp", "config server { port: 2 }\nfeatureFlags =\n  |> lua: `return request`\n");
    let loaded = load(&[("app.wp", app), lib]);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    assert!(loaded.plan.feature_flags.is_none());
    let [server] = &loaded.plan.config[..] else { panic!("{:?}", loaded.plan.config) };
    assert_eq!(format!("{:?}", server.settings[0].value), "Int(1)");
}

#[test]
fn imports_that_say_too_little_are_reported() {
    let rows = [
        ("import \"a.wp\"\nGET /a\n  |> log\n", "E0009 app.wp:1"),
        ("import \"a.wp\" as\nGET /a\n  |> log\n", "E0009 app.wp:1"),
        ("import `lib.wp` as lib\nGET /a\n  |> log\n", "E0012 app.wp:1"),
        ("import = \nGET /a\n  |> log\n", "E0012 app.wp:1"),
    ];
    for (text, expected) in rows {
        let files = [("app.wp", text), ("a.wp", ""), ("lib.wp", "")];
        assert_eq!(problems(&files), [expected], "{text}");
    }
}

#[test]
fn a_name_that_only_a_module_has_is_offered_with_its_module() {
    let loaded = load(&[
        (
            "app.wp",
            "import \"lib.wp\" as zoo\nimport \"lib.wp\" as lib\nGET /a\n  |> load\n  |> pipeline: load\n  |> jq: shape\n",
        ),
        ("lib.wp", "jq shape = `{}`\npipeline load =\n  |> jq: shape\n"),
    ]);
    let helps: Vec<_> =
        loaded.diagnostics.iter().filter_map(|problem| problem.help.as_deref()).collect();
    assert_eq!(
        helps,
        [
            "did you mean `|> pipeline: lib::load`?",
            "did you mean `lib::load`?",
            "did you mean `lib::shape`?"
        ]
    );
}

#[test]
fn partials_of_modules_have_its_name_before_theirs() {
    let parts = ("parts.wp", "template card = `{{> frame}}`\ntemplate frame = `{{> card}}`\n");
    let page = |text: &str, more: &str| {
        let app = format!("import \"parts.wp\" as parts\n{more}GET /a\n  |> template: `{text}`\n");
        problems(&[("app.wp", &app), parts])
    };
    assert!(page("{{> parts/card}}", "").is_empty());
    assert_eq!(page("{{> card}}", ""), ["W0113 app.wp:3"]);
    assert_eq!(page("{{> parts/crad}}", ""), ["W0113 app.wp:3"]);
    assert_eq!(page("{{> prats/card}}", ""), ["W0113 app.wp:3"]);
    // What could not be read may have any.
    assert_eq!(page("{{> lost/card}}", "import \"lost.wp\" as lost\n"), ["E0117 app.wp:2"]);
}

#[test]
fn of_several_schemas_of_a_file_the_last_holds_and_those_of_several_files_are_one() {
    let files = [
        (
            "app.wp",
            "import \"lib.wp\" as lib\ngraphqlSchema = `type Lost { a: Int }`\n\
             graphqlSchema = `type Query { b: Int }`\nquery b = |> jq: `1`\n\
             featureFlags = |> log\nfeatureFlags = |> debug\n",
        ),
        ("lib.wp", "graphqlSchema = `type Other { c: Int }`\n"),
    ];
    assert_eq!(problems(&files), ["W0307 app.wp:2", "W0307 app.wp:5", "W0131 lib.wp:1"]);
    let graphql = load(&files).plan.graphql;
    let texts: Vec<&str> = graphql.schema.iter().map(|text| &*text.value).collect();
    assert_eq!(texts, ["type Query { b: Int }", "type Other { c: Int }"]);
}
