//! Names of the language that this version does not have yet, so that a message can say so.

/// Steps.
const STEPS: &[&str] = &["ag", "algraf", "gg"];

/// Whether the language has a step of that name, though this version may not.
pub(super) fn is_step(name: &str) -> bool {
    STEPS.contains(&name)
}
