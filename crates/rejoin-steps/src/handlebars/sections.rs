//! Sections as Mustache has them, which the library has not: `{{#list}}…{{/list}}`, `{{^list}}…{{/list}}`, `{{#a.b}}…{{/a.b}}`.
//!
//! What the library's grammar cannot read is respelled before it reads, with stand-ins of the same length, so that errors keep their places.

use std::borrow::Cow;

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{
    BlockContext, BlockParams, Context, Handlebars, Helper, HelperDef, JsonTruthy, JsonValue,
    Output, PathAndJson, RenderContext, RenderError, Renderable, Template,
};

use super::tags;

/// The helper that a section becomes. No template can have a helper of this name, because there are no custom ones.
const SECTION: &str = "rejoin-section";

/// What opens a block of its own meaning.
const HELPERS: &[&str] = &[
    "if", "unless", "each", "with", "lookup", "log", "raw", "eq", "ne", "gt", "gte", "lt", "lte",
    "and", "or", "not", "len",
];

/// Where the stand-ins begin for characters that a block's name cannot have, and for the first one of an inverted section.
/// Both are in planes of Unicode for private use.
const FOREIGN: u32 = 0xF_0000;
const INVERTED: u32 = 0x10_0000;

pub(super) fn register(registry: &mut Handlebars<'static>) {
    registry.register_helper(SECTION, Box::new(Section));
}

/// The text with stand-ins in the names of those sections that the library cannot read.
pub(super) fn respelled(text: &str) -> Cow<'_, str> {
    let mut open = Vec::new();
    let mut names = Vec::new();
    for tag in tags::of(text) {
        let Some(tag) = Tag::of(text, tag.start) else { continue };
        if tag.sigil != '/' {
            open.push(tag);
            continue;
        }
        // An `{{^name}}` that nothing closes is another way to write `{{else name}}`.
        let matching = open.iter().rposition(|opening| opening.name == tag.name);
        let Some(at) = matching.filter(|at| open[at + 1..].iter().all(|other| other.sigil == '^'))
        else {
            continue;
        };
        let opening = open.split_off(at).remove(0);
        if opening.is_section() && (opening.sigil == '^' || opening.name.contains(is_foreign)) {
            names.push((opening.sigil_at, opening.name_at, opening.sigil == '^', tag.name));
            names.push((tag.sigil_at, tag.name_at, opening.sigil == '^', tag.name));
        }
    }
    if names.is_empty() {
        return text.into();
    }
    names.sort_unstable();
    let mut out = String::with_capacity(text.len() + 4 * names.len());
    let mut copied = 0;
    for (sigil_at, name_at, is_inverted, name) in names {
        out.push_str(&text[copied..sigil_at]);
        out.push(if text[sigil_at..].starts_with('/') { '/' } else { '#' });
        out.push_str(&text[sigil_at + 1..name_at]);
        out.extend(name.char_indices().map(|(at, c)| match at {
            0 if is_inverted => stand_in(INVERTED, c),
            _ if is_foreign(c) => stand_in(FOREIGN, c),
            _ => c,
        }));
        copied = name_at + name.len();
    }
    out.push_str(&text[copied..]);
    out.into()
}

/// A tag that opens or closes a block.
struct Tag<'a> {
    sigil: char,
    sigil_at: usize,
    name: &'a str,
    name_at: usize,
    is_alone: bool,
}

impl<'a> Tag<'a> {
    fn of(text: &'a str, start: usize) -> Option<Self> {
        let inside = text[start + 2..].trim_start_matches(['~', ' ', '\t', '\n', '\r']);
        let sigil_at = text.len() - inside.len();
        let sigil = inside.chars().next().filter(|c| "#^/".contains(*c))?;
        let rest = inside[1..].trim_start();
        let name = &rest[..rest.find(|c: char| c.is_whitespace() || "}~>*".contains(c))?];
        let after = rest[name.len()..].trim_start();
        let is_alone = after.starts_with(['}', '~']) || after.starts_with("as |");
        // Others have no stand-in.
        let has_stand_ins = name.chars().all(|c| u32::from(c) < 0x1_0000);
        (!name.is_empty() && has_stand_ins).then_some(Tag {
            sigil,
            sigil_at,
            name,
            name_at: text.len() - rest.len(),
            is_alone,
        })
    }

    fn is_section(&self) -> bool {
        self.is_alone && !HELPERS.contains(&self.name)
    }
}

/// Whether the library takes this character for none of a block's name.
fn is_foreign(c: char) -> bool {
    c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_$:".contains(c)
}

fn stand_in(plane: u32, c: char) -> char {
    char::from_u32(plane + u32::from(c) % 0x1_0000).unwrap_or(c)
}

/// Makes a section of a block that no helper is for.
pub(super) fn understand(block: &mut HelperTemplate) {
    let Parameter::Name(name) = &block.name else { return };
    if !block.params.is_empty() || !block.hash.is_empty() || HELPERS.contains(&name.as_str()) {
        return;
    }
    let is_inverted = name.chars().next().is_some_and(|c| u32::from(c) >= INVERTED);
    let path: String = name
        .chars()
        .map(|c| match u32::from(c) {
            code if code >= FOREIGN => char::from_u32(code % 0x1_0000).unwrap_or(c),
            _ => c,
        })
        .collect();
    let path = if path == "." { "this" } else { &path };
    let Ok(parsed) = Template::compile(&format!("{{{{x {path}}}}}")) else { return };
    let Some(TemplateElement::Expression(call)) = parsed.elements.into_iter().next() else {
        return;
    };
    block.params = call.params;
    block.name = Parameter::Name(SECTION.to_owned());
    if is_inverted {
        std::mem::swap(&mut block.template, &mut block.inverse);
    }
}

/// Draws what is inside for each item of a list; once for anything else that is there, with that as its context unless
/// it only says yes; and otherwise what is behind `{{else}}`.
struct Section;

impl HelperDef for Section {
    fn call<'reg: 'rc, 'rc>(
        &self,
        call: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rendering: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> Result<(), RenderError> {
        let Some(of) = call.param(0) else { return Ok(()) };
        let inner = match of.value().is_truthy(false) {
            true => call.template(),
            false => call.inverse(),
        };
        let Some(inner) = inner else { return Ok(()) };
        match of.value() {
            JsonValue::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    let mut block = block(call, of, Some(n), item)?;
                    block.set_local_var("index", n.into());
                    block.set_local_var("first", (n == 0).into());
                    block.set_local_var("last", (n + 1 == items.len()).into());
                    rendering.push_block(block);
                    inner.render(registry, context, rendering, out)?;
                    rendering.pop_block();
                }
                if items.is_empty() {
                    inner.render(registry, context, rendering, out)?;
                }
            }
            item if item.is_truthy(false) && *item != JsonValue::Bool(true) => {
                let mut block = block(call, of, None, item)?;
                if let Some(around) = rendering.block() {
                    block.local_variables_mut().clone_from(around.local_variables());
                }
                rendering.push_block(block);
                inner.render(registry, context, rendering, out)?;
                rendering.pop_block();
            }
            _ => inner.render(registry, context, rendering, out)?,
        }
        Ok(())
    }
}

/// What is inside a section sees its item, by the path to it if it has one.
fn block<'rc>(
    call: &Helper<'rc>,
    of: &PathAndJson<'rc>,
    n: Option<usize>,
    item: &JsonValue,
) -> Result<BlockContext<'rc>, RenderError> {
    let mut block = BlockContext::new();
    match of.context_path() {
        Some(path) => {
            block.base_path_mut().clone_from(path);
            block.base_path_mut().extend(n.map(|n| n.to_string()));
        }
        None => block.set_base_value(item.clone()),
    }
    if let Some(name) = call.block_param() {
        let mut names = BlockParams::new();
        names.add_value(name, item.clone())?;
        block.set_block_params(names);
    }
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_that_the_library_cannot_read_keep_their_length() {
        for text in [
            "{{^a}}x{{/a}}",
            "{{#a.b}}{{^c}}{{/c}}{{/a.b}}",
            "{{~#../é.1 ~}}{{~/../é.1}}",
            "{{#.}}{{/.}}",
        ] {
            let respelled = respelled(text);
            assert_eq!(respelled.chars().count(), text.chars().count());
            assert!(Template::compile(&respelled).is_ok(), "{text}");
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        for text in [
            "{{#if a}}x{{^}}y{{/if}}",
            "{{#if a}}x{{^if b}}y{{/if}}",
            "{{#a}}{{/a}}",
            "{{#each a.b}}{{/each}}",
            "{{#a.b}}",
            "{{^a}}{{/b}}",
            "{{#> a.b}}{{/a.b}}",
            "\\{{^a}}{{!-- {{^a}} --}}{{/a}}",
        ] {
            assert_eq!(respelled(text), text);
        }
    }
}
