//! Where the tags of a template are, as far as that shows before it is read.

use std::ops::Range;

/// The spans of all tags, `{{` and `}}` included. What is raw, a comment or escaped is no tag.
pub(super) fn of(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let open = at + text[at..].find("{{")?;
            let inside = &text[open..];
            let end = if inside.starts_with("{{{{") {
                inside.find("{{{{/").and_then(|end| Some(end + inside[end..].find("}}}}")? + 4))
            } else if inside.starts_with("{{!--") {
                inside.find("--}}").map(|end| end + 4)
            } else {
                inside.find("}}").map(|end| end + 2)
            };
            at = open + end.unwrap_or(inside.len());
            let is_tag = !inside.starts_with("{{!")
                && !inside.starts_with("{{{{")
                && !text[..open].ends_with('\\');
            if is_tag {
                return Some(open..at);
            }
        }
    })
}
