//! How a step describes itself. Parsing, checks, documentation and completion all read this.

use std::ops::Range;

use rejoin_value::Value;

use crate::plan::ResolverOwner;
use crate::source::Span;

/// What a step is: its name, parameters, effects and errors.
#[derive(Clone, Debug)]
pub struct StepSpec {
    /// The name in programs.
    pub name: &'static str,
    /// One line that says what it does.
    pub summary: &'static str,
    /// Where its output goes.
    pub class: OutputClass,
    /// What the text after its colon is.
    pub text: TextRule,
    /// Its inline arguments, in order.
    pub params: &'static [Param],
    /// What it does to the world outside.
    pub effect: Effect,
    /// The types of the errors that it raises itself, besides `<name>Error` for an execution failure.
    pub errors: &'static [&'static str],
    /// Whether it can also go wrong itself, with `<name>Error` (`log` and `validate` cannot).
    pub fallible: bool,
    /// Files that its examples import, each with its name.
    pub files: &'static [(&'static str, &'static str)],
    /// Programs that show it; each is run by the tests.
    pub examples: &'static [Example],
}

impl StepSpec {
    /// Whether it can end with an error at all.
    pub fn may_fail(&self) -> bool {
        self.fallible || !self.errors.is_empty()
    }
}

/// Where a step's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputClass {
    /// The state stays as it is (`log`, `validate`).
    Unchanged,
    /// Keys are added to the state; a value that is no object replaces it.
    Merge,
    /// The value becomes the state; request keys are carried over unless the step is the last.
    Replace,
    /// The value becomes the state as it is; it is text for the response.
    Render,
    /// The value goes to `.data.<name>`, or without a name to `.data`, and the rest stays.
    DataMerge,
    /// The value goes to `.data.<name>`; without a name `{data: value}` becomes the state.
    DataReplace,
    /// The value is an answer of GraphQL: its data goes to `.data.<name>`; without a name the answer becomes the state.
    Response,
}

/// What the text after a step's colon is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRule {
    /// The language, which decides who checks it.
    pub language: TextLanguage,
    /// Whether the step can do without it.
    pub required: Required,
}

/// Whether a step can do without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// It can.
    Never,
    /// It cannot.
    Always,
    /// It can when it is given inline arguments, which say the same.
    UnlessArguments,
}

/// The language of a step's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextLanguage {
    /// A jq program; the language's own checks read it.
    Jq,
    /// Checked by [`StepCatalog::check_text`].
    Foreign,
    /// A document of GraphQL, for the program's own schema unless the call has a second argument; checked by
    /// [`StepCatalog::check_graphql`].
    Graphql,
    /// The name of a function of an imported file; the language's own checks look for it.
    Function,
    /// Any text.
    Plain,
}

/// An inline argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name in documentation.
    pub name: &'static str,
    /// What it holds, such as `string: the URL`.
    pub summary: &'static str,
    /// Whether a call with arguments must give it.
    pub required: bool,
    /// The keys of the object that it is, if it may have no others; else none.
    pub keys: &'static [&'static str],
}

/// What a step does to the world outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing.
    None,
    /// It only reads.
    Read,
    /// It writes; doing it twice is the same as once.
    Idempotent,
    /// It writes.
    Write,
}

/// A program that shows a step at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// What it shows.
    pub title: &'static str,
    /// A whole `.wp` file.
    pub program: &'static str,
}

/// A problem in a step's text or arguments, in bytes of that text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextProblem {
    /// First byte in the text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// One sentence, lower case, no final stop.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl TextProblem {
    /// Where it lies in the file, given where the text lies.
    pub fn place(&self, text: Span) -> Span {
        text.slice(self.start, self.end)
    }
}

/// What a text includes of others: the partials of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partials {
    /// Those that it cannot do without: each name, and the bytes of the text where it stands.
    pub needs: Vec<(Range<usize>, String)>,
    /// Names that it declares itself, for what it includes as well; `None` if they only show when it runs.
    pub declares: Option<Vec<String>>,
}

/// The GraphQL of a program, as far as it is text.
#[derive(Clone, Debug, Default)]
pub struct GraphqlTexts<'a> {
    /// The texts of the schema; together they are one.
    pub schema: Vec<&'a str>,
    /// What resolves its fields.
    pub resolvers: Vec<(&'a ResolverOwner, &'a str)>,
    /// Documents for this schema.
    pub documents: Vec<&'a str>,
    /// Documents for others, of which only the syntax can be looked at.
    pub foreign: Vec<&'a str>,
}

/// A problem in a program's GraphQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphqlProblem {
    /// Where it lies.
    pub place: GraphqlPlace,
    /// What it is; its place is in bytes of that text.
    pub problem: TextProblem,
}

/// A part of a program's GraphQL, by its number in [`GraphqlTexts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphqlPlace {
    /// In a text of the schema.
    Schema(usize),
    /// A field that nothing resolves, in a text of the schema.
    Unresolved(usize),
    /// At a resolver.
    Resolver(usize),
    /// In a document for this schema.
    Document(usize),
    /// In a document for another.
    Foreign(usize),
}

/// The steps that a program may use, as the checker sees them.
pub trait StepCatalog {
    /// The step of that name.
    fn spec(&self, name: &str) -> Option<&StepSpec>;

    /// All names, for "did you mean".
    fn names(&self) -> Vec<&str>;

    /// Problems of a text in the step's own language (Lua, SQL, …).
    fn check_text(&self, step: &str, text: &str) -> Vec<TextProblem>;

    /// What the step ignores of such a text, which does not stop the program.
    fn warn_text(&self, step: &str, text: &str) -> Vec<TextProblem> {
        let _ = (step, text);
        Vec::new()
    }

    /// Whether a call with that text never ends with one of the errors of the step's spec.
    fn never_fails(&self, step: &str, text: &str) -> bool {
        let _ = (step, text);
        false
    }

    /// How many elements the array must have that is the step's first argument, if its text says so: SQL with `$1` and
    /// `$2` needs two.
    fn placeholders(&self, step: &str, text: &str) -> Option<usize> {
        let _ = (step, text);
        None
    }

    /// Whether a text of the step surely changes nothing outside: a query in SQL that calls nothing which might.
    fn only_reads(&self, step: &str, text: &str) -> bool {
        let _ = (step, text);
        false
    }

    /// Whether a text of a step that changes nothing outside by itself may do so: a script that runs statements.
    fn may_write(&self, step: &str, text: &str) -> bool {
        let _ = (step, text);
        false
    }

    /// What a text of the step includes; `None` for a step whose texts include nothing. There are the variables of all the
    /// steps whose texts do, under their names.
    fn partials(&self, step: &str, text: &str) -> Option<Partials> {
        let _ = (step, text);
        None
    }

    /// Fills in a template in the text of a test, `{{name}}` and the like; `None` if the catalog knows no templates.
    fn fill(&self, text: &str, values: &Value) -> Option<Result<String, TextProblem>> {
        let _ = (text, values);
        None
    }

    /// Problems of a program's GraphQL. A catalog without a step for it has nothing to say.
    fn check_graphql(&self, graphql: &GraphqlTexts<'_>) -> Vec<GraphqlProblem> {
        let _ = graphql;
        Vec::new()
    }
}
