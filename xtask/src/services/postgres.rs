//! A private PostgreSQL for tests: its own data, its own port, gone afterwards.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{free_port, install, is_root, run};

/// How long it may take to start.
const START: Duration = Duration::from_secs(20);

/// A server that this process started. Dropping it ends it and removes its data.
#[derive(Debug)]
pub(crate) struct Postgres {
    server: Option<Child>,
    folder: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts one on a free port. Where Debian's package is missing and may be installed, it is.
    pub(crate) fn start() -> Result<Self, String> {
        let programs = match programs() {
            Some(programs) => programs,
            None => {
                install("PostgreSQL", &["postgresql"])?;
                programs().ok_or("postgresql is installed, but has no `initdb`")?
            }
        };
        let port = free_port()?;
        let folder = std::env::temp_dir().join(format!("rejoin-postgres-{}", std::process::id()));
        std::fs::create_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        // From here on the folder goes with this value, whichever way this function is left.
        let mut postgres = Self { server: None, folder, port };
        let folder = &postgres.folder;
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(folder))?;
        }
        let data = folder.join("data");
        run(as_postgres(&programs.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args(["-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"])
            .current_dir(folder))?;
        let log = folder.join("log");
        let log_file =
            std::fs::File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let server = as_postgres(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-k", ""])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .args(["-c", "max_connections=300", "-c", "log_min_messages=fatal"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log_file)
            .spawn()
            .map_err(|e| format!("postgres: {e}"))?;
        postgres.server = Some(server);
        let ends = Instant::now() + START;
        while !postgres.accepts(&programs) {
            if Instant::now() > ends {
                let log = std::fs::read_to_string(log).unwrap_or_default();
                return Err(format!("postgres did not start\n{log}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(postgres)
    }

    fn accepts(&self, programs: &Path) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            && Command::new(programs.join("pg_isready"))
                .args(["-q", "-U", "postgres", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()
                .is_ok_and(|status| status.success())
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // An interrupt ends the sessions and then the server; a kill would leave its memory segments.
            let pid = server.id().to_string();
            Command::new("kill").args(["-INT", &pid]).status().ok();
            server.wait().ok();
        }
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// The server refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// The folder of the server's programs: Debian's newest, or where the search path has them.
fn programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).is_file())
    };
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|entry| entry.path().join("bin")).filter(complete).max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest.or_else(|| std::env::split_paths(&path).find(complete))
}
