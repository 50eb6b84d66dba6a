//! Functions of named bindings: what `.cov` programs are lowered to.
//!
//! A function is a list of steps that run one after the other; each makes one value and may give it a name. Names of
//! functions and parameters are resolved here, so whoever runs it looks up nothing but bindings.

use std::sync::Arc;

use super::{
    DataStep, Database, Entry, ForkPolicy, FunctionStandIn, FunctionTest, Project, TransactionStep,
    Traverse, TypeDefinitions, Widening,
};
use crate::source::{Sources, Span};

/// A program of functions.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    /// The files that it came from.
    pub sources: Sources,
    /// Its functions; [`FunctionCallee::Function`] indexes them.
    pub functions: Vec<Function>,
    /// The types that it defines.
    pub types: TypeDefinitions,
    /// The databases that it declares; [`DataTarget::Database`](super::DataTarget::Database) indexes them.
    pub databases: Vec<Database>,
    /// The program itself, for queries of `project`.
    pub project: Arc<Project>,
    /// Its tests in the order written.
    pub tests: Vec<FunctionTest>,
    /// What its tests call in place of functions.
    pub stand_ins: Vec<FunctionStandIn>,
}

/// One function.
#[derive(Clone, Debug)]
pub struct Function {
    /// The id of its snippet; `main` for steps that stand alone.
    pub id: Arc<str>,
    /// The name in its signature.
    pub name: Arc<str>,
    /// Where it is named.
    pub span: Span,
    /// What it takes, in order.
    pub params: Vec<FunctionParam>,
    /// The effects that it declares, with their places.
    pub effects: Vec<(Arc<str>, Span)>,
    /// The folders that it limits effects to: `effect filesystem(path="/srv")`. An effect that is not here has no limit.
    pub folders: Arc<[(Arc<str>, Arc<str>)]>,
    /// Whether its effects are those of what it calls: so for steps that stand alone.
    pub infers_effects: bool,
    /// The types of what it returns; none if it does not say.
    pub returns: Vec<Arc<str>>,
    /// What of its value becomes a number with a fraction.
    pub widening: Option<Widening>,
    /// What it does; nothing for a function that the host supplies.
    pub body: Option<Arc<[FunctionStep]>>,
}

/// A parameter of a function.
#[derive(Clone, Debug)]
pub struct FunctionParam {
    /// Its name.
    pub name: Arc<str>,
    /// Its type, as written, without aliases.
    pub kind: Arc<str>,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is then.
    pub default: Literal,
    /// What of its value becomes a number with a fraction.
    pub widening: Option<Widening>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct FunctionStep {
    /// Its id.
    pub id: Arc<str>,
    /// Where it stands.
    pub span: Span,
    /// The name that its value gets; discarded without one.
    pub output: Option<Arc<str>>,
    /// The names that nobody reads behind it before they are bound again, if it hands on what they stand for or adds to that.
    pub last: Vec<Arc<str>>,
    /// Whether nobody reads the name that its value gets.
    pub is_unread: bool,
    /// Where what it adds to goes back to before anybody looks there.
    pub entry: Option<Entry>,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Applies an operation to its inputs.
    Compute(Arc<str>, Vec<Operand>),
    /// Calls a function.
    Call(FunctionCall),
    /// Makes a value.
    Make(Make),
    /// Ends the function, or the branch that it stands in, with a value.
    Return(Make),
    /// Runs one list of steps or the other.
    If(Operand, Vec<FunctionStep>, Vec<FunctionStep>),
    /// Runs the first case whose pattern fits.
    Match(Operand, Vec<MatchCase>),
    /// Runs its steps for each element.
    For(Arc<str>, Operand, Vec<FunctionStep>),
    /// Runs branches at the same time.
    Fork(Fork),
    /// Asks a database, or the program itself.
    Data(Box<DataStep>),
    /// Runs its steps on a database as a whole, or not at all.
    Transaction(TransactionStep),
    /// Follows relations of the program's nodes.
    Traverse(Box<Traverse>),
    /// A kind of step that is read and not run.
    Absent(Arc<str>),
}

/// A call of a function.
#[derive(Clone, Debug)]
pub struct FunctionCall {
    /// What is called.
    pub callee: FunctionCallee,
    /// Where it is named.
    pub span: Span,
    /// The arguments, with the position of their parameters.
    pub arguments: Vec<(usize, Operand)>,
    /// What to do about failures.
    pub handlers: Vec<MatchCase>,
}

/// What a call calls.
#[derive(Clone, Copy, Debug)]
pub enum FunctionCallee {
    /// A function of the program.
    Function(usize),
    /// A function of the standard library.
    Library(&'static LibraryFunction),
    /// Nothing: a problem was reported.
    Unknown,
}

/// A function of the standard library.
#[derive(Debug)]
pub struct LibraryFunction {
    /// Its id.
    pub id: &'static str,
    /// Its parameters in order.
    pub params: &'static [LibraryParam],
    /// The type of its value, as a program would write it.
    pub returns: &'static str,
    /// The effect that it has.
    pub effect: Option<&'static str>,
    /// Whether it changes nothing outside, so that calling it twice does no harm.
    pub reads: bool,
}

/// A parameter of a function of the library.
#[derive(Debug)]
pub struct LibraryParam {
    /// Its name, and then other names for it.
    pub names: &'static [&'static str],
    /// Its type, as a program would write it. It may be left out if that ends in `?`.
    pub kind: &'static str,
}

/// A value that is named or written out.
#[derive(Clone, Debug)]
pub enum Operand {
    /// The value of a name, or what a path of fields leads to from it.
    Path(Arc<str>, Span),
    /// The value of a name if there is one, or else the text itself: the id of a node.
    Node(Arc<str>),
    /// A value.
    Literal(Literal),
    /// What a field is that is not given, and its type: an object is a struct there.
    Default(Literal, Arc<str>),
}

/// A value as it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Literal {
    /// `none`
    #[default]
    None,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(Arc<str>),
    /// A list.
    List(Vec<Literal>),
    /// An object.
    Map(Vec<(Arc<str>, Literal)>),
}

/// How a value is made.
#[derive(Clone, Debug)]
pub enum Make {
    /// From one that there is.
    Operand(Operand),
    /// A struct, or a variant of an enum.
    Record(RecordType, Vec<(Arc<str>, Operand)>),
    /// A list.
    List(Vec<Operand>),
}

/// The type of a record that a step makes.
#[derive(Clone, Debug)]
pub struct RecordType {
    /// The name of a struct, or `Enum::Variant`.
    pub name: Arc<str>,
    /// The fields that it may go without and was not given.
    pub absent: Arc<[Arc<str>]>,
    /// The fields of which something becomes a number with a fraction.
    pub widening: Arc<[(Arc<str>, Widening)]>,
    /// Whether its definition says that it stands for something that went wrong; names that end in `Error` need not say so.
    pub is_failure: bool,
}

/// A case of `match`, or of `handle`.
#[derive(Clone, Debug)]
pub struct MatchCase {
    /// What it fits.
    pub pattern: Pattern,
    /// The variant that its name is short for, as far as is known of the values.
    pub variant: Option<Arc<str>>,
    /// What it does.
    pub steps: Vec<FunctionStep>,
}

/// What a case fits.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// Everything.
    Wildcard,
    /// A type or a variant, with names for the value or its fields.
    Kind(Arc<str>, Vec<Arc<str>>),
    /// A struct or a variant, with some of its fields and names for them.
    Fields(Arc<str>, Vec<(Arc<str>, Arc<str>)>),
    /// A value.
    Literal(Literal),
    /// Everything, with a name for it.
    Name(Arc<str>),
}

/// Branches that run at the same time.
#[derive(Clone, Debug)]
pub struct Fork {
    /// When they have decided.
    pub policy: ForkPolicy,
    /// The branches, in the order written.
    pub branches: Vec<ForkBranch>,
}

/// One branch.
#[derive(Clone, Debug)]
pub struct ForkBranch {
    /// Its id, the key of its value in the result.
    pub id: Arc<str>,
    /// What it does.
    pub steps: Arc<[FunctionStep]>,
}

impl Functions {
    /// The function with this id, or else the only one with this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        let by_id = self.functions.iter().position(|function| &*function.id == name);
        by_id.or_else(|| {
            let mut named = (0..).zip(&self.functions).filter(|(_, f)| &*f.name == name);
            let first = named.next()?;
            named.next().is_none().then_some(first.0)
        })
    }
}

impl FunctionStep {
    /// Calls `visit` for each of its own operands: not for those of the steps inside.
    pub fn operands<'s>(&'s self, visit: &mut dyn FnMut(&'s Operand)) {
        match &self.action {
            Action::Compute(_, inputs) => inputs.iter().for_each(visit),
            Action::Call(call) => call.arguments.iter().for_each(|(_, operand)| visit(operand)),
            Action::Make(made) | Action::Return(made) => match made {
                Make::Operand(operand) => visit(operand),
                Make::Record(_, fields) => fields.iter().for_each(|(_, operand)| visit(operand)),
                Make::List(items) => items.iter().for_each(visit),
            },
            Action::If(operand, ..) | Action::Match(operand, _) | Action::For(_, operand, _) => {
                visit(operand);
            }
            Action::Data(data) => data.request.values(visit),
            Action::Traverse(walk) => {
                visit(&walk.from);
                walk.filter.iter().for_each(|filter| filter.values(visit));
            }
            Action::Fork(_) | Action::Transaction(_) | Action::Absent(_) => {}
        }
    }

    /// Calls `visit` for each list of steps inside.
    pub fn inner<'s>(&'s self, mut visit: impl FnMut(&'s [FunctionStep])) {
        match &self.action {
            Action::If(_, then, otherwise) => {
                visit(then);
                visit(otherwise);
            }
            Action::Match(_, cases) => cases.iter().for_each(|case| visit(&case.steps)),
            Action::For(_, _, steps) => visit(steps),
            Action::Transaction(transaction) => visit(&transaction.steps),
            Action::Fork(fork) => fork.branches.iter().for_each(|branch| visit(&branch.steps)),
            Action::Call(call) => call.handlers.iter().for_each(|case| visit(&case.steps)),
            _ => {}
        }
    }
}

impl LibraryFunction {
    /// Whether tests alone may call it.
    pub fn is_for_tests(&self) -> bool {
        self.id.starts_with("testing_")
    }
}

impl LibraryParam {
    /// Whether it may be left out.
    pub fn is_optional(&self) -> bool {
        self.kind.ends_with('?')
    }
}
