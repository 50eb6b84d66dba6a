//! `.wp` programs that call functions of `.cov` files: inputs, results, failures, deadlines, the log.

mod support;

use std::time::Duration;

use rejoin_engine::Event;
use rejoin_value::{Value, json};
use support::upstream::Upstream;
use support::{Fixture, load_among};

const SHOP: &str = r#"
snippet id="shop.total" kind="fn"
signature
  fn name="total"
    param name="price" type="Int"
    param name="note" type="String" default="none"
    returns union
      type="Total"
      type="PriceError"
    end
  end
end
body
  step id="s1" kind="compute" op=less input var="price" input lit=0 as="negative" end
  step id="s2" kind="if"
    condition="negative"
    then
      step id="s3" kind="return"
        variant type="PriceError::Negative"
          field name="message" lit="a price is not negative"
          field name="price" from="price"
        end
        as="_"
      end
    end
    as="_"
  end
  step id="s4" kind="compute" op=add input var="price" input lit=30 as="sum" end
  step id="s5" kind="return"
    struct type="Total"
      field name="cents" from="sum"
      field name="note" from="note"
    end
    as="_"
  end
end
end

snippet id="shop.user" kind="fn"
effects effect network effect console end
signature fn name="user" param name="url" type="String" end end
body
  step id="s1" kind="parallel"
    branch id="user"
      step id="s2" kind="call" fn="http.get" arg name="url" from="url" as="reply" end
    end
    branch id="said"
      step id="s3" kind="call" fn="console.println" arg name="message" from="url" as="_" end
    end
    as="both"
  end
  step id="s4" kind="call" fn="json.parse" arg name="input" from="both.user.body" as="user" end
  step id="s5" kind="return" from="user.name" as="_" end
end
end

snippet id="shop.slow" kind="fn"
effects effect timers end
signature fn name="slow" param name="ms" type="Int" end end
body
  step id="s1" kind="call" fn="timers.delay" arg name="ms" from="ms" as="_" end
  step id="s2" kind="return" lit="slept" as="_" end
end
end

snippet id="shop.broken" kind="fn"
body
  step id="s1" kind="compute" op=div input lit=1 input lit=0 as="x" end
  step id="s2" kind="return" from="x" as="_" end
end
end
"#;

#[track_caller]
fn shop(routes: &str) -> Fixture {
    let text = format!("import \"shop.cov\" as shop\n{routes}");
    load_among(&text, &[("shop.cov", SHOP)])
}

/// What `GET /a` answers with these steps after a state.
#[track_caller]
fn answer(state: &str, steps: &str) -> Value {
    let run = shop(&format!("GET /a\n  |> jq: `{state}`\n  {steps}\n")).call("GET /a");
    run.answer().body.clone()
}

#[track_caller]
fn first_error(body: &Value) -> Value {
    match body.get("errors") {
        Some(Value::Array(errors)) => errors[0].clone(),
        _ => panic!("no error: {}", body.to_json()),
    }
}

#[test]
fn inputs_come_from_the_state_or_from_the_argument() {
    let total = json!({"cents": 280, "note": "none"});
    assert_eq!(answer("{ price: 250, other: 1 }", "|> cov: shop.total"), total);
    assert_eq!(answer("{ a: 1 }", "|> cov({ price: 250 }): total"), total);
    assert_eq!(answer("{}", r#"|> cov({ price: "250", note: null }): total"#), total);
    assert_eq!(
        answer("{}", "|> cov({ price: 250, note: 7 }): total"),
        json!({"cents": 280, "note": "7"})
    );
}

#[test]
fn the_value_is_the_state_or_goes_where_its_result_says() {
    let kept = answer("{ price: 1 }", "|> cov: shop.total @result(total)");
    assert_eq!(kept.get("price"), Some(&json!(1)));
    assert_eq!(kept.get("data"), Some(&json!({"total": {"cents": 31, "note": "none"}})));
    assert_eq!(answer("{ ms: 3 }", "|> cov: shop.slow"), json!("slept"));
}

#[test]
fn what_does_not_fit_the_parameters_is_said() {
    for (steps, field, message) in [
        ("|> cov: shop.total", "price", "`price` of type Int is missing"),
        (
            "|> cov({ other: 1 } | .): shop.total",
            "other",
            "no parameter is called `other`: it takes price, note",
        ),
        (r#"|> cov({ price: "x" }): total"#, "price", "`price` is of type Int: `x` is not"),
        ("|> cov({ price: [1] }): total", "price", "`price` is of type Int, not List"),
        ("|> cov(3): total", "", "the inputs must be an object, not number"),
    ] {
        let body = answer("{ other: 1 }", steps);
        let error = first_error(&body);
        let text = |name| error.get(name).and_then(|value| value.as_str()).unwrap_or_default();
        assert_eq!(
            (text("type"), text("field"), text("message")),
            ("validationError", field, message)
        );
    }
}

#[test]
fn a_failure_is_an_error_of_its_type_that_a_result_routes() {
    let run = shop(
        "GET /a
  |> cov({ price: -1 }): shop.total
  |> result
    PriceError(409):
      |> jq: `{ why: .errors[0].message, variant: .errors[0].variant, price: .errors[0].price }`
    default(500):
      |> jq: `{}`
",
    )
    .call("GET /a");
    assert_eq!(run.answer().status, Some(409));
    assert_eq!(
        run.answer().body,
        json!({"why": "a price is not negative", "variant": "Negative", "price": (-1)})
    );
}

#[test]
fn a_fault_of_the_program_is_an_error_of_the_step() {
    let body = answer("{}", "|> cov: shop.broken");
    let error = first_error(&body);
    assert_eq!(error.get("type").and_then(|kind| kind.as_str()), Some("covError"));
    let message = error.get("message").and_then(|text| text.as_str()).unwrap();
    assert!(message.contains("E-RT-ARITH") && message.contains("step `s1`"), "{message}");
}

#[test]
fn deadlines_and_races_stop_functions() {
    let fixture = shop(
        "GET /late
  |> cov({ ms: 5000 }): shop.slow @timeout(20ms)
GET /first
  |> race @result(won)
    slow:
      |> cov({ ms: 5000 }): shop.slow
    quick:
      |> cov({ ms: 10 }): shop.slow
  end
",
    );
    let late = fixture.call("GET /late");
    assert_eq!(late.answer().error.as_deref(), Some("timeoutError"));
    assert_eq!(late.took, Duration::from_millis(20));
    let first = fixture.call("GET /first");
    assert_eq!(first.took, Duration::from_millis(10));
}

#[test]
fn functions_reach_real_services_and_write_to_the_log() {
    let upstream = Upstream::start();
    let url = format!("http://{}/users/7", upstream.address());
    let fixture = shop(&format!("GET /a\n  |> cov({{ url: \"{url}\" }}): shop.user\n"));
    let run = fixture.on_real_time().call("GET /a");
    assert_eq!(run.answer().body, json!("Ada"));
    let said = run.events.iter().any(|event| match event {
        Event::Log { message, .. } => **message == *url,
        _ => false,
    });
    assert!(said, "{:?}", run.events);
    assert_eq!(upstream.last().path, "/users/7");
}

#[test]
fn functions_see_the_variables_of_the_program() {
    const FILE: &str = r#"
snippet id="db.real" kind="database"
metadata
  dialect="postgres"
  connection="env:DATABASE_URL"
end
end

snippet id="v.all" kind="fn"
effects effect database effect os end
signature fn name="all" end end
body
  step id="a" kind="query"
    dialect="postgres"
    target="real"
    body
      select 1 as n
    end
    returns type="Int"
    as="one"
  end
  step id="b" kind="call" fn="postgres.query" arg name="sql" lit="select 2 as n" as="rows" end
  step id="c" kind="call" fn="os.env_get" arg name="name" lit="REGION" as="region" end
  step id="d" kind="construct" collection item from="one" item from="rows" item from="region" end as="all" end
  step id="e" kind="return" from="all" as="_" end
end
end
"#;
    let text = "import \"v.cov\" as v\nGET /a\n  |> cov: v.all\n";
    let run = load_among(text, &[("v.cov", FILE)]).on_real_time().call("GET /a");
    assert_eq!(run.answer().body, json!([1, [{"n": 2}], "north"]));
}
