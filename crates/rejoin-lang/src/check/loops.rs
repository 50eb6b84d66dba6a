//! Requests to the outside in a loop whose length nobody knows.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Call, ForEach, NodeKind};
use crate::step_spec::Effect;

use super::Checker;
use super::bodies::{bodies, call_of, each_node};

/// What a jq program looks like that takes only so many elements.
const CUTS: [&str; 3] = ["[:", "limit(", "first("];

pub(super) fn check(checker: &mut Checker<'_>) {
    for (_, block) in bodies(checker.plan) {
        let mut is_cut = false;
        each_node(block, &mut |node| {
            if let Some(text) = call_of(node).and_then(|call| call.text.as_ref()) {
                is_cut |= CUTS.iter().any(|cut| text.value.contains(cut));
            }
            if let NodeKind::ForEach(each) = &node.kind
                && !is_cut
                && each.limit.is_none()
                && let Some(call) = first_request(checker, each)
            {
                checker.report(
                    Diagnostic::new(
                        Code::UNLIMITED_LOOP,
                        call.name_span,
                        format!(
                            "`{}` runs once for every element, however many there are",
                            call.name
                        ),
                    )
                    .label("one after the other")
                    .also(each.path_span, "nothing limits this array")
                    .help(format!(
                        "say how many at once, `foreach .{path} @limit(8)`, or cut the array before: ``|> jq: `.{path} |= .[:50]` ``",
                        path = each.path.join("."),
                    )),
                );
            }
        });
    }
}

fn first_request<'p>(checker: &Checker<'_>, each: &'p ForEach) -> Option<&'p Call> {
    let mut found = None;
    each_node(&each.body, &mut |node| {
        let Some(call) = call_of(node) else { return };
        let is_outside = checker
            .spec(call)
            .is_some_and(|spec| spec.effect != Effect::None && !spec.errors.is_empty());
        if found.is_none() && is_outside {
            found = Some(call);
        }
    });
    found
}
