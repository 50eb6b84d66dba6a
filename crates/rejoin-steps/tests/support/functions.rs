//! Runs functions of `.cov` programs with the real host.

use std::sync::Arc;

use rejoin::Scope;
use rejoin_engine::FunctionProgram;
use rejoin_lang::cov;
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::source::Source;
use rejoin_steps::functions::Host;

/// What `main` comes to, with this environment, as JSON.
pub async fn value(steps: &str, environment: &[(&str, String)]) -> String {
    let (functions, problems) = cov::load(Source::new("t.cov", steps));
    assert!(!has_errors(&problems), "{}", render_text(&functions.sources, &problems, false));
    let environment: Vec<(String, String)> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let host = Host::new(|_, _| {}).environment(move |name| {
        environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    });
    let program = FunctionProgram::new(functions, Arc::new(host));
    let ran = Scope::builder()
        .name("test")
        .run(|_| async move { Ok::<_, rejoin::TaskError<String>>(program.run("main", &[]).await) });
    ran.await.expect("the scope ends").expect("it is run").to_json().to_json()
}

/// A step that calls a function and binds its value to the step's id.
pub fn call(id: &str, function: &str, arguments: &str) -> String {
    format!("step id=\"{id}\" kind=\"call\" fn=\"{function}\" {arguments} as=\"{id}\" end\n")
}

/// Steps that return a list of these values.
pub fn list(names: &[&str]) -> String {
    let items: String = names.iter().map(|name| format!("item from=\"{name}\" ")).collect();
    format!(
        "step id=\"l\" kind=\"construct\" collection {items} end as=\"all\" end\nstep id=\"r\" kind=\"return\" from=\"all\" as=\"_\" end\n"
    )
}
