//! `rejoin new`: a starter app.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::args::New;
use crate::exit::Failure;
use crate::output;

/// What a starter app consists of.
const FILES: [(&str, &str); 3] = [
    ("app.wp", include_str!("../starter/app.wp")),
    ("README.md", include_str!("../starter/README.md")),
    (".gitignore", include_str!("../starter/gitignore")),
];

pub(crate) fn new(args: &New) -> Result<(), Failure> {
    let directory = &args.directory;
    let cannot = |what: &Path, error: &io::Error| {
        Failure::new(format!("cannot write `{}`: {error}", what.display()))
    };
    fs::create_dir_all(directory).map_err(|error| cannot(directory, &error))?;
    // All or nothing: half a starter beside someone's own files helps nobody.
    if let Some((name, _)) = FILES.iter().find(|(name, _)| directory.join(name).exists()) {
        return Err(Failure::new(format!(
            "`{}` is there already: choose another directory",
            directory.join(name).display()
        )));
    }
    for (name, text) in FILES {
        let path = directory.join(name);
        let written = File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| cannot(&path, &error))?;
    }
    let app = directory.join("app.wp");
    output::result(&format!("wrote {0}\nnext: rejoin serve {0} --watch\n", app.display()));
    Ok(())
}
