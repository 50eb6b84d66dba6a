//! Documents: parsed, held against the schema, and bounded before anything of them runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::parser::Parser;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::{DiagnosticList, Valid};
use rejoin_engine::Settings;
use rejoin_lang::diagnostic::nearest;
use rejoin_lang::step_spec::TextProblem;

use super::any_lists;
use super::error::Problem;
use super::schema::{Schema, text_problem};
use super::undeclared;

/// Longer documents are refused unread.
const LONGEST: usize = 256 * 1024;
const MOST_TOKENS: usize = 20_000;
const DEEPEST_SYNTAX: usize = 200;
/// So many documents of clients are kept, if they are not longer than this.
const KEPT: usize = 256;
const LONGEST_KEPT: usize = 16 * 1024;
const NAME: &str = "document";

/// What one document may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// How deep its fields may nest.
    depth: u64,
    /// How many fields it may have, with those of its fragments wherever they are used.
    fields: u64,
    /// How many values an answer may have.
    pub(super) nodes: usize,
    /// Whether it may ask for the schema itself.
    pub(super) introspection: bool,
}

impl Bounds {
    pub(super) fn read(settings: &Settings) -> Self {
        let number = |key| settings.int("graphql", key);
        Self {
            depth: number("maxDepth").unwrap_or(32),
            fields: number("maxFields").unwrap_or(1000),
            nodes: number("maxNodes").map_or(100_000, |n| usize::try_from(n).unwrap_or(usize::MAX)),
            introspection: settings.bool("graphql", "introspection").unwrap_or(true),
        }
    }
}

/// A document that can be run.
pub(super) type Document = Arc<Valid<ExecutableDocument>>;

/// Documents that clients have asked before.
#[derive(Debug, Default)]
pub(super) struct LastDocuments(Mutex<HashMap<Arc<str>, Document>>);

impl LastDocuments {
    /// The document of that text.
    pub(super) fn get(
        &self,
        schema: &Schema,
        bounds: Bounds,
        text: &str,
    ) -> Result<Document, Vec<Problem>> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = known().get(text) {
            return Ok(document.clone());
        }
        let document = compile(schema, bounds, text)?;
        if text.len() <= LONGEST_KEPT {
            let mut known = known();
            if known.len() >= KEPT {
                // Those in use come back at once.
                known.clear();
            }
            known.insert(text.into(), document.clone());
        }
        Ok(document)
    }
}

/// Reads a document for a schema.
pub(super) fn compile(
    schema: &Schema,
    bounds: Bounds,
    text: &str,
) -> Result<Document, Vec<Problem>> {
    if text.len() > LONGEST {
        return Err(vec![Problem::new(format!("the document is longer than {LONGEST} bytes"))]);
    }
    let document = read(schema, text).map_err(|errors| problems(&errors))?;
    if let Some((name, at)) = undeclared::first(&document) {
        return Err(vec![Problem::at(no_variable(&name), at, &document.sources)]);
    }
    check_bounds(&document, bounds).map_err(|message| vec![Problem::new(message)])?;
    Ok(Arc::new(document))
}

fn read(schema: &Schema, text: &str) -> Result<Valid<ExecutableDocument>, DiagnosticList> {
    let document = match parser().parse_executable(&schema.types, text, NAME) {
        Ok(document) => document,
        Err(error) => return Err(error.errors),
    };
    if !(text.contains('[') && text.contains('$')) {
        return document.validate(&schema.types).map_err(|error| error.errors);
    }
    let mut judged = document.clone();
    any_lists::hide(&schema.types, &mut judged);
    match judged.validate(&schema.types) {
        Ok(_) => Ok(Valid::assume_valid(document)),
        Err(error) => Err(error.errors),
    }
}

fn no_variable(name: &str) -> String {
    format!("variable `${name}` is not defined")
}

fn parser() -> Parser {
    Parser::new().recursion_limit(DEEPEST_SYNTAX).token_limit(MOST_TOKENS)
}

fn problems(list: &DiagnosticList) -> Vec<Problem> {
    let first = list.iter().take(20);
    first.map(|p| Problem::at(p.error.to_string(), p.error.location(), p.sources)).collect()
}

/// The problems of a document as the checker takes them. Without a schema only its syntax is looked at.
pub(super) fn check(schema: Option<&Schema>, text: &str) -> Vec<TextProblem> {
    let errors = match parser().parse_ast(text, NAME) {
        Err(error) => return first_slip(&error.errors).into_iter().collect(),
        Ok(document) => match schema {
            Some(schema) => match read(schema, text) {
                Ok(document) => {
                    let found = undeclared::first(&document);
                    let found = found.map(|(name, at)| text_problem(no_variable(&name), at));
                    return found.into_iter().collect();
                }
                Err(errors) => Some(errors),
            },
            None => document.validate_standalone_executable().err(),
        },
    };
    let mut problems: Vec<TextProblem> = errors
        .iter()
        .flat_map(DiagnosticList::iter)
        .map(|problem| {
            let message = problem.error.to_string();
            let help = schema.and_then(|schema| meant(schema, &message));
            TextProblem { help, ..text_problem(message, problem.error.location()) }
        })
        .collect();
    problems.dedup();
    problems
}

/// The first slip in the syntax of a text: what comes behind it only follows from it.
pub(super) fn first_slip(errors: &DiagnosticList) -> Option<TextProblem> {
    let problems = errors
        .iter()
        .map(|problem| text_problem(problem.error.to_string(), problem.error.location()));
    problems.min_by_key(|problem| problem.start)
}

/// The field that was probably meant, of a message that there is none of that name.
fn meant(schema: &Schema, message: &str) -> Option<String> {
    let mut words = message.split('`').skip(1).step_by(2);
    let (owner, field) = (words.next()?, words.next()?);
    if !message.contains("does not have a field") {
        return None;
    }
    let fields = match schema.types.types.get(owner)? {
        ExtendedType::Object(object) => &object.fields,
        ExtendedType::Interface(interface) => &interface.fields,
        _ => return None,
    };
    let near = nearest(field, fields.keys().map(|name| name.as_str()))?;
    Some(format!("did you mean `{near}`?"))
}

fn check_bounds(document: &ExecutableDocument, bounds: Bounds) -> Result<(), String> {
    for operation in document.operations.iter() {
        let mut measure = Measure { document, fragments: HashMap::new() };
        let (depth, fields) = measure.set(&operation.selection_set);
        if depth > bounds.depth {
            return Err(format!(
                "the document nests its fields {depth} deep; at most {} are allowed",
                bounds.depth
            ));
        }
        if fields > bounds.fields {
            return Err(format!(
                "the document asks for more than {} fields, with those of its fragments",
                bounds.fields
            ));
        }
    }
    Ok(())
}

/// Depth and number of fields. A fragment is measured once, however often it is used.
struct Measure<'a> {
    document: &'a ExecutableDocument,
    fragments: HashMap<&'a str, (u64, u64)>,
}

impl<'a> Measure<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> (u64, u64) {
        let (mut depth, mut fields) = (0, 0u64);
        for selection in &set.selections {
            let (inner_depth, inner_fields) = match selection {
                Selection::Field(field) => {
                    let (depth, fields) = self.set(&field.selection_set);
                    (depth + 1, fields.saturating_add(1))
                }
                Selection::InlineFragment(inline) => self.set(&inline.selection_set),
                Selection::FragmentSpread(spread) => self.fragment(spread.fragment_name.as_str()),
            };
            depth = depth.max(inner_depth);
            fields = fields.saturating_add(inner_fields);
        }
        (depth, fields)
    }

    fn fragment(&mut self, name: &'a str) -> (u64, u64) {
        if let Some(known) = self.fragments.get(name) {
            return *known;
        }
        let measured = match self.document.fragments.get(name) {
            Some(fragment) => self.set(&fragment.selection_set),
            None => (0, 0),
        };
        self.fragments.insert(name, measured);
        measured
    }
}
