//! What the tests run in child processes.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process;
use std::time::Duration;

use rejoin::process::function;
use serde::{Deserialize, Serialize};

#[function]
pub(crate) fn nothing() {}

#[function]
pub(crate) fn add(a: u32, b: u32) -> u32 {
    a + b
}

/// Everything at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) names: Vec<String>,
    pub(crate) note: Option<Box<Order>>,
}

#[function]
pub(crate) fn swap(order: Order) -> Order {
    let Order { id, names, note } = order;
    Order { id: id + 1, names: names.into_iter().rev().collect(), note }
}

#[function]
#[expect(clippy::too_many_arguments, reason = "as many as there can be")]
pub(crate) fn eight(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> Vec<u8> {
    vec![a, b, c, d, e, f, g, h]
}

#[function]
pub(crate) fn parse(text: String) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

#[function]
pub(crate) fn pid() -> u32 {
    process::id()
}

#[function]
pub(crate) fn panics(text: String) -> u32 {
    panic!("{text}");
}

/// Panics without the message that is printed.
#[function]
pub(crate) fn panics_at_length(length: usize) -> u32 {
    std::panic::resume_unwind(Box::new("x".repeat(length)));
}

#[function]
pub(crate) fn exits(code: i32) -> u32 {
    process::exit(code);
}

#[function]
pub(crate) fn aborts() -> u32 {
    process::abort();
}

#[function]
pub(crate) fn overflows(depth: u64) -> u64 {
    let here = [depth; 1024];
    if depth == u64::MAX { 0 } else { overflows(std::hint::black_box(here)[7] + 1) + here[3] }
}

/// Prints what could be mistaken for an answer, and reads what could be the next request.
#[function]
pub(crate) fn chats() -> usize {
    std::io::stdout().write_all(b"\0\0\0\0 not an answer\n\0").unwrap();
    std::io::stdin().lines().count()
}

#[function]
pub(crate) fn length(bytes: Vec<u8>) -> usize {
    bytes.len()
}

#[function]
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    vec![7; length]
}

/// Leaves its number at `path`, and never returns.
#[function]
pub(crate) fn spins(path: PathBuf) {
    leave_word(&path);
    loop {
        std::hint::spin_loop();
    }
}

/// The same for the number of a program that it has started.
#[function]
#[expect(clippy::zombie_processes, reason = "it is killed before it could wait")]
pub(crate) fn starts_a_program(path: PathBuf) {
    let child = process::Command::new("sleep").arg("600").spawn().unwrap();
    fs::write(&path, format!("{}\n", child.id())).unwrap();
    loop {
        std::thread::sleep(Duration::from_secs(600));
    }
}

/// Runs `spins` in a child of its own.
#[function]
pub(crate) fn spins_in_a_child(path: PathBuf) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(rejoin::to_process(spins, path)).unwrap();
}

fn leave_word(path: &PathBuf) {
    fs::write(path, format!("{}\n", process::id())).unwrap();
}

/// Leaves its number at one path, and waits until there is something at another.
#[function]
pub(crate) fn waits_for(path: PathBuf, until: PathBuf) -> u32 {
    leave_word(&path);
    while !until.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    process::id()
}

#[function]
pub(crate) fn is_there(pid: u32) -> bool {
    super::exists(pid)
}

/// Refuses to be written.
#[derive(Debug)]
pub(crate) struct Secret;

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it is secret"))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Secret)
    }
}

#[function]
pub(crate) fn takes_a_secret(_: Secret) {}

#[function]
pub(crate) fn gives_a_secret() -> Secret {
    Secret
}

/// Is written, and cannot be read: postcard does not say what comes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Either {
    Number(u32),
    Text(String),
}

#[function]
pub(crate) fn takes_either(_: Either) {}

#[function]
pub(crate) fn gives_either() -> Either {
    Either::Number(1)
}

/// Longer when written than when asked for: half of it is left over.
#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only sent")]
pub(crate) struct Half(pub(crate) u8);

impl Serialize for Half {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (1_u8, 2_u8).serialize(serializer)
    }
}

#[function]
pub(crate) fn takes_half(_: Half) {}

/// Not registered.
pub(crate) fn unknown(number: u32) -> u32 {
    number
}
