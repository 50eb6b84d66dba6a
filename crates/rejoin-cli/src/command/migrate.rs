//! `rejoin migrate`: the schema of a program's database, step by step, and back.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use rejoin_engine::Program;
use rejoin_server::{read_source, utc_now};
use rejoin_steps::migrate::{Entry, Found, Migration, Migrator, Standing, Which, read};

use crate::args::{Migrate, MigrateAction, On};
use crate::command::load_or_report;
use crate::environment::Environment;
use crate::exit::{Failure, USAGE};
use crate::output;

/// Where the migrations of a program are.
pub(super) fn directory(program: &Path) -> PathBuf {
    program.parent().unwrap_or(Path::new("")).join("migrations")
}

pub(crate) async fn migrate(args: Migrate) -> Result<(), Failure> {
    let action = args.action.unwrap_or(MigrateAction::Up { number: None });
    if let MigrateAction::Create { name } = &action {
        // Beside a program that is not there nobody would look for it.
        read_source(&args.file).map_err(|error| Failure::new(error.to_string()))?;
        return create(&directory(&args.file), name);
    }
    let environment = Environment::beside(&args.file)?;
    let program = load_or_report(&args.file, &environment)?.program;
    let found = read(&directory(&args.file)).map_err(failure)?;
    for file in &found.skipped {
        output::error(&format!(
            "warning: `{}` is no migration: its name must be fourteen digits, `_`, and a name\n",
            file.display()
        ));
    }
    let which = args.on.map(|on| match on {
        On::Pg => Which::Pg,
        On::Sql => Which::Sql,
    });
    let mut migrator = open(&program, &environment, which, found).await?;
    let mut done = 0usize;
    let mut tell = |what: &str, migration: &Migration| {
        done += 1;
        output::result(&format!("{what} {}_{}\n", migration.version, migration.name));
    };
    let nothing = match action {
        MigrateAction::Up { number } => {
            let most = number.unwrap_or(usize::MAX);
            migrator.up(most, |migration| tell("applied", migration)).await.map_err(failure)?;
            "the database is up to date\n"
        }
        MigrateAction::Down { number } => {
            let told = |migration: &Migration| tell("took back", migration);
            migrator.down(number, told).await.map_err(failure)?;
            "there is nothing to take back\n"
        }
        MigrateAction::Status => return show(&migrator.status().await.map_err(failure)?),
        MigrateAction::Force { version, yes } => {
            if !yes && !confirmed(&version)? {
                return Err(Failure::new("nothing was done: that was another version"));
            }
            migrator.force(&version).await.map_err(failure)?;
            output::result(&format!("noted {version} as applied\n"));
            return Ok(());
        }
        MigrateAction::Create { .. } => unreachable!("it needs no database"),
    };
    if done == 0 {
        output::result(nothing);
    }
    Ok(())
}

/// What a server says about its database before it serves; nothing if all is well.
pub(super) async fn pending(
    file: &Path,
    program: &Program,
    environment: &Environment,
) -> Option<String> {
    let found = match read(&directory(file)) {
        Ok(found) if found.migrations.is_empty() => return None,
        Ok(found) => found,
        Err(error) => return Some(error.to_string()),
    };
    let env = |name: &str| environment.get(name);
    let opened = Migrator::open(program.settings(), &env, None, found.migrations).await;
    // Without a database that stays there is nothing to say.
    let Ok(migrator) = opened else { return None };
    let entries = match migrator.status().await {
        Ok(entries) => entries,
        Err(error) => return Some(format!("migrations: {error}")),
    };
    let count = |standing| entries.iter().filter(|entry| entry.standing == standing).count();
    let file = file.display();
    match (count(Standing::Pending), count(Standing::Changed)) {
        (0, 0) => None,
        (0, n) => Some(format!(
            "{n} of the migrations that were applied changed afterwards: see `rejoin migrate {file} status`"
        )),
        (n, _) => {
            Some(format!("{n} of the migrations are pending: run `rejoin migrate {file} up`"))
        }
    }
}

async fn open(
    program: &Program,
    environment: &Environment,
    which: Option<Which>,
    found: Found,
) -> Result<Migrator, Failure> {
    let env = |name: &str| environment.get(name);
    Migrator::open(program.settings(), &env, which, found.migrations).await.map_err(failure)
}

fn show(entries: &[Entry]) -> Result<(), Failure> {
    for entry in entries {
        let when = entry.applied_at.as_deref().map(|when| format!("  {when}")).unwrap_or_default();
        output::result(&format!(
            "{:8} {}_{}{when}\n",
            entry.standing.name(),
            entry.version,
            entry.name
        ));
    }
    let pending = entries.iter().filter(|entry| entry.standing == Standing::Pending).count();
    let migrations = if entries.len() == 1 { "migration" } else { "migrations" };
    output::result(&format!("{} {migrations}, {pending} pending\n", entries.len()));
    match entries.iter().any(|entry| entry.standing == Standing::Changed) {
        true => Err(Failure::new(
            "a migration that was applied says something else by now: restore its file",
        )),
        false => Ok(()),
    }
}

fn create(directory: &Path, name: &str) -> Result<(), Failure> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(good) {
        let mend = "use letters, digits and `_`, such as `add_users`";
        let message = match name {
            "" => format!("a migration needs a name: {mend}"),
            name => format!("`{name}` is no name for a migration: {mend}"),
        };
        return Err(Failure::new(message).code(USAGE));
    }
    let cannot = |path: &Path, error: io::Error| {
        Failure::new(format!("cannot write `{}`: {error}", path.display()))
    };
    fs::create_dir_all(directory).map_err(|error| cannot(directory, error))?;
    let version = free_version(directory).map_err(|error| cannot(directory, error))?;
    let path = directory.join(format!("{version}_{name}.sql"));
    File::create_new(&path)
        .and_then(|mut file| file.write_all(b"-- UP --\n\n-- DOWN --\n"))
        .map_err(|error| cannot(&path, error))?;
    output::result(&format!("wrote {}\n", path.display()));
    Ok(())
}

/// The time, or the first version after it that no migration has: those written within one second have an order, too.
fn free_version(directory: &Path) -> io::Result<String> {
    let mut taken = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        taken.extend(name.to_str().and_then(|name| name.split_once('_')?.0.parse::<u64>().ok()));
    }
    let digits: String = utc_now().chars().filter(char::is_ascii_digit).take(14).collect();
    let now: u64 = digits.parse().map_err(io::Error::other)?;
    let version = (now..).find(|version| !taken.contains(version)).unwrap_or(now);
    Ok(format!("{version:014}"))
}

fn confirmed(version: &str) -> Result<bool, Failure> {
    output::error(&format!(
        "{version} will count as applied, and its statements will not run. Type the version to go on: "
    ));
    let mut typed = String::new();
    let read = io::stdin().lock().read_line(&mut typed);
    read.map_err(|error| Failure::new(format!("cannot read stdin: {error}")))?;
    Ok(typed.trim() == version)
}

fn failure(error: rejoin_steps::migrate::MigrateError) -> Failure {
    Failure::new(error.to_string())
}
