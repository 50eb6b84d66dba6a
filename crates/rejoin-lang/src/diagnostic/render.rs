//! Draws diagnostics: with their source for people, a JSON object a line for programs.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::excerpt::{Excerpt, printable};
use super::{Diagnostic, Severity};
use crate::source::{Sources, Span};

/// Labels further than this from the main place, in lines, are drawn in an excerpt of their own.
const NEAR_LINES: u32 = 40;

/// All diagnostics with their source lines, in the order of the files, for a terminal or a log.
///
/// Colour is the only difference between the two forms. Control characters of a source are never passed on to the
/// terminal, and long lines are cut around what they are shown for.
///
/// # Panics
/// If a span points into a source that is not in `sources`.
pub fn render_text(sources: &Sources, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in in_order(diagnostics) {
        text.push_str(&renderer.render(&[draw(sources, diagnostic)]));
        text.push_str("\n\n");
    }
    text
}

/// One JSON object a line, in the order of the files; lines and columns count from 1, columns in characters.
///
/// Keys: `severity`, `code`, `reference` (only where the language has a code of its own for it), `message`, `file`, `line`, `column`, `end_line`, `end_column` (one past the last
/// character), `help` (or null) and `labels`: objects with `message`, a place in the same words, and whether the label
/// is the `primary` one, which comes first.
///
/// # Panics
/// If a span points into a source that is not in `sources`.
pub fn render_json(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in in_order(diagnostics) {
        let _ = write!(
            out,
            r#"{{"severity":"{}","code":"{}""#,
            word(diagnostic.severity()),
            diagnostic.code
        );
        if let Some(reference) = diagnostic.code.reference() {
            string_member(&mut out, "reference", reference);
        }
        string_member(&mut out, "message", &diagnostic.message);
        place_members(&mut out, sources, diagnostic.span);
        match &diagnostic.help {
            Some(help) => string_member(&mut out, "help", help),
            None => out.push_str(r#","help":null"#),
        }
        out.push_str(r#","labels":["#);
        let main = (diagnostic.span, &diagnostic.label);
        let others = diagnostic.labels.iter().map(|(span, label)| (*span, label));
        for (index, (span, label)) in std::iter::once(main).chain(others).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(out, r#"{comma}{{"primary":{}"#, index == 0);
            string_member(&mut out, "message", label);
            place_members(&mut out, sources, span);
            out.push('}');
        }
        out.push_str("]}\n");
    }
    out
}

/// How many problems there are of each kind, such as `2 errors, 1 warning`; `no problems` if there are none.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|d| d.severity() == severity).count();
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .map(|severity| (count(severity), word(severity)))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
        .collect();
    if parts.is_empty() { "no problems".to_owned() } else { parts.join(", ") }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn in_order(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|d| (d.span.source, d.span.start, d.span.end));
    sorted
}

fn draw<'a>(sources: &Sources, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut title = printable(&diagnostic.message);
    if let Some(reference) = diagnostic.code.reference() {
        let _ = write!(title, " ({reference})");
    }
    let mut group = Group::with_title(level.primary_title(title).id(diagnostic.code.id()));
    let line = |span: Span| sources.get(span.source).position(span.start).line;
    let main_line = line(diagnostic.span);
    let is_near = |span: Span| {
        span.source == diagnostic.span.source && line(span).abs_diff(main_line) <= NEAR_LINES
    };
    let (near, far): (Vec<_>, Vec<_>) = diagnostic
        .labels
        .iter()
        .map(|(span, label)| (*span, &**label))
        .partition(|(span, _)| is_near(*span));
    let mut labels = vec![(diagnostic.span, &*diagnostic.label)];
    labels.extend(near);
    group = excerpt(group, sources, &labels, true);
    for label in far {
        group = excerpt(group, sources, &[label], false);
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(printable(help))),
        None => group,
    }
}

/// Adds the lines that these labels of one file stand on; the first one is named as the place.
fn excerpt<'a>(
    group: Group<'a>,
    sources: &Sources,
    labels: &[(Span, &str)],
    main: bool,
) -> Group<'a> {
    let source = sources.get(labels[0].0.source);
    let at = source.position(labels[0].0.start);
    let spans: Vec<Span> = labels.iter().map(|(span, _)| *span).collect();
    let lines = Excerpt::new(source, &spans);
    let annotations =
        labels.iter().zip(&lines.places).enumerate().map(|(index, ((_, label), place))| {
            let kind =
                if index == 0 && main { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(place.clone());
            if label.is_empty() { annotation } else { annotation.label(printable(label)) }
        });
    let snippet =
        Snippet::source(lines.text).line_start(lines.first_line as usize).annotations(annotations);
    if !lines.cut_left {
        return group.element(snippet.path(printable(&source.name)));
    }
    // The drawing counts columns in what it is given; where that starts in the middle of a line, they are said to it.
    let origin = Origin::path(printable(&source.name)).line(at.line as usize);
    group.element(origin.char_column(at.column as usize)).element(snippet)
}

fn place_members(out: &mut String, sources: &Sources, span: Span) {
    let source = sources.get(span.source);
    let (start, end) = (source.position(span.start), source.position(span.end));
    string_member(out, "file", &source.name);
    let _ = write!(
        out,
        r#","line":{},"column":{},"end_line":{},"end_column":{}"#,
        start.line, start.column, end.line, end.column
    );
}

/// `,"key":"text"`
fn string_member(out: &mut String, key: &str, text: &str) {
    let _ = write!(out, r#","{key}":""#);
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
