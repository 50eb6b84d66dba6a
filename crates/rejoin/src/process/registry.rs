//! The registered functions of this program. Parent and child are the same program, so a function
//! has the same number in both.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::sync::OnceLock;

use linkme::distributed_slice;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ProcessError;
use super::frame::{self, Ending};
use super::function::Function;
use super::method::Method;

/// Filled by the linker, from all crates of the program.
#[doc(hidden)]
#[distributed_slice]
pub static REGISTRY: [Entry];

/// A registered function.
#[doc(hidden)]
#[derive(Debug)]
pub struct Entry {
    name: &'static str,
    kind: Kind,
    id: fn() -> TypeId,
    answer: Answer,
}

/// What a function was registered as.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It depends on its arguments alone.
    Function,
    /// It makes the state of a worker.
    State,
    /// It has the state of a worker.
    Method,
}

impl Kind {
    /// The attribute that registers such a function.
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Kind::Function => "#[rejoin::process::function]",
            Kind::State => "#[rejoin::worker::state]",
            Kind::Method => "#[rejoin::worker::method]",
        }
    }
}

/// The state that a child keeps for a worker.
pub(super) type State = Option<Box<dyn Any>>;

/// Runs a function on arguments, with a limit for its result, and gives the frame to answer with.
type Answer = fn(&mut Option<Box<dyn Any>>, &[u8], usize) -> Vec<u8>;

impl Entry {
    #[doc(hidden)]
    pub const fn new(name: &'static str, kind: Kind, id: fn() -> TypeId, answer: Answer) -> Self {
        Entry { name, kind, id, answer }
    }

    /// With its path.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it, and gives the frame to answer with.
    pub(super) fn answer(&self, state: &mut State, arguments: &[u8], limit: usize) -> Vec<u8> {
        (self.answer)(state, arguments, limit)
    }
}

/// What a function is known by: its type, which no other function has.
#[doc(hidden)]
pub fn id_of<F: 'static>(_: &F) -> TypeId {
    TypeId::of::<F>()
}

/// What a child does when it is asked for `function`.
#[doc(hidden)]
pub fn answer<F, A, Arity>(
    function: F,
    _: &mut Option<Box<dyn Any>>,
    arguments: &[u8],
    limit: usize,
) -> Vec<u8>
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

/// What a child does when it is asked to make the state of a worker.
#[doc(hidden)]
pub fn make<F, A, Arity>(
    function: F,
    state: &mut Option<Box<dyn Any>>,
    arguments: &[u8],
    limit: usize,
) -> Vec<u8>
where
    F: Function<A, Arity>,
    A: DeserializeOwned,
    F::Output: 'static,
{
    match frame::decode(arguments) {
        Ok(arguments) => {
            *state = Some(Box::new(function.call(arguments)));
            frame::done(&(), limit)
        }
        Err(problem) => frame::refused(Ending::BadArguments, &problem),
    }
}

/// What a child does when it is asked for `method` on the state of a worker.
#[doc(hidden)]
pub fn answer_with<F, S, A, Arity>(
    method: F,
    state: &mut Option<Box<dyn Any>>,
    arguments: &[u8],
    limit: usize,
) -> Vec<u8>
where
    F: Method<S, A, Arity>,
    S: 'static,
    A: DeserializeOwned,
    F::Output: Serialize,
{
    let Some(state) = state.as_mut().and_then(|state| state.downcast_mut::<S>()) else {
        return frame::refused(Ending::BadArguments, "the process has no such state");
    };
    match frame::decode(arguments) {
        Ok(arguments) => frame::done(&method.call(state, arguments), limit),
        Err(problem) => frame::refused(Ending::BadArguments, &problem),
    }
}

/// The number of a function, if it is registered as a `kind`.
pub(super) fn number_of<F: 'static>(kind: Kind) -> Result<(u32, &'static str), ProcessError> {
    static BY_ID: OnceLock<HashMap<(TypeId, Kind), u32>> = OnceLock::new();
    let by_id = BY_ID.get_or_init(|| {
        (0..).zip(REGISTRY).map(|(number, entry)| (((entry.id)(), entry.kind), number)).collect()
    });
    match by_id.get(&(TypeId::of::<F>(), kind)) {
        Some(number) => Ok((*number, REGISTRY[*number as usize].name)),
        None => Err(ProcessError::NotRegistered {
            function: type_name::<F>(),
            attribute: kind.attribute(),
        }),
    }
}

/// Differs between programs that have registered different functions.
pub(super) fn fingerprint() -> u64 {
    // FNV-1a. Both ends are the same code, and nobody gains by a collision.
    let bytes = REGISTRY.iter().flat_map(|entry| entry.name.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The paths of all functions that are registered, with
/// [`#[function]`](macro@crate::process::function) or for workers, in no particular order. A program
/// that depends on some of them can look at its start.
pub fn registered() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(Entry::name)
}
