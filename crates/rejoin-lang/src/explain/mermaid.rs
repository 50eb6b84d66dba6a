//! A flow chart: tasks leave the line where they are forked and come back where they are joined.

use std::collections::HashMap;
use std::fmt::Write;

use super::text::headline;
use super::{Body, Entry, Kind};

pub(super) fn of(bodies: &[Body]) -> String {
    let mut chart = Chart { out: "flowchart TD\n".to_owned(), nodes: 0, returned: Ends::new() };
    for (n, body) in bodies.iter().enumerate() {
        let _ = writeln!(chart.out, "  subgraph b{n} [\"{}\"]", escaped(&body.name));
        let start = chart.node("([", "start", "])");
        let mut ends = chart.block(&body.entries, vec![(start, None)], &mut HashMap::new());
        ends.append(&mut chart.returned);
        let answer = chart.node("([", "end", "])");
        chart.edges(&ends, answer);
        chart.out.push_str("  end\n");
    }
    chart.out
}

struct Chart {
    out: String,
    nodes: usize,
    /// Nodes that end the body, or the branch, that is being drawn.
    returned: Ends,
}

/// Nodes from which the next one is reached, with what the arrow says.
type Ends = Vec<(usize, Option<String>)>;

impl Chart {
    fn node(&mut self, open: &str, text: &str, close: &str) -> usize {
        self.nodes += 1;
        let _ = writeln!(self.out, "    n{}{open}\"{}\"{close}", self.nodes, escaped(text));
        self.nodes
    }

    fn edges(&mut self, from: &Ends, to: usize) {
        for (from, label) in from {
            let label = label.iter().map(|label| format!("|\"{}\"|", escaped(label)));
            let _ = writeln!(self.out, "    n{from} -->{} n{to}", label.collect::<String>());
        }
    }

    fn block(
        &mut self,
        entries: &[Entry],
        mut ends: Ends,
        tasks: &mut HashMap<String, usize>,
    ) -> Ends {
        for entry in entries {
            let text = headline(entry);
            let (open, close) = match &entry.kind {
                Kind::Call if entry.is_outside => ("[/", "/]"),
                Kind::Call | Kind::Fork(_) | Kind::Return => ("[", "]"),
                Kind::Pipeline | Kind::Function => ("[[", "]]"),
                Kind::Sequence(_) => ("[(", ")]"),
                Kind::Join(_) => ("((", "))"),
                Kind::If | Kind::Dispatch | Kind::Choice(_) | Kind::Result => ("{", "}"),
                Kind::ForEach => ("[\\", "\\]"),
                Kind::Branches(_) => ("{{", "}}"),
            };
            let node = self.node(open, &text, close);
            if let Kind::Fork(task) = &entry.kind {
                for (from, _) in &ends {
                    let _ = writeln!(self.out, "    n{from} -.-> n{node}");
                }
                tasks.insert(task.clone(), node);
                continue;
            }
            self.edges(&ends, node);
            if let Kind::Join(joined) = &entry.kind {
                for task in joined.iter().filter_map(|task| tasks.remove(task)) {
                    let _ = writeln!(self.out, "    n{task} -.-> n{node}");
                }
            }
            if entry.kind == Kind::Return {
                self.returned.push((node, None));
                ends.clear();
                continue;
            }
            ends = self.parts(entry, node, tasks);
        }
        ends
    }

    fn parts(&mut self, entry: &Entry, node: usize, tasks: &mut HashMap<String, usize>) -> Ends {
        let whole = |label: Option<&str>| vec![(node, label.map(str::to_owned))];
        let branch = |label: &str| whole(Some(label));
        let mut ends = Ends::new();
        match &entry.kind {
            Kind::If => {
                let [condition, rest @ ..] = &entry.parts[..] else { return whole(None) };
                let decided = self.block(&condition.entries, branch("condition"), tasks);
                let from = |label: &str| {
                    let from = decided.iter().map(|(node, _)| (*node, Some(label.to_owned())));
                    from.collect::<Ends>()
                };
                for part in rest {
                    ends.extend(self.block(&part.entries, from(&part.label), tasks));
                }
                if rest.len() == 1 {
                    ends.extend(from("else"));
                }
            }
            Kind::ForEach => {
                for part in &entry.parts {
                    for (last, _) in self.block(&part.entries, branch("each"), tasks) {
                        let _ = writeln!(self.out, "    n{last} -->|\"next\"| n{node}");
                    }
                }
                ends = branch("done");
            }
            Kind::Dispatch | Kind::Choice(_) | Kind::Result => {
                for part in &entry.parts {
                    ends.extend(self.block(&part.entries, branch(&part.label), tasks));
                }
                let is_rest = |label: &str| label.starts_with("default") || label == "else";
                if !entry.parts.iter().any(|part| is_rest(&part.label)) {
                    ends.extend(branch("otherwise"));
                }
            }
            Kind::Branches(_) => {
                for part in &entry.parts {
                    let outer = std::mem::take(&mut self.returned);
                    let own = &mut HashMap::new();
                    ends.extend(self.block(&part.entries, branch(&part.label), own));
                    ends.extend(std::mem::replace(&mut self.returned, outer));
                }
                let rejoined = self.node("((", "rejoin", "))");
                self.edges(&ends, rejoined);
                ends = vec![(rejoined, None)];
            }
            Kind::Sequence(_) => {
                ends = whole(None);
                for part in &entry.parts {
                    ends = self.block(&part.entries, ends, tasks);
                }
            }
            Kind::Call
            | Kind::Pipeline
            | Kind::Function
            | Kind::Fork(_)
            | Kind::Join(_)
            | Kind::Return => {
                ends = whole(None);
                for part in &entry.parts {
                    ends.extend(self.block(&part.entries, branch(&part.label), tasks));
                }
            }
        }
        ends
    }
}

/// Text between the double quotes of a label.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '`' => out.push('\''),
            c => out.push(c),
        }
    }
    out
}
