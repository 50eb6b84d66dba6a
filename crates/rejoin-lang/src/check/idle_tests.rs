//! Tests that check nothing: they pass whatever the program does, unless it cannot run at all.

use crate::diagnostic::{Code, Diagnostic};

use super::Checker;

pub(super) fn check(checker: &mut Checker<'_>) {
    for test in checker.plan.tests.iter().filter(|test| test.checks.is_empty() && !test.is_faulty) {
        let what = format!("the test `{}` checks nothing", test.name);
        checker.report(
            Diagnostic::new(Code::IDLE_TEST, test.span, what)
                .label("passes whatever the answer is")
                .help("say what has to hold, such as `then status is 200`"),
        );
    }
}
