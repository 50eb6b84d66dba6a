//! What the names of partials mean in each file: the library knows one name space, a program of several files has many.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use handlebars::Template;
use handlebars::template::{DecoratorTemplate, Parameter, TemplateElement};
use rejoin_lang::plan::Import;
use rejoin_lang::source::SourceId;

/// The partials of each file, and the names that files have in others.
pub(super) struct Names {
    known: HashSet<(SourceId, Arc<str>)>,
    imports: HashMap<(SourceId, Arc<str>), SourceId>,
}

/// The name under which a partial is registered. Those of the main file keep theirs, which messages show; no template
/// can write the others.
pub(super) fn registered(source: SourceId, name: &str) -> String {
    match source {
        SourceId(0) => name.to_owned(),
        SourceId(number) => format!("{name} #{number}"),
    }
}

impl Names {
    pub(super) fn new(
        known: impl Iterator<Item = (SourceId, Arc<str>)>,
        imports: &[Import],
    ) -> Self {
        let imports = imports.iter();
        let imports = imports.map(|import| ((import.from, import.alias.clone()), import.to));
        Self { known: known.collect(), imports: imports.collect() }
    }

    /// Lets the partials that a template of `source` includes be those that its file means. Partials that the template
    /// itself declares go before them; a name that means nothing stays, because a caller may declare it.
    pub(super) fn resolve(&self, template: &mut Template, source: SourceId) {
        let mut own = HashSet::new();
        declared(template, &mut own);
        self.rewrite(template, source, &own);
    }

    fn rewrite(&self, template: &mut Template, source: SourceId, own: &HashSet<String>) {
        for element in &mut template.elements {
            if let TemplateElement::PartialExpression(partial)
            | TemplateElement::PartialBlock(partial) = element
                && let Some(name) = partial.name.as_name()
                && !own.contains(name)
                && let Some(meant) = self.meant(source, name)
            {
                partial.name = Parameter::Name(meant);
            }
            each_inner(element, &mut |inner| self.rewrite(inner, source, own));
        }
    }

    fn meant(&self, source: SourceId, name: &str) -> Option<String> {
        if self.known.contains(&(source, name.into())) {
            return Some(registered(source, name));
        }
        let (alias, name) = name.split_once('/')?;
        let module = *self.imports.get(&(source, alias.into()))?;
        self.known.contains(&(module, name.into())).then(|| registered(module, name))
    }
}

/// The names that `{{#*inline "name"}}` declares.
fn declared(template: &mut Template, names: &mut HashSet<String>) {
    for element in &mut template.elements {
        if let TemplateElement::DecoratorBlock(block) = element {
            names.extend(inline_name(block));
        }
        each_inner(element, &mut |inner| declared(inner, names));
    }
}

pub(super) fn inline_name(block: &DecoratorTemplate) -> Option<String> {
    match block.params.first() {
        Some(Parameter::Literal(literal)) => literal.as_str().map(str::to_owned),
        _ => None,
    }
}

/// Shows the templates in an element.
pub(super) fn each_inner(element: &mut TemplateElement, visit: &mut dyn FnMut(&mut Template)) {
    match element {
        TemplateElement::HelperBlock(block) => {
            [&mut block.template, &mut block.inverse].into_iter().flatten().for_each(visit);
        }
        TemplateElement::DecoratorBlock(block) | TemplateElement::PartialBlock(block) => {
            block.template.iter_mut().for_each(visit);
        }
        _ => {}
    }
}
