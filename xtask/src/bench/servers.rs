//! The servers that are compared, and the back end that all of them ask.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::child::{self, Server, cargo};
use crate::tree;

pub(super) const REJOIN: &str = "rejoin";
pub(super) const REQWEST: &str = "axum + reqwest";
pub(super) const HYPER_UTIL: &str = "axum + hyper-util";
pub(super) const NODE: &str = "fastify + undici";

/// How many peers there are when Node is installed.
pub(super) const PEERS: usize = 3;

/// What the program in benches/ says where the address of the back end belongs.
const UPSTREAM_IN_PROGRAM: &str = "127.0.0.1:7799";

/// A running server.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) name: &'static str,
    command: Vec<String>,
    server: Server,
}

impl Running {
    fn start(name: &'static str, command: Vec<String>) -> Result<Running, String> {
        let mut words = command.iter();
        let program = words.next().ok_or("no program")?;
        let server = Server::start(Command::new(program).args(words).current_dir(tree::root()))?;
        Ok(Running { name, command, server })
    }

    pub(super) fn address(&self) -> &str {
        self.server.address()
    }

    pub(super) fn pid(&self) -> u32 {
        self.server.pid()
    }
}

/// All of them; Rejoin is the first.
#[derive(Debug)]
pub(super) struct Servers {
    servers: Vec<Running>,
    load: PathBuf,
    _upstream: Server,
}

impl Servers {
    pub(super) fn build_and_start() -> Result<Servers, String> {
        let peers = tree::root().join("benches/peers");
        let built = tree::target().join("peers");
        let mut rejoin = cargo(["build", "--release", "--package", "rejoin-cli"]);
        let mut hand_written = cargo(["build", "--release"]);
        hand_written.current_dir(&peers).env("CARGO_TARGET_DIR", &built);
        for command in [&mut rejoin, &mut hand_written] {
            if !child::shown(command)? {
                return Err("does not build".to_owned());
            }
        }
        let node = install_node_modules(&peers.join("fastify-undici"))?;

        let built = built.join("release");
        let upstream = Server::start(&mut Command::new(built.join("upstream")))?;
        let url = format!("http://{}", upstream.address());
        let program = program_for(upstream.address())?;

        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let rejoin = path(tree::target().join("release/rejoin"));
        let axum = path(built.join("axum-peer"));
        let mut commands = vec![
            (REJOIN, vec![rejoin, "serve".into(), path(program), "--port".into(), "0".into()]),
            (REQWEST, vec![axum.clone(), "reqwest".into(), url.clone()]),
            (HYPER_UTIL, vec![axum, "hyper-util".into(), url.clone()]),
        ];
        if node {
            let server = path(peers.join("fastify-undici/server.js"));
            commands.push((NODE, vec!["node".into(), server, url]));
        }
        let servers: Result<Vec<Running>, String> =
            commands.into_iter().map(|(name, command)| Running::start(name, command)).collect();
        Ok(Servers { servers: servers?, load: built.join("load"), _upstream: upstream })
    }

    pub(super) fn all(&self) -> &[Running] {
        &self.servers
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.servers.iter().map(|server| server.name).collect()
    }

    pub(super) fn load_program(&self) -> PathBuf {
        self.load.clone()
    }

    /// Ends every server and starts it afresh, as for a measurement of memory.
    pub(super) fn restart(&mut self) -> Result<(), String> {
        for server in &mut self.servers {
            *server = Running::start(server.name, server.command.clone())?;
        }
        Ok(())
    }
}

/// The program in benches/ with the address of this run's back end.
fn program_for(upstream: &str) -> Result<PathBuf, String> {
    let text = tree::read(&tree::root().join("benches/rejoin.wp"))?;
    if !text.contains(UPSTREAM_IN_PROGRAM) {
        return Err(format!("benches/rejoin.wp does not ask {UPSTREAM_IN_PROGRAM}"));
    }
    let path = tree::scratch("bench")?.join("rejoin.wp");
    fs::write(&path, text.replace(UPSTREAM_IN_PROGRAM, upstream))
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

/// True if Node is there and has its packages.
pub(super) fn install_node_modules(folder: &std::path::Path) -> Result<bool, String> {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !there("node") || !there("npm") {
        println!("NOT MEASURED: fastify + undici, because node or npm is missing");
        return Ok(false);
    }
    if folder.join("node_modules").exists() {
        return Ok(true);
    }
    if child::shown(Command::new("npm").arg("ci").current_dir(folder))? {
        Ok(true)
    } else {
        Err("npm ci failed".to_owned())
    }
}
