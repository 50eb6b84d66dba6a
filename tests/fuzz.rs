//! Fuzz tests: many cases from seeds that follow each other.
//!
//! The number of cases is fixed; `REJOIN_FUZZ_SECONDS=60` goes on for that long instead. A failure prints the seed of its
//! case, and `REJOIN_FUZZ_SEED` starts from one.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::time::{Duration, Instant};

/// A small generator (xorshift64*): the same seed gives the same cases everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Runs `case` often, from that seed on, with a seed for each run that is printed when one fails.
pub(crate) fn fuzz(first_seed: u64, default_cases: u64, case: impl Fn(&mut Random)) {
    struct PrintSeed(u64);
    impl Drop for PrintSeed {
        #[allow(clippy::print_stderr, reason = "whoever reads the failure needs the seed")]
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("failed with REJOIN_FUZZ_SEED={}", self.0);
            }
        }
    }
    let variable =
        |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let first = variable("REJOIN_FUZZ_SEED").unwrap_or(first_seed);
    let until = variable("REJOIN_FUZZ_SECONDS")
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    for seed in first.. {
        if !until.map_or(seed < first + default_cases, |until| Instant::now() < until) {
            return;
        }
        let _print = PrintSeed(seed);
        case(&mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1));
    }
}

/// Where a text can be cut.
pub(crate) fn boundaries(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}
