//! Logic behind commands.
fn main() {}
