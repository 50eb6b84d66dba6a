//! The module `redis`: a Redis or Valkey at the address `REDIS_URL`, or without one keys and values in memory.

mod command;
mod memory;
mod reply;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use rejoin_engine::{Datum, HostCall, db_error};

use super::arguments::Arguments;
use memory::Memory;

/// The variable of the environment with its address.
pub(super) const VARIABLE: &str = "REDIS_URL";

/// How long opening a connection may take, and how long a command may.
const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(10);

/// So many addresses are kept at most; a program has one.
const MOST: usize = 64;

/// The servers that programs of a host use. Each has one connection, on which commands of all calls follow each other.
#[derive(Default)]
pub(super) struct Redis {
    known: Mutex<HashMap<String, ConnectionManager>>,
    memory: Memory,
}

impl Redis {
    fn connection(&self, address: &str) -> Result<ConnectionManager, Datum> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = known.get(address) {
            return Ok(connection.clone());
        }
        // The text may hold a password, so it is not shown.
        let client = redis::Client::open(address).map_err(|_| {
            let message =
                format!("`{VARIABLE}` is no address such as `redis://user:password@host:6379/0`");
            refused(&message)
        })?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER))
            .set_min_delay(Duration::from_millis(20))
            .set_number_of_retries(2);
        let connection = ConnectionManager::new_lazy_with_config(client, config)
            .map_err(|error| failure(&error))?;
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(address.to_owned(), connection.clone());
        Ok(connection)
    }
}

/// Calls a function of the module. A call that is dropped may have been carried out; its answer goes to nobody else.
pub(super) fn call(redis: &Arc<Redis>, address: Option<String>, arguments: Arguments) -> HostCall {
    let redis = redis.clone();
    Box::pin(async move {
        let Some(address) = address else {
            return redis.memory.call(&arguments).unwrap_or_else(|failure| failure);
        };
        let done = async {
            let (command, shape) = command::of(&arguments)?;
            let mut connection = redis.connection(&address)?;
            let mut answer = connection.send_packed_command(&command).await;
            // What only reads is asked again when its connection was gone: the manager has a new one by then.
            if let (Err(error), true) = (&answer, shape.reads)
                && error.is_unrecoverable_error()
            {
                answer = connection.send_packed_command(&command).await;
            }
            reply::value(shape, answer.map_err(|error| failure(&error))?)
        };
        done.await.unwrap_or_else(|failure| failure)
    })
}

fn failure(error: &redis::RedisError) -> Datum {
    match error.is_timeout() {
        true => refused("the Redis server does not answer in time"),
        false => refused(&format!("Redis: {error}")),
    }
}

fn refused(message: &str) -> Datum {
    db_error("E-QUERY-012", None, message)
}
