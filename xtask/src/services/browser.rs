//! A Chromium for tests, by way of its driver: on a port of its own, gone afterwards.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{find, free_port, install};

const DRIVER: &str = "chromedriver";

/// How long the driver may take to start.
const START: Duration = Duration::from_secs(30);

/// A driver that this process started. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Browser {
    driver: Child,
    port: u16,
}

impl Browser {
    /// Starts a driver on a free port. Where there is none and one may be installed, it is.
    pub(super) fn start() -> Result<Self, String> {
        let program = match find(&[DRIVER]) {
            Some(program) => program,
            None => {
                install("Chromium with its driver", &["chromium", "chromium-driver"])?;
                find(&[DRIVER]).ok_or("chromium-driver is installed, but not in /usr/bin")?
            }
        };
        let port = free_port()?;
        let driver = Command::new(&program)
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let browser = Self { driver, port };
        let ends = Instant::now() + START;
        while !browser.is_ready().unwrap_or(false) {
            if Instant::now() > ends {
                return Err(format!("{} did not start", program.display()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(browser)
    }

    fn is_ready(&self) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let address = self.address();
        write!(stream, "GET /status HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        // It keeps the connection open, whatever it is asked for.
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"HTTP/1.1 200")
    }

    /// Its host and port.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Both fail only if it has ended already, which is what is wanted.
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}
