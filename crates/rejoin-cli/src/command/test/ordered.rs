//! An order in which what runs together ends, and what has begun under it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The place of each task and branch in the order of their ends; the others end as they begin.
#[derive(Clone, Debug, Default)]
pub(super) struct Order(BTreeMap<(Arc<str>, usize), usize>);

impl Order {
    /// The order in which these, by their places among those that began, end.
    pub(super) fn of(places: &[usize], begun: &[Begun]) -> Self {
        let ranks = places.iter().enumerate();
        Self(ranks.map(|(rank, &at)| ((begun[at].name.clone(), begun[at].nth), rank)).collect())
    }
}

/// A task or branch that began.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    pub(super) name: Arc<str>,
    /// The how manieth of its name, from 0.
    pub(super) nth: usize,
    pub(super) from: Instant,
    /// When it ended by itself, as far as that is known.
    pub(super) to: Option<Instant>,
}

/// A run in an order.
pub(super) struct Ordered {
    order: Order,
    begun: Mutex<Vec<Begun>>,
}

impl From<Order> for Ordered {
    fn from(order: Order) -> Self {
        Self { order, begun: Mutex::default() }
    }
}

impl Ordered {
    /// One begins; it is to end so much later than it would.
    pub(super) fn begins(&self, name: &str) -> Duration {
        let mut begun = self.begun();
        let nth = begun.iter().filter(|one| *one.name == *name).count();
        let rank = self.order.0.get(&(name.into(), nth)).copied().unwrap_or(begun.len());
        begun.push(Begun { name: name.into(), nth, from: Instant::now(), to: None });
        Duration::from_millis(rank as u64 + 1)
    }

    /// One has ended.
    pub(super) fn ends(&self, name: &str) {
        let mut begun = self.begun();
        let mut of_name = begun.iter_mut().filter(|one| *one.name == *name);
        // Of several with one name nobody knows which has ended.
        if let (Some(only), None) = (of_name.next(), of_name.next()) {
            only.to = Some(Instant::now());
        }
    }

    /// Those that began, in that order.
    pub(super) fn begun(&self) -> MutexGuard<'_, Vec<Begun>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
