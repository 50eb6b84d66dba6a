//! `--allow`: which effects a run is granted. What would grant nothing, or more than it seems to, is refused.

use rejoin_engine::Grants;
use rejoin_lang::cov;
use rejoin_lang::diagnostic::nearest;
use rejoin_lang::plan::Functions;

use crate::exit::{Failure, USAGE};

/// The word for no effect at all.
const NONE: &str = "none";
/// The one effect that is done in a folder.
const IN_FOLDERS: &str = "filesystem";

/// What the words behind `--allow` grant; everything if there are none.
///
/// # Errors
/// Names the first word that is no effect of the program or of the library.
pub(super) fn grants(allowed: &[String], functions: &Functions) -> Result<Grants, Failure> {
    let wrong = |message: String| Err(Failure::new(message).code(USAGE));
    if allowed.is_empty() {
        return Ok(Grants::default());
    }
    if allowed.len() > 1 && allowed.iter().any(|word| word == NONE) {
        return wrong("`--allow none` allows nothing: leave it out, or the others".to_owned());
    }
    let known = cov::effects(functions);
    for word in allowed.iter().filter(|word| *word != NONE) {
        let (effect, folder) = match word.split_once('=') {
            Some((effect, folder)) => (effect, Some(folder)),
            None => (word.as_str(), None),
        };
        if !known.contains(effect) {
            let meant = match nearest(effect, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if effect.contains(',') => "write `--allow` once for each".to_owned(),
                None => {
                    let all: Vec<&str> = known.iter().copied().collect();
                    format!("there are {}, and `{NONE}` for no effect", all.join(", "))
                }
            };
            return wrong(format!("`--allow {word}`: there is no effect `{effect}`: {meant}"));
        }
        match folder {
            None => {}
            Some("") => {
                return wrong(format!("`--allow {word}`: the folder is missing behind the `=`"));
            }
            Some(_) if effect == IN_FOLDERS => {}
            Some(_) => {
                return wrong(format!(
                    "`--allow {word}`: only `{IN_FOLDERS}` can be limited, to a folder: write `--allow {effect}`"
                ));
            }
        }
    }
    Ok(Grants::only(allowed.iter().map(String::as_str)))
}
