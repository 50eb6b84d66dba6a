//! Blocks of a plan as entries: what each does, reads and writes.

use rejoin_value::jq::PathKey;

use super::{Entry, Kind, Part};
use crate::jq_facts::{Facts, JqFacts};
use crate::plan::{Block, Call, Callee, Cond, Node, NodeKind, Output, Plan, Unnamed};
use crate::step_spec::{Effect, StepCatalog, TextLanguage};

/// So many characters of a program or text are shown.
const SHOWN: usize = 72;

pub(super) struct Outliner<'p> {
    plan: &'p Plan,
    catalog: &'p dyn StepCatalog,
    jq: JqFacts,
}

impl<'p> Outliner<'p> {
    pub(super) fn new(plan: &'p Plan, catalog: &'p dyn StepCatalog) -> Self {
        Self { plan, catalog, jq: JqFacts::default() }
    }

    pub(super) fn block(&mut self, block: &Block) -> Vec<Entry> {
        block.nodes.iter().map(|node| self.node(node)).collect()
    }

    fn node(&mut self, node: &Node) -> Entry {
        let entry = match &node.kind {
            NodeKind::Call(call) => self.call(call),
            NodeKind::Spawn(spawn) => {
                let place = format!(".async.{}", spawn.task);
                let kind = Kind::Fork(spawn.task.to_string());
                Entry { kind, writes: vec![place], ..self.call(&spawn.call) }
            }
            NodeKind::Join(join) => {
                let tasks: Vec<String> = join.tasks.iter().map(|t| t.task.to_string()).collect();
                let writes = tasks.iter().map(|task| format!(".async.{task}")).collect();
                Entry { writes, ..empty(Kind::Join(tasks.clone()), tasks.join(", ")) }
            }
            NodeKind::If(_) => Entry { writes: all(), ..empty(Kind::If, String::new()) },
            NodeKind::Dispatch(_) => {
                Entry { writes: all(), ..empty(Kind::Dispatch, String::new()) }
            }
            NodeKind::ForEach(each) => {
                let path = format!(".{}", each.path.join("."));
                let (reads, writes) = (vec![path.clone()], vec![path.clone()]);
                Entry { reads, writes, ..empty(Kind::ForEach, path) }
            }
            NodeKind::Result(_) => empty(Kind::Result, String::new()),
            NodeKind::Fork(fork) => {
                let writes = match &fork.result {
                    Some(name) => vec![format!(".data.{name}")],
                    None => fork.branches.iter().map(|b| format!(".async.{}", b.name)).collect(),
                };
                let kind = Kind::Branches(fork.policy.kind.word());
                Entry { writes, ..empty(kind, fork.policy.to_string()) }
            }
        };
        let mut entry = Entry { location: self.plan.sources.location(node.span), ..entry };
        if let Some(guard) = &node.guard {
            entry.guard = Some(short(&guard.to_string()));
            self.read_by(guard, &mut entry.reads);
        }
        if let NodeKind::Dispatch(dispatch) = &node.kind {
            for case in &dispatch.cases {
                self.read_by(&case.condition, &mut entry.reads);
            }
        }
        let parts = parts(&node.kind).into_iter();
        entry.parts =
            parts.map(|(label, block)| Part { label, entries: self.block(block) }).collect();
        entry
    }

    fn call(&mut self, call: &Call) -> Entry {
        let mut reads = Vec::new();
        for arg in &call.args {
            of_program(&self.jq.inline(&arg.text), &mut reads);
        }
        let (kind, mut what) = match &call.callee {
            Callee::Pipeline(id) => (Kind::Pipeline, self.plan.pipeline(*id).name.to_string()),
            Callee::Loader(id) => {
                (Kind::Pipeline, format!("loader {}", self.plan.pipeline(*id).name))
            }
            Callee::Step(_) | Callee::Unknown => (Kind::Call, call.name.to_string()),
        };
        if call.has_args {
            let args: Vec<&str> = call.args.iter().map(|arg| &*arg.text).collect();
            what += &format!("({})", short(&args.join(", ")));
        }
        if let Some(text) = &call.text {
            what += &format!(": {}", short(&text.value));
        }
        let spec = self.catalog.spec(match &call.callee {
            Callee::Step(name) => name,
            Callee::Pipeline(_) | Callee::Loader(_) | Callee::Unknown => "",
        });
        match (spec.map(|spec| spec.text.language), &call.text) {
            (Some(TextLanguage::Jq), Some(text)) => {
                of_program(&self.jq.of_step(&text.value), &mut reads);
            }
            // What a template or script looks at is its own affair.
            (Some(TextLanguage::Foreign), Some(_))
                if matches!(call.output, Output::Replace | Output::Render) =>
            {
                add(&mut reads, ".");
            }
            _ => {}
        }
        let name = |name: &Option<_>| name.as_ref().or(call.auto_name.as_ref()).cloned();
        let writes = match &call.output {
            Output::Unchanged => Vec::new(),
            Output::Merge => vec![".*".to_owned()],
            Output::Replace | Output::Render => all(),
            Output::Data { name: given, unnamed } => match (name(given), unnamed) {
                (Some(name), _) => vec![format!(".data.{name}")],
                (None, Unnamed::Merge) => vec![".data".to_owned()],
                (None, Unnamed::Replace | Unnamed::Response) => all(),
            },
        };
        let is_outside = spec.is_some_and(|spec| spec.effect != Effect::None);
        Entry { is_outside, reads, writes, ..empty(kind, what) }
    }

    fn read_by(&mut self, cond: &Cond, reads: &mut Vec<String>) {
        match cond {
            Cond::All(parts) | Cond::Any(parts) => {
                parts.iter().for_each(|part| self.read_by(part, reads));
            }
            Cond::Guard { script, .. } => of_program(&self.jq.inline(&script.text), reads),
            Cond::Const(_) | Cond::Env { .. } | Cond::Flags { .. } | Cond::When { .. } => {}
        }
    }
}

/// The blocks in a node, each with what leads to it.
pub(super) fn parts(kind: &NodeKind) -> Vec<(String, &Block)> {
    let mut parts: Vec<(String, &Block)> = Vec::new();
    match kind {
        NodeKind::Call(_) | NodeKind::Spawn(_) | NodeKind::Join(_) => {}
        NodeKind::If(node) => {
            parts.push(("condition".to_owned(), &node.condition));
            parts.push(("then".to_owned(), &node.then));
            parts.extend(node.otherwise.iter().map(|block| ("else".to_owned(), block)));
        }
        NodeKind::Dispatch(dispatch) => {
            let cases = dispatch.cases.iter();
            parts.extend(
                cases.map(|case| {
                    (format!("case {}", short(&case.condition.to_string())), &case.block)
                }),
            );
            parts.extend(dispatch.default.iter().map(|block| ("default".to_owned(), block)));
        }
        NodeKind::ForEach(each) => parts.push(("each".to_owned(), &each.body)),
        NodeKind::Fork(fork) => parts
            .extend(fork.branches.iter().map(|branch| (branch.name.to_string(), &branch.block))),
        NodeKind::Result(result) => parts.extend(
            result
                .branches
                .iter()
                .map(|branch| (format!("{} ({})", branch.name, branch.status), &branch.block)),
        ),
    }
    parts
}

fn empty(kind: Kind, what: String) -> Entry {
    Entry {
        kind,
        what,
        location: String::new(),
        guard: None,
        is_outside: false,
        reads: Vec::new(),
        writes: Vec::new(),
        parts: Vec::new(),
    }
}

fn all() -> Vec<String> {
    vec![".".to_owned()]
}

fn of_program(facts: &Facts, reads: &mut Vec<String>) {
    for read in facts.reads() {
        let mut path = String::new();
        for key in &read.keys {
            match key {
                PathKey::Key(key) => path += &format!(".{}", &**key),
                PathKey::Index(index) => path += &format!("[{index}]"),
                PathKey::Any => path += "[]",
            }
        }
        add(reads, if path.is_empty() { "." } else { &path });
    }
}

fn add(reads: &mut Vec<String>, path: &str) {
    if !reads.iter().any(|known| known == path) {
        reads.push(path.to_owned());
    }
}

/// A text in one line, cut where it gets long.
pub(super) fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
