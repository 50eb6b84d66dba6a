//! The buckets.
//!
//! A bucket is one instant: when all that was taken will have been paid for, at one token each `window / limit`. One
//! whose instant has passed is full, as a new one is, and need not be kept.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rejoin::Instant;

use super::options::Policy;
use crate::key_template::Key;

/// So many full buckets are forgotten with each call.
const SWEPT: usize = 2;

/// All buckets of an application.
#[derive(Debug, Default)]
pub(super) struct Rates(Mutex<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    paid: HashMap<Key, Instant>,
    /// The same; first those that are full first.
    by_time: BTreeSet<(Instant, Key)>,
}

/// What came of asking for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// One was there, and so many are left.
    Token { left: u32 },
    /// None was; the next comes after this time.
    Nothing { wait: Duration },
}

impl Rates {
    /// Takes a token of the bucket, if it has one. There are `most` buckets at most.
    pub(super) fn take(&self, key: Key, policy: Policy, most: usize) -> Taken {
        let now = Instant::now();
        let gap = (policy.window / policy.limit).max(Duration::from_nanos(1));
        let capacity = policy.limit.saturating_add(policy.burst);
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.sweep(now);
        let known = buckets.paid.get(&key).copied();
        let owed = known.map_or(Duration::ZERO, |paid| paid.saturating_duration_since(now));
        let most_owed = gap.saturating_mul(capacity - 1);
        if owed > most_owed {
            return Taken::Nothing { wait: owed - most_owed };
        }
        // Beyond what the clock can count nothing is counted.
        let Some(paid) = now.checked_add(owed.saturating_add(gap)) else {
            return Taken::Token { left: 0 };
        };
        match known {
            Some(known) => buckets.remove(known, key),
            None if buckets.paid.len() >= most => buckets.forget_fullest(),
            None => {}
        }
        buckets.paid.insert(key, paid);
        buckets.by_time.insert((paid, key));
        let left = (most_owed - owed).as_nanos() / gap.as_nanos();
        Taken::Token { left: u32::try_from(left).unwrap_or(u32::MAX) }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let buckets = self.0.lock().unwrap();
        assert_eq!(buckets.paid.len(), buckets.by_time.len());
        buckets.paid.len()
    }
}

impl Buckets {
    fn remove(&mut self, paid: Instant, key: Key) {
        self.paid.remove(&key);
        self.by_time.remove(&(paid, key));
    }

    fn sweep(&mut self, now: Instant) {
        for _ in 0..SWEPT {
            match self.by_time.first() {
                Some((paid, key)) if *paid <= now => self.remove(*paid, *key),
                _ => return,
            }
        }
    }

    /// Whoever floods the store with keys makes it forget what says least, never the keys that are held back.
    fn forget_fullest(&mut self) {
        if let Some((paid, key)) = self.by_time.first().copied() {
            self.remove(paid, key);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const POLICY: Policy = Policy { limit: 4, window: Duration::from_secs(2), burst: 1 };

    fn key(n: u8) -> Key {
        [n; 32]
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_empties_and_fills() {
        let rates = Rates::default();
        for left in [4, 3, 2, 1, 0] {
            assert_eq!(rates.take(key(1), POLICY, 9), Taken::Token { left });
        }
        let wait = Duration::from_millis(500);
        assert_eq!(rates.take(key(1), POLICY, 9), Taken::Nothing { wait });
        // A refusal costs nothing.
        assert_eq!(rates.take(key(1), POLICY, 9), Taken::Nothing { wait });
        assert_eq!(rates.take(key(2), POLICY, 9), Taken::Token { left: 4 });
        advance(wait).await;
        assert_eq!(rates.take(key(1), POLICY, 9), Taken::Token { left: 0 });
        advance(Duration::from_millis(1200)).await;
        assert_eq!(rates.take(key(1), POLICY, 9), Taken::Token { left: 1 });
        advance(Duration::from_secs(60)).await;
        assert_eq!(rates.take(key(1), POLICY, 9), Taken::Token { left: 4 });
        assert_eq!(rates.len(), 1, "what is full is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_keys_frees_nobody() {
        let rates = Rates::default();
        while let Taken::Token { .. } = rates.take(key(0), POLICY, 10) {}
        for n in 1..=255 {
            assert!(matches!(rates.take(key(n), POLICY, 10), Taken::Token { .. }));
            assert!(rates.len() <= 10);
        }
        assert!(matches!(rates.take(key(0), POLICY, 10), Taken::Nothing { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn extreme_policies() {
        let rates = Rates::default();
        let year = Duration::from_secs(366 * 24 * 60 * 60);
        for (n, policy) in [
            Policy { limit: 1, window: year, burst: u32::MAX },
            Policy { limit: u32::MAX, window: Duration::from_nanos(1), burst: u32::MAX },
            Policy { limit: u32::MAX, window: year, burst: 0 },
        ]
        .into_iter()
        .enumerate()
        {
            for _ in 0..3 {
                let taken = rates.take(key(n as u8), policy, 9);
                assert!(matches!(taken, Taken::Token { .. }), "{policy:?}");
            }
        }
    }
}
