//! The binary as scripts use it: exit codes, what goes to stdout, what to stderr.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use support::{Directory, rejoin};

const APP: &str = r#"
pipeline main =
  |> jq: `{ args: $context.args, options: $context.options, given: .given }`

pipeline broken =
  |> jq: `error("no")`

GET /hello/:name
  |> jq: `{ hello: .params.name, x: .query.x, body: .body }`

POST /echo
  |> jq: `.body`

GET /fails
  |> jq: `{ errors: [{ type: "timeoutError" }] }`
"#;

#[test]
fn usage() {
    let directory = Directory::new();
    let run = directory.rejoin(&["--version"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, concat!("rejoin ", env!("CARGO_PKG_VERSION"), "\n"))
    );
    for arguments in [
        &[][..],
        &["nonsense"],
        &["serve"],
        &["serve", "a.wp", "--port", "high"],
        &["run", "f", "--arg", "x"],
    ] {
        let run = directory.rejoin(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(!run.stderr.is_empty());
    }
    for command in ["serve", "check", "test", "run", "fmt", "explain", "fetch", "migrate", "new"] {
        let help = directory.rejoin(&[command, "--help"]);
        assert_eq!(help.code, 0);
        assert!(help.stdout.contains(&format!("Example:\n  rejoin {command}")), "{}", help.stdout);
    }
}

#[test]
fn explain_shows_programs_and_diagnostics() {
    let directory = Directory::new();
    directory.write("app.wp", APP);
    let whole = directory.rejoin(&["explain", "app.wp"]);
    assert_eq!((whole.code, whole.stderr.as_str()), (0, ""));
    assert!(
        whole.stdout.starts_with("GET /hello/:name  (app.wp:8)\n└─ jq: { hello"),
        "{}",
        whole.stdout
    );
    assert!(whole.stdout.contains("\npipeline main  (app.wp:2)\n"), "{}", whole.stdout);
    let one = directory.rejoin(&["explain", "app.wp", "GET /hello/x?x=1", "--format", "json"]);
    let json = support::json(&one.stdout);
    let bodies = json.get("bodies").and_then(|bodies| bodies.as_array().map(|list| list.len()));
    assert_eq!(bodies, Some(1), "{}", one.stdout);
    let chart = directory.rejoin(&["explain", "app.wp", "main", "--format", "mermaid"]);
    assert!(chart.stdout.starts_with("flowchart TD\n"), "{}", chart.stdout);
    let none = directory.rejoin(&["explain", "app.wp", "nothing"]);
    assert_eq!((none.code, none.stdout.as_str()), (1, ""));
    assert!(none.stderr.contains("neither a route nor a pipeline `nothing`"), "{}", none.stderr);
    directory.write("bad.wp", "GET /\n  |> jqq: `1`\n");
    let bad = directory.rejoin(&["explain", "bad.wp"]);
    assert_eq!((bad.code, bad.stdout.as_str()), (1, ""));
    assert!(bad.stderr.contains("E0101"), "{}", bad.stderr);
    let page = directory.rejoin(&["explain", "e0101"]);
    assert_eq!(page.code, 0);
    assert!(page.stdout.starts_with("# E0101: "), "{}", page.stdout);
    let step = directory.rejoin(&["explain", "fetch"]);
    assert!(step.stdout.starts_with("# fetch\n"), "{}", step.stdout);
    for (arguments, says) in [
        (
            &["explain", "e0101", "--suggest"][..],
            "`e0101` is a diagnostic, whose page takes no `--suggest`",
        ),
        (
            &["explain", "fetch", "--format", "json"],
            "`fetch` is a step, whose page takes no `--format`",
        ),
        (&["explain", "fetch", "GET /"], "takes no target such as `GET /`"),
    ] {
        let refused = directory.rejoin(arguments);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
    }
    let near = directory.rejoin(&["explain", "fecth"]);
    assert!(near.stderr.contains("no step is called so: did you mean `fetch`?"), "{}", near.stderr);
    let no_step = directory.rejoin(&["explain", "transmogrify"]);
    assert_eq!(no_step.code, 1, "{}", no_step.stderr);
    assert!(
        no_step.stderr.contains("no step is called so: there are assert, auth, cache"),
        "{}",
        no_step.stderr
    );
    let unknown = directory.rejoin(&["explain", "E9999"]);
    assert_eq!(
        (unknown.code, unknown.stderr.as_str()),
        (1, "error: no diagnostic has the code E9999\n")
    );
}

#[test]
fn imported_files_have_names_and_tests_of_their_own() {
    let directory = Directory::new();
    std::fs::create_dir(directory.0.join("lib")).unwrap();
    let app = r#"import "lib/shop.wp" as shop

pipeline load =
  |> jq: `{ from: "app" }`

handlebars item = `<b>{{> shop/item}}</b>`

GET /both
  |> load
  |> jq: `{ app: .from }`
  |> pipeline: shop::load
  |> jq: `{ app, shop: .from }`

GET /page
  |> jq: `{ title: "T" }`
  |> handlebars: `{{> item}}{{#> shop/frame}}{{title}}{{/shop/frame}}`

GET /theirs
  |> jq: `{ title: "T" }`
  |> handlebars: shop::page

GET /lost
  |> handlebars: `{{> frame}}`
"#;
    let shop = r#"import "../rest.wp" as rest

pipeline load =
  |> jq: `{ from: "shop" }`

pipeline other =
  |> jq: `{ from: "shop" }`

handlebars item = `<i>{{title}}</i>`
handlebars frame = `[{{> @partial-block}}{{> item}}{{> rest/end}}]`
handlebars page = `{{> item}}!{{#*inline "frame"}}own{{/inline}}{{> frame}}`

GET /shop
  |> load
  |> jq: `{ from }`

describe "shop"
  it "is found by its own name"
    when executing pipeline load
    then output `.from` equals "shop"

  it "has its route"
    when calling GET /shop
    then output `.from` equals "shop"
"#;
    let rest = "handlebars end = `{{> item}}`\nhandlebars item = `end`\n";
    directory.write("app.wp", app);
    directory.write("lib/shop.wp", shop);
    directory.write("rest.wp", rest);
    let checked = directory.rejoin(&["check", "app.wp"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (0, ""), "{}", checked.stdout);
    let says = |target: &str| {
        let ran = directory.rejoin(&["run", "app.wp", target]);
        (ran.code, ran.stdout.split_whitespace().collect::<String>(), ran.stderr)
    };
    assert_eq!(says("GET /both").1, r#"{"app":"app","shop":"shop"}"#);
    assert_eq!(says("GET /shop").1, r#"{"from":"shop"}"#);
    assert_eq!(says("GET /page").1, "<b><i>T</i></b>[T<i>T</i>end]");
    assert_eq!(says("GET /theirs").1, "<i>T</i>!own");
    assert!(says("GET /lost").1.contains("nopartialiscalled`frame`"), "{:?}", says("GET /lost"));
    assert_eq!(says("load").1, r#"{"from":"app"}"#);
    let (code, out, error) = says("other");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.contains("has no pipeline `other`"), "{error}");
    let tested = directory.rejoin(&["test", "app.wp"]);
    assert_eq!(tested.stdout.lines().last(), Some("2 passed, 0 failed"), "{}", tested.stderr);
}

#[test]
fn check_reports_every_file_and_fails_if_one_has_errors() {
    let directory = Directory::new();
    directory.write("good.wp", "GET /\n  |> jq: `{ a: 1 }`\n");
    directory.write("bad.wp", "GET /\n  |> jqq: `{ a: 1 }`\n\nGET /b\n  |> jq: `{ a: `\n");
    let good = directory.rejoin(&["check", "good.wp"]);
    assert_eq!((good.code, good.stdout.as_str()), (0, "good.wp: no problems\n"), "{}", good.stderr);

    let bad = directory.rejoin(&["check", "bad.wp", "good.wp", "missing.wp"]);
    assert_eq!(bad.code, 1);
    assert!(bad.stdout.contains("jqq"), "{}", bad.stdout);
    assert!(bad.stdout.contains("bad.wp: 2 errors"), "{}", bad.stdout);
    assert!(bad.stdout.contains("good.wp: no problems"), "{}", bad.stdout);
    assert_eq!(bad.stderr, "error: there is no file `missing.wp`\n");
    assert!(!bad.stdout.contains('\u{1b}'), "colours only on a terminal");

    let json = directory.rejoin(&[
        "check",
        "bad.wp",
        "--format",
        "json",
        "--database",
        "postgres://u@127.0.0.1:1/x",
    ]);
    assert_eq!(json.code, 1);
    let problems: Vec<_> = json.stdout.lines().map(support::json).collect();
    assert_eq!(problems.len(), 2, "{}", json.stdout);
    for problem in problems {
        assert_eq!(problem.get("severity").and_then(|v| v.as_str()), Some("error"));
        assert_eq!(problem.get("file").and_then(|v| v.as_str()), Some("bad.wp"));
        assert!(problem.get("line").and_then(|v| v.as_i64()).is_some());
    }
    assert!(json.stderr.contains("the database cannot be reached"), "{}", json.stderr);
}

#[test]
fn functions_are_checked_and_formatted() {
    let directory = Directory::new();
    directory.write("good.cov", "step id=\"a\" kind=\"bind\" lit=1 as=\"x\" end\n");
    directory.write("bad.cov", "step id=\"a\" kind=\"bidn\" lit=1 as=\"x\" end\n");
    let good = directory.rejoin(&["check", "good.cov"]);
    assert_eq!((good.code, good.stdout.as_str()), (0, "good.cov: no problems\n"));
    let bad = directory.rejoin(&["check", "--format", "json", "bad.cov"]);
    let problem = support::json(bad.stdout.trim());
    assert_eq!(bad.code, 1);
    assert_eq!(problem.get("code").and_then(|v| v.as_str()), Some("E0055"));
    assert_eq!(directory.rejoin(&["fmt", "--check", "good.cov"]).code, 1);
    assert_eq!(directory.rejoin(&["fmt", "good.cov"]).code, 0);
    let laid_out = std::fs::read_to_string(directory.path("good.cov")).unwrap();
    assert_eq!(laid_out, "step id=\"a\" kind=\"bind\"\n  lit=1\n  as=\"x\"\nend\n");
    assert_eq!(directory.rejoin(&["fmt", "--check", "good.cov"]).code, 0);
}

#[test]
fn patterns_that_nobody_can_read_are_found_before_they_fit_nothing() {
    let directory = Directory::new();
    let step = |id: &str, pattern: &str| {
        format!(
            "step id=\"{id}\" kind=\"call\" fn=\"std.text.regex_test\" arg name=\"pattern\" lit=\"{pattern}\" \
             arg name=\"input\" from=\"text\" as=\"{id}\" end\n"
        )
    };
    let inside = format!(
        "step id=\"i\" kind=\"parallel\" branch id=\"b\" {} end as=\"all\" end\n",
        step("c", "a{2,1}")
    );
    let text = step("a", "^[a-z]+$") + &step("b", "(open") + &step("d", "(?=x)") + &inside;
    directory.write("a.cov", &text);
    let checked = directory.rejoin(&["check", "a.cov"]);
    assert_eq!(checked.code, 0, "{}", checked.stdout);
    for wanted in ["`(open` is no regular expression: unclosed group", "`(?=x)`", "`a{2,1}`"] {
        assert!(checked.stdout.contains(wanted), "{}", checked.stdout);
    }
    assert!(checked.stdout.ends_with("a.cov: 3 warnings\n"), "{}", checked.stdout);
    assert_eq!(checked.stdout.matches("W0066").count(), 3, "{}", checked.stdout);

    let index = "step id=\"i\" kind=\"call\" fn=\"std.storage.doc.create_index\" arg name=\"collection\" lit=\"a\" \
                 arg name=\"field\" lit=\"b\" as=\"_\" end\n";
    directory.write("b.cov", index);
    let checked = directory.rejoin(&["check", "b.cov"]);
    assert!(checked.stdout.contains("W0068"), "{}", checked.stdout);
    assert_eq!((checked.code, directory.rejoin(&["run", "b.cov"]).code), (0, 0));

    // The same is said of files that a program imports, each in its own lines.
    directory
        .write("app.wp", "import \"a.cov\" as a\nimport \"b.cov\" as b\n\nGET /\n  |> jq: `1`\n");
    let imported = directory.rejoin(&["check", "app.wp"]).stdout;
    assert_eq!(imported.matches("W0066").count(), 3, "{imported}");
    assert_eq!(imported.matches("W0068").count(), 1, "{imported}");
    assert!(imported.contains("a.cov:2:") && imported.contains("b.cov:1:"), "{imported}");
}

#[test]
fn branches_that_end_at_the_same_moment_end_in_the_order_written() {
    let directory = Directory::new();
    let branch = |id: &str| {
        format!(
            "branch id=\"{id}\" step id=\"{id}1\" kind=\"call\" fn=\"timers.delay\" arg name=\"ms\" lit=5 as=\"_\" end \
             step id=\"{id}2\" kind=\"bind\" lit=\"{id}\" as=\"{id}\" end end\n"
        )
    };
    let branches: String = ["a", "b", "c", "d"].map(branch).concat();
    let text = format!(
        "step id=\"p\" kind=\"race\" {branches} as=\"x\" end\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end\n"
    );
    directory.write("a.cov", &text);
    for _ in 0..5 {
        assert_eq!(directory.rejoin(&["run", "a.cov"]).stdout, "\"a\"\n");
    }
}

#[test]
fn a_failure_that_is_not_declared_is_said_to_be_none() {
    let directory = Directory::new();
    let run = |returns: &str| {
        let text = format!(
            "snippet id=\"t.f\" kind=\"fn\"\nsignature\nfn name=\"f\" {returns} end\nend\nbody\n\
             step id=\"a\" kind=\"call\" fn=\"json.parse\" arg name=\"input\" lit=\"{{\" as=\"x\" end\n\
             step id=\"b\" kind=\"return\" from=\"x.a\" as=\"_\" end\nend\nend\n"
        );
        directory.write("a.cov", &text);
        let ran = directory.rejoin(&["run", "a.cov", "f"]);
        assert_eq!(ran.code, 1, "{}", ran.stdout);
        ran.stderr
    };
    let failed = "error: the function failed with JsonError::ParseError";
    assert_eq!(
        run("returns type=\"Int\""),
        format!("{failed}, which it does not declare (E-RT-ERROR)\n")
    );
    for admits in ["", "returns type=\"Any\"", "returns union type=\"Int\" type=\"JsonError\" end"]
    {
        assert_eq!(run(admits), format!("{failed}\n"), "{admits}");
    }
}

#[test]
fn functions_are_explained() {
    let directory = Directory::new();
    directory.write(
        "a.cov",
        "snippet id=\"a.one\" kind=\"fn\"\nbody\nstep id=\"r\" kind=\"return\" lit=1 as=\"_\" end\nend\nend\n",
    );
    let tree = directory.rejoin(&["explain", "a.cov", "one"]);
    assert_eq!(
        (tree.code, &*tree.stdout),
        (0, "a.one  (a.cov:1)\n└─ return 1\n"),
        "{}",
        tree.stderr
    );
    let json = directory.rejoin(&["explain", "a.cov", "--format", "json"]);
    assert!(support::json(&json.stdout).get("bodies").is_some());
    let chart = directory.rejoin(&["explain", "a.cov", "--format", "mermaid"]);
    assert!(chart.stdout.starts_with("flowchart TD\n"), "{}", chart.stdout);
    let nothing = directory.rejoin(&["explain", "a.cov", "--suggest"]);
    assert!(nothing.stdout.starts_with("nothing to suggest"), "{}", nothing.stdout);
    let unknown = directory.rejoin(&["explain", "a.cov", "two"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.stderr.contains("has no function `two`: it has a.one"), "{}", unknown.stderr);
}

#[test]
fn a_function_has_no_more_effects_than_it_is_allowed() {
    let directory = Directory::new();
    directory.write(
        "f.cov",
        r#"
snippet id="box.read" kind="fn"
effects
  effect filesystem
end
signature
  fn name="read"
    param name="path" type="String"
    returns type="Any"
  end
end
body
  step id="r" kind="call" fn="fs.read_file" arg name="path" from="path" as="text" end
  step id="e" kind="return" from="text" as="_" end
end
end
"#,
    );
    for (name, text) in [("in.txt", "inside"), ("out.txt", "outside")] {
        directory.write(name, text);
    }
    std::fs::create_dir(directory.path("inbox")).unwrap();
    std::fs::rename(directory.path("in.txt"), directory.path("inbox/in.txt")).unwrap();
    let read = |allow: &[&str], path: &str| {
        let path = format!("path={path}");
        let all = [&["run"], allow, &["f.cov", "read", "--arg", &path]].concat();
        directory.rejoin(&all)
    };
    assert_eq!(read(&[], "out.txt").stdout, "\"outside\"\n");
    let inbox = ["--allow", "network", "--allow", "filesystem=inbox"];
    assert_eq!(read(&inbox, "inbox/in.txt").stdout, "\"inside\"\n");
    for path in ["out.txt", "inbox/../out.txt"] {
        let outside = read(&inbox, path);
        assert_eq!(outside.code, 1);
        assert!(outside.stdout.contains("IoError::PermissionDenied"), "{}", outside.stdout);
    }
    for allow in [["--allow", "none"], ["--allow", "network"]] {
        let refused = read(&allow, "inbox/in.txt");
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
        assert!(
            refused.stderr.contains(
                "`box.read` needs the effect `filesystem`, because of `fs.read_file`, and this run does not allow it"
            ),
            "{}",
            refused.stderr
        );
    }
    for (allow, says) in [
        (&["--allow", "netwrok"][..], "there is no effect `netwrok`: did you mean `network`?"),
        (&["--allow", "teleport"], "there is no effect `teleport`: there are console, database"),
        (&["--allow", "network,filesystem"], "write `--allow` once for each"),
        (&["--allow", "none", "--allow", "network"], "`--allow none` allows nothing"),
        (&["--allow", "network=shop.internal"], "only `filesystem` can be limited, to a folder"),
        (&["--allow", "filesystem="], "the folder is missing behind the `=`"),
    ] {
        let refused = read(allow, "inbox/in.txt");
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
    }
    directory.write("a.wp", "pipeline main =\n  |> jq: `1`\n");
    let pipeline = directory.rejoin(&["run", "--allow", "none", "a.wp"]);
    assert_eq!(pipeline.code, 2);
    assert!(pipeline.stderr.contains("functions of `.cov` files only"), "{}", pipeline.stderr);
}

#[test]
fn functions_run_with_named_arguments() {
    let directory = Directory::new();
    directory.write(
        "f.cov",
        r#"
snippet id="shop.greet" kind="fn"
effects
  effect console
end
signature
  fn name="greet"
    param name="name" type="String"
    param name="times" type="Int" optional default=2
    returns union
      type="Greeting"
      type="GreetError"
    end
  end
end
body
  step id="s1" kind="call"
    fn="console.error"
    arg name="message" from="name"
    as="_"
  end
  step id="s2" kind="compute"
    op=less
    input var="times"
    input lit=0
    as="negative"
  end
  step id="s3" kind="if"
    condition="negative"
    then
      step id="s3a" kind="return"
        variant type="GreetError::Negative"
          field name="times" from="times"
        end
        as="_"
      end
    end
    as="_"
  end
  step id="s4" kind="parallel"
    timeout=5s
    branch id="text"
      step id="s4a" kind="compute"
        op=repeat
        input var="name"
        input var="times"
        as="said"
      end
    end
    branch id="length"
      step id="s4b" kind="call"
        fn="text.str_len"
        arg name="s" from="name"
        as="n"
      end
    end
    as="both"
  end
  step id="s5" kind="return"
    from="both"
    as="_"
  end
end
end
"#,
    );
    let run = directory.rejoin(&["run", "f.cov", "greet", "--arg", "name=42"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, "42\n"));
    let value = support::json(&run.stdout);
    assert_eq!(value.get("text").and_then(|v| v.as_str()), Some("4242"));
    assert_eq!(value.get("length").and_then(|v| v.as_i64()), Some(2));
    let run =
        directory.rejoin(&["run", "f.cov", "greet", "--input", r#"{"name": "ab", "times": 3}"#]);
    assert_eq!((run.code, run.stderr.as_str()), (0, "ab\n"));
    assert_eq!(support::json(&run.stdout).get("text").and_then(|v| v.as_str()), Some("ababab"));
    let failed =
        directory.rejoin(&["run", "f.cov", "greet", "--arg", "name=a", "--arg", "times=-1"]);
    assert_eq!(failed.code, 1);
    assert!(failed.stdout.contains("GreetError::Negative"), "{}", failed.stdout);
    for (arguments, wanted) in [
        (&["greet"][..], "the parameter `name` has no value"),
        (&["greet", "--arg", "nmae=a"], "no parameter is called `nmae`: it takes name, times"),
        (&["greet", "--arg", "name=a", "--arg", "times=x"], "`times` is of type Int"),
        (&["greet", "--input", r#"{"nmae": "a"}"#], "no parameter is called `nmae`"),
        (&["greet", "--input", "{}"], "`name` of type String is missing"),
        (&["greet", "--input", "7"], "the inputs must be an object, not number"),
        (&["other"], "there is no function `other`: the file has shop.greet"),
    ] {
        let refused = directory.rejoin(&[&["run", "f.cov"], arguments].concat());
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
        assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
    }
    for (arguments, wanted) in [
        (
            &["--input", "{}", "--arg", "name=a"][..],
            "from `--input` or from `--arg`, not from both",
        ),
        (&["--input", "{"], "--input is not JSON"),
        (&["--", "a"], "a function takes no words"),
    ] {
        let refused = directory.rejoin(&[&["run", "f.cov", "greet"], arguments].concat());
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
        assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
    }
    let main = |id: &str| {
        format!(
            "snippet id=\"{id}\" kind=\"fn\"\nsignature fn name=\"main\" end end\nbody\nstep id=\"r\" kind=\"return\" lit=1 as=\"_\" end\nend\nend\n"
        )
    };
    directory.write("none.cov", "snippet id=\"t.m\" kind=\"module\"\nend\n");
    directory.write("two.cov", &(main("a.main") + &main("b.main")));
    for (file, wanted) in [
        ("none.cov", "there is no function `main`: the file has none\n"),
        (
            "two.cov",
            "several functions are called `main`: write the id of the one that is meant: a.main, b.main",
        ),
    ] {
        let refused = directory.rejoin(&["run", file]);
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
        assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
    }
}

#[test]
fn check_survives_what_is_no_program() {
    let directory = Directory::new();
    directory.write("nested.wp", &format!("GET /\n  |> jq: `{}`\n", "[".repeat(100_000)));
    std::fs::write(directory.path("binary.wp"), b"GET /\n\xff\xfe").unwrap();
    std::fs::create_dir(directory.path("folder.wp")).unwrap();
    let nested = directory.rejoin(&["check", "nested.wp"]);
    assert_eq!(nested.code, 1, "{}", nested.stderr);
    let binary = directory.rejoin(&["check", "binary.wp"]);
    assert_eq!(binary.code, 1);
    assert!(binary.stderr.contains("not UTF-8 text (line 2)"), "{}", binary.stderr);
    assert_eq!(directory.rejoin(&["check", "folder.wp"]).code, 1);
}

#[test]
fn fmt_replaces_files_and_leaves_those_with_errors_alone() {
    let directory = Directory::new();
    let (good, odd, bad) = ("GET /a |> log\n", "GET /b\n|>log:`x` # y", "GET /c\n|> jq: `{ a: \n");
    directory.write("good.wp", good);
    directory.write("odd.wp", odd);
    directory.write("bad.wp", bad);
    let text = |name: &str| std::fs::read_to_string(directory.path(name)).unwrap();

    let check = directory.rejoin(&["fmt", "--check", "good.wp", "odd.wp"]);
    assert_eq!((check.code, check.stdout.as_str()), (1, "odd.wp\n"), "{}", check.stderr);
    assert_eq!(text("odd.wp"), odd, "only looked at");

    let all = directory.rejoin(&["fmt", "missing.wp", "bad.wp", "odd.wp", "good.wp"]);
    assert_eq!((all.code, all.stdout.as_str()), (1, ""));
    assert!(all.stderr.starts_with("error: there is no file `missing.wp`\n"), "{}", all.stderr);
    assert!(all.stderr.contains("bad.wp:2"), "{}", all.stderr);
    assert_eq!(text("bad.wp"), bad);
    assert_eq!(text("odd.wp"), "GET /b\n  |> log: `x` # y\n");
    assert_eq!(text("good.wp"), good);

    let done = directory.rejoin(&["fmt", "--check", "good.wp", "odd.wp"]);
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (0, "", ""));
    assert_eq!(directory.rejoin(&["fmt"]).code, 2);
}

#[test]
fn run_prints_the_answer_of_a_route() {
    let directory = Directory::new();
    directory.write("app.wp", APP);
    let run = directory.rejoin(&["run", "app.wp", "GET /hello/ada%20l?x=2"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout, "{\n  \"hello\": \"ada l\",\n  \"x\": 2,\n  \"body\": {}\n}\n");
    assert_eq!(run.stderr, "");
    let echo = directory.rejoin(&["run", "app.wp", "POST /echo", "--input", "[1, 2]"]);
    assert_eq!(support::json(&echo.stdout).to_json(), "[1,2]");
    let missing = directory.rejoin(&["run", "app.wp", "GET /nothing"]);
    assert_eq!(missing.code, 1);
    assert!(missing.stdout.contains("not-found"), "{}", missing.stdout);
    assert!(missing.stderr.contains("status 404"), "{}", missing.stderr);
    let fails = directory.rejoin(&["run", "app.wp", "GET /fails"]);
    assert_eq!(fails.code, 1);
    assert!(fails.stderr.contains("status 504"), "{}", fails.stderr);
    let odd = directory.rejoin(&["run", "app.wp", "GET nothing at all"]);
    assert_eq!(odd.code, 2);
    assert!(odd.stderr.contains("is no request"), "{}", odd.stderr);
    // It is no host, either.
    let odd = directory.rejoin(&["run", "app.wp", "GET hello"]);
    let said = "error: `GET hello` is no request: a path begins with `/`\n";
    assert_eq!((odd.code, odd.stdout.as_str(), odd.stderr.as_str()), (2, "", said));
    // What a request has no use for is not left out without a word.
    for more in [&["--arg", "a=1"][..], &["--", "word"]] {
        let refused = directory.rejoin(&[&["run", "app.wp", "GET /hello/ada"], more].concat());
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
        assert!(refused.stderr.contains("a request has no `--arg`"), "{}", refused.stderr);
    }
}

/// Linux has a device that is always full.
#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_a_failure() {
    let directory = Directory::new();
    directory.write("app.wp", APP);
    let commands =
        [&["run", "app.wp", "GET /hello/ada"][..], &["explain", "jq"], &["--version"], &["--help"]];
    for arguments in commands {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = support::rejoin(&directory.0);
        let ended = command.args(arguments).stdout(full).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.starts_with("error: cannot write to stdout: No space left"), "{said}");
    }
}

#[test]
fn answers_say_nothing_of_where_files_are_and_a_request_without_a_body_has_no_type() {
    let directory = Directory::new();
    let program = "GET /type |> jq: `{ type: .headers[\"content-type\"] }`\nPOST /type |> jq: `{ type: .headers[\"content-type\"] }`\nGET /lost\n  |> lua: `error(\"no\")`\n  |> result\n    default(500):\n      |> jq: `.errors[0].location`\nGET /abort\n  |> foreach nothing\n    |> log\n  end\n";
    directory.write("app.wp", program);
    let app = directory.path("app.wp").display().to_string();
    let run = |arguments: &[&str]| directory.rejoin(&[&["run", app.as_str()], arguments].concat());
    assert_eq!(support::json(&run(&["GET /type"]).stdout).to_json(), r#"{"type":null}"#);
    let typed = run(&["POST /type", "--input", "1"]);
    assert_eq!(support::json(&typed.stdout).to_json(), r#"{"type":"application/json"}"#);
    assert_eq!(run(&["GET /lost"]).stdout.trim(), "\"app.wp:4\"");
    let aborted = run(&["GET /abort"]).stdout;
    assert!(aborted.contains("at app.wp:9"), "{aborted}");
}

#[test]
fn run_prints_the_answer_of_a_pipeline() {
    let directory = Directory::new();
    directory.write("app.wp", APP);
    let arguments =
        ["run", "app.wp", "--input", r#"{"given": 7}"#, "--arg", "a=1", "--", "word", "--b=2"];
    let run = directory.rejoin(&arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        support::json(&run.stdout).to_json(),
        r#"{"args":["word"],"options":{"a":"1","b":"2"},"given":7}"#
    );
    let broken = directory.rejoin(&["run", "app.wp", "broken"]);
    assert_eq!(broken.code, 1);
    assert!(broken.stdout.contains("jqError"), "{}", broken.stdout);
    let unknown = directory.rejoin(&["run", "app.wp", "nope"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (1, ""));
    assert!(unknown.stderr.contains("no pipeline `nope`"), "{}", unknown.stderr);
    let input = directory.rejoin(&["run", "app.wp", "--input", "{"]);
    assert_eq!(input.code, 2);
    assert!(input.stderr.contains("--input is not JSON"), "{}", input.stderr);
}

#[test]
fn run_reads_its_input_from_stdin() {
    let directory = Directory::new();
    directory.write("app.wp", APP);
    let mut child = rejoin(&directory.0)
        .args(["run", "app.wp", "--input", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"{\"given\": [1]}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(
        support::json(&String::from_utf8(output.stdout).unwrap())
            .path(&["given"])
            .unwrap()
            .to_json(),
        "[1]"
    );
}

#[test]
fn variables_come_from_the_process_then_the_local_file_then_the_shared_one() {
    let directory = Directory::new();
    directory.write("app.wp", "config server {\n  host: $A\n}\nGET /\n  |> jq: `1`\n");
    let serve = || {
        let mut command = rejoin(&directory.0);
        command.args(["serve", "app.wp", "--port", "0"]).env_remove("A");
        command
    };
    let said = |command: &mut Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    // Unset, it takes its block away and nothing else.
    let mut command = rejoin(&directory.0);
    let output = command.args(["run", "app.wp", "GET /"]).env_remove("A").output().unwrap();
    let unset = String::from_utf8(output.stderr).unwrap();
    assert!(unset.contains("W0390") && unset.contains("`A` is not set"), "{unset}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "1\n");
    // No such hosts: which of them is named shows where the value came from.
    directory.write(".env", "A=shared.invalid\n");
    let shared = said(&mut serve());
    assert!(shared.contains("shared.invalid"), "{shared}");
    directory.write(".env.local", "A=\"local.invalid\"\n");
    let local = said(&mut serve());
    assert!(local.contains("local.invalid"), "{local}");
    let process = said(serve().env("A", "process.invalid"));
    assert!(process.contains("process.invalid"), "{process}");
    directory.write(".env", "# no\nB=\"x y\"\nthis is no setting and holds a secret\n");
    let broken = said(&mut serve());
    assert!(broken.contains(".env`: line 3 is") && !broken.contains("secret"), "{broken}");
}

#[test]
fn new_writes_an_app_that_runs() {
    let directory = Directory::new();
    let new = directory.rejoin(&["new", "shop"]);
    assert_eq!(new.code, 0, "{}", new.stderr);
    for file in ["shop/app.wp", "shop/README.md", "shop/.gitignore"] {
        assert!(directory.path(file).is_file(), "{file}");
    }
    let check = directory.rejoin(&["check", "shop/app.wp"]);
    assert_eq!((check.code, check.stdout.as_str()), (0, "shop/app.wp: no problems\n"));
    let tests = directory.rejoin(&["test", "shop/app.wp"]);
    assert_eq!(tests.code, 0, "{}", tests.stdout);
    assert!(tests.stdout.ends_with("2 passed, 0 failed\n"), "{}", tests.stdout);
    assert_eq!(directory.rejoin(&["fmt", "shop/app.wp", "--check"]).code, 0);
    let run = directory.rejoin(&["run", "shop/app.wp", "GET /dashboard/7"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected = r#"{"user":"Ada","orders":2,"spent":42,"news":"Everything rejoins"}"#;
    assert_eq!(support::json(&run.stdout).to_json(), expected);
    let sequential = directory.rejoin(&["run", "shop/app.wp", "GET /dashboard-sequential/7"]);
    assert_eq!(support::json(&sequential.stdout).to_json(), expected);

    let again = directory.rejoin(&["new", "shop"]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    directory.write("other/README.md", "mine");
    assert_eq!(directory.rejoin(&["new", "other"]).code, 1);
    assert!(!directory.path("other/app.wp").exists(), "nothing is written half");
}

#[test]
fn a_script_reads_its_input() {
    let directory = Directory::new();
    directory.write(
        "in.wp",
        "pipeline main =\n  |> stdin: `lines`\n  |> jq: `{ lines: . }`\n  |> stdin\n\npipeline parsed =\n  |> stdin: `json`\n  |> jq: `.a`\n\n\
         GET /x\n  |> stdin\n  |> result\n    stdinError(200):\n      |> jq: `.errors[0].message`\n",
    );
    let run = |arguments: &[&str], input: &str| {
        let mut child = rejoin(&directory.0)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that needs no input may have ended.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    // Asked for twice, it is the same.
    assert_eq!(run(&["run", "in.wp"], "a\nb\n"), "\"a\\nb\\n\"\n");
    assert_eq!(run(&["run", "in.wp", "parsed"], "{\"a\": [1]}"), "[\n  1\n]\n");
    assert!(run(&["run", "in.wp", "parsed"], "no").contains("the input is not JSON"));
    assert!(run(&["run", "in.wp", "GET /x"], "a").contains("there is no input"));
    directory.write("bad.wp", "pipeline main =\n  |> stdin: `line`\n");
    assert!(run(&["check", "bad.wp"], "").contains("did you mean `lines`?"));
}

#[test]
fn a_text_that_is_not_closed_is_one_problem() {
    let directory = Directory::new();
    let program = "GET /a\n  |> jq: `{ a: 1 }\n\nGET /b\n  |> lua: `return 1`\n\nGET /c\n  |> jq: `{ c: 3 }`\n";
    for step in ["jq", "lua", "handlebars"] {
        directory.write("app.wp", &program.replacen("jq", step, 1));
        let ran = directory.rejoin(&["check", "app.wp"]);
        assert!(ran.stdout.contains("app.wp: 1 error\n"), "{}", ran.stdout);
        assert!(ran.stdout.contains("error[E0004]"), "{}", ran.stdout);
    }
}
