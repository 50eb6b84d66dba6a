//! Resident memory of each server: fresh, with a thousand requests in flight, and after them.

use std::thread;
use std::time::Duration;

use super::load::{self, Load};
use super::process;
use super::servers::Servers;

/// How many requests are open at once.
pub(super) const IN_FLIGHT: usize = 1000;

/// The back end holds each of them for four seconds.
const ALL_OPEN: Duration = Duration::from_millis(2500);

/// Megabytes.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) name: &'static str,
    pub(super) idle: f64,
    pub(super) in_flight: f64,
    pub(super) after: f64,
}

pub(super) fn measure(servers: &mut Servers, load: &Load) -> Result<Vec<Memory>, String> {
    servers.restart()?;
    let mut all = Vec::new();
    for server in servers.all() {
        let (name, pid) = (server.name, server.pid());
        // One request, so that what is built lazily is there.
        load.body(server.address(), "/shape/1")?;
        thread::sleep(Duration::from_millis(500));
        let idle = process::resident(pid)?;
        let clients = load.open(server.address(), "/hold", IN_FLIGHT)?;
        thread::sleep(ALL_OPEN);
        let in_flight = process::resident(pid)?;
        let ended = clients.wait_with_output().map_err(|e| format!("load: {e}"))?;
        let seen = load::parse(&String::from_utf8_lossy(&ended.stdout))
            .map_err(|problem| format!("{name}, {IN_FLIGHT} requests in flight: {problem}"))?;
        if seen.requests != IN_FLIGHT as f64 {
            return Err(format!("{name}: {} of {IN_FLIGHT} requests answered", seen.requests));
        }
        thread::sleep(Duration::from_millis(500));
        let after = process::resident(pid)?;
        println!("{name:<18} idle {idle:.1} MB, in flight {in_flight:.1} MB, after {after:.1} MB");
        all.push(Memory { name, idle, in_flight, after });
    }
    Ok(all)
}
