//! The layout of `.cov`: what it changes, and that it changes nothing else.

#[path = "../../../tests/seeded.rs"]
mod seeded;

use proptest::prelude::*;
use rejoin_lang::cov;
use rejoin_lang::cov::ast::{Block, Entry, File};
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::source::{Source, SourceId, Sources};

const TOUR: &str = include_str!("corpus/tour.cov");

#[track_caller]
fn format(text: &str) -> String {
    let source = Source::new("test.cov", text);
    cov::format(&source).unwrap_or_else(|problems| {
        panic!("{}\n{text}", render_text(&Sources::single(source), &problems, false))
    })
}

fn parse(text: &str) -> (File, bool) {
    let (file, problems) = cov::parse(&Source::new("test.cov", text), SourceId(0));
    (file, has_errors(&problems))
}

/// Everything in the tree, whatever the order of attributes, without places.
fn content(blocks: &[Block]) -> Vec<String> {
    blocks.iter().map(block_content).collect()
}

fn block_content(block: &Block) -> String {
    let mut others: Vec<String> = Vec::new();
    let mut steps: Vec<String> = Vec::new();
    for entry in &block.entries {
        match entry {
            Entry::Attribute(attribute) => {
                others.push(format!("{}={:?}", attribute.name.text, attribute.value.kind));
            }
            Entry::Flag(word) => others.push(word.text.to_string()),
            Entry::Value(value) => others.push(format!("{:?}", value.kind)),
            // Steps, cases, branches, parameters and arguments stay in their order.
            Entry::Block(inner) if &*block.word.text != "snippet" => {
                steps.push(block_content(inner));
            }
            Entry::Block(inner) => others.push(block_content(inner)),
        }
    }
    if &*block.word.text == "step" {
        steps.sort_by_key(|part| part.starts_with("handle") || part.starts_with("where"));
    }
    others.sort();
    format!("{}({})[{}]", block.word.text, others.join(" "), steps.join(" "))
}

/// The words of all comments.
fn comments(text: &str, file: &File) -> Vec<String> {
    let mut all: Vec<String> =
        file.comments.iter().map(|comment| text[comment.range()].trim_end().to_owned()).collect();
    all.sort();
    all
}

/// What must hold for any text: a second run changes nothing, and nothing is lost.
#[track_caller]
fn check_laws(text: &str) {
    let (before, faulty) = parse(text);
    if faulty {
        return;
    }
    let formatted = format(text);
    let (after, faulty) = parse(&formatted);
    assert!(!faulty, "{text}\n~~~\n{formatted}");
    assert_eq!(content(&before.blocks), content(&after.blocks), "{text}\n~~~\n{formatted}");
    assert_eq!(comments(text, &before), comments(&formatted, &after), "{text}\n~~~\n{formatted}");
    assert_eq!(format(&formatted), formatted, "{text}");
    assert!(
        !formatted.lines().any(|line| line.ends_with(' ')) || text.contains(" \n"),
        "{formatted}"
    );
}

#[test]
fn the_layout() {
    let text = r#"// about the file
snippet kind="fn" id="till.total" note "adds a fee"
body step id="s1" kind="call" as="sum" // the sum
 handle case type="E" end end fn="f" arg name="a" (* odd *) lit=[1,2 ,{"a":none},] end


 step id="s2" kind="parallel" timeout="5s" on_error="collect_all"
 branch id="a"
 // nothing yet
 end as="both" end
end
signature fn name="total" returns union type="Int" type="E" optional end end end
effects effect net ( path="/a" ) end
end step id="x" kind="bind" field="a" of="b" mut as="y" end"#;
    let wanted = r#"// about the file
snippet id="till.total" kind="fn"
note "adds a fee"

effects
  effect net(path="/a")
end

signature
  fn name="total"
    returns union
      type="Int"
      type="E" optional
    end
  end
end

body
  step id="s1" kind="call"
    fn="f"
    (* odd *)
    arg name="a" lit=[1, 2, {"a": none}]
    as="sum" // the sum
    handle
      case type="E"
      end
    end
  end

  step id="s2" kind="parallel"
    on_error="collect_all"
    timeout=5s
    branch id="a"
      // nothing yet
    end
    as="both"
  end
end

end

step id="x" kind="bind"
  field="a" of="b"
  mut
  as="y"
end
"#;
    let formatted = format(text);
    assert_eq!(
        formatted,
        wanted.replace("end\n\nstep id=\"x\"", "end\nstep id=\"x\""),
        "{formatted}"
    );
    check_laws(text);
}

#[test]
fn every_form_of_the_syntax_keeps_its_meaning() {
    check_laws(TOUR);
    include_str!("corpus/seed.cov").split("// ----\n").for_each(check_laws);
}

#[test]
fn a_file_with_errors_is_left_alone() {
    assert!(cov::format(&Source::new("a.cov", "step id=\"a\"")).is_err());
}

#[test]
fn comments_behind_the_text_of_a_query_are_none_of_it() {
    let behind = [
        ("// a\n", 1),
        ("\n// a\n", 1),
        ("\n\n(* a *) // b\n", 2),
        ("(* a\nend\nb *)\n", 1),
        ("(* a *) (* b\n*)\n", 2),
    ];
    for (behind, count) in behind {
        let head = "step id=\"q\" kind=\"query\" dialect=\"sqlite\" target=\"d\"\n  body\n";
        let sql = "    SELECT CASE a WHEN 1 THEN 2\n    end\n    FROM t\n";
        let tail = "  returns // c\n collection of=\"Row\"\n  as=\"rows\"\nend\n";
        let text = format!("{head}{sql}  end {behind}{tail}");
        let (file, faulty) = parse(&text);
        assert!(!faulty, "{text}");
        assert_eq!(comments(&text, &file).len(), count + 1, "{text}");
        check_laws(&text);
    }
}

proptest! {
    #![proptest_config(seeded::cases(300))]

    #[test]
    fn comments_anywhere_are_kept(
        places in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        comment in "(// a\n|\n// a\n|\\(\\* b \\*\\)|\n\n\\(\\* b\n c \\*\\) |\n\n\n| )",
    ) {
        let gaps: Vec<usize> =
            TOUR.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at).collect();
        let mut places: Vec<usize> = places.iter().map(|place| gaps[place.index(gaps.len())]).collect();
        places.sort_unstable();
        let mut text = TOUR.to_owned();
        for at in places.into_iter().rev() {
            text.insert_str(at, &format!(" {comment}"));
        }
        check_laws(&text);
    }

    #[test]
    fn parts_in_any_order_keep_their_meaning(
        order in Just(vec![
            "as=\"x\"", "fn=\"f\"", "handle case type=\"E\" end end", "arg name=\"a\" lit=1", "mut",
            "arg lit=[ 1,2 ] name=\"b\"", "// c\n", "(* d *)", "\n\n",
        ]).prop_shuffle(),
    ) {
        check_laws(&format!("step {} kind=\"call\" id=\"s\" end", order.join(" ")));
        check_laws(&format!("step id=\"s\" kind=\"call\" {} end // e", order.join(" ")));
    }
}

#[test]
fn what_a_file_begins_with_stands_apart_if_it_did() {
    let step = "step id=\"a\" kind=\"bind\"\n  lit=1\n  as=\"x\"\nend\n";
    for head in ["// About.\n\n// More.\n\n", "// About.\n// More.\n", "(* About.\n\nMore. *)\n\n"]
    {
        let text = format!("{head}{step}\n// End.\n\n// Really.\n");
        let once = format(&text);
        assert!(once.starts_with(&format!("{head}{step}")), "{once}");
        assert!(once.ends_with("// End.\n\n// Really.\n"), "{once}");
        assert_eq!(format(&once), once);
    }
    assert_eq!(
        format(&format!("// a\n\n\n\n{step}\n\n// b\n\n\n")),
        format!("// a\n\n{step}// b\n")
    );
}

#[test]
fn one_order_for_what_means_the_same() {
    let impl_ = |head: &str| format!("snippet id=\"a.b\" kind=\"extern-impl\" {head} end");
    let heads = ["implements=\"c.d\" platform=\"test\"", "platform=\"test\" implements=\"c.d\""];
    assert_eq!(format(&impl_(heads[0])), format(&impl_(heads[1])));
    let case = |pattern: &str| {
        format!("step id=\"m\" kind=\"match\" on=\"x\" case {pattern} end as=\"_\" end")
    };
    let [a, b] = ["struct type=\"S\" fields=(\"q\")", "fields=(\"q\") type=\"S\" struct"];
    assert_eq!(format(&case(a)), format(&case(b)));
}
