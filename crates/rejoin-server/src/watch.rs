//! Notices that a file was changed, or replaced by another of its name, as many editors do.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// How long it must have been quiet after a change: editors write in several steps.
const QUIET: Duration = Duration::from_millis(50);
/// How long a file that keeps changing is waited for.
const AT_MOST: Duration = Duration::from_secs(1);

/// Watches files of one directory.
#[derive(Debug)]
pub(crate) struct Watch {
    changes: mpsc::Receiver<()>,
    /// Watches until it is dropped.
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Watches `file`, and the files of the names `beside` in its directory.
    pub(crate) fn new(file: &Path, beside: &[&str]) -> notify::Result<Self> {
        // The directory, because a watch on the file itself ends when the file is replaced.
        let directory = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut names: Vec<OsString> = beside.iter().map(OsString::from).collect();
        names.extend(file.file_name().map(OsString::from));
        // One change that waits to be seen stands for all.
        let (sender, changes) = mpsc::channel(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| concerns(&event, &names)) {
                let _ = sender.try_send(());
            }
        })?;
        watcher.watch(&directory, RecursiveMode::NonRecursive)?;
        Ok(Self { changes, _watcher: watcher })
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

/// Whether a program may have changed. Reading it must not count, or each reload would cause the next.
fn concerns(event: &Event, names: &[OsString]) -> bool {
    let writes = match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    writes
        && event
            .paths
            .iter()
            .any(|path| path.file_name().is_some_and(|name| names.iter().any(|n| n == name)))
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, ModifyKind, RenameMode};

    use super::*;

    #[test]
    fn what_counts() {
        let names = [OsString::from("app.wp")];
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
        }
        let read = EventKind::Access(AccessKind::Close(AccessMode::Read));
        assert!(!concerns(&event(read, "/x/app.wp"), &names));
    }
}
