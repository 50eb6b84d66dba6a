//! Which partials a template includes, as far as that shows before it runs.

use handlebars::Template;
use handlebars::template::{TemplateElement, TemplateMapping};
use rejoin_lang::step_spec::Partials;

use super::dedent::Dedented;
use super::{names, template};

/// What a text includes and declares. Of a text that is no template nothing is known.
pub(super) fn of(text: &str) -> Partials {
    let Ok(mut template) = template::compile(text) else { return Partials::default() };
    let mut found = Found { text, dedented: Dedented::new(text), partials: Partials::default() };
    found.partials.declares = Some(Vec::new());
    found.look(&mut template);
    found.partials
}

struct Found<'a> {
    text: &'a str,
    dedented: Dedented<'a>,
    partials: Partials,
}

impl Found<'_> {
    fn look(&mut self, template: &mut Template) {
        for (element, place) in template.elements.iter_mut().zip(&template.mapping) {
            match element {
                // A block stands in for a partial that does not exist, and a name that is made when it runs may be any.
                TemplateElement::PartialExpression(partial) => {
                    if let Some(name) = partial.name.as_name() {
                        self.needs(name, place);
                    }
                }
                TemplateElement::DecoratorBlock(block) => match names::inline_name(block) {
                    Some(name) => {
                        self.partials.declares.iter_mut().for_each(|all| all.push(name.clone()))
                    }
                    None => self.partials.declares = None,
                },
                _ => {}
            }
            names::each_inner(element, &mut |inner| self.look(inner));
        }
    }

    fn needs(&mut self, name: &str, place: &TemplateMapping) {
        // The block that whoever includes this template has put around.
        if name.starts_with('@') {
            return;
        }
        let tag = self.dedented.offset(place.0, place.1);
        if let Some(at) = self.text[tag..].find(name) {
            let start = tag + at;
            self.partials.needs.push((start..start + name.len(), name.to_owned()));
        }
    }
}
