//! `rejoin serve` of a `.cov` file: a route for each function.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use support::Directory;
use support::server::Server;

const TILL: &str = r#"
snippet id="till.total" kind="fn"
signature
  fn name="total"
    param name="price" type="Int"
    param name="label" type="String" default="sum"
  end
end
body
  step id="s1" kind="compute" op=add input var="price" input lit=30 as="sum" end
  step id="s2" kind="return" struct type="Total" field name="label" from="label" field name="cents" from="sum" end as="_" end
end
end

snippet id="till.find" kind="fn"
signature fn name="find" param name="code" type="String" end end
body
  step id="s1" kind="return" struct type="NotFoundError" field name="message" from="code" end as="_" end
end
end

snippet id="till.send" kind="fn"
effects effect network end
body
  step id="s1" kind="call" fn="http.post" arg name="url" lit="http://127.0.0.1:1/" arg name="body" lit="" as="sent" end
  step id="s2" kind="return" from="sent" as="_" end
end
end
"#;

#[test]
fn every_function_has_a_route() {
    let directory = Directory::new();
    directory.write("till.cov", TILL);
    let server = Server::start(&directory, "till.cov");
    let get = |target: &str| server.ask("GET", target, "");
    let post = |target: &str, body: &str| server.ask("POST", target, body);

    let (status, body) = get("/till/total?price=250&label=7");
    assert_eq!((status, body.as_str()), (200, r#"{"label":"7","cents":280}"#));
    let (status, body) = post("/till/total", r#"{"price":1}"#);
    assert_eq!((status, body.as_str()), (200, r#"{"label":"sum","cents":31}"#));

    let (status, body) = get("/till/total?price=cheap");
    assert_eq!(status, 400);
    assert!(body.contains("`price` is of type Int: `cheap` is not"), "{body}");
    let (status, body) = get("/till/total?prise=1");
    assert_eq!(status, 400);
    assert!(body.contains("no parameter is called `prise`"), "{body}");
    let (status, body) = post("/till/total", "");
    assert_eq!(status, 400);
    assert!(body.contains("`price` of type Int is missing"), "{body}");

    // A fault has the place of its function: nobody has written the routes.
    let (status, body) = post("/till/total", r#"{"price":9223372036854775807}"#);
    assert_eq!(status, 500);
    assert!(body.contains("E-RT-ARITH") && body.contains(r#"till.cov:2""#), "{body}");

    let (status, body) = get("/till/find?code=x1");
    assert_eq!(status, 404);
    assert!(body.contains(r#""type":"NotFoundError","message":"x1""#), "{body}");
    // What may change something is for POST alone; and nothing listens there.
    assert_eq!(get("/till/send").0, 405);
    let (status, body) = post("/till/send", "{}");
    assert_eq!(status, 502);
    assert!(body.contains(r#""variant":"NetworkError""#), "{body}");
    assert_eq!(get("/till/other").0, 404);
}
