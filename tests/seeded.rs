//! The settings of tests with random input: a failure shows the seed of its run, and `PROPTEST_RNG_SEED` repeats it.

use std::hash::{BuildHasher, RandomState};

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

/// So many cases, all from one seed. It is printed, and a test's output is shown when it fails.
#[allow(clippy::print_stdout, reason = "whoever reads the failure needs the seed")]
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let mut config =
        ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(0),
    };
    config.rng_seed = RngSeed::Fixed(seed);
    println!("repeat this run with PROPTEST_RNG_SEED={seed}");
    config
}
