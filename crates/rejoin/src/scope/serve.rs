//! What a worker needs of its scope: a child that only serves the others.

use std::future::Future;
use std::sync::Arc;

use super::child::{Child, Deliver};
use super::core::{Member, Place};
use super::error::Refusal;
use super::{Scope, as_value};
use crate::name::Name;
use crate::outcome::Outcome;
use crate::seam;

/// Nobody asks a server for an outcome.
struct Nowhere;

impl<T, E> Deliver<T, E> for Nowhere {
    type Receipt = ();

    fn deliver(&mut self, _: Outcome<T, E>, _: bool) {}
}

impl<E: Send + Sync + 'static> Scope<E> {
    /// A seat for a child that serves the others; [`serve`](Self::serve) starts it there.
    pub(crate) fn seat_server(&self, name: &Name) -> Result<Place, Refusal> {
        let (member, _) = self.admit(Some(name))?;
        Ok(Place { core: Arc::clone(&self.core), member })
    }

    /// Starts a child at the seat that it has taken. It has no handle.
    #[track_caller]
    pub(crate) fn serve<F>(&self, member: Member, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let core = Arc::clone(&self.core);
        drop(seam::spawn(Child::<_, _, Nowhere>::new(
            future,
            as_value::<(), E>,
            core,
            member,
            Nowhere,
        )));
    }
}
