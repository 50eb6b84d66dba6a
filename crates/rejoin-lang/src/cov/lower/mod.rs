//! Tree to functions: names of functions and arguments are resolved, what the syntax leaves open is filled in.

mod data;
mod names;
mod operand;
mod shapes;
mod step;
mod stub;
mod tests;
mod uses;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::aliases::Aliases;
use super::ast::{Block, Entry, File, ValueKind, Word};
use super::failures;
use super::library::library;
use crate::diagnostic::Diagnostic;
use crate::plan::{Database, Function, FunctionParam, Functions, Literal, Project, Widening};
use crate::source::{Source, Span};

use operand::literal;
use shapes::Shapes;

/// The functions of a file, and what is wrong with the names in it. The variants are those that cases name by their ends alone.
pub(super) fn lower(
    file: &File,
    variants: HashMap<Span, Arc<str>>,
) -> (Functions, Vec<Diagnostic>) {
    let aliases = Aliases::of(snippets(file));
    let mut functions: Vec<Function> = Vec::new();
    let mut bodies: Vec<Vec<&Block>> = Vec::new();
    for snippet in snippets(file) {
        if let Some(function) = declaration(snippet, &aliases) {
            functions.push(function);
            bodies.push(section(snippet, "body").map(steps).unwrap_or_default());
        }
    }
    let alone: Vec<&Block> = file.blocks.iter().filter(|block| is(block, "step")).collect();
    if let Some(first) = alone.first() {
        functions.push(Function {
            id: "main".into(),
            name: "main".into(),
            span: first.word.span,
            params: Vec::new(),
            effects: Vec::new(),
            folders: Arc::default(),
            infers_effects: true,
            returns: Vec::new(),
            widening: None,
            body: Some(Arc::new([])),
        });
        bodies.push(alone);
    }
    let shapes = Shapes::new(file, &aliases);
    let structs = data::database::structs(file, &aliases);
    let mut lower = Lower {
        problems: Vec::new(),
        variants,
        aliases,
        ids: HashMap::new(),
        names: HashMap::new(),
        databases: data::database::databases(file),
        structs,
        shapes,
        failures: failures::marked(snippets(file)).into_iter().map(Arc::from).collect(),
    };
    for (index, function) in functions.iter().enumerate() {
        lower.ids.entry(function.id.clone()).or_insert(index);
        lower.names.entry(function.name.clone()).or_default().push(index);
    }
    let lowered: Vec<_> = bodies.iter().map(|body| lower.steps(body, &functions)).collect();
    for (function, mut body) in functions.iter_mut().zip(lowered) {
        // Not those of tests: what a test binds is looked at when it has ended.
        uses::mark(&mut body);
        let names = names::check(function, &body);
        if function.infers_effects {
            // What steps that stand alone read and do not bind is given to them.
            let free = names.free.into_iter();
            function.params = free.map(|name| param(name, "Any".into())).collect();
        } else {
            lower.problems.extend(names.problems);
        }
        if function.body.is_some() {
            function.body = Some(body.into());
        }
    }
    let (tests, stand_ins) = (lower.tests(file, &functions), lower.stand_ins(file, &functions));
    let types = lower.shapes.definitions(&lower.failures, &lower.aliases);
    let databases = lower.databases.to_vec();
    let project = Arc::new(Project::default());
    let functions = Functions {
        functions,
        types,
        databases,
        project,
        tests,
        stand_ins,
        ..Functions::default()
    };
    (functions, lower.problems)
}

/// Adds the program itself as a graph, if a step reads `project`.
pub(super) fn add_project(
    file: &File,
    source: &Source,
    functions: &mut Functions,
    problems: &mut Vec<Diagnostic>,
) {
    let relations = data::project::relations(file, problems);
    if !data::project::is_read(functions) {
        return;
    }
    let effects = super::effects::closures_of(functions);
    let project = data::project::project(file, source, functions, &effects, relations);
    functions.project = Arc::new(project);
}

struct Lower {
    problems: Vec<Diagnostic>,
    variants: HashMap<Span, Arc<str>>,
    aliases: Aliases,
    ids: HashMap<Arc<str>, usize>,
    names: HashMap<Arc<str>, Vec<usize>>,
    databases: Arc<[Database]>,
    /// The fields that a value of each struct must have.
    structs: HashMap<Arc<str>, Vec<Arc<str>>>,
    shapes: Shapes,
    /// The types that are failures because their snippet says so.
    failures: HashSet<Arc<str>>,
}

/// What a snippet declares, if it is a function; its body comes later.
fn declaration(snippet: &Block, aliases: &Aliases) -> Option<Function> {
    let kind = snippet.text("kind")?;
    if !matches!(kind, "fn" | "extern" | "extern-abstract") {
        return None;
    }
    let id: Arc<str> = snippet.text("id")?.into();
    let signature = section(snippet, "signature")
        .and_then(|signature| signature.blocks().find(|block| is(block, "fn")));
    let last = id.rsplit('.').next().unwrap_or(&id);
    let name = signature.and_then(|signature| signature.text("name")).unwrap_or(last).into();
    let declared: Vec<(&Word, Option<Arc<str>>)> = section(snippet, "effects")
        .into_iter()
        .flat_map(Block::blocks)
        .filter_map(effect)
        .collect();
    let unlimited =
        |name: &str| declared.iter().any(|(own, path)| &*own.text == name && path.is_none());
    let folders = declared.iter().filter(|(name, _)| !unlimited(&name.text));
    let folders =
        folders.filter_map(|(name, path)| Some((name.text.clone(), path.clone()?))).collect();
    let params = signature.map(|signature| params(signature, aliases)).unwrap_or_default();
    let returns = signature.into_iter().flat_map(Block::blocks).filter(|part| is(part, "returns"));
    let returns: Vec<&Block> = returns.collect();
    let lists = returns.iter().filter_map(|returns| returns.text("of"));
    let lists: Vec<String> = lists.map(|item| format!("{}[]", aliases.meant(item))).collect();
    let types = returns.iter().flat_map(|returns| returns.attributes());
    let types = types.filter(|attribute| &*attribute.name.text == "type");
    let returns = types.filter_map(|attribute| operand::text(&attribute.value.kind));
    let returns: Vec<Arc<str>> = returns.map(|kind| aliases.meant(&kind)).collect();
    let all: Vec<&str> =
        returns.iter().map(|kind| &**kind).chain(lists.iter().map(|l| &**l)).collect();
    let widening = Widening::of(&all.join(" | "));
    let span = snippet.attribute("id")?.value.span;
    // One of the library that has no body here is a declaration of it.
    let is_stub = library(&id).is_some() && section(snippet, "body").is_none();
    let body = (kind == "fn" && !is_stub).then(|| Arc::from([]));
    let effects = declared.iter().map(|(name, _)| (name.text.clone(), name.span)).collect();
    Some(Function {
        id,
        name,
        span,
        params,
        effects,
        folders,
        infers_effects: false,
        returns,
        widening,
        body,
    })
}

/// The name of an effect, and the folder that it is limited to.
fn effect(effect: &Block) -> Option<(&Word, Option<Arc<str>>)> {
    let (mut name, mut folder) = (None, None);
    for entry in &effect.entries {
        match entry {
            Entry::Flag(word) => name = name.or(Some(word)),
            Entry::Value(value) => {
                if let ValueKind::Parameters(given) = &value.kind {
                    let path = given.iter().find(|(name, _)| &**name == "path");
                    folder = path.and_then(|(_, value)| operand::text(value));
                }
            }
            _ => {}
        }
    }
    Some((name?, folder))
}

/// The parameters of a signature.
fn params(signature: &Block, aliases: &Aliases) -> Vec<FunctionParam> {
    let parts = signature.blocks().filter(|part| is(part, "param"));
    let params = parts.map(|part| {
        let kind = aliases.meant(part.text("type").unwrap_or("Any"));
        let default = part.attribute("default").map(|default| literal(&default.value.kind));
        let mut param = param(part.text("name").unwrap_or_default().into(), kind);
        param.optional |= part.has_flag("optional") || default.is_some();
        param.default = default.unwrap_or_default();
        param
    });
    params.collect()
}

fn param(name: Arc<str>, kind: Arc<str>) -> FunctionParam {
    let optional = shapes::may_be_none(&kind);
    let widening = Widening::of(&kind);
    FunctionParam { name, kind, optional, default: Literal::None, widening }
}

fn section<'b>(snippet: &'b Block, word: &str) -> Option<&'b Block> {
    snippet.blocks().find(|block| is(block, word))
}

fn snippets(file: &File) -> impl Iterator<Item = &Block> {
    file.blocks.iter().filter(|block| is(block, "snippet"))
}

fn steps(block: &Block) -> Vec<&Block> {
    block.blocks().filter(|block| is(block, "step")).collect()
}

/// A name in a message.
fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

fn is(block: &Block, word: &str) -> bool {
    &*block.word.text == word
}
