//! Settings: known, and of the right kind.

use crate::diagnostic::{Code, Diagnostic, nearest};

use super::Checker;
use super::config_keys::BLOCKS;

pub(super) fn check(checker: &mut Checker<'_>) {
    for block in &checker.plan.config {
        let Some((_, keys)) = BLOCKS.iter().find(|(name, _)| *name == &*block.name) else {
            if !block.name.is_empty() {
                let near = nearest(&block.name, BLOCKS.iter().map(|(name, _)| *name));
                checker.report(
                    Diagnostic::new(
                        Code::UNKNOWN_SETTING,
                        block.span,
                        format!("nothing reads the settings of `{}`", block.name),
                    )
                    .label("not known")
                    .help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "remove the block".to_owned(),
                    }),
                );
            }
            continue;
        };
        for setting in &block.settings {
            let Some((_, kind)) = keys.iter().find(|(key, _)| *key == &*setting.key) else {
                let help = match nearest(&setting.key, keys.iter().map(|(key, _)| *key)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        let known: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
                        format!("remove it; `{}` has {}", block.name, known.join(", "))
                    }
                };
                checker.report(
                    Diagnostic::new(
                        Code::UNKNOWN_SETTING,
                        setting.key_span,
                        format!("`{}` has no setting `{}`", block.name, setting.key),
                    )
                    .label("not known")
                    .help(help),
                );
                continue;
            };
            if !kind.accepts(&setting.value) {
                checker.report(
                    Diagnostic::new(
                        Code::WRONG_SETTING,
                        setting.value_span,
                        format!("this is no value for `{}.{}`", block.name, setting.key),
                    )
                    .label("not accepted")
                    .also(setting.key_span, format!("needs {}", kind.describe()))
                    .help(format!("write {}", kind.describe())),
                );
            }
        }
    }
}
