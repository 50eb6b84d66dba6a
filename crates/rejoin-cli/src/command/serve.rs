//! `rejoin serve`: a program behind HTTP until it is told to stop.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rejoin::{OnError, Scope};
use rejoin_engine::{Level, Program};
use rejoin_server::{
    LoadError, Loaded, Log, Reloader, Report, Server, ServerConfig, Service, load, service,
};
use rejoin_steps::sql_check;

use crate::args::Serve;
use crate::command::{app, load_or_report, migrate, open_log, schema_in_memory};
use crate::environment::{Environment, FILES};
use crate::exit::Failure;
use crate::output;

const HOST: &str = "127.0.0.1";
const PORT: u16 = 7770;

pub(crate) async fn serve(args: Serve) -> Result<(), Failure> {
    let environment = Environment::beside(&args.file)?;
    let Loaded { program, report, .. } = load_or_report(&args.file, &environment)?;
    // What is wrong before it serves is drawn for people; from here on stderr is the log.
    let log = open_log()?;
    report.log_to(&log);
    let (host, port) = address(&args, &program, &environment)?;
    let served = Scope::builder().name("server").on_error(OnError::IgnoreErrors);
    let served = served.run(|scope: Scope| async move {
        Ok(serve_program(args, (program, report), environment, (&host, port), log, scope).await)
    });
    served.await.map_err(|error| Failure::new(error.to_string()))?
}

async fn serve_program(
    args: Serve,
    (program, report): (Program, Report),
    environment: Environment,
    (host, port): (&str, u16),
    log: Log,
    scope: Scope,
) -> Result<(), Failure> {
    let schema = schema_in_memory(&args.file, &program)?;
    if let Some(problem) = migrate::pending(&args.file, &program, &environment).await {
        log.say(Level::Warn, &problem);
    }
    let settings = program.settings().clone();
    let app = app(program, &schema, &environment, &log, scope);
    let service = service(app, log.clone()).map_err(|error| Failure::new(error.to_string()))?;
    service.serve_files(public(&args, &environment));
    let server = Server::bind(host, port, service.clone())
        .await
        .map_err(|error| cannot_listen(host, port, &error))?;
    let reloader = match args.watch {
        false => None,
        true => Some(watch(&args, service, &report).map_err(|error| {
            Failure::new(format!("cannot watch `{}`: {error}", args.file.display()))
        })?),
    };
    let signals = server
        .stopper()
        .on_signals()
        .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
    let reloads = async {
        match reloader {
            None => std::future::pending().await,
            Some(reloader) => reloader.run(move || reload(&args, &environment)).await,
        }
    };
    // Who serves need not wait for this: a database may come later than the server.
    let databases = async {
        for problem in sql_check::unreachable(&settings).await {
            log.say(Level::Warn, &problem);
        }
        std::future::pending().await
    };
    output::result(&format!("listening on http://{}\n", server.local_addr()));
    // The server ends when it is told to; the others go on for as long as it runs.
    tokio::select! {
        _ = server.run() => {}
        () = signals => {}
        () = reloads => {}
        () = databases => {}
    }
    log.flush();
    Ok(())
}

/// Where files for browsers are: `public` beside the program, or where `WEBPIPE_PUBLIC_DIR` says.
fn public(args: &Serve, environment: &Environment) -> PathBuf {
    match environment.get("WEBPIPE_PUBLIC_DIR") {
        Some(directory) if !directory.is_empty() => directory.into(),
        _ => args.file.parent().unwrap_or(Path::new("")).join("public"),
    }
}

fn watch(args: &Serve, service: Service, report: &Report) -> io::Result<Reloader> {
    let mut reloader = Reloader::new(args.file.clone(), &FILES, service)?;
    reloader.also(report)?;
    Ok(reloader)
}

/// Loads the program again. Variables that scripts look up stay as they were when the server started.
fn reload(args: &Serve, before: &Environment) -> Result<Loaded, LoadError> {
    // Whoever writes a file empties it first: one without a text is still being written.
    if fs::metadata(&args.file).is_ok_and(|file| file.len() == 0) {
        let error = io::Error::new(io::ErrorKind::UnexpectedEof, "it is empty");
        return Err(LoadError::Unreadable { path: args.file.clone(), error });
    }
    // A faulty `.env` must not stop a reload; the variables from before then stand.
    let environment = Environment::beside(&args.file).unwrap_or_else(|_| before.clone());
    load(&args.file, &rejoin_steps::registry(), &|name| environment.get(name))
}

/// A flag beats `config server`, which beats the environment.
fn address(
    args: &Serve,
    program: &Program,
    environment: &Environment,
) -> Result<(String, u16), Failure> {
    let config = ServerConfig::from_settings(program.settings())
        .map_err(|error| Failure::new(error.to_string()))?;
    let host = args.host.clone().or(config.host).or_else(|| environment.get("HOST"));
    let named = environment.get("PORT").filter(|text| !text.trim().is_empty());
    let port = match (args.port.or(config.port), named) {
        (Some(port), _) => port,
        (None, Some(text)) => text.trim().parse().map_err(|_| {
            Failure::new(format!("the environment variable PORT must be a port, not `{text}`"))
        })?,
        (None, None) => PORT,
    };
    Ok((host.filter(|host| !host.is_empty()).unwrap_or_else(|| HOST.to_owned()), port))
}

fn cannot_listen(host: &str, port: u16, error: &io::Error) -> Failure {
    Failure::new(match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "port {port} on {host} is in use: stop what listens there, or choose another with \
             --port (0 picks a free one)"
        ),
        io::ErrorKind::PermissionDenied => {
            format!("port {port} on {host} is not allowed: choose one above 1023 with --port")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{host} is no address of this machine: choose one with --host")
        }
        _ => format!("cannot listen on {host}, port {port}: {error}"),
    })
}
