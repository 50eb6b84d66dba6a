//! What comparisons with `none` say about names in `.cov` programs, where several say it together and where a loop binds one again.

use rejoin_lang::cov;
use rejoin_lang::diagnostic::render_text;
use rejoin_lang::source::Source;

/// Whether a body that returns an `Int` is let pass; `a` and `b` may be `none`, `on` is a `Bool` and `m` a map of numbers.
#[track_caller]
fn passes(good: bool, body: &str) {
    let text = format!(
        r#"snippet id="t.f" kind="fn"
signature fn name="f"
  param name="a" type="Int?" param name="b" type="Int?" param name="on" type="Bool"
  param name="l" type="Int[]" param name="m" type="Map<String, Int>"
  returns type="Int"
end end
body
{body}
end
end
snippet id="t.half" kind="fn"
signature fn name="half" param name="n" type="Int" returns type="Int?" end end
body step id="h" kind="return" lit=none as="_" end end
end
"#
    );
    let (functions, problems) = cov::load(Source::new("test.cov", &*text));
    // To bind a name again is no error.
    let errors = problems.iter().filter(|problem| problem.code.id().starts_with('E')).count();
    let drawing = render_text(&functions.sources, &problems, false);
    assert_eq!(errors, usize::from(!good), "{body}{drawing}");
}

fn step(kind: &str, rest: &str, name: &str) -> String {
    // The place in the file tells steps apart.
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let id = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!("step id=\"s{id}\" kind=\"{kind}\" {rest} as=\"{name}\" end\n")
}

fn compared(op: &str, path: &str, name: &str) -> String {
    step("compute", &format!("op={op} input var=\"{path}\" input lit=none"), name)
}

fn both(op: &str, one: &str, other: &str) -> String {
    step("compute", &format!("op={op} input var=\"{one}\" input var=\"{other}\""), "c")
}

fn choose(condition: &str, then: &str, otherwise: &str) -> String {
    step("if", &format!("condition=\"{condition}\" then {then} end else {otherwise} end"), "_")
}

fn back(from: &str) -> String {
    step("return", &format!("from=\"{from}\""), "_")
}

fn zero() -> String {
    step("return", "lit=0", "_")
}

fn each(inner: &str) -> String {
    step("for", &format!("var=\"e\" in=\"l\" {inner}"), "_")
}

#[test]
fn conditions_say_together_what_each_of_them_says() {
    let gone = || compared("equals", "a", "x") + &compared("equals", "b", "y");
    let there = || compared("not_equals", "a", "x") + &compared("not_equals", "b", "y");
    for (good, body) in [
        (true, gone() + &both("or", "x", "y") + &choose("c", &zero(), &back("a"))),
        (true, gone() + &both("or", "x", "y") + &choose("c", &zero(), "") + &back("b")),
        (true, gone() + &both("or", "x", "on") + &choose("c", &zero(), &back("a"))),
        (true, there() + &both("and", "x", "y") + &choose("c", &back("b"), &zero())),
        (true, there() + &both("and", "on", "y") + &choose("c", &back("b"), &zero())),
        // Either may be the reason.
        (false, gone() + &both("or", "x", "y") + &choose("c", &back("a"), &zero())),
        (false, gone() + &both("and", "x", "y") + &choose("c", &zero(), &back("a"))),
        (false, there() + &both("or", "x", "y") + &choose("c", &back("a"), &zero())),
        (false, there() + &both("and", "x", "y") + &choose("c", &zero(), &back("a"))),
        (false, there() + &both("and", "x", "on") + &choose("c", &back("b"), &zero())),
        // Unless both have the same one.
        (
            true,
            compared("equals", "a", "x")
                + &compared("equals", "a", "y")
                + &both("and", "x", "y")
                + &choose("c", &zero(), &back("a")),
        ),
        // Turned, and put together again.
        (
            true,
            gone()
                + &both("or", "x", "y")
                + &step("compute", "op=not input var=\"c\"", "d")
                + &both("and", "d", "on")
                + &choose("c", &back("b"), &zero()),
        ),
        // One of them stands for something else by then.
        (
            false,
            there()
                + &both("and", "x", "y")
                + &step("call", "fn=\"t.half\" arg name=\"n\" lit=1", "a")
                + &choose("c", &back("a"), &zero()),
        ),
    ] {
        passes(good, &body);
    }
}

#[test]
fn what_a_turn_binds_to_what_may_be_none_may_be_that_in_the_next() {
    let begin = || compared("equals", "a", "x") + &choose("x", &zero(), "");
    let half =
        |from: &str| step("call", &format!("fn=\"t.half\" arg name=\"n\" from=\"{from}\""), "a");
    let given =
        |from: &str| step("call", &format!("fn=\"t.half\" arg name=\"n\" from=\"{from}\""), "h");
    let add = || step("compute", "op=add input var=\"a\" input var=\"e\"", "a");
    for (good, body) in [
        (true, begin() + &each(&given("a")) + &back("a")),
        (true, begin() + &each(&(given("a") + &add() + &given("a"))) + &zero()),
        (true, begin() + &each(&(given("a") + &step("bind", "from=\"e\"", "a"))) + &zero()),
        (false, begin() + &each(&half("a")) + &zero()),
        (false, begin() + &each(&(given("a") + &half("e"))) + &zero()),
        (false, begin() + &each(&(given("a") + &choose("on", &half("e"), &half("e")))) + &zero()),
        (false, begin() + &each(&each(&(given("a") + &half("e")))) + &zero()),
        // In every turn it is asked for anew.
        (true, begin() + &each(&(given("a") + &half("e") + &begin())) + &zero()),
        (true, begin() + &each(&(half("e") + &begin() + &given("a"))) + &zero()),
        (
            true,
            each(&(compared("equals", "a", "x") + &choose("x", "", &(given("a") + &half("e")))))
                + &zero(),
        ),
    ] {
        passes(good, &body);
    }
}

#[test]
fn loops_within_loops_are_gone_through_a_few_times() {
    let mut body = step("bind", "from=\"e\"", "a");
    for _ in 0..40 {
        body = compared("equals", "a", "x") + &choose("x", &zero(), "") + &each(&body);
    }
    passes(true, &(body + &zero()));
}
