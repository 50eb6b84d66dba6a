//! A template, compiled, with bounds on what it can cost.

use handlebars::template::TemplateElement;
use handlebars::{Template, TemplateError, TemplateErrorReason};
use rejoin_lang::step_spec::TextProblem;

use super::dedent::Dedented;
use super::watch::{ENTER, LEAVE};
use super::{paths, sections};

/// Blocks and brackets may stand so deep inside each other: reading them takes stack.
const MAX_NESTING: usize = 48;

/// Compiles a template.
pub(super) fn compile(text: &str) -> Result<Template, TextProblem> {
    compile_lines(text, &Dedented::new(text))
}

/// Compiles a template whose indentation is part of its text.
pub(super) fn compile_verbatim(text: &str) -> Result<Template, TextProblem> {
    compile_lines(text, &Dedented::verbatim(text))
}

fn compile_lines(text: &str, dedented: &Dedented<'_>) -> Result<Template, TextProblem> {
    refuse_nesting(text)?;
    let source = dedented.text();
    let spelled = sections::respelled(&source);
    let mut template = Template::compile(&paths::without_dots(&spelled))
        .map_err(|error| problem(text, dedented, &error))?;
    paths::understand(&mut template);
    watch_blocks(&mut template);
    Ok(template)
}

fn refuse_nesting(text: &str) -> Result<(), TextProblem> {
    let (mut blocks, mut brackets) = (0_usize, 0_usize);
    for (start, c) in text.char_indices() {
        match c {
            '{' if text[start..].starts_with("{{#") => blocks += 1,
            '{' if text[start..].starts_with("{{/") => blocks = blocks.saturating_sub(1),
            '(' => brackets += 1,
            ')' => brackets = brackets.saturating_sub(1),
            '}' => brackets = 0,
            _ => {}
        }
        if blocks > MAX_NESTING || brackets > MAX_NESTING {
            return Err(TextProblem {
                start,
                end: start + c.len_utf8(),
                message: format!("blocks are nested more than {MAX_NESTING} deep"),
                help: Some("move the inner ones into a partial of their own".into()),
            });
        }
    }
    Ok(())
}

fn problem(text: &str, dedented: &Dedented<'_>, error: &TemplateError) -> TextProblem {
    let message = match error.reason() {
        TemplateErrorReason::MismatchingClosedHelper(open, close)
        | TemplateErrorReason::MismatchingClosedDecorator(open, close) => {
            let name = |debug: &str| debug.trim_matches('"').to_owned();
            format!("the block `{}` is open here, and `{}` is closed", name(open), name(close))
        }
        TemplateErrorReason::InvalidSyntax(_) => {
            "this is no handlebars; a tag or block is wrong or has no end".to_owned()
        }
        other => other.to_string(),
    };
    let mut start = match error.pos() {
        Some((line, column)) => dedented.offset(line, column),
        None => 0,
    };
    if text[start..].trim().is_empty() {
        // Something was open until the end: the last character has a place to draw.
        let kept = text.trim_end();
        start = kept.char_indices().next_back().map_or(0, |(n, _)| n);
    }
    let rest = &text[start..];
    let line = rest.find('\n').unwrap_or(rest.len());
    let length = rest[..line].find("}}").map_or(rest[..line].trim_end().len(), |end| end + 2);
    TextProblem {
        start,
        end: start + length,
        message,
        help: Some("every `{{#name}}` needs its `{{/name}}`, every `{{` its `}}`".into()),
    }
}

/// Puts a look at the limits at the start and end of every block, so that no loop or recursion goes on unseen.
fn watch_blocks(template: &mut Template) {
    for element in &mut template.elements {
        match element {
            TemplateElement::HelperBlock(block) => {
                for inner in [&mut block.template, &mut block.inverse].into_iter().flatten() {
                    watch_blocks(inner);
                }
            }
            TemplateElement::DecoratorBlock(block) | TemplateElement::PartialBlock(block) => {
                if let Some(inner) = &mut block.template {
                    watch_blocks(inner);
                }
            }
            _ => {}
        }
    }
    let (Some(first), Some(last)) = (template.mapping.first(), template.mapping.last()) else {
        return;
    };
    let (first, last) = (first.clone(), last.clone());
    template.mapping.insert(0, first);
    template.mapping.push(last);
    template.elements.insert(0, call(ENTER));
    template.elements.push(call(LEAVE));
}

fn call(decorator: &str) -> TemplateElement {
    let parsed = Template::compile(&format!("{{{{*{decorator}}}}}")).expect("it is well formed");
    parsed.elements.into_iter().next().expect("it has that one element")
}
