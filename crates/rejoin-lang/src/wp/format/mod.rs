//! One layout for every `.wp` file. Only white space changes, and the commas of `config` blocks.
//!
//! The printer follows the tree and copies each token from the text, so that nothing can be lost that the tree does not
//! hold: comments, how a text is quoted, which `end` was written. [`layout`] decides what stands between two tokens.

mod layout;
mod step;

use crate::config_value::ConfigValue;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::source::{Source, SourceId};
use crate::wp::ast::Owner;
use crate::wp::ast::{Config, ConfigEntry, Item};

use layout::{Layout, Lead};

/// The text of a file as `rejoin fmt` writes it: the same program, with the same comments.
///
/// Formatting the result again changes nothing. What stands between backticks or quotes, and jq over several lines in
/// brackets, is kept byte for byte. Lines end with `\n`, or with `\r\n` if all lines of the file do.
///
/// # Errors
/// The problems of the file if its syntax has errors; what the author meant is not guessed then.
///
/// ```
/// use rejoin_lang::{source::Source, wp};
///
/// let source = Source::new("hello.wp", "GET /hello # greets\n|>jq:`{}`\n|>  log");
/// let text = wp::format(&source).unwrap();
/// assert_eq!(text, "GET /hello # greets\n  |> jq: `{}`\n  |> log\n");
/// ```
pub fn format(source: &Source) -> Result<String, Vec<Diagnostic>> {
    let (file, problems) = super::parse(source, SourceId(0));
    if has_errors(&problems) {
        return Err(problems);
    }
    let mut layout = Layout::new(&source.text);
    let mut previous_is_short = false;
    // Tests have no layout of their own yet: they are copied, as everything that the tree does not hold.
    for item in file.items.iter().filter(|item| !matches!(item, Item::Describe(_))) {
        if layout.next() < start_of(item) {
            layout.begin_item();
            layout.copy_unread(start_of(item));
            layout.end_item(false);
            previous_is_short = false;
        }
        layout.begin_item();
        layout.item(item);
        previous_is_short = layout.end_item(previous_is_short);
    }
    if layout.next() < source.text.len() {
        layout.begin_item();
        layout.copy_unread(source.text.len());
        layout.end_item(false);
    }
    Ok(layout.finish())
}

fn start_of(item: &Item) -> usize {
    let span = match item {
        Item::Import(import) => import.span,
        Item::Config(config) => config.span,
        Item::Variable(variable) => variable.step.span,
        Item::Pipeline(pipeline) => pipeline.span,
        Item::FeatureFlags(flags) => flags.span,
        Item::Schema(schema) => schema.span,
        Item::Resolver(resolver) => resolver.span,
        Item::Route(route) => route.span,
        Item::Describe(describe) => describe.span,
    };
    span.range().start
}

impl Layout<'_> {
    fn item(&mut self, item: &Item) {
        let line = Lead::Line { indent: 0, blank: true };
        match item {
            Item::Import(import) => {
                self.put(line, "import");
                self.put_to(Lead::Space, import.path.span.range().end + 1);
                self.put(Lead::Space, "as");
                self.put_to(Lead::Space, import.alias.span.range().end);
            }
            Item::Config(config) => self.config(config),
            Item::Variable(variable) => {
                self.put_to(line, variable.step.span.range().end);
                self.put_to(Lead::Space, variable.name.span.range().end);
                self.put(Lead::Space, "=");
                self.put_to(Lead::Space, variable.text.span.range().end + 1);
            }
            Item::Pipeline(pipeline) => {
                self.put(line, "pipeline");
                self.put_to(Lead::Space, pipeline.name.span.range().end);
                self.put(Lead::Space, "=");
                self.part(&pipeline.steps, 1);
            }
            Item::FeatureFlags(flags) => {
                self.put(line, "featureFlags");
                self.put(Lead::Space, "=");
                self.part(&flags.steps, 1);
            }
            Item::Schema(schema) => {
                self.put(line, "graphqlSchema");
                self.put(Lead::Space, "=");
                self.put_to(Lead::Space, schema.text.span.range().end + 1);
            }
            Item::Resolver(resolver) => {
                match &resolver.owner {
                    Owner::Query => self.put(line, "query"),
                    Owner::Mutation => self.put(line, "mutation"),
                    Owner::Type(owner) => {
                        self.put(line, "resolver");
                        self.put_to(Lead::Space, owner.span.range().end);
                        self.put(Lead::Tight, ".");
                    }
                }
                let lead = match &resolver.owner {
                    Owner::Type(_) => Lead::Tight,
                    Owner::Query | Owner::Mutation => Lead::Space,
                };
                self.put_to(lead, resolver.field.span.range().end);
                self.put(Lead::Space, "=");
                self.part(&resolver.steps, 1);
            }
            Item::Route(route) => {
                self.put_to(line, route.method.span.range().end);
                self.put_to(Lead::Space, route.path.span.range().end);
                self.part(&route.steps, 1);
            }
            Item::Describe(describe) => self.copy_unread(describe.span.range().end),
        }
    }

    fn config(&mut self, config: &Config) {
        self.put(Lead::Line { indent: 0, blank: true }, "config");
        self.put_to(Lead::Space, config.name.span.range().end);
        self.put(Lead::Space, "{");
        self.skip_commas(true);
        for (n, entry) in config.entries.iter().enumerate() {
            self.put_to(Lead::Line { indent: 1, blank: n > 0 }, entry.key.span.range().end);
            self.put(Lead::Tight, ":");
            self.setting(entry);
        }
        let is_empty = config.entries.is_empty() && !self.comment_follows();
        self.put(if is_empty { Lead::Tight } else { Lead::Line { indent: 0, blank: false } }, "}");
        self.skip_commas(false);
    }

    fn setting(&mut self, entry: &ConfigEntry) {
        let end = entry.span.range().end;
        let written = self.text_to(end);
        match (&entry.value, written.split_once("||")) {
            (ConfigValue::Env { .. }, Some((name, default))) if !written.contains('#') => {
                let value = format!("{} || {}", name.trim(), default.trim());
                self.put_instead(Lead::Space, end, &value);
            }
            _ => self.put_to(Lead::Space, end),
        }
    }
}
