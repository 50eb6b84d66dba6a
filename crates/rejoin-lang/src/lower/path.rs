//! Path patterns: `/users/:id`, `/files/*rest`.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{PathPattern, Segment};
use crate::source::Span;
use crate::wp::ast::Name;

use super::Lowering;

impl Lowering<'_> {
    pub(super) fn path(&mut self, path: &Name) -> PathPattern {
        let text = path.text.clone();
        let body = text.strip_prefix('/').unwrap_or(&text);
        let mut start = text.len() - body.len();
        let mut segments = Vec::new();
        let mut captures: Vec<(&str, Span)> = Vec::new();
        let mut pieces = body.split('/').peekable();
        while let Some(piece) = pieces.next() {
            let span = path.span.slice(start, start + piece.len());
            start += piece.len() + 1;
            let (segment, name) = if let Some(name) = piece.strip_prefix(':') {
                (Segment::Param(name.into()), name)
            } else if let Some(name) = piece.strip_prefix('*') {
                if pieces.peek().is_some() {
                    self.report(
                        Diagnostic::new(
                            Code::REST_NOT_LAST,
                            span,
                            format!("`{piece}` captures the rest of the path, yet more follows"),
                        )
                        .label("must be the last segment")
                        .help("move it to the end, or capture one segment with `:name`"),
                    );
                }
                (Segment::Rest(name.into()), name)
            } else {
                segments.push(Segment::Literal(piece.into()));
                continue;
            };
            segments.push(segment);
            if name.is_empty() {
                self.report(
                    Diagnostic::new(
                        Code::NAMELESS_CAPTURE,
                        span,
                        format!("`{piece}` captures a part of the path under no name"),
                    )
                    .label("a name is missing")
                    .help(format!("name it, as in `{piece}id`")),
                );
            } else if let Some((_, first)) = captures.iter().find(|(known, _)| *known == name) {
                self.report(
                    Diagnostic::new(
                        Code::REPEATED_CAPTURE,
                        span,
                        format!("the path captures `{name}` twice"),
                    )
                    .label("captured again")
                    .also(*first, "first captured here")
                    .help("give each capture a name of its own"),
                );
            } else {
                captures.push((name, span));
            }
        }
        PathPattern { text: text.clone(), segments }
    }
}
