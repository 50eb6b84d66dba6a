//! One layout for every `.cov` file: one thing a line, two spaces a level, sections and attributes in their usual order.
//!
//! The printer follows the tree and copies words and values from the text. Each comment stays with the line that it
//! stands in or above; the comments in the middle of a line move above it.

mod comments;
mod order;
mod value;

use super::ast::{Block, Entry, File};
use super::form;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::source::{Source, SourceId, Span};

use comments::{Comments, Kept};

/// The text of a file as `rejoin fmt` writes it: the same program, with the same comments.
///
/// Formatting the result again changes nothing. Texts in quotes and SQL are kept byte for byte; other lines end with `\n`.
///
/// # Errors
/// The problems of the file if its syntax has errors; what the author meant is not guessed then.
///
/// ```
/// use rejoin_lang::{cov, source::Source};
///
/// let source = Source::new("a.cov", r#"step id="a" kind="bind" as="one" lit=1 end // first"#);
/// let text = cov::format(&source).unwrap();
/// assert_eq!(text, "step id=\"a\" kind=\"bind\"\n  lit=1\n  as=\"one\"\nend // first\n");
/// ```
pub fn format(source: &Source) -> Result<String, Vec<Diagnostic>> {
    let (file, problems) = super::parse(source, SourceId(0));
    if has_errors(&problems) {
        return Err(problems);
    }
    let File { blocks, comments } = &file;
    let text: &str = &source.text;
    let mut printer = Printer { text, comments, out: String::with_capacity(text.len()) };
    let whole = Span::new(SourceId(0), 0, text.len());
    let kept = Comments::between(text, comments, whole, blocks.iter().map(|block| block.span));
    for (index, (block, kept)) in blocks.iter().zip(&kept.each).enumerate() {
        let is_apart = kept.blank || form::is_item_apart(&block.word.text);
        if index > 0 && is_apart {
            printer.out.push('\n');
        }
        printer.apart(&kept.above);
        let behind = Kept { behind: kept.behind.clone(), ..Kept::default() };
        printer.line(0, &behind, false, |printer| printer.block(block, 0));
    }
    printer.apart(&kept.rest);
    Ok(printer.out)
}

struct Printer<'s> {
    text: &'s str,
    comments: &'s [Span],
    out: String,
}

impl Printer<'_> {
    /// What `print` prints, with the comments that belong to it.
    fn line(&mut self, depth: usize, kept: &Kept, blank: bool, print: impl FnOnce(&mut Self)) {
        if blank {
            self.out.push('\n');
        }
        self.above(&kept.above, depth);
        self.indent(depth);
        print(self);
        for comment in &kept.behind {
            self.out.push(' ');
            self.comment(*comment);
        }
        self.out.push('\n');
    }

    fn indent(&mut self, depth: usize) {
        (0..depth).for_each(|_| self.out.push_str("  "));
    }

    fn above(&mut self, comments: &[Span], depth: usize) {
        for comment in comments {
            self.indent(depth);
            self.comment(*comment);
            self.out.push('\n');
        }
    }

    /// Comments between the parts of a file: what they say of all of it may stand apart from what comes next.
    fn apart(&mut self, comments: &[Span]) {
        for comment in comments {
            self.above(&[*comment], 0);
            let behind = &self.text[comment.end as usize..];
            let rest = behind.trim_start();
            let gap = &behind[..behind.len() - rest.len()];
            if !rest.is_empty() && gap.matches('\n').count() > 1 {
                self.out.push('\n');
            }
        }
    }

    fn comment(&mut self, comment: Span) {
        self.out.push_str(self.text[comment.range()].trim_end());
    }

    /// A block or line from its word on, without the line break behind it.
    fn block(&mut self, block: &Block, depth: usize) {
        let word = &*block.word.text;
        if word == "not" {
            self.out.push_str("not ");
            block.blocks().for_each(|inner| self.block(inner, depth));
            return;
        }
        let Some(form) = order::closing_form(block) else { return self.short(block) };
        let kept = Comments::within(self.text, self.comments, block);
        let (head, body): (Vec<usize>, Vec<usize>) = (0..block.entries.len())
            .partition(|at| order::is_head(block, form, &block.entries[*at]));
        self.out.push_str(word);
        order::sorted_head(block, head.clone()).into_iter().for_each(|at| {
            self.out.push(' ');
            self.entry(&block.entries[at]);
        });
        let mut above = Vec::new();
        for at in &head {
            above.extend(&kept.each[*at].above);
            match at == head.last().unwrap_or(at) && above.is_empty() {
                true => kept.each[*at].behind.iter().for_each(|comment| {
                    self.out.push(' ');
                    self.comment(*comment);
                }),
                false => above.extend(&kept.each[*at].behind),
            }
        }
        if let [Entry::Value(sql)] = &*block.entries
            && word == "body"
        {
            self.out.push_str(&self.text[sql.span.range()]);
            self.indent(depth);
            self.out.push_str("end");
            return;
        }
        self.out.push('\n');
        let is_snippet = word == "snippet";
        let inner = if is_snippet { depth } else { depth + 1 };
        for (index, group) in order::groups(block, body).into_iter().enumerate() {
            let mut all = Kept { blank: kept.each[group[0]].blank, ..Kept::default() };
            all.above.append(&mut above);
            for at in &group {
                all.above.extend(&kept.each[*at].above);
                all.behind.extend(&kept.each[*at].behind);
            }
            // A comment to the end of its line is the last thing on it.
            if all.behind.len() > 1 {
                all.above.append(&mut all.behind);
            }
            let is_section = is_snippet && !order::is_note(&block.entries[group[0]]);
            let blank = is_section || all.blank && index > 0 && !is_snippet;
            self.line(inner, &all, blank, |printer| {
                for (index, at) in group.iter().enumerate() {
                    printer.out.push_str(if index > 0 { " " } else { "" });
                    match &block.entries[*at] {
                        Entry::Block(block) => printer.block(block, inner),
                        entry => printer.entry(entry),
                    }
                }
            });
        }
        above.extend(&kept.rest);
        self.above(&above, inner);
        if is_snippet {
            self.out.push('\n');
        }
        self.indent(depth);
        self.out.push_str("end");
    }

    /// A line that has no `end`, but for a note in triple quotes.
    fn short(&mut self, block: &Block) {
        self.out.push_str(&block.word.text);
        let is_effect = &*block.word.text == "effect";
        for at in order::sorted_head(block, (0..block.entries.len()).collect()) {
            let entry = &block.entries[at];
            if !(is_effect && matches!(entry, Entry::Value(_))) {
                self.out.push(' ');
            }
            self.entry(entry);
        }
        if order::has_end_of_its_own(block, self.text) {
            self.out.push_str("\nend");
        }
    }

    fn entry(&mut self, entry: &Entry) {
        match entry {
            Entry::Attribute(attribute) => {
                self.out.push_str(&attribute.name.text);
                self.out.push('=');
                self.value(&attribute.value);
            }
            Entry::Flag(word) => self.out.push_str(&word.text),
            Entry::Value(value) => self.value(value),
            Entry::Block(_) => {}
        }
    }

    fn value(&mut self, value: &super::ast::Value) {
        let is_inside =
            |comment: &Span| comment.start >= value.span.start && comment.end <= value.span.end;
        let text = &self.text[value.span.range()];
        match self.comments.iter().any(is_inside) {
            true => self.out.push_str(text),
            false => self.out.push_str(&value::canonical(text, &value.kind)),
        }
    }
}
