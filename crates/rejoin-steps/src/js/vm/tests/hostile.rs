//! Scripts that mean harm are stopped by a limit, and the next script does not notice.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::script::Library;

fn run_hostile(text: &str, request: &Value) -> Result<Value, ScriptError> {
    let script = compile(text);
    let limits =
        Limits { time: Duration::from_millis(100), memory: 16 << 20, stop: Arc::default() };
    let result = run(&script, request, &Value::Null, Box::new(Recorded::default()), limits);
    assert_eq!(
        js("const t = []; for (let i = 0; i < 10; i++) t.push(i); return t.length", "null"),
        "10"
    );
    result
}

#[test]
fn runaway_scripts_are_stopped_by_time() {
    let big = Value::from((0..20_000).map(|n| Value::from(n * 7 % 20_011)).collect::<Vec<_>>());
    for script in [
        "while (true) {}",
        "for (;;) {}",
        "do {} while (true)",
        "while (true) { try { while (true) {} } catch {} }",
        "while (true) { try { while (true) {} } finally { continue } }",
        "function f() { try { f() } catch { f() } finally { while (true) {} } } f()",
        "function* g() { while (true) yield 1 } for (const x of g()) {}",
        "return (async () => { while (true) await 0 })()",
        "return new Promise((done) => { function again() { Promise.resolve().then(again) } again() })",
        "return {toJSON() { while (true) {} }}",
        "return {get x() { while (true) {} }}",
        "return [1, 2].sort(() => { while (true) {} })",
        "return /^(a+)+$/.test('a'.repeat(40) + 'b')",
        "return 'a'.repeat(30000).replace(/(a*)*b/g, '')",
        "while (true) { try { /^(a|a)*$/.exec('a'.repeat(50) + 'b') } catch {} }",
        "return /(?:a?){30}a{30}/.test('a'.repeat(29))",
        "while (true) 'x'.repeat(1e6)",
        "while (true) JSON.stringify(request)",
        "while (true) JSON.parse(JSON.stringify(request))",
        "while (true) request.slice().sort()",
        "while (true) request.toSorted((a, b) => a - b)",
        "while (true) request.indexOf(-1)",
        "while (true) Object.keys(request)",
        "while (true) try { request.join() } catch {}",
        "while (true) 'abc'.split('').reverse().join('')",
        "while (true) print('x')",
        "while (true) setFlag('a', true)",
        "let t = []; for (let i = 0; i < 60; i++) t = [t, t]; return t.flat(Infinity)",
        "let t = []; for (let i = 0; i < 24; i++) t = [t, t]; return String(t)",
        "while (true) new Date().toISOString()",
        "while (true) [...request]",
        "label: while (true) { continue label }",
    ] {
        let error = run_hostile(script, &big).expect_err(script);
        assert!(matches!(error, ScriptError::TooLong(_)), "{script}: {error}");
    }
}

#[test]
fn greedy_scripts_are_stopped_by_memory_or_an_error() {
    for script in [
        "let s = 'x'; while (true) s = s + s",
        "const t = []; while (true) t.push([])",
        "const t = []; while (true) t.push('x'.repeat(1000) + t.length)",
        "return 'x'.repeat(2 ** 29)",
        "return 'x'.repeat(-1)",
        "return new Array(2 ** 31).fill(0)",
        "return new Array(-1)",
        "return Array.from({length: 2 ** 32})",
        "return Array.prototype.indexOf.call({length: 2 ** 53 - 1}, 1)",
        "const a = []; a.length = 4294967295; return a.join()",
        "const a = []; a[4294967294] = 1; return a.map((x) => x)",
        "function f() { return f() } return f()",
        "function f() { return 1 + f() } return f()",
        "const f = () => [1].map(f); return f()",
        "let t = []; for (let i = 0; i < 60; i++) t = [t, t]; return t",
        "let t = {}; for (let i = 0; i < 1e6; i++) t = {t}; return t",
        "return JSON.parse('['.repeat(1e6))",
        "return new RegExp('('.repeat(1e5))",
        "return new RegExp('(a'.repeat(1e4) + ')'.repeat(1e4)).test('a')",
        "return 'a'.repeat(6e6).indexOf('a'.repeat(3e6) + 'b')",
        "return 'a'.repeat(6e6).split('a'.repeat(3e6) + 'b')",
        "throw 'x'.repeat(1e7)",
        "throw new Error('x'.repeat(1e7))",
        "const m = new Map(); while (true) m.set({}, 'x'.repeat(100))",
        "let s = ''; while (true) s += 'x'.repeat(1e5)",
        "const o = {}; let i = 0; while (true) o['k' + i++] = i",
        "return Array(1e6).fill('x'.repeat(1e3)).join('')",
        "let x = 3n; while (true) x = x * x",
    ] {
        let error = run_hostile(script, &Value::Null).expect_err(script);
        assert!(!matches!(error, ScriptError::Stopped), "{script}: {error}");
        assert!(error.to_string().len() < 1000, "{script}: a long message");
    }
}

#[test]
fn memory_that_does_not_suffice_for_its_own_error_is_the_limit() {
    // No clock decides here: it is slow where nothing is optimised.
    let full = try_js("const t = []; while (true) t.push([])", &Value::Null);
    assert_eq!(full, Err(ScriptError::TooMuchMemory(32 << 20)));
    let thrown = run_hostile("throw null", &Value::Null).expect_err("it throws");
    assert!(thrown.to_string().contains("a value of type null"), "{thrown}");
}

#[test]
fn a_limit_that_the_script_hushes_up_is_still_an_error() {
    let script = "try { while (true) {} } catch {} return 'fine'";
    let error = run_hostile(script, &Value::Null).expect_err("it reached its limit");
    assert!(matches!(error, ScriptError::TooLong(_)), "{error}");
}

#[test]
fn a_script_that_catches_its_lack_of_memory_may_go_on() {
    let script = "try { 'x'.repeat(2 ** 28) } catch { return false } return true";
    assert_eq!(run_hostile(script, &Value::Null), Ok(Value::from(false)));
}

#[test]
fn a_raised_flag_stops_a_script() {
    let script = compile("while (true) { try { while (true) {} } catch {} }");
    let stop = Arc::new(AtomicBool::new(false));
    let limits = Limits { time: Duration::from_secs(3600), memory: 16 << 20, stop: stop.clone() };
    let running = std::thread::spawn(move || {
        run(&script, &Value::Null, &Value::Null, Box::new(Recorded::default()), limits)
    });
    stop.store(true, Ordering::Relaxed);
    assert_eq!(running.join().expect("no panic"), Err(ScriptError::Stopped));
}

#[test]
fn what_may_copy_objects_again_and_again_is_known() {
    for (text, expected) in [
        ("return request.a.reduce((all, x) => ({ ...all, [x]: 1 }), {})", true),
        ("let y; for (const x of request.a) y = { ...x }; return y", true),
        ("while (true) ({ ...request })", true),
        ("return { ...request, format: 1, done: 2 }", false),
        ("return request.a.map((x) => x.b)", false),
    ] {
        assert_eq!(compile(text).copies_often(&Library::default()), expected, "{text}");
    }
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let library = Script::library(&directory);
    let using = |text: &str| compile(text).with_scripts(text, library.names());
    assert!(using("return copies({ a: 1 })").copies_often(&library));
    assert!(using("return requireScript('copies')").copies_often(&library));
    assert!(!using("return 1").copies_often(&library));
}

#[test]
fn printing_is_bounded() {
    let recorded = Recorded::default();
    let script = compile("for (let i = 1; i <= 5000; i++) print(i); print('x'.repeat(1e6))");
    run(&script, &Value::Null, &Value::Null, Box::new(recorded.clone()), limits()).unwrap();
    let printed = recorded.printed.lock().unwrap();
    assert_eq!(printed.len(), 1000);
    assert!(printed[999].contains("too much"));
    drop(printed);

    let recorded = Recorded::default();
    let script = compile("print('x'.repeat(1e6))");
    run(&script, &Value::Null, &Value::Null, Box::new(recorded.clone()), limits()).unwrap();
    assert!(recorded.printed.lock().unwrap()[0].len() < 10_000);
}
