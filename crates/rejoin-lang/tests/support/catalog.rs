//! The steps that the tests of lowering and of the checker know.

use std::ops::Range;

use rejoin_lang::step_spec::{
    Effect, GraphqlPlace, GraphqlProblem, GraphqlTexts, OutputClass, Param, Partials, Required,
    StepCatalog, StepSpec, TextLanguage, TextProblem, TextRule,
};

/// `jq`, `lua`, `fetch`, `log`, `debug`, `sleep` and `validate`, and two that stand for a database and a template engine.
pub(crate) struct Catalog;

const fn step(name: &'static str, class: OutputClass, language: TextLanguage) -> StepSpec {
    StepSpec {
        name,
        summary: "a step for tests",
        class,
        text: TextRule { language, required: Required::Never },
        params: &[],
        effect: Effect::None,
        errors: &[],
        fallible: true,
        files: &[],
        examples: &[],
    }
}

static STEPS: &[StepSpec] = &[
    StepSpec {
        text: TextRule { language: TextLanguage::Jq, required: Required::Always },
        ..step("jq", OutputClass::Replace, TextLanguage::Jq)
    },
    StepSpec {
        text: TextRule { language: TextLanguage::Foreign, required: Required::Always },
        ..step("lua", OutputClass::Replace, TextLanguage::Foreign)
    },
    StepSpec {
        text: TextRule { language: TextLanguage::Plain, required: Required::UnlessArguments },
        params: &[
            Param { name: "url", summary: "string: the URL", required: true, keys: &[] },
            Param {
                name: "options",
                summary: "object: method, headers, body",
                required: false,
                keys: &["method", "headers", "body", "timeout"],
            },
        ],
        effect: Effect::Write,
        errors: &["networkError", "timeoutError", "httpError"],
        ..step("fetch", OutputClass::DataMerge, TextLanguage::Plain)
    },
    StepSpec {
        text: TextRule { language: TextLanguage::Plain, required: Required::Always },
        params: &[Param {
            name: "values",
            summary: "array: $1, $2, …",
            required: false,
            keys: &[],
        }],
        effect: Effect::Write,
        errors: &["sqlError"],
        ..step("rows", OutputClass::DataReplace, TextLanguage::Plain)
    },
    StepSpec {
        params: &[
            Param {
                name: "variables",
                summary: "object: the variables",
                required: false,
                keys: &[],
            },
            Param { name: "service", summary: "object: where it is", required: false, keys: &[] },
        ],
        ..step("graphql", OutputClass::Response, TextLanguage::Graphql)
    },
    step("template", OutputClass::Render, TextLanguage::Foreign),
    StepSpec { fallible: false, ..step("log", OutputClass::Unchanged, TextLanguage::Foreign) },
    StepSpec { fallible: false, ..step("debug", OutputClass::Unchanged, TextLanguage::Plain) },
    StepSpec {
        text: TextRule { language: TextLanguage::Foreign, required: Required::Always },
        fallible: false,
        ..step("sleep", OutputClass::Unchanged, TextLanguage::Foreign)
    },
    StepSpec {
        fallible: false,
        errors: &["validationError"],
        ..step("validate", OutputClass::Unchanged, TextLanguage::Foreign)
    },
];

impl StepCatalog for Catalog {
    /// `sql` is what pages call the one with a database, `handlebars` the template engine.
    fn spec(&self, name: &str) -> Option<&StepSpec> {
        let name = match name {
            "sql" => "rows",
            "handlebars" => "template",
            name => name,
        };
        STEPS.iter().find(|spec| spec.name == name)
    }

    fn names(&self) -> Vec<&str> {
        STEPS.iter().map(|spec| spec.name).collect()
    }

    /// In these languages the word `nmber` is nothing.
    fn warn_text(&self, step: &str, text: &str) -> Vec<TextProblem> {
        text.match_indices("nmber")
            .map(|(start, found)| TextProblem {
                start,
                end: start + found.len(),
                message: format!("`{step}` does not know the word `nmber`"),
                help: Some("did you mean `number`?".to_owned()),
            })
            .collect()
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

    fn only_reads(&self, _: &str, text: &str) -> bool {
        text.starts_with("select ")
    }

    /// Templates include with `{{> name}}` and declare with `{{#*inline "name"}}`.
    fn partials(&self, step: &str, text: &str) -> Option<Partials> {
        let names = |open: &str, close: &str| -> Vec<(Range<usize>, String)> {
            let starts = text.match_indices(open).map(|(at, _)| at + open.len());
            let name = |start: usize| text[start..].split(close).next().unwrap_or_default();
            starts.map(|at| (at..at + name(at).len(), name(at).to_owned())).collect()
        };
        let declared = names("{{#*inline \"", "\"").into_iter().map(|(_, name)| name);
        matches!(step, "template" | "handlebars").then(|| Partials {
            needs: names("{{> ", "}}"),
            declares: (!text.contains("{{#*inline (")).then(|| declared.collect()),
        })
    }

    /// A schema has the fields that a colon follows in it; `Query` is all of it. In documents only the words of the schema
    /// are known.
    fn check_graphql(&self, graphql: &GraphqlTexts<'_>) -> Vec<GraphqlProblem> {
        let mut problems = Vec::new();
        let mut found = |place, (start, word): (usize, &str), what: &str| {
            let problem = TextProblem {
                start,
                end: start + word.len(),
                message: format!("{what} `{word}`"),
                help: None,
            };
            problems.push(GraphqlProblem { place, problem });
        };
        let fields: Vec<(usize, usize, &str)> = graphql
            .schema
            .iter()
            .enumerate()
            .flat_map(|(n, text)| fields(text).into_iter().map(move |(at, name)| (n, at, name)))
            .collect();
        let has = |name: &str| fields.iter().any(|(_, _, field)| *field == name);
        for (n, (_, field)) in graphql.resolvers.iter().enumerate() {
            if !has(field) {
                found(GraphqlPlace::Resolver(n), (0, field), "the schema has no field");
            }
        }
        for (n, at, name) in &fields {
            if !graphql.resolvers.iter().any(|(_, field)| field == name) {
                found(GraphqlPlace::Unresolved(*n), (*at, name), "nothing resolves the query");
            }
        }
        for (n, text) in graphql.documents.iter().enumerate() {
            for (at, word) in words(text).into_iter().filter(|(_, word)| !has(word)) {
                found(GraphqlPlace::Document(n), (at, word), "the schema has no field");
            }
        }
        problems
    }
}

fn words(text: &str) -> Vec<(usize, &str)> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    parts.map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word)).collect()
}

fn fields(text: &str) -> Vec<(usize, &str)> {
    let is_field = |(at, word): &(usize, &str)| text[at + word.len()..].starts_with(':');
    words(text).into_iter().filter(is_field).collect()
}
