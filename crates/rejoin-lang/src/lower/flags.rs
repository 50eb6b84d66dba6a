//! Which routes can observe feature flags, so that the flags are set before they run.

use crate::plan::PipelineId;

/// What lowering notes about a route's or pipeline's body.
#[derive(Clone, Debug, Default)]
pub(super) struct BodyFacts {
    /// Whether something in the body itself looks at flags.
    pub(super) looks_at_flags: bool,
    /// The pipelines that it calls.
    pub(super) calls: Vec<PipelineId>,
    /// Whether it is that of a resolver.
    pub(super) is_resolver: bool,
    /// The pipelines that it loads from, each once.
    pub(super) loads: Vec<PipelineId>,
}

impl BodyFacts {
    /// Whether the body, or a pipeline that it reaches, looks at flags.
    pub(super) fn observes(&self, observers: &[bool]) -> bool {
        self.looks_at_flags || self.calls.iter().any(|id| observers[id.0 as usize])
    }
}

/// For each pipeline, whether it or one that it reaches looks at flags.
pub(super) fn observers(pipelines: &[BodyFacts]) -> Vec<bool> {
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); pipelines.len()];
    for (caller, facts) in pipelines.iter().enumerate() {
        for callee in &facts.calls {
            callers[callee.0 as usize].push(caller);
        }
    }
    let mut observers: Vec<bool> = pipelines.iter().map(|facts| facts.looks_at_flags).collect();
    let mut open: Vec<usize> = (0..pipelines.len()).filter(|n| observers[*n]).collect();
    while let Some(found) = open.pop() {
        for &caller in &callers[found] {
            if !observers[caller] {
                observers[caller] = true;
                open.push(caller);
            }
        }
    }
    observers
}

/// Whether a jq program can see the flags in `$context`.
pub(super) fn jq_looks(text: &str) -> bool {
    text.match_indices("$context").any(|(at, found)| {
        let rest = &text[at + found.len()..];
        let Some(field) = rest.strip_prefix('.') else { return true };
        let name = field
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .map_or(field, |end| &field[..end]);
        name.is_empty() || name == "flags"
    })
}

/// Whether a script may look at the flags.
pub(super) fn script_looks(text: &str) -> bool {
    text.contains("getFlag") || (text.contains("context") && text.contains("flags"))
}
