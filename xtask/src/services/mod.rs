//! The private servers that tests run against. One of the user's own is taken instead where its variable is set.

mod browser;
mod postgres;
mod redis;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::child;
use browser::Browser;
pub(crate) use postgres::Postgres;
use redis::Redis;

/// By these variables the tests know where the servers are.
const POSTGRES: &str = "REJOIN_TEST_POSTGRES";
const REDIS: &str = "REJOIN_TEST_REDIS";
const BROWSER: &str = "REJOIN_TEST_BROWSER";

/// Servers that this process started. Dropping it ends them.
pub(crate) struct Services {
    _postgres: Option<Postgres>,
    _redis: Option<Redis>,
    _browser: Option<Browser>,
}

/// Starts those that there are none of yet, and tells a command where all of them are.
pub(crate) fn start_for(command: &mut Command) -> Result<Services, String> {
    let is_missing = |variable: &str| std::env::var_os(variable).is_none();
    let postgres = is_missing(POSTGRES).then(Postgres::start).transpose()?;
    if let Some(postgres) = &postgres {
        command.env(POSTGRES, postgres.url());
    }
    let redis = is_missing(REDIS).then(Redis::start).transpose()?;
    if let Some(redis) = &redis {
        command.env(REDIS, redis.url());
    }
    // One test needs it, and it is large: where it cannot be had, that test says that it was skipped.
    let browser = is_missing(BROWSER).then(Browser::start).and_then(|started| match started {
        Ok(browser) => Some(browser),
        Err(problem) => {
            println!("warning: the test of the browser is SKIPPED: {problem}");
            None
        }
    });
    if is_missing(BROWSER) {
        command.env(BROWSER, browser.as_ref().map_or("none".to_owned(), Browser::address));
    }
    Ok(Services { _postgres: postgres, _redis: redis, _browser: browser })
}

/// Runs a command that knows of servers of its own. True if it succeeded.
pub(crate) fn run_with(program: &str, words: &[&str]) -> Result<bool, String> {
    let mut command = Command::new(program);
    let _services = start_for(command.args(words))?;
    child::shown(&mut command)
}

fn free_port() -> Result<u16, String> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(|e| format!("no free port: {e}"))
}

/// The first of these programs that is in `PATH`, or where Debian puts it.
fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(["/usr/bin".into()]).collect();
    let mut places = names.iter().flat_map(|name| folders.iter().map(move |at| at.join(name)));
    places.find(|program| program.is_file())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn install(name: &str, packages: &[&str]) -> Result<(), String> {
    if !is_root() {
        return Err(format!(
            "the tests need {name}: install it (Debian: `apt-get install {}`)",
            packages.join(" ")
        ));
    }
    println!("{name} is missing: installing it");
    run(Command::new("apt-get").args(["update", "-q"]))?;
    run(Command::new("apt-get")
        .args(["install", "-qy", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = child::show(command);
    let ended = child::run(command, Duration::from_secs(600))?;
    match ended.success {
        true => Ok(()),
        false => Err(format!("{shown}: failed\n{}{}", ended.stdout, ended.stderr)),
    }
}
