//! Keys and values in memory, where there is no server: they end with the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rejoin_engine::Datum;
use tokio::time::Instant;

use super::super::arguments::Arguments;
use super::{VARIABLE, command, refused};

/// What it holds at most: keys and values, in bytes.
const LARGEST: usize = 64 << 20;

#[derive(Default)]
pub(super) struct Memory(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    values: HashMap<Arc<str>, Stored>,
    size: usize,
}

/// A value, and when it ends.
type Stored = (Arc<[u8]>, Option<Instant>);

impl Memory {
    pub(super) fn call(&self, arguments: &Arguments) -> Result<Datum, Datum> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = || arguments.text(0);
        let later = |ms: u64| Instant::now().checked_add(Duration::from_millis(ms));
        Ok(match arguments.id() {
            "redis.get" => kept.get(key()?),
            "redis.mget" => {
                let keys = arguments.texts(0)?;
                Datum::List(keys.into_iter().map(|key| kept.get(key)).collect())
            }
            "redis.set" => {
                let ends = arguments.optional_time(2)?.and_then(later);
                kept.set(key()?, command::value(arguments, 1)?.into(), ends)?;
                Datum::None
            }
            "redis.del" => Datum::Bool(kept.remove(key()?)),
            "redis.exists" => Datum::Bool(kept.live(key()?).is_some()),
            "redis.incr" => {
                let by = arguments.optional_int(1)?.unwrap_or(1);
                let (old, ends) = kept.live(key()?).unwrap_or_else(|| ((*b"0").into(), None));
                let old = std::str::from_utf8(&old).ok().and_then(|old| old.parse::<i64>().ok());
                let new = old.and_then(|old| old.checked_add(by));
                let new =
                    new.ok_or_else(|| refused("the value is no whole number, or too large"))?;
                kept.set(key()?, new.to_string().into_bytes().into(), ends)?;
                Datum::Int(new)
            }
            "redis.expire" => match kept.live(key()?) {
                None => Datum::Bool(false),
                Some((value, _)) => {
                    match arguments.int(1)? {
                        ms @ 1.. => kept.set(key()?, value, later(ms.unsigned_abs()))?,
                        _ => _ = kept.remove(key()?),
                    }
                    Datum::Bool(true)
                }
            },
            "redis.ttl" => match kept.live(key()?) {
                Some((_, Some(ends))) => {
                    let left = ends.duration_since(Instant::now()).as_millis();
                    Datum::Int(i64::try_from(left).unwrap_or(i64::MAX))
                }
                _ => Datum::None,
            },
            other => {
                let message = format!("`{other}` needs a server: set `{VARIABLE}` to its address");
                return Err(refused(&message));
            }
        })
    }
}

impl Kept {
    fn live(&mut self, key: &str) -> Option<Stored> {
        let (value, ends) = self.values.get(key)?.clone();
        if ends.is_some_and(|ends| ends <= Instant::now()) {
            self.remove(key);
            return None;
        }
        Some((value, ends))
    }

    fn get(&mut self, key: &str) -> Datum {
        match self.live(key) {
            None => Datum::None,
            Some((value, _)) => match std::str::from_utf8(&value) {
                Ok(text) => Datum::text(text),
                Err(_) => Datum::bytes(value),
            },
        }
    }

    fn set(&mut self, key: &str, value: Arc<[u8]>, ends: Option<Instant>) -> Result<(), Datum> {
        self.remove(key);
        let more = key.len() + value.len();
        if self.size + more > LARGEST {
            let now = Instant::now();
            self.values.retain(|_, (_, ends)| ends.is_none_or(|ends| ends > now));
            self.size = self.values.iter().map(|(key, (value, _))| key.len() + value.len()).sum();
        }
        if self.size + more > LARGEST {
            let message =
                format!("more than {LARGEST} bytes in memory: set `{VARIABLE}` to a server");
            return Err(refused(&message));
        }
        self.size += more;
        self.values.insert(key.into(), (value, ends));
        Ok(())
    }

    fn remove(&mut self, key: &str) -> bool {
        let Some((value, _)) = self.values.remove(key) else { return false };
        self.size -= key.len() + value.len();
        true
    }
}
