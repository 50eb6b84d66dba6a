//! The program as a graph: what queries of `project` read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::super::super::ast::{Block, Entry, File, ValueKind};
use super::super::operand::literal;
use super::super::{is, section, shown};
use super::COLLECTIONS;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Action, DataTarget, FunctionCallee, FunctionStep, Functions, Literal, Project};
use crate::source::Source;

/// Types of relations, each with the one that leads back. The others lead back by the same name.
const INVERSE: &[(&str, &str)] = &[
    ("contains", "contained_by"),
    ("next", "previous"),
    ("describes", "described_by"),
    ("supersedes", "precedes"),
    ("causes", "caused_by"),
    ("motivates", "enables"),
    ("implements", "implemented_by"),
];

fn inverse(kind: &str) -> &str {
    INVERSE
        .iter()
        .find_map(|(there, back)| match kind {
            _ if kind == *there => Some(*back),
            _ if kind == *back => Some(*there),
            _ => None,
        })
        .unwrap_or(kind)
}

/// The relations of a file, in both directions; targets that are no snippet are reported.
pub(in super::super) fn relations(
    file: &File,
    problems: &mut Vec<Diagnostic>,
) -> Vec<(Arc<str>, Arc<str>, Arc<str>)> {
    let snippets = || file.blocks.iter().filter(|block| is(block, "snippet"));
    let ids: HashSet<&str> = snippets().filter_map(|snippet| snippet.text("id")).collect();
    let mut relations = BTreeSet::new();
    for snippet in snippets() {
        let Some(own) = snippet.text("id") else { continue };
        let lines = section(snippet, "relations").into_iter().flat_map(Block::blocks);
        for line in lines {
            let kind = line.text("type").unwrap_or("related_to");
            let (attribute, outgoing) = match (line.attribute("to"), line.attribute("from")) {
                (Some(to), _) => (to, true),
                (None, Some(from)) => (from, false),
                (None, None) => continue,
            };
            let Some(other) = line.text(&attribute.name.text) else { continue };
            if !ids.contains(other) {
                let message = format!("there is no snippet `{}`", shown(other));
                let help = match nearest(other, ids.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "add the snippet, or remove the relation".to_owned(),
                };
                let span = attribute.value.span;
                let problem = Diagnostic::new(Code::COV_RELATION_TARGET, span, message);
                problems.push(problem.label("leads nowhere").help(help));
                continue;
            }
            let (from, to) = if outgoing { (own, other) } else { (other, own) };
            relations.insert((from, kind, to));
            relations.insert((to, inverse(kind), from));
        }
    }
    relations.into_iter().map(|(from, kind, to)| (from.into(), kind.into(), to.into())).collect()
}

/// Whether a step reads the program itself.
pub(in super::super) fn is_read(program: &Functions) -> bool {
    let mut lists: Vec<&[FunctionStep]> =
        program.functions.iter().filter_map(|function| function.body.as_deref()).collect();
    while let Some(steps) = lists.pop() {
        for step in steps {
            match &step.action {
                Action::Traverse(_) => return true,
                Action::Data(data) if data.target == DataTarget::Project => return true,
                _ => step.inner(|steps| lists.push(steps)),
            }
        }
    }
    false
}

/// The nodes of a program, each collection in the order of the ids.
pub(in super::super) fn project(
    file: &File,
    source: &Source,
    functions: &Functions,
    effects: &[BTreeSet<&str>],
    relations: Vec<(Arc<str>, Arc<str>, Arc<str>)>,
) -> Project {
    let mut graph = Graph { functions, source, covers: covers(file), nodes: BTreeMap::new() };
    graph.functions(file, effects);
    for snippet in file.blocks.iter().filter(|block| is(block, "snippet")) {
        graph.snippet(snippet);
    }
    let mut nodes = graph.nodes;
    let collections = COLLECTIONS.iter().map(|name| {
        let mut nodes = nodes.remove(name).unwrap_or_default();
        nodes.sort_by(|(a, _), (b, _)| a.cmp(b));
        ((*name).into(), nodes.into_iter().map(|(_, node)| node).collect())
    });
    Project { collections: collections.collect(), relations }
}

struct Graph<'p> {
    functions: &'p Functions,
    source: &'p Source,
    /// The ids of the tests that cover something, by its id.
    covers: HashMap<&'p str, Vec<&'p str>>,
    nodes: BTreeMap<&'static str, Vec<(String, Literal)>>,
}

impl Graph<'_> {
    fn add(&mut self, collection: &'static str, id: &str, fields: Vec<(&str, Literal)>) {
        let id_field = ("id".into(), Literal::Text(id.into()));
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value));
        let node = Literal::Map([id_field].into_iter().chain(fields).collect());
        self.nodes.entry(collection).or_default().push((id.to_owned(), node));
    }

    fn location(&self, block: &Block) -> Literal {
        text(&self.source.location(block.word.span.start))
    }

    /// Calls, effects and coverage of every function.
    fn functions(&mut self, file: &File, effects: &[BTreeSet<&str>]) {
        let program = self.functions;
        let calls: Vec<BTreeSet<&str>> =
            program.functions.iter().map(|f| calls(program, f.body.as_deref())).collect();
        let mut callers: HashMap<&str, Vec<&str>> = HashMap::new();
        for (caller, calls) in program.functions.iter().zip(&calls) {
            calls.iter().for_each(|callee| callers.entry(callee).or_default().push(&caller.id));
        }
        let blocks = file.blocks.iter().filter_map(|block| Some((block.text("id")?, block)));
        let blocks: HashMap<&str, &Block> = blocks.collect();
        for (index, function) in program.functions.iter().enumerate() {
            let id = &*function.id;
            let called_by = callers.get(id).cloned().unwrap_or_default();
            let own = blocks.get(id).copied();
            let inner = |name, word| {
                let blocks =
                    own.and_then(|own| section(own, name)).into_iter().flat_map(Block::blocks);
                blocks.filter(move |block| is(block, word)).filter_map(|block| block.text("id"))
            };
            let requirements: Vec<&str> = inner("requires", "req").collect();
            let tests: Vec<&str> = inner("tests", "test").collect();
            let covered_by = self.covering(requirements.iter().copied().chain([id]));
            let span = self.source.location(function.span.start);
            let kind = own.and_then(|own| own.text("kind")).unwrap_or("fn");
            let declared = function.effects.iter().map(|(name, _)| &**name);
            let calls = list(calls[index].iter().copied());
            let called_by = list(called_by);
            let fields = vec![
                ("name", text(&function.name)),
                ("kind", text(kind)),
                ("effects", list(declared)),
                ("effect_closure", list(effects.get(index).into_iter().flatten().copied())),
                ("calls", calls.clone()),
                ("called_by", called_by.clone()),
                ("references", calls),
                ("referenced_by", called_by),
                ("requirements", list(requirements)),
                ("tests", list(tests)),
                ("covered_by", covered_by),
                ("is_exported", Literal::Bool(function.body.is_some())),
                ("is_entry_point", Literal::Bool(&*function.name == "main")),
                ("location", text(&span)),
            ];
            self.add("functions", id, fields);
        }
    }

    /// The ids of the tests that cover one of these.
    fn covering<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> Literal {
        let tests = ids.into_iter().filter_map(|id| self.covers.get(id));
        let tests: BTreeSet<&str> = tests.flatten().copied().collect();
        list(tests)
    }

    fn snippet(&mut self, snippet: &Block) {
        let (Some(id), Some(kind)) = (snippet.text("id"), snippet.text("kind")) else { return };
        let location = self.location(snippet);
        let notes = snippet.blocks().filter(|block| is(block, "note")).filter_map(content);
        let metadata = section(snippet, "metadata").into_iter().flat_map(Block::attributes);
        let metadata = metadata.map(|entry| (entry.name.text.clone(), literal(&entry.value.kind)));
        let fields = vec![
            ("kind", text(kind)),
            ("name", text(id.rsplit('.').next().unwrap_or(id))),
            ("notes", Literal::List(notes.collect())),
            ("metadata", Literal::Map(metadata.collect())),
            ("content", section(snippet, "content").and_then(content).unwrap_or_default()),
            ("location", location.clone()),
        ];
        self.add("snippets", id, fields);
        for word in ["signature", "types"] {
            for block in section(snippet, word).into_iter().flat_map(Block::blocks) {
                self.a_type(id, word, block);
            }
        }
        for req in section(snippet, "requires").into_iter().flat_map(Block::blocks) {
            let Some(req_id) = req.text("id") else { continue };
            let part = |word: &'static str| req.blocks().find(move |block| is(block, word));
            let covered_by = self.covering([req_id]);
            let fields = vec![
                ("text", part("text").and_then(content).unwrap_or_default()),
                ("priority", part("priority").and_then(flag).unwrap_or_default()),
                ("status", part("status").and_then(flag).unwrap_or_default()),
                ("snippet", text(id)),
                ("covered_by", covered_by),
            ];
            self.add("requirements", req_id, fields);
        }
        for test in section(snippet, "tests").into_iter().flat_map(Block::blocks) {
            let Some(test_id) = test.text("id") else { continue };
            let said = |name: &str| test.text(name).map_or(Literal::None, text);
            let fields =
                vec![("kind", said("kind")), ("covers", said("covers")), ("snippet", text(id))];
            self.add("tests", test_id, fields);
        }
        if let Some(body) = section(snippet, "body") {
            self.steps(id, body);
        }
    }

    fn a_type(&mut self, snippet: &str, word: &str, block: &Block) {
        let Some(name) = block.text("name") else { return };
        let id = if word == "types" { format!("{snippet}.{name}") } else { snippet.to_owned() };
        let inner: Vec<&str> = block.blocks().filter_map(|block| block.text("name")).collect();
        let (collection, part) = match &*block.word.text {
            "struct" => (Some("structs"), "fields"),
            "enum" => (Some("enums"), "variants"),
            "alias" => (None, "fields"),
            _ => return,
        };
        let fields = || {
            vec![
                ("name", text(name)),
                ("kind", text(&block.word.text)),
                (part, list(inner.iter().copied())),
                ("location", self.location(block)),
            ]
        };
        let (all, own) = (fields(), fields());
        self.add("types", &id, all);
        if let Some(collection) = collection {
            self.add(collection, &id, own);
        }
    }

    /// Steps and the literals in them. Nesting is bounded by the parser.
    fn steps(&mut self, snippet: &str, around: &Block) {
        for block in around.blocks() {
            if let (true, Some(id)) = (is(block, "step"), block.text("id")) {
                let kind = block.text("kind").map_or(Literal::None, text);
                let place = self.location(block);
                let fields = vec![("kind", kind), ("snippet", text(snippet)), ("location", place)];
                self.add("steps", id, fields);
            }
            if let Some(lit) = block.attribute("lit") {
                let id = self.source.location(lit.value.span.start);
                let value = literal(&lit.value.kind);
                self.add("literals", &id, vec![("value", value), ("snippet", text(snippet))]);
            }
            self.steps(snippet, block);
        }
    }
}

/// The tests of a file by what they cover.
fn covers(file: &File) -> HashMap<&str, Vec<&str>> {
    let mut covers: HashMap<&str, Vec<&str>> = HashMap::new();
    let sections = file.blocks.iter().filter_map(|snippet| section(snippet, "tests"));
    for test in sections.flat_map(Block::blocks) {
        if let (Some(covered), Some(id)) = (test.text("covers"), test.text("id")) {
            covers.entry(covered).or_default().push(id);
        }
    }
    covers
}

fn text(text: &str) -> Literal {
    Literal::Text(text.into())
}

fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> Literal {
    Literal::List(texts.into_iter().map(text).collect())
}

/// The text of a note or a content; contents with names are a map.
fn content(block: &Block) -> Option<Literal> {
    let mut members = Vec::new();
    let mut name: Option<Arc<str>> = None;
    for entry in &block.entries {
        match entry {
            Entry::Flag(word) => name = Some(word.text.clone()),
            Entry::Value(value) => match name.take() {
                Some(name) => members.push((name, literal(&value.kind))),
                None if members.is_empty() => return Some(literal(&value.kind)),
                None => {}
            },
            Entry::Attribute(attribute) if !matches!(attribute.value.kind, ValueKind::Faulty) => {
                members.push((attribute.name.text.clone(), literal(&attribute.value.kind)));
            }
            _ => {}
        }
    }
    (!members.is_empty()).then_some(Literal::Map(members))
}

fn flag(block: &Block) -> Option<Literal> {
    block.entries.iter().find_map(|entry| match entry {
        Entry::Flag(word) => Some(text(&word.text)),
        _ => None,
    })
}

/// The ids of what steps call.
fn calls<'p>(program: &'p Functions, steps: Option<&'p [FunctionStep]>) -> BTreeSet<&'p str> {
    let mut found = BTreeSet::new();
    let mut lists: Vec<&[FunctionStep]> = steps.into_iter().collect();
    while let Some(steps) = lists.pop() {
        for step in steps {
            if let Action::Call(call) = &step.action {
                match call.callee {
                    FunctionCallee::Function(callee) => {
                        found.insert(&*program.functions[callee].id)
                    }
                    FunctionCallee::Library(function) => found.insert(function.id),
                    FunctionCallee::Unknown => false,
                };
            }
            step.inner(|steps| lists.push(steps));
        }
    }
    found
}
