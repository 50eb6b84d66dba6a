//! Steps that call functions of imported files: which they mean, and what is said when they mean none.

#[path = "support/catalog.rs"]
mod catalog;

use catalog::Catalog;
use rejoin_lang::diagnostic::render_text;
use rejoin_lang::load_with;
use rejoin_lang::source::Source;
use rejoin_lang::step_spec::{
    Effect, OutputClass, Param, Required, StepCatalog, StepSpec, TextLanguage, TextProblem,
    TextRule,
};

/// The steps of the other tests, and the one that calls functions.
struct WithFunctions;

static FUNCTION: StepSpec = StepSpec {
    name: "cov",
    summary: "calls a function",
    class: OutputClass::DataReplace,
    text: TextRule { language: TextLanguage::Function, required: Required::Always },
    params: &[Param { name: "inputs", summary: "object: inputs", required: false, keys: &[] }],
    effect: Effect::Write,
    errors: &[],
    fallible: true,
    files: &[],
    examples: &[],
};

impl StepCatalog for WithFunctions {
    fn spec(&self, name: &str) -> Option<&StepSpec> {
        if name == FUNCTION.name { Some(&FUNCTION) } else { Catalog.spec(name) }
    }

    fn names(&self) -> Vec<&str> {
        Catalog.names().into_iter().chain([FUNCTION.name]).collect()
    }

    fn check_text(&self, step: &str, text: &str) -> Vec<TextProblem> {
        Catalog.check_text(step, text)
    }
}

const TILL: &str = r#"
snippet id="till.total" kind="fn"
signature
  fn name="total"
    param name="price" type="Int"
    param name="fee" type="Int" optional
    returns type="Int"
  end
end
body
  step id="s1" kind="return" from="price" as="_" end
end
end

snippet id="till.book" kind="fn"
effects effect network end
signature fn name="book" end end
body
  step id="s1" kind="call" fn="http.post" arg name="url" lit="http://x.example" arg name="body" lit="" as="_" end
end
end

snippet id="host.stamp" kind="extern"
signature fn name="stamp" end end
end
"#;

/// The codes of a program's problems, and how they are drawn.
fn problems(steps: &str) -> (Vec<&'static str>, String) {
    let text = format!("import \"till.cov\" as till\nGET /a/:price\n{steps}");
    problems_of(&text)
}

fn problems_of(text: &str) -> (Vec<&'static str>, String) {
    let read = |_: &str, path: &str| match path {
        "till.cov" => Ok(Source::new("till.cov", TILL)),
        "bad.cov" => Ok(Source::new("bad.cov", "snippet id=\"a\" kind=\"fn\"")),
        "other.cov" => Ok(Source::new("other.cov", TILL)),
        _ => Err("there is no such file".to_owned()),
    };
    let loaded = load_with(Source::new("app.wp", text), &WithFunctions, &read);
    let drawn = render_text(&loaded.plan.sources, &loaded.diagnostics, false);
    (loaded.diagnostics.iter().map(|problem| problem.code.id()).collect(), drawn)
}

#[test]
fn a_function_is_named_by_its_id_or_its_name() {
    for name in ["till.total", "total", "till::till.total", "till::total", "`till.total`"] {
        for inputs in ["", "({ price: .params.price })", "({ price: 1, fee: 2 })", "(.params)"] {
            let (codes, drawn) = problems(&format!("  |> cov{inputs}: {name}\n"));
            assert!(codes.is_empty(), "{drawn}");
        }
    }
}

#[test]
fn what_is_no_function_is_reported_with_what_was_meant() {
    for (steps, code, wanted) in [
        ("|> cov: till.totle", "E0123", "did you mean `till.total`?"),
        ("|> cov: till::totle", "E0123", "no imported file has a function `till::totle`"),
        ("|> cov: shop::total", "E0107", "no module is called `shop`"),
        ("|> cov: host.stamp", "E0123", "the host would have to supply it"),
        ("|> cov", "E0202", "the name of the function is missing"),
        ("|> cov({ price: 1 })", "E0202", "the name of the function is missing"),
        ("|> cov({ prise: 1 }): total", "E0124", "did you mean `price`?"),
        ("|> cov({ fee: 1 }): total", "E0124", "`total` needs `price` of type Int"),
        ("|> cov({}): total", "E0124", "add it: `price: …`"),
    ] {
        let (codes, drawn) = problems(&format!("  {steps}\n"));
        assert!(drawn.contains(wanted), "{steps}: {drawn}");
        assert_eq!(codes, [code], "{steps}: {drawn}");
    }
    let (codes, drawn) = problems_of("GET /a\n  |> cov: till.total\n");
    assert_eq!(codes, ["E0123"], "{drawn}");
    assert!(drawn.contains("import its file"), "{drawn}");
    let both = "import \"till.cov\" as till\nimport \"other.cov\" as other\nGET /a\n  |> cov: ";
    let (codes, drawn) = problems_of(&format!("{both}till.total\n"));
    assert_eq!(codes, ["E0123"], "{drawn}");
    assert!(problems_of(&format!("{both}other::till.total\n")).0.is_empty());
}

#[test]
fn problems_of_an_imported_file_are_problems_of_the_program() {
    let (codes, drawn) = problems_of("import \"bad.cov\" as bad\nGET /a\n  |> jq: `.`\n");
    assert_eq!(codes, ["E0053"], "{drawn}");
    assert!(drawn.contains("bad.cov:1"), "{drawn}");
}

#[test]
fn only_a_function_that_writes_is_not_to_be_repeated() {
    let (codes, drawn) = problems("  |> cov: till.book @retry(3)\n");
    assert_eq!(codes, ["W0206"], "{drawn}");
    let (codes, drawn) = problems("  |> cov: till.total @retry(3)\n");
    assert!(codes.is_empty(), "{drawn}");
}
