//! Functions in child processes: a crash, a leak or a call that never ends stays there.

mod call;
mod child;
mod error;
mod frame;
mod function;
mod init;
mod once;
mod pool;
#[expect(clippy::module_inception, reason = "the transport is one process")]
mod process;
mod registry;
mod taken;

pub use rejoin_macros::function;

pub use self::error::{Part, ProcessError};
pub use self::function::{Arity, Function};
pub use self::init::init;
pub use self::once::to_process;
pub use self::pool::{ProcessPool, ProcessPoolBuilder, ProcessPoolFull};
pub use self::registry::registered;
#[doc(inline)]
pub use crate::__rejoin_process_in_tests as in_tests;

/// What the attribute and the macro expand to.
#[doc(hidden)]
pub mod for_macros {
    pub use linkme;

    pub use super::init::{TESTS, init_in_test};
    pub use super::registry::{Entry, REGISTRY, answer, id_of};
}
