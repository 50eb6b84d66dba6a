//! Templates in the texts of tests: filled in once, when the file is read.

use std::sync::LazyLock;

use handlebars::{Context, Handlebars, RenderContext, Renderable};
use rejoin_engine::{ScriptLimits, StopFlag};
use rejoin_lang::step_spec::TextProblem;
use rejoin_value::Value;

use super::{data, paths, run, sections, template, watch};

/// There are no partials outside of pages.
static REGISTRY: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut registry = Handlebars::new();
    watch::register(&mut registry);
    paths::register(&mut registry);
    sections::register(&mut registry);
    registry
});

/// The text that the template makes of the values. All blanks and lines stay: it stands in no page.
pub(super) fn fill(text: &str, values: &Value) -> Result<String, TextProblem> {
    let whole = |message: String| TextProblem { start: 0, end: text.len(), message, help: None };
    let template = template::compile_verbatim(text)?;
    let data = Context::from(data::plain(values).map_err(whole)?);
    let made = watch::within(ScriptLimits::default(), &StopFlag::default(), |page| {
        template.render(&REGISTRY, &data, &mut RenderContext::new(None), page)
    });
    made.map_err(|error| whole(run::describe(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, TextProblem> {
        let values =
            br#"{"user": {"id": 7, "tags": ["a", "b"]}, "h": "a & <b>", "n": 3, "f": 1.5}"#;
        fill(text, &Value::parse(values).unwrap())
    }

    #[test]
    fn texts_are_filled_in() {
        for (text, expected) in [
            ("/p/{{user.id}}", "/p/7"),
            ("{{user.tags.[1]}} {{ n }} {{f}}", "b 3 1.5"),
            ("{{h}} {{{h}}} {{&h}}", "a &amp; &lt;b&gt; a & <b> a & <b>"),
            ("[{{unknown}}{{un.known}}]", "[]"),
            ("{{#if n}}yes{{else}}no{{/if}}", "yes"),
            ("{{#each user.tags}}{{this}}{{#unless @last}}-{{/unless}}{{/each}}", "a-b"),
            ("  {{n}} \n    x ", "  3 \n    x "),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_filled_in_is_shown() {
        assert!(filled("{{#if n}}yes").is_err());
        assert!(filled("{{n").is_err());
        assert!(filled("{{nope n}}").unwrap_err().message.contains("no helper is called `nope`"));
        assert!(filled("{{> card}}").unwrap_err().message.contains("no partial is called `card`"));
    }
}
