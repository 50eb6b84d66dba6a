//! Steps, blocks and conditions.

use super::layout::{Layout, Lead};
use crate::wp::ast::{
    BlockTags, Dispatch, ForEach, ForkBlock, If, PlainStep, ResultBlock, Step, StepConfig, Text,
};

impl Layout<'_> {
    /// The steps behind a header. One plain step may stay on the header's line.
    pub(super) fn part(&mut self, steps: &[Step], indent: usize) {
        match steps {
            [Step::Plain(step)] if !self.breaks_line() => self.plain(step, Lead::Space),
            _ => self.steps(steps, indent),
        }
    }

    fn steps(&mut self, steps: &[Step], indent: usize) {
        for (n, step) in steps.iter().enumerate() {
            let lead = Lead::Line { indent, blank: n > 0 };
            match step {
                Step::Plain(step) => self.plain(step, lead),
                Step::If(block) => self.if_block(block, lead, indent),
                Step::Dispatch(block) => self.dispatch(block, lead, indent),
                Step::ForEach(block) => self.foreach(block, lead, indent),
                Step::Result(block) => self.result(block, lead, indent),
                Step::Fork(block) => self.fork(block, lead, indent),
            }
        }
    }

    fn plain(&mut self, step: &PlainStep, lead: Lead) {
        self.put(lead, "|>");
        self.put_to(Lead::Space, step.name.span.range().end);
        if let Some(args) = &step.args {
            self.args(args);
        }
        if let Some(config) = &step.config {
            self.put(Lead::Tight, ":");
            let end = match config {
                StepConfig::Backtick(text) | StepConfig::Quoted(text) => text.span.range().end + 1,
                StepConfig::Bare { name, .. } => name.span.range().end,
            };
            self.put_to(Lead::Space, end);
        }
        if step.tags.is_some() {
            self.condition(Some(step.span.range().end));
        }
    }

    /// Arguments on one line get one space behind each comma; over several lines they stay as they are.
    fn args(&mut self, args: &[Text]) {
        let open = self.next();
        let rest = self.rest();
        let last = args.last().map_or(1, |arg| arg.span.range().end - open);
        let closing = if rest.starts_with('(') { ')' } else { ']' };
        let len = last + rest[last..].find(closing).map_or(0, |at| at + 1);
        let written = &rest[..len];
        if written.contains(['\n', '#']) {
            self.put_to(Lead::Tight, open + len);
            return;
        }
        let values: Vec<&str> = args.iter().map(|arg| &*arg.value).collect();
        let list = format!("{}{}{closing}", &written[..1], values.join(", "));
        self.put_instead(Lead::Tight, open + len, &list);
    }

    fn if_block(&mut self, block: &If, lead: Lead, indent: usize) {
        let part = Lead::Line { indent: indent + 1, blank: false };
        self.put(lead, "|>");
        self.put(Lead::Space, "if");
        self.block_tags(block.tags.as_ref());
        self.steps(&block.condition, indent + 1);
        self.put(part, "then");
        self.put(Lead::Tight, ":");
        self.part(&block.then, indent + 2);
        if let Some(otherwise) = &block.otherwise {
            self.put(part, "else");
            self.put(Lead::Tight, ":");
            self.part(otherwise, indent + 2);
        }
        self.end(indent);
    }

    fn dispatch(&mut self, block: &Dispatch, lead: Lead, indent: usize) {
        self.put(lead, "|>");
        self.put(Lead::Space, "dispatch");
        self.block_tags(block.tags.as_ref());
        let mut cases = block.cases.iter();
        let mut default = block.default.as_ref();
        for n in 0..block.cases.len() + usize::from(default.is_some()) {
            let part = Lead::Line { indent: indent + 1, blank: n > 0 };
            // The tree does not say where among the cases `default:` stands.
            let steps = match default.take_if(|_| self.next_word() == "default") {
                Some(steps) => {
                    self.put(part, "default");
                    steps
                }
                None => {
                    let Some(case) = cases.next() else { break };
                    self.put(part, "case");
                    self.condition(None);
                    &case.steps
                }
            };
            self.put(Lead::Tight, ":");
            self.part(steps, indent + 2);
        }
        self.end(indent);
    }

    fn foreach(&mut self, block: &ForEach, lead: Lead, indent: usize) {
        self.put(lead, "|>");
        self.put(Lead::Space, "foreach");
        self.put_to(Lead::Space, block.selector.span.range().end);
        self.block_tags(block.tags.as_ref());
        self.steps(&block.body, indent + 1);
        self.end(indent);
    }

    fn result(&mut self, block: &ResultBlock, lead: Lead, indent: usize) {
        self.put(lead, "|>");
        self.put(Lead::Space, "result");
        for (n, branch) in block.branches.iter().enumerate() {
            let part = Lead::Line { indent: indent + 1, blank: n > 0 };
            self.put_to(part, branch.name.span.range().end);
            self.put(Lead::Tight, "(");
            self.put_to(Lead::Tight, branch.status_span.range().end);
            self.put(Lead::Tight, ")");
            self.put(Lead::Tight, ":");
            self.part(&branch.steps, indent + 2);
        }
    }

    fn fork(&mut self, block: &ForkBlock, lead: Lead, indent: usize) {
        self.put(lead, "|>");
        self.put_to(Lead::Space, block.word.span.range().end);
        if let Some(options) = &block.options {
            self.args(options);
        }
        self.block_tags(block.tags.as_ref());
        for (n, branch) in block.branches.iter().enumerate() {
            let part = Lead::Line { indent: indent + 1, blank: n > 0 };
            self.put_to(part, branch.name.span.range().end);
            self.put(Lead::Tight, ":");
            self.part(&branch.steps, indent + 2);
        }
        self.end(indent);
    }

    fn block_tags(&mut self, tags: Option<&BlockTags>) {
        if let Some(tags) = tags {
            self.condition(Some(tags.span.range().end));
        }
    }

    /// The `end` of a block, if it has one; `end(418):` is a branch of a `result` around it.
    fn end(&mut self, indent: usize) {
        if self.next_word() != "end" {
            return;
        }
        let behind =
            self.rest()["end".len()..].trim_start_matches(|c: char| c.is_whitespace() && c != '\n');
        if !behind.starts_with('(') {
            self.put(Lead::Line { indent, blank: false }, "end");
        }
    }

    fn next_word(&self) -> &str {
        word(self.rest())
    }

    /// Tags, up to `end`; without one, up to the colon behind them.
    fn condition(&mut self, end: Option<usize>) {
        let mut depth = 0usize;
        let mut previous = None;
        while let Some(first) = self.rest().chars().next()
            && end.is_none_or(|end| self.next() < end)
        {
            if first == ':' && depth == 0 {
                return;
            }
            let lead = match (previous, first) {
                (None, _) => Lead::Space,
                (_, ')' | ',' | ':') | (Some('(' | '@' | '!'), _) => Lead::Tight,
                (Some(',' | ':' | ')'), _) | (_, '@') => Lead::Space,
                _ if self.is_apart() => Lead::Space,
                _ => Lead::Tight,
            };
            let rest = self.rest();
            let len = match first {
                '`' | '"' => rest[1..].find(first).map_or(rest.len(), |at| at + 2),
                _ => word(rest).len().max(first.len_utf8()),
            };
            match first {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            previous = Some(first);
            self.put_to(lead, self.next() + len);
        }
    }
}

fn word(text: &str) -> &str {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    &text[..text.find(|c| !in_word(c)).unwrap_or(text.len())]
}
