//! Which comment belongs to which line.

use super::super::ast::{Block, Entry};
use super::order;
use crate::source::Span;

/// The comments of one thing.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) above: Vec<Span>,
    /// On its last line.
    pub(super) behind: Vec<Span>,
    /// Whether an empty line stands before it and its comments.
    pub(super) blank: bool,
}

/// The comments of the things in a block, in the order written, and those behind the last.
pub(super) struct Comments {
    pub(super) each: Vec<Kept>,
    pub(super) rest: Vec<Span>,
}

impl Comments {
    pub(super) fn within(text: &str, comments: &[Span], block: &Block) -> Self {
        let spans = block.entries.iter().map(|entry| match entry {
            Entry::Attribute(attribute) => attribute.name.span.to(attribute.value.span),
            Entry::Flag(word) => word.span,
            Entry::Value(value) => value.span,
            Entry::Block(block) => block.span,
        });
        let is_inner = |index: usize| match &block.entries[index] {
            Entry::Block(block) => is_one_line(block),
            _ => false,
        };
        let start = block.word.span.end;
        let around = Span { start, ..block.span };
        let mut found = Self::between(text, comments, around, spans.clone());
        // What is in the middle of a line stands above it.
        for (index, span) in spans.enumerate().filter(|(index, _)| is_inner(*index)) {
            let inside =
                inside(comments, span).iter().filter(|comment| match &block.entries[index] {
                    Entry::Block(line) => !is_in_value(line, **comment),
                    _ => false,
                });
            found.each[index].above.extend(inside);
        }
        found
    }

    /// `spans` are in order and lie in `around`; comments inside of them are left out.
    pub(super) fn between(
        text: &str,
        comments: &[Span],
        around: Span,
        spans: impl Iterator<Item = Span>,
    ) -> Self {
        let mut each: Vec<Kept> = Vec::new();
        let mut rest: Vec<Span> = Vec::new();
        let mut end = around.start;
        let mut waiting = inside(comments, around).iter().copied().peekable();
        let stop = Span { start: around.end, end: around.end, ..around };
        for (span, is_stop) in spans.map(|span| (span, false)).chain([(stop, true)]) {
            let mut kept = Kept::default();
            let mut first = span.start;
            while let Some(comment) = waiting.next_if(|comment| comment.start < span.start) {
                let gap = &text[end as usize..comment.start as usize];
                let is_behind = kept.above.is_empty() && !gap.contains('\n');
                match each.last_mut().filter(|_| is_behind) {
                    Some(previous) => {
                        previous.behind.push(comment);
                        end = comment.end;
                    }
                    None => {
                        first = first.min(comment.start);
                        kept.above.push(comment);
                    }
                }
            }
            kept.blank = text[end as usize..first as usize].matches('\n').count() > 1;
            while waiting.next_if(|comment| comment.start < span.end).is_some() {}
            if is_stop {
                rest = kept.above;
            } else {
                each.push(kept);
                end = span.end;
            }
        }
        Self { each, rest }
    }
}

/// The comments within a span.
fn inside(comments: &[Span], span: Span) -> &[Span] {
    let from = comments.partition_point(|comment| comment.start < span.start);
    let to = comments.partition_point(|comment| comment.start < span.end);
    &comments[from..to.max(from)]
}

fn is_one_line(block: &Block) -> bool {
    &*block.word.text == "not" || order::closing_form(block).is_none()
}

/// Whether a value of the line has the comment in it: it is copied with the value.
fn is_in_value(line: &Block, comment: Span) -> bool {
    let holds = |span: Span| span.start <= comment.start && comment.end <= span.end;
    line.entries.iter().any(|entry| match entry {
        Entry::Attribute(attribute) => holds(attribute.value.span),
        Entry::Value(value) => holds(value.span),
        // Behind `not` a block with lines of its own may stand.
        Entry::Block(block) => match order::closing_form(block) {
            Some(_) => holds(Span { start: block.word.span.end, ..block.span }),
            None => is_in_value(block, comment),
        },
        Entry::Flag(_) => false,
    })
}
