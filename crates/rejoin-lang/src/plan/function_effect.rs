//! What a function does to the world outside, through all that it calls.

use super::{
    Action, DataStep, DataTarget, Database, FunctionCallee, FunctionStep, Functions, Request,
};
use crate::step_spec::{Effect, StepCatalog};

impl Functions {
    /// What calling a function may do outside: what the host supplies writes unless it declares no effect. Of SQL
    /// the catalog knows what it does.
    ///
    /// # Panics
    /// If there is no function of that index.
    pub fn effect(&self, index: usize, catalog: &dyn StepCatalog) -> Effect {
        let mut seen = vec![false; self.functions.len()];
        let mut open = vec![index];
        let mut effect = Effect::None;
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let function = &self.functions[index];
            match &function.body {
                Some(body) => effect = effect.max(self.of_steps(body, catalog, &mut open)),
                None if function.effects.is_empty() => {}
                None => effect = Effect::Write,
            }
        }
        effect
    }

    /// What one step on data does.
    pub fn effect_of(&self, data: &DataStep, catalog: &dyn StepCatalog) -> Effect {
        match (data.target, &data.request) {
            (DataTarget::Project, _) => Effect::None,
            (DataTarget::Database(_) | DataTarget::Documents, Request::Select(_)) => Effect::Read,
            (DataTarget::Database(at), Request::Sql(sql)) => {
                match catalog.only_reads(self.databases[at].step(), &sql.text) {
                    true => Effect::Read,
                    false => Effect::Write,
                }
            }
            (DataTarget::Database(_) | DataTarget::Documents, _) => Effect::Write,
        }
    }

    fn of_steps(
        &self,
        steps: &[FunctionStep],
        catalog: &dyn StepCatalog,
        open: &mut Vec<usize>,
    ) -> Effect {
        let mut effect = Effect::None;
        for step in steps {
            effect = effect.max(match &step.action {
                Action::Call(call) => match call.callee {
                    FunctionCallee::Function(index) => {
                        open.push(index);
                        Effect::None
                    }
                    FunctionCallee::Library(function) => match (function.effect, function.reads) {
                        (None, _) => Effect::None,
                        (Some(_), true) => Effect::Read,
                        (Some(_), false) => Effect::Write,
                    },
                    FunctionCallee::Unknown => Effect::None,
                },
                Action::Compute(..)
                | Action::Make(_)
                | Action::Return(_)
                | Action::If(..)
                | Action::Match(..)
                | Action::For(..)
                | Action::Fork(_)
                | Action::Transaction(_)
                | Action::Traverse(_) => Effect::None,
                Action::Data(data) => self.effect_of(data, catalog),
                Action::Absent(_) => Effect::Write,
            });
            step.inner(|steps| effect = effect.max(self.of_steps(steps, catalog, open)));
        }
        effect
    }
}

impl Database {
    /// The step that speaks the same SQL.
    fn step(&self) -> &'static str {
        match self.dialect.as_deref() {
            Some("postgres" | "postgresql") => "pg",
            _ => "sql",
        }
    }
}
