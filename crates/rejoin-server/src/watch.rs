//! Notices that a file was changed, or replaced by another of its name, as many editors do.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// How long it must have been quiet after a change: editors write in several steps.
const QUIET: Duration = Duration::from_millis(50);
/// How long a file that keeps changing is waited for.
const AT_MOST: Duration = Duration::from_secs(1);

/// Watches files by their names, in one directory or several.
#[derive(Debug)]
pub(crate) struct Watch {
    changes: mpsc::Receiver<()>,
    /// Watches until it is dropped.
    watcher: RecommendedWatcher,
    names: Arc<Mutex<HashSet<OsString>>>,
}

impl Watch {
    /// Watches `file`, and the files of the names `beside` in its directory.
    pub(crate) fn new(file: &Path, beside: &[&str]) -> notify::Result<Self> {
        let names: HashSet<OsString> = beside.iter().map(OsString::from).collect();
        let names = Arc::new(Mutex::new(names));
        let seen = names.clone();
        // One change that waits to be seen stands for all.
        let (sender, changes) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| concerns(&event, &lock(&seen))) {
                let _ = sender.try_send(());
            }
        })?;
        let mut watch = Self { changes, watcher, names };
        watch.also(file)?;
        Ok(watch)
    }

    /// Watches one more file, which need not be there yet.
    pub(crate) fn also(&mut self, file: &Path) -> notify::Result<()> {
        // The directory, because a watch on the file itself ends when the file is replaced.
        let mut name = file;
        let directory = loop {
            let parent = match name.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            // Of a directory that is missing as well, the first one that is there sees it come.
            if parent.is_dir() || parent == Path::new(".") {
                break parent;
            }
            name = parent;
        };
        lock(&self.names).extend(name.file_name().map(OsString::from));
        // Once more does no harm, and a directory of that name may be another one by now.
        self.watcher.watch(directory, RecursiveMode::NonRecursive)
    }

    /// Watches every script in a directory, which need not be there yet.
    pub(crate) fn scripts(&mut self, directory: &Path) -> notify::Result<()> {
        // By its name as well: it may come later, or be removed and come again.
        self.also(directory)?;
        match directory.is_dir() {
            true => self.watcher.watch(directory, RecursiveMode::NonRecursive),
            false => Ok(()),
        }
    }

    /// Waits for the next change, and until it is complete.
    ///
    /// # Cancel safety
    /// A change that was seen by a dropped call is lost.
    pub(crate) async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            // Only when the watcher itself has ended; nothing will change any more.
            std::future::pending::<()>().await;
        }
        let settle =
            async { while tokio::time::timeout(QUIET, self.changes.recv()).await.is_ok() {} };
        let _ = tokio::time::timeout(AT_MOST, settle).await;
    }
}

fn lock(names: &Mutex<HashSet<OsString>>) -> MutexGuard<'_, HashSet<OsString>> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a program may have changed. Reading it must not count, or each reload would cause the next.
fn concerns(event: &Event, names: &HashSet<OsString>) -> bool {
    let writes = match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let is_script = |path: &Path| path.extension().is_some_and(|it| it == "lua" || it == "js");
    let is_named = |path: &Path| path.file_name().is_some_and(|name| names.contains(name));
    writes && event.paths.iter().any(|path| is_script(path) || is_named(path))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use notify::event::{CreateKind, ModifyKind, RenameMode};

    use super::*;

    #[test]
    fn what_counts() {
        let names = HashSet::from([OsString::from("app.wp")]);
        let event = |kind, path: &str| Event::new(kind).add_path(PathBuf::from(path));
        let yes = [
            EventKind::Create(CreateKind::File),
            EventKind::Modify(ModifyKind::Any),
            EventKind::Modify(ModifyKind::Name(RenameMode::To)),
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
        ];
        for kind in yes {
            assert!(concerns(&event(kind, "/x/app.wp"), &names), "{kind:?}");
            assert!(!concerns(&event(kind, "/x/other.wp"), &names), "{kind:?}");
            assert!(concerns(&event(kind, "/x/scripts/any.lua"), &names), "{kind:?}");
        }
        let read = EventKind::Access(AccessKind::Close(AccessMode::Read));
        assert!(!concerns(&event(read, "/x/app.wp"), &names));
    }
}
