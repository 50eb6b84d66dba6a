//! `rejoin fmt`: gives files the one layout.

use rejoin_lang::diagnostic::render_text;
use rejoin_lang::source::Sources;
use rejoin_lang::{cov, wp};
use rejoin_server::{is_cov, read_source};

use crate::args::Fmt;
use crate::exit::Failure;
use crate::output;

/// A file that cannot be read or has errors is left alone and makes the command fail; the others are done all the same.
pub(crate) fn fmt(args: &Fmt) -> Result<(), Failure> {
    let mut sound = true;
    for path in &args.files {
        let source = match read_source(path) {
            Ok(source) => source,
            Err(error) => {
                output::error(&format!("error: {error}\n"));
                sound = false;
                continue;
            }
        };
        let layout = if is_cov(path) { cov::format } else { wp::format };
        let formatted = match layout(&source) {
            Ok(formatted) => formatted,
            Err(problems) => {
                let sources = Sources::single(source);
                output::error(&render_text(&sources, &problems, output::colour_on_stderr()));
                sound = false;
                continue;
            }
        };
        if formatted == *source.text {
            continue;
        }
        if args.check {
            output::result(&format!("{}\n", path.display()));
            sound = false;
        } else if let Err(error) = std::fs::write(path, formatted) {
            output::error(&format!("error: cannot write {}: {error}\n", path.display()));
            sound = false;
        }
    }
    if sound { Ok(()) } else { Err(Failure::reported()) }
}
