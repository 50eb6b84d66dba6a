//! How many branches and tasks one run has at once: a program that calls itself from several widens with each level, long before its
//! calls are nested too deep.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The most branches and tasks of one run.
pub(crate) const MOST_ALIVE: usize = 65_536;
/// Calls within each other in which a branch or task takes one place, and how many it takes at the most: from there on twice as many
/// with each call. Whoever goes as deep as that and is wide there calls itself, and what waits around it takes memory, too.
const SHALLOW: u16 = 8;
const MOST_PLACES: usize = 16;

/// Those that one run has now. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alive(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    places: AtomicUsize,
    /// Whether there were too few, deep within calls: nothing more begins so deep. What calls itself would otherwise go on with the
    /// places of what has failed, and come by and by to all that it is wide.
    is_over: AtomicBool,
}

/// Places for some of them, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Places {
    of: Alive,
    count: usize,
}

impl Alive {
    /// Places for so many more in so many calls within each other, if there are as many.
    pub(crate) fn take(&self, count: usize, depth: u16) -> Option<Places> {
        let deeper = u32::from(depth.saturating_sub(SHALLOW));
        let each = 1usize.checked_shl(deeper).unwrap_or(MOST_PLACES).min(MOST_PLACES);
        let is_deep = deeper > 0;
        if is_deep && self.0.is_over.load(Ordering::SeqCst) {
            return None;
        }
        let count = count.saturating_mul(each);
        let more = |alive: usize| alive.checked_add(count).filter(|all| *all <= MOST_ALIVE);
        if self.0.places.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_err() {
            self.0.is_over.fetch_or(is_deep, Ordering::SeqCst);
            return None;
        }
        Some(Places { of: self.clone(), count })
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        self.of.0.places.fetch_sub(self.count, Ordering::SeqCst);
    }
}

/// What is wrong if there are no places left.
pub(crate) fn too_many(depth: u16) -> String {
    if depth <= SHALLOW {
        return format!(
            "one run has at most {MOST_ALIVE} branches and tasks at once: does something call itself from several?"
        );
    }
    let most = MOST_ALIVE / MOST_PLACES;
    format!(
        "one run has at most {most} branches and tasks at once so deep, here in {depth} calls within each other: let what calls itself end sooner, or call itself once"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_calls_itself_from_two_branches_is_held_up_while_it_is_small() {
        let alive = Alive::default();
        let mut places = Vec::new();
        let mut depth = 0;
        while let Some(more) =
            (0..1 << depth).map(|_| alive.take(2, depth)).collect::<Option<Vec<_>>>()
        {
            places.extend(more);
            depth += 1;
        }
        assert_eq!(depth, 12);
        drop(places);
        assert!(alive.take(1, depth).is_none(), "what has failed makes no place for more of it");
        assert!(alive.take(MOST_ALIVE, SHALLOW).is_some());
    }

    #[test]
    fn what_is_wide_in_few_calls_or_deep_without_width_has_its_places() {
        let alive = Alive::default();
        let wide = [alive.take(20_000, 1), alive.take(20_000, 3), alive.take(20_000, 8)];
        assert!(wide.iter().all(Option::is_some));
        drop(wide);
        let deep: Vec<_> = (0..64).map(|depth| alive.take(8, depth)).collect();
        assert!(deep.iter().all(Option::is_some));
        assert!(alive.take(usize::MAX, 64).is_none());
    }
}
