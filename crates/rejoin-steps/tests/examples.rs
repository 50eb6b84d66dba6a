//! Every example of every step's spec is checked and run.

mod support;

use rejoin_lang::plan::{Method, Segment};
use rejoin_value::json;
use support::upstream::Upstream;
use support::{load_with, registry};

#[test]
fn every_example_runs() {
    let upstream = Upstream::start();
    let registry = registry(&upstream);
    for step in registry.iter() {
        let spec = step.spec();
        assert!(spec.examples.len() >= 2, "`{}` needs two examples", spec.name);
        for example in spec.examples {
            let title = format!("{}: {}", spec.name, example.title);
            let loaded = support::read(example.program, &registry);
            let drawn = rejoin_lang::diagnostic::render_text(
                &loaded.plan.sources,
                &loaded.diagnostics,
                false,
            );
            assert!(loaded.diagnostics.is_empty(), "{title}\n{drawn}");
            let mentions = format!("|> {}", spec.name);
            assert!(example.program.contains(&mentions), "{title}: does not show the step");
            let fixture = load_with(example.program, &registry).on_real_time();
            assert!(!loaded.plan.routes.is_empty(), "{title}: no route");
            for route in &loaded.plan.routes {
                let path: Vec<_> = route.path.segments.iter().map(fill).collect();
                let target = format!("{} /{}", route.method.as_str(), path.join("/"));
                let body = match route.method {
                    Method::Get => json!({}),
                    _ => json!({"items": [1]}),
                };
                let run = fixture.call_with(&target, body);
                let answer = run.answer();
                assert_eq!(answer.error, None, "{title}: {}", answer.body);
                assert!(answer.status.is_none_or(|status| status < 300), "{title}: {answer:?}");
            }
        }
    }
}

fn fill(segment: &Segment) -> &str {
    match segment {
        Segment::Literal(text) => text,
        Segment::Param(_) | Segment::Rest(_) => "7",
    }
}

#[test]
fn specs_are_complete() {
    for step in rejoin_steps::registry().iter() {
        let spec = step.spec();
        assert!(!spec.summary.is_empty() && !spec.summary.ends_with('.'), "{}", spec.name);
        assert!(spec.summary.starts_with(char::is_lowercase), "{}", spec.name);
        for param in spec.params {
            assert!(param.summary.contains(": "), "{}: {} has no type", spec.name, param.name);
        }
        for kind in spec.errors {
            assert!(kind.ends_with("Error"), "{}: {kind}", spec.name);
        }
    }
}
