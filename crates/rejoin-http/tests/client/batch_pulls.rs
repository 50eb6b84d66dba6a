//! Requests are pulled when there is room for them, from wherever they come.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use rejoin::Instant;
use rejoin_http::{Batch, RequestSpec, Requests};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::batch::{MS, Seen, kind, n, server, status};
use crate::support::{Server, client, ok, run, virtually};

fn ahead(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

#[test]
fn a_hundred_thousand_requests_are_pulled_a_few_at_a_time() {
    run(async {
        let (pulled, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, highest) = (Arc::clone(&pulled), Arc::clone(&most));
        let taken = Arc::new(AtomicUsize::new(0));
        let ended = Arc::clone(&taken);
        let specs = (0..100_000).map(move |_| {
            let open = count.fetch_add(1, Ordering::SeqCst) + 1 - ended.load(Ordering::SeqCst);
            highest.fetch_max(open, Ordering::SeqCst);
            // No URL: an outcome without a network.
            RequestSpec::get("nowhere")
        });
        let batch = Batch::new().client(&client()).look_ahead(ahead(50)).requests(specs);
        let seen = batch
            .as_completed(async |mut outcomes| {
                while let Some(outcome) = outcomes.next().await {
                    assert_eq!(kind(&outcome), "invalid_url");
                    taken.fetch_add(1, Ordering::SeqCst);
                }
                taken.load(Ordering::SeqCst)
            })
            .await;
        assert_eq!((seen.unwrap(), pulled.load(Ordering::SeqCst)), (100_000, 100_000));
        assert!(most.load(Ordering::SeqCst) <= 51, "{}", most.load(Ordering::SeqCst));
    });
}

#[test]
fn an_endless_list_can_be_left() {
    run(async {
        let (server, _) = server().await;
        let url = server.url("/ms/0");
        let specs = std::iter::repeat_with(move || RequestSpec::get(&url));
        let batch = Batch::new().client(&client()).look_ahead(ahead(8)).requests(specs);
        assert_eq!(batch.count(), None);
        let some = batch.as_completed(async |mut outcomes| {
            for _ in 0..20 {
                assert!(outcomes.next().await.unwrap().good);
            }
        });
        some.await.unwrap();
    });
}

#[test]
fn the_first_of_an_endless_list_is_found_without_pulling_the_rest() {
    virtually(async {
        let (server, seen) = server().await;
        let pulled = Arc::new(AtomicUsize::new(0));
        let endless = |good_from: usize| {
            let (count, good) = (Arc::clone(&pulled), server.url("/ms/5"));
            count.store(0, Ordering::SeqCst);
            let specs = (0_usize..).map(move |n| {
                count.fetch_add(1, Ordering::SeqCst);
                RequestSpec::get(if n < good_from { "nowhere" } else { &good })
            });
            Batch::new().client(&client()).look_ahead(ahead(50)).requests(specs)
        };
        let won = endless(5000).any().await.unwrap();
        assert_eq!(won.index, 5000);
        assert!(pulled.load(Ordering::SeqCst) <= 5050, "{}", pulled.load(Ordering::SeqCst));
        let won = endless(100).quorum(3).await.unwrap();
        assert_eq!(won.iter().map(|won| won.index).collect::<Vec<_>>(), [100, 101, 102]);
        let won = endless(0).race().await.unwrap();
        assert_eq!((won.index, pulled.load(Ordering::SeqCst)), (0, 50));
        assert!(Seen::get(&seen.most) <= 6, "the limits hold");
    });
}

/// A stream that gives what is sent.
fn arriving(mut from: UnboundedReceiver<RequestSpec>) -> impl Stream<Item = RequestSpec> + Send {
    futures_util::stream::poll_fn(move |cx| from.poll_recv(cx))
}

#[test]
fn what_comes_later_follows_and_what_has_come_does_not_wait_for_it() {
    virtually(async {
        let (server, _) = server().await;
        let (send, receive) = unbounded_channel();
        let url = |path| server.url(path);
        let batch = Batch::new().client(&client()).get(&url("/ms/20")).get(&url("/ms/1"));
        let order = batch.as_completed_with(arriving(receive), async |mut outcomes| {
            let mut order = Vec::new();
            // These end while nothing has come yet.
            for _ in 0..2 {
                order.push(outcomes.next().await.unwrap().index);
            }
            let nothing = tokio::time::timeout(MS, outcomes.next()).await;
            assert!(nothing.is_err(), "it waits for the rest");
            for path in ["/ms/30", "/st/404", "/ms/3"] {
                send.send(RequestSpec::get(&url(path)).tag(path)).unwrap();
            }
            for _ in 0..3 {
                let outcome = outcomes.next().await.unwrap();
                assert!(outcome.url.ends_with(outcome.tag.as_deref().unwrap()));
                order.push(outcome.index);
            }
            drop(send);
            assert!(outcomes.next().await.is_none());
            assert!(outcomes.next().await.is_none());
            order
        });
        assert_eq!(order.await.unwrap(), [1, 0, 3, 4, 2]);
    });
}

#[test]
fn what_comes_later_is_asked_for_when_there_is_room_and_can_be_put_in_order() {
    virtually(async {
        let (server, _) = server().await;
        let open = Arc::new(AtomicUsize::new(0));
        let (came, ended) = (Arc::clone(&open), Arc::clone(&open));
        let (slow, fast) = (server.url("/ms/50"), server.url("/ms/1"));
        let specs = (0..500).map(move |n| {
            assert!(came.fetch_add(1, Ordering::SeqCst) < 20, "more than may be pulled");
            RequestSpec::get(if n % 9 == 0 { &slow } else { &fast })
        });
        let batch = Batch::new().client(&client()).limit(n(4)).look_ahead(ahead(10));
        let stream = futures_util::stream::iter(specs);
        let order = batch.as_completed_with(stream, async |outcomes| {
            let (mut outcomes, mut order) = (outcomes.in_order(), Vec::new());
            while let Some(outcome) = outcomes.next().await {
                ended.fetch_sub(1, Ordering::SeqCst);
                order.push(outcome.index);
            }
            order
        });
        assert_eq!(order.await.unwrap(), (0..500).collect::<Vec<_>>());
    });
}

#[test]
fn in_order_keeps_no_more_than_it_may() {
    virtually(async {
        let (server, _) = server().await;
        let pulled = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&pulled);
        let (slow, fast) = (server.url("/ms/1000"), server.url("/ms/1"));
        let specs = (0..200).map(move |at| {
            count.fetch_add(1, Ordering::SeqCst);
            RequestSpec::get(if at == 0 { &slow } else { &fast })
        });
        let batch = Batch::new().client(&client()).limit(n(4)).look_ahead(ahead(10));
        let order = batch.requests(specs).in_order(async |mut outcomes| {
            let first = outcomes.next().await.unwrap();
            // Ten are kept for later, and those that were under way by then.
            assert!(pulled.load(Ordering::SeqCst) <= 21, "{}", pulled.load(Ordering::SeqCst));
            let mut order = vec![first.index];
            while let Some(outcome) = outcomes.next().await {
                assert_eq!(status(&outcome), 200);
                order.push(outcome.index);
            }
            order
        });
        assert_eq!(order.await.unwrap(), (0..200).collect::<Vec<_>>());
    });
}

#[test]
fn who_does_not_wait_for_the_first_has_what_ended_before_its_turn() {
    virtually(async {
        let (server, _) = server().await;
        let urls = ["/ms/1000", "/ms/20", "/ms/10"].map(|path| server.url(path));
        let batch = Batch::new().client(&client()).drop_bodies();
        let batch = batch.requests(urls.map(|url| RequestSpec::get(&url)));
        let early = batch.in_order(async |mut outcomes| {
            let first = rejoin::timeout(Duration::from_millis(500), outcomes.next()).await;
            assert!(first.is_err());
            outcomes.into_early().collect::<Vec<_>>()
        });
        let early = early.await.unwrap();
        assert_eq!(early.iter().map(|outcome| outcome.index).collect::<Vec<_>>(), [1, 2]);
        for outcome in early {
            let response = outcome.result.unwrap();
            assert!(response.body.is_empty() && response.body_bytes > 0, "{response:?}");
        }
    });
}

#[test]
fn what_has_not_come_when_the_time_is_up_is_not_waited_for() {
    virtually(async {
        let (server, _) = server().await;
        let began = Instant::now();
        let come = futures_util::stream::iter([RequestSpec::get(&server.url("/ms/1"))])
            .chain(futures_util::stream::pending());
        let batch = Batch::new().client(&client()).timeout(Duration::from_millis(300));
        let good = batch.as_completed_with(come, async |mut outcomes| {
            let first = outcomes.next().await.unwrap();
            assert!(outcomes.next().await.is_none());
            first.good
        });
        assert!(good.await.unwrap());
        assert_eq!(began.elapsed(), Duration::from_millis(300));
    });
}

#[test]
fn a_list_of_lines_is_a_list_of_requests() {
    run(async {
        let (server, _) = server().await;
        let text = format!(
            "\u{feff}# stock\n\n{0}\nHEAD {0}\n{{\"url\": \"{1}\", \"tag\": \"gone\", \"expect\": \"4xx\", \
             \"method\": \"POST\", \"body\": {{\"a\": [1]}}, \"headers\": {{\"x\": \"y\"}}, \
             \"timeout\": \"2s\", \"first_byte\": \"1s\", \"idle\": \"1s\", \"retry\": 0, \
             \"redirects\": 0}}\nnot a line\n",
            server.url("/ms/1"),
            server.url("/st/404")
        );
        let reader = std::io::Cursor::new(text);
        let batch = Batch::new().client(&client()).requests_from(reader, "the list");
        let outcomes = batch.all().await;
        assert_eq!(outcomes.len(), 4);
        assert_eq!((status(&outcomes[0]), outcomes[1].method.as_str()), (200, "HEAD"));
        assert_eq!((status(&outcomes[2]), outcomes[2].good), (404, true));
        assert_eq!(outcomes[2].tag.as_deref(), Some("gone"));
        assert_eq!((kind(&outcomes[3]), &*outcomes[3].url), ("invalid_request", "the list:6"));
        assert!(Batch::new().requests_from_file("/no/such/file").is_err());
    });
}

#[test]
fn headers_are_an_object_or_a_list_and_may_be_there_twice() {
    run(async {
        let server = Server::new(|mut conn, _| async move {
            let asked = conn.request().await.unwrap_or_default();
            conn.send(ok(&asked)).await;
        })
        .await;
        let forms = [
            "{\"x-a\": \"1\", \"x-b\": [\"2\", \"3\"]}",
            "[[\"x-a\", \"1\"], [\"x-b\", \"2\"], [\"X-B\", \"3\"]]",
            "[{\"name\": \"x-a\", \"value\": \"1\"}, [\"x-b\", \"2\"], [\"x-b\", \"3\"]]",
        ];
        let lines = forms.map(|headers| {
            format!("{{\"url\": \"{}\", \"headers\": {headers}}}\n", server.url("/"))
        });
        let reader = std::io::Cursor::new(lines.concat());
        let outcomes = Batch::new().client(&client()).requests_from(reader, "the list").all().await;
        assert_eq!(outcomes.len(), 3);
        for outcome in outcomes {
            let heard = String::from_utf8(outcome.result.unwrap().body.to_vec()).unwrap();
            let of = |name: &str| {
                heard
                    .lines()
                    .filter_map(|line| line.strip_prefix(name).map(str::to_owned))
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                (of("x-a: "), of("x-b: ")),
                (vec!["1".to_owned()], vec!["2".to_owned(), "3".to_owned()]),
                "{heard}"
            );
        }
    });
}

#[test]
fn a_line_that_is_no_request_says_where_and_why() {
    for (line, why) in [
        ("get http://x.test/", "`get` is no method"),
        ("http://a.test/ http://b.test/", "`http://a.test/` is no method"),
        ("{", "not JSON"),
        ("{\"method\": \"GET\"}", "`url` is missing"),
        ("{\"url\": 1}", "`url` must be a text"),
        ("{\"url\": \"http://x.test/\", \"tag\": 1}", "`tag` must be a text"),
        ("{\"url\": \"http://x.test/\", \"retry\": -1}", "`retry` must be a whole number"),
        (
            "{\"url\": \"http://x.test/\", \"idle\": \"5\"}",
            "`idle`: it must be a number with a unit",
        ),
        ("{\"url\": \"http://x.test/\", \"expect\": \"ok\"}", "`expect`: it must be `2xx`"),
        ("{\"url\": \"http://x.test/\", \"headers\": 7}", "`headers` must be an object of texts"),
        (
            "{\"url\": \"http://x.test/\", \"headers\": [[\"a\"]]}",
            "`headers` must be an object of texts or of lists of texts, or a list of pairs",
        ),
        ("{\"url\": \"http://x.test/\", \"headers\": {\"a\": [1]}}", "`headers` must be an object"),
        (
            "{\"url\": \"http://x.test/\", \"headers\": {\"a b\": \"\"}}",
            "cannot be the name of a header",
        ),
        (
            "{\"url\": \"http://x.test/\", \"headers\": {\"Connection\": \"close\"}}",
            "the header `Connection` cannot be set",
        ),
        (
            "{\"url\": \"http://x.test/\", \"headers\": [[\"transfer-encoding\", \"chunked\"]]}",
            "the header `transfer-encoding` cannot be set",
        ),
        (
            "{\"url\": \"http://x.test/\", \"headers\": {\"Content-Length\": \"3\"}, \"body\": \"four\"}",
            "the header `Content-Length` cannot be set",
        ),
        ("{\"url\": \"http://x.test/\", \"mirrors\": [1]}", "`mirrors` must be a list of URLs"),
        ("{\"url\": \"http://x.test/\", \"mirrors\": [\"x\"]}", "it needs a scheme"),
        ("{\"url\": \"http://x.test/\", \"sha256\": \"12\"}", "64 hexadecimal digits"),
        ("{\"url\": \"http://x.test/\", \"heders\": {}}", "`heders` is no setting"),
        ("http://", "URL"),
    ] {
        let text = format!("\n{line}\n");
        let error = Requests::new(text.as_bytes(), "list").next().unwrap().unwrap_err();
        assert_eq!(error.line(), Some(2), "{line}");
        assert!(error.to_string().starts_with("list:2: "), "{error}");
        assert!(error.message().contains(why), "{line}: {error}");
    }
    // What other tools write into their lists, and what is so anyway.
    for headers in [
        "{\"Connection\": \"keep-alive\", \"Content-Length\": \"4\"}",
        "[{\"name\": \"connection\", \"value\": \"Keep-Alive\"}]",
        "null",
    ] {
        let line =
            format!("{{\"url\": \"http://x.test/\", \"headers\": {headers}, \"body\": null}}");
        assert!(Requests::new(line.as_bytes(), "list").next().unwrap().is_ok(), "{line}");
    }
    let error = Requests::new(&b"\xff\xfe\n"[..], "list").next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "list:1: the line is not UTF-8 text");
    let mut endless = Requests::new(std::io::BufReader::new(std::io::repeat(b'x')), "list");
    assert!(endless.next().unwrap().unwrap_err().message().contains("longer than"));
    assert!(endless.next().is_none());
}
