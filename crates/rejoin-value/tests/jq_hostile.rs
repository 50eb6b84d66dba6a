//! Programs that would eat the machine are stopped by a limit, and nothing else happens.

use rejoin_value::{
    Value,
    jq::{Limit, Limits, Program, RunError},
    json,
};
use std::time::Duration;

/// Small enough for a test, and far more than a good program needs.
fn limits() -> Limits {
    Limits {
        time: Some(Duration::from_secs(20)),
        fuel: 400_000,
        memory: 128 << 20,
        ..Limits::default()
    }
}

#[test]
fn every_hostile_program_meets_a_limit() {
    let programs: Vec<&str> = include_str!("jq_hostile.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert!(programs.len() >= 45, "{} programs", programs.len());
    // The stack of a thread of an async runtime.
    let worker = std::thread::Builder::new().stack_size(2 << 20);
    let run = move || {
        let mut failures = Vec::new();
        for source in programs {
            let program = match Program::compile(source, &[]) {
                Ok(program) => program,
                Err(errors) => panic!("{source}: {errors}"),
            };
            let started = std::time::Instant::now();
            let ended = program.run_all(Value::Null, &[], &limits());
            eprintln!("{:>6} ms {source}", started.elapsed().as_millis());
            match ended {
                Err(RunError::Limit(Limit::Time)) => {
                    failures.push(format!("{source}: only the time stopped it"));
                }
                Err(error) if error.is_limit() => {}
                Err(error) => failures.push(format!("{source}: {error}")),
                Ok(outputs) => failures.push(format!("{source}: {} outputs", outputs.len())),
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    };
    worker.spawn(run).expect("a thread").join().expect("no panic");
}

#[test]
fn chains_end_with_a_limit_and_not_with_the_process() {
    let limits = Limits { time: Some(Duration::from_secs(20)), ..Limits::default() };
    // The stack of a thread of an async runtime.
    let worker = std::thread::Builder::new().stack_size(2 << 20);
    let run = move || {
        for source in [
            "path(def f: .a | f; f)",
            "def f: .a.b.c.d.e.f.g.h.i.j | f; f |= 1",
            "def f: .a | f; def g(h): path(h); g(f)",
            "path(until(false; .a))",
            "del(last(recurse(.a)))",
            "def f(g): f(g); f(.)",
            "def f(a; b): 1 + f(a + b; b + a); f(1; 2)",
            "def f(a; b; c; d): f(a | b; b | c; c | d; d | a); f(.; .; .; .)",
            "def f(a; b; c; d; e; g): f(a; b; c; d; e; g); f(.; .; .; .; .; .)",
            "def f(a; b; c; d; e; g): [f(b; c; d; e; g; a)]; f(.; .; .; .; .; .)",
            "def f(g): [f(g)]; f(.)",
            "def f(g): f(g) | .; f(.)",
            "def f(g): first(f(g | .)); f(.)",
            "def f(g): [0] | map(f(g)); f(.)",
            "def f(g): def h: f(g) | .; h, 1; last(f(.))",
            "def f(g): reduce (0, f(g)) as $x (0; .); f(.)",
            "def f(g): label $x | f(g); f(.)",
            "def f(g): try f(g) catch .; f(.)",
        ] {
            let program = Program::compile(source, &[]).expect(source);
            let ended = program.run_first(Value::Null, &[], &limits);
            assert!(
                matches!(ended, Err(RunError::Limit(Limit::Chain | Limit::Depth))),
                "{source}: {ended:?}"
            );
        }
        // Each output takes a way through all the calls.
        let source = "def f(g): (., f(g)) | .; last(f(.))";
        let program = Program::compile(source, &[]).expect(source);
        let limits = Limits { time: Some(Duration::from_millis(500)), ..limits };
        let ended = program.run_first(Value::Null, &[], &limits);
        assert!(ended.as_ref().err().is_some_and(RunError::is_limit), "{source}: {ended:?}");
    };
    worker.spawn(run).expect("a thread").join().expect("no panic");
}

#[test]
fn alternatives_that_are_kept_for_later_are_bounded_as_memory_is() {
    let limits = Limits {
        time: Some(Duration::from_secs(60)),
        fuel: u64::MAX,
        memory: 16 << 20,
        ..Limits::default()
    };
    let worker = std::thread::Builder::new().stack_size(2 << 20);
    let run = move || {
        for source in [
            "def f: f, f; f",
            "def f: f, f, f; f",
            "def f: f, (1, 2); f",
            "def f: (1, 2) | f; f",
            "def f: (., .) | f; last(f)",
            "def f: range(3) | f; last(f)",
            "def f: [1, 2][] | f; last(f)",
            "def f: . as [$a] | f, $a; f",
            "def f: if true, false then f else . end; f",
            "def f($n): f($n + 1), f($n + 2); f(0)",
            "def f(g): f(g), g; f(1)",
            "path(def f: f, .a; f)",
            "def a: b, 1; def b: a, 2; a",
            "reduce range(1e12) as $i (0, 1; .)",
        ] {
            // One calls what is only defined behind it.
            let Ok(program) = Program::compile(source, &[]) else { continue };
            let ended = program.run_first(Value::Null, &[], &limits);
            eprintln!("{source}: {ended:?}");
            assert_eq!(ended, Err(RunError::Limit(Limit::Pending)), "{source}");
        }
        // What is kept for a short time only is no matter.
        for source in [
            "last(range(1e5))",
            "reduce range(1e5) as $i (0; . + $i)",
            "[range(1e5)] | map(. + 1) | length",
            "def f: if . < 1e5 then ., (. + 1 | f) else . end; 0 | last(f)",
        ] {
            let program = Program::compile(source, &[]).expect(source);
            let ended = program.run_first(Value::Null, &[], &limits);
            assert!(ended.is_ok(), "{source}: {ended:?}");
        }
    };
    worker.spawn(run).expect("a thread").join().expect("no panic");
}

#[test]
fn what_goes_into_depth_alone_takes_as_many_steps_as_other_programs() {
    let limits = Limits { time: Some(Duration::from_secs(60)), ..Limits::default() };
    let walk = "def w(f): if type == \"array\" then map(w(f)) else . end | f; \
                [range(150000)] | w(if type == \"number\" then . + 1 else . end) | length";
    let program = Program::compile(walk, &[]).expect("compiles");
    assert_eq!(
        program.run_first(Value::Null, &[], &limits).expect("no limit"),
        Some(150_000.into())
    );
}

#[test]
fn values_that_a_program_made_deep_are_gone_through_up_to_a_limit() {
    // The time grows with the square of the depth here.
    let limits = Limits { time: Some(Duration::from_millis(100)), ..Limits::default() };
    let worker = std::thread::Builder::new().stack_size(2 << 20);
    let run = move || {
        for work in
            ["[..] | length", "last(..)", "any(..; . == 1)", "[paths]", "(.. | numbers) = 1"]
        {
            for (depth, seed) in [("3e3", "[.]"), ("3e4", "[.]"), ("3e4", "{a: .}")] {
                let source = format!("reduce range({depth}) as $i (null; {seed}) | {work}");
                let program = Program::compile(&source, &[]).expect("compiles");
                let ended = program.run_first(Value::Null, &[], &limits);
                assert!(ended.as_ref().err().is_none_or(RunError::is_limit), "{source}: {ended:?}");
            }
        }
    };
    worker.spawn(run).expect("a thread").join().expect("no panic");
}

#[test]
fn a_limit_cannot_be_caught() {
    let program = Program::compile("try (def f: f; f) catch 1", &[]).expect("compiles");
    let ended = program.run_first((), &[], &limits());
    assert_eq!(ended, Err(RunError::Limit(Limit::Fuel)));
}

#[test]
fn time_stops_a_program_that_has_fuel() {
    let program = Program::compile("last(repeat(1))", &[]).expect("compiles");
    let limits = Limits { time: Some(Duration::from_millis(20)), fuel: u64::MAX, ..limits() };
    assert_eq!(program.run_first((), &[], &limits), Err(RunError::Limit(Limit::Time)));
}

#[test]
fn outputs_are_counted() {
    let program = Program::compile("range(100)", &[]).expect("compiles");
    let limits = Limits { outputs: 10, ..limits() };
    assert_eq!(program.run_all((), &[], &limits), Err(RunError::Limit(Limit::Outputs)));
    assert_eq!(program.run_first((), &[], &limits), Ok(Some(Value::from(0))));
}

#[test]
fn deep_outputs_are_refused_and_deep_recursion_is_not() {
    let deep = Program::compile("reduce range(600) as $i (null; [.])", &[]).expect("compiles");
    assert_eq!(deep.run_first((), &[], &limits()), Err(RunError::Limit(Limit::Depth)));
    let source = "def sum: if . == 0 then 0 else . + (. - 1 | sum) end; 2000 | sum";
    let recursive = Program::compile(source, &[]).expect("compiles");
    assert_eq!(recursive.run_first((), &[], &limits()), Ok(Some(Value::from(2_001_000))));
}

#[test]
fn tail_calls_take_no_stack() {
    let source = "def f: if . >= 20000 then . else . + 1 | f end; 0 | f";
    let program = Program::compile(source, &[]).expect("compiles");
    assert_eq!(program.run_first((), &[], &limits()), Ok(Some(Value::from(20_000))));
}

#[test]
fn what_has_no_place_in_a_server_is_refused_with_its_reason() {
    for (source, name) in [
        ("halt", "halt"),
        ("\"x\" | halt_error", "halt_error"),
        ("input", "input"),
        ("[inputs]", "inputs"),
        ("env.PAGER", "env"),
        ("$ENV.HOME", "$ENV"),
        ("stderr", "stderr"),
        ("import \"a\" as a; 1", "import"),
        ("include \"a\"; 1", "include"),
    ] {
        let errors = Program::compile(source, &[]).expect_err(source);
        let first = errors.first();
        assert_eq!(&source[first.span.clone()], name, "{source}");
        assert!(first.message.contains("not available"), "{source}: {first}");
    }
    // As keys they are as good as any.
    assert!(Program::compile("[1, env]", &[]).is_err());
    let program = Program::compile("{env, input: .input}", &[]).expect("keys");
    let input = json!({"env": 1, "input": 2});
    assert_eq!(program.run_first(&input, &[], &limits()), Ok(Some(input.clone())));
}

#[test]
fn sources_that_nest_or_run_on_are_refused_or_compiled() {
    for source in [
        "(".repeat(30_000),
        format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{}1", "-".repeat(30_000)),
        format!("{}1", "try ".repeat(10_000)),
        format!("1{}", " + 1".repeat(10_000)),
        format!(".{}", " | .".repeat(10_000)),
        format!("{}1{}", "if 1 then ".repeat(4_000), " end".repeat(4_000)),
        format!("{}1", "def f: 1; ".repeat(4_000)),
        "x".repeat(100_000),
    ] {
        let ended = Program::compile(&source, &[]).map(|program| {
            let _limit_or_output = program.run_first((), &[], &limits());
        });
        if let Err(errors) = ended {
            assert!(errors.first().span.end <= source.len());
        }
    }
}

#[test]
fn compile_errors_name_the_place() {
    for (source, at, message, hint) in [
        ("lenght", 0..6, "`lenght/0` is not defined", Some("did you mean `length`?")),
        (".a | map(.b; .c)", 5..8, "`map/2` is not defined", Some("there is `map/1`")),
        ("$contxt.flags", 0..7, "`$contxt` is not defined", Some("did you mean `$context`?")),
        (".a |", 4..4, "the program ends where a term is expected", None),
        ("if .a then 1", 12..12, "the program ends where `else` or `end` is expected", None),
        ("if .a then 1 else 2", 19..19, "the program ends where `end` is expected", None),
        (".a § .b", 3..5, "`§` means nothing here", None),
        // A place ends behind a character, never inside it.
        (". + $é", 5..7, "expected identifier", None),
        // Characters in halves are shorter when they are read.
        (
            r#""\ud83d\ude00" + lenght"#,
            17..23,
            "`lenght/0` is not defined",
            Some("did you mean `length`?"),
        ),
        (r#"lenght + "\ud83d""#, 0..6, "`lenght/0` is not defined", Some("did you mean `length`?")),
        (r#""\ud83d" + "\ude00\q""#, 19..20, "expected string escape sequence", None),
    ] {
        let errors = Program::compile(source, &["context"]).expect_err(source);
        let first = errors.first();
        assert_eq!((first.span.clone(), &*first.message), (at, message), "{source}");
        assert_eq!(first.hint.as_deref(), hint, "{source}");
    }
    let errors = Program::compile("foo | bar", &[]).expect_err("two names");
    assert_eq!(errors.iter().count(), 2);
}

#[test]
fn habits_from_javascript_get_a_mend() {
    for (source, mend) in [
        (".a && .b", "`and`"),
        (".a || .b", "`or`"),
        ("!.a", "`| not`"),
        (".a === .b", "`==`"),
        (".a !== .b", "`!=`"),
        (".a ? 1 : 2", "`if … then … else … end`"),
        ("{ a: 'x' }", "double quotes"),
    ] {
        let errors = Program::compile(source, &[]).expect_err(source);
        let hints: Vec<&str> = errors.iter().filter_map(|error| error.hint.as_deref()).collect();
        assert!(hints.first().is_some_and(|hint| hint.contains(mend)), "{source}: {errors:?}");
    }
    let long = format!("\"{}\"", "x".repeat(70_000));
    let errors = Program::compile(&long, &[]).expect_err("too long");
    assert!(errors.first().hint.as_deref().is_some_and(|hint| hint.contains("several jq steps")));
}

#[test]
fn programs_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Program>();
    shared::<Value>();
    shared::<RunError>();
}
