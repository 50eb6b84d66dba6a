//! Routes that answer the same requests, or none.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Method, PathPattern, Segment};

use super::Checker;

/// Paths that the server answers itself.
const RESERVED: [&str; 2] = ["/health", "/healthz"];

pub(super) fn check(checker: &mut Checker<'_>) {
    let plan = checker.plan;
    let mut first: HashMap<(Method, String), usize> = HashMap::new();
    for (index, route) in plan.routes.iter().enumerate() {
        if let Some(known) = first.get(&(route.method, shape(&route.path))) {
            let known = &plan.routes[*known];
            checker.report(
                Diagnostic::new(
                    Code::DUPLICATE_ROUTE,
                    route.span,
                    format!(
                        "`{} {}` answers no request: an earlier route answers them all",
                        route.method, route.path.text
                    ),
                )
                .label("same method, same shape of path")
                .also(known.span, "this one answers")
                .help("remove one of the two, or give it another path"),
            );
            continue;
        }
        first.insert((route.method, shape(&route.path)), index);
        if route.method == Method::Get && RESERVED.contains(&&*route.path.text) {
            checker.report(
                Diagnostic::new(
                    Code::RESERVED_PATH,
                    route.span,
                    format!("the server answers `{}` itself", route.path.text),
                )
                .label("never reached")
                .help("give the route another path, such as `/status`"),
            );
        }
    }
}

/// What decides which requests a path answers: captures by place, not by name.
fn shape(path: &PathPattern) -> String {
    let mut shape = String::new();
    for segment in &path.segments {
        match segment {
            Segment::Literal(text) => {
                shape.push('/');
                shape.push_str(text);
            }
            // No literal segment contains a slash.
            Segment::Param(_) => shape.push_str("//:"),
            Segment::Rest(_) => shape.push_str("//*"),
        }
    }
    shape
}
