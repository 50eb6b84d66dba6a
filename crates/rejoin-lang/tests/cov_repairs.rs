//! Mistakes of one word in a `.cov` file, each of which is said once and at its place, and hides nothing else.

use rejoin_lang::cov;
use rejoin_lang::diagnostic::render_text;
use rejoin_lang::source::Source;

const GOOD: &str = r#"snippet id="t.f" kind="fn"
effects
  effect console
end
signature
  fn name="f"
    param name="n" type="Int"
    returns union
      type="Int"
      type="ParseError"
    end
  end
end
body
  step id="s1" kind="compute"
    op=add
    input var="n"
    input lit=1
    as="m"
  end
  step id="s2" kind="match"
    on="m"
    case literal=5
      step id="s3" kind="return"
        from="m"
        as="_"
      end
    end
    case wildcard
      step id="s4" kind="call"
        fn="console.println"
        arg name="message" from="m"
        as="_"
      end
    end
    as="_"
  end
  step id="s5" kind="return"
    from="m"
    as="_"
  end
end
tests
  test id="one" kind="unit"
    step id="t1" kind="call"
      fn="t.f"
      arg name="n" lit=1
      as="got"
    end
  end
  test id="two" kind="unit"
    step id="t2" kind="call"
      fn="t.f"
      arg name="n" lit=2
      as="got"
    end
  end
end
metadata
  author="me"
end
end
"#;

/// The errors of a text, each with its line.
fn errors(text: &str) -> (Vec<(&'static str, u32)>, String) {
    let (functions, problems) = cov::load(Source::new("test.cov", text));
    let drawing = render_text(&functions.sources, &problems, false);
    let line = |at: u32| 1 + text[..at as usize].matches('\n').count() as u32;
    let errors = problems.iter().filter(|problem| problem.code.id().starts_with('E'));
    (errors.map(|problem| (problem.code.id(), line(problem.span.start))).collect(), drawing)
}

#[test]
fn a_word_that_is_missing_or_wrong_is_said_once() {
    assert_eq!(errors(GOOD).0, []);
    for (place, with, wanted) in [
        // The first word of a section.
        ("body\n", "\n", &[("E0051", 15)][..]),
        ("tests\n", "\n", &[("E0051", 44)]),
        // That of a step, or its id.
        ("step id=\"s1\"", "id=\"s1\"", &[("E0051", 15)]),
        ("step id=\"s3\"", "id=\"s3\"", &[("E0051", 24)]),
        ("step id=\"s1\"", "step =\"s1\"", &[("E0052", 15)]),
        ("step id=\"s5\"", "step =\"s5\"", &[("E0052", 38)]),
        // A value.
        ("literal=5", "literal=", &[("E0054", 24)]),
        ("id=\"one\" kind=\"unit\"", "id=\"one\" kind=", &[("E0054", 45)]),
        ("id=\"s5\"", "id=", &[("E0054", 38)]),
        ("returns union", "returns uniozn", &[("E0051", 8)]),
    ] {
        assert_eq!(GOOD.matches(place).count(), 1, "{place}");
        let text = GOOD.replace(place, with);
        let (found, drawing) = errors(&text);
        assert_eq!(found, wanted, "{with}\n{drawing}");
        // What is wrong elsewhere is said beside it.
        let more = text.replace("type=\"ParseError\"\n", "type=\"ParseError\" nite=\"x\"\n");
        let (found, drawing) = errors(&more);
        assert_eq!(found.len(), wanted.len() + 1, "{with}\n{drawing}");
    }
}

#[test]
fn an_end_too_many_is_said_once() {
    let place = "as=\"m\"\n  end\n";
    assert_eq!(GOOD.matches(place).count(), 1);
    for ends in 1..4 {
        let text = GOOD.replace(place, &format!("{place}{}", "end\n".repeat(ends)));
        let (found, drawing) = errors(&text);
        assert_eq!(found.len(), 1, "{ends}\n{drawing}");
        // What is wrong in the next snippet is said beside it.
        let next = text.clone() + &GOOD.replace("t.f", "t.g").replace("op=add", "op=ad");
        let (found, drawing) = errors(&next);
        assert_eq!(found.len(), 2, "{ends}\n{drawing}");
    }
}

#[test]
fn a_function_says_once_what_it_returns() {
    let text = GOOD.replace("    returns union", "    returns type=\"Bool\"\n    returns union");
    let (found, drawing) = errors(&text);
    assert_eq!(found, [("E0061", 9)], "{drawing}");
}

#[test]
fn what_leaves_the_tree_whole_hides_no_other_problem() {
    for (place, with, code) in [
        ("id=\"s5\"", "id=\"s1\"", "E0063"),
        ("    input lit=1\n", "", "E0056"),
        (
            "snippet id=\"t.f\"",
            "snippet id=\"t.f\" kind=\"module\" end\nsnippet id=\"t.f\"",
            "E0062",
        ),
        ("snippet id=\"t.f\"", "snippet id=\"g\" kind=\"extern\" end\nsnippet id=\"t.f\"", "E0065"),
    ] {
        let text = GOOD.replacen(place, with, 1).replace("on=\"m\"", "on=\"zz\"");
        let (found, drawing) = errors(&text);
        let mut codes: Vec<&str> = found.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        assert_eq!(codes, [code, "E0151"], "{with}\n{drawing}");
    }
}
