//! A private Redis or Valkey for tests: in memory, on its own port, gone afterwards.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{find, free_port, install};

/// Whichever is there.
const PROGRAMS: [&str; 2] = ["valkey-server", "redis-server"];
/// How long it may take to start.
const START: Duration = Duration::from_secs(20);

/// A server that this process started. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Redis {
    server: Child,
    port: u16,
}

impl Redis {
    /// Starts one on a free port. Where there is no program for it and one may be installed, it is.
    pub(super) fn start() -> Result<Self, String> {
        let program = match find(&PROGRAMS) {
            Some(program) => program,
            None => {
                install("Redis or Valkey", &["redis-server"])?;
                find(&PROGRAMS).ok_or("redis-server is installed, but not in /usr/bin")?
            }
        };
        let port = free_port()?;
        let server = Command::new(&program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let redis = Self { server, port };
        let ends = Instant::now() + START;
        while !redis.answers().unwrap_or(false) {
            if Instant::now() > ends {
                return Err(format!("{} did not start", program.display()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(redis)
    }

    fn answers(&self) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG")
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Both fail only if it has ended already, which is what is wanted.
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
