//! Configuration blocks: of one name the last stands whole, of one key in it the last.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::modules::Module;
use crate::plan::{ConfigBlock, ConfigSetting};
use crate::wp::ast::{Config, Item};

use super::Lowering;

impl Lowering<'_> {
    pub(super) fn config_blocks(&mut self, modules: &[Module]) -> Vec<ConfigBlock> {
        let mut blocks: Vec<ConfigBlock> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        // Imported files come first: of one name, the block of the main file stands.
        let (main, imported) = modules.split_at(modules.len().min(1));
        for item in imported.iter().chain(main).flat_map(|module| &module.file.items) {
            let Item::Config(config) = item else { continue };
            let block = self.config_block(config);
            match known.get(&*config.name.text) {
                None => {
                    known.insert(&config.name.text, blocks.len());
                    blocks.push(block);
                }
                Some(&index) if block.span.source < blocks[index].span.source => {
                    blocks[index] = block;
                }
                Some(&index) => {
                    self.report(
                        Diagnostic::new(
                            Code::REPLACED_CONFIG,
                            blocks[index].span,
                            format!("nothing of this `{}` block holds", config.name.text),
                        )
                        .label("replaced as a whole")
                        .also(config.name.span, "by this later block")
                        .help("put all settings into one block"),
                    );
                    blocks[index] = block;
                }
            }
        }
        blocks
    }

    fn config_block(&mut self, config: &Config) -> ConfigBlock {
        let mut settings: Vec<ConfigSetting> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for entry in &config.entries {
            let setting = ConfigSetting {
                key: entry.key.text.clone(),
                key_span: entry.key.span,
                value: entry.value.clone(),
                value_span: entry.span,
            };
            match known.get(&*entry.key.text) {
                None => {
                    known.insert(&entry.key.text, settings.len());
                    settings.push(setting);
                }
                Some(&index) => {
                    self.report(
                        Diagnostic::new(
                            Code::REPLACED_SETTING,
                            settings[index].key_span,
                            format!("this `{}` does not hold", entry.key.text),
                        )
                        .label("set again below")
                        .also(entry.key.span, "this one holds")
                        .help("remove one of the two"),
                    );
                    settings[index] = setting;
                }
            }
        }
        ConfigBlock { name: config.name.text.clone(), span: config.name.span, settings }
    }
}
