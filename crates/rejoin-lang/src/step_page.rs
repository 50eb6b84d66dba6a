//! The reference page of a step, written from its spec: what `rejoin explain fetch` shows, and what
//! `docs/reference/steps/` holds.

use std::fmt::Write;

use crate::step_spec::{Effect, OutputClass, Required, StepSpec, TextLanguage};

/// The page, in Markdown. `status` is that of an answer which is an unhandled error of a type.
pub fn step_page(spec: &StepSpec, status: impl Fn(&str) -> u16) -> String {
    let mut page = String::new();
    // Writing to a text cannot fail.
    let _ = write_page(&mut page, spec, status);
    page
}

fn write_page(
    page: &mut String,
    spec: &StepSpec,
    status: impl Fn(&str) -> u16,
) -> std::fmt::Result {
    let name = spec.name;
    writeln!(page, "# {name}\n")?;
    writeln!(page, "The step `{name}` {}.\n", spec.summary)?;
    writeln!(page, "```text\n{}\n```\n", call(spec))?;
    if !spec.params.is_empty() {
        writeln!(page, "| argument | what it is | needed |\n|---|---|---|")?;
        for param in spec.params {
            // Behind its colon a summary may have bars, which would end a cell.
            let summary = param.summary.replace('|', "\\|");
            let needed = match (param.required, spec.text.required) {
                (false, _) => "no",
                (true, Required::UnlessArguments) => "yes, unless the text takes its place",
                // What is called without any argument is asked for none.
                (true, _) => "no, then without the brackets",
            };
            writeln!(page, "| `{}` | {summary} | {needed} |", param.name)?;
        }
        writeln!(page, "\nEach argument is a jq program on the state.\n")?;
    }
    writeln!(page, "- **Text**: {}.", text(spec))?;
    writeln!(page, "- **Output**: {}.", output(spec.class))?;
    writeln!(page, "- **Outside**: {}.", effect(spec.effect))?;
    writeln!(page, "- **Errors**: {}.", errors(spec, status))?;
    if !spec.examples.is_empty() {
        writeln!(page, "\n## Examples")?;
    }
    for (file, content) in spec.files {
        let language = file.rsplit('.').next().unwrap_or_default();
        writeln!(page, "\nAll of them import `{file}`:\n\n```{language} {file}\n{content}```")?;
    }
    for example in spec.examples {
        let title = capitalised(example.title);
        writeln!(page, "\n### {title}\n\n```wp\n{}```", example.program)?;
    }
    // The two kinds of template share a section.
    let anchor = if name == "mustache" { "handlebars" } else { name }.to_lowercase();
    writeln!(page, "\nMore, with its settings: [`{name}` in the reference](../wp.md#{anchor}).")
}

/// How it is called, such as `|> fetch(url, options): text`.
fn call(spec: &StepSpec) -> String {
    let mut call = format!("|> {}", spec.name);
    if !spec.params.is_empty() {
        let names: Vec<&str> = spec.params.iter().map(|param| param.name).collect();
        let _ = write!(call, "({})", names.join(", "));
    }
    call.push_str(match spec.text.language {
        TextLanguage::Jq => ": `program`",
        TextLanguage::Graphql => ": `document`",
        TextLanguage::Function => ": function",
        TextLanguage::Foreign | TextLanguage::Plain => ": text",
    });
    call + " @tags"
}

fn text(spec: &StepSpec) -> String {
    let what = match spec.text.language {
        TextLanguage::Jq => "a jq program, checked when the file is loaded",
        TextLanguage::Graphql => {
            "a document of GraphQL, checked against the schema when the file is loaded"
        }
        TextLanguage::Function => "the name of a function of an imported `.cov` file",
        TextLanguage::Foreign => "checked when the file is loaded",
        TextLanguage::Plain => "any text",
    };
    let needed = match spec.text.required {
        Required::Always => "needed",
        Required::UnlessArguments => "needed, unless an argument takes its place",
        Required::Never => "may be left out",
    };
    format!("{what}; {needed}")
}

fn output(class: OutputClass) -> &'static str {
    match class {
        OutputClass::Unchanged => "none, the state stays as it is",
        OutputClass::Merge => "its keys are put over those of the state",
        OutputClass::Replace => {
            "becomes the state; the keys of the request are carried over unless no step follows"
        }
        OutputClass::Render => "becomes the state, as the text of the answer",
        OutputClass::DataMerge => {
            "goes to `.data.<name>` with `@result(name)`, else to `.data`; the rest of the state stays"
        }
        OutputClass::DataReplace => {
            "goes to `.data.<name>` with `@result(name)`; else the state becomes `{data: output}`"
        }
        OutputClass::Response => {
            "its `data` goes to `.data.<name>` with `@result(name)`; else the whole answer becomes the state"
        }
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::None => "it touches nothing outside the request",
        Effect::Read => "it reads",
        Effect::Idempotent => "it writes, and doing it twice is the same as once",
        Effect::Write => "it may write",
    }
}

fn errors(spec: &StepSpec, status: impl Fn(&str) -> u16) -> String {
    if !spec.may_fail() {
        return "none, it cannot fail".to_owned();
    }
    let own = format!("{}Error", spec.name);
    let mut kinds: Vec<&str> = spec.errors.to_vec();
    if spec.fallible && !kinds.contains(&own.as_str()) {
        kinds.push(&own);
    }
    let kinds: Vec<String> =
        kinds.iter().map(|kind| format!("`{kind}` ({})", status(kind))).collect();
    let each = if kinds.len() == 1 { "" } else { "each " };
    format!("{}, {each}with the status that it has if nothing handles it", kinds.join(", "))
}

fn capitalised(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
