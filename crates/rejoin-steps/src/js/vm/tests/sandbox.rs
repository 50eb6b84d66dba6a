//! Scripts reach nothing that they should not, and leave nothing behind.

use super::*;

#[test]
fn unsafe_names_do_not_exist() {
    for name in [
        "eval",
        "Function",
        "require",
        "process",
        "module",
        "fetch",
        "setTimeout",
        "setInterval",
        "queueMicrotask",
        "WeakRef",
        "FinalizationRegistry",
        "SharedArrayBuffer",
        "ArrayBuffer",
        "Uint8Array",
        "Atomics",
        "Proxy",
        "WebAssembly",
        "std",
        "os",
        "scriptArgs",
        "performance",
        "navigator",
        "gc",
        "BigInt",
        "host",
        "mark",
    ] {
        assert_eq!(js(&format!("return typeof {name}"), "null"), r#""undefined""#, "{name}");
    }
}

#[test]
fn text_does_not_become_code() {
    for script in [
        "return (function () {}).constructor('return 1')()",
        "return (() => {}).constructor('return 1')()",
        "return (function* () {}).constructor('yield 1')().next()",
        "return (async () => {}).constructor('return 1')()",
        "return (async function* () {}).constructor('return 1')()",
        "return [].map.constructor('return 1')()",
        "return print.constructor('return 1')()",
        "return getFlag.constructor('return 1')()",
        "return Object.getPrototypeOf(function () {}).constructor('return 1')()",
        "return Reflect.construct((class {}).constructor, ['return 1'])()",
        "return globalThis['ev' + 'al']('1')",
    ] {
        let result = try_js(script, &Value::Null);
        assert!(result.is_err(), "{script}: {result:?}");
    }
    assert!(try_js("return import('std')", &Value::Null).is_err());
}

#[test]
fn what_is_shared_cannot_be_changed() {
    for script in [
        "Array.prototype.map = null",
        "Array.prototype.extra = 1",
        "Object.prototype.polluted = 1",
        "Object.prototype.toString = 1",
        "({}).__proto__.polluted = 1",
        "request['__proto__']['polluted'] = 1",
        "request.constructor.prototype.polluted = 1",
        "Object.setPrototypeOf(Object.prototype, {polluted: 1})",
        "Object.setPrototypeOf(Array.prototype, {polluted: 1})",
        "Object.defineProperty(String.prototype, 'x', {value: 1})",
        "Object.assign(Number.prototype, {x: 1})",
        "(function* () {}).__proto__.prototype.next = 1",
        "Object.getPrototypeOf([].values()).next = () => ({done: true})",
        "Object.getPrototypeOf(Object.getPrototypeOf([].values())).x = 1",
        "Object.getPrototypeOf(new Map().entries()).next = 1",
        "Object.getPrototypeOf(''.matchAll(/x/g)).next = 1",
        "Object.getPrototypeOf(async function () {}).x = 1",
        "Promise.prototype.then = 1",
        "Promise.resolve = 1",
        "RegExp.prototype.exec = 1",
        "Error.prepareStackTrace = () => 1",
        "Error.stackTraceLimit = 0",
        "Math.random = () => 4",
        "JSON.stringify = () => 'x'",
        "Date.now = () => 0",
        "globalThis.leak = 1",
        "globalThis.Array = 1",
        "Array = 1",
        "undefined = 1",
        "print.x = 1",
        "console.log = 1",
        "Symbol.prototype.x = 1",
        "Map.prototype.set = 1",
        "delete Array.prototype.map",
        "delete globalThis.Array",
        "request.id.__proto__.toString = 1",
    ] {
        let failed = try_js(script, &parsed(r#"{"a": 1, "id": 9007199254740993}"#));
        assert!(failed.is_err(), "{script}: {failed:?}");
        let next = "return [({}).polluted, [].extra, typeof [].map, `${{}}`, ({}).x].join()";
        assert_eq!(js(next, "null"), r#"",,function,[object Object],""#, "{script}");
    }
}

#[test]
fn nothing_of_one_call_is_there_in_the_next() {
    let script = compile(
        "const seen = request.seen; request.seen = 1; return [seen, ((n) => n)(request.n)]",
    );
    for n in 0..5 {
        let request = parsed(&format!(r#"{{"n": {n}}}"#));
        let result =
            run(&script, &request, &Value::Null, Box::new(Recorded::default()), limits()).unwrap();
        assert_eq!(result.to_json(), format!("[null,{n}]"));
    }
    // A job that was left behind does not run in the call of another.
    let left = "Promise.resolve().then(() => { while (true) {} }); return 1";
    assert_eq!(js(left, "null"), "1");
    assert_eq!(js("return (async () => { await 0; return 2 })()", "null"), "2");
}

#[test]
fn flags_conditions_and_lines_reach_the_request() {
    let recorded = Recorded::default();
    let script = compile(
        "setFlag('beta', 1); setWhen('vip', request.vip); print('got', request, null, undefined); console.log([1]);
         return [getFlag('beta'), getWhen('vip'), getFlag('other')]",
    );
    let request = parsed(r#"{"vip": ""}"#);
    let result =
        run(&script, &request, &Value::Null, Box::new(recorded.clone()), limits()).unwrap();
    assert_eq!(result.to_json(), "[true,false,false]");
    assert_eq!(*recorded.printed.lock().unwrap(), ["got\t{\"vip\":\"\"}\tnull\tundefined", "[1]"]);
}

#[test]
fn a_text_cannot_close_the_function_that_it_stands_in() {
    for text in [
        "}); (function () {",
        "}), (function () {",
        "}[globalThis.x] = function () {",
        "} + function () {",
        "}).call(null), (function () {",
        "}; while (true) {}; {",
        "})\n(function () {",
        "}, () => {",
    ] {
        assert!(Script::compile(text).is_err(), "{text}");
    }
}

#[test]
fn interpreters_on_many_threads_do_not_meet() {
    let script = Arc::new(compile(
        "let total = 0;
         for (const n of request.list) total += n;
         request.list[0] = 'changed';
         setFlag(request.name, true);
         return [request.name, total]",
    ));
    let shared = parsed(r#"{"list": [1, 2, 3, 4]}"#);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (script, shared) = (script.clone(), shared.clone());
            scope.spawn(move || {
                for turn in 0..200 {
                    let name = format!("{thread}-{turn}");
                    let mut request = shared.clone();
                    request.as_object_mut().unwrap().insert("name", name.as_str());
                    let recorded = Recorded::default();
                    let result =
                        run(&script, &request, &Value::Null, Box::new(recorded.clone()), limits());
                    assert_eq!(result.unwrap().to_json(), format!(r#"["{name}",10]"#));
                    assert_eq!(recorded.flags.lock().unwrap().len(), 1);
                }
            });
        }
    });
    assert_eq!(shared.to_json(), r#"{"list":[1,2,3,4]}"#);
}

#[test]
fn a_syntax_error_points_at_its_place() {
    let problem = Script::compile("const a = 1;\nconst b = = 2;\nreturn a").expect_err("wrong");
    assert_eq!((problem.start, problem.end), (23, 24), "{problem:?}");
    for (text, line) in [
        ("let x = 1;\nlet x = 2;\nreturn x", 2),
        ("\n\nreturn 'abc", 3),
        ("if (x) {\n  y()\n", 2),
        ("with (request) { }", 1),
        ("\nconst ä = 'ö' 'ü'\n\n", 2),
        ("\nreturn await 1", 2),
        ("return 1\n}\n", 2),
    ] {
        let problem = Script::compile(text).expect_err(text);
        let before = text.get(..problem.start).unwrap_or_else(|| panic!("{text}: {problem:?}"));
        assert_eq!(before.matches('\n').count() + 1, line, "{text}: {problem:?}");
        assert!(
            text.get(problem.start..problem.end).is_some_and(|part| !part.is_empty()),
            "{text}: {problem:?}"
        );
        assert!(!problem.message.is_empty() && !problem.message.contains("SyntaxError"));
    }
    for text in ["(", "[", "{", "- ", "!", "a?.", "f(", "function f() {", "`${"] {
        assert!(Script::compile(&text.repeat(100_000)).is_err(), "{text}");
    }
}
