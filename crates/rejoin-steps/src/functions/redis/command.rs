//! From a call to a command of the protocol.

use redis::Cmd;
use rejoin_engine::Datum;

use super::super::arguments::Arguments;

/// What an answer is to become, and whether the command changes nothing.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) to: To,
    pub(super) reads: bool,
}

#[derive(Clone, Copy)]
pub(super) enum To {
    /// The value as it is.
    Value,
    /// A count: whether it is more than none.
    Bool,
    /// Nothing.
    Unit,
    /// Fields and their values.
    Map,
    /// Milliseconds, or that there is no end.
    Time,
}

pub(super) fn of(arguments: &Arguments) -> Result<(Cmd, Shape), Datum> {
    let name = arguments.id().rsplit('.').next().unwrap_or_default();
    let mut command = match name {
        "expire" => redis::cmd("PEXPIRE"),
        "ttl" => redis::cmd("PTTL"),
        "incr" => redis::cmd("INCRBY"),
        name => redis::cmd(&name.to_ascii_uppercase()),
    };
    if name == "mget" {
        let keys = arguments.texts(0)?;
        if keys.is_empty() {
            return Err(arguments.wrong(0, "a list with a key in it"));
        }
        command.arg(keys);
    } else {
        command.arg(arguments.text(0)?);
    }
    let (to, reads) = match name {
        "get" | "smembers" | "mget" => (To::Value, true),
        "set" => {
            command.arg(value(arguments, 1)?);
            if let Some(ttl) = arguments.optional_time(2)? {
                command.arg("PX").arg(ttl);
            }
            (To::Unit, false)
        }
        "del" => (To::Bool, false),
        "exists" => (To::Bool, true),
        "incr" => {
            command.arg(arguments.optional_int(1)?.unwrap_or(1));
            (To::Value, false)
        }
        "expire" => {
            command.arg(arguments.int(1)?);
            (To::Bool, false)
        }
        "ttl" => (To::Time, true),
        "hget" => {
            command.arg(arguments.text(1)?);
            (To::Value, true)
        }
        "hset" => {
            command.arg(arguments.text(1)?).arg(value(arguments, 2)?);
            (To::Unit, false)
        }
        "hdel" => {
            command.arg(arguments.text(1)?);
            (To::Bool, false)
        }
        "hgetall" => (To::Map, true),
        "lpop" | "rpop" => (To::Value, false),
        "lpush" | "rpush" | "publish" => {
            command.arg(value(arguments, 1)?);
            (To::Value, false)
        }
        "lrange" => {
            command.arg(arguments.int(1)?).arg(arguments.int(2)?);
            (To::Value, true)
        }
        "sismember" => {
            command.arg(value(arguments, 1)?);
            (To::Bool, true)
        }
        _ => {
            command.arg(value(arguments, 1)?);
            (To::Bool, false)
        }
    };
    Ok((command, Shape { to, reads }))
}

/// What is stored for a value: texts and bytes as they are, others as JSON.
pub(super) fn value(arguments: &Arguments, at: usize) -> Result<Vec<u8>, Datum> {
    match arguments.get(at) {
        Datum::None => Err(arguments.wrong(at, "a value")),
        value => Ok(match value.as_bytes() {
            Some(bytes) => bytes.to_vec(),
            None => value.to_json().to_json().into_bytes(),
        }),
    }
}
