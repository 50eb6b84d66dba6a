//! Where text came from: sources, spans and the positions that people read.

use std::fmt;
use std::sync::Arc;

/// Which file of a program a [`Span`] points into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

/// A range of bytes in one source; `start` is inclusive, `end` exclusive.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file that the range lies in.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A range of bytes in `source`.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        Self { source, start: start as u32, end: end as u32 }
    }

    /// The smallest span that covers both; they must lie in one source.
    pub fn to(self, other: Span) -> Span {
        Span {
            source: self.source,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The part `from..to` of this span, in bytes counted from its start, clamped to it.
    ///
    /// Embedded programs (jq, Lua) report offsets in their own text; this puts them into the file.
    pub fn slice(self, from: usize, to: usize) -> Span {
        let len = (self.end - self.start) as usize;
        let (from, to) = (from.min(len), to.min(len).max(from.min(len)));
        Span { start: self.start + from as u32, end: self.start + to as u32, ..self }
    }

    /// The bytes as a range that can index the source's text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// One file: the name that messages show, and its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name as the user gave it (usually a path).
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    /// Whether nobody wrote it, so that a line of it tells nothing.
    pub is_generated: bool,
    /// Byte offset of the start of each line.
    line_starts: Arc<[u32]>,
}

/// A place as people count it: lines and columns from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Source {
    /// Takes a file's text; `name` is what messages show.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        let text: Arc<str> = text.into();
        let starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1))
            .collect();
        Self { name: name.into(), text, is_generated: false, line_starts: starts }
    }

    /// A text that was made of another file.
    pub fn generated(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { is_generated: true, ..Self::new(name, text) }
    }

    /// The place of a byte offset; an offset past the end is the end.
    pub fn position(&self, offset: u32) -> Position {
        let offset = offset.min(self.text.len() as u32);
        let line = self.line_starts.partition_point(|start| *start <= offset) - 1;
        let start = self.line_starts[line] as usize;
        let mut end = offset as usize;
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let column = self.text[start..end].chars().count() as u32 + 1;
        Position { line: line as u32 + 1, column }
    }

    /// `file:line` of an offset.
    pub fn location(&self, offset: u32) -> String {
        format!("{}:{}", self.name, self.position(offset).line)
    }

    /// The bytes of a line, counted from 1, without its line break; empty behind the last one.
    pub fn line(&self, number: u32) -> std::ops::Range<usize> {
        let index = (number as usize).saturating_sub(1);
        let at = |index: usize| self.line_starts.get(index).map(|start| *start as usize);
        let start = at(index).unwrap_or(self.text.len());
        start..at(index + 1).map_or(self.text.len(), |next| next - 1)
    }
}

/// All files of one program, by [`SourceId`].
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// A program of one file.
    pub fn single(source: Source) -> Self {
        Self { files: vec![source] }
    }

    /// Adds a file and gives the id under which it is found.
    ///
    /// # Panics
    /// With more than 65,536 files.
    pub fn add(&mut self, source: Source) -> SourceId {
        let id = u16::try_from(self.files.len()).expect("a program has a bounded number of files");
        self.files.push(source);
        SourceId(id)
    }

    /// All files, the main one first.
    pub fn files(&self) -> &[Source] {
        &self.files
    }

    /// The file that `id` names.
    ///
    /// # Panics
    /// If the id was not handed out for this collection.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.files[id.0 as usize]
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        &self.get(span.source).text[span.range()]
    }

    /// `file:line`, as error envelopes name a place.
    pub fn location(&self, span: Span) -> String {
        self.get(span.source).location(span.start)
    }

    /// The file and the lines of a place: `app.wp:3`, or `app.wp:3-5` if it has several.
    pub fn lines(&self, span: Span) -> String {
        let source = self.get(span.source);
        let (first, last) = (source.position(span.start), source.position(span.end.max(1) - 1));
        match last.line > first.line {
            true => format!("{}-{}", source.location(span.start), last.line),
            false => source.location(span.start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("a", "é日\r\nb");
        let at = |offset| (source.position(offset).line, source.position(offset).column);
        assert_eq!(
            [at(0), at(2), at(5), at(7), at(8), at(99)],
            [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 2)]
        );
        assert_eq!(at(3), (1, 2), "inside a character is at it");
    }

    #[test]
    fn lines_are_without_their_break() {
        let source = Source::new("a", "one\n\nthree");
        let line = |number| &source.text[source.line(number)];
        assert_eq!([line(1), line(2), line(3), line(4)], ["one", "", "three", ""]);
        assert_eq!(&Source::new("b", "").text[Source::new("b", "").line(1)], "");
    }

    #[test]
    fn a_part_of_a_span_stays_inside_it() {
        let span = Span::new(SourceId(0), 10, 20);
        assert_eq!(span.slice(2, 5), Span::new(SourceId(0), 12, 15));
        assert_eq!(span.slice(8, 99), Span::new(SourceId(0), 18, 20));
        assert_eq!(span.slice(5, 2), Span::new(SourceId(0), 15, 15));
    }
}
