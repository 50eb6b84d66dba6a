//! Cuts from a template the indentation that it has only because of the program around it.

/// A template without its outer blank lines and without the indentation that all its lines share.
#[derive(Debug)]
pub(super) struct Dedented<'a> {
    original: &'a str,
    /// Parts of the original.
    lines: Vec<&'a str>,
}

impl<'a> Dedented<'a> {
    pub(super) fn new(original: &'a str) -> Self {
        let is_blank = |line: &&str| line.trim().is_empty();
        let mut lines: Vec<&str> = original.split('\n').collect();
        while lines.last().is_some_and(is_blank) {
            lines.pop();
        }
        let outer = lines.iter().take_while(|line| is_blank(line)).count();
        lines.drain(..outer);
        let indent = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let shared = lines.iter().filter(|line| !is_blank(line)).map(indent).min().unwrap_or(0);
        for line in &mut lines {
            // Indentation is made of one-byte characters; a blank line may have less of it.
            *line = &line[shared.min(indent(line))..];
        }
        Self { original, lines }
    }

    /// All lines as they are.
    pub(super) fn verbatim(original: &'a str) -> Self {
        Self { original, lines: original.split('\n').collect() }
    }

    pub(super) fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The byte of the original at a line and column of the text, both from 1, in characters.
    pub(super) fn offset(&self, line: usize, column: usize) -> usize {
        let Some(text) = self.lines.get(line.saturating_sub(1)) else { return self.original.len() };
        let start = text.as_ptr() as usize - self.original.as_ptr() as usize;
        let within =
            text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(n, _)| n);
        start + within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_indentation_and_outer_blank_lines_go() {
        for (text, expected) in [
            ("", ""),
            (" one ", "one "),
            ("  ", ""),
            ("\n    <a>\n      <b>\n\n    </a>\n  ", "<a>\n  <b>\n\n</a>"),
            ("\n\tx\n\ty\n", "x\ny"),
            ("x\n  y", "x\n  y"),
            ("\n \n  \n", ""),
            ("\n  é\n   \n  ü", "é\n \nü"),
        ] {
            assert_eq!(Dedented::new(text).text(), expected, "{text:?}");
        }
    }

    #[test]
    fn places_lie_in_the_original() {
        let text = "\n    <a>\n      é{{x}}\n  ";
        let dedented = Dedented::new(text);
        assert!(text[dedented.offset(1, 1)..].starts_with("<a>"));
        assert!(text[dedented.offset(2, 4)..].starts_with("{{x}}"));
        assert_eq!(dedented.offset(9, 1), text.len());
    }
}
