//! Other names for types: `alias name="Code" type="Int"`. Values know nothing of them, so whoever looks at values gets what is meant.

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::Block;

/// A chain of aliases is followed this far: one may lead back to itself.
const MOST: usize = 16;

/// What each alias of a file means.
#[derive(Debug, Default)]
pub(super) struct Aliases(HashMap<Arc<str>, Arc<str>>);

impl Aliases {
    pub(super) fn of<'f>(snippets: impl Iterator<Item = &'f Block>) -> Self {
        let is = |block: &Block, words: &[&str]| words.contains(&&*block.word.text);
        let sections = snippets
            .flat_map(Block::blocks)
            .filter(|section| is(section, &["types", "signature"]))
            .flat_map(Block::blocks);
        let aliases = sections.filter(|block| is(block, &["alias"]));
        let pair = |alias: &Block| Some((alias.text("name")?.into(), alias.text("type")?.into()));
        Self(aliases.filter_map(pair).collect())
    }

    /// Each alias, with what is written for it.
    pub(super) fn all(&self) -> HashMap<Arc<str>, Arc<str>> {
        self.0.clone()
    }

    /// A type as written, with what it and the members of a union are called otherwise.
    pub(super) fn meant(&self, kind: &str) -> Arc<str> {
        if self.0.is_empty() {
            return kind.into();
        }
        let members: Vec<Arc<str>> = kind.split('|').map(|member| self.member(member)).collect();
        members.join(" | ").into()
    }

    fn member(&self, kind: &str) -> Arc<str> {
        // A variant is of what its enum is called otherwise.
        if let Some((of, variant)) = kind.trim().split_once("::") {
            let meant = self.member(of);
            let is_name = !meant.contains(['|', '<', '?', '[']);
            return if is_name { format!("{meant}::{variant}").into() } else { kind.trim().into() };
        }
        let mut kind: Arc<str> = kind.trim().into();
        for _ in 0..MOST {
            let name = kind.trim_end_matches(['?', '[', ']']);
            let Some(meant) = self.0.get(name) else { break };
            let behind = &kind[name.len()..];
            kind = match behind.is_empty() || !meant.contains('|') {
                true => format!("{meant}{behind}").into(),
                false => around(meant, behind),
            };
        }
        kind
    }
}

/// What stands behind the name of a union belongs to all that it means.
fn around(union: &str, mut behind: &str) -> Arc<str> {
    let mut kind = union.to_owned();
    while let Some(next) = behind.chars().next() {
        let (word, length) = if next == '?' { ("Optional", 1) } else { ("List", 2) };
        kind = format!("{word}<{kind}>");
        behind = behind.get(length..).unwrap_or_default();
    }
    kind.into()
}

#[cfg(test)]
mod tests {
    use super::Aliases;

    #[test]
    fn names_are_followed_to_what_they_mean() {
        let pairs = [
            ("Code", "Int"),
            ("Key", "Code"),
            ("Way", "Sea | Air"),
            ("A", "B"),
            ("B", "A"),
            ("Route", "Tour"),
        ];
        let pairs = pairs.into_iter().map(|(name, kind)| (name.into(), kind.into()));
        let aliases = Aliases(pairs.collect());
        for (text, wanted) in [
            ("Key", "Int"),
            ("Key?", "Int?"),
            ("Code[]", "Int[]"),
            ("Way | Key", "Sea | Air | Int"),
            ("Way?", "Optional<Sea | Air>"),
            ("Way[]?", "Optional<List<Sea | Air>>"),
            ("List<Key>", "List<Key>"),
            ("Way::Sea", "Way::Sea"),
            ("Route::Land?", "Tour::Land?"),
        ] {
            assert_eq!(&*aliases.meant(text), wanted, "{text}");
        }
        assert!(["A", "B"].contains(&&*aliases.meant("A")));
    }
}
