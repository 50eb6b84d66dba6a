//! The private Redis that the tests run against.

/// Its address: `redis://host:port/`.
#[track_caller]
pub fn url() -> String {
    std::env::var("REJOIN_TEST_REDIS").unwrap_or_else(|_| {
        panic!(
            "these tests need a Redis: run them with `cargo xtask with-services cargo test -p rejoin-steps`, \
             or set REJOIN_TEST_REDIS to the address of one, such as redis://127.0.0.1:6379/"
        )
    })
}
