//! Checks of a page: ``selector `css` …``.

use std::cmp::Ordering;

use super::Parser;
use crate::wp::ast::{SelectorCheck, SelectorComparison, TestCheck};

const EXPECTED: &str = "``selector `css` exists``, or `text`, `count` or ``attribute `name` ``";
const COMPARED: &str = "`equals`, `contains` or `matches`, or `does not` with one of them";
const COUNTED: &str = "`count is 2`, `count is greater than 2` or `count is less than 2`";

impl Parser<'_> {
    /// What follows `selector`; an error says what was expected.
    pub(super) fn parse_selector_check(&mut self, start: usize) -> Result<TestCheck, &'static str> {
        let (css, _) = self.opt_quoted_text().ok_or(EXPECTED)?;
        self.eat_trivia();
        let asks = if self.eat_word("exists") {
            SelectorCheck::Exists
        } else if self.eat_word("does") {
            if !(self.eat_next_word("not") && self.eat_next_word("exist")) {
                return Err("`exists` or `does not exist`");
            }
            SelectorCheck::Absent
        } else if self.eat_word("text") {
            SelectorCheck::Text(self.parse_selector_comparison()?)
        } else if self.eat_word("attribute") {
            self.eat_trivia();
            let (name, _) = self.opt_quoted_text().ok_or("the attribute's name in backticks")?;
            SelectorCheck::Attribute { name, comparison: self.parse_selector_comparison()? }
        } else if self.eat_word("count") {
            self.parse_selector_count()?
        } else {
            return Err(EXPECTED);
        };
        Ok(TestCheck::Selector { css, asks, span: self.span_from(start) })
    }

    fn parse_selector_comparison(&mut self) -> Result<SelectorComparison, &'static str> {
        let negated = self.eat_next_word("does");
        if negated && !self.eat_next_word("not") {
            return Err(COMPARED);
        }
        let operator = match (negated, &*self.parse_run().text) {
            (false, "is" | "equals") | (true, "equal") => "equals",
            (false, "contains") | (true, "contain") => "contains",
            (false, "matches") | (true, "match") => "matches",
            _ => return Err(COMPARED),
        };
        let value = self.parse_written();
        Ok(SelectorComparison { negated, operator: operator.into(), value })
    }

    fn parse_selector_count(&mut self) -> Result<SelectorCheck, &'static str> {
        let said = self.eat_next_word("is") || self.eat_next_word("equals");
        let order = if self.eat_next_word("greater") {
            Ordering::Greater
        } else if self.eat_next_word("less") {
            Ordering::Less
        } else if said {
            Ordering::Equal
        } else {
            return Err(COUNTED);
        };
        if order != Ordering::Equal && !self.eat_next_word("than") {
            return Err(COUNTED);
        }
        let number = self.parse_written().text().value.trim().parse().map_err(|_| COUNTED)?;
        Ok(SelectorCheck::Count { order, number })
    }

    fn eat_next_word(&mut self, word: &str) -> bool {
        self.eat_trivia();
        self.eat_word(word)
    }
}
