//! The functions with which scripts reach out of their interpreter.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use rejoin_value::Value;
use rquickjs::{Ctx, Exception, Function, Object};

use super::exchange::{self, Outgoing};
use super::scripts::{self, Loaded};
use crate::script::{Limiter, Limits, ScriptError, SqlEnd, Surroundings};

/// So many lines one call may print.
const PRINTS: u32 = 1000;
/// A printed line is cut here.
const LONGEST_LINE: usize = 8 * 1024;

/// The call under way in an interpreter.
#[derive(Default)]
pub(super) struct Call {
    pub(super) limiter: Limiter,
    surroundings: RefCell<Option<Box<dyn Surroundings>>>,
    prints_left: Cell<u32>,
    /// Scripts as functions, and those that this call uses.
    pub(super) scripts: Loaded,
}

impl Call {
    pub(super) fn begin(&self, surroundings: Option<Box<dyn Surroundings>>, limits: Limits) {
        self.limiter.arm(limits);
        self.prints_left.set(PRINTS);
        *self.surroundings.borrow_mut() = surroundings;
    }

    /// Says which limit the call reached.
    pub(super) fn end(&self) -> Option<ScriptError> {
        self.surroundings.borrow_mut().take();
        self.scripts.end();
        self.limiter.disarm()
    }

    /// Runs a statement; its parameters and its answer are JSON texts.
    fn sql(&self, sql: &str, params: Option<&str>, mark: &str) -> Result<String, String> {
        let params = Outgoing { mark, before: &Value::Null }
            .read(params)
            .map_err(|problem| problem.to_string())?;
        let params = match params {
            Value::Null => Vec::new(),
            Value::Array(params) => params.into_vec(),
            _ => return Err("the parameters of a statement are an array".into()),
        };
        let asked_at = Instant::now();
        let answer = match self.surroundings.borrow().as_deref() {
            Some(around) => around.sql(sql, params),
            None => Err(SqlEnd::Stopped),
        };
        self.limiter.waited(asked_at.elapsed());
        match answer {
            Ok(answer) => Ok(exchange::to_text(&answer, mark)),
            Err(SqlEnd::Refused(message)) => Err(message),
            Err(SqlEnd::Stopped) => Err("the script was stopped".into()),
        }
    }

    fn ask<T: Default>(&self, question: impl FnOnce(&dyn Surroundings) -> T) -> T {
        self.surroundings.borrow().as_deref().map(question).unwrap_or_default()
    }

    fn print(&self, mut line: String) {
        if line.len() > LONGEST_LINE {
            line.truncate(line.floor_char_boundary(LONGEST_LINE));
            line.push('…');
        }
        match self.prints_left.get() {
            0 => return,
            1 => line.push_str(" (this script printed too much; the rest is left out)"),
            _ => {}
        }
        self.prints_left.set(self.prints_left.get() - 1);
        self.ask(|around| around.print(&line));
    }
}

/// What the prelude calls.
pub(super) fn host<'js>(
    ctx: &Ctx<'js>,
    call: &Rc<Call>,
    mark: &str,
) -> rquickjs::Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    let here = call.clone();
    host.set("isOver", Function::new(ctx.clone(), move || here.limiter.look().is_err())?)?;
    let here = call.clone();
    let flag = move |name: String| here.ask(|around| around.flag(&name));
    host.set("flag", Function::new(ctx.clone(), flag)?)?;
    let here = call.clone();
    let set_flag = move |name: String, on: bool| here.ask(|around| around.set_flag(&name, on));
    host.set("setFlag", Function::new(ctx.clone(), set_flag)?)?;
    let here = call.clone();
    let condition = move |name: String| here.ask(|around| around.condition(&name));
    host.set("condition", Function::new(ctx.clone(), condition)?)?;
    let here = call.clone();
    let set_condition =
        move |name: String, holds: bool| here.ask(|around| around.set_condition(&name, holds));
    host.set("setCondition", Function::new(ctx.clone(), set_condition)?)?;
    let here = call.clone();
    let env = move |name: String| here.ask(|around| around.env(&name));
    host.set("env", Function::new(ctx.clone(), env)?)?;
    let here = call.clone();
    host.set("print", Function::new(ctx.clone(), move |line: String| here.print(line))?)?;
    let (here, mark) = (call.clone(), mark.to_owned());
    let sql = move |ctx: Ctx<'js>, sql: String, params: Option<String>| {
        here.sql(&sql, params.as_deref(), &mark)
            .map_err(|message| Exception::throw_message(&ctx, &message))
    };
    host.set("sql", Function::new(ctx.clone(), sql)?)?;
    let here = call.clone();
    let require = move |ctx: Ctx<'js>, name: String| scripts::require(&ctx, &here, &name);
    host.set("require", Function::new(ctx.clone(), require)?)?;
    Ok(host)
}
