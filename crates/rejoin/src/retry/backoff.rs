//! How long to pause before which attempt.

use std::time::Duration;

/// How the pause between attempts grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    growth: Growth,
    base: Duration,
    most: Duration,
    jitter: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Growth {
    Constant,
    Linear,
    Exponential(f64),
    Fibonacci,
}

/// No pause is longer unless [`Backoff::most`] says so.
const MOST: Duration = Duration::from_secs(30);

impl Backoff {
    /// Always `pause`.
    pub const fn constant(pause: Duration) -> Self {
        Self::new(Growth::Constant, pause)
    }

    /// `base`, twice `base`, three times `base`, …
    pub const fn linear(base: Duration) -> Self {
        Self::new(Growth::Linear, base)
    }

    /// `base`, twice that, four times that, …
    pub const fn exponential(base: Duration) -> Self {
        Self::new(Growth::Exponential(2.0), base)
    }

    /// `base` times 1, 1, 2, 3, 5, 8, …
    pub const fn fibonacci(base: Duration) -> Self {
        Self::new(Growth::Fibonacci, base)
    }

    const fn new(growth: Growth, base: Duration) -> Self {
        Backoff { growth, base, most: MOST, jitter: 0.0 }
    }

    /// By what each pause is longer than the one before, instead of 2.
    ///
    /// # Panics
    ///
    /// If the backoff is not [`exponential`](Self::exponential), or if `factor` is no finite number
    /// from 1 up.
    pub fn factor(mut self, factor: f64) -> Self {
        assert!(factor.is_finite() && factor >= 1.0, "a backoff's factor is a number from 1 up");
        assert!(
            matches!(self.growth, Growth::Exponential(_)),
            "only an exponential backoff has a factor"
        );
        self.growth = Growth::Exponential(factor);
        self
    }

    /// No pause is longer; 30 seconds by default.
    pub const fn most(mut self, most: Duration) -> Self {
        self.most = most;
        self
    }

    /// Which part of a pause is left to chance: with 0.3, a pause of a second takes from 0.7 s to
    /// 1 s, evenly. So that those who failed together do not come back together.
    ///
    /// # Panics
    ///
    /// If `jitter` is no number from 0 to 1.
    pub fn jitter(mut self, jitter: f64) -> Self {
        assert!((0.0..=1.0).contains(&jitter), "jitter is a part of the pause, from 0 to 1");
        self.jitter = jitter;
        self
    }

    /// The pause after attempt `attempt` (from 1) has failed; `chance` is from 0 to 1.
    pub(crate) fn pause(&self, attempt: u32, chance: f64) -> Duration {
        // No pause stays none, also when the growth is beyond all numbers.
        if self.base.is_zero() {
            return Duration::ZERO;
        }
        let times = match self.growth {
            Growth::Constant => 1.0,
            Growth::Linear => f64::from(attempt),
            Growth::Exponential(factor) => factor.powf(f64::from(attempt - 1)),
            Growth::Fibonacci => fibonacci(attempt),
        };
        let whole = (self.base.as_secs_f64() * times).min(self.most.as_secs_f64());
        Duration::try_from_secs_f64(whole * (1.0 - self.jitter * chance)).unwrap_or(self.most)
    }
}

fn fibonacci(n: u32) -> f64 {
    let (mut last, mut this) = (0.0, 1.0);
    // Beyond the hundredth every cap has long been reached.
    for _ in 1..n.min(100) {
        (last, this) = (this, last + this);
    }
    this
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn first(backoff: Backoff, n: u32) -> Vec<u128> {
        (1..=n).map(|attempt| backoff.pause(attempt, 0.0).as_millis()).collect()
    }

    #[test]
    fn each_grows_as_its_name_says() {
        assert_eq!(first(Backoff::constant(10 * MS), 3), [10, 10, 10]);
        assert_eq!(first(Backoff::linear(10 * MS), 4), [10, 20, 30, 40]);
        assert_eq!(first(Backoff::exponential(10 * MS), 4), [10, 20, 40, 80]);
        assert_eq!(first(Backoff::exponential(10 * MS).factor(3.0), 3), [10, 30, 90]);
        assert_eq!(first(Backoff::fibonacci(10 * MS), 6), [10, 10, 20, 30, 50, 80]);
    }

    #[test]
    fn no_pause_is_longer_than_the_most() {
        assert_eq!(first(Backoff::exponential(10 * MS).most(25 * MS), 4), [10, 20, 25, 25]);
        for backoff in [Backoff::exponential(MS), Backoff::fibonacci(MS), Backoff::linear(MS)] {
            assert_eq!(backoff.pause(u32::MAX, 0.0), MOST);
        }
    }

    #[test]
    fn no_pause_stays_none_however_long_it_goes_on() {
        let zero = Duration::ZERO;
        for backoff in [Backoff::exponential(zero), Backoff::fibonacci(zero), Backoff::linear(zero)]
        {
            assert_eq!(backoff.pause(u32::MAX, 0.5), zero);
        }
    }

    #[test]
    fn jitter_is_the_part_of_the_pause_that_it_says() {
        let backoff = Backoff::constant(1000 * MS).jitter(0.3);
        assert_eq!(backoff.pause(1, 0.0), 1000 * MS);
        assert_eq!(backoff.pause(1, 0.5), 850 * MS);
        assert_eq!(backoff.pause(1, 1.0), 700 * MS);
        assert_eq!(Backoff::constant(MS).jitter(1.0).pause(1, 1.0), Duration::ZERO);
    }

    #[test]
    #[should_panic(expected = "from 0 to 1")]
    fn a_jitter_that_is_no_part_is_refused() {
        let _ = Backoff::constant(MS).jitter(f64::NAN);
    }
}
