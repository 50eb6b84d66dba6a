//! `rejoin run` of a `.cov` file: one function, its value as JSON.

use std::sync::Arc;
use std::time::Duration;

use rejoin::{OnError, Scope};
use rejoin_engine::FunctionProgram;
use rejoin_steps::functions::{Console, Host};

use super::allow;
use super::load_functions;
use super::run::read_input;
use super::signals::Signals;
use crate::args::Run;
use crate::environment::Environment;
use crate::exit::{Failure, USAGE};
use crate::output;

/// How long a function may take, as a request of a server may.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Prints the value; one that is a failure fails the command, too.
pub(crate) async fn run_function(args: &Run) -> Result<(), Failure> {
    if !args.words.is_empty() {
        let text =
            "a function takes no words: give it `--arg NAME=VALUE`, or an object as `--input`";
        return Err(Failure::new(text).code(USAGE));
    }
    if args.input.is_some() && !args.args.is_empty() {
        let text = "a function takes its arguments from `--input` or from `--arg`, not from both";
        return Err(Failure::new(text).code(USAGE));
    }
    let input = args.input.as_deref().map(read_input).transpose()?;
    let functions = load_functions(&args.file)?;
    let grants = allow::grants(&args.allow, &functions)?;
    let environment = Environment::beside(&args.file)?;
    let host = Host::new(|console, text| match console {
        Console::Out => output::result(text),
        Console::Error => output::error(text),
    })
    .environment(move |name| environment.get(name));
    let declared = functions.find(args.target.trim());
    let declared =
        declared.map(|index| functions.functions[index].returns.clone()).unwrap_or_default();
    let program = FunctionProgram::new(functions, Arc::new(host)).granted(grants);
    let (name, given) = (args.target.trim().to_owned(), args.args.clone());
    let mut signals = Signals::listen().map_err(|error| Failure::new(error.to_string()))?;
    let scope = Scope::builder().name("run").on_error(OnError::IgnoreErrors).timeout(TIMEOUT);
    let ran = scope.run(|scope: Scope| async move {
        let running = scope.spawn_value(async move {
            let Some(input) = input else { return program.run(&name, &given).await };
            let index = program.named(&name)?;
            let arguments = program.arguments(index, &input, true);
            program.call(index, arguments.map_err(|error| error.to_string())?).await
        });
        tokio::select! {
            done = running => Ok(done.map_err(|error| Failure::new(error.to_string()))),
            signal = signals.next() => {
                scope.cancel_children(signal.to_string());
                Ok(Err(Failure::new(signal.to_string()).code(signal.exit_code())))
            }
        }
    });
    let value = match ran.await {
        Ok(Ok(Ok(value))) => value,
        Ok(Ok(Err(message))) => return Err(Failure::new(message)),
        Ok(Err(failure)) => return Err(failure),
        Err(error) if error.is_timed_out() => {
            return Err(Failure::new("it took too long: its deadline passed"));
        }
        Err(error) => return Err(Failure::new(error.to_string())),
    };
    output::json(&value.to_json());
    match value.kind().filter(|_| value.is_failure()) {
        Some(kind) => {
            let admits =
                |declared: &Arc<str>| declared.split('|').any(|one| value.is_a(one.trim()));
            // A fault of the program is nothing that a function declares.
            let is_stray =
                kind != "RuntimeError" && !declared.is_empty() && !declared.iter().any(admits);
            let stray = if is_stray { ", which it does not declare (E-RT-ERROR)" } else { "" };
            Err(Failure::new(format!("the function failed with {kind}{stray}")))
        }
        None => Ok(()),
    }
}
