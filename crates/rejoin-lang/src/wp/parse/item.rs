//! Declarations at top level.

use super::Parser;
use super::recover::{ItemStart, KEYWORDS, METHODS};
use super::scan::quoted;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::wp::ast::{FeatureFlags, Item, Name, Pipeline, Route, Step, Variable};

impl Parser<'_> {
    pub(super) fn parse_file(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        loop {
            self.problems.mute(false);
            self.eat_trivia();
            if self.is_done() {
                return items;
            }
            match self.item_at(self.pos) {
                Some(_) if self.pos_is_blamed() => {}
                Some(start) => items.extend(self.parse_item(start)),
                None if self.at("|>") => self.parse_lost_steps(),
                None => {
                    self.parse_unexpected("a declaration such as `GET /path` or `pipeline name =`")
                }
            }
        }
    }

    /// A text that swallowed the start of something can also end right before what looks like a declaration.
    fn pos_is_blamed(&mut self) -> bool {
        self.item_at(self.pos) != Some(ItemStart::Keyword)
            && !self.is_anchor(self.pos)
            && self.blame_last_text()
    }

    fn parse_item(&mut self, start: ItemStart) -> Option<Item> {
        self.last_text = None;
        match start {
            ItemStart::Route => Some(Item::Route(self.parse_route())),
            ItemStart::Variable => self.parse_variable(),
            ItemStart::Block => self.parse_misspelt_config(),
            ItemStart::Tests => {
                self.report_misspelt_describe();
                Some(Item::Describe(self.parse_describe()))
            }
            ItemStart::Clause => {
                self.parse_lost_tests();
                None
            }
            ItemStart::Keyword => match self.peek_word() {
                "import" => self.parse_import().map(Item::Import),
                "config" => Some(Item::Config(self.parse_config())),
                "pipeline" => Some(Item::Pipeline(self.parse_pipeline())),
                "featureFlags" => Some(Item::FeatureFlags(self.parse_feature_flags())),
                "describe" => Some(Item::Describe(self.parse_describe())),
                "graphqlSchema" => self.parse_schema().map(Item::Schema),
                _ => self.parse_resolver().map(Item::Resolver),
            },
        }
    }

    /// Steps before the first declaration, or behind one that has none.
    fn parse_lost_steps(&mut self) {
        if self.blame_last_text() {
            return;
        }
        self.report(
            Diagnostic::new(
                Code::STEP_OUTSIDE,
                self.span(self.pos, self.pos + 2),
                "this step belongs to no route or pipeline",
            )
            .label("nothing is declared above it")
            .help("write `GET /path` or `pipeline name =` above the first step"),
        );
        self.parse_steps();
    }

    fn parse_route(&mut self) -> Route {
        let start = self.pos;
        let method = self.parse_method();
        self.eat_trivia();
        let path = self.parse_path(&method);
        let steps = self.parse_steps();
        Route { method, path, steps, span: self.span_from(start) }
    }

    fn parse_method(&mut self) -> Name {
        let name = self.opt_name().unwrap_or_else(|| self.missing_name());
        if METHODS.contains(&&*name.text) {
            return name;
        }
        let problem = Diagnostic::new(
            Code::UNKNOWN_METHOD,
            name.span,
            format!("{} is not an HTTP method", quoted(&name.text)),
        )
        .label("no such method");
        let guess = nearest(&name.text, METHODS);
        self.report(match guess {
            Some(method) => problem.help(format!("did you mean `{method}`?")),
            None => problem.help(format!("write one of {}", METHODS.join(", "))),
        });
        Name { text: guess.unwrap_or(METHODS[0]).into(), span: name.span }
    }

    /// Everything up to the next white space, or to `|>`.
    fn parse_path(&mut self, method: &Name) -> Name {
        let start = self.pos;
        let rest = self.rest();
        let same_line = !self.text[method.span.range().end..start].contains('\n');
        if !rest.starts_with('/') && (!same_line || self.at_end() || self.at("|>")) {
            self.report(
                Diagnostic::new(Code::INVALID_PATH, method.span, "the route has no path")
                    .label("a path is expected after this")
                    .help(format!("write a path after the method, such as `{} /`", method.text)),
            );
            return Name { text: "/".into(), span: self.span(start, start) };
        }
        let len = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let len = rest[..len].find("|>").unwrap_or(len);
        self.pos = start + len;
        let path = self.name(start, self.pos);
        if path.text.starts_with('/') {
            return path;
        }
        let bare = path.text.trim_matches(['"', '`', '\'']);
        let slash = if bare.starts_with('/') { "" } else { "/" };
        let mended = format!("{slash}{bare}");
        self.report(
            Diagnostic::new(
                Code::INVALID_PATH,
                path.span,
                format!("the path {} does not start with a slash", quoted(&path.text)),
            )
            .label("not a path")
            .help(format!("write {}", quoted(&mended))),
        );
        Name { text: mended.into(), span: path.span }
    }

    fn parse_pipeline(&mut self) -> Pipeline {
        let start = self.pos;
        self.eat_word("pipeline");
        let name = self.parse_declared_name(start, "the pipeline's name");
        let steps = self.parse_body(start);
        Pipeline { name, steps, span: self.span_from(start) }
    }

    fn parse_feature_flags(&mut self) -> FeatureFlags {
        let start = self.pos;
        self.eat_word("featureFlags");
        let steps = self.parse_body(start);
        FeatureFlags { steps, span: self.span_from(start) }
    }

    /// The name after the keyword at `start`.
    pub(super) fn parse_declared_name(&mut self, start: usize, what: &str) -> Name {
        let keyword = self.span_from(start);
        self.eat_trivia();
        self.opt_written_name(what).unwrap_or_else(|| {
            self.report(
                Diagnostic::new(Code::INVALID_NAME, keyword, format!("{what} is missing"))
                    .label("a name is expected after this")
                    .help("write a name of letters, digits, `_` and `-`"),
            );
            self.missing_name()
        })
    }

    /// `= steps` of the declaration that starts at `start`.
    pub(super) fn parse_body(&mut self, start: usize) -> Vec<Step> {
        self.parse_equals(start);
        self.eat_trivia();
        if matches!(self.peek(), Some(b'`' | b'"')) {
            let open = self.pos;
            self.opt_quoted_text();
            let muted = self.problems.mute(true);
            let steps = self.parse_steps();
            self.problems.mute(muted);
            self.report(
                Diagnostic::new(
                    Code::TEXT_FOR_STEPS,
                    self.span(open, open + 1),
                    "a text stands where steps are expected",
                )
                .label("expected `|>`")
                .help("write a step, such as ``|> jq: `.` ``; a text alone is a variable: ``jq name = `.` ``"),
            );
            return steps;
        }
        self.parse_steps()
    }

    pub(super) fn parse_equals(&mut self, start: usize) {
        let declared = self.span_from(start);
        self.eat_trivia();
        if self.eat("=") {
            return;
        }
        let is_colon = self.at(":");
        let help = match is_colon {
            true => "write `=` in the place of the colon",
            false => "write `=` between the name and what it stands for",
        };
        self.report(
            Diagnostic::new(Code::MISSING_EQUALS, declared, "`=` is missing in this declaration")
                .label("`=` is expected after this")
                .help(help),
        );
        self.pos += usize::from(is_colon);
    }

    /// ``step name = `text` ``, or a declaration whose keyword is misspelt.
    fn parse_variable(&mut self) -> Option<Item> {
        let start = self.pos;
        let step = self.opt_name()?;
        self.eat_trivia();
        let name = if self.peek() == Some(b'=') { None } else { self.opt_name() };
        let had_name = name.is_some();
        let missing = self.missing_name();
        let before_equals = self.pos;
        if !self.assigns_steps() {
            if !had_name {
                self.report(
                    Diagnostic::new(Code::INVALID_NAME, step.span, "the variable has no name")
                        .label("a step's name alone")
                        .help(
                            "write the step that it is for and its name, as in ``jq shape = `.` ``",
                        ),
                );
            }
            self.parse_equals(start);
            self.eat_trivia();
            let text = self.parse_declared_text(start, "variable")?;
            return Some(Item::Variable(Variable { step, name: name.unwrap_or(missing), text }));
        }
        self.pos = before_equals;
        let guess =
            nearest(&step.text, ["pipeline", "featureFlags", "query", "mutation", "resolver"]);
        let problem = Diagnostic::new(
            Code::UNKNOWN_DECLARATION,
            step.span,
            format!("{} does not declare steps", quoted(&step.text)),
        )
        .label("not a keyword");
        self.report(match guess {
            Some(keyword) => problem.help(format!("did you mean `{keyword}`?")),
            None => problem.help("steps are declared with `pipeline name =`"),
        });
        self.parse_equals(start);
        let steps = self.parse_steps();
        let span = self.span_from(start);
        Some(match name {
            Some(name) => Item::Pipeline(Pipeline { name, steps, span }),
            None => Item::FeatureFlags(FeatureFlags { steps, span }),
        })
    }

    /// Whether `= |>` follows.
    fn assigns_steps(&self) -> bool {
        let equals = self.after_trivia(self.pos);
        self.text[equals..].strip_prefix('=').is_some_and(|rest| {
            self.text[self.after_trivia(self.text.len() - rest.len())..].starts_with("|>")
        })
    }

    /// The text of the declaration that starts at `start`, which is called `what`.
    pub(super) fn parse_declared_text(
        &mut self,
        start: usize,
        what: &str,
    ) -> Option<crate::wp::ast::Text> {
        let declared = self.span_from(start);
        let open = self.pos;
        match self.opt_quoted_text() {
            Some((text, '`')) => Some(text),
            Some((text, _)) => {
                self.report(
                    Diagnostic::new(
                        Code::MISSING_TEXT,
                        self.span(open, open + 1),
                        format!("a {what}'s text stands between backticks"),
                    )
                    .label("expected a backtick")
                    .help("replace the double quotes by backticks"),
                );
                Some(text)
            }
            None => {
                self.report(
                    Diagnostic::new(
                        Code::MISSING_TEXT,
                        declared,
                        format!("the {what} has no text"),
                    )
                    .label("a text is expected after this")
                    .help("write its text between backticks"),
                );
                if !self.at_line_end() && !self.at_end() && self.item_at(self.pos).is_none() {
                    self.skip_to_next_start();
                }
                None
            }
        }
    }

    /// `word "name"`: what follows is read as tests, so that not each line of theirs is wrong.
    fn report_misspelt_describe(&mut self) {
        let word = self.peek_word();
        self.report(
            Diagnostic::new(
                Code::UNKNOWN_DECLARATION,
                self.span(self.pos, self.pos + word.len()),
                format!("{} does not declare tests", quoted(word)),
            )
            .label("not a keyword")
            .help("did you mean `describe`?"),
        );
    }

    /// `word name {`
    fn parse_misspelt_config(&mut self) -> Option<Item> {
        let word = self.peek_word();
        let is_config = nearest(word, KEYWORDS) == Some("config");
        let problem = Diagnostic::new(
            Code::UNKNOWN_DECLARATION,
            self.span(self.pos, self.pos + word.len()),
            format!("{} does not declare a block", quoted(word)),
        )
        .label("not a keyword");
        self.report(problem.help(if is_config {
            "did you mean `config`?"
        } else {
            "settings are declared with `config name { … }`"
        }));
        let muted = self.problems.mute(!is_config);
        let config = self.parse_config();
        self.problems.mute(muted);
        is_config.then_some(Item::Config(config))
    }
}
