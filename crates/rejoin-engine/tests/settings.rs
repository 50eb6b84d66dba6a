//! Configuration: what the environment brings is checked before anything runs.

mod support;

use rejoin_engine::Program;
use rejoin_lang::source::Source;

#[track_caller]
fn codes(text: &str, port: Option<&str>) -> Vec<String> {
    let registry = support::registry();
    let loaded = rejoin_lang::load(Source::new("test.wp", text), &registry);
    let env = |name: &str| (name == "PORT").then(|| port.map(str::to_owned)).flatten();
    match Program::build(&loaded.plan, &registry, &env) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(|p| format!("{} {}", p.code, p.message)).collect(),
    }
}

const NEEDED: &str = "config server { port: $PORT }\nGET /x |> jq: `1`";
const WITH_DEFAULT: &str = "config server { port: $PORT || 8080 }\nGET /x |> jq: `1`";

#[test]
fn a_variable_that_is_not_set_and_has_no_default_takes_its_block_away() {
    let registry = support::registry();
    let unset = |name: &str| (name == "HOST").then(|| "::1".to_owned());
    for (text, warned, port, host) in [
        ("config server { host: $HOST port: $PORT }", true, None, None),
        ("config server { host: $HOST port: $PORT || 8080 }", false, Some(8080), Some("::1")),
    ] {
        let text = format!("{text}\nGET /x |> jq: `1`");
        let loaded = rejoin_lang::load(Source::new("test.wp", &*text), &registry);
        let warnings = rejoin_engine::unset_variables(&loaded.plan, &unset);
        let said: Vec<_> = warnings.iter().map(|w| format!("{} {}", w.code, w.message)).collect();
        let expected = "W0390 the environment variable `PORT` is not set";
        assert_eq!(said, if warned { vec![expected] } else { vec![] });
        let program = Program::build(&loaded.plan, &registry, &unset).expect("it starts");
        let settings = program.settings();
        assert_eq!(settings.int("server", "port"), port);
        assert_eq!(settings.text("server", "host").as_deref(), host);
    }
}

#[test]
fn a_variable_of_the_wrong_kind_is_refused_not_ignored() {
    assert_eq!(codes(NEEDED, Some("eighty")), ["E0305 this is no value for `server.port`"]);
    assert_eq!(codes(WITH_DEFAULT, Some("")), ["E0305 this is no value for `server.port`"]);
    assert_eq!(codes(NEEDED, Some("8081")), [""; 0]);
}

#[test]
fn limits_of_scripts_hold_in_guards_and_arguments_too() {
    let text = "config jq { fuel: 1000 }
        GET /argument |> data([range(100000)] | length)
        GET /guard
          |> jq: `{ ran: false }`
          |> jq: `{ ran: true }` @guard(`[range(100000)] | length > 0`)";
    let program = support::load(text);
    let run = program.call("GET /argument");
    assert_eq!(run.answer().error.as_deref(), Some("dataError"));
    // A guard that fails decides nothing, so its step does not run.
    assert_eq!(program.call("GET /guard").answer().body, support::json(r#"{"ran":false}"#));
}
