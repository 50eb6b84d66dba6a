//! The module `process`: programs that run beside. None outlives the run, or the branch of it, that started it.

mod child;
mod output;

use std::collections::HashMap;
use std::io;
use std::process::Stdio;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rejoin_engine::{CallPlace, Datum, HostCall};
use tokio::process::Command;

use super::arguments::Arguments;
use child::Child;

/// So many may run at once that one run, or one branch, started.
const MOST: usize = 64;

/// The programs that one host has started and that still live.
#[derive(Clone, Default)]
pub(super) struct Processes {
    started: Arc<Mutex<HashMap<i64, Weak<Child>>>>,
    next: Arc<AtomicI64>,
}

/// Calls a function of the module. Dropping `exec` kills its program.
pub(super) fn call(
    processes: &Processes,
    place: &CallPlace<'_>,
    environment: &[(String, String)],
    arguments: Arguments,
) -> HostCall {
    let processes = processes.clone();
    let guests = place.guests().clone();
    let environment = environment.to_vec();
    Box::pin(async move {
        let done = async {
            match arguments.id() {
                "process.exec" => exec(command(&arguments, &environment)?, &arguments).await,
                "process.spawn" => {
                    let command = command(&arguments, &environment)?;
                    let child = Arc::new(Child::start(command).map_err(failed)?);
                    if !guests.take(child.clone(), MOST) {
                        child.kill();
                        return Err(failure(
                            "Other",
                            &format!("more than {MOST} programs at once"),
                        ));
                    }
                    Ok(processes.add(&child))
                }
                "process.kill" => {
                    let child = processes.find(&arguments)?;
                    Ok(Datum::Bool(child.is_some_and(|child| child.kill())))
                }
                _ => match processes.find(&arguments)? {
                    Some(child) => child.wait().await.map_err(failed),
                    None => Err(failure("Other", "the program ended with what started it")),
                },
            }
        };
        done.await.unwrap_or_else(|failure| failure)
    })
}

impl Processes {
    fn add(&self, child: &Arc<Child>) -> Datum {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        started.retain(|_, child| child.strong_count() > 0);
        started.insert(id, Arc::downgrade(child));
        let pid = child.pid().map_or(Datum::None, |pid| Datum::Int(pid.into()));
        Datum::record("ProcessHandle", [("id", Datum::Int(id)), ("pid", pid)])
    }

    /// The program of a handle; nothing if it ended with its run or branch.
    fn find(&self, arguments: &Arguments) -> Result<Option<Arc<Child>>, Datum> {
        let Some(Datum::Int(id)) = arguments.get(0).get("id") else {
            return Err(arguments.wrong(0, "what `process.spawn` gave"));
        };
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(started.get(id).and_then(Weak::upgrade))
    }
}

/// A program that is not started yet. It has no input, a process group of its own, and is killed when it is given up.
fn command(arguments: &Arguments, environment: &[(String, String)]) -> Result<Command, Datum> {
    let name = arguments.text(0)?;
    if name.is_empty() {
        return Err(arguments.wrong(0, "the name of a program"));
    }
    let mut command = Command::new(name);
    command.args(arguments.texts(1)?);
    if let Some(folder) = arguments.optional_text(2)? {
        command.current_dir(folder);
    }
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    match arguments.get(3) {
        Datum::None => {}
        Datum::Record(variables) => {
            for (name, value) in &variables.fields {
                let value = value.as_text().ok_or_else(|| arguments.wrong(3, "a map of texts"))?;
                command.env(&**name, value);
            }
        }
        _ => return Err(arguments.wrong(3, "a map of texts")),
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    Ok(command)
}

async fn exec(command: Command, arguments: &Arguments) -> Result<Datum, Datum> {
    let time = arguments.optional_time(4)?.map(Duration::from_millis);
    let child = Child::start(command).map_err(failed)?;
    let late = async {
        match time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        ended = child.wait() => ended.map_err(failed),
        () = late => {
            child.kill();
            // It is gone when this has returned, and not only told to go.
            child.wait().await.ok();
            Err(failure("TimeoutError", &format!("ran longer than {:?}", time.unwrap_or_default())))
        }
    }
}

fn failed(error: io::Error) -> Datum {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => "NotFound",
        io::ErrorKind::PermissionDenied => "PermissionDenied",
        io::ErrorKind::FileTooLarge => "TooLarge",
        _ => "Other",
    };
    failure(kind, &error.to_string())
}

fn failure(kind: &str, message: &str) -> Datum {
    Datum::record(&format!("ProcessError::{kind}"), [("message", Datum::text(message))])
}
