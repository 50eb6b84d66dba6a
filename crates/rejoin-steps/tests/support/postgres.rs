//! The private PostgreSQL that the tests run against.

/// Its address: `postgres://user@host:port/database`.
#[track_caller]
pub fn url() -> String {
    std::env::var("REJOIN_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "these tests need a PostgreSQL: run them with `cargo xtask with-services cargo test -p rejoin-steps`, \
             or set REJOIN_TEST_POSTGRES to the address of one, such as postgres://postgres@127.0.0.1:5432/postgres"
        )
    })
}
