//! The plan: what a program means, whatever syntax it was written in.
//!
//! Everything that a syntax leaves implicit is explicit here: each call says where its output goes, whether
//! it ends its block, and which joined tasks it looks at. Checks and the engine see nothing else.

mod call;
mod cond;
mod config;
mod data;
mod display;
mod fork;
mod function;
mod function_effect;
mod function_file;
mod function_test;
mod graphql;
mod growth;
mod node;
mod policy;
mod route;
mod test;
mod types;
mod widening;

pub use call::{Call, CallText, Callee, Last, Output, Script, TaskReads, Unnamed};
pub use cond::Cond;
pub use config::{ConfigBlock, ConfigSetting};
pub use data::{
    Change, Comparison, Condition, DataStep, DataTarget, Database, Isolation, Project, Request,
    Returns, Rows, Select, Sql, Table, TableField, TransactionStep, Traverse,
};
pub use fork::{BlockBranch, ForkBlock, ForkKind, ForkOnError, ForkPolicy};
pub use function::{
    Action, Fork, ForkBranch, Function, FunctionCall, FunctionCallee, FunctionParam, FunctionStep,
    Functions, LibraryFunction, LibraryParam, Literal, Make, MatchCase, Operand, Pattern,
    RecordType,
};
pub use function_file::{FunctionFile, FunctionName, NoFunction};
pub use function_test::{FunctionStandIn, FunctionTest, FunctionTestKind};
pub use graphql::{Graphql, Resolver, ResolverOwner};
pub use growth::{Entry, Growth, GrowthKind};
pub use node::{
    Block, Case, Dispatch, ForEach, If, Join, JoinTarget, Node, NodeKind, ResultBlock,
    ResultBranch, Spawn,
};
pub use policy::{Policy, Retry};
pub use route::{Method, PathPattern, Segment};
pub use test::{
    Check, CheckKind, Given, GivenKind, Mock, MockAnswer, MockTarget, Operator, SelectorCheck,
    SelectorComparison, Test, Trigger,
};
pub use types::{FieldDefinition, RecordDefinition, TypeDefinitions, TypeForm};
pub use widening::{Widening, union_members};

use std::sync::Arc;

use crate::source::{SourceId, Sources, Span};

/// A program, lowered.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The files that it came from.
    pub sources: Sources,
    /// HTTP routes in the order written.
    pub routes: Vec<Route>,
    /// Named pipelines; [`Callee::Pipeline`] indexes them.
    pub pipelines: Vec<Pipeline>,
    /// The steps that set feature flags before a route that can observe them.
    pub feature_flags: Option<Block>,
    /// The GraphQL that it serves.
    pub graphql: Graphql,
    /// Configuration, one block a name.
    pub config: Vec<ConfigBlock>,
    /// Tests in the order written.
    pub tests: Vec<Test>,
    /// Variables in the order of the files, for steps whose texts name them.
    pub variables: Vec<Variable>,
    /// Which file calls which other by what name, for those texts as well.
    pub imports: Vec<Import>,
    /// The names of files that could not be read, each with the file that imports it.
    pub unread_imports: Vec<(SourceId, Arc<str>)>,
    /// Files of functions among them.
    pub functions: Vec<FunctionFile>,
    /// Names of the variables that no step uses, with their places.
    pub unused_variables: Vec<(Arc<str>, Span)>,
}

/// A variable: a text with a name.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The step that it is for.
    pub step: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What it stands for. Its span says in which file it is known by its bare name.
    pub text: CallText,
}

/// `import "…" as alias`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The file that imports.
    pub from: SourceId,
    /// The name that the other file has in it.
    pub alias: Arc<str>,
    /// The file that is imported.
    pub to: SourceId,
}

/// Which pipeline of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PipelineId(pub u32);

/// A named pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its name.
    pub name: Arc<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// Its body.
    pub block: Block,
}

/// An HTTP route.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method it answers.
    pub method: Method,
    /// The paths it answers.
    pub path: PathPattern,
    /// Where method and path stand.
    pub span: Span,
    /// Its body.
    pub block: Block,
    /// Whether something that it can reach looks at feature flags, so that they are set first.
    pub observes_flags: bool,
}

impl Plan {
    /// The pipeline that a call names.
    ///
    /// # Panics
    /// If the id belongs to another plan.
    pub fn pipeline(&self, id: PipelineId) -> &Pipeline {
        &self.pipelines[id.0 as usize]
    }

    /// The configuration block of that name.
    pub fn config(&self, name: &str) -> Option<&ConfigBlock> {
        self.config.iter().find(|block| &*block.name == name)
    }
}
