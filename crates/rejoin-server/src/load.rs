//! From a file to a program: read, parse, lower, check, build.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use rejoin_engine::{Program, Registry, scripts_directory, unset_variables};
use rejoin_lang::cov;
use rejoin_lang::diagnostic::{Code, Diagnostic, Severity, has_errors, render_json, render_text};
use rejoin_lang::plan::{Block, Plan, Trigger};
use rejoin_lang::source::{Source, Sources, Span};

use crate::config::{ConfigError, ServerConfig};
use crate::functions;
use crate::log::{Log, LogFormat};
use crate::refused;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// A program that can be served.
#[derive(Debug)]
pub struct Loaded {
    /// The program.
    pub program: Program,
    /// Warnings and notes about it.
    pub report: Report,
    /// What is wrong in tests, each by its index: they cannot be run, while the others can. Only for
    /// [`load_for_tests`]; elsewhere a program with such tests is refused.
    pub faulty_tests: BTreeMap<usize, Vec<Diagnostic>>,
}

/// What was found in a file, ready to be shown.
#[derive(Clone, Debug, Default)]
pub struct Report {
    sources: Sources,
    files: Vec<PathBuf>,
    /// Where the scripts of the program are, if it came so far.
    scripts: Option<PathBuf>,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// The program and what it imports, also what could not be read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// The directory whose scripts the program was built with, which need not be there.
    pub(crate) fn scripts(&self) -> Option<&Path> {
        self.scripts.as_deref()
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// Whether there is something that keeps the program from running.
    pub fn has_errors(&self) -> bool {
        has_errors(&self.diagnostics)
    }

    /// How many problems keep the program from running.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// Whether a text has an error, such as one that stands between backticks.
    pub fn has_error_in(&self, text: Span) -> bool {
        refused::has_error_in(&self.diagnostics, text)
    }

    /// How many problems may be none.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    /// Adds what was found by other means.
    pub fn add(&mut self, problems: Vec<Diagnostic>) {
        self.diagnostics.extend(problems);
    }

    /// Leaves out what is not to be shown.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.diagnostics.retain(keep);
    }

    fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|d| d.severity() == severity).count()
    }

    /// Drawn with the lines of the source, for people.
    pub fn to_text(&self, colour: bool) -> String {
        if self.is_empty() {
            String::new()
        } else {
            render_text(&self.sources, &self.diagnostics, colour)
        }
    }

    /// Writes it to a log in the log's own format.
    pub fn log_to(&self, log: &Log) {
        match log.format() {
            LogFormat::Text => log.raw(&self.to_text(false)),
            LogFormat::Json => log.raw(&self.to_json()),
        }
    }

    /// One JSON object a line.
    pub fn to_json(&self) -> String {
        if self.is_empty() { String::new() } else { render_json(&self.sources, &self.diagnostics) }
    }
}

/// Why a file is no program.
#[derive(Debug)]
pub enum LoadError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file has errors.
    Faulty(Report),
    /// What the file sets about the server makes no sense.
    Config {
        /// The file.
        path: PathBuf,
        /// Which setting, and what it must be.
        error: ConfigError,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } if error.kind() == io::ErrorKind::NotFound => {
                write!(f, "there is no file `{}`", path.display())
            }
            Self::Unreadable { path, error } => {
                write!(f, "cannot read `{}`: {error}", path.display())
            }
            Self::Faulty(report) => f.write_str(report.to_text(false).trim_end()),
            Self::Config { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { error, .. } => Some(error),
            Self::Faulty(_) => None,
            Self::Config { error, .. } => Some(error),
        }
    }
}

/// Loads a program. `env` looks up the variables of its configuration. A `.cov` file is one with a route for each function.
///
/// # Errors
/// If the file cannot be read, or has errors: all of them are in the report.
pub fn load(
    path: &Path,
    registry: &Registry,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, LoadError> {
    let (plan, mut report) = checked(path, registry)?;
    report.diagnostics.extend(unset_variables(&plan, env));
    built(path, &plan, report, registry, env)
}

/// Loads a program for its tests, which mock what the variables of a server are for: nothing is said of those that are
/// not set.
///
/// # Errors
/// As [`load`].
pub fn load_for_tests(
    path: &Path,
    registry: &Registry,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, LoadError> {
    let (mut plan, mut report) = plan_with_errors(path, registry)?;
    let faulty_tests = take_out_faulty_tests(&mut plan, &mut report);
    if report.has_errors() {
        // All that is wrong is told at once.
        report.diagnostics.extend(faulty_tests.into_values().flatten());
        report.diagnostics.sort_by_key(|problem| (problem.span.source, problem.span.start));
        return Err(LoadError::Faulty(report));
    }
    let loaded = built(path, &plan, report, registry, env)?;
    Ok(Loaded { faulty_tests, ..loaded })
}

/// Takes the errors that lie in one test out of the report. What such a test would start does nothing.
fn take_out_faulty_tests(plan: &mut Plan, report: &mut Report) -> BTreeMap<usize, Vec<Diagnostic>> {
    let mut faulty: BTreeMap<usize, Vec<Diagnostic>> = BTreeMap::new();
    for problem in std::mem::take(&mut report.diagnostics) {
        let test = plan.tests.iter().position(|test| refused::is_in(problem.span, test.whole));
        match test {
            // Behind a quote that is never closed there may be more tests, which nobody sees.
            Some(test)
                if problem.severity() == Severity::Error && problem.code != Code::UNCLOSED_TEXT =>
            {
                faulty.entry(test).or_default().push(problem);
            }
            _ => report.diagnostics.push(problem),
        }
    }
    for test in faulty.keys() {
        if let Trigger::Pipeline(id) = plan.tests[*test].trigger
            && let Some(pipeline) = plan.pipelines.get_mut(id.0 as usize)
            && refused::is_in(pipeline.name_span, plan.tests[*test].whole)
        {
            pipeline.block = Block::default();
        }
    }
    faulty
}

fn built(
    path: &Path,
    plan: &Plan,
    mut report: Report,
    registry: &Registry,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, LoadError> {
    report.scripts = Some(scripts_directory(plan, env));
    match Program::build(plan, registry, env) {
        Ok(program) => match ServerConfig::from_settings(program.settings()) {
            Ok(_) => Ok(Loaded { program, report, faulty_tests: BTreeMap::new() }),
            Err(error) => Err(LoadError::Config { path: path.to_owned(), error }),
        },
        Err(more) => {
            report.diagnostics.extend(more);
            Err(LoadError::Faulty(report))
        }
    }
}

/// The plan of a file without errors, for whoever wants to look at it.
///
/// # Errors
/// If the file cannot be read, or has errors: all of them are in the report.
pub fn plan(path: &Path, registry: &Registry) -> Result<Plan, LoadError> {
    checked(path, registry).map(|(plan, _)| plan)
}

fn checked(path: &Path, registry: &Registry) -> Result<(Plan, Report), LoadError> {
    let (plan, report) = plan_with_errors(path, registry)?;
    if report.has_errors() {
        return Err(LoadError::Faulty(report));
    }
    Ok((plan, report))
}

/// The plan of a file, whatever is wrong with it, and what that is.
///
/// # Errors
/// If the file cannot be read.
pub fn plan_with_errors(path: &Path, registry: &Registry) -> Result<(Plan, Report), LoadError> {
    let main = read_source(path)?;
    let main = match is_cov(path) {
        false => main,
        true => {
            let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            let routes = functions::routes(&main, &name, registry);
            Source::generated(format!("{} (its routes)", main.name), routes)
        }
    };
    let files = RefCell::new(vec![path.to_owned()]);
    let read = |from: &str, path: &str| {
        let file = imported(from, path);
        files.borrow_mut().push(file.clone());
        read_source(&file).map_err(|error| match &error {
            LoadError::Unreadable { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                format!("there is no file `{}`", file.display())
            }
            LoadError::Unreadable { error, .. } => error.to_string(),
            other => other.to_string(),
        })
    };
    let checked = rejoin_lang::load_with(main, registry, &read);
    let report = Report {
        sources: checked.plan.sources.clone(),
        files: files.take(),
        scripts: None,
        diagnostics: checked.diagnostics,
    };
    Ok((checked.plan, report))
}

/// Checks a file. Whether the variables of its configuration are set is a matter of the machine that serves it:
/// a missing one is no problem here.
///
/// # Errors
/// If the file cannot be read, or what it sets about the server makes no sense. What else is wrong inside is in
/// the report.
pub fn check(
    path: &Path,
    registry: &Registry,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Report, LoadError> {
    if is_cov(path) {
        let (functions, diagnostics) = cov::load(read_source(path)?);
        let files = vec![path.to_owned()];
        return Ok(Report { sources: functions.sources, files, scripts: None, diagnostics });
    }
    let (plan, report) = plan_with_errors(path, registry)?;
    if !refused::knows_its_sql(&plan, env) {
        return Ok(report);
    }
    let mut report = match report.has_errors() {
        true => report,
        false => match built(path, &plan, report, registry, env) {
            Ok(Loaded { report, .. }) => return Ok(report),
            Err(LoadError::Faulty(report)) => report,
            Err(error) => return Err(error),
        },
    };
    let more = refused::texts(&plan, &report.diagnostics, registry, env);
    report.diagnostics.extend(more);
    Ok(report)
}

/// Whether a file is written in the syntax of `.cov`, by its name.
pub fn is_cov(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "cov")
}

/// The file that `from` imports as `path`. Of the same file it is the same, as far as the paths tell.
fn imported(from: &str, path: &str) -> PathBuf {
    let directory = Path::new(from).parent().unwrap_or(Path::new(""));
    let mut file = PathBuf::new();
    for part in directory.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(file.components().next_back(), Some(Component::Normal(_))) =>
            {
                file.pop();
            }
            part => file.push(part),
        }
    }
    file
}

/// Reads the text of a program, in at most 16 MiB.
///
/// # Errors
/// If there is no such file, it cannot be read, is too large or is not UTF-8 text.
pub fn read_source(path: &Path) -> Result<Source, LoadError> {
    let unreadable = |error| LoadError::Unreadable { path: path.to_owned(), error };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        let text = format!("it is larger than {} MiB", LARGEST >> 20);
        return Err(unreadable(io::Error::new(io::ErrorKind::FileTooLarge, text)));
    }
    let text = String::from_utf8(text).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
        let text = format!("it is not UTF-8 text (line {line})");
        unreadable(io::Error::new(io::ErrorKind::InvalidData, text))
    })?;
    // `./app.wp` and `app.wp` are one file, also where it is imported.
    let name = path.strip_prefix(".").unwrap_or(path);
    Ok(Source::new(name.display().to_string(), text))
}
