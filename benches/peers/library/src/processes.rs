//! Calls in child processes, next to what pipes alone cost: bytes that come back as they went.

use std::process::Stdio;

use bytes::Bytes;
use rejoin::process::{ProcessError, ProcessPool, function};
use rejoin::worker::{Mode, Portable, Worker, ask_value, method, state};
use rejoin::{Scope, TaskError, scope, to_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

pub(crate) const CALLS: u64 = 2_000;
pub(crate) const LARGE: u64 = 200;

const KILOBYTES: usize = 100 * 1024;

#[function]
fn same(n: u64) -> u64 {
    n
}

#[function]
fn bytes_back(bytes: Bytes) -> Bytes {
    bytes
}

#[function]
fn list_back(list: Vec<u8>) -> Vec<u8> {
    list
}

pub(crate) async fn pool() -> u64 {
    let one = ProcessPool::builder("bench").processes(std::num::NonZeroUsize::MIN);
    let sum = one.open(|pool| async move {
        let mut sum = 0;
        for n in 0..CALLS {
            sum += pool.run_value(same, n).await.expect("it answers");
        }
        Ok::<_, TaskError<()>>(sum)
    });
    sum.await.expect("no failure")
}

pub(crate) async fn pool_bytes() -> u64 {
    let one = ProcessPool::builder("bench").processes(std::num::NonZeroUsize::MIN);
    let sum = one.open(|pool| async move {
        let mut sum = 0;
        for _ in 0..LARGE {
            let there = Bytes::from(vec![1; KILOBYTES]);
            let back = pool.run_value(bytes_back, there).await.expect("it answers");
            sum += back.len() as u64;
        }
        Ok::<_, TaskError<()>>(sum)
    });
    sum.await.expect("no failure")
}

pub(crate) async fn pool_list() -> u64 {
    let one = ProcessPool::builder("bench").processes(std::num::NonZeroUsize::MIN);
    let sum = one.open(|pool| async move {
        let mut sum = 0;
        for _ in 0..LARGE {
            let back = pool.run_value(list_back, vec![1; KILOBYTES]).await.expect("it answers");
            sum += back.len() as u64;
        }
        Ok::<_, TaskError<()>>(sum)
    });
    sum.await.expect("no failure")
}

struct Adder;

#[state]
fn adder() -> Adder {
    Adder
}

#[method]
fn answer(_: &mut Adder, n: u64) -> u64 {
    n
}

pub(crate) async fn worker() -> u64 {
    let sum = scope(|s: Scope<ProcessError>| async move {
        let worker: Worker<Portable<Adder>, ProcessError> =
            Worker::builder("bench").mode(Mode::Process).start_portable(&s, adder, ());
        let mut sum = 0;
        for n in 0..CALLS {
            sum += worker.call(ask_value(answer, n)).await?;
        }
        Ok(sum)
    });
    sum.await.expect("no failure")
}

pub(crate) async fn once() -> u64 {
    to_process(same, 7).await.expect("it answers")
}

pub(crate) async fn echo() -> u64 {
    let mut cat = Cat::start();
    let mut sum = 0;
    for n in 0..CALLS {
        sum += cat.echo(n).await;
    }
    cat.end().await;
    sum
}

pub(crate) async fn echo_once() -> u64 {
    let mut cat = Cat::start();
    let n = cat.echo(7).await;
    cat.end().await;
    n
}

pub(crate) async fn echo_large() -> u64 {
    let mut cat = Cat::start();
    let mut back = vec![0; KILOBYTES];
    let mut sum = 0;
    for _ in 0..LARGE {
        let there = vec![1; KILOBYTES];
        let (input, output) = cat.pipes();
        let (sent, got) = tokio::join!(input.write_all(&there), output.read_exact(&mut back));
        sent.expect("cat reads");
        sum += got.expect("cat writes") as u64;
    }
    cat.end().await;
    sum
}

struct Cat(tokio::process::Child);

impl Cat {
    fn start() -> Cat {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        Cat(command.spawn().expect("there is a cat"))
    }

    fn pipes(&mut self) -> (&mut tokio::process::ChildStdin, &mut tokio::process::ChildStdout) {
        let pipes = (self.0.stdin.as_mut(), self.0.stdout.as_mut());
        (pipes.0.expect("it is piped"), pipes.1.expect("it is piped"))
    }

    async fn echo(&mut self, n: u64) -> u64 {
        let (input, output) = self.pipes();
        input.write_all(&n.to_le_bytes()).await.expect("cat reads");
        output.read_u64_le().await.expect("cat writes")
    }

    async fn end(mut self) {
        self.0.kill().await.expect("it can be killed");
    }
}
