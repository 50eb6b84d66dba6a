//! What people write who are used to JavaScript, and what it is called here.

/// The mend for what stands at a place that cannot be read, if it is a habit from elsewhere.
pub(super) fn hint(source: &str, at: usize) -> Option<String> {
    let rest = source.get(at..)?;
    let before = source.get(..at)?.trim_end();
    let mend = if rest.starts_with("&&") || before.ends_with('&') {
        "write `and`"
    } else if rest.starts_with("||") || rest.starts_with('|') && before.ends_with('|') {
        "write `or`, or `//` for what stands in for null"
    } else if rest.starts_with("!==") || rest.starts_with('=') && before.ends_with("!=") {
        "write `!=`"
    } else if rest.starts_with("===") || rest.starts_with('=') && before.ends_with("==") {
        "write `==`"
    } else if rest.starts_with("!=") {
        return None;
    } else if rest.starts_with('!') {
        "write `| not` behind what is to be the other way round"
    } else if rest.starts_with('\'') {
        "write texts between double quotes"
    } else if rest.starts_with('`') {
        "write `\\(…)` inside double quotes to put values into a text"
    } else if is_choice(before, rest) {
        "write `if … then … else … end`"
    } else {
        return None;
    };
    Some(mend.to_owned())
}

/// `a ? b : c`: at its colon, or at what stands behind its question mark.
fn is_choice(before: &str, rest: &str) -> bool {
    let asked = |text: &str| text.contains(" ? ") || text.ends_with(" ?");
    asked(before) && (rest.starts_with(':') || rest.contains(':'))
}
