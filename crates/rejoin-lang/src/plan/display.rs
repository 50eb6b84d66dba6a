//! A plan as text: one line a node, everything implicit written out.
//!
//! ```text
//! GET /users/:id
//!   spawn users = fetch: `https://users.example` -> data | merge
//!   join users
//!   jq: `.async.users.data` -> replace, last, looks at users
//! ```

use std::fmt::{self, Display, Formatter};

use super::{
    Block, Call, Callee, Cond, ForkBlock, ForkKind, ForkOnError, ForkPolicy, Last, NodeKind,
    Output, Plan, Policy, ResultBlock, Spawn, TaskReads, Unnamed,
};

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for block in &self.config {
            writeln!(f, "config {}", block.name)?;
            for setting in &block.settings {
                writeln!(f, "  {} = {:?}", setting.key, setting.value)?;
            }
        }
        if let Some(block) = &self.feature_flags {
            writeln!(f, "feature flags")?;
            self.block(f, block, 1)?;
        }
        for pipeline in &self.pipelines {
            writeln!(f, "pipeline {}", pipeline.name)?;
            self.block(f, &pipeline.block, 1)?;
        }
        for route in &self.routes {
            let flags = if route.observes_flags { ", after the feature flags" } else { "" };
            writeln!(f, "{} {}{flags}", route.method, route.path.text)?;
            self.block(f, &route.block, 1)?;
        }
        Ok(())
    }
}

impl Plan {
    fn block(&self, f: &mut Formatter<'_>, block: &Block, depth: usize) -> fmt::Result {
        let pad = Indent(depth);
        for node in &block.nodes {
            write!(f, "{pad}")?;
            if let Some(policy) = &node.policy {
                write!(f, "<{}> ", policy.to_string().trim_start_matches(", "))?;
            }
            if let Some(guard) = &node.guard {
                write!(f, "[{guard}] ")?;
            }
            match &node.kind {
                NodeKind::Call(call) => {
                    self.call(f, call)?;
                    match &call.last {
                        Last::No => {}
                        Last::Yes => f.write_str(", last")?,
                        Last::UnlessAny(guards) => {
                            f.write_str(", last unless ")?;
                            separated(f, guards, " or ")?;
                        }
                    }
                    match &call.reads_tasks {
                        TaskReads::None => {}
                        TaskReads::All(_) => f.write_str(", looks at all tasks")?,
                        TaskReads::Named(reads) => {
                            f.write_str(", looks at ")?;
                            separated(f, reads.iter().map(|(task, _)| task), " and ")?;
                        }
                    }
                    writeln!(f)?;
                }
                NodeKind::Spawn(spawn) => self.spawn(f, spawn)?,
                NodeKind::Join(join) => {
                    f.write_str("join ")?;
                    separated(f, join.tasks.iter().map(|target| &target.task), ", ")?;
                    if let Some(policy) = &join.policy {
                        write!(f, " ({policy})")?;
                    }
                    writeln!(f)?;
                }
                NodeKind::Fork(fork) => self.fork(f, fork, depth)?,
                NodeKind::If(node) => {
                    writeln!(f, "if")?;
                    self.block(f, &node.condition, depth + 2)?;
                    writeln!(f, "{pad}then")?;
                    self.block(f, &node.then, depth + 2)?;
                    if let Some(otherwise) = &node.otherwise {
                        writeln!(f, "{pad}else")?;
                        self.block(f, otherwise, depth + 2)?;
                    }
                }
                NodeKind::Dispatch(dispatch) => {
                    writeln!(f, "dispatch")?;
                    for case in &dispatch.cases {
                        writeln!(f, "{pad}case {}", case.condition)?;
                        self.block(f, &case.block, depth + 2)?;
                    }
                    if let Some(default) = &dispatch.default {
                        writeln!(f, "{pad}default")?;
                        self.block(f, default, depth + 2)?;
                    }
                }
                NodeKind::ForEach(each) => {
                    let limit = each.limit.map(|n| format!(", {n} at once")).unwrap_or_default();
                    writeln!(f, "foreach .{}{limit}", each.path.join("."))?;
                    self.block(f, &each.body, depth + 1)?;
                }
                NodeKind::Result(result) => self.result(f, result, depth)?,
            }
        }
        Ok(())
    }

    fn result(&self, f: &mut Formatter<'_>, result: &ResultBlock, depth: usize) -> fmt::Result {
        writeln!(f, "result")?;
        for branch in &result.branches {
            writeln!(f, "{}on {} with {}", Indent(depth), branch.name, branch.status)?;
            self.block(f, &branch.block, depth + 2)?;
        }
        Ok(())
    }

    fn spawn(&self, f: &mut Formatter<'_>, spawn: &Spawn) -> fmt::Result {
        write!(f, "spawn {} = ", spawn.task)?;
        self.call(f, &spawn.call)?;
        if spawn.optional {
            f.write_str(", optional")?;
        }
        if spawn.detach {
            f.write_str(", detached")?;
        }
        writeln!(f)
    }

    fn call(&self, f: &mut Formatter<'_>, call: &Call) -> fmt::Result {
        match &call.callee {
            Callee::Step(name) => f.write_str(name)?,
            Callee::Pipeline(id) => write!(f, "pipeline {}", self.pipeline(*id).name)?,
            Callee::Loader(id) => write!(f, "load from {}", self.pipeline(*id).name)?,
            Callee::Unknown => write!(f, "unknown {}", call.name)?,
        }
        if call.has_args {
            f.write_str("(")?;
            separated(f, call.args.iter().map(|arg| OneLine(&arg.text)), ", ")?;
            f.write_str(")")?;
        }
        if let Some(text) = &call.text {
            write!(f, ": `{}`", OneLine(&text.value))?;
        }
        match &call.output {
            Output::Unchanged => f.write_str(" -> nothing")?,
            Output::Merge => f.write_str(" -> merge")?,
            Output::Replace => f.write_str(" -> replace")?,
            Output::Render => f.write_str(" -> render")?,
            Output::Data { name: Some(name), .. } => write!(f, " -> data.{name}")?,
            Output::Data { name: None, unnamed } => {
                let name = call.auto_name.as_deref().map(|name| format!(".{name}"));
                let how = match unnamed {
                    Unnamed::Merge => "merge",
                    Unnamed::Replace => "replace",
                    Unnamed::Response => "replace by the answer",
                };
                match name {
                    Some(name) => write!(f, " -> data{name}")?,
                    None => write!(f, " -> data | {how}")?,
                }
            }
        }
        if let Some(name) = &call.rename_error {
            write!(f, ", errors are {name}")?;
        }
        call.policy.fmt(f)
    }

    fn fork(&self, f: &mut Formatter<'_>, fork: &ForkBlock, depth: usize) -> fmt::Result {
        let policy = fork.policy.to_string();
        let policy = if policy.is_empty() { policy } else { format!(" ({policy})") };
        match &fork.result {
            Some(name) => writeln!(f, "{}{policy} -> data.{name}", fork.policy.kind.word())?,
            None => writeln!(f, "{}{policy} -> async", fork.policy.kind.word())?,
        }
        for branch in &fork.branches {
            writeln!(f, "{}branch {}", Indent(depth), branch.name)?;
            self.block(f, &branch.block, depth + 2)?;
        }
        Ok(())
    }
}

impl Display for Policy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(limit) = self.timeout {
            write!(f, ", at most {limit:?}")?;
        }
        if let Some(retry) = &self.retry {
            write!(f, ", up to {} times after {:?}", retry.attempts, retry.backoff)?;
        }
        if let Some(after) = self.hedge {
            write!(f, ", again after {after:?}")?;
        }
        if let Some(script) = &self.fallback {
            write!(f, ", else `{}`", OneLine(&script.text))?;
        }
        if self.optional {
            f.write_str(", failures do not matter")?;
        }
        Ok(())
    }
}

/// What differs from the usual, as programs write it.
impl Display for ForkPolicy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let ForkKind::Quorum(wanted) = self.kind {
            parts.push(wanted.to_string());
        }
        if let Some(time) = self.timeout {
            parts.push(format!("timeout: {time:?}"));
        }
        if self.partial {
            parts.push("on_timeout: return_partial".to_owned());
        }
        if self.on_error != ForkOnError::FailFast {
            parts.push(format!("on_error: {}", self.on_error.word()));
        }
        if let Some(limit) = self.limit {
            parts.push(format!("limit: {limit}"));
        }
        f.write_str(&parts.join(", "))
    }
}

impl Display for Cond {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "not " } else { "" };
        match self {
            Cond::Const(value) => write!(f, "{value}"),
            Cond::All(parts) => {
                f.write_str("(")?;
                separated(f, parts, " and ")?;
                f.write_str(")")
            }
            Cond::Any(parts) => {
                f.write_str("(")?;
                separated(f, parts, " or ")?;
                f.write_str(")")
            }
            Cond::Env { name, negated } => write!(f, "{}env {name}", not(negated)),
            Cond::Flags { names, negated } => {
                write!(f, "{}flag ", not(negated))?;
                separated(f, names, ", ")
            }
            Cond::When { names, negated } => {
                write!(f, "{}when ", not(negated))?;
                separated(f, names, ", ")
            }
            Cond::Guard { script, negated } => {
                write!(f, "{}`{}`", not(negated), OneLine(&script.text))
            }
        }
    }
}

fn separated<T: Display>(
    f: &mut Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    separator: &str,
) -> fmt::Result {
    for (n, item) in items.into_iter().enumerate() {
        if n > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

struct Indent(usize);

impl Display for Indent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (0..self.0).try_for_each(|_| f.write_str("  "))
    }
}

/// A program's text with every run of white space as one space.
struct OneLine<'a>(&'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        separated(f, self.0.split_whitespace(), " ")
    }
}
