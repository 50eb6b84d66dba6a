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
        let mut aliases = Self(aliases.filter_map(pair).collect());
        let qualified = |(name, kind): (&Arc<str>, &Arc<str>)| {
            let meant = aliases.qualified(kind);
            (name.clone(), meant.map_or_else(|| kind.clone(), Arc::from))
        };
        aliases.0 = aliases.0.iter().map(qualified).collect();
        aliases
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
        let qualified = self.qualified(kind);
        let kind = qualified.as_deref().unwrap_or(kind);
        let members: Vec<Arc<str>> = kind.split('|').map(|member| self.member(member)).collect();
        members.join(" | ").into()
    }

    /// A type in which a variant, however deep, is not of what its enum is called otherwise, but of that.
    fn qualified(&self, kind: &str) -> Option<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let (mut all, mut rest) = (String::new(), kind);
        while let Some(at) = rest.find("::") {
            let (before, behind) = rest.split_at(at);
            let begins = before.rfind(|c| !is_part(c)).map_or(0, |end| end + 1);
            let meant = self.member(&before[begins..]);
            let is_name = meant.chars().all(is_part);
            all += &before[..begins];
            all += if is_name { &meant } else { &before[begins..] };
            // The variant goes with it.
            let length = behind[2..].find(|c| !is_part(c)).unwrap_or(behind.len() - 2) + 2;
            all += &behind[..length];
            rest = &behind[length..];
        }
        (!all.is_empty()).then(|| all + rest)
    }

    fn member(&self, kind: &str) -> Arc<str> {
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
            ("List<Route::Land>", "List<Tour::Land>"),
            ("Map<String, Route::Land | Way::Sea>?", "Map<String, Tour::Land | Way::Sea>?"),
            ("::Route::::Land::", "::Route::::Land::"),
        ] {
            assert_eq!(&*aliases.meant(text), wanted, "{text}");
        }
        assert!(["A", "B"].contains(&&*aliases.meant("A")));
    }
}
