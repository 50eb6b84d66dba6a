//! Which case of a `handle` takes up a failure: as in `match`, by its type, its variant, or how that is called at its end.

mod alone;

use alone::{alone, loaded};
use rejoin_engine::Datum;

/// The case, counted from 0, that takes up a failure of this type, which a call gives that may give `kinds`.
async fn taken_by(kinds: &[&str], failure: &str, cases: &[&str]) -> Option<i64> {
    let types: String = kinds.iter().map(|kind| format!("type=\"{kind}\" ")).collect();
    let cases: String = (0..)
        .zip(cases)
        .map(|(at, kind)| {
            format!(
                "case type=\"{kind}\" step id=\"c{at}\" kind=\"bind\" lit={at} as=\"x\" end end\n"
            )
        })
        .collect();
    let text = format!(
        r#"snippet id="t.types" kind="module"
types
  enum name="DepotError" variant name="Gone" end variant name="Closed" end end
  alias name="Trouble" type="DepotError"
end
end
snippet id="t.gone" kind="struct"
signature struct name="Gone" end end
metadata error=true end
end
snippet id="t.g" kind="fn"
signature fn name="g" returns union type="Int" {types}end end end
body step id="r" kind="return" struct type="{failure}" end as="_" end end
end
snippet id="t.f" kind="fn"
signature fn name="f" returns type="Any" end end
body
step id="c" kind="call" fn="t.g" as="x" handle
{cases}end end
step id="b" kind="match" on="x" case variant type="Int" bindings=("n")
  step id="r" kind="return" from="n" as="_" end
end case wildcard step id="s" kind="return" lit=none as="_" end end as="_" end
end
end
"#
    );
    let functions = loaded(&text);
    let program = alone(functions);
    match program.run("t.f", &[]).await {
        Ok(Datum::Int(at)) => Some(at),
        other => {
            assert!(matches!(other, Ok(Datum::None)), "{other:?}");
            None
        }
    }
}

#[tokio::test]
async fn a_case_may_name_the_enum_or_the_variant_or_how_that_is_called_at_its_end() {
    for (kinds, failure, cases, wanted) in [
        (&["DepotError"][..], "DepotError::Gone", &["DepotError"][..], Some(0)),
        (&["DepotError"], "DepotError::Gone", &["DepotError::Closed", "DepotError::Gone"], Some(1)),
        (&["DepotError"], "DepotError::Gone", &["Trouble::Closed", "Trouble::Gone"], Some(1)),
        (&["DepotError"], "DepotError::Closed", &["Gone", "Closed"], Some(1)),
        (&["DepotError"], "DepotError::Closed", &["Gone"], None),
        // A struct is called so, too: the call does not give one.
        (&["DepotError"], "DepotError::Gone", &["Gone", "DepotError"], Some(0)),
        // If it may, the case is for that where another is for the variant.
        (&["Gone", "DepotError"], "DepotError::Gone", &["Gone", "DepotError"], Some(1)),
        (&["Gone", "DepotError"], "DepotError::Gone", &["Gone", "DepotError::Gone"], Some(1)),
        (&["Gone", "DepotError"], "Gone", &["DepotError", "Gone"], Some(1)),
    ] {
        assert_eq!(taken_by(kinds, failure, cases).await, wanted, "{kinds:?} {failure} {cases:?}");
    }
}
