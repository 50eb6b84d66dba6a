//! `rejoin explain`: what a program does, how a step is used, or what a diagnostic means.

use rejoin_engine::Registry;
use rejoin_lang::diagnostic::nearest;
use rejoin_lang::explain::{self, Explained};
use rejoin_lang::step_page::step_page;
use rejoin_server::{LoadError, is_cov, status_of_error};

use crate::args::{Explain, ExplainFormat};
use crate::command::load_functions;
use crate::exit::{Failure, USAGE};
use crate::output;

/// The page of each diagnostic, by its code.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

pub(crate) fn explain(args: &Explain) -> Result<(), Failure> {
    if let Some(code) = args.what.to_str().filter(|text| is_code(text)) {
        text_only(args, "a diagnostic")?;
        return page(&code.to_ascii_uppercase());
    }
    if is_cov(&args.what) {
        return of_functions(args);
    }
    let registry = rejoin_steps::registry();
    if args.what.extension().is_none() && !args.what.exists() {
        text_only(args, "a step")?;
        return of_step(&args.what.to_string_lossy(), &registry);
    }
    let plan = rejoin_server::plan(&args.what, &registry).map_err(|error| match error {
        LoadError::Faulty(report) => {
            output::error(&report.to_text(output::colour_on_stderr()));
            Failure::reported()
        }
        error => Failure::new(error.to_string()),
    })?;
    let subject = match &args.target {
        None => None,
        Some(target) => Some(explain::find(&plan, target).ok_or_else(|| {
            Failure::new(format!(
                "`{}` has neither a route nor a pipeline `{target}`: name one, such as \"GET /path\"",
                args.what.display()
            ))
        })?),
    };
    if args.suggest {
        let found = explain::suggest(&plan, &registry, subject);
        output::result(&explain::suggestions_as_text(&found));
        return Ok(());
    }
    show(&explain::explain(&plan, &registry, subject), args.format);
    Ok(())
}

/// What has one page has nothing that could be chosen.
fn text_only(args: &Explain, what: &str) -> Result<(), Failure> {
    let extra = match (&args.target, args.suggest, args.format) {
        (Some(target), ..) => format!("target such as `{target}`"),
        (None, true, _) => "`--suggest`".to_owned(),
        (None, false, ExplainFormat::Text) => return Ok(()),
        (None, false, _) => "`--format` but text".to_owned(),
    };
    let name = args.what.display();
    let message =
        format!("`{name}` is {what}, whose page takes no {extra}: those are for programs");
    Err(Failure::new(message).code(USAGE))
}

fn of_step(name: &str, registry: &Registry) -> Result<(), Failure> {
    let Some(step) = registry.get(name) else {
        let steps: Vec<&str> = registry.iter().map(|step| step.spec().name).collect();
        let meant = match nearest(name, steps.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", steps.join(", ")),
        };
        return Err(Failure::new(format!(
            "there is no file `{name}`, and no step is called so: {meant}"
        )));
    };
    output::result(&step_page(step.spec(), |kind| status_of_error(kind).as_u16()));
    Ok(())
}

/// The same for a file of functions.
fn of_functions(args: &Explain) -> Result<(), Failure> {
    let functions = load_functions(&args.what)?;
    let subject = match &args.target {
        None => None,
        Some(target) => Some(functions.find(target.trim()).ok_or_else(|| {
            let all = functions.functions.iter().filter(|function| function.body.is_some());
            let all: Vec<&str> = all.map(|function| &*function.id).collect();
            let (file, all) = (args.what.display(), all.join(", "));
            Failure::new(format!("`{file}` has no function `{target}`: it has {all}"))
        })?),
    };
    if args.suggest {
        let found = explain::suggest_functions(&functions, &rejoin_steps::registry(), subject);
        output::result(&explain::suggestions_as_text(&found));
    } else {
        show(&explain::explain_functions(&functions, subject), args.format);
    }
    Ok(())
}

fn show(explained: &Explained, format: ExplainFormat) {
    output::result(&match format {
        ExplainFormat::Text => explained.to_text(),
        ExplainFormat::Mermaid => explained.to_mermaid(),
        ExplainFormat::Json => explained.to_json(),
    });
}

/// A letter and four digits, as `E0101`; no program is called so.
fn is_code(text: &str) -> bool {
    let (letter, digits) = text.split_at_checked(1).unwrap_or_default();
    matches!(letter, "E" | "W" | "N" | "e" | "w" | "n")
        && digits.len() == 4
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn page(code: &str) -> Result<(), Failure> {
    match PAGES.iter().find(|(known, _)| *known == code) {
        Some((_, page)) => {
            output::result(page);
            Ok(())
        }
        None => Err(Failure::new(format!("no diagnostic has the code {code}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_pages() {
        assert!(PAGES.len() > 50);
        for (code, page) in PAGES {
            assert!(is_code(code), "{code}");
            assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        }
        assert!(!is_code("app.wp") && !is_code("E01") && !is_code("éa") && !is_code(""));
    }
}
