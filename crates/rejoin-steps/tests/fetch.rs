//! `fetch` in programs, against real sockets.

mod support;

use std::net::TcpListener;

use rejoin_value::{Value, json};
use support::upstream::Upstream;
use support::{Run, load_with, registry, try_load};

/// Runs a route whose steps are these.
#[track_caller]
fn run(upstream: &Upstream, config: &str, steps: &str) -> Run {
    let text = format!("{config}\nGET /x/:id\n{steps}");
    load_with(&text, &registry(upstream)).on_real_time().call("GET /x/7")
}

#[track_caller]
fn fetch(upstream: &Upstream, call: &str) -> Run {
    run(upstream, "", &format!("  |> fetch{call}\n  |> jq: `if .errors then . else .data end`"))
}

#[test]
fn an_answer_becomes_response_status_and_headers() {
    let up = Upstream::start();
    let got = fetch(&up, "(\"http://up.example/users/\\(.params.id)\")");
    assert_eq!(
        got.body(),
        r#"{"response":{"id":7,"name":"Ada"},"status":200,"headers":{"content-type":"application/json","content-length":"24"}}"#
    );
    let seen = up.last();
    assert_eq!((seen.method.as_str(), seen.body.as_str()), ("GET", ""));
    assert!(seen.header("user-agent").is_some_and(|agent| agent.starts_with("rejoin")));
    assert!(seen.header("x-envoy-expected-rq-timeout-ms").is_some(), "{seen:?}");
}

#[test]
fn json_is_parsed_whatever_it_is_called_and_all_else_is_text() {
    let up = Upstream::start();
    let response = |path: &str| {
        let got = fetch(&up, &format!("(\"http://up.example{path}\")"));
        got.answer().body.get("response").expect("a response").to_json()
    };
    assert_eq!(response("/mislabelled"), "[1,2]");
    assert_eq!(response("/text"), "\"hello, {\"");
    assert_eq!(response("/empty"), "\"\"");
    assert_eq!(response("/huge").len(), 300_002);
    let headers = fetch(&up, "(\"http://up.example/text\")");
    let headers = headers.answer().body.get("headers").expect("headers").clone();
    assert_eq!(headers.get("x-many"), Some(&json!("a, b")));
    assert_eq!(headers.get("set-cookie"), Some(&json!("a=1\nb=2")));
}

#[test]
fn the_url_comes_from_the_argument_or_the_state_or_the_text() {
    let up = Upstream::start();
    let id = |steps: &str| {
        let got = run(&up, "", steps);
        got.answer().body.path(&["data", "response", "id"]).and_then(Value::as_i64)
    };
    assert_eq!(id("  |> fetch: \" http://up.example/users/1 \""), Some(1));
    assert_eq!(
        id("  |> jq: `. + { fetchUrl: \"http://up.example/users/2\" }`\n  |> fetch: \"_\""),
        Some(2)
    );
    assert_eq!(
        id(
            "  |> jq: `. + { fetchUrl: \"http://up.example/users/2\" }`\n  |> fetch(\"http://up.example/users/3\"): \"_\""
        ),
        Some(3)
    );
    let file = "fetch ada = `http://up.example/users/4`\n";
    let got = run(&up, file, "  |> fetch: ada\n  |> jq: `.data.ada.response.id`");
    assert_eq!(got.body(), "4");
}

#[test]
fn options_come_from_the_second_argument() {
    let up = Upstream::start();
    let got = fetch(
        &up,
        r#"("http://up.example/orders", { method: "post", headers: { "X-Id": "a", count: 2, none: null }, body: { items: [1.0, null] } })"#,
    );
    assert_eq!(got.answer().body.get("status"), Some(&json!(201)));
    let seen = up.last();
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.body, r#"{"items":[1.0,null]}"#);
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!((seen.header("x-id"), seen.header("count")), (Some("a"), Some("2")));
    assert_eq!(seen.header("none"), None);

    fetch(&up, r#"("http://up.example/echo", { method: "PUT", body: null })"#);
    assert_eq!((up.last().method.as_str(), up.last().body.as_str()), ("PUT", "null"));
    fetch(&up, r#"("http://up.example/echo", { method: "POST", body: "a text" })"#);
    assert_eq!(up.last().body, r#""a text""#);
    fetch(
        &up,
        r#"("http://up.example/echo", { method: "POST", body: "a=1", headers: { "Content-Type": "application/x-www-form-urlencoded" } })"#,
    );
    assert_eq!(up.last().body, "a=1");
    assert_eq!(up.last().header("content-type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn options_come_from_the_state_only_without_arguments() {
    let up = Upstream::start();
    let state = r#"  |> jq: `. + { fetchMethod: "POST", fetchBody: [1], fetchHeaders: { a: "b" }, fetchTimeout: 5 }`
"#;
    run(&up, "", &format!("{state}  |> fetch: `http://up.example/echo`"));
    let seen = up.last();
    assert_eq!(
        (seen.method.as_str(), seen.body.as_str(), seen.header("a")),
        ("POST", "[1]", Some("b"))
    );
    run(&up, "", &format!("{state}  |> fetch(\"http://up.example/echo\")"));
    let seen = up.last();
    assert_eq!((seen.method.as_str(), seen.body.as_str(), seen.header("a")), ("GET", "", None));
}

#[test]
fn other_statuses_are_http_errors() {
    let up = Upstream::start();
    for (path, status, message) in [
        ("/status/404", 404, r#"{"why": "gone"}"#),
        ("/status/500", 500, "boom"),
        ("/status/503", 503, "503 Service Unavailable"),
        ("/status/999", 999, "status 999"),
    ] {
        let got = fetch(&up, &format!("(\"http://up.example{path}\")"));
        assert_eq!(got.error_text("type"), "httpError");
        assert_eq!(got.error_text("message"), message);
        assert_eq!(got.error().get("status"), Some(&json!(status)));
        assert_eq!(got.error_text("url"), format!("http://up.example{path}"));
    }
    let got = fetch(&up, "(\"http://up.example/long-error\")");
    assert!(got.error_text("message").len() < 8200);
}

#[test]
fn redirects_are_followed_within_reason() {
    let up = Upstream::start();
    let got = fetch(&up, "(\"http://up.example/redirect\")");
    assert_eq!(got.answer().body.path(&["response", "id"]), Some(&json!(9)));
    let got = fetch(&up, "(\"http://up.example/loop\")");
    assert_eq!(got.error_text("type"), "networkError");
    let got = run(
        &up,
        "config fetch {\n  maxRedirects: 0\n}",
        "  |> fetch: `http://up.example/redirect`",
    );
    assert_eq!(got.error_text("type"), "httpError");
    assert_eq!(got.error().get("status"), Some(&json!(302)));
}

#[test]
fn a_service_that_does_not_answer_is_a_timeout_error() {
    let up = Upstream::start();
    for options in ["timeout: \"50ms\"", "timeout: 0.05"] {
        let got = fetch(&up, &format!("(\"http://up.example/slow\", {{ {options} }})"));
        assert_eq!(got.error_text("type"), "timeoutError");
        assert_eq!(got.error_text("url"), "http://up.example/slow");
    }
    let got =
        run(&up, "config fetch {\n  timeout: 50ms\n}", "  |> fetch: `http://up.example/slow`");
    assert_eq!(got.error_text("type"), "timeoutError");
}

#[test]
fn what_is_no_answer_is_a_network_error() {
    let up = Upstream::start();
    let refused = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address")
    };
    for url in [
        "http://up.example/garbage".to_owned(),
        "http://up.example/cut".to_owned(),
        format!("http://{refused}/"),
        "ftp://up.example/".to_owned(),
        "no url".to_owned(),
        "http://".to_owned(),
        "http://nothing.invalid/".to_owned(),
    ] {
        let got = fetch(&up, &format!("(\"{url}\")"));
        assert_eq!(got.error_text("type"), "networkError", "{url}");
        assert!(!got.error_text("message").is_empty(), "{url}");
        assert_eq!(got.error_text("url"), url);
    }
    let got = run(&up, "", "  |> fetch(\"\")");
    assert_eq!(got.error_text("message"), "there is no URL");
}

#[test]
fn an_error_shows_no_credentials() {
    let up = Upstream::start();
    for url in ["http://ada:secret@up.example/status/500", "http://ada:secret@up.example:port/"] {
        let got = fetch(&up, &format!("(\"{url}\")"));
        assert!(!got.error().to_json().contains("secret"), "{}", got.error());
    }
}

#[test]
fn a_huge_answer_is_cut_off() {
    let up = Upstream::start();
    let got = run(
        &up,
        "config fetch {\n  maxResponse: 100000\n}",
        "  |> fetch: `http://up.example/huge`",
    );
    assert_eq!(got.error_text("type"), "networkError");
    assert!(got.error_text("message").contains("100000"), "{}", got.error());
}

#[test]
fn private_networks_and_unknown_hosts_can_be_denied() {
    let up = Upstream::start();
    let address = up.address();
    let private = "config fetch {\n  denyPrivate: true\n}";
    for url in [
        format!("http://{address}/users/1"),
        "http://up.example/users/1".into(),
        "http://localhost/".into(),
    ] {
        let got = run(&up, private, &format!("  |> fetch: `{url}`"));
        assert_eq!(got.error_text("type"), "networkError", "{url}");
        assert!(got.error_text("message").contains("private network"), "{}", got.error());
    }
    assert_eq!(up.seen().len(), 0, "nothing was sent");
    let exempt = "config fetch {\n  denyPrivate: true\n  allowNetworks: \"127.0.0.0/8\"\n}";
    let got = run(&up, exempt, "  |> fetch: `http://up.example/users/1`");
    assert_eq!(got.answer().error, None);

    let listed = "config fetch {\n  allow: \"users.example, *.internal\"\n}";
    let got = run(&up, listed, "  |> fetch: `http://users.example/users/1`");
    assert_eq!(got.answer().error, None);
    let got = run(&up, listed, "  |> fetch: `http://orders.example/orders`");
    assert!(got.error_text("message").contains("not on the list"), "{}", got.error());
}

#[test]
fn wrong_calls_are_fetch_errors() {
    let up = Upstream::start();
    for (call, message) in [
        ("(7)", "argument 1 must be a string, the URL, not a number"),
        ("(.nothing)", "argument 1 must be a string, the URL, not null"),
        ("(\"http://up.example/\", 7)", "argument 2 must be an object, not a number"),
        (
            "(\"http://up.example/\", ([{ header: {} }] | .[0]))",
            "argument 2 has no option `header`",
        ),
        ("(\"http://up.example/\", { method: 1 })", "the method must be a string"),
        ("(\"http://up.example/\", { method: \"a b\" })", "`a b` cannot be the method"),
        ("(\"http://up.example/\", { headers: [] })", "the headers must be an object"),
        ("(\"http://up.example/\", { headers: { \"a b\": \"c\" } })", "\"a b\" cannot be the name"),
        ("(\"http://up.example/\", { headers: { a: \"b\\nc\" } })", "the value of header \"a\""),
        ("(\"http://up.example/\", { timeout: \"soon\" })", "the timeout must be"),
        ("(\"http://up.example/\", { timeout: 0 })", "the timeout must be"),
    ] {
        let got = fetch(&up, call);
        assert_eq!(got.error_text("type"), "fetchError", "{call}");
        assert!(got.error_text("message").starts_with(message), "{call}: {}", got.error());
    }
    assert_eq!(up.seen().len(), 0, "nothing was sent");
}

#[test]
fn wrong_settings_are_found_when_the_program_is_loaded() {
    for (setting, message) in [
        ("maxResponse: \"lots\"", "fetch.maxResponse"),
        ("timeout: \"soon\"", "fetch.timeout"),
        ("timeout: 0", "`timeout` in `config fetch` must be more than nothing"),
        ("denyPrivate: \"perhaps\"", "fetch.denyPrivate"),
        ("allowNetworks: \"ten\"", "`config fetch`: "),
        // What the environment brings is seen when the program is built.
        ("maxResponse: $WORDS", "fetch.maxResponse"),
        ("denyPrivate: $WORDS", "fetch.denyPrivate"),
    ] {
        let text =
            format!("config fetch {{\n  {setting}\n}}\nGET /x\n  |> fetch: `http://up.example/`");
        let drawn = try_load(&text, &rejoin_steps::registry()).expect_err(setting);
        assert!(drawn.contains(message), "{drawn}");
    }
}

#[test]
fn retry_repeats_what_may_be_repeated() {
    let up = Upstream::start();
    let count = |call: &str| {
        let before = up.seen().len();
        fetch(&up, &format!("{call} @retry(3, backoff: 1ms)"));
        up.seen().len() - before
    };
    assert_eq!(count("(\"http://up.example/status/500\")"), 3);
    assert_eq!(count("(\"http://up.example/status/429\")"), 3);
    assert_eq!(count("(\"http://up.example/status/404\")"), 1);
    assert_eq!(count("(\"http://up.example/users/1\")"), 1);
    assert_eq!(count("(\"http://up.example/status/500\", { method: \"POST\" })"), 1);
    assert_eq!(count("(\"http://up.example/status/500\", { method: \"DELETE\" })"), 3);
    assert_eq!(count("(\"http://up.example/slow\", { method: \"POST\", timeout: \"50ms\" })"), 1);
    assert_eq!(count("(\"http://up.example/slow\", { timeout: \"50ms\" })"), 3);
}

#[test]
fn other_branches_keep_their_results_when_one_service_fails() {
    let up = Upstream::start();
    let got = run(
        &up,
        "",
        r#"  |> fetch("http://up.example/users/1") @async(fine)
  |> fetch("http://up.example/garbage") @async(broken)
  |> fetch("http://up.example/slow", { timeout: "50ms" }) @async(slow)
  |> fetch("http://up.example/status/500") @async(failed)
  |> join: `fine, broken, slow, failed`
  |> jq: `.async | map_values(if .errors then .errors[0].type else .data.response.name end)`
"#,
    );
    assert_eq!(
        got.body(),
        r#"{"fine":"Ada","broken":"networkError","slow":"timeoutError","failed":"httpError"}"#
    );
}

#[test]
fn the_time_of_a_block_is_over_for_what_it_fetches_too() {
    let up = Upstream::start();
    let came_to = |options: &str| {
        let got = run(
            &up,
            "",
            &format!(
                "  |> parallel(timeout: 50ms, {options})\n    fine:\n      |> jq: `{{ a: 1 }}`\n    slow:\n      |> fetch(\"http://up.example/slow\")\n  end\n  |> jq: `.async`\n"
            ),
        );
        got.body()
    };
    assert_eq!(came_to("on_timeout: return_partial"), r#"{"fine":{"a":1},"slow":null}"#);
    let cancelled = came_to("on_timeout: cancel");
    assert!(cancelled.contains(r#""branch":"slow","unfinished":["slow"]"#), "{cancelled}");
}
