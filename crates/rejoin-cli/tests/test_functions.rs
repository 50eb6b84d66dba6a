//! `rejoin test` of `.cov` files: assertions, properties, what stands in for the world, virtual time, orders.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use support::{Directory, Ran};

const QUOTES: &str = r#"
snippet id="quotes.fastest" kind="fn"
effects
  effect network
end
signature
  fn name="fastest"
    returns type="Any"
  end
end
body
  step id="r" kind="race"
    timeout=5s
    branch id="east"
      step id="e" kind="call" fn="http.get" arg name="url" lit="https://east.example/" as="reply" end
    end
    branch id="west"
      step id="w" kind="call" fn="http.get" arg name="url" lit="https://west.example/" as="reply" end
    end
    as="first"
  end
  step id="x" kind="return" from="first.body" as="_" end
end
"#;

/// Answers for HTTP: the far one after three hours.
const STAND_IN: &str = r#"
snippet id="test.get" kind="extern-impl" implements="http.get" platform="test"
body
  step id="c" kind="compute" op=contains input var="url" input lit="east" as="far" end
  step id="i" kind="if"
    condition="far"
    then
      step id="d" kind="call" fn="timers.delay" arg name="ms" lit=10800000 as="_" end
    end
    as="_"
  end
  step id="r" kind="return"
    struct type="Response"
      field name="status" lit=200
      field name="body" from="url"
    end
    as="_"
  end
end
end
"#;

/// Runs `rejoin test` on a file that is a test suite with these tests, and on what else is in it.
fn test(tests: &str, rest: &str, arguments: &[&str]) -> Ran {
    let directory = Directory::new();
    let suite = format!("snippet id=\"suite\" kind=\"test\"\ntests\n{tests}\nend\nend\n{rest}");
    directory.write("a.cov", &suite);
    directory.rejoin(&[&["test", "a.cov"], arguments].concat())
}

fn call(id: &str, function: &str, arguments: &str, name: &str) -> String {
    format!("step id=\"{id}\" kind=\"call\" fn=\"{function}\" {arguments} as=\"{name}\" end\n")
}

fn equals(actual: &str, expected: &str) -> String {
    let arguments = format!("arg name=\"actual\" {actual} arg name=\"expected\" {expected}");
    call("equals", "testing_assert_equals", &arguments, "_")
}

fn one(kind: &str, steps: &str) -> String {
    format!("test id=\"one\" kind=\"{kind}\"\n{steps}end")
}

#[test]
fn what_differs_is_shown_at_its_place() {
    let wanted = r#"lit={"a": 1, "b": [2]}"#;
    let ran = test(&one("unit", &equals(r#"lit={"a": 1, "b": [3]}"#, wanted)), "", &[]);
    assert_eq!(ran.code, 1);
    let shown = r#"FAIL  suite > one
    a.cov:4: testing_assert_equals
        {
          "a": 1,
          "b": [
      -     2
      +     3
          ]
        }
0 passed, 1 failed
"#;
    assert_eq!(ran.stdout, shown);
    let good = test(&one("unit", &equals("lit=2.0", "lit=2")), "", &[]);
    assert_eq!((good.code, &*good.stdout), (0, "PASS  suite > one\n1 passed, 0 failed\n"));
}

#[test]
fn a_failed_assertion_counts_wherever_it_stands() {
    let assertion = call("a", "testing_assert_true", "arg name=\"condition\" lit=false", "_");
    let block = format!(
        "step id=\"p\" kind=\"parallel\" on_error=\"ignore_errors\" branch id=\"b\" {assertion} end as=\"x\" end\n"
    );
    assert_eq!(test(&one("unit", &block), "", &[]).code, 1);
    let named = call("a", "testing_assert_true", "arg name=\"condition\" lit=false", "kept");
    assert_eq!(test(&one("unit", &named), "", &[]).code, 1);
}

#[test]
fn a_failure_that_nobody_looks_at_fails_the_test_and_shows_what_was_printed() {
    let steps = call("p", "console.println", "arg name=\"message\" lit=\"so far\"", "_")
        + "step id=\"d\" kind=\"compute\" op=div input lit=1 input lit=0 as=\"x\" end\n";
    let ran = test(&one("unit", &steps), "", &[]);
    assert_eq!(ran.code, 1);
    for part in ["it ended with RuntimeError", "E-RT-ARITH", "printed: so far"] {
        assert!(ran.stdout.contains(part), "{}", ran.stdout);
    }
}

#[test]
fn what_stands_in_answers_in_virtual_time() {
    let steps = call("c", "quotes.fastest", "", "body")
        + &equals("from=\"body\"", "lit=\"https://west.example/\"");
    let rest = format!("{QUOTES}end\n{STAND_IN}");
    let ran = test(&one("integration", &steps), &rest, &[]);
    assert_eq!((ran.code, &*ran.stdout), (0, "PASS  suite > one\n1 passed, 0 failed\n"));
    // With only the far one its answer would come too late.
    let rest = rest.replace("https://west.example/", "https://east.example/west");
    let ran = test(&one("integration", &steps), &rest, &["--format", "json"]);
    let line = support::json(ran.stdout.lines().next().unwrap());
    assert_eq!(line.get("took_ms").and_then(|v| v.as_f64()), Some(5000.0), "{}", ran.stdout);
    assert!(ran.stdout.contains("TimeoutError"), "{}", ran.stdout);
}

#[test]
fn in_another_order_another_branch_wins() {
    let steps = call("c", "quotes.fastest", "", "body");
    let rest = format!("{QUOTES}end\n{STAND_IN}");
    let ran = test(&one("unit", &steps), &rest, &["--orders"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("the answer is another when `west` ends before `east`"),
        "{}",
        ran.stdout
    );
    let collected =
        rest.replace("kind=\"race\"", "kind=\"parallel\"").replace("first.body", "first.east.body");
    let ran = test(&one("unit", &steps), &collected, &["--orders"]);
    assert_eq!(
        (ran.code, &*ran.stdout),
        (0, "PASS  suite > one  (2 orders)\n1 passed, 0 failed\n")
    );
}

#[test]
fn a_property_is_tried_on_many_values_and_the_one_that_fails_comes_again() {
    let steps = call(
        "g",
        "testing_gen_int",
        "arg name=\"min\" lit=0 arg name=\"max\" lit=1000",
        "n",
    ) + "step id=\"l\" kind=\"compute\" op=less input var=\"n\" input lit=500 as=\"small\" end\n"
        + &call("a", "testing_assert_true", "arg name=\"condition\" from=\"small\"", "_");
    let ran = test(&one("property", &steps), "", &[]);
    assert_eq!(ran.code, 1);
    let (before, after) = ran.stdout.split_once(" (--seed ").unwrap();
    let value: i64 = before.rsplit_once("made up: ").unwrap().1.parse().unwrap();
    assert!((500..=1000).contains(&value), "{value}");
    let seed = after.split_once(' ').unwrap().0;
    // A test that is run once makes values of every size; one of a property begins small.
    let once = test(&one("unit", &steps), "", &["--seed", seed]);
    let again = test(&one("unit", &steps), "", &["--seed", seed]);
    assert_eq!(once.stdout, again.stdout);

    let texts = call("g", "testing_gen_string", "arg name=\"max_len\" lit=9", "s")
        + &call("j", "json.stringify", "arg name=\"value\" from=\"s\"", "text")
        + &call("p", "json.parse", "arg name=\"input\" from=\"text\"", "back")
        + &equals("from=\"back\"", "from=\"s\"")
        + &call("h", "testing_gen_json", "", "v")
        + &call("k", "json.stringify", "arg name=\"value\" from=\"v\"", "text2")
        + &call("q", "json.parse", "arg name=\"input\" from=\"text2\"", "back2")
        + &equals("from=\"back2\"", "from=\"v\"").replace("\"equals\"", "\"equals2\"");
    let ran = test(&one("property", &texts), "", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}

#[test]
fn names_filters_and_reports_are_as_for_other_programs() {
    let two = format!(
        "{}\n{}",
        one("unit", &equals("lit=1", "lit=1")),
        one("unit", &equals("lit=1", "lit=\"<2>\"")).replace("\"one\"", "\"two\"")
    );
    assert_eq!(
        test(&two, "", &["--filter", "suite one"]).stdout,
        "PASS  suite > one\n1 passed, 0 failed\n"
    );
    let junit = test(&two, "", &["--format", "junit"]);
    assert_eq!(junit.code, 1);
    assert!(junit.stdout.contains("tests=\"2\" failures=\"1\""), "{}", junit.stdout);
    assert!(junit.stdout.contains("&lt;2&gt;"), "{}", junit.stdout);
    assert!(junit.stderr.contains("1 passed, 1 failed"), "{}", junit.stderr);
}

#[test]
fn mistakes_in_tests_are_found_before_anything_runs() {
    let unknown = test(&one("unit", &call("c", "testing_assert_equal", "", "_")), "", &[]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.stderr.contains("did you mean `testing_assert_equals`?"), "{}", unknown.stderr);
    let unbound = test(&one("unit", &equals("from=\"nothing\"", "lit=1")), "", &[]);
    assert!(unbound.stderr.contains("nothing has the name `nothing`"), "{}", unbound.stderr);
    let absent = r#"
snippet id="here.there" kind="extern"
signature
  fn name="there"
  end
end
end
"#;
    let absent = test(&one("unit", &call("c", "here.there", "", "_")), absent, &[]);
    assert!(absent.stdout.contains("supplied by the host"), "{}", absent.stdout);
    assert_eq!(absent.code, 1);
    let directory = Directory::new();
    directory.write("a.cov", &call("g", "testing_gen_id", "", "x"));
    let outside = directory.rejoin(&["run", "a.cov", "main"]);
    assert!(outside.stderr.contains("`testing_gen_id` outside of a test"), "{}", outside.stderr);
}

#[test]
fn a_wait_of_months_takes_no_time() {
    let steps = call("d", "timers.delay", "arg name=\"ms\" lit=9000000000", "_");
    let ran = test(&one("unit", &steps), "", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}

#[test]
fn a_golden_test_returns_what_was_recorded() {
    let directory = Directory::new();
    let write = |value: &str| {
        let steps = call("sum", "text.upper", &format!("arg name=\"s\" lit=\"{value}\""), "made");
        let back = "step id=\"r\" kind=\"return\" struct type=\"Page\" field name=\"title\" from=\"made\" end as=\"_\" end\n";
        let tests = one("golden", &(steps + back)) + "\n" + &one("unit", "").replace("one", "two");
        directory
            .write("a.cov", &format!("snippet id=\"s\" kind=\"test\"\ntests\n{tests}\nend\nend\n"));
    };
    write("a");
    let first = directory.rejoin(&["test", "a.cov"]);
    assert_eq!(first.code, 0, "{}", first.stdout);
    assert_eq!(
        first.stderr,
        "note: `s > one` has no record: --record makes one of what it returns\n"
    );
    let recorded = directory.rejoin(&["test", "a.cov", "--record"]);
    assert_eq!((recorded.code, &*recorded.stderr), (0, ""), "{}", recorded.stdout);
    let file = std::fs::read_to_string(directory.path("a.cov.golden.json")).unwrap();
    assert!(file.contains("\"s > one\"") && file.contains("\"title\": \"A\""), "{file}");
    assert!(!file.contains("two"), "{file}");
    assert_eq!(directory.rejoin(&["test", "a.cov", "--orders"]).code, 0);

    write("b");
    let other = directory.rejoin(&["test", "a.cov"]);
    assert_eq!(other.code, 1);
    assert!(other.stdout.contains("something else than was recorded"), "{}", other.stdout);
    for line in ["-   \"title\": \"A\"", "+   \"title\": \"B\""] {
        assert!(other.stdout.contains(line), "{}", other.stdout);
    }
    assert_eq!(directory.rejoin(&["test", "a.cov", "--record"]).code, 0);
    assert_eq!(directory.rejoin(&["test", "a.cov"]).code, 0);

    // Nothing at all is something else, too.
    let nothing = one("golden", "");
    directory
        .write("a.cov", &format!("snippet id=\"s\" kind=\"test\"\ntests\n{nothing}\nend\nend\n"));
    assert_eq!(directory.rejoin(&["test", "a.cov"]).code, 1);

    directory.write("a.cov.golden.json", "[");
    let broken = directory.rejoin(&["test", "a.cov"]);
    assert_eq!(broken.code, 1);
    assert!(broken.stderr.contains("remove it to record anew"), "{}", broken.stderr);
}
