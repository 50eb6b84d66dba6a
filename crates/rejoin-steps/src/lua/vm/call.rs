//! What belongs to the call that runs in a VM.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use mlua::{AppDataRef, Lua, Table};

use super::Chunk;
use super::mirror::Origin;
use crate::script::{Library, Limiter, Surroundings};

/// So many lines one call may print.
const PRINTS: u32 = 1000;

/// The call under way. It is put into the VM when a script starts and taken out when it ends.
pub(super) struct Call {
    pub(super) surroundings: Box<dyn Surroundings>,
    /// To be asked wherever Rust works for the script.
    pub(super) limiter: Rc<Limiter>,
    /// What the mirrors stand for, by number.
    pub(super) origins: RefCell<Vec<Origin>>,
    /// Opened mirrors, each with the number of its origin.
    pub(super) opened: Table,
    /// Big integers by their digits.
    pub(super) exact: Table,
    /// How many lines it may still print.
    pub(super) prints_left: Cell<u32>,
    /// The scripts that it may use.
    pub(super) library: Arc<Library<Chunk>>,
    /// What those that it has used gave back, by their names.
    pub(super) used: Table,
    /// Those that are being run.
    pub(super) using: RefCell<Vec<String>>,
}

impl Call {
    pub(super) fn new(
        lua: &Lua,
        surroundings: Box<dyn Surroundings>,
        limiter: Rc<Limiter>,
        library: Arc<Library<Chunk>>,
    ) -> mlua::Result<Self> {
        Ok(Self {
            surroundings,
            limiter,
            origins: RefCell::default(),
            opened: lua.create_table()?,
            exact: lua.create_table()?,
            prints_left: Cell::new(PRINTS),
            library,
            used: lua.create_table()?,
            using: RefCell::default(),
        })
    }

    /// Keeps an origin and gives its number.
    pub(super) fn add(&self, origin: Origin) -> usize {
        let mut origins = self.origins.borrow_mut();
        origins.push(origin);
        origins.len() - 1
    }

    /// The call that runs in that VM.
    pub(super) fn of(lua: &Lua) -> mlua::Result<AppDataRef<'_, Self>> {
        lua.app_data_ref::<Self>().ok_or_else(|| mlua::Error::runtime("no call is under way"))
    }
}
