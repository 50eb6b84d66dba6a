//! The steps that the tests of lowering and of the checker know.

use rejoin_lang::step_spec::{
    Effect, OutputClass, Param, StepCatalog, StepSpec, TextLanguage, TextProblem, TextRule,
};

/// `jq`, `lua`, `fetch`, `log`, `debug` and `sleep`, and two that stand for a database and a template engine.
pub(crate) struct Catalog;

const fn step(name: &'static str, class: OutputClass, language: TextLanguage) -> StepSpec {
    StepSpec {
        name,
        summary: "a step for tests",
        class,
        text: TextRule { language, required: false },
        params: &[],
        effect: Effect::None,
        errors: &[],
        fallible: true,
        examples: &[],
    }
}

static STEPS: &[StepSpec] = &[
    StepSpec {
        text: TextRule { language: TextLanguage::Jq, required: true },
        ..step("jq", OutputClass::Replace, TextLanguage::Jq)
    },
    StepSpec {
        text: TextRule { language: TextLanguage::Foreign, required: true },
        ..step("lua", OutputClass::Replace, TextLanguage::Foreign)
    },
    StepSpec {
        text: TextRule { language: TextLanguage::Plain, required: true },
        params: &[
            Param { name: "url", summary: "string: the URL", required: true },
            Param { name: "options", summary: "object: method, headers, body", required: false },
        ],
        effect: Effect::Write,
        errors: &["networkError", "timeoutError", "httpError"],
        ..step("fetch", OutputClass::DataMerge, TextLanguage::Plain)
    },
    StepSpec {
        text: TextRule { language: TextLanguage::Plain, required: true },
        params: &[Param { name: "values", summary: "array: $1, $2, …", required: false }],
        effect: Effect::Write,
        errors: &["sqlError"],
        ..step("rows", OutputClass::DataReplace, TextLanguage::Plain)
    },
    step("template", OutputClass::Render, TextLanguage::Foreign),
    StepSpec { fallible: false, ..step("log", OutputClass::Unchanged, TextLanguage::Foreign) },
    StepSpec { fallible: false, ..step("debug", OutputClass::Unchanged, TextLanguage::Plain) },
    StepSpec {
        text: TextRule { language: TextLanguage::Foreign, required: true },
        fallible: false,
        ..step("sleep", OutputClass::Unchanged, TextLanguage::Foreign)
    },
];

impl StepCatalog for Catalog {
    /// `sql` is what pages call the one with a database.
    fn spec(&self, name: &str) -> Option<&StepSpec> {
        let name = if name == "sql" { "rows" } else { name };
        STEPS.iter().find(|spec| spec.name == name)
    }

    fn names(&self) -> Vec<&str> {
        STEPS.iter().map(|spec| spec.name).collect()
    }

    /// In these languages the word `retrun` is wrong, and nothing else is.
    fn check_text(&self, step: &str, text: &str) -> Vec<TextProblem> {
        text.match_indices("retrun")
            .map(|(start, found)| TextProblem {
                start,
                end: start + found.len(),
                message: format!("`{step}` does not know the word `retrun`"),
                help: Some("did you mean `return`?".to_owned()),
            })
            .collect()
    }

    fn placeholders(&self, step: &str, text: &str) -> Option<usize> {
        (step == "sql").then(|| (1..=9).filter(|n| text.contains(&format!("${n}"))).count())
    }
}
