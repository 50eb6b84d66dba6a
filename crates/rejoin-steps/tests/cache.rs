//! `cache` in programs, on virtual time.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use rejoin_engine::{CallSite, Called, Input, Prepared, Step};
use rejoin_lang::step_spec::{
    Effect, OutputClass, Required, StepSpec, TextLanguage, TextProblem, TextRule,
};
use rejoin_value::{Value, json, object};
use support::{Fixture, Run, load_with, try_load};

/// A step that says how often it ran.
#[derive(Clone, Default)]
struct Count(Arc<AtomicI64>);

static COUNT: StepSpec = StepSpec {
    name: "count",
    summary: "counts",
    class: OutputClass::Merge,
    text: TextRule { language: TextLanguage::Plain, required: Required::Never },
    params: &[],
    effect: Effect::None,
    errors: &[],
    fallible: false,
    files: &[],
    examples: &[],
};

impl Step for Count {
    fn spec(&self) -> &StepSpec {
        &COUNT
    }

    fn prepare(&self, _: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        Ok(Arc::new(self.clone()))
    }
}

impl Prepared for Count {
    fn call<'a>(&'a self, _: Input<'a>) -> Called<'a> {
        let n = self.0.fetch_add(1, SeqCst) + 1;
        Called::Ready(Ok(Value::from(object! { "n": n }).into()))
    }
}

fn program(text: &str) -> Fixture {
    let text = format!("{text}\nGET /wait\n  |> sleep(.query.ms)\n  |> jq: `0`");
    let mut program = load_with(&text, &rejoin_steps::registry().with(Count::default()));
    program.deadline = std::time::Duration::from_secs(100_000);
    program
}

fn all(program: &Fixture, routes: &[&str]) -> Vec<String> {
    let calls = routes.iter().map(|route| (*route, json!({}))).collect();
    program.call_all(calls).iter().map(Run::body).collect()
}

#[test]
fn what_follows_sees_how_it_is_kept() {
    let program = program(
        "GET /on
  |> cache: `keyTemplate: k-{query.id}, ttl: 5m`
  |> jq: `$context.cache`
GET /off
  |> cache: `enabled: false`
  |> jq: `$context.cache`",
    );
    assert_eq!(
        all(&program, &["GET /on?id=1", "GET /off"]),
        [
            r#"{"enabled":true,"ttl":300,"key_template":"k-{query.id}"}"#,
            r#"{"enabled":false,"ttl":60,"key_template":null}"#
        ]
    );
}

#[test]
fn the_rest_runs_once_while_the_entry_is_fresh() {
    let program = program(
        "GET /x/:id
  |> cache: `ttl: 10, staleWhileRevalidate: 0, keyTemplate: x:{params.id}`
  |> count
  |> jq: `.n`",
    );
    let got = all(
        &program,
        &[
            "GET /x/1",
            "GET /x/1",
            "GET /x/2",
            "GET /wait?ms=9000",
            "GET /x/1",
            "GET /wait?ms=1100",
            "GET /x/1",
            "GET /x/1",
        ],
    );
    assert_eq!(got, ["1", "1", "2", "0", "1", "0", "3", "3"]);
}

#[test]
fn status_and_kind_of_content_are_kept_and_only_the_own_list_ends() {
    let program = program(
        "GET /page
  |> cache: `keyTemplate: page`
  |> count
  |> handlebars: `<b>{{n}}</b>`
GET /status
  |> cache: `keyTemplate: status`
  |> count
  |> result
    ok(203):
      |> jq: `.n`
pipeline inner =
  |> cache: `keyTemplate: inner`
  |> count
  |> jq: `{ made: .n }`
GET /outer
  |> inner
  |> count
  |> jq: `{ made, n }`",
    );
    let runs = program.call_all(
        ["GET /page", "GET /page", "GET /status", "GET /status", "GET /outer", "GET /outer"]
            .map(|route| (route, json!({})))
            .into(),
    );
    assert_eq!(runs[1].body(), "\"<b>1</b>\"");
    assert_eq!(runs[0].answer().content_type, runs[1].answer().content_type);
    assert_eq!((runs[3].body().as_str(), runs[3].answer().status), ("2", Some(203)));
    assert_eq!(runs[4].body(), r#"{"made":3,"n":4}"#);
    assert_eq!(runs[5].body(), r#"{"made":3,"n":5}"#);
}

#[test]
fn without_a_template_what_is_asked_for_is_the_key() {
    let program = program(
        "GET /x/:id
  |> cache: `ttl: 60`
  |> count
  |> jq: `.n`
POST /x/:id
  |> cache: `ttl: 60`
  |> count
  |> jq: `.n`
GET /each
  |> jq: `{ items: [{ a: 1 }, { a: 2 }, { a: 1 }] }`
  |> foreach items
    |> cache: `ttl: 60`
    |> count
    |> jq: `.n`
  end
  |> jq: `.items`",
    );
    let routes = ["GET /x/1", "GET /x/1", "GET /x/1?q=2", "GET /x/2", "GET /x/1?q=2"];
    assert_eq!(all(&program, &routes), ["1", "1", "2", "3", "2"]);
    let posts = ["a", "b", "a"].map(|body| ("POST /x/1", json!({"body": body}))).into();
    let got: Vec<_> = program.call_all(posts).iter().map(Run::body).collect();
    assert_eq!(got, ["4", "5", "4"]);
    assert_eq!(all(&program, &["GET /each"]), ["[6,7,6]"]);
}

#[test]
fn what_is_old_is_served_while_one_makes_it_anew() {
    let program = program(
        "GET /x
  |> sleep(.query.at)
  |> cache: `ttl: 10, staleWhileRevalidate: 100, keyTemplate: x`
  |> count
  |> sleep: `5s`
  |> jq: `.n`",
    );
    let routes = [
        "GET /x?at=0",
        // Made after 5 s, so it is old after 15.
        "GET /x?at=14000",
        "GET /x?at=16000",
        "GET /x?at=17000",
        "GET /x?at=18000",
        "GET /x?at=22000",
    ];
    let runs = program.call_together(&routes);
    let got: Vec<_> = runs.iter().map(Run::body).collect();
    assert_eq!(got, ["1", "1", "2", "1", "1", "2"]);
    let took: Vec<_> = runs.iter().map(|run| run.took.as_secs()).collect();
    assert_eq!(took, [5, 14, 21, 17, 18, 22], "only who makes it waits");
}

#[test]
fn who_asks_for_what_is_being_made_waits_for_it() {
    let program = program(
        "GET /x
  |> cache: `keyTemplate: x`
  |> count
  |> sleep: `5s`
  |> jq: `.n`",
    );
    let runs = program.call_together(&["GET /x"; 20]);
    assert!(runs.iter().all(|run| run.body() == "1" && run.took.as_secs() == 5));
}

#[test]
fn a_failure_is_not_kept_and_one_of_those_who_waited_is_the_next_to_try() {
    let program = program(
        "GET /x
  |> cache: `keyTemplate: x`
  |> count
  |> sleep: `5s`
  |> jq: `if .n < 3 then { errors: [{ type: \"e\", n }] } else .n end`",
    );
    let runs = program.call_together(&["GET /x"; 50]);
    let failed = runs.iter().filter(|run| run.answer().body.get("errors").is_some());
    let mut took: Vec<_> = failed.map(|run| run.took.as_secs()).collect();
    took.sort();
    assert_eq!(took, [5, 10], "one after the other");
    let well: Vec<_> = runs.iter().filter(|run| run.body() == "3").collect();
    assert_eq!(well.len(), 48, "all others have what the third made");
    assert!(well.iter().all(|run| run.took.as_secs() == 15));
}

#[test]
fn nobody_waits_in_a_line_for_what_is_never_kept() {
    for made in ["{ n, setCookies: [\"t=1\"] }", "{ n, text: (\"x\" * 3000) }"] {
        let program = program(&format!(
            "config cache {{ maxEntrySize: 2000 }}
GET /x
  |> cache: `keyTemplate: x`
  |> count
  |> sleep: `5s`
  |> jq: `{made}`"
        ));
        let runs = program.call_together(&["GET /x"; 20]);
        let mut took: Vec<_> = runs.iter().map(|run| run.took.as_secs()).collect();
        took.sort();
        assert_eq!(took[0], 5, "{made}");
        assert!(took[1..].iter().all(|took| *took == 10), "{made}: {took:?}");
    }
}

#[test]
fn requests_that_need_each_others_answers_do_not_wait_in_a_circle() {
    let program = program(
        "pipeline a =
  |> cache: `keyTemplate: a`
  |> sleep: `1s`
  |> jq: `{ a: true }`
pipeline b =
  |> cache: `keyTemplate: b`
  |> sleep: `1s`
  |> jq: `{ b: true }`
GET /ab
  |> cache: `keyTemplate: a`
  |> sleep: `1s`
  |> b
  |> jq: `1`
GET /ba
  |> cache: `keyTemplate: b`
  |> sleep: `1s`
  |> a
  |> jq: `2`
GET /self
  |> cache: `keyTemplate: self`
  |> cache: `keyTemplate: self`
  |> jq: `3`",
    );
    let runs = program.call_together(&["GET /ab", "GET /ba", "GET /self"]);
    assert_eq!(runs.iter().map(Run::body).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert!(runs.iter().all(|run| run.took.as_secs() <= 3));
}

#[test]
fn nobody_gets_what_is_anothers() {
    let program = program(
        "GET /me
  |> jq: `. + { user: .query.u }`
  |> cache: `keyTemplate: me`
  |> count
  |> jq: `.n`
GET /all
  |> jq: `. + { user: .query.u }`
  |> cache: `keyTemplate: all, audience: everybody`
  |> count
  |> jq: `.n`
pipeline lookup =
  |> cache: `keyTemplate: p, audience: everybody`
  |> count
GET /state
  |> lookup
  |> jq: `{ n, q: .query.u }`
GET /cookie
  |> cache: `keyTemplate: cookie`
  |> count
  |> jq: `{ n, setCookies: [\"t=1\"] }`",
    );
    let got = all(&program, &["GET /me?u=a", "GET /me?u=b", "GET /me?u=a"]);
    assert_eq!(got, ["1", "2", "1"]);
    assert_eq!(all(&program, &["GET /all?u=a", "GET /all?u=b"]), ["3", "3"]);
    let got = all(&program, &["GET /state?u=a", "GET /state?u=b"]);
    assert_eq!(got, [r#"{"n":4,"q":"a"}"#, r#"{"n":4,"q":"b"}"#], "the request is each one's own");
    let got = all(&program, &["GET /cookie", "GET /cookie"]);
    assert_eq!(got, [r#"{"n":5}"#, r#"{"n":6}"#], "a cookie is for one alone");
}

#[test]
fn there_is_an_end_to_what_is_kept() {
    let program = program(
        "config cache {
  maxCacheSize: 100000
  maxEntrySize: 2000
}
GET /small/:id
  |> cache: `keyTemplate: {params.id}`
  |> count
  |> jq: `.n`
GET /large
  |> cache: `keyTemplate: large`
  |> count
  |> jq: `{ n, text: (\"x\" * 3000) }`
  |> jq: `.n`
GET /huge
  |> cache: `keyTemplate: huge`
  |> count
  |> jq: `{ n, text: (\"x\" * 3000) }`",
    );
    let routes: Vec<String> = (1..=100).map(|n| format!("GET /small/{n}")).collect();
    let mut routes: Vec<&str> = routes.iter().map(String::as_str).collect();
    // The first is used all the time, so others go.
    for n in (1..routes.len()).rev().step_by(10) {
        routes.insert(n, "GET /small/1");
    }
    all(&program, &routes);
    assert_eq!(all(&program, &["GET /small/1"]), ["1"], "it was used last");
    assert_ne!(all(&program, &["GET /small/2"]), ["2"], "it had to go");
    let got = all(&program, &["GET /large", "GET /large"]);
    assert_eq!(got[0], got[1], "only the end counts");
    let runs = all(&program, &["GET /huge", "GET /huge"]);
    assert_ne!(runs[0], runs[1]);
}

#[test]
fn settings_can_turn_it_off() {
    for settings in ["ttl: 0", "enabled: false"] {
        let program = program(&format!(
            "GET /x\n  |> cache: `keyTemplate: x, {settings}`\n  |> count\n  |> jq: `.n`"
        ));
        assert_eq!(all(&program, &["GET /x", "GET /x"]), ["1", "2"], "{settings}");
    }
    let program = program(
        "config cache { enabled: false }\nGET /x\n  |> cache({ ttl: \"1h\", enabled: (.query.on == 1) })\n  |> count\n  |> jq: `.n`",
    );
    assert_eq!(
        all(&program, &["GET /x", "GET /x", "GET /x?on=1", "GET /x?on=1"]),
        ["1", "2", "3", "3"]
    );
    assert_eq!(program.call("GET /x?on=1").answer().error, None);
}

#[test]
fn a_task_can_cache_in_a_pipeline() {
    let program = program(
        "pipeline slow =
  |> cache: `keyTemplate: t`
  |> count
  |> jq: `{ made: .n }`
GET /x
  |> slow @async(a)
  |> join: `a`
  |> jq: `.async.a`",
    );
    assert_eq!(all(&program, &["GET /x", "GET /x"]), [r#"{"made":1}"#, r#"{"made":1}"#]);
}

#[test]
fn wrong_settings_are_drawn_at_their_place() {
    for (text, words) in [
        ("ttl: -1", "is not a length of time"),
        ("ttl: 1e300", "is not a length of time"),
        ("keyTemplate: {a..b}", "needs a path"),
        ("key: x", "no setting `key`"),
        ("audience: me", "neither `caller` nor `everybody`"),
    ] {
        let text = format!("GET /x\n  |> cache: `{text}`\n  |> jq: `1`");
        let drawn = try_load(&text, &rejoin_steps::registry()).expect_err(&text);
        assert!(drawn.contains("test.wp:2") && drawn.contains(words), "{drawn}");
    }
}
