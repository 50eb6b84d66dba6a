//! The registered functions of this program. Parent and child are the same program, so a function
//! has the same number in both.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::OnceLock;

use linkme::distributed_slice;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame::{self, Ending};
use super::function::Function;

/// Filled by the linker, from all crates of the program.
#[doc(hidden)]
#[distributed_slice]
pub static REGISTRY: [Entry];

/// A registered function.
#[doc(hidden)]
#[derive(Debug)]
pub struct Entry {
    name: &'static str,
    id: fn() -> TypeId,
    answer: fn(&[u8], usize) -> Vec<u8>,
}

impl Entry {
    #[doc(hidden)]
    pub const fn new(
        name: &'static str,
        id: fn() -> TypeId,
        answer: fn(&[u8], usize) -> Vec<u8>,
    ) -> Self {
        Entry { name, id, answer }
    }

    /// With its path.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it, and gives the frame to answer with.
    pub(super) fn answer(&self, arguments: &[u8], limit: usize) -> Vec<u8> {
        (self.answer)(arguments, limit)
    }
}

/// What a function is known by: its type, which no other function has.
#[doc(hidden)]
pub fn id_of<F: 'static>(_: &F) -> TypeId {
    TypeId::of::<F>()
}

/// What a child does when it is asked for `function`.
#[doc(hidden)]
pub fn answer<F, A, Arity>(function: F, arguments: &[u8], limit: usize) -> Vec<u8>
where
    F: Function<A, Arity>,
    A: DeserializeOwned,
    F::Output: Serialize,
{
    match frame::decode(arguments) {
        Ok(arguments) => frame::done(&function.call(arguments), limit),
        Err(problem) => frame::refused(Ending::BadArguments, &problem),
    }
}

/// The number of a function, if it is registered.
pub(super) fn number_of<F: 'static>() -> Option<(u32, &'static str)> {
    static BY_ID: OnceLock<HashMap<TypeId, u32>> = OnceLock::new();
    let by_id = BY_ID.get_or_init(|| (0..).zip(REGISTRY).map(|(n, e)| ((e.id)(), n)).collect());
    by_id.get(&TypeId::of::<F>()).map(|number| (*number, REGISTRY[*number as usize].name))
}

/// Differs between programs that have registered different functions.
pub(super) fn fingerprint() -> u64 {
    // FNV-1a. Both ends are the same code, and nobody gains by a collision.
    let bytes = REGISTRY.iter().flat_map(|entry| entry.name.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The paths of all functions that are registered with
/// [`#[function]`](macro@crate::process::function), in no particular order. A program that depends
/// on some of them can look at its start.
pub fn registered() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(Entry::name)
}
