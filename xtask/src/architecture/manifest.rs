//! The few facts that the rules need of a `Cargo.toml`.

/// A manifest's tables of dependencies and its other lines.
#[derive(Debug)]
pub(super) struct Manifest {
    /// From the root of the repository.
    pub(super) path: String,
    /// `package.name`; empty for the workspace.
    pub(super) name: String,
    entries: Vec<Entry>,
}

/// One line `key = value` in a table.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) table: String,
    /// `tokio` of `tokio.workspace = true`.
    pub(super) key: String,
    /// All of the line.
    pub(super) line: String,
}

impl Manifest {
    pub(super) fn parse(path: &str, text: &str) -> Manifest {
        let mut table = String::new();
        let mut entries = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(header) = line.strip_prefix('[') {
                table = header.trim_matches(['[', ']']).to_owned();
            } else if let Some((key, _)) = line.split_once('=')
                && !line.starts_with('#')
            {
                let key = key.trim().split('.').next().unwrap_or_default().trim_matches('"');
                entries.push(Entry {
                    table: table.clone(),
                    key: key.to_owned(),
                    line: line.to_owned(),
                });
            }
        }
        let name = entries.iter().find(|entry| entry.table == "package" && entry.key == "name");
        let name =
            name.and_then(|entry| entry.line.split('"').nth(1)).unwrap_or_default().to_owned();
        Manifest { path: path.to_owned(), name, entries }
    }

    /// The entries of a table, in order.
    pub(super) fn table<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.table == table)
    }

    /// What the shipped code links.
    pub(super) fn dependencies(&self) -> impl Iterator<Item = &Entry> {
        self.table("dependencies")
    }
}
