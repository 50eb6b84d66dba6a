//! What all requests of a service share.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use crate::front::Current;
use crate::log::Log;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) current: Current,
    pub(crate) log: Log,
    pub(crate) scope: rejoin::Scope,
    pub(crate) stopping: AtomicBool,
    /// Where files are that no route answers for.
    pub(crate) files: OnceLock<PathBuf>,
}
