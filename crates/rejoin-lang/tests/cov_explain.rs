//! What is said about functions: their trees, charts and critical paths, and what could run at the same time.

#[path = "support/catalog.rs"]
mod catalog;

use catalog::Catalog;
use rejoin_lang::cov;
use rejoin_lang::diagnostic::has_errors;
use rejoin_lang::explain::{explain_functions, suggest_functions, suggestions_as_text};
use rejoin_lang::plan::Functions;
use rejoin_lang::source::Source;

const PROGRAM: &str = r#"
snippet id="db.shop" kind="database"
metadata
  dialect="postgres"
  connection="env:DATABASE_URL"
end
end

snippet id="shop.page" kind="fn"
effects
  effect network
  effect database
  effect console
end
signature
  fn name="page"
    param name="user" type="String"
    returns type="Any"
  end
end
body
  step id="p1" kind="parallel"
    on_error="collect_all"
    timeout=2s
    branch id="offers"
      step id="p1.1" kind="call" fn="http.get" arg name="url" lit="https://offers.example/" as="reply" end
    end
    branch id="news"
      step id="p1.2" kind="call" fn="http.get" arg name="url" lit="https://news.example/" as="reply" end
      step id="p1.3" kind="call" fn="http.get" arg name="url" from="reply.body" as="more" end
    end
    as="page"
  end
  step id="p2" kind="call" fn="shop.orders" arg name="user" from="user" as="orders"
    handle
      case type="DbError"
        step id="p2.1" kind="bind" lit=[] as="orders" end
      end
    end
  end
  step id="p3" kind="for" var="order" in="orders"
    step id="p3.1" kind="call" fn="console.println" arg name="message" from="order" as="_" end
    as="_"
  end
  step id="p4" kind="match" on="page.news"
    case variant type="HttpError"
      step id="p4.1" kind="return" lit="no news" as="_" end
    end
    case wildcard
      step id="p4.2" kind="compute" op=equals input var="user" input lit="admin" as="is_admin" end
      step id="p4.3" kind="if" condition="is_admin"
        then
          step id="p4.4" kind="bind" lit=1 as="level" end
        end
        as="_"
      end
    end
    as="_"
  end
  step id="p5" kind="return"
    struct type="Page"
      field name="orders" from="orders"
      field name="news" from="page.news"
    end
    as="_"
  end
end
end

snippet id="shop.orders" kind="fn"
effects
  effect database
end
signature
  fn name="orders"
    param name="user" type="String"
    returns type="Any"
  end
end
body
  step id="o1" kind="transaction"
    step id="o2" kind="query"
      dialect="postgres" target="shop"
      body
        select * from orders where customer = :user
      end
      params
        param name="user" from="user"
      end
      returns collection of="Any"
      as="rows"
    end
    as="orders"
  end
  step id="o3" kind="return" from="orders" as="_" end
end
end
"#;

#[track_caller]
fn load(text: &str) -> Functions {
    let (functions, problems) = cov::load(Source::new("shop.cov", text));
    assert!(!has_errors(&problems), "{problems:?}");
    functions
}

#[test]
fn a_file_as_a_tree() {
    insta::assert_snapshot!(explain_functions(&load(PROGRAM), None).to_text());
}

#[test]
fn a_file_as_a_chart() {
    insta::assert_snapshot!(explain_functions(&load(PROGRAM), None).to_mermaid());
}

#[test]
fn a_function_comes_with_those_that_it_calls() {
    let functions = load(PROGRAM);
    let names = |subject| {
        let text = explain_functions(&functions, subject).to_json();
        let parsed = rejoin_value::Value::parse(text.as_bytes()).expect("it is JSON");
        let bodies = parsed.get("bodies").and_then(|bodies| bodies.as_array()).expect("bodies");
        let names = bodies.iter().map(|body| body.get("name").map(|name| name.to_json()));
        names.map(Option::unwrap_or_default).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(functions.find("page")), r#""shop.page" "shop.orders""#);
    assert_eq!(names(functions.find("orders")), r#""shop.orders""#);
    assert_eq!(names(None), r#""shop.page" "shop.orders""#);
}

fn suggested(steps: &str) -> String {
    let functions = load(&format!(
        "snippet id=\"db.shop\" kind=\"database\" metadata dialect=\"postgres\" connection=\"env:DATABASE_URL\" end end\n{steps}"
    ));
    suggestions_as_text(&suggest_functions(&functions, &Catalog, None))
}

fn get(id: &str, url: &str, name: &str) -> String {
    format!(
        "  step id=\"{id}\" kind=\"call\"\n    fn=\"http.get\"\n    arg name=\"url\" {url}\n    as=\"{name}\"\n  end\n"
    )
}

#[test]
fn neighbours_that_only_read_could_run_together_and_keep_their_names() {
    let steps = get("a", "lit=\"https://users.example/\"", "user")
        + &get("b", "lit=\"https://news.example/\"", "news")
        + "step id=\"c\" kind=\"query\" dialect=\"postgres\" target=\"shop\" body\nselect 1\nend\nreturns type=\"Any\" as=\"one\" end\n"
        + &get("d", "from=\"user.body\"", "friend");
    let text = suggested(&steps);
    insta::assert_snapshot!(text);
    // What is suggested is a program, in which nothing is left to suggest.
    let rewrite: String = text
        .lines()
        .skip_while(|line| !line.starts_with("at the same time"))
        .skip(1)
        .map(|line| format!("{line}\n"))
        .collect();
    let after = suggested(&(rewrite + &get("d", "from=\"user.body\"", "friend")));
    assert_eq!(after, "nothing to suggest: no neighbouring calls could run at the same time\n");
}

#[test]
fn nothing_moves_past_what_may_write_print_or_is_read() {
    let (user, news) = (
        get("a", "lit=\"https://users.example/\"", "user"),
        get("b", "lit=\"https://news.example/\"", "news"),
    );
    let nothing = "nothing to suggest: no neighbouring calls could run at the same time\n";
    for between in [
        "step id=\"w\" kind=\"call\" fn=\"http.post\" arg name=\"url\" lit=\"https://a/\" arg name=\"body\" lit=\"\" as=\"w\" end\n",
        "step id=\"w\" kind=\"query\" dialect=\"postgres\" target=\"shop\" body\ndelete from t returning id\nend\nreturns type=\"Any\" as=\"w\" end\n",
        "step id=\"w\" kind=\"call\" fn=\"console.println\" arg name=\"message\" lit=\"between\" as=\"w\" end\n",
        "step id=\"w\" kind=\"call\" fn=\"timers.delay\" arg name=\"ms\" lit=5 as=\"w\" end\n",
    ] {
        assert_eq!(suggested(&format!("{user}{between}{news}")), nothing, "{between}");
    }
    assert_eq!(suggested(&(user.clone() + &get("c", "from=\"user.body\"", "more"))), nothing);
    assert_eq!(suggested(&(user.clone() + &news.replace("\"news\"", "\"_\""))), nothing);
    let handled = news.replace("    as=\"news\"\n", "    as=\"news\"\n    handle\n      case type=\"HttpError\"\n        step id=\"h\" kind=\"return\" lit=1 as=\"_\" end\n      end\n    end\n");
    assert_eq!(suggested(&(user.clone() + &handled)), nothing);
    let inside = format!("step id=\"t\" kind=\"transaction\"\n{user}{news}as=\"x\" end\n");
    assert_eq!(suggested(&inside), nothing);
    assert_ne!(suggested(&(user + &news)), nothing);
}
