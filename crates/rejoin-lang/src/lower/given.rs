//! A step's text: as it is written, or that of a variable by its name, in this file or another.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::CallText;
use crate::source::Span;
use crate::step_spec::TextLanguage;
use crate::wp::ast::{Name, StepConfig};

use super::Lowering;

/// A step's text with what is known of its origin.
pub(super) struct GivenText {
    pub(super) text: CallText,
    /// The variable that it comes from.
    pub(super) variable: Option<Arc<str>>,
    /// A name without quotes that is no variable's.
    pub(super) bare: bool,
    /// Whether it was reported and stands for nothing.
    pub(super) is_refused: bool,
    /// The file in which its name is looked up.
    pub(super) module: usize,
}

impl Lowering<'_> {
    pub(super) fn given_text(&mut self, step: &str, config: &StepConfig) -> GivenText {
        let (value, span, bare) = match config {
            StepConfig::Backtick(text) | StepConfig::Quoted(text) => {
                (text.value.clone(), text.span, false)
            }
            StepConfig::Bare { module: None, name } => (name.text.clone(), name.span, true),
            StepConfig::Bare { module: Some(module), name } => {
                return self.scoped_text(step, module, name);
            }
        };
        let module = self.current;
        match self.scopes[module].variables.resolve(step, &value) {
            Some((name, text)) => {
                GivenText { text, variable: Some(name), bare: false, is_refused: false, module }
            }
            None => {
                if let Some((alias, name)) = self.opt_scoped_name(step, &value, span) {
                    return self.scoped_text(step, &alias, &name);
                }
                let text = CallText { value, span };
                GivenText { text, variable: None, bare, is_refused: false, module }
            }
        }
    }

    /// The parts of `module::name` between quotes, if it means what it does without them: a pipeline, or a variable that is there.
    fn opt_scoped_name(&self, step: &str, text: &str, span: Span) -> Option<(Name, Name)> {
        let start = text.len() - text.trim_start().len();
        let (alias, name) = text.trim().split_once("::")?;
        let is_name =
            |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        if alias.is_empty() || name.is_empty() || !is_name(alias) || !is_name(name) {
            return None;
        }
        let is_meant = match self.scope().aliases.get(alias) {
            _ if matches!(step, "pipeline" | "loader") => true,
            Some(Some(module)) => self.scopes[*module].variables.has(step, name),
            _ => false,
        };
        let part = |from: usize, word: &str| Name {
            text: word.into(),
            span: span.slice(from, from + word.len()),
        };
        is_meant.then(|| (part(start, alias), part(start + alias.len() + 2, name)))
    }

    /// The module that this file calls so, unless it could not be read; reports a name that is none. `span` is where it is used.
    pub(super) fn module_called(&mut self, alias: &Name, span: Span) -> Option<usize> {
        if let Some(&module) = self.scope().aliases.get(&alias.text) {
            return module;
        }
        let near = nearest(&alias.text, self.scope().aliases.keys().map(|key| &**key));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("import it: `import \"{0}.wp\" as {0}`", alias.text),
        };
        self.report(
            Diagnostic::new(
                Code::MODULE_NAME,
                span,
                format!("no module is called `{}`", alias.text),
            )
            .label("not imported in this file")
            .help(help),
        );
        None
    }

    /// `module::name`: a variable of the step, or a pipeline, in another file.
    fn scoped_text(&mut self, step: &str, alias: &Name, name: &Name) -> GivenText {
        let text = CallText { value: name.text.clone(), span: alias.span.to(name.span) };
        let mut given =
            GivenText { text, variable: None, bare: false, is_refused: true, module: self.current };
        let Some(module) = self.module_called(alias, given.text.span) else { return given };
        given.module = module;
        let spec = self.catalog.spec(step);
        if spec.is_some_and(|spec| spec.text.language == TextLanguage::Function) {
            // Functions are found when the plan is checked.
            given.text.value = format!("{}::{}", alias.text, name.text).into();
            given.is_refused = false;
        } else if matches!(step, "pipeline" | "loader") {
            given.is_refused = false;
        } else if let Some((variable, text)) =
            self.scopes[module].variables.resolve(step, &name.text)
        {
            given = GivenText { text, variable: Some(variable), is_refused: false, ..given };
        } else {
            self.report_missing_variable(step, &given);
        }
        given
    }

    /// Whether a name without quotes was meant as a variable that does not exist: it is no program of its own.
    pub(super) fn is_missing_variable(
        &mut self,
        step: &str,
        language: TextLanguage,
        given: &GivenText,
    ) -> bool {
        let text = &given.text;
        let is_program = match language {
            TextLanguage::Jq => self.jq.of_step(&text.value).problems().next().is_none(),
            TextLanguage::Foreign => self.catalog.check_text(step, &text.value).is_empty(),
            TextLanguage::Graphql => text.value.trim_start().starts_with('{'),
            TextLanguage::Function | TextLanguage::Plain => true,
        };
        if is_program {
            return false;
        }
        self.report_missing_variable(step, given);
        true
    }

    fn report_missing_variable(&mut self, step: &str, given: &GivenText) {
        let name = &given.text.value;
        let near = self.scopes[given.module].variables.nearest(step, name).map(str::to_owned);
        let help = match self.variable_elsewhere(step, name).or(near) {
            Some(near) => format!("did you mean `{near}`?"),
            None if given.module != self.current => {
                format!("declare it in that module: ``{step} {name} = `…` ``")
            }
            None => format!("declare it: ``{step} {name} = `…` ``"),
        };
        self.report(
            Diagnostic::new(
                Code::UNKNOWN_VARIABLE,
                given.text.span,
                format!("`{step}` has no variable `{name}`"),
            )
            .label("not known")
            .help(help),
        );
    }
}
