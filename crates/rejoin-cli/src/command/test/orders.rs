//! `--orders`: one test under every order in which what runs together can end.
//!
//! Mocks and `sleep` take no time then; each task and branch ends so much later as its rank in the order says. Orders
//! that differ only in what never runs together are one. Up to [`MOST_WHOLE`] tasks and branches all orders are tried,
//! those with the fewest exchanges first; of more, a sample that a seed decides.

use std::collections::BTreeSet;

use rejoin_lang::source::Span;

use super::compare::difference;
use super::ordered::{Begun, Order};
use super::run::Ran;

/// So many tasks and branches have few enough orders to try them all.
const MOST_WHOLE: usize = 6;

/// How many orders of more are tried.
const SAMPLES: usize = 300;

/// More tasks and branches than this keep the order in which they begin.
const MOST_MOVED: usize = 64;

/// Runs a test in all orders, and says in how many.
pub(super) fn explore(span: Span, run: &dyn Fn(Order) -> Ran, seed: u64) -> (Ran, usize) {
    let mut first = run(Order::default());
    if !first.failures.is_empty() || first.outside {
        if let (Some((_, what)), true) = (first.failures.first_mut(), first.begun.len() > 1) {
            *what += "\nthis is so when all end in the order in which they begin";
        }
        return (first, 1);
    }
    let again = run(Order::default());
    if let Some(how) = differs(&first, &again) {
        let message =
            format!("the answer is not the same twice in one order, so orders say nothing\n{how}");
        first.failures.push((span, message));
        return (first, 2);
    }
    let begun = first.begun[..first.begun.len().min(MOST_MOVED)].to_vec();
    let together = together(&begun);
    let mut search = Search { run, first: &first, begun: &begun, tried: 1 };
    let mut seen = BTreeSet::from([exchanged(&(0..begun.len()).collect::<Vec<_>>(), &together)]);
    let is_whole = begun.len() <= MOST_WHOLE;
    let candidates = if is_whole { all(begun.len()) } else { sample(begun.len(), seed) };
    for places in candidates {
        if !seen.insert(exchanged(&places, &together)) {
            continue;
        }
        let Some(how) = search.try_order(&places) else { continue };
        let (places, how) =
            if is_whole { (places, how) } else { search.smallest(places, how, &together) };
        let tried = search.tried;
        let mut message = told(&places, &begun, &together);
        if !is_whole {
            message += &format!(" (seed {seed})");
        }
        first.failures.push((span, format!("{message}\n{how}")));
        return (first, tried);
    }
    let tried = search.tried;
    (first, tried)
}

struct Search<'s> {
    run: &'s dyn Fn(Order) -> Ran,
    first: &'s Ran,
    begun: &'s [Begun],
    tried: usize,
}

impl Search<'_> {
    /// What is different in this order, if anything is.
    fn try_order(&mut self, places: &[usize]) -> Option<String> {
        self.tried += 1;
        let ran = (self.run)(Order::of(places, self.begun));
        differs(self.first, &ran)
    }

    /// Takes exchanges of neighbours back as long as the answer still differs.
    fn smallest(
        &mut self,
        mut places: Vec<usize>,
        mut how: String,
        together: &[(usize, usize)],
    ) -> (Vec<usize>, String) {
        let mut at = 0;
        while at + 1 < places.len() {
            if places[at] < places[at + 1] {
                at += 1;
                continue;
            }
            let mut nearer = places.clone();
            nearer.swap(at, at + 1);
            let is_same = exchanged(&nearer, together) == exchanged(&places, together);
            let still = if is_same { Some(how.clone()) } else { self.try_order(&nearer) };
            match still {
                Some(what) => {
                    (places, how) = (nearer, what);
                    at = at.saturating_sub(1);
                }
                None => at += 1,
            }
        }
        (places, how)
    }
}

/// What of two runs differs: a check that fails, or the answer.
fn differs(first: &Ran, other: &Ran) -> Option<String> {
    if let Some((_, what)) = other.failures.first() {
        return Some(what.clone());
    }
    let (Some(first), Some(other)) = (&first.answer, &other.answer) else { return None };
    if first.head != other.head {
        return Some(format!("- {}\n+ {}", first.head, other.head));
    }
    (first.output != other.output).then(|| difference(&first.output, &other.output))
}

/// The pairs that run at the same time.
fn together(begun: &[Begun]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (b, later) in begun.iter().enumerate() {
        for (a, earlier) in begun[..b].iter().enumerate() {
            if earlier.to.is_none_or(|to| later.from < to) {
                pairs.push((a, b));
            }
        }
    }
    pairs
}

/// Which of the pairs end in the other order than they began.
fn exchanged(places: &[usize], together: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut rank = vec![0; places.len()];
    for (at, place) in places.iter().enumerate() {
        rank[*place] = at;
    }
    together.iter().copied().filter(|(a, b)| rank[*b] < rank[*a]).collect()
}

/// All orders but the first, by how many pairs they exchange.
fn all(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..count {
        let longer = |order: &Vec<usize>| {
            let rest = (0..count).filter(|place| !order.contains(place));
            rest.map(|place| [&order[..], &[place]].concat()).collect::<Vec<_>>()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    let exchanges = |order: &Vec<usize>| {
        let pairs = order.iter().enumerate();
        pairs.map(|(at, a)| order[at..].iter().filter(|b| *b < a).count()).sum::<usize>()
    };
    orders.sort_by_cached_key(exchanges);
    orders
}

/// Random orders, the same for the same seed.
fn sample(count: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut orders = vec![(0..count).rev().collect::<Vec<_>>()];
    while orders.len() < SAMPLES {
        let mut order: Vec<usize> = (0..count).collect();
        random.shuffle(&mut order);
        orders.push(order);
    }
    orders
}

/// The order in words.
fn told(places: &[usize], begun: &[Begun], together: &[(usize, usize)]) -> String {
    let name = |place: usize| {
        let one = &begun[place];
        let is_only = begun.iter().filter(|other| other.name == one.name).count() == 1;
        if is_only { format!("`{}`", one.name) } else { format!("`{}` #{}", one.name, one.nth + 1) }
    };
    let pairs = exchanged(places, together);
    let shown = pairs.iter().take(3).map(|(a, b)| format!("{} ends before {}", name(*b), name(*a)));
    let more =
        if pairs.len() > 3 { format!(", and {} more", pairs.len() - 3) } else { String::new() };
    format!("the answer is another when {}{more}", shown.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_orders_come_once_and_the_nearest_first() {
        let orders = all(4);
        assert_eq!(orders.len(), 24);
        assert_eq!(orders.iter().collect::<BTreeSet<_>>().len(), 24);
        assert_eq!(orders[0], [0, 1, 2, 3]);
        assert_eq!(orders[23], [3, 2, 1, 0]);
    }

    #[test]
    fn orders_that_differ_in_what_never_runs_together_are_one() {
        let together = [(0, 1), (2, 3)];
        let distinct: BTreeSet<_> =
            all(4).iter().map(|order| exchanged(order, &together)).collect();
        assert_eq!(distinct.len(), 4);
    }

    #[test]
    fn a_sample_is_the_same_for_the_same_seed() {
        assert_eq!(sample(8, 1), sample(8, 1));
        assert_ne!(sample(8, 1), sample(8, 2));
    }
}
