//! `parallel` and `race` of functions on virtual time: values, ends, and what is left running.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin_engine::{CallPlace, Datum, FunctionHost, FunctionProgram, HostCall};
use rejoin_lang::cov;
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::source::Source;
use rejoin_value::Value;
use tokio::time::Instant;

/// `test.after(ms, value, fails)`: a value, or a failure `E<value>Error`, after some time; counts those under way.
#[derive(Default)]
struct Later {
    running: Arc<AtomicUsize>,
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl FunctionHost for Later {
    fn knows(&self, function: &str) -> bool {
        function == "test.after"
    }

    fn call(&self, _function: &str, arguments: Vec<Datum>, _: &CallPlace<'_>) -> HostCall {
        self.running.fetch_add(1, Ordering::SeqCst);
        let running = Running(self.running.clone());
        Box::pin(async move {
            let _running = running;
            let Datum::Int(ms) = arguments[0] else { return Datum::None };
            tokio::time::sleep(Duration::from_millis(ms as u64)).await;
            match &arguments[2] {
                Datum::Bool(true) => {
                    let name = arguments[1].as_text().unwrap().to_uppercase();
                    Datum::record(&format!("E{name}Error"), [("message", arguments[1].clone())])
                }
                _ => arguments[1].clone(),
            }
        })
    }
}

const EXTERN: &str = r#"
snippet id="test.after" kind="extern"
effects effect timers end
signature
  fn name="after"
    param name="ms" type="Int"
    param name="value" type="Any"
    param name="fails" type="Bool" optional
    returns type="Any"
  end
end
end
"#;

/// One branch of the notation `A 30 ok`, `B 10 err`, `A 10 none`, `A empty`.
fn branch(text: &str) -> String {
    let mut words = text.split(' ');
    let id = words.next().unwrap();
    let Some(ms) = words.next().filter(|word| *word != "empty") else {
        return format!("branch id=\"{id}\" end\n");
    };
    let (value, fails) = match words.next().unwrap() {
        "ok" => (format!("\"{}\"", id.to_lowercase()), false),
        "err" => (format!("\"{}\"", id.to_lowercase()), true),
        _ => ("none".to_owned(), false),
    };
    format!(
        "branch id=\"{id}\"\nstep id=\"{id}.1\" kind=\"call\" fn=\"test.after\"\narg name=\"ms\" lit={ms}\narg name=\"value\" lit={value}\narg name=\"fails\" lit={fails}\nas=\"out\"\nend\nend\n"
    )
}

fn block(kind: &str, attributes: &str, branches: &str) -> String {
    let branches: String = branches.split(", ").map(branch).collect();
    format!("step id=\"s\" kind=\"{kind}\"\n{attributes}\n{branches}as=\"x\"\nend\n")
}

/// Runs steps that stand alone, and gives the value, and the virtual milliseconds that it took.
async fn run(steps: &str) -> (Datum, u64) {
    let (functions, problems) = cov::load(Source::new("t.cov", format!("{EXTERN}{steps}")));
    assert!(!has_errors(&problems), "{}", render_text(&functions.sources, &problems, false));
    let host = Later::default();
    let running = host.running.clone();
    let program = FunctionProgram::new(functions, Arc::new(host));
    let began = Instant::now();
    let value = program.run("main", &[]).await.unwrap();
    let took = began.elapsed().as_millis() as u64;
    assert_eq!(running.load(Ordering::SeqCst), 0, "a branch outlives its block:\n{steps}");
    (value, took)
}

async fn outcome(kind: &str, attributes: &str, branches: &str) -> (String, u64) {
    let steps = block(kind, attributes, branches);
    let (value, took) =
        run(&format!("{steps}step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end")).await;
    (value.to_json().to_json(), took)
}

#[tokio::test(start_paused = true)]
async fn the_vectors_of_the_language() {
    let timeout = |unfinished: &str| {
        format!(
            r#"{{"type":"TimeoutError","message":"`s` took longer than 20ms","timeout_ms":20,"unfinished":[{unfinished}]}}"#
        )
    };
    let failure =
        |name: &str| format!(r#"{{"type":"E{}Error","message":"{name}"}}"#, name.to_uppercase());
    let (ea, eb, ec) = (failure("a"), failure("b"), failure("c"));
    let vectors: Vec<(u32, &str, &str, &str, String, u64)> = vec![
        (1, "parallel", "", "A 30 ok, B 10 ok, C 20 ok", r#"{"A":"a","B":"b","C":"c"}"#.into(), 30),
        (2, "parallel", "on_error=\"fail_fast\"", "A 30 ok, B 10 err, C 20 ok", eb.clone(), 10),
        (3, "parallel", "on_error=\"fail_fast\"", "A 5 ok, B 10 err, C 20 ok", eb.clone(), 10),
        (
            4,
            "parallel",
            "on_error=\"collect_all\"",
            "A 30 ok, B 10 err, C 20 err",
            format!(r#"{{"A":"a","B":{eb},"C":{ec}}}"#),
            30,
        ),
        (
            5,
            "parallel",
            "on_error=\"ignore_errors\"",
            "A 30 ok, B 10 err, C 20 err",
            r#"{"A":"a","B":null,"C":null}"#.into(),
            30,
        ),
        (6, "parallel", "on_error=\"fail_fast\"", "A 10 err, B 10 err", ea.clone(), 10),
        (7, "parallel", "timeout=20ms", "A 30 ok, B 10 ok", timeout("\"A\""), 20),
        (
            8,
            "parallel",
            "timeout=20ms on_timeout=\"return_partial\"",
            "A 30 ok, B 10 ok",
            r#"{"A":null,"B":"b"}"#.into(),
            20,
        ),
        (
            9,
            "parallel",
            "on_error=\"collect_all\" timeout=20ms on_timeout=\"return_partial\"",
            "A 30 ok, B 10 err",
            format!(r#"{{"A":{},"B":{eb}}}"#, timeout("\"A\"")),
            20,
        ),
        (
            10,
            "parallel",
            "on_error=\"fail_fast\" timeout=20ms on_timeout=\"return_partial\"",
            "A 30 ok, B 10 err",
            eb.clone(),
            10,
        ),
        (12, "parallel", "", "A empty, B 10 ok", r#"{"A":null,"B":"b"}"#.into(), 10),
        (13, "race", "", "A 30 ok, B 10 ok", "\"b\"".into(), 10),
        (14, "race", "", "A 30 ok, B 10 err", eb.clone(), 10),
        (15, "race", "on_error=\"ignore_errors\"", "A 30 ok, B 10 err", "\"a\"".into(), 30),
        (
            16,
            "race",
            "on_error=\"ignore_errors\"",
            "A 30 err, B 10 err",
            format!(
                r#"{{"type":"RaceError","message":"every branch of `s` failed","failures":[{ea},{eb}]}}"#
            ),
            30,
        ),
        (17, "race", "timeout=20ms", "A 30 ok, B 40 ok", timeout("\"A\",\"B\""), 20),
        (18, "race", "timeout=20ms on_timeout=\"return_partial\"", "A 30 ok", "null".into(), 20),
        (19, "race", "", "A 10 none, B 20 ok", "null".into(), 10),
    ];
    for (number, kind, attributes, branches, value, took) in vectors {
        assert_eq!(outcome(kind, attributes, branches).await, (value, took), "vector {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_of_more_parts_than_memory_holds_is_a_failure() {
    let turns: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let steps = format!(
        "step id=\"a\" kind=\"bind\" lit=1 as=\"x\" end\nstep id=\"l\" kind=\"bind\" lit=[{}] as=\"l\" end\nstep id=\"f\" kind=\"for\" var=\"i\" in=\"l\"\nstep id=\"c\" kind=\"construct\" type=\"P\" field name=\"a\" from=\"x\" field name=\"b\" from=\"x\" as=\"x\" end\nas=\"_\" end\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end\n",
        turns.join(",")
    );
    let (value, _) = run(&steps).await;
    assert_eq!(value.get("code").and_then(Datum::as_text), Some("E-RT-SIZE"));
}

#[tokio::test(start_paused = true)]
async fn vector_21_a_limit_makes_branches_wait_for_their_turn() {
    let branches: Vec<String> = (0..100).map(|n| format!("b{n} 10 ok")).collect();
    let (value, took) = outcome("parallel", "limit=10", &branches.join(", ")).await;
    let slots: Vec<String> = (0..100).map(|n| format!("\"b{n}\":\"b{n}\"")).collect();
    assert_eq!((value, took), (format!("{{{}}}", slots.join(",")), 100));
    // In a race those who wait for their turn are never started.
    let race = outcome("race", "limit=1", "A 30 ok, B 10 ok").await;
    assert_eq!(race, ("\"a\"".into(), 30));
}

#[test]
fn vectors_11_22_and_23_are_found_before_anything_runs() {
    let codes = |steps: &str| {
        let (_, problems) = cov::load(Source::new("t.cov", format!("{EXTERN}{steps}")));
        problems.iter().filter_map(|problem| problem.code.reference()).collect::<Vec<_>>()
    };
    let function =
        |steps: &str| codes(&format!("snippet id=\"a.f\" kind=\"fn\"\nbody\n{steps}end\nend\n"));
    for kind in ["parallel", "race"] {
        let empty = format!("step id=\"s\" kind=\"{kind}\" as=\"x\" end\n");
        assert_eq!(function(&empty), ["E-PARSE-010"]);
    }
    let branches = |b: &str| {
        format!(
            "step id=\"s\" kind=\"parallel\"\nbranch id=\"A\" step id=\"a\" kind=\"bind\" lit=1 as=\"k\" end end\nbranch id=\"B\" step id=\"b\" kind=\"bind\" {b} end end\nas=\"x\" end\n"
        )
    };
    assert_eq!(function(&branches("from=\"k\" as=\"v\"")), ["E-SYMBOL-001"]);
    assert_eq!(function(&branches("lit=2 as=\"k\"")), [""; 0]);
}

/// The examples of the language's overview, with services that answer after some time.
#[tokio::test(start_paused = true)]
async fn the_examples_of_the_overview_run() {
    struct Services;
    impl FunctionHost for Services {
        fn knows(&self, function: &str) -> bool {
            matches!(function, "http.get" | "redis.get" | "postgres.query")
        }

        fn call(&self, function: &str, arguments: Vec<Datum>, _: &CallPlace<'_>) -> HostCall {
            let (ms, value) = match function {
                "http.get" => (30, arguments[0].clone()),
                "redis.get" => (5, Datum::text("from the cache")),
                _ => (50, arguments[1].clone()),
            };
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                value
            })
        }
    }
    let texts = include_str!("../../rejoin-lang/tests/corpus/seed.cov").split("// ----\n");
    let mut came_to = Vec::new();
    for text in texts {
        let (name, _) = text.rsplit_once("as=\"").unwrap();
        let name = text[name.len() + 4..].split('"').next().unwrap();
        let read = format!("{text}\nstep id=\"r\" kind=\"return\" from=\"{name}\" as=\"_\" end\n");
        let (functions, problems) = cov::load(Source::new("overview.cov", read));
        assert!(!has_errors(&problems), "{}", render_text(&functions.sources, &problems, false));
        let takes = functions.functions[0].params.iter().map(|param| param.name.to_string());
        let given: Vec<_> = takes.map(|name| (name, "k1".to_owned())).collect();
        let program = FunctionProgram::new(functions, Arc::new(Services));
        let began = Instant::now();
        let value = program.run("main", &given).await.unwrap();
        came_to.push((value.to_json().to_json(), began.elapsed().as_millis()));
    }
    let pages = r#"{"b1":"https://api.example.com/users","b2":"https://api.example.com/products"}"#;
    assert_eq!(
        came_to,
        [
            (pages.to_owned(), 30),
            ("\"from the cache\"".to_owned(), 5),
            (r#"{"b1":null}"#.to_owned(), 0)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_outer_time_ends_what_is_nested() {
    let inner = block("parallel", "timeout=1s on_timeout=\"return_partial\"", "X 50 ok, Y 50 ok")
        .replace("id=\"s\"", "id=\"i\"");
    let steps = format!(
        "step id=\"s\" kind=\"parallel\" timeout=20ms\nbranch id=\"A\"\n{inner}end\n{}as=\"x\" end\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end",
        branch("B 10 ok")
    );
    let (value, took) = run(&steps).await;
    assert_eq!((value.kind(), took), (Some("TimeoutError"), 20));
}

/// A client that knows the time of the step around it, and gives up when it is over.
struct Client;

impl FunctionHost for Client {
    fn knows(&self, function: &str) -> bool {
        function == "http.get"
    }

    fn call(&self, _: &str, arguments: Vec<Datum>, _: &CallPlace<'_>) -> HostCall {
        Box::pin(async move {
            let own = match arguments[2] {
                Datum::Int(ms) => ms as u64,
                _ => 60_000,
            };
            let own = Instant::now() + Duration::from_millis(own);
            let until = rejoin::deadline().map_or(own, |outer| outer.min(own));
            tokio::time::sleep_until(until).await;
            Datum::record("HttpError::TimeoutError", [("message", Datum::text("gave up"))])
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_gives_up_with_the_time_of_a_step_has_not_failed() {
    let get = |id: &str, rest: &str| {
        format!(
            "branch id=\"{id}\"\nstep id=\"{id}1\" kind=\"call\" fn=\"http.get\" arg name=\"url\" lit=\"http://x.example\" {rest} as=\"q\"\nhandle case type=\"HttpError\" step id=\"{id}2\" kind=\"bind\" lit=\"handled\" as=\"q\" end end end end\nstep id=\"{id}3\" kind=\"bind\" from=\"q\" as=\"after\" end\nend\n"
        )
    };
    let timeout = |unfinished: &str| {
        format!(
            r#"{{"type":"TimeoutError","message":"`s` took longer than 20ms","timeout_ms":20,"unfinished":[{unfinished}]}}"#
        )
    };
    let both = get("a", "") + &get("b", "");
    let (one, of_both) = (timeout("\"a\""), timeout("\"a\",\"b\""));
    let partial = "timeout=20ms on_timeout=\"return_partial\"";
    let quick = get("a", "") + &get("b", "arg name=\"timeout\" lit=10");
    for (kind, attributes, branches, value) in [
        ("parallel", "timeout=20ms".to_owned(), &both, of_both.clone()),
        ("parallel", partial.to_owned(), &both, r#"{"a":null,"b":null}"#.to_owned()),
        (
            "parallel",
            format!("on_error=\"collect_all\" {partial}"),
            &both,
            format!(r#"{{"a":{of_both},"b":{of_both}}}"#),
        ),
        ("parallel", "on_error=\"collect_all\" timeout=20ms".to_owned(), &both, of_both.clone()),
        (
            "parallel",
            format!("on_error=\"ignore_errors\" {partial}"),
            &both,
            r#"{"a":null,"b":null}"#.to_owned(),
        ),
        ("race", "timeout=20ms".to_owned(), &both, of_both.clone()),
        ("race", partial.to_owned(), &both, "null".to_owned()),
        ("race", format!("on_error=\"ignore_errors\" {partial}"), &both, "null".to_owned()),
        // A time of its own is a failure of the call.
        ("parallel", partial.to_owned(), &quick, r#"{"a":null,"b":"handled"}"#.to_owned()),
        ("parallel", "timeout=20ms".to_owned(), &quick, one),
    ] {
        let steps = format!(
            "step id=\"s\" kind=\"{kind}\"\n{attributes}\n{branches}as=\"x\" end\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end\n"
        );
        let (functions, problems) = cov::load(Source::new("t.cov", &*steps));
        assert!(!has_errors(&problems), "{}", render_text(&functions.sources, &problems, false));
        let program = FunctionProgram::new(functions, Arc::new(Client));
        let came_to = program.run("main", &[]).await.unwrap();
        assert_eq!(came_to.to_json().to_json(), value, "{kind} {attributes}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_branches_stand_in_the_order_written() {
    let branches: Vec<String> =
        (0..100).map(|n| format!("b{n} {} ok", 10 + (n * 7) % 13)).collect();
    let (value, took) = run(&format!(
        "{}step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end",
        block("parallel", "", &branches.join(", "))
    ))
    .await;
    let Datum::Record(record) = value else { panic!("{value:?}") };
    let ids: Vec<String> = record.fields.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(ids, (0..100).map(|n| format!("b{n}")).collect::<Vec<_>>());
    assert_eq!(took, 22);
}

#[tokio::test(start_paused = true)]
async fn a_return_in_a_branch_is_its_value_and_the_function_goes_on() {
    let (value, _) = run(r#"
step id="s" kind="parallel"
  branch id="A"
    step id="a1" kind="return" lit=7 as="_" end
    step id="a2" kind="bind" lit=8 as="k" end
  end
  as="x"
end
step id="t" kind="compute" op=add input var="x.A" input lit=1 as="y" end
step id="r" kind="return" from="y" as="_" end
"#)
    .await;
    assert_eq!(value, Datum::Int(8));
}

#[tokio::test(start_paused = true)]
async fn the_result_is_read_by_branch_by_name_and_by_view() {
    let steps = block("parallel", "on_error=\"collect_all\"", "A 1 ok, B 2 err").replace(
        "as=\"out\"\nend\nend\nbranch id=\"B\"",
        "as=\"first\"\nend\nend\nbranch id=\"B\"",
    );
    let (value, _) = run(&format!(
        r#"{steps}
step id="c" kind="construct" type="Seen"
  field name="slot" from="x.A"
  field name="alias" from="x.first"
  field name="good" from="x.successes"
  field name="branch" from="x.failures.0.branch"
  field name="kind" from="x.failures.0.kind"
  field name="why" from="x.failures.0.error.message"
  as="seen"
end
step id="r" kind="return" from="seen" as="_" end"#
    ))
    .await;
    let wanted = r#"{"slot":"a","alias":"a","good":["a"],"branch":"B","kind":"error","why":"b"}"#;
    assert_eq!(value.to_json().to_json(), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_failure_spreads_where_it_is_used_and_not_where_it_is_looked_at() {
    let failing = r#"step id="s" kind="call" fn="test.after" arg name="ms" lit=1 arg name="value" lit="a" arg name="fails" lit=true as="x" end"#;
    let used = format!(
        "{failing}\nstep id=\"t\" kind=\"compute\" op=add input var=\"x\" input lit=1 as=\"y\" end\nstep id=\"r\" kind=\"return\" lit=0 as=\"_\" end"
    );
    assert_eq!(run(&used).await.0.kind(), Some("EAError"));
    let matched = format!(
        "{failing}\nstep id=\"m\" kind=\"match\" on=\"x\"\ncase variant type=\"EAError\" bindings=(\"e\")\nstep id=\"m1\" kind=\"return\" from=\"e.message\" as=\"_\" end\nend\ncase wildcard end\nas=\"_\" end"
    );
    assert_eq!(run(&matched).await.0, Datum::text("a"));
    let handled = failing.replace("as=\"x\"", "as=\"x\" handle case type=\"EAError\" step id=\"h\" kind=\"bind\" lit=5 as=\"x\" end end end");
    let handled = format!("{handled}\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end");
    assert_eq!(run(&handled).await.0, Datum::Int(5));
    let discarded = failing.replace("as=\"x\"", "as=\"_\"");
    let discarded = format!("{discarded}\nstep id=\"r\" kind=\"return\" lit=0 as=\"_\" end");
    assert_eq!(run(&discarded).await.0.kind(), Some("EAError"));
}

#[tokio::test(start_paused = true)]
async fn recursion_without_end_is_a_failure() {
    let (functions, problems) = cov::load(Source::new(
        "t.cov",
        r#"snippet id="a.f" kind="fn"
body
  step id="s" kind="call" fn="a.f" as="x" end
  step id="r" kind="return" from="x" as="_" end
end
end"#,
    ));
    assert!(!has_errors(&problems));
    let program = FunctionProgram::new(functions, Arc::new(Later::default()));
    let value = program.run("f", &[]).await.unwrap();
    assert_eq!(value.get("code"), Some(&Datum::text("E-RT-DEPTH")));
}

#[tokio::test(start_paused = true)]
async fn recursion_from_branches_ends_before_memory_does() {
    let lines = |kind: &str, branches: &str| {
        format!(
            "snippet id=\"a.f\" kind=\"fn\"\nbody\nstep id=\"p\" kind=\"{kind}\"\n{branches}as=\"x\" end\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end\nend\nend"
        )
    };
    let calls: String = ["A", "B"]
        .map(|id| {
            format!(
                "branch id=\"{id}\" step id=\"{id}1\" kind=\"call\" fn=\"a.f\" as=\"y\" end end\n"
            )
        })
        .concat();
    for kind in ["parallel", "race"] {
        let (functions, problems) = cov::load(Source::new("t.cov", lines(kind, &calls)));
        assert!(!has_errors(&problems));
        let program = FunctionProgram::new(functions, Arc::new(Later::default()));
        let value = program.run("f", &[]).await.unwrap();
        assert_eq!(value.get("code"), Some(&Datum::text("E-RT-BRANCHES")), "{kind}");
        assert_eq!(value.get("step"), Some(&Datum::text("p")));
    }
}

#[tokio::test(start_paused = true)]
async fn branches_that_have_ended_do_not_count() {
    // Together these are more than run at once.
    let turns: Vec<String> = (0..40_000).map(|n| n.to_string()).collect();
    let steps = format!(
        "step id=\"l\" kind=\"bind\" lit=[{}] as=\"l\" end\nstep id=\"f\" kind=\"for\" var=\"i\" in=\"l\"\n{}as=\"_\" end\nstep id=\"r\" kind=\"return\" lit=1 as=\"_\" end",
        turns.join(","),
        block("parallel", "", "A empty, B empty"),
    );
    assert_eq!(run(&steps).await.0, Datum::Int(1));
}

#[tokio::test(start_paused = true)]
async fn faults_of_arithmetic_name_their_step() {
    for (operation, a, b) in
        [("add", i64::MAX, 1), ("div", 1, 0), ("mod", 1, 0), ("bit_shl", 1, 64)]
    {
        let steps = format!(
            "step id=\"s\" kind=\"compute\" op={operation} input lit={a} input lit={b} as=\"x\" end\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end"
        );
        let value = run(&steps).await.0;
        assert_eq!(value.get("code"), Some(&Datum::text("E-RT-ARITH")), "{operation}");
        assert_eq!(value.get("step"), Some(&Datum::text("s")));
    }
}

#[tokio::test(start_paused = true)]
async fn loops_accumulate_and_library_functions_compute() {
    let (value, _) = run(r#"
step id="a" kind="call" fn="json.parse" arg name="text" lit="{\"items\": [1, 2, 3.5], \"name\": \"é\"}" as="doc" end
step id="b" kind="bind" lit=0 as="sum" end
step id="c" kind="for" var="n" in="doc.items"
  step id="c1" kind="compute" op=add input var="sum" input var="n" as="sum" end
  as="sums"
end
step id="d" kind="call" fn="text.pad_start" arg name="s" from="doc.name" arg name="target_len" lit=3 arg name="fill" lit="." as="padded" end
step id="e" kind="construct" collection item from="sums" item from="padded" end as="all" end
step id="r" kind="return" from="all" as="_" end
"#)
    .await;
    assert_eq!(value.to_json(), Value::parse(r#"[[1, 3, 6.5], "..é"]"#.as_bytes()).unwrap());
}

/// Steps that bind `turns` to a list of so many texts, and `all` to one of a single number.
fn turns(count: usize) -> String {
    format!(
        "step id=\"t\" kind=\"call\" fn=\"text.repeat\" arg name=\"s\" lit=\"x\" arg name=\"count\" lit={count} as=\"t\" end\n\
         step id=\"u\" kind=\"call\" fn=\"text.split\" arg name=\"s\" from=\"t\" arg name=\"delimiter\" lit=\"\" as=\"turns\" end\n\
         step id=\"a\" kind=\"bind\" lit=[0] as=\"all\" end\n"
    )
}

#[tokio::test(start_paused = true)]
async fn a_list_grows_in_a_loop_without_being_copied_in_each_turn() {
    const CALL: &str = "step id=\"g\" kind=\"call\" fn=\"list.append\" arg name=\"list\" from=\"all\" arg name=\"item\" from=\"n\" as=\"all\" end";
    const COMPUTE: &str = "step id=\"g\" kind=\"compute\" op=list_append input var=\"all\" input var=\"n\" as=\"all\" end";
    const TWO: &str = "step id=\"g\" kind=\"compute\" op=list_append input var=\"all\" input var=\"n\" as=\"next\" end
step id=\"h\" kind=\"bind\" from=\"next\" as=\"all\" end";
    for steps in [CALL, COMPUTE, TWO] {
        // Five thousand million elements would be copied.
        let (value, _) = run(&format!(
            "{}step id=\"f\" kind=\"for\" var=\"n\" in=\"turns\"\n{steps} as=\"_\" end\n\
             step id=\"l\" kind=\"compute\" op=list_len input var=\"all\" as=\"count\" end\n\
             step id=\"r\" kind=\"return\" from=\"count\" as=\"_\" end\n",
            turns(100_000)
        ))
        .await;
        assert_eq!(value, Datum::Int(100_001), "{steps}");
    }
}

#[tokio::test(start_paused = true)]
async fn so_does_a_map_and_it_changes_under_no_other_name() {
    let put = |id: &str, key: &str, value: &str, output: &str| {
        format!(
            "step id=\"{id}\" kind=\"compute\" op=map_insert input var=\"map\" input {key} input {value} as=\"{output}\" end\n"
        )
    };
    let text = [
        "step id=\"a\" kind=\"bind\" lit={\"a\": [1]} as=\"map\" end\n".to_owned(),
        "step id=\"b\" kind=\"bind\" from=\"map\" as=\"first\" end\n".to_owned(),
        put("c", "lit=\"b\"", "lit=2", "map"),
        put("d", "lit=\"a\"", "lit=3", "map"),
        put("e", "lit=\"c\"", "var=\"map\"", "map"),
        put("f", "lit=\"d\"", "lit=none", "other"),
        "step id=\"i\" kind=\"construct\" collection item from=\"first\" item from=\"map\" item from=\"other\" end as=\"z\" end\n".to_owned(),
        "step id=\"r\" kind=\"return\" from=\"z\" as=\"_\" end\n".to_owned(),
    ];
    let (value, _) = run(&text.concat()).await;
    let map = r#"{"a":3,"b":2,"c":{"a":3,"b":2}"#;
    let expected = format!("[{{\"a\":[1]}},{map}}},{map},\"d\":null}}]");
    assert_eq!(value.to_json().to_json(), expected);
    // Twelve million fields would be copied.
    let (value, _) = run(&format!(
        "{}step id=\"m\" kind=\"bind\" lit={{}} as=\"map\" end\n\
         step id=\"s\" kind=\"bind\" lit=0 as=\"k\" end\n\
         step id=\"f\" kind=\"for\" var=\"n\" in=\"turns\"\n\
         step id=\"k\" kind=\"compute\" op=add input var=\"k\" input lit=1 as=\"k\" end\n\
         step id=\"t\" kind=\"compute\" op=to_string input var=\"k\" as=\"key\" end\n{} as=\"_\" end\n\
         step id=\"l\" kind=\"compute\" op=map_len input var=\"map\" as=\"count\" end\n\
         step id=\"r\" kind=\"return\" from=\"count\" as=\"_\" end\n",
        turns(5_000).replace("id=\"t\"", "id=\"t0\""),
        put("p", "var=\"key\"", "var=\"n\"", "map"),
    ))
    .await;
    assert_eq!(value, Datum::Int(5_000));
}

#[tokio::test(start_paused = true)]
async fn so_does_a_set_that_is_asked_what_is_in_it() {
    // In each turn another number, and one that is there; a list is asked in the same way.
    for (has, add) in [("set_has", "set_add"), ("list_contains", "list_append")] {
        let (value, _) = run(&format!(
            "{}step id=\"s\" kind=\"bind\" lit=0 as=\"k\" end\n\
             step id=\"f\" kind=\"for\" var=\"n\" in=\"turns\"\n\
             step id=\"k\" kind=\"compute\" op=add input var=\"k\" input lit=1 as=\"k\" end\n\
             step id=\"h\" kind=\"compute\" op={has} input var=\"all\" input var=\"k\" as=\"there\" end\n\
             step id=\"i\" kind=\"if\" condition=\"there\" then\n\
             step id=\"x\" kind=\"return\" lit=\"it is there\" as=\"_\" end end else\n\
             step id=\"g\" kind=\"compute\" op={add} input var=\"all\" input var=\"k\" as=\"all\" end\n\
             step id=\"g2\" kind=\"compute\" op=set_add input var=\"all\" input lit=0 as=\"all\" end\n\
             end as=\"_\" end as=\"_\" end\n\
             step id=\"l\" kind=\"compute\" op=set_len input var=\"all\" as=\"count\" end\n\
             step id=\"r\" kind=\"return\" from=\"count\" as=\"_\" end\n",
            turns(50_000).replace("id=\"a\"", "id=\"a0\"")
        ))
        .await;
        assert_eq!(value, Datum::Int(50_001), "{has}");
    }
}

#[tokio::test(start_paused = true)]
async fn so_does_a_text_and_it_changes_under_no_other_name() {
    const ADD: &str =
        "step id=\"g\" kind=\"compute\" op=add input var=\"s\" input var=\"n\" as=\"s\" end";
    const CONCAT: &str = "step id=\"g\" kind=\"compute\" op=concat input var=\"s\" input var=\"n\" input lit=\"\" as=\"s\" end";
    const CALL: &str = "step id=\"g\" kind=\"call\" fn=\"text.concat\" arg name=\"a\" from=\"s\" arg name=\"b\" from=\"n\" as=\"next\" end\n\
        step id=\"b\" kind=\"bind\" from=\"next\" as=\"s\" end";
    const LINES: &str = "step id=\"g\" kind=\"compute\" op=concat input var=\"s\" input var=\"n\" as=\"line\" end\n\
        step id=\"b\" kind=\"call\" fn=\"text.concat\" arg name=\"a\" from=\"line\" arg name=\"b\" lit=\"\" as=\"more\" end\n\
        step id=\"d\" kind=\"compute\" op=add input var=\"more\" input lit=\"\" as=\"s\" end";
    for steps in [ADD, CONCAT, CALL, LINES] {
        // Forty thousand million bytes would be copied.
        let (value, _) = run(&format!(
            "{}step id=\"s\" kind=\"bind\" lit=\"\" as=\"s\" end\n\
             step id=\"f\" kind=\"for\" var=\"n\" in=\"turns\"\n{steps} as=\"_\" end\n\
             step id=\"l\" kind=\"compute\" op=byte_len input var=\"s\" as=\"count\" end\n\
             step id=\"r\" kind=\"return\" from=\"count\" as=\"_\" end\n",
            turns(300_000)
        ))
        .await;
        assert_eq!(value, Datum::Int(300_000), "{steps}");
    }
    let add = |id: &str, more: &str, output: &str| {
        format!(
            "step id=\"{id}\" kind=\"compute\" op=add input var=\"s\" input {more} as=\"{output}\" end\n"
        )
    };
    let text = [
        "step id=\"a\" kind=\"bind\" lit=\"a\" as=\"s\" end\n".to_owned(),
        "step id=\"b\" kind=\"bind\" from=\"s\" as=\"first\" end\n".to_owned(),
        add("c", "lit=\"b\"", "s"),
        add("d", "var=\"s\"", "s"),
        "step id=\"e\" kind=\"bind\" from=\"s\" as=\"second\" end\n".to_owned(),
        add("f", "lit=\"c\"", "s"),
        add("g", "lit=none", "nothing"),
        add("h", "lit=\"d\"", "other"),
        "step id=\"i\" kind=\"construct\" collection item from=\"first\" item from=\"second\" item from=\"s\" item from=\"nothing\" item from=\"other\" end as=\"z\" end\n".to_owned(),
        "step id=\"r\" kind=\"return\" from=\"z\" as=\"_\" end\n".to_owned(),
    ];
    let (value, _) = run(&text.concat()).await;
    assert_eq!(value.to_json().to_json(), r#"["a","abab","ababc",null,"ababcd"]"#);
}

#[tokio::test(start_paused = true)]
async fn what_is_made_on_the_way_is_there_for_all_who_read_it() {
    let add = |id: &str, to: &str, more: &str, output: &str| {
        format!(
            "step id=\"{id}\" kind=\"compute\" op=add input var=\"{to}\" input {more} as=\"{output}\" end\n"
        )
    };
    let returned = |names: &[&str]| {
        let items: String = names.iter().map(|name| format!("item from=\"{name}\" ")).collect();
        format!(
            "step id=\"z\" kind=\"construct\" collection {items}end as=\"z\" end\nstep id=\"r\" kind=\"return\" from=\"z\" as=\"_\" end\n"
        )
    };
    let begin = "step id=\"a\" kind=\"bind\" lit=\"a\" as=\"s\" end\n".to_owned();
    for (steps, value) in [
        // Read once more behind it.
        (
            add("b", "s", "lit=\"b\"", "t")
                + &add("c", "t", "lit=\"c\"", "s")
                + &returned(&["s", "t"]),
            r#"["abc","ab"]"#,
        ),
        // The whole is read on the way.
        (
            add("b", "s", "lit=\"b\"", "t") + &add("c", "t", "var=\"s\"", "s") + &returned(&["s"]),
            r#"["aba"]"#,
        ),
        (
            add("b", "s", "lit=\"b\"", "t") + &add("c", "t", "var=\"t\"", "s") + &returned(&["s"]),
            r#"["abab"]"#,
        ),
        // It does not get its name back.
        (
            add("b", "s", "lit=\"b\"", "t")
                + &add("c", "t", "lit=\"c\"", "u")
                + &returned(&["s", "u"]),
            r#"["a","abc"]"#,
        ),
        (
            add("b", "s", "lit=\"b\"", "t")
                + &add("c", "t", "lit=\"c\"", "u")
                + &add("d", "u", "lit=\"d\"", "s")
                + &returned(&["s"]),
            r#"["abcd"]"#,
        ),
    ] {
        let (found, _) = run(&(begin.clone() + &steps)).await;
        assert_eq!(found.to_json().to_json(), value, "{steps}");
    }
    // What fails on the way fails as it does elsewhere.
    let one = "step id=\"p\" kind=\"call\" fn=\"json.parse\" arg name=\"input\" lit=\"1\" as=\"one\" end\n";
    let wrong = one.to_owned()
        + &add("b", "s", "lit=\"b\"", "t")
        + &add("c", "t", "var=\"one\"", "s")
        + &returned(&["s"]);
    let (found, _) = run(&(begin + &wrong)).await;
    let fault = found.to_json().to_json();
    assert!(
        fault.contains("`add`: does not take String and Int") && fault.contains(r#""step":"c""#),
        "{fault}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_text_that_grows_too_long_is_a_fault_of_its_step() {
    let (value, _) = run(
        "step id=\"a\" kind=\"call\" fn=\"text.repeat\" arg name=\"s\" lit=\"0123456789abcdef\" arg name=\"count\" lit=1048575 as=\"s\" end\n\
         step id=\"b\" kind=\"compute\" op=add input var=\"s\" input lit=\"0123456789abcdef\" as=\"s\" end\n\
         step id=\"c\" kind=\"compute\" op=add input var=\"s\" input lit=\"!\" as=\"s\" end\n",
    )
    .await;
    let fault = value.to_json().to_json();
    assert!(
        fault.contains("more than 16777216 bytes") && fault.contains(r#""step":"c""#),
        "{fault}"
    );
}

#[tokio::test(start_paused = true)]
async fn maps_that_are_counted_in_know_their_keys() {
    // Each key comes twice: it is looked for, and what is under it is replaced.
    let (value, _) = run(&format!(
        "{}step id=\"m\" kind=\"bind\" lit={{}} as=\"map\" end\n\
         step id=\"s\" kind=\"bind\" lit=0 as=\"k\" end\n\
         step id=\"f\" kind=\"for\" var=\"n\" in=\"turns\"\n\
         step id=\"k\" kind=\"compute\" op=add input var=\"k\" input lit=1 as=\"k\" end\n\
         step id=\"d\" kind=\"compute\" op=mod input var=\"k\" input lit=25000 as=\"rest\" end\n\
         step id=\"t0\" kind=\"compute\" op=to_string input var=\"rest\" as=\"key\" end\n\
         step id=\"g\" kind=\"compute\" op=map_get input var=\"map\" input var=\"key\" as=\"old\" end\n\
         step id=\"p\" kind=\"compute\" op=map_insert input var=\"map\" input var=\"key\" input var=\"k\" as=\"map\" end\n\
         as=\"_\" end\n\
         step id=\"e\" kind=\"compute\" op=map_merge input var=\"map\" input var=\"map\" as=\"map\" end\n\
         step id=\"l\" kind=\"compute\" op=map_len input var=\"map\" as=\"count\" end\n\
         step id=\"c\" kind=\"construct\" collection item from=\"count\" item from=\"old\" item from=\"map.0\" end as=\"z\" end\n\
         step id=\"r\" kind=\"return\" from=\"z\" as=\"_\" end\n",
        turns(50_000)
    ))
    .await;
    assert_eq!(value.to_json().to_json(), "[25000,25000,50000]");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_grows_changes_under_no_other_name() {
    let grow = |id: &str, item: &str, output: &str| {
        format!(
            "step id=\"{id}\" kind=\"compute\" op=list_append input var=\"all\" input {item} as=\"{output}\" end\n"
        )
    };
    let text = [
        "step id=\"a\" kind=\"bind\" lit=[0] as=\"all\" end\n".to_owned(),
        "step id=\"b\" kind=\"bind\" from=\"all\" as=\"first\" end\n".to_owned(),
        "step id=\"c\" kind=\"construct\" collection item from=\"all\" end as=\"kept\" end\n".to_owned(),
        grow("d", "lit=1", "all"),
        grow("e", "lit=2", "next"),
        "step id=\"f\" kind=\"bind\" from=\"next\" as=\"other\" end\n".to_owned(),
        "step id=\"p\" kind=\"parallel\" branch id=\"x\"\n".to_owned(),
        grow("g", "lit=3", "all"),
        "end branch id=\"y\"\n".to_owned(),
        grow("h", "var=\"all\"", "all"),
        "end as=\"both\" end\n".to_owned(),
        "step id=\"i\" kind=\"construct\" collection item from=\"first\" item from=\"kept\" item from=\"all\" item from=\"next\" item from=\"other\" item from=\"both.x\" item from=\"both.y\" end as=\"z\" end\n".to_owned(),
        "step id=\"r\" kind=\"return\" from=\"z\" as=\"_\" end\n".to_owned(),
    ];
    let (value, _) = run(&text.concat()).await;
    let expected = "[[0],[[0]],[0,1],[0,1,2],[0,1,2],[0,1,3],[0,1,[0,1]]]";
    assert_eq!(value.to_json().to_json(), expected);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_run_is_refused_before_anything_runs() {
    let load = |text: &str| {
        let (functions, _) = cov::load(Source::new("t.cov", text));
        FunctionProgram::new(functions, Arc::new(Later::default()))
    };
    let query = load(
        "step id=\"a\" kind=\"call\" fn=\"redis.get\" arg name=\"key\" lit=\"k\" as=\"x\" end",
    );
    let refused = query.run("main", &[]).await.unwrap_err();
    assert_eq!(refused, "t.cov:1: this version does not run the function `redis.get`");
    let sql = |connection: &str| {
        load(&format!(
            "snippet id=\"db.a\" kind=\"database\" metadata dialect=\"sqlite\" {connection} end end\n\
             step id=\"q\" kind=\"query\" target=\"a\" body\nselect 1\nend\nreturns type=\"Int\" as=\"x\" end"
        ))
    };
    assert!(sql("").run("main", &[]).await.unwrap_err().contains("`connection`"));
    let elsewhere = sql("connection=\"sqlite:a.db\"").run("main", &[]).await.unwrap_err();
    assert_eq!(elsewhere, "t.cov:1: the database `db.a`: this host has no databases");
    let free = load("step id=\"a\" kind=\"return\" from=\"k\" as=\"_\" end");
    assert!(free.run("main", &[]).await.unwrap_err().contains("`--arg k=…`"));
    let given = [("k".to_owned(), "[1]".to_owned())];
    assert_eq!(free.run("main", &given).await.unwrap(), Datum::List([Datum::Int(1)].into()));
    assert!(free.run("other", &[]).await.unwrap_err().contains("no function `other`"));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_list_has_no_length() {
    let made =
        "step id=\"m\" kind=\"construct\" type=\"Any\" field name=\"a\" lit=1 as=\"map\" end\n";
    for function in ["len", "first", "last", "is_empty", "flatten"] {
        let call = format!(
            "step id=\"c\" kind=\"call\" fn=\"list.{function}\" arg name=\"list\" from=\"map\" as=\"x\" end\n"
        );
        let (value, _) = run(&format!("{made}{call}")).await;
        assert_eq!(value.get("code"), Some(&Datum::text("E-TYPE-006")), "{function}: {value:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_doubles_in_a_loop_comes_to_an_end() {
    let turns: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    for (first, operation) in [("\"x\"", "add"), ("\"x\"", "concat"), ("[1]", "list_concat")] {
        let text = format!(
            "step id=\"a\" kind=\"bind\" lit={first} as=\"x\" end\n\
             step id=\"t\" kind=\"bind\" lit=[{}] as=\"turns\" end\n\
             step id=\"f\" kind=\"for\" var=\"n\" in=\"turns\"\n\
             step id=\"d\" kind=\"compute\" op={operation} input var=\"x\" input var=\"x\" as=\"x\" end as=\"_\" end\n",
            turns.join(", ")
        );
        let (value, _) = run(&text).await;
        assert_eq!(value.get("code"), Some(&Datum::text("E-TYPE-001")), "{operation}: {value:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_out_ends_a_branch_that_never_waits() {
    // The clock stands while something runs: the other branch moves it.
    let ten = "step id=\"t\" kind=\"bind\" lit=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as=\"ten\" end\n";
    let mut spin =
        "step id=\"z\" kind=\"compute\" op=add input lit=1 input lit=1 as=\"z\" end\n".to_owned();
    for level in 0..4 {
        spin = format!(
            "step id=\"f{level}\" kind=\"for\" var=\"v{level}\" in=\"ten\"\n{spin}as=\"_\" end\n"
        );
    }
    let text = format!(
        "{ten}step id=\"p\" kind=\"parallel\" timeout=1s\nbranch id=\"spins\"\n{spin}end as=\"r\" end\n\
         step id=\"b\" kind=\"return\" from=\"r\" as=\"_\" end\n"
    );
    let moves = async {
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_secs(2)).await;
    };
    let ((value, _), ()) = tokio::join!(run(&text), moves);
    assert_eq!(value.kind(), Some("TimeoutError"), "{value:?}");
}
