//! A file of functions as a program of routes: one for each function.

use std::fmt::Write;

use rejoin_lang::cov;
use rejoin_lang::source::Source;
use rejoin_lang::step_spec::{Effect, StepCatalog};

/// The name of the import in the program.
const ALIAS: &str = "functions";

/// A `.wp` program with the routes `POST /area/name` for the function `area.name`, with its arguments in the body, and the
/// same with `GET` and a query unless calling it may change something. What is wrong in the file is found when it is imported.
pub(crate) fn routes(functions: &Source, import: &str, catalog: &dyn StepCatalog) -> String {
    let (program, _) = cov::load(functions.clone());
    let mut text = format!("import \"{import}\" as {ALIAS}\n");
    for (index, function) in program.functions.iter().enumerate() {
        let Some(path) = path(&function.id).filter(|_| function.body.is_some()) else { continue };
        let id = &function.id;
        let mut route = |method: &str, inputs: &str| {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{method} {path}\n  |> cov({inputs}): `{ALIAS}::{id}`\n");
        };
        route("POST", ".body // {}");
        if program.effect(index, catalog) != Effect::Write {
            route("GET", ".query");
        }
    }
    text
}

/// The path of a function, if its id can be one.
fn path(id: &str) -> Option<String> {
    let part = |part: &str| {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        !part.is_empty() && part.chars().all(word)
    };
    id.split('.').all(part).then(|| format!("/{}", id.replace('.', "/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_change_something_is_not_for_get() {
        let text = r#"
snippet id="till.total" kind="fn"
body
  step id="s" kind="return" lit=1 as="_" end
end
end
snippet id="till.tell" kind="fn"
effects effect network end
body
  step id="s" kind="call" fn="http.post" arg name="url" lit="x" arg name="body" lit="y" as="_" end
end
end
snippet id="db.shop" kind="database" metadata dialect="postgres" connection="env:X" end end
snippet id="till.list" kind="fn"
effects effect database end
body
  step id="q" kind="query" dialect="postgres" target="shop"
    body
      with some as (select id, upper(name) from tills where id > :least) select * from some
    end
    params
      param name="least" lit=3
    end
    returns collection of="Any"
    as="rows"
  end
end
end
snippet id="till.next" kind="fn"
effects effect database end
body
  step id="q" kind="query" dialect="postgres" target="shop"
    body
      select nextval('tills')
    end
    returns type="Any"
    as="row"
  end
end
end
snippet id="no path" kind="fn"
body
end
end
"#;
        let routes = routes(&Source::new("till.cov", text), "till.cov", &rejoin_steps::registry());
        let lines: Vec<&str> = routes.lines().filter(|line| line.starts_with(['P', 'G'])).collect();
        let wanted = [
            "POST /till/total",
            "GET /till/total",
            "POST /till/tell",
            "POST /till/list",
            "GET /till/list",
            "POST /till/next",
        ];
        assert_eq!(lines, wanted);
    }
}
