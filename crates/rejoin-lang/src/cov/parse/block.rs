//! Blocks and lines, along the table of forms.

use super::super::ast::{Attribute, Block, Entry, ValueKind, Word};
use super::super::form::{self, Form};
use super::super::lex::{self, Kind};
use super::repair::section_of;
use super::{MAX_DEPTH, Parser};
use crate::diagnostic::{Code, Diagnostic, nearest};

/// What every step has, whatever its kind.
pub(super) const STEP_ATTRIBUTES: &[&str] = &["id", "kind", "as"];

impl Parser<'_> {
    pub(super) fn parse_file(&mut self, blocks: &mut Vec<Block>) {
        // What stands behind a snippet that ended too early belongs to it, up to the next one: that is said once.
        let (mut is_astray, mut has_snippet) = (false, false);
        while !self.at_end() {
            self.unwinding = false;
            self.misfit = None;
            let word = next_word(self);
            let word = word.as_deref();
            if matches!(word, Some("snippet" | "refactor")) {
                (is_astray, has_snippet) = (false, true);
            }
            let begins = word.is_some_and(|word| form::FILE.children.contains(&word));
            let meant = word.and_then(|word| nearest(word, form::FILE.children.iter().copied()));
            let muted = self.problems.mute(is_astray);
            match word {
                Some(_) if begins => {
                    let block = self.parse_block(None);
                    blocks.extend(Some(block).filter(|_| !is_astray));
                }
                // It closes what was left open, and that was said.
                Some("end") if self.owed > 0 => {
                    self.owed -= 1;
                    self.take();
                }
                Some("end") => {
                    let token = self.take();
                    let span = self.span_of(&token);
                    let problem =
                        Diagnostic::new(Code::COV_UNEXPECTED, span, "`end` without a block");
                    self.report(problem.label("closes nothing").help("remove it"));
                    is_astray = has_snippet;
                }
                Some(_) if meant.is_some() => {
                    self.report_unknown(meant.unwrap_or_default());
                    let block = self.parse_block(meant);
                    blocks.extend(Some(block).filter(|_| !is_astray));
                }
                _ => {
                    self.skip_to_item();
                    is_astray = has_snippet;
                }
            }
            self.problems.mute(muted);
        }
    }

    /// Skips what is no part of the language, saying so once, up to the next snippet or step.
    fn skip_to_item(&mut self) {
        self.skip_unexpected("a file consists of `snippet` and `step` blocks");
        let muted = self.problems.mute(true);
        while !self.at_end() && !self.word().is_some_and(|word| form::FILE.children.contains(&word))
        {
            self.take();
        }
        self.problems.mute(muted);
    }

    /// The block or line that begins with the word that comes next, which is read as `meant` if it is misspelt.
    pub(super) fn parse_block(&mut self, meant: Option<&'static str>) -> Block {
        let mut word = self.take_word();
        if let Some(meant) = meant {
            word.text = meant.into();
        }
        let start = word.span.start as usize;
        let mut entries = Vec::new();
        if self.open.len() > MAX_DEPTH {
            self.stop_too_deep();
            return Block { span: word.span, word, entries };
        }
        let before = self.problems.len();
        match &*word.text {
            "note" | "text" => self.parse_note(&word, &mut entries),
            "effect" => self.parse_effect(&word, &mut entries),
            "not" => match self.word().filter(|word| is_condition(word)) {
                Some(_) => {
                    self.open.push(&form::NOT);
                    entries.push(Entry::Block(self.parse_block(None)));
                    self.open.pop();
                }
                None => self.report_missing(&word, &["equals", "and", "or"]),
            },
            "body" if self.open.last().is_some_and(|form| is_query(form)) => {
                self.parse_sql(&word, &mut entries);
            }
            "priority" | "status" if self.is_unknown_flag(&word) => {
                self.report_flag(&word);
            }
            name => {
                let mut form = match name {
                    "step" => &form::ANY_STEP,
                    "returns" if self.word().is_some_and(is_nearly_union) => &form::RETURNS_UNION,
                    "returns" => &form::RETURNS,
                    name => form::of(name).unwrap_or(&form::FILE),
                };
                self.open.push(form);
                self.parse_entries(&word, &mut form, &mut entries);
                self.open.pop();
                if name == "returns" && !form.closes && self.is_end_of_line() {
                    self.take();
                }
                if self.problems.len() == before && !self.stopped {
                    let block = Block { word: word.clone(), entries, span: word.span };
                    self.check_needs(&block, form);
                    entries = block.entries;
                }
            }
        }
        let span = self.span(start, self.pos.max(word.span.end as usize));
        Block { word, entries, span }
    }

    /// Whether a word comes next, on the same line, that this one cannot have behind it.
    fn is_unknown_flag(&self, word: &Word) -> bool {
        let same_line = !self.text[self.pos..self.next.start].contains('\n');
        let known = form::of(&word.text).map_or(&[][..], |form| form.flags);
        let outer = self.open.last().map_or(&[][..], |form| form.children);
        self.word().is_some_and(|next| {
            same_line && next != "end" && !known.contains(&next) && !outer.contains(&next)
        })
    }

    fn report_flag(&mut self, word: &Word) {
        let token = self.take();
        let span = self.span_of(&token);
        let known = form::of(&word.text).map_or(&[][..], |form| form.flags);
        let shown: String = self.text[span.range()].chars().take(40).collect();
        let help = match nearest(&shown, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        let message = format!("`{shown}` is no {}", word.text);
        let problem = Diagnostic::new(Code::COV_UNKNOWN_WORD, span, message);
        self.report(problem.label("unknown").help(help));
    }

    /// Whether the `end` that comes next closes a line `returns`, as one of the spellings in use has it: there is one more than
    /// the blocks around it need.
    fn is_end_of_line(&self) -> bool {
        let (mut at, mut ends) = (self.next.start, 0);
        loop {
            let (start, _) = lex::skip_trivia(self.text, at, |_, _| {});
            let token = lex::token(self.text, start, self.source);
            match (&token.kind, &self.text[token.start..token.end]) {
                (Kind::Word, "end") if ends < 5 => (at, ends) = (token.end, ends + 1),
                (Kind::Word, "as" | "param" | "generic") => return ends == 1,
                (Kind::Word, "snippet" | "refactor") | (Kind::End, _) => return ends == 4,
                (Kind::Word, word) => {
                    let is_section =
                        form::of("snippet").is_some_and(|f| f.children.contains(&word));
                    return is_section && ends == 3;
                }
                _ => return false,
            }
        }
    }

    pub(super) fn parse_entries(
        &mut self,
        word: &Word,
        form: &mut &'static Form,
        entries: &mut Vec<Entry>,
    ) {
        let is_step = &*word.text == "step";
        let (mut last, mut has_orphan) = (None, false);
        loop {
            if self.at_end() {
                if form.closes {
                    self.report_unclosed(word, "the file ends");
                }
                return;
            }
            // Each turn takes a token or leaves, whatever the branches below do.
            if last.replace(self.next.start) == Some(self.next.start) {
                if !form.closes {
                    return;
                }
                self.skip_unexpected("here stand words, `name=value` and blocks");
                continue;
            }
            if self.is_sign('=') || self.word().is_none() {
                let begins_value =
                    !matches!(self.next.kind, Kind::Sign(sign) if !"[{(".contains(sign));
                if form.free && begins_value {
                    entries.push(Entry::Value(self.parse_value()));
                } else if form.closes || self.is_sign('=') {
                    self.skip_unexpected("here stand words, `name=value` and blocks");
                } else {
                    return;
                }
                continue;
            }
            let next = self.word().unwrap_or_default().to_owned();
            let next = next.as_str();
            if self.is_attribute() {
                let known = form.free
                    || form.attributes.contains(&next)
                    || form.flags.contains(&next) && form::SWITCHES.contains(&next)
                    || is_step && STEP_ATTRIBUTES.contains(&next);
                if !known && !form.closes && self.outer_has_attribute(next) {
                    return;
                }
                // Only steps have it, and this is a block within one.
                if !known && next == "as" && self.open.iter().any(|form| is_step_form(form)) {
                    self.report_unclosed(word, "`as` belongs to the step around it");
                    self.unwinding = true;
                    return;
                }
                if !known && self.is_torn_step(form, next) {
                    entries.push(Entry::Block(self.parse_torn_step()));
                    self.unwinding &= !self.fits(next_word(self), form, is_step);
                    continue;
                }
                if !known {
                    self.report_attribute(word, form, is_step);
                }
                let attribute = self.parse_attribute();
                if is_step && next == "kind" {
                    *form = self.step_form(&attribute.value);
                    self.open.pop();
                    self.open.push(form);
                }
                if known {
                    self.check_repeated(word, entries, &attribute.name);
                }
                if known && !form.free {
                    self.check_text(&attribute);
                }
                entries.push(Entry::Attribute(attribute));
            } else if has_orphan && next == "end" && !self.is_last_end() {
                // It closes the section that the word of is missing.
                has_orphan = false;
                self.take();
            } else if form.closes && next.eq_ignore_ascii_case("end") {
                if next != "end" {
                    self.report_unknown("end");
                }
                let end = self.take();
                self.compare(word, end.start, end.end);
                return;
            } else if form.flags.contains(&next) || is_step && next == "mut" {
                entries.push(Entry::Flag(self.take_word()));
            } else if form.children.contains(&next) || is_step && next == "handle" {
                entries.push(Entry::Block(self.parse_block(None)));
                if self.unwinding && !self.fits(next_word(self), form, is_step) {
                    continue;
                }
                self.unwinding = false;
            } else if form.free {
                let name = self.take_word();
                entries.push(Entry::Flag(name));
            } else if !form.closes {
                return;
            } else if let ("snippet", Some(section)) = (&*word.text, section_of(next)) {
                self.parse_orphan(section, !has_orphan);
                has_orphan = true;
            } else if self.fits_outside(next) {
                self.report_unclosed(word, &format!("`{next}` belongs to a block around it"));
                self.unwinding = true;
                self.owed += 1;
                return;
            } else {
                let known = form.children.iter().chain(form.flags).copied();
                match nearest(next, known) {
                    Some(meant) if form.children.contains(&meant) => {
                        self.report_unknown(meant);
                        entries.push(Entry::Block(self.parse_block(Some(meant))));
                    }
                    _ if &*word.text == "snippet" => self.skip_section(),
                    _ if form::of(next).is_some() => self.skip_block(word),
                    _ => self.skip_unexpected(&format!("`{}` cannot have it", word.text)),
                }
            }
        }
    }

    /// Remembers the first block whose `end` stands further left than it: the `end` may be that of a block around it.
    fn compare(&mut self, word: &Word, start: usize, end: usize) {
        if &*word.text == "snippet" || self.misfit.is_some() {
            return;
        }
        let column = |at: usize| {
            let line = self.text[..at].rfind('\n').map_or(0, |line| line + 1);
            self.text[line..at].trim_start().is_empty().then_some(at - line)
        };
        if let (Some(opens), Some(closes)) = (column(word.span.start as usize), column(start))
            && closes < opens
        {
            self.misfit = Some((word.clone(), self.span(start, end)));
        }
    }

    /// Skips a block or line that this one cannot have, saying so once.
    fn skip_block(&mut self, word: &Word) {
        let span = self.span(self.next.start, self.next.end);
        let message = format!("`{}` has no place here", &self.text[span.range()]);
        let problem = Diagnostic::new(Code::COV_UNEXPECTED, span, message).label("unexpected");
        self.report(problem.help(format!("remove it; `{}` cannot have it", word.text)));
        let muted = self.problems.mute(true);
        self.parse_block(None);
        self.problems.mute(muted);
    }

    /// Skips a section that the language does not have, up to its `end`, saying so once.
    fn skip_section(&mut self) {
        let token = self.take();
        let span = self.span_of(&token);
        let shown: String = self.text[span.range()].chars().take(40).collect();
        let problem =
            Diagnostic::new(Code::COV_UNKNOWN_WORD, span, format!("`{shown}` is no section"));
        let help = format!("known are {}", form::SECTIONS.join(", "));
        self.report(problem.label("unknown").help(help));
        let muted = self.problems.mute(true);
        let mut depth = 1_usize;
        while depth > 0 && !self.at_end() {
            let next = self.word().filter(|_| !self.is_attribute()).unwrap_or_default();
            let is_outside = matches!(next, "snippet" | "refactor")
                || depth == 1 && (form::SECTIONS.contains(&next) || self.is_last_end());
            if is_outside {
                break;
            }
            match next {
                "end" => depth -= 1,
                "step" => depth += 1,
                next => depth += usize::from(form::of(next).is_some_and(|form| form.closes)),
            }
            self.take();
        }
        self.problems.mute(muted);
    }

    /// Whether an `end` comes next that is the last word of its snippet.
    fn is_last_end(&self) -> bool {
        if !self.is_word("end") {
            return false;
        }
        let (at, _) = lex::skip_trivia(self.text, self.next.end, |_, _| {});
        let rest = &self.text[at..];
        rest.is_empty() || ["snippet", "refactor"].iter().any(|word| rest.starts_with(word))
    }

    fn fits(&self, next: Option<String>, form: &Form, is_step: bool) -> bool {
        next.is_some_and(|next| {
            next == "end"
                || form.children.contains(&&*next)
                || is_step && matches!(&*next, "handle" | "as")
        })
    }

    /// Whether a block around the innermost one can have this word.
    fn fits_outside(&self, word: &str) -> bool {
        let around = &self.open[..self.open.len() - 1];
        around.iter().any(|form| form.children.contains(&word))
    }

    /// Whether the block around the line that is read can have this attribute.
    fn outer_has_attribute(&self, name: &str) -> bool {
        let around = self.open.iter().rev().skip(1).find(|form| form.closes);
        around.is_some_and(|form| form.free || form.attributes.contains(&name))
            || STEP_ATTRIBUTES.contains(&name)
    }

    fn step_form(&mut self, kind: &super::super::ast::Value) -> &'static Form {
        let name: &str = match &kind.kind {
            ValueKind::Text(name) | ValueKind::Word(name) => name,
            _ => "",
        };
        if let Some(form) = form::of_step(name) {
            return form;
        }
        let meant = nearest(name, form::step_kinds());
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known are {}", form::step_kinds().collect::<Vec<_>>().join(", ")),
        };
        let problem = Diagnostic::new(
            Code::COV_UNKNOWN_WORD,
            kind.span,
            format!("`{}` is no kind of step", name.chars().take(40).collect::<String>()),
        );
        self.report(problem.label("unknown").help(help));
        meant.and_then(form::of_step).unwrap_or(&form::ANY_STEP)
    }

    fn check_repeated(&mut self, word: &Word, entries: &[Entry], name: &Word) {
        // `select` lists fields; a union lists types; a condition compares two fields; a test covers
        // several requirements.
        let is_list = matches!(&*name.text, "field" | "type") && &*word.text != "param"
            || &*name.text == "covers"
            || matches!(&*word.text, "metadata" | "content");
        let earlier = entries.iter().find_map(|entry| match entry {
            Entry::Attribute(earlier) if earlier.name.text == name.text => Some(earlier.name.span),
            _ => None,
        });
        if let Some(earlier) = earlier.filter(|_| !is_list) {
            let message = format!("`{}` is written twice", name.text);
            let problem = Diagnostic::new(Code::COV_REPEATED, name.span, message)
                .label("again here")
                .also(earlier, "first here")
                .help("remove one of them");
            self.report(problem);
        } else if form::CONCURRENCY.contains(&&*name.text)
            && let Some(branch) = entries.iter().find_map(|entry| match entry {
                Entry::Block(block) if &*block.word.text == "branch" => Some(block.word.span),
                _ => None,
            })
        {
            let message = format!("`{}` stands behind a branch", name.text);
            let problem = Diagnostic::new(Code::COV_REPEATED, name.span, message)
                .label("too late")
                .also(branch, "the first branch")
                .help("write it before the first branch");
            self.report(problem);
        }
    }

    /// What names something must be a text, and not an empty one.
    fn check_text(&mut self, attribute: &Attribute) {
        let name = &*attribute.name.text;
        if !form::TEXTS.contains(&name) {
            return;
        }
        let message = match &attribute.value.kind {
            ValueKind::Text(text) if text.is_empty() => format!("`{name}` is empty"),
            ValueKind::Text(text) if form::PATHS.contains(&name) && is_broken_path(text) => {
                let shown: String = text.chars().take(40).collect();
                let message = format!("`{shown}` has a dot without a name beside it");
                let problem = Diagnostic::new(Code::COV_BAD_VALUE, attribute.value.span, message);
                let help = "write the names of fields between dots, like `order.price`";
                return self.report(problem.label("a name is missing").help(help));
            }
            ValueKind::Text(_) | ValueKind::Word(_) | ValueKind::Faulty => return,
            _ => format!("`{name}` is not a text"),
        };
        let problem = Diagnostic::new(Code::COV_BAD_VALUE, attribute.value.span, message);
        let help = format!("write it like `{name}=\"name\"`");
        self.report(problem.label("a name is expected").help(help));
    }

    fn check_needs(&mut self, block: &Block, form: &Form) {
        let is_step = &*block.word.text == "step";
        // A condition may compare two fields, with the one word for both.
        let fields = block.attributes().filter(|attribute| &*attribute.name.text == "field");
        let is_pair = fields.count() > 1 && is_condition(&block.word.text);
        let has = |name: &&str| {
            is_pair
                || block.attribute(name).is_some()
                || block.has_flag(name)
                || block.blocks().any(|child| *child.word.text == **name)
        };
        let own: &[&[&str]] = if is_step { &[&["id"], &["kind"], &["as"]] } else { &[] };
        if let Some(missing) = own.iter().chain(form.needs).find(|any| !any.iter().any(has)) {
            self.report_missing(&block.word, missing);
        }
    }

    pub(super) fn report_missing(&mut self, word: &Word, any: &[&str]) {
        let quoted: Vec<String> = any.iter().map(|name| format!("`{name}`")).collect();
        let all = match &*quoted {
            [first, second, .., last] if quoted.len() > 6 => {
                format!("a part such as {first}, {second} or {last}")
            }
            quoted => quoted.join(" or "),
        };
        let help = match any {
            ["as"] => {
                "name the result with `as=\"name\"`, or discard it with `as=\"_\"`".to_owned()
            }
            _ => format!("add {all}"),
        };
        let message = format!("`{}` without {all}", word.text);
        let problem = Diagnostic::new(Code::COV_MISSING, word.span, message);
        self.report(problem.label("incomplete").help(help));
    }

    fn report_unclosed(&mut self, word: &Word, why: &str) {
        if self.unwinding || self.lost || self.stopped || self.problems.is_full() {
            return;
        }
        // What is missing is missing where the lines say so.
        let inner = self.misfit.take().filter(|(inner, _)| inner.span.start > word.span.start);
        if let Some((inner, end)) = inner {
            let message = format!("`{}` is not closed", inner.text);
            let problem = Diagnostic::new(Code::COV_UNCLOSED, inner.span, message)
                .label("opened here")
                .also(end, "by its place, this closes a block around it")
                .help("close it with `end`");
            self.report(problem);
            self.unwinding = true;
            return;
        }
        let message = format!("`{}` is not closed: {why}", word.text);
        let mut problem = Diagnostic::new(Code::COV_UNCLOSED, word.span, message)
            .label("opened here")
            .help("close it with `end`");
        if self.next.kind != Kind::End {
            problem = problem.also(self.span(self.next.start, self.next.end), "before this");
        }
        self.report(problem);
        self.unwinding = true;
    }

    fn report_unknown(&mut self, meant: &str) {
        let span = self.span(self.next.start, self.next.end);
        let message = format!("`{}` is not known here", &self.text[span.range()]);
        let problem = Diagnostic::new(Code::COV_UNKNOWN_WORD, span, message);
        self.report(problem.label("unknown").help(format!("did you mean `{meant}`?")));
    }

    fn report_attribute(&mut self, word: &Word, form: &Form, is_step: bool) {
        let span = self.span(self.next.start, self.next.end);
        let name = &self.text[span.range()];
        let own: &[&str] = if is_step { STEP_ATTRIBUTES } else { &[] };
        let known: Vec<&str> = form.attributes.iter().chain(own).copied().collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => "remove it".to_owned(),
            None => format!("remove it; known are {}", known.join(", ")),
        };
        let message = format!("`{}` has no attribute `{name}`", word.text);
        let problem = Diagnostic::new(Code::COV_UNKNOWN_WORD, span, message);
        self.report(problem.label("unknown").help(help));
    }
}

fn next_word(parser: &Parser<'_>) -> Option<String> {
    parser.word().map(str::to_owned)
}

fn is_condition(word: &str) -> bool {
    form::NOT.children.contains(&word)
}

fn is_nearly_union(word: &str) -> bool {
    word == "union" || nearest(word, ["union"]).is_some()
}

fn is_step_form(form: &Form) -> bool {
    std::ptr::eq(form, &form::ANY_STEP)
        || form::step_kinds().filter_map(form::of_step).any(|step| std::ptr::eq(form, step))
}

fn is_query(form: &Form) -> bool {
    form.children.contains(&"select")
}

/// Whether something is missing before, between or behind the dots of a path.
fn is_broken_path(path: &str) -> bool {
    path.contains('.') && path.split('.').any(|name| name.trim().is_empty())
}
