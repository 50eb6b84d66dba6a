//! The files of a program: the main one, and those that it imports, directly or not.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cov;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Functions;
use crate::source::{Source, SourceId, Sources};
use crate::wp;
use crate::wp::ast::{File, Import, Item};

/// The most imports in all files of a program.
const MAX_IMPORTS: usize = 256;

/// Reads the file that an import names: given the name of the importing [`Source`] and the path as written, the file, or
/// why it cannot be read. Equal names of sources are one file.
pub type ReadImport<'a> = dyn Fn(&str, &str) -> Result<Source, String> + 'a;

/// One file of a program.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) file: File,
    /// Which module each alias stands for; `None` for one that could not be read, which was reported.
    pub(crate) aliases: HashMap<Arc<str>, Option<usize>>,
    /// What a file of functions has in the place of declarations.
    pub(crate) functions: Option<Functions>,
}

/// Every file of a program once, the main one first; a module's index is that of its source.
#[derive(Default)]
pub(crate) struct Modules {
    pub(crate) modules: Vec<Module>,
    pub(crate) sources: Sources,
    pub(crate) problems: Vec<Diagnostic>,
    known: HashMap<Arc<str>, usize>,
    /// The files whose imports are being read, the main one first.
    open: Vec<usize>,
    imports: usize,
}

impl Modules {
    pub(crate) fn read(main: Source, read: &ReadImport<'_>) -> Self {
        let mut modules = Self::default();
        modules.add(main, read);
        modules
    }

    fn add(&mut self, source: Source, read: &ReadImport<'_>) -> usize {
        let index = self.modules.len();
        self.known.insert(source.name.clone(), index);
        let id = self.sources.add(source);
        if self.sources.get(id).name.ends_with(".cov") {
            self.add_functions(id);
            return index;
        }
        let (file, problems) = wp::parse(self.sources.get(id), id);
        self.problems.extend(problems);
        let import = |item: &Item| match item {
            Item::Import(import) => Some(import.clone()),
            _ => None,
        };
        let imports: Vec<Import> = file.items.iter().filter_map(import).collect();
        self.modules.push(Module { file, aliases: HashMap::new(), functions: None });
        self.open.push(index);
        let mut first: HashMap<Arc<str>, Import> = HashMap::new();
        for import in imports {
            if let Some(first) = first.get(&import.alias.text) {
                self.problems.push(
                    Diagnostic::new(
                        Code::DUPLICATE_ALIAS,
                        import.alias.span,
                        format!("two imports are called `{}`", import.alias.text),
                    )
                    .label("used again")
                    .also(first.alias.span, "first used here")
                    .help("give one of the two another name"),
                );
                continue;
            }
            let module = self.import(&import, index, read);
            self.modules[index].aliases.insert(import.alias.text.clone(), module);
            first.insert(import.alias.text.clone(), import);
        }
        self.open.pop();
        index
    }

    fn add_functions(&mut self, id: SourceId) {
        let (functions, problems) = cov::load_imported(self.sources.get(id), id);
        self.problems.extend(problems);
        let functions = Some(functions);
        self.modules.push(Module { file: File::default(), aliases: HashMap::new(), functions });
    }

    fn import(&mut self, import: &Import, from: usize, read: &ReadImport<'_>) -> Option<usize> {
        self.imports += 1;
        let source = if self.imports > MAX_IMPORTS {
            Err(format!("a program has at most {MAX_IMPORTS} imports"))
        } else {
            read(&self.sources.files()[from].name, &import.path.value)
        };
        let source = match source {
            Ok(source) => source,
            Err(why) => {
                self.problems.push(
                    Diagnostic::new(
                        Code::UNREADABLE_IMPORT,
                        import.path.span,
                        format!("cannot import `{}`: {why}", import.path.value),
                    )
                    .label("not read")
                    .help("write the path as seen from the directory of this file"),
                );
                return None;
            }
        };
        let Some(&known) = self.known.get(&source.name) else {
            return Some(self.add(source, read));
        };
        if let Some(at) = self.open.iter().position(|open| *open == known) {
            let by_way_of: Vec<&str> =
                self.open[at + 1..].iter().map(|open| &*self.sources.files()[*open].name).collect();
            let way = match by_way_of.is_empty() {
                true => String::new(),
                false => format!(", by way of `{}`", by_way_of.join("`, `")),
            };
            self.problems.push(
                Diagnostic::new(
                    Code::CYCLIC_IMPORT,
                    import.path.span,
                    format!("`{}` imports itself{way}", source.name),
                )
                .label("closes the circle")
                .help("move what both need into a file that imports neither"),
            );
        }
        Some(known)
    }
}
