//! What has been done to a database, beside what the files say.

use super::error::MigrateError;
use super::file::Migration;

/// A row of the table `_wp_migrations`.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub(super) version: String,
    pub(super) name: String,
    pub(super) applied_at: String,
    /// Tables that other programs have made know none.
    pub(super) checksum: Option<String>,
}

/// A migration, and how it stands with the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// Whether it was applied.
    pub standing: Standing,
    /// When it was applied, as the database says.
    pub applied_at: Option<String>,
}

/// How a migration stands with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was applied.
    Applied,
    /// It was not.
    Pending,
    /// It was applied, and its file says something else by now.
    Changed,
    /// It was applied, and there is no file.
    Missing,
}

impl Standing {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Changed => "changed",
            Self::Missing => "missing",
        }
    }
}

/// All of both, in the order of their versions.
pub(super) fn compare(migrations: &[Migration], applied: &[Applied]) -> Vec<Entry> {
    let row_of = |version: &str| applied.iter().find(|row| row.version == version);
    let mut entries: Vec<Entry> = migrations
        .iter()
        .map(|migration| {
            let row = row_of(&migration.version);
            Entry {
                version: migration.version.clone(),
                name: migration.name.clone(),
                standing: match row.map(|row| &row.checksum) {
                    None => Standing::Pending,
                    Some(Some(checksum)) if *checksum != migration.checksum => Standing::Changed,
                    Some(_) => Standing::Applied,
                },
                applied_at: row.map(|row| row.applied_at.clone()),
            }
        })
        .collect();
    let has_file = |row: &&Applied| migrations.iter().any(|one| one.version == row.version);
    entries.extend(applied.iter().filter(|row| !has_file(row)).map(|row| Entry {
        version: row.version.clone(),
        name: row.name.clone(),
        standing: Standing::Missing,
        applied_at: Some(row.applied_at.clone()),
    }));
    entries.sort_by(|a, b| a.version.cmp(&b.version));
    entries
}

/// What is to be applied, in order.
pub(super) fn pending<'a>(
    migrations: &'a [Migration],
    applied: &[Applied],
) -> Result<Vec<&'a Migration>, MigrateError> {
    let entries = compare(migrations, applied);
    if let Some(changed) = entries.iter().find(|entry| entry.standing == Standing::Changed) {
        let file = migrations.iter().find(|one| one.version == changed.version);
        return Err(MigrateError::new(format!(
            "{}: it was applied, and its `-- UP --` was changed afterwards; restore it, and write what is new into another migration",
            file.map_or_else(|| changed.version.clone(), |file| file.file.display().to_string()),
        )));
    }
    let is_pending = |version: &str| !applied.iter().any(|row| row.version == version);
    Ok(migrations.iter().filter(|one| is_pending(&one.version)).collect())
}

/// What is to be taken back, the latest first.
pub(super) fn latest<'a>(
    migrations: &'a [Migration],
    applied: &[Applied],
    count: usize,
) -> Result<Vec<&'a Migration>, MigrateError> {
    let mut versions: Vec<&Applied> = applied.iter().collect();
    versions.sort_by(|a, b| b.version.cmp(&a.version));
    versions
        .into_iter()
        .take(count)
        .map(|row| {
            migrations.iter().find(|one| one.version == row.version).ok_or_else(|| {
                MigrateError::new(format!(
                    "`{}_{}.sql` was applied, and there is no such file: without it there is no way back",
                    row.version, row.name
                ))
            })
        })
        .collect()
}
