//! Path patterns: `/users/:id`, `/files/*rest`.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{PathPattern, Segment};
use crate::source::Span;
use crate::wp::ast::Name;

use super::Lowering;

/// Routers walk the segments of a pattern one inside the other.
const MAX_SEGMENTS: usize = 64;

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
            if segments.len() == MAX_SEGMENTS {
                let message = format!("the path has more than {MAX_SEGMENTS} segments");
                self.report(
                    Diagnostic::new(Code::TOO_DEEP, span, message)
                        .label("this segment is one too many")
                        .help("capture the rest of the path, as in `*rest`"),
                );
                break;
            }
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
                self.literal(piece, span);
                continue;
            };
            segments.push(segment);
            if let Some(odd) =
                name.chars().find(|c| !c.is_ascii_alphanumeric() && !"_-".contains(*c))
            {
                self.report(
                    Diagnostic::new(
                        Code::PATH_CHARACTER,
                        span,
                        format!("`{piece}` captures a whole segment, and its name has a `{odd}`"),
                    )
                    .label("a name has letters, digits, `_` and `-`")
                    .help("capture the segment as a whole, and take it apart in a step"),
                );
            } else if name.is_empty() {
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

    /// Refuses what is written as other routers write it: no request would have it in its path.
    fn literal(&mut self, piece: &str, span: Span) {
        let Some(at) = piece.find(['?', '#', '{', '}']) else { return };
        let odd = &piece[at..=at];
        let help = match odd {
            "?" | "#" => "remove it and what follows: a query is at `.query`, whatever the path",
            _ => "capture a segment with `:name`",
        };
        self.report(
            Diagnostic::new(
                Code::PATH_CHARACTER,
                span.slice(at, at + 1),
                format!("no request has `{odd}` in its path"),
            )
            .label("never matches")
            .help(help),
        );
    }
}
