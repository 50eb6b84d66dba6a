//! Replaces a running program when its file changes, one at a time; a faulty file changes nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use rejoin_engine::{App, Level};

use crate::load::{LoadError, Loaded, Report};
use crate::service::Service;
use crate::watch::Watch;

/// Keeps a service in step with a file.
#[derive(Debug)]
pub struct Reloader {
    watch: Watch,
    path: PathBuf,
    service: Service,
}

impl Reloader {
    /// Begins to watch `path`, and the files of the names `beside` in its directory. Changes from now on are
    /// acted upon by [`run`](Self::run).
    ///
    /// # Errors
    /// If the directory cannot be watched.
    pub fn new(path: PathBuf, beside: &[&str], service: Service) -> std::io::Result<Self> {
        let watch = Watch::new(&path, beside).map_err(std::io::Error::other)?;
        Ok(Self { watch, path, service })
    }

    /// Watches the files and scripts that a program was made of as well. Those of later programs are watched by themselves.
    ///
    /// # Errors
    /// If the directory of one cannot be watched.
    pub fn also(&mut self, report: &Report) -> std::io::Result<()> {
        let files = report.files().try_for_each(|file| self.watch.also(file));
        let scripts = files.and_then(|()| match report.scripts() {
            Some(scripts) => self.watch.scripts(scripts),
            None => Ok(()),
        });
        scripts.map_err(std::io::Error::other)
    }

    /// Loads the file again after each change. A program without errors takes the place of the last one, whose
    /// requests end as they began; otherwise the problems are logged and the last good program stays. Runs until
    /// it is dropped.
    pub async fn run(
        mut self,
        load: impl Fn() -> Result<Loaded, LoadError> + Send + Sync + 'static,
    ) {
        let load = Arc::new(load);
        loop {
            self.watch.changed().await;
            let started = Instant::now();
            let load = load.clone();
            // Reading and compiling would hold up requests.
            let loaded = tokio::task::spawn_blocking(move || load()).await;
            match loaded {
                Ok(loaded) => self.take(loaded, started),
                Err(panic) => self.keep(&panic),
            }
        }
    }

    fn take(&mut self, loaded: Result<Loaded, LoadError>, started: Instant) {
        let Loaded { program, report, .. } = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                if let LoadError::Faulty(report) = &error {
                    self.also_or_log(report);
                    report.log_to(&self.service.shared.log);
                    return self.keep(&"it has errors");
                }
                return self.keep(&error);
            }
        };
        self.also_or_log(&report);
        report.log_to(&self.service.shared.log);
        let before = self.service.shared.current.get();
        let host = before.app.host().clone();
        if let Err(error) = self.service.replace(App::new(Arc::new(program), host)) {
            return self.keep(&error);
        }
        if !self.service.shared.current.get().config.starts_as(&before.config) {
            let text =
                "`config server`: the address and connections are as before until the next start";
            self.service.shared.log.say(Level::Warn, text);
        }
        self.service.shared.log.line(Level::Info, "reloaded", |line| {
            line.text("file", &self.path.display().to_string());
            line.millis("ms", started.elapsed());
        });
    }

    fn also_or_log(&mut self, report: &Report) {
        if let Err(error) = self.also(report) {
            self.service.shared.log.line(
                Level::Error,
                "a file of the program is not watched",
                |line| {
                    line.text("error", &error.to_string());
                },
            );
        }
    }

    fn keep(&self, why: &dyn std::fmt::Display) {
        self.service.shared.log.line(
            Level::Error,
            "not reloaded: the last good program stays",
            |line| {
                line.text("file", &self.path.display().to_string());
                line.text("error", &why.to_string());
            },
        );
    }
}
