//! Types that stand for something that went wrong though their names do not say so: `error=true` in the metadata of their snippet.

use std::collections::HashSet;

use super::ast::{Block, ValueKind};

/// The names of the structs and enums that these snippets mark.
pub(super) fn marked<'f>(snippets: impl IntoIterator<Item = &'f Block>) -> HashSet<&'f str> {
    let mut names = HashSet::new();
    for snippet in snippets {
        let is_type = matches!(snippet.text("kind"), Some("struct" | "enum"));
        let parts =
            |word: &'static str| snippet.blocks().filter(move |block| *block.word.text == *word);
        let is_marked = parts("metadata")
            .filter_map(|metadata| metadata.attribute("error"))
            .any(|error| error.value.kind == ValueKind::Bool(true));
        if is_type && is_marked {
            let definitions = parts("types").chain(parts("signature")).flat_map(Block::blocks);
            let types = definitions.filter(|block| matches!(&*block.word.text, "struct" | "enum"));
            names.extend(types.filter_map(|definition| definition.text("name")));
        }
    }
    names
}
