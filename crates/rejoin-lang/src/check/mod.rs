//! Rules over the plan. No rule knows which syntax the program was written in.

use crate::diagnostic::Diagnostic;
use crate::jq_facts::JqFacts;
use crate::plan::Plan;
use crate::step_spec::StepCatalog;

/// Finds what is wrong with a plan, or probably wrong. The problems are in no particular order.
pub fn check(plan: &Plan, catalog: &dyn StepCatalog) -> Vec<Diagnostic> {
    check_with(plan, catalog, &mut JqFacts::default())
}

/// As [`check`], with the jq programs that lowering has analysed.
pub(crate) fn check_with(
    plan: &Plan,
    catalog: &dyn StepCatalog,
    jq: &mut JqFacts,
) -> Vec<Diagnostic> {
    let _ = (plan, catalog, jq);
    Vec::new()
}
