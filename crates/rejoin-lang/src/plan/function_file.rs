//! Functions of imported files, and the names by which steps call them.

use std::sync::Arc;

use super::{Functions, Plan};
use crate::diagnostic::nearest;
use crate::source::SourceId;

/// The functions of an imported file.
#[derive(Clone, Debug)]
pub struct FunctionFile {
    /// The file.
    pub source: SourceId,
    /// What is in it. Its effects and bodies are checked with it.
    pub functions: Arc<Functions>,
}

/// A function that a step names.
#[derive(Clone, Copy, Debug)]
pub struct FunctionName<'p> {
    /// The functions of its file.
    pub functions: &'p Arc<Functions>,
    /// Which of them it is.
    pub index: usize,
}

/// Why a name is none of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFunction {
    /// The file imports no file of functions.
    NoFile,
    /// None has the name; one has a similar one.
    Unknown(Option<Arc<str>>),
    /// Functions of several imported files have it.
    Ambiguous,
    /// The host would have to supply it.
    NoBody,
}

impl Plan {
    /// The function that a step in the file `from` calls `name`: the id of one of an imported file or the only one of that
    /// name in it, and in front of it, if it is written, `alias::` of the import.
    ///
    /// # Errors
    /// Why there is none.
    pub fn function(&self, from: SourceId, name: &str) -> Result<FunctionName<'_>, NoFunction> {
        let (alias, name) = match name.split_once("::") {
            Some((alias, name)) => (Some(alias), name),
            None => (None, name),
        };
        let files: Vec<&FunctionFile> = self
            .imports
            .iter()
            .filter(|import| {
                import.from == from && alias.is_none_or(|alias| *import.alias == *alias)
            })
            .filter_map(|import| self.functions.iter().find(|file| file.source == import.to))
            .collect();
        if files.is_empty() {
            return Err(NoFunction::NoFile);
        }
        let mut found = files.iter().filter_map(|file| {
            let index = file.functions.find(name)?;
            Some(FunctionName { functions: &file.functions, index })
        });
        match (found.next(), found.next()) {
            (Some(function), None) => match function.functions.functions[function.index].body {
                Some(_) => Ok(function),
                None => Err(NoFunction::NoBody),
            },
            (Some(_), Some(_)) => Err(NoFunction::Ambiguous),
            (None, _) => {
                let all = files.iter().flat_map(|file| &file.functions.functions);
                let near = nearest(name, all.filter(|f| f.body.is_some()).map(|f| &*f.id));
                Err(NoFunction::Unknown(near.map(Arc::from)))
            }
        }
    }
}
