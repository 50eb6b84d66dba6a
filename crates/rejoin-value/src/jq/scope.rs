//! What the names of a program stand for while it is walked.

use std::rc::Rc;

use jaq_core::load::parse::Def;

use super::analyze::{Places, Tm};

/// What names stand for at one place of the program.
#[derive(Clone, Default)]
pub(super) struct Scope<'t, 's>(Option<Rc<Binding<'t, 's>>>);

pub(super) struct Binding<'t, 's> {
    name: &'s str,
    meaning: Meaning<'t, 's>,
    outer: Scope<'t, 's>,
}

pub(super) enum Meaning<'t, 's> {
    /// `$x`
    Places(Places),
    /// A filter argument: a term in the scope of the caller.
    Closure(&'t Tm<'s>, Scope<'t, 's>),
    Definition(&'t Def<&'s str>),
}

impl<'t, 's> Scope<'t, 's> {
    pub(super) fn with(&self, name: &'s str, meaning: Meaning<'t, 's>) -> Self {
        Scope(Some(Rc::new(Binding { name, meaning, outer: self.clone() })))
    }

    /// The innermost meaning of a name, and the scope from there on.
    pub(super) fn find(
        &self,
        name: &str,
        arity: usize,
    ) -> Option<(&Meaning<'t, 's>, &Scope<'t, 's>)> {
        let mut scope = self;
        while let Some(binding) = &scope.0 {
            let fits = match &binding.meaning {
                Meaning::Definition(def) => def.args.len() == arity,
                Meaning::Closure(..) => arity == 0,
                Meaning::Places(_) => true,
            };
            if binding.name == name && fits {
                return Some((&binding.meaning, scope));
            }
            scope = &binding.outer;
        }
        None
    }
}
