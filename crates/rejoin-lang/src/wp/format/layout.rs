//! What stands between two tokens: white space, blank lines and comments.

/// What comes before a token when no comment does.
#[derive(Clone, Copy)]
pub(super) enum Lead {
    /// Nothing.
    Tight,
    /// One space.
    Space,
    /// A line break and the indentation; with `blank`, one blank line is kept where the text has some.
    Line { indent: usize, blank: bool },
}

/// A text that is read token by token, and the text that is made of it.
pub(super) struct Layout<'s> {
    text: &'s str,
    /// Behind the token that was copied last.
    pos: usize,
    out: String,
    line_break: &'static str,
    /// The indentation of the line that was begun last by [`Lead::Line`].
    indent: usize,
    /// The column in `text` of the token that began it.
    column: usize,
    /// Whether commas count as white space.
    commas: bool,
    /// Whether a declaration was written.
    has_items: bool,
    /// Where in `out` the first line without indentation since the last declaration began, and whether a blank line is
    /// before it.
    item_line: Option<(usize, bool)>,
    /// Where in `out` the declaration itself began.
    item_start: Option<usize>,
}

impl<'s> Layout<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        // One `\n` in a text that must be kept is enough for `\n`: the answer has to be the same for what is written.
        let breaks = text.matches('\n').count();
        let is_crlf = breaks > 0 && text.matches("\r\n").count() == breaks;
        Self {
            text,
            pos: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 },
            out: String::with_capacity(text.len() + text.len() / 8),
            line_break: if is_crlf { "\r\n" } else { "\n" },
            indent: 0,
            column: 0,
            commas: false,
            has_items: false,
            item_line: None,
            item_start: None,
        }
    }

    /// Where the next token starts.
    pub(super) fn next(&self) -> usize {
        let mut at = self.pos;
        loop {
            at = self.after_white_space(at);
            if !self.text[at..].starts_with('#') {
                return at;
            }
            at = self.line_end(at);
        }
    }

    /// The text from the next token on.
    pub(super) fn rest(&self) -> &'s str {
        &self.text[self.next()..]
    }

    /// The next token, if it ends at `end`.
    pub(super) fn text_to(&self, end: usize) -> &'s str {
        &self.text[self.next()..end]
    }

    /// Whether white space or a comment comes before the next token.
    pub(super) fn is_apart(&self) -> bool {
        self.next() > self.pos
    }

    pub(super) fn comment_follows(&self) -> bool {
        self.text[self.after_white_space(self.pos)..].starts_with('#')
    }

    /// Whether the next token stands on a line of its own already.
    pub(super) fn breaks_line(&self) -> bool {
        self.text[self.pos..self.next()].contains('\n')
    }

    pub(super) fn skip_commas(&mut self, skip: bool) {
        self.commas = skip;
    }

    /// Copies `token`, which comes next.
    pub(super) fn put(&mut self, lead: Lead, token: &str) {
        debug_assert!(self.rest().starts_with(token), "{token} at {}", self.next());
        self.put_to(lead, self.next() + token.len());
    }

    /// Copies the next token, which ends at `end`.
    pub(super) fn put_to(&mut self, lead: Lead, end: usize) {
        self.put_instead(lead, end, self.text_to(end));
    }

    /// Writes `token` for what comes next and ends at `end`.
    pub(super) fn put_instead(&mut self, lead: Lead, end: usize, token: &str) {
        self.gap(lead);
        self.item_start.get_or_insert(self.out.len());
        self.out.push_str(token);
        self.pos = end;
    }

    pub(super) fn begin_item(&mut self) {
        self.item_line = None;
        self.item_start = None;
    }

    /// Sets the declaration apart by a blank line, unless it and the one before are of one line each. Gives whether
    /// this one is.
    pub(super) fn end_item(&mut self, previous_is_short: bool) -> bool {
        let start = self.item_start.unwrap_or(self.out.len());
        self.has_items = true;
        let is_short = !self.out[start..].contains('\n');
        if let Some((at, false)) = self.item_line
            && !(is_short && previous_is_short)
        {
            self.out.insert_str(at, self.line_break);
        }
        is_short
    }

    /// Copies up to `end` as it is, but for comments at the end, which may belong to what follows.
    pub(super) fn copy_unread(&mut self, end: usize) {
        let start = self.next();
        let mut kept = self.text[start..end].trim_end();
        while let Some((before, last)) = kept.rsplit_once('\n')
            && last.starts_with('#')
            && !last.contains(['`', '"'])
        {
            kept = before.trim_end();
        }
        self.put_to(Lead::Line { indent: 0, blank: true }, start + kept.len());
    }

    /// The whole text; comments at the end included.
    pub(super) fn finish(mut self) -> String {
        self.gap(Lead::Line { indent: 0, blank: true });
        self.out.truncate(self.out.trim_end().len());
        if !self.out.is_empty() {
            self.out.push_str(self.line_break);
        }
        self.out
    }

    /// Writes what stands between the last token and the next one.
    fn gap(&mut self, lead: Lead) {
        let next = self.next();
        let next_column = self.column_of(next);
        let (indent, blank) = match lead {
            Lead::Line { indent, blank } => (indent, blank),
            Lead::Tight | Lead::Space => (self.indent + 1, false),
        };
        // Where a block ends, comments that are indented like its last line stay in it.
        let mut inside = indent < self.indent;
        let mut commented = false;
        let mut at = self.pos;
        loop {
            let start = self.after_white_space(at);
            let breaks = self.text[at..start].matches('\n').count();
            if !self.text[start..].starts_with('#') {
                self.lead(lead, commented, indent, blank && breaks > 1);
                break;
            }
            if breaks == 0 && !self.out.is_empty() {
                self.out.push(' ');
            } else {
                let column = self.column_of(start);
                inside = inside && column >= self.column && column > next_column;
                let own = if inside { self.indent } else { indent };
                self.break_line(own, blank && breaks > 1);
            }
            let comment = self.text[start..self.line_end(start)].trim_end();
            self.out.push_str(comment);
            commented = true;
            at = start + comment.len();
        }
        if let Lead::Line { .. } = lead {
            self.indent = indent;
            self.column = next_column;
        }
        self.pos = next;
    }

    fn lead(&mut self, lead: Lead, commented: bool, indent: usize, blank: bool) {
        match lead {
            Lead::Line { .. } => self.break_line(indent, blank),
            _ if commented => self.break_line(indent, false),
            Lead::Space => self.out.push(' '),
            Lead::Tight => {}
        }
    }

    fn break_line(&mut self, indent: usize, blank: bool) {
        if self.out.is_empty() {
            return;
        }
        if indent == 0 && self.has_items {
            self.item_line.get_or_insert((self.out.len(), blank));
        }
        for _ in 0..=usize::from(blank) {
            self.out.push_str(self.line_break);
        }
        for _ in 0..indent {
            self.out.push_str("  ");
        }
    }

    fn after_white_space(&self, at: usize) -> usize {
        let rest = self.text[at..]
            .trim_start_matches(|c: char| c.is_whitespace() || (self.commas && c == ','));
        self.text.len() - rest.len()
    }

    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |len| at + len)
    }

    /// In bytes from the start of its line. Far to the right all columns are one, so that a file that is one long line
    /// is not read again for each token.
    fn column_of(&self, at: usize) -> usize {
        let before = &self.text.as_bytes()[..at];
        before.iter().rev().take(1024).take_while(|byte| **byte != b'\n').count()
    }
}
