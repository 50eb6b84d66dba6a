//! What is kept, within bounds, and what is being made.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rejoin::Instant;
use rejoin_engine::{Keep, Outcome, Settings};
use tokio::sync::watch;

use crate::key_template::Key;

/// Who makes something anew for so long is not relied on any more.
const LONGEST_REFRESH: Duration = Duration::from_secs(30);
/// What an entry takes besides its outcome.
const OVERHEAD: usize = 256;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of all entries, in bytes.
    pub(super) all: usize,
    /// Of one, in bytes.
    pub(super) one: usize,
}

impl Limits {
    pub(super) fn of_config(settings: &Settings) -> Self {
        let bytes = |key, default: u64| {
            let bytes = settings.int("cache", key).unwrap_or(default);
            usize::try_from(bytes).unwrap_or(usize::MAX)
        };
        Self { all: bytes("maxCacheSize", 10 << 20), one: bytes("maxEntrySize", 1 << 20) }
    }

    fn entries(self) -> usize {
        (self.all / 4096).max(64)
    }
}

/// The kept outcomes of an application.
#[derive(Debug, Default)]
pub(super) struct Store(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Key, Entry>,
    /// The keys, first the one that was not used for longest.
    by_use: BTreeMap<u64, Key>,
    uses: u64,
    bytes: usize,
    under_way: HashMap<Key, watch::Receiver<()>>,
}

#[derive(Debug)]
struct Entry {
    outcome: Arc<Outcome>,
    size: usize,
    used: u64,
    fresh_until: Instant,
    stale_until: Instant,
    /// While somebody makes it anew.
    refreshed_until: Option<Instant>,
}

/// What there is for a key.
#[derive(Debug)]
pub(super) enum Found {
    /// An outcome.
    Known(Arc<Outcome>),
    /// Nothing, or something old: who asked is the one to make it.
    Lead(Lead),
    /// Somebody else makes it.
    UnderWay(watch::Receiver<()>),
}

/// The part of the one who makes it: others wait until it is dropped. Something is sent only if it is for one alone.
#[derive(Debug)]
pub(super) enum Lead {
    First { waking: watch::Sender<()> },
    Refresh,
}

impl Store {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, key: &Key, now: Instant) -> Found {
        let mut kept = self.lock();
        kept.uses += 1;
        let used = kept.uses;
        if let Some(entry) = kept.entries.get_mut(key) {
            if now < entry.stale_until {
                let is_left_alone = now < entry.fresh_until
                    || entry.refreshed_until.is_some_and(|until| now < until);
                if !is_left_alone {
                    entry.refreshed_until = Some(now + LONGEST_REFRESH);
                    return Found::Lead(Lead::Refresh);
                }
                let before = std::mem::replace(&mut entry.used, used);
                let outcome = entry.outcome.clone();
                kept.by_use.remove(&before);
                kept.by_use.insert(used, *key);
                return Found::Known(outcome);
            }
            kept.remove(key);
        }
        if let Some(made) = kept.under_way.get(key) {
            return Found::UnderWay(made.clone());
        }
        let (waking, woken) = watch::channel(());
        kept.under_way.insert(*key, woken);
        Found::Lead(Lead::First { waking })
    }

    /// Whether it has been kept: not if it is too large.
    fn keep(&self, flight: &Flight, outcome: Outcome) -> bool {
        let limits = flight.limits;
        let size = outcome.size(limits.one).saturating_add(OVERHEAD);
        if size > limits.one || size > limits.all {
            return false;
        }
        let now = Instant::now();
        let Some(fresh_until) = now.checked_add(flight.ttl) else { return false };
        let Some(stale_until) = fresh_until.checked_add(flight.stale) else { return false };
        let mut kept = self.lock();
        kept.remove(&flight.key);
        while kept.bytes + size > limits.all || kept.entries.len() >= limits.entries() {
            let Some((_, oldest)) = kept.by_use.first_key_value() else { break };
            let oldest = *oldest;
            kept.remove(&oldest);
        }
        kept.uses += 1;
        let used = kept.uses;
        kept.bytes += size;
        kept.by_use.insert(used, flight.key);
        let outcome = Arc::new(outcome);
        kept.entries.insert(
            flight.key,
            Entry { outcome, size, used, fresh_until, stale_until, refreshed_until: None },
        );
        true
    }
}

impl Kept {
    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= entry.size;
            self.by_use.remove(&entry.used);
        }
    }
}

/// Something that is being made for the store.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) store: Arc<Store>,
    pub(super) key: Key,
    /// `None` beside another who makes it.
    pub(super) lead: Option<Lead>,
    pub(super) ttl: Duration,
    pub(super) stale: Duration,
    pub(super) limits: Limits,
}

impl Keep for Flight {
    fn keep(self: Box<Self>, outcome: Outcome) {
        if !self.store.keep(&self, outcome) {
            self.decline();
        }
    }

    fn decline(mut self: Box<Self>) {
        if let Some(Lead::First { waking }) = self.lead.take() {
            // Who hears it must not find this one still under way.
            let woken = self.store.lock().under_way.remove(&self.key);
            waking.send_replace(());
            drop(woken);
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        match self.lead.take() {
            Some(lead @ Lead::First { .. }) => {
                let woken = self.store.lock().under_way.remove(&self.key);
                // The others find the store as it is now.
                drop((lead, woken));
            }
            Some(Lead::Refresh) => {
                if let Some(entry) = self.store.lock().entries.get_mut(&self.key) {
                    entry.refreshed_until = None;
                }
            }
            None => {}
        }
    }
}
