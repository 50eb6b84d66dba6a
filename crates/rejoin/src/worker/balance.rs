//! Which of several free copies of a worker takes the next call.

/// Which copy takes a call when several are free. (A call never waits for a busy copy while another
/// is free: all copies serve one queue.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Balance {
    /// The next one, in turn.
    #[default]
    RoundRobin,
    /// Any.
    Random,
    /// The one that has served the fewest calls; of several such, the first.
    LeastLoaded,
}

impl Balance {
    /// Chooses among free copies, each given by its number and by how many calls it has served, and
    /// says at which position of the list it stands. `next` is the number whose turn it is of `all`.
    pub(super) fn choose(self, free: &[(usize, u64)], next: usize, all: usize) -> Option<usize> {
        let at = 0..free.len();
        match self {
            _ if free.len() <= 1 => at.into_iter().next(),
            Balance::RoundRobin => at.min_by_key(|&at| (free[at].0 + all - next) % all),
            Balance::Random => Some(fastrand::usize(at)),
            Balance::LeastLoaded => at.min_by_key(|&at| (free[at].1, free[at].0)),
        }
    }
}
