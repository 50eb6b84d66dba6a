//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Fork freely, everything rejoins: serves, checks and runs pipeline files.
#[derive(Debug, Parser)]
#[command(name = "rejoin", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the routes of a file over HTTP
    #[command(after_help = "Example:\n  rejoin serve app.wp --port 8080 --watch")]
    Serve(Serve),
    /// Report every problem of files, without running anything
    #[command(after_help = "Example:\n  rejoin check app.wp --format json")]
    Check(Check),
    /// Run the tests of files, in virtual time
    #[command(after_help = "Example:\n  rejoin test app.wp --filter greeting")]
    Test(Test),
    /// Run one route or pipeline and print what it answers as JSON
    #[command(after_help = "Example:\n  rejoin run app.wp 'GET /dashboard/7?verbose=1'")]
    Run(Run),
    /// Give files the one layout; comments and meaning stay
    #[command(after_help = "Example:\n  rejoin fmt app.wp --check")]
    Fmt(Fmt),
    /// Show what a program does (its steps, forks, joins and critical path), how a step is used, or what a diagnostic means
    #[command(
        after_help = "Example:\n  rejoin explain app.wp 'GET /dashboard/7' --format mermaid\n  rejoin explain fetch\n  rejoin explain E0101"
    )]
    Explain(Explain),
    /// Send many HTTP requests at once, and join what comes back
    #[command(
        after_help = "Example:\n  rejoin fetch --from urls.txt --limit 50 --format jsonl\n\n\
        Exit codes:\n  0 all (race, any: the winner) good\n  1 some not good\n  2 wrong usage, nothing was sent\n  \
        4 none good\n  28 the deadline passed\n  130 interrupted (Ctrl-C)\n  \
        143 terminated (SIGTERM)"
    )]
    Fetch(crate::command::fetch::Fetch),
    /// Bring the schema of a program's database up to date, or back, with the files in `migrations` beside the program
    #[command(
        after_help = "Example:\n  rejoin migrate app.wp create users\n  rejoin migrate app.wp up\n  rejoin migrate app.wp status"
    )]
    Migrate(Migrate),
    /// Write a starter app that runs as it is
    #[command(after_help = "Example:\n  rejoin new my-app && rejoin serve my-app/app.wp")]
    New(New),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The program
    pub(crate) file: PathBuf,
    /// The address to listen on [default: `config server`, then HOST, then 127.0.0.1]
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// The port to listen on, 0 for a free one [default: `config server`, then PORT, then 7770]
    #[arg(long, value_name = "PORT", value_parser = port)]
    pub(crate) port: Option<u16>,
    /// Load the file again whenever it changes
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The programs
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// How problems are shown; as JSON, one a line
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// A database that is asked about every statement, without running any: `postgres://…` or `sqlite:FILE`
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The programs
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Run only the tests whose names, with that of their `describe`, contain this
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Runs each test in every order in which its tasks and branches can end; its answer must be the same in all
    #[arg(long)]
    pub(crate) orders: bool,
    /// Chooses the values that tests of properties make up, and the orders of tests that have too many to try them all
    #[arg(long, value_name = "N", default_value = "0", value_parser = whole::<u64>)]
    pub(crate) seed: u64,
    /// Records what golden tests of `.cov` files return, in `FILE.golden.json`, which they are held against from then on
    #[arg(long, conflicts_with = "orders")]
    pub(crate) record: bool,
    /// How results are shown; as JSON, one test a line
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TestFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum TestFormat {
    #[default]
    Text,
    Json,
    Junit,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The program
    pub(crate) file: PathBuf,
    /// A request such as "GET /path?x=1", or the name of a pipeline or of a `.cov` function
    #[arg(default_value = "main")]
    pub(crate) target: String,
    /// The state that a pipeline starts with, the body of a request, or the arguments of a function as an object; `-` reads it from stdin
    #[arg(long, value_name = "JSON|-")]
    pub(crate) input: Option<String>,
    /// A named value, seen by programs as `$context.options.NAME`; an argument of a function
    #[arg(long = "arg", value_name = "NAME=VALUE", value_parser = named_value)]
    pub(crate) args: Vec<(String, String)>,
    /// An effect that a `.cov` function may have, and no other: `--allow network --allow filesystem=/srv/inbox`; `none` for none
    #[arg(long, value_name = "EFFECT[=FOLDER]")]
    pub(crate) allow: Vec<String>,
    /// Words, seen by programs as `$context.args`; `--name=value` among them is a named value
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) words: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// The programs; each is replaced if its layout differs
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Change nothing; name the files whose layout differs, and fail if there are any
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The program, the name of a step, or the code of a diagnostic
    #[arg(value_name = "FILE|STEP|CODE")]
    pub(crate) what: PathBuf,
    /// A request such as "GET /path", or the name of a pipeline or function [default: all of them]
    pub(crate) target: Option<String>,
    /// Says which steps could run at the same time, and how to write that
    #[arg(long)]
    pub(crate) suggest: bool,
    /// How it is shown
    #[arg(long, value_enum, default_value_t, conflicts_with = "suggest")]
    pub(crate) format: ExplainFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// A tree
    #[default]
    Text,
    /// A flow chart in the language of Mermaid
    Mermaid,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// The program, whose `config sql` or `config pg` names the database
    pub(crate) file: PathBuf,
    /// What is done [default: up]
    #[command(subcommand)]
    pub(crate) action: Option<MigrateAction>,
    /// Whose database it is, if the program has two
    #[arg(long, value_enum, global = true, value_name = "STEP")]
    pub(crate) on: Option<On>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum On {
    Pg,
    Sql,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateAction {
    /// Apply what is pending
    Up {
        /// So many at most
        #[arg(short, value_name = "COUNT", value_parser = whole::<usize>)]
        number: Option<usize>,
    },
    /// Take back what was applied last
    Down {
        /// So many
        #[arg(short, value_name = "COUNT", default_value = "1", value_parser = whole::<usize>)]
        number: usize,
    },
    /// Show every migration, and whether it was applied
    Status,
    /// Write an empty migration
    Create {
        /// What it does, such as `add_users`
        name: String,
    },
    /// Note a migration as applied, without running it; asks for the version once more
    Force {
        /// Fourteen digits, which its file begins with
        version: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// Where to write it; made if it is not there
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "it must be a whole number from 0 to 65535".to_owned())
}

fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "it must be a whole number from 0 up".to_owned())
}

fn named_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be of the form NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_each_command_has_an_example() {
        let command = Arguments::command();
        command.clone().debug_assert();
        for sub in command.get_subcommands() {
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("rejoin {}", sub.get_name())), "{}", sub.get_name());
        }
    }
}
