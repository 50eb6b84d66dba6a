//! Paths that the library does not read and templates from elsewhere have: `.`, which is `this`, and `list.length`.

use std::borrow::Cow;

use handlebars::template::{Parameter, TemplateElement};
use handlebars::{
    Handlebars, Helper, HelperDef, Path, PathSeg, RenderContext, RenderError, ScopedJson, Template,
};

use super::{sections, tags};

/// Stands for `.` while a template is read: a name as long as it, so that errors keep their places.
const DOT: &str = "$";

/// The helper that `list.length` becomes. No template can have a helper of this name, because there are no custom ones.
const LENGTH: &str = "rejoin-length";

pub(super) fn register(registry: &mut Handlebars<'static>) {
    registry.register_helper(LENGTH, Box::new(Length));
}

/// The text with another name for each `.` that is a whole path.
pub(super) fn without_dots(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    for tag in tags::of(text) {
        for dot in dots(&text[tag.clone()]) {
            out.push_str(&text[copied..tag.start + dot]);
            out.push_str(DOT);
            copied = tag.start + dot + 1;
        }
    }
    if copied == 0 {
        return text.into();
    }
    out.push_str(&text[copied..]);
    out.into()
}

/// Where in a tag a `.` stands alone, outside of quotes.
fn dots(tag: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut quote = None;
    for (n, c) in tag.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '.') => {
                let before = tag[..n].chars().next_back();
                let after = tag[n + 1..].chars().next();
                let opens = |c: char| c.is_whitespace() || "{(=~&".contains(c);
                let ends = |c: char| c.is_whitespace() || "})~".contains(c);
                if before.is_some_and(opens) && after.is_some_and(ends) {
                    found.push(n);
                }
            }
            _ => {}
        }
    }
    found
}

/// Gives the paths of a template that was read the meaning that they were written with.
pub(super) fn understand(template: &mut Template) {
    for element in &mut template.elements {
        understand_element(element);
    }
}

fn understand_element(element: &mut TemplateElement) {
    match element {
        TemplateElement::HtmlExpression(call) | TemplateElement::Expression(call) => {
            if let Some(Parameter::Subexpression(length)) = length_of(&call.name)
                && let TemplateElement::Expression(length) = *length.element
                && call.params.is_empty()
            {
                call.name = length.name;
                call.params = length.params;
            }
            understand_parameter(&mut call.name);
            call.params.iter_mut().chain(call.hash.values_mut()).for_each(understand_parameter);
        }
        TemplateElement::HelperBlock(call) => {
            sections::understand(call);
            call.params.iter_mut().chain(call.hash.values_mut()).for_each(understand_parameter);
            [&mut call.template, &mut call.inverse].into_iter().flatten().for_each(understand);
        }
        TemplateElement::DecoratorExpression(call)
        | TemplateElement::DecoratorBlock(call)
        | TemplateElement::PartialExpression(call)
        | TemplateElement::PartialBlock(call) => {
            understand_parameter(&mut call.name);
            call.params.iter_mut().chain(call.hash.values_mut()).for_each(understand_parameter);
            call.template.iter_mut().for_each(understand);
        }
        _ => {}
    }
}

fn understand_parameter(parameter: &mut Parameter) {
    if let Parameter::Path(Path::Relative((keys, raw))) = parameter
        && *raw == DOT
    {
        keys.clear();
        *raw = "this".to_owned();
    }
    if let Some(length) = length_of(parameter) {
        *parameter = length;
    }
    if let Parameter::Subexpression(inner) = parameter {
        understand_element(&mut inner.element);
    }
}

/// The call that a path which ends in `.length` means.
fn length_of(parameter: &Parameter) -> Option<Parameter> {
    let Parameter::Path(Path::Relative((keys, raw))) = parameter else { return None };
    let of = raw.strip_suffix(".length")?;
    if keys.last() != Some(&PathSeg::Named("length".to_owned())) {
        return None;
    }
    let call = Template::compile(&format!("{{{{x ({LENGTH} {of})}}}}")).ok()?;
    match call.elements.into_iter().next()? {
        TemplateElement::Expression(call) => call.params.into_iter().next(),
        _ => None,
    }
}

/// How long a list or text is; of an object what it has under that name.
struct Length;

impl HelperDef for Length {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        call: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc handlebars::Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let of = call.param(0).map(|of| of.value());
        let length = match of {
            Some(handlebars::JsonValue::Array(list)) => list.len().into(),
            Some(handlebars::JsonValue::String(text)) => text.chars().count().into(),
            Some(handlebars::JsonValue::Object(object)) => match object.get("length") {
                Some(length) => length.clone(),
                None => return Ok(ScopedJson::Missing),
            },
            _ => return Ok(ScopedJson::Missing),
        };
        Ok(ScopedJson::Derived(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_dot_that_is_a_path_has_another_name() {
        for (text, expected) in [
            ("{{.}} {{{.}}} {{~.~}} {{& . }}", "{{$}} {{{$}}} {{~$~}} {{& $ }}"),
            ("{{#each .}}{{lookup . \".\"}}{{/each}}", "{{#each $}}{{lookup $ \".\"}}{{/each}}"),
            ("{{> (lookup . 'a . b')}} {{x y=.}}", "{{> (lookup $ 'a . b')}} {{x y=$}}"),
            (". {{a.b}} {{../x}} {{./x}} {{!. }} {{!-- . }} . --}} \\{{.}}", ""),
            ("{{{{raw}}}} {{.}} {{{{/raw}}}}", ""),
        ] {
            let expected = if expected.is_empty() { text } else { expected };
            assert_eq!(without_dots(text), expected);
        }
    }
}
