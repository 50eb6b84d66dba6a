//! A call of `handlebars`: the page is made on the script pool, since its length is up to the state.

use std::sync::Arc;

use handlebars::{Context, RenderContext, RenderError, RenderErrorReason, Renderable, Template};
use rejoin_engine::{
    Called, ContentType, Input, Prepared, ScriptLimits, ScriptSettings, StepError, StepOutput,
    StopFlag,
};
use rejoin_value::Value;

use super::partials::Partials;
use super::{data, watch};

pub(super) struct PreparedHandlebars {
    pub(super) page: Arc<Page>,
    pub(super) configured: ScriptSettings,
}

/// A template with its partials.
pub(super) struct Page {
    pub(super) template: Template,
    pub(super) partials: Arc<Partials>,
    /// Whether `context` has to be built.
    pub(super) mentions_context: bool,
    /// Whether a name that an item of a section lacks is looked for around the section, as Mustache does.
    pub(super) looks_outward: bool,
}

impl Prepared for PreparedHandlebars {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let page = self.page.clone();
        let state = input.state.clone();
        let context = match page.mentions_context {
            true => input.context.snapshot(),
            false => Value::Null,
        };
        Called::pending(async move {
            let host = input.context.host();
            let limits = self.configured.limits(host.script_limits);
            let ended = input
                .context
                .run_script(move |turn| page.render(&state, context, limits, turn.stop()));
            match ended.await {
                Ok(Ok(text)) => Ok(StepOutput {
                    value: text.into(),
                    content_type: ContentType::Html,
                    bare: false,
                }),
                Ok(Err(message)) => Err(StepError::Failed(message)),
                Err(panicked) => Err(StepError::Failed(panicked.to_string())),
            }
        })
    }
}

impl Page {
    fn render(
        &self,
        state: &Value,
        context: Value,
        limits: ScriptLimits,
        stop: &StopFlag,
    ) -> Result<String, String> {
        let data = Context::from(data::of(state, context)?);
        let made = watch::within(limits, stop, |page| {
            let mut rendering = RenderContext::new(None);
            rendering.set_recursive_lookup(self.looks_outward);
            self.template.render(&self.partials.registry, &data, &mut rendering, page)
        });
        made.map_err(|error| describe(&error))
    }
}

pub(super) fn describe(error: &RenderError) -> String {
    let what = match error.reason() {
        RenderErrorReason::PartialNotFound(name) => format!("no partial is called `{name}`"),
        RenderErrorReason::HelperNotFound(name) => format!("no helper is called `{name}`"),
        RenderErrorReason::ParamNotFoundForIndex(helper, n) => {
            format!("`{helper}` lacks its argument {}", n + 1)
        }
        RenderErrorReason::InvalidJsonIndex(name) => {
            format!(
                "a list has no `{name}`: draw its items with `{{{{#each}}}}`, or name one by its place, as in `list.0`"
            )
        }
        RenderErrorReason::IOError(error) => error.to_string(),
        other => other.to_string(),
    };
    let place = error.template_name.as_deref().unwrap_or("the template");
    match (error.line_no, error.column_no) {
        (Some(line), Some(column)) => format!("{what}, in line {line}, column {column} of {place}"),
        _ => what,
    }
}
