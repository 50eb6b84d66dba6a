//! The library against the crates that people use for the same jobs.
//!
//! Contestants of a case take turns in short samples, so that a busy machine hits all of them
//! alike. A ratio is computed within each turn, to the first contestant; the table has the least,
//! the median and the most of the turns. All of them run inside a worker of a runtime with two.
//!
//! Those marked with a star run their children in the calling task: they need no spawn, use one
//! core, and a child that blocks holds up all others.

mod cases;
mod compare;
mod processes;

fn main() {
    rejoin::process::init();
    let words: Vec<String> = std::env::args().collect();
    let quick = words.iter().any(|word| word == "--quick");
    let only = words.iter().position(|word| word == "--only").and_then(|at| words.get(at + 1));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    for case in cases::all() {
        if only.is_some_and(|text| !case.name.contains(text)) {
            continue;
        }
        compare::run(&runtime, &case, if quick { 7 } else { 31 });
    }
}
