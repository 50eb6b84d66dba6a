//! What few scopes ever see: a stop, somebody who looks, children of another scope.
//!
//! Apart from the rest of the state, so that the many which see nothing of it are opened and closed
//! without it.

use std::sync::Arc;
use std::task::Waker;

use super::deadline::earlier;
use super::stop::Stop;
use super::{Core, State};
use crate::seam::Instant;

pub(super) struct Rare {
    pub(super) stop: Option<Stop>,
    pub(super) graces: Graces,
    /// Inner scopes that were dropped with children alive, and have not emptied yet.
    pub(super) orphanages: usize,
    /// The outer scope that waits for the children of this one, which was dropped.
    pub(super) adopter: Option<Arc<Core>>,
    /// Wake the tasks of members further out that cannot be dropped because of what is in here.
    pub(super) held: Vec<Waker>,
    /// Children that serve the others and have nothing to do.
    pub(super) resting: usize,
    /// Only those were left after the body had ended.
    pub(super) over: bool,
    /// How many look at what members wait for.
    pub(super) lookers: usize,
}

/// When whoever runs the scope has to look for graces that are over.
#[derive(Clone, Copy)]
pub(super) struct Graces {
    /// Of members that were told to stop alone: none ends before.
    pub(super) alone: Option<Instant>,
    /// Of those inside that nobody has ended.
    pub(super) inside: Option<Instant>,
}

impl Graces {
    pub(super) fn add_alone(&mut self, ends: Option<Instant>) {
        self.alone = earlier(self.alone, ends);
    }
}

impl Rare {
    /// How it is in a scope that has seen nothing of it.
    const NOTHING: Rare = Rare {
        stop: None,
        graces: Graces { alone: None, inside: None },
        orphanages: 0,
        adopter: None,
        held: Vec::new(),
        resting: 0,
        over: false,
        lookers: 0,
    };
}

impl Default for Rare {
    fn default() -> Rare {
        Rare::NOTHING
    }
}

impl State {
    #[inline]
    pub(super) fn rare(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(const { &Rare::NOTHING })
    }

    #[inline]
    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    #[inline]
    pub(super) fn take_held(&mut self) -> Vec<Waker> {
        self.rare.as_mut().map(|rare| std::mem::take(&mut rare.held)).unwrap_or_default()
    }

    #[inline]
    pub(super) fn is_stopped(&self) -> bool {
        self.rare().stop.is_some()
    }
}
