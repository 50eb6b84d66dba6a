//! `import "path" as alias`.

use super::Parser;
use crate::diagnostic::{Code, Diagnostic};
use crate::wp::ast::{Import, Name};

impl Parser<'_> {
    /// `None` if there is no path; that is reported.
    pub(super) fn parse_import(&mut self) -> Option<Import> {
        let start = self.pos;
        self.eat_word("import");
        let keyword = self.span_from(start);
        self.eat_trivia();
        let Some((path, quote)) = self.opt_quoted_text() else {
            self.report(
                Diagnostic::new(Code::MISSING_TEXT, keyword, "the import has no path")
                    .label("a path is expected after this")
                    .help("write the file and a name for it: `import \"shared.wp\" as shared`"),
            );
            self.skip_to_next_start();
            return None;
        };
        if quote == '`' {
            self.report(
                Diagnostic::new(
                    Code::MISSING_TEXT,
                    path.span,
                    "the path of an import stands between double quotes",
                )
                .label("expected double quotes")
                .help("replace the backticks by double quotes"),
            );
        }
        self.last_text = None;
        let alias = self.parse_alias(start);
        Some(Import { path, alias, span: self.span_from(start) })
    }

    fn parse_alias(&mut self, start: usize) -> Name {
        let declared = self.span_from(start);
        let behind = self.after_trivia(self.pos);
        let mut found = None;
        if self.word_at(behind) == "as" {
            self.eat_trivia();
            self.eat_word("as");
            let name = self.after_trivia(self.pos);
            if self.item_at(name).is_none() {
                self.eat_trivia();
                found = self.opt_written_name("the name of the import");
            }
        }
        found.unwrap_or_else(|| {
            self.report(
                Diagnostic::new(Code::INVALID_NAME, declared, "the imported file has no name")
                    .label("`as name` is expected after this")
                    .help("write by which name it is used here, as in `import \"shared.wp\" as shared`"),
            );
            self.missing_name()
        })
    }
}
