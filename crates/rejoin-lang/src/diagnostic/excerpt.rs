//! The few lines of a source that a drawing needs, made safe and short enough to show.

use std::ops::Range;

use crate::source::{Source, Span};

/// A line longer than this, in characters, is cut to this length around what it is shown for.
const LINE_CHARS: usize = 120;
/// How much of a cut line stands before the first label.
const CHARS_BEFORE: usize = 40;

/// Whole lines of a source, from the first to the last that has a label.
pub(super) struct Excerpt {
    pub(super) text: String,
    /// The number of the first line.
    pub(super) first_line: u32,
    /// Whether the line of the first span does not show its beginning.
    pub(super) cut_left: bool,
    /// Where each span lies in `text`. A span over several lines is shown on its first one.
    pub(super) places: Vec<Range<usize>>,
}

impl Excerpt {
    pub(super) fn new(source: &Source, spans: &[Span]) -> Self {
        let lines: Vec<u32> = spans.iter().map(|span| source.position(span.start).line).collect();
        let first = lines.iter().copied().min().unwrap_or(1);
        let last = lines.iter().copied().max().unwrap_or(1);
        let mut excerpt = Self {
            text: String::new(),
            first_line: first,
            cut_left: false,
            places: vec![0..0; spans.len()],
        };
        for number in first..=last {
            let line = source.line(number);
            let here: Vec<usize> =
                (0..spans.len()).filter(|index| lines[*index] == number).collect();
            excerpt.push_line(source, line, spans, &here);
            excerpt.text.push('\n');
        }
        excerpt
    }

    /// Adds the line at the bytes `line`, on which the spans `here` start.
    fn push_line(&mut self, source: &Source, line: Range<usize>, spans: &[Span], here: &[usize]) {
        let whole = source.text[line.clone()].trim_end_matches('\r');
        let main = here.first().map_or(line.start, |index| spans[*index].start as usize);
        let shown = shown_part(whole, main - line.start);
        if shown.start > 0 {
            self.cut_left |= here.first() == Some(&0);
            self.text.push('…');
        }
        let shift = self.text.len();
        // Replaced characters differ in length, so each span is measured in what was written for it.
        let mut marks: Vec<Range<Option<usize>>> = vec![None..None; here.len()];
        for (at, c) in whole[shown.clone()].char_indices() {
            let at = line.start + shown.start + at;
            for (mark, index) in marks.iter_mut().zip(here) {
                let span = spans[*index];
                if mark.start.is_none() && at >= span.start as usize {
                    mark.start = Some(self.text.len());
                }
                if mark.end.is_none() && at >= span.end as usize {
                    mark.end = Some(self.text.len());
                }
            }
            self.text.push(visible(c));
        }
        let end = self.text.len();
        if shown.end < whole.len() {
            self.text.push('…');
        }
        for (mark, index) in marks.into_iter().zip(here) {
            let cut_off =
                spans[*index].start as usize >= line.start + shown.end && shown.end < whole.len();
            let start = mark.start.unwrap_or(if cut_off { end } else { end.max(shift) });
            self.places[*index] = start..mark.end.unwrap_or(self.text.len()).max(start);
        }
    }
}

/// The bytes of a line to show, when what matters is at byte `main` of it.
fn shown_part(line: &str, main: usize) -> Range<usize> {
    let fits = |text: &str| text.char_indices().nth(LINE_CHARS).is_none();
    if fits(line) {
        return 0..line.len();
    }
    let main = main.min(line.len());
    let before = line[..main].char_indices().rev().nth(CHARS_BEFORE - 1).map_or(0, |(at, _)| at);
    let end =
        line[before..].char_indices().nth(LINE_CHARS).map_or(line.len(), |(at, _)| before + at);
    before..end
}

/// Text for a terminal, on one line.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { if c == '\n' { ' ' } else { '\u{fffd}' } } else { visible(c) })
        .collect()
}

/// Stands in for characters that would move the cursor or turn the direction of the text. The ASCII ones are left: the
/// drawing has symbols of its own for them.
fn visible(c: char) -> char {
    match c {
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => '\u{fffd}',
        c => c,
    }
}
