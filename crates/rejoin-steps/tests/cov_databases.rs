//! The modules `redis`, `postgres` and `db` of `.cov` programs on real servers, and in memory.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rejoin_engine::FunctionProgram;
use rejoin_lang::cov;
use rejoin_lang::source::Source;
use rejoin_steps::functions::Host;
use support::functions::{call, list, value};
use support::{postgres, redis};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Keys of one test, which no other has.
fn key(test: &str) -> String {
    format!("rejoin-{}-{test}", std::process::id())
}

#[tokio::test]
async fn keys_and_values_are_the_same_on_a_server_and_in_memory() {
    let key = key("same");
    let on = |arguments: &str| format!("arg name=\"key\" lit=\"{key}\" {arguments}");
    let steps = [
        call("a", "redis.get", &on("")),
        call("b", "redis.set", &on("arg name=\"value\" lit=\"7\"")),
        call("c", "redis.get", &on("")),
        call("d", "redis.incr", &on("arg name=\"by\" lit=5")),
        call("e", "redis.exists", &on("")),
        call("f", "redis.ttl", &on("")),
        call("g", "redis.expire", &on("arg name=\"ms\" lit=100000")),
        call("h", "redis.mget", &format!("arg name=\"keys\" lit=[\"{key}\", \"{key}-none\"]")),
        call("i", "redis.del", &on("")),
        call("j", "redis.del", &on("")),
        call("k", "redis.set", &on("arg name=\"value\" lit={\"a\": [1, none]}")),
        call("m", "redis.get", &on("")),
        call("n", "redis.expire", &on("arg name=\"ms\" lit=0")),
        call("o", "redis.get", &on("")),
    ]
    .concat()
        + &list(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "m", "n", "o"]);
    let expected = r#"[null,null,"7",12,true,null,true,["12",null],true,false,null,"{\"a\":[1,null]}",true,null]"#;
    assert_eq!(value(&steps, &[]).await, expected, "in memory");
    assert_eq!(value(&steps, &[("REDIS_URL", redis::url())]).await, expected, "on a server");
}

#[tokio::test]
async fn a_value_with_a_time_is_gone_after_it() {
    let key = key("time");
    let steps = call(
        "s",
        "redis.set",
        &format!(
            "arg name=\"key\" lit=\"{key}\" arg name=\"value\" lit=1 arg name=\"ttl\" lit=60000"
        ),
    ) + &call("t", "redis.ttl", &format!("arg name=\"key\" lit=\"{key}\""))
        + "step id=\"c\" kind=\"compute\" op=clamp input var=\"t\" input lit=1 input lit=60000 as=\"u\" end\n"
        + "step id=\"e\" kind=\"compute\" op=equals input var=\"t\" input var=\"u\" as=\"v\" end\n"
        + "step id=\"r\" kind=\"return\" from=\"v\" as=\"_\" end\n";
    for environment in [vec![], vec![("REDIS_URL", redis::url())]] {
        assert_eq!(value(&steps, &environment).await, "true");
    }
}

#[tokio::test(start_paused = true)]
async fn time_in_memory_is_the_clock_of_the_program() {
    let steps = call(
        "s",
        "redis.set",
        "arg name=\"key\" lit=\"k\" arg name=\"value\" lit=1 arg name=\"ttl\" lit=1000",
    ) + &call("a", "redis.get", "arg name=\"key\" lit=\"k\"")
        + &call("w", "timers.delay", "arg name=\"ms\" lit=1001")
        + &call("b", "redis.get", "arg name=\"key\" lit=\"k\"")
        + &list(&["a", "b"]);
    assert_eq!(value(&steps, &[]).await, r#"["1",null]"#);
}

#[tokio::test]
async fn hashes_lists_and_sets() {
    let key = key("shapes");
    let on =
        |end: &str, arguments: &str| format!("arg name=\"key\" lit=\"{key}-{end}\" {arguments}");
    let steps = [
        call(
            "a",
            "redis.hset",
            &on("h", "arg name=\"field\" lit=\"x\" arg name=\"value\" lit=\"1\""),
        ),
        call("b", "redis.hget", &on("h", "arg name=\"field\" lit=\"x\"")),
        call("c", "redis.hgetall", &on("h", "")),
        call("d", "redis.hdel", &on("h", "arg name=\"field\" lit=\"x\"")),
        call("e", "redis.rpush", &on("l", "arg name=\"value\" lit=\"1\"")),
        call("f", "redis.lpush", &on("l", "arg name=\"value\" lit=\"0\"")),
        call("g", "redis.lrange", &on("l", "arg name=\"start\" lit=0 arg name=\"stop\" lit=-1")),
        call("h", "redis.rpop", &on("l", "")),
        call("i", "redis.lpop", &on("l", "")),
        call("j", "redis.sadd", &on("s", "arg name=\"value\" lit=\"m\"")),
        call("k", "redis.sismember", &on("s", "arg name=\"value\" lit=\"m\"")),
        call("m", "redis.smembers", &on("s", "")),
        call("n", "redis.srem", &on("s", "arg name=\"value\" lit=\"m\"")),
        call(
            "o",
            "redis.publish",
            "arg name=\"channel\" lit=\"none\" arg name=\"message\" lit=\"x\"",
        ),
    ]
    .concat()
        + &list(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "m", "n", "o"]);
    assert_eq!(
        value(&steps, &[("REDIS_URL", redis::url())]).await,
        r#"[null,"1",{"x":"1"},true,1,2,["0","1"],"1","0",true,true,["m"],true,0]"#
    );
    let refused = value(&steps, &[]).await;
    assert!(refused.contains("`redis.hset` needs a server: set `REDIS_URL`"), "{refused}");
}

#[tokio::test]
async fn what_a_server_refuses_is_a_value() {
    let key = key("refused");
    let steps = call(
        "a",
        "redis.rpush",
        &format!("arg name=\"key\" lit=\"{key}\" arg name=\"value\" lit=1"),
    ) + &call("b", "redis.incr", &format!("arg name=\"key\" lit=\"{key}\""))
        + &call("c", "redis.del", &format!("arg name=\"key\" lit=\"{key}\""))
        + "step id=\"r\" kind=\"return\" from=\"b\" as=\"_\" end\n";
    let refused = value(&steps, &[("REDIS_URL", redis::url())]).await;
    assert!(refused.contains("DbError") && refused.contains("WRONGTYPE"), "{refused}");
    let steps = call("b", "redis.get", "arg name=\"key\" lit=\"k\"")
        + "step id=\"r\" kind=\"return\" from=\"b\" as=\"_\" end\n";
    let wrong = value(&steps, &[("REDIS_URL", "http://u:secret@host".to_owned())]).await;
    assert!(wrong.contains("`REDIS_URL` is no address") && !wrong.contains("secret"), "{wrong}");
    let nobody = value(&steps, &[("REDIS_URL", "redis://:secret@127.0.0.1:1/".to_owned())]).await;
    assert!(nobody.contains("DbError") && !nobody.contains("secret"), "{nobody}");
}

/// A door to the server that can be shut: every connection through it ends.
async fn door() -> (String, watch::Sender<u32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it has one");
    let (shut, shuts) = watch::channel(0);
    let server = redis::url();
    let server = server.trim_start_matches("redis://").trim_end_matches('/').to_owned();
    tokio::spawn(async move {
        while let Ok((mut inner, _)) = listener.accept().await {
            let (server, mut shuts) = (server.clone(), shuts.clone());
            shuts.mark_unchanged();
            tokio::spawn(async move {
                let Ok(mut outer) = TcpStream::connect(server).await else { return };
                tokio::select! {
                    _ = copy_bidirectional(&mut inner, &mut outer) => {}
                    _ = shuts.changed() => {}
                }
            });
        }
    });
    (format!("redis://{address}/"), shut)
}

#[tokio::test]
async fn a_connection_that_is_gone_is_made_again() {
    let (url, shut) = door().await;
    let get = call("a", "redis.get", "arg name=\"key\" lit=\"rejoin-nothing\"")
        + "step id=\"r\" kind=\"return\" from=\"a\" as=\"_\" end\n";
    let (functions, _) = cov::load(Source::new("t.cov", get));
    let host = Host::new(|_, _| {}).environment(move |_| Some(url.clone()));
    let program = FunctionProgram::new(functions, Arc::new(host));
    for round in 0..5 {
        let value = program.run("main", &[]).await.expect("it is run");
        assert_eq!(value.to_json().to_json(), "null", "round {round}");
        shut.send_modify(|times| *times += 1);
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_holds_nobody_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it has one");
    let steps = format!(
        "step id=\"p\" kind=\"parallel\" timeout=100ms\nbranch id=\"a\"\n{}end\nas=\"p\" end\nstep id=\"r\" kind=\"return\" from=\"p\" as=\"_\" end\n",
        call("a", "redis.get", "arg name=\"key\" lit=\"k\"")
    );
    let began = Instant::now();
    let value = value(&steps, &[("REDIS_URL", format!("redis://{address}/"))]).await;
    assert!(value.contains("TimeoutError"), "{value}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    drop(listener);
}

/// The race of a cache with a database, as steps that stand alone and declare nothing.
const RACE: &str = r#"
step id="s1" kind="race"
  branch id="b1"
    step id="b1.1" kind="call"
      fn="redis.get"
      arg name="key" lit="rejoin-nothing"
      as="cached"
    end
  end
  branch id="b2"
    step id="b2.1" kind="call"
      fn="postgres.query"
      arg name="sql" lit="SELECT $1 || '!' AS value, pg_sleep(20)::text AS slept"
      arg name="params" lit="hello"
      as="db_result"
    end
  end
  as="first_result"
end
step id="r" kind="return" from="first_result" as="_" end
"#;

#[tokio::test]
async fn a_cache_races_a_database() {
    let environment = [("REDIS_URL", redis::url()), ("DATABASE_URL", postgres::url())];
    let began = Instant::now();
    assert_eq!(value(RACE, &environment).await, "null");
    assert!(began.elapsed() < Duration::from_secs(10), "the loser was waited for to its end");
    let one =
        RACE.replace("kind=\"race\"", "kind=\"parallel\"").replace("pg_sleep(20)::text", "'no'");
    assert_eq!(
        value(&one, &environment).await,
        r#"{"b1":null,"b2":[{"value":"hello!","slept":"no"}]}"#
    );
    let none = value(&one, &[]).await;
    assert!(none.contains("set `DATABASE_URL` to its address"), "{none}");
}

#[tokio::test]
async fn a_program_connects_by_itself() {
    let steps = |url: &str| {
        call("c", "db.connect", &format!("arg name=\"url\" lit=\"{url}\""))
            + &call(
                "a",
                "db.execute",
                "arg name=\"conn\" from=\"c\" arg name=\"sql\" lit=\"create temporary table t (n int)\"",
            )
            + &call(
                "q",
                "db.query",
                "arg name=\"conn\" from=\"c\" arg name=\"sql\" lit=\"select $1 || $2 as both\" arg name=\"params\" lit=[\"a\", \"b\"]",
            )
            + &call(
                "e",
                "db.query",
                "arg name=\"conn\" from=\"c\" arg name=\"sql\" lit=\"select nonsense\"",
            )
            + &list(&["c", "q", "e"])
    };
    let environment = [("WHERE", postgres::url())];
    for url in ["env:WHERE", "sqlite::memory:"] {
        let value = value(&steps(url), &environment).await;
        assert!(value.starts_with(r#"[{"id":0},[{"both":"ab"}],{"type":"DbError""#), "{value}");
    }
    let wrong = value(&steps("mysql://u:secret@h/d"), &[]).await;
    assert!(wrong.contains("`url` must be such as") && !wrong.contains("secret"), "{wrong}");
}
