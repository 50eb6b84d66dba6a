//! A `.wp` file as it was written. Meaning is given to it by lowering.

use std::sync::Arc;
use std::time::Duration;

use crate::config_value::ConfigValue;
use crate::source::Span;

pub use super::test_ast::{
    Describe, Given, GivenKind, It, Let, Mock, MockAnswer, MockTarget, SelectorCheck,
    SelectorComparison, TestCheck, Trigger, Written,
};

/// A whole file. Parsing always yields one, whatever the text.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Declarations in the order written.
    pub items: Vec<Item>,
    /// Every `#` comment, without its line break.
    pub comments: Vec<Span>,
}

/// A declaration at top level.
#[derive(Clone, Debug)]
pub enum Item {
    /// `import "path" as alias`
    Import(Import),
    /// `config name { key: value }`
    Config(Config),
    /// ``middleware name = `text` ``
    Variable(Variable),
    /// `pipeline name = steps`
    Pipeline(Pipeline),
    /// `featureFlags = steps`
    FeatureFlags(FeatureFlags),
    /// ``graphqlSchema = `SDL` ``
    Schema(Schema),
    /// `query name = steps`, `mutation name = steps` or `resolver Type.field = steps`
    Resolver(Resolver),
    /// `GET /path steps`
    Route(Route),
    /// `describe "name"` with its tests
    Describe(Describe),
}

/// An identifier with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The identifier.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// Raw text between backticks or double quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The content, exactly as written.
    pub value: Arc<str>,
    /// The place of the content, without its quotes.
    pub span: Span,
}

/// `import "path" as alias`
#[derive(Clone, Debug)]
pub struct Import {
    /// The path of the file, as written.
    pub path: Text,
    /// What the file is called here.
    pub alias: Name,
    /// From `import` to the alias.
    pub span: Span,
}

/// `config name { … }`
#[derive(Clone, Debug)]
pub struct Config {
    /// What is configured.
    pub name: Name,
    /// Its settings in the order written.
    pub entries: Vec<ConfigEntry>,
    /// The whole block.
    pub span: Span,
}

/// `key: value` in a config block.
#[derive(Clone, Debug)]
pub struct ConfigEntry {
    /// The setting's name.
    pub key: Name,
    /// Its value.
    pub value: ConfigValue,
    /// The value's place.
    pub span: Span,
}

/// ``middleware name = `text` ``
#[derive(Clone, Debug)]
pub struct Variable {
    /// The step that the text is for.
    pub step: Name,
    /// The variable.
    pub name: Name,
    /// Its text.
    pub text: Text,
}

/// `pipeline name = steps`
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its name.
    pub name: Name,
    /// Its body.
    pub steps: Vec<Step>,
    /// From `pipeline` to the last step.
    pub span: Span,
}

/// `featureFlags = steps`
#[derive(Clone, Debug)]
pub struct FeatureFlags {
    /// The steps that set the flags.
    pub steps: Vec<Step>,
    /// From `featureFlags` to the last step.
    pub span: Span,
}

/// ``graphqlSchema = `SDL` ``
#[derive(Clone, Debug)]
pub struct Schema {
    /// The types, in the language of GraphQL.
    pub text: Text,
    /// From `graphqlSchema` to the closing quote.
    pub span: Span,
}

/// `query name = steps`, `mutation name = steps` or `resolver Type.field = steps`
#[derive(Clone, Debug)]
pub struct Resolver {
    /// Of whose field.
    pub owner: Owner,
    /// The field.
    pub field: Name,
    /// Its body.
    pub steps: Vec<Step>,
    /// From the keyword to the last step.
    pub span: Span,
}

/// Whose field a resolver resolves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The queries: `query name`
    Query,
    /// The mutations: `mutation name`
    Mutation,
    /// A type: `resolver Type.name`
    Type(Name),
}

/// `GET /path steps`
#[derive(Clone, Debug)]
pub struct Route {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD` or `OPTIONS`.
    pub method: Name,
    /// The path pattern as written, such as `/users/:id`.
    pub path: Name,
    /// Its body.
    pub steps: Vec<Step>,
    /// From the method to the last step.
    pub span: Span,
}

/// One element of a list of steps.
#[derive(Clone, Debug)]
pub enum Step {
    /// `|> name(args): config @tags`
    Plain(PlainStep),
    /// `|> if … then: … else: … end`
    If(If),
    /// `|> dispatch case … default: … end`
    Dispatch(Dispatch),
    /// `|> foreach path … end`
    ForEach(ForEach),
    /// `|> result ok(200): …`
    Result(ResultBlock),
    /// `|> parallel(options) branch: … end`, and its kin
    Fork(ForkBlock),
}

impl Step {
    /// The step's place, from `|>` to its end.
    pub fn span(&self) -> Span {
        match self {
            Step::Plain(step) => step.span,
            Step::If(step) => step.span,
            Step::Dispatch(step) => step.span,
            Step::ForEach(step) => step.span,
            Step::Result(step) => step.span,
            Step::Fork(step) => step.span,
        }
    }
}

/// `|> name(args): config @tags`
#[derive(Clone, Debug)]
pub struct PlainStep {
    /// What is called.
    pub name: Name,
    /// Inline arguments, jq source each; `None` when there are no brackets at all.
    pub args: Option<Vec<Text>>,
    /// The text after the colon; `None` when there is no colon.
    pub config: Option<StepConfig>,
    /// The condition that follows on the same line.
    pub tags: Option<TagExpr>,
    /// From `|>` to the last tag.
    pub span: Span,
}

/// The condition behind the keyword of a block.
#[derive(Clone, Debug)]
pub struct BlockTags {
    /// What it asks for.
    pub condition: TagExpr,
    /// From its first tag to its last.
    pub span: Span,
}

/// The text after a step's colon.
#[derive(Clone, Debug)]
pub enum StepConfig {
    /// `` `text` ``
    Backtick(Text),
    /// `"text"`
    Quoted(Text),
    /// `name` or `module::name`
    Bare {
        /// The module before `::`.
        module: Option<Name>,
        /// The name itself.
        name: Name,
    },
}

/// A condition made of tags; `and` binds tighter than `or`.
#[derive(Clone, Debug)]
pub enum TagExpr {
    /// `@name(…)`
    Tag(Tag),
    /// All hold.
    And(Vec<TagExpr>),
    /// One holds.
    Or(Vec<TagExpr>),
}

/// `@name(args)` or `@!name(args)`
#[derive(Clone, Debug)]
pub struct Tag {
    /// The tag's name, without `@`.
    pub name: Name,
    /// Whether it is written `@!name`.
    pub negated: bool,
    /// What stands in its parentheses.
    pub args: Vec<TagArg>,
    /// From `@` to the closing parenthesis.
    pub span: Span,
}

/// An argument of a tag.
#[derive(Clone, Debug)]
pub struct TagArg {
    /// `key` of `key: value`.
    pub key: Option<Name>,
    /// The value.
    pub value: TagValue,
    /// The value's place.
    pub span: Span,
}

/// The value of a tag's argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagValue {
    /// An identifier.
    Name(Arc<str>),
    /// `` `jq` `` or `"text"`.
    Text(Text),
    /// A whole number.
    Int(u64),
    /// `250ms`, `2s`, `1m`.
    Duration(Duration),
}

/// `|> if … then: … else: … end`
#[derive(Clone, Debug)]
pub struct If {
    /// What its tags ask for.
    pub tags: Option<BlockTags>,
    /// The steps whose final state decides.
    pub condition: Vec<Step>,
    /// What runs when it holds.
    pub then: Vec<Step>,
    /// What runs when it does not.
    pub otherwise: Option<Vec<Step>>,
    /// From `|>` to the end of the block.
    pub span: Span,
}

/// `|> dispatch case … default: … end`
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// What its tags ask for.
    pub tags: Option<BlockTags>,
    /// The cases in order; the first whose condition holds runs.
    pub cases: Vec<Case>,
    /// What runs when none holds.
    pub default: Option<Vec<Step>>,
    /// From `|>` to the end of the block.
    pub span: Span,
}

/// `case @tag: steps`
#[derive(Clone, Debug)]
pub struct Case {
    /// When it runs.
    pub condition: TagExpr,
    /// What runs.
    pub steps: Vec<Step>,
    /// From `case` to the last step.
    pub span: Span,
}

/// `|> foreach path … end`
#[derive(Clone, Debug)]
pub struct ForEach {
    /// The path of the array, trimmed.
    pub selector: Text,
    /// What its tags ask for.
    pub tags: Option<BlockTags>,
    /// What runs for each element.
    pub body: Vec<Step>,
    /// From `|>` to `end`.
    pub span: Span,
}

/// `|> result` with its branches.
#[derive(Clone, Debug)]
pub struct ResultBlock {
    /// The branches in order.
    pub branches: Vec<Branch>,
    /// From `|>` to the last branch's last step.
    pub span: Span,
}

/// `name(status): steps` in a `result` block.
#[derive(Clone, Debug)]
pub struct Branch {
    /// `ok`, `default` or an error's type.
    pub name: Name,
    /// The HTTP status.
    pub status: u16,
    /// The status' place.
    pub status_span: Span,
    /// What runs.
    pub steps: Vec<Step>,
    /// From the name to the last step.
    pub span: Span,
}

/// `|> parallel(options) @tags` with its branches; also `race`, `any` and `quorum`.
#[derive(Clone, Debug)]
pub struct ForkBlock {
    /// Which kind of block it is.
    pub word: Name,
    /// Its options, such as `timeout: 2s`; `None` when there are no brackets at all.
    pub options: Option<Vec<Text>>,
    /// What its tags ask for.
    pub tags: Option<BlockTags>,
    /// The branches in order.
    pub branches: Vec<ForkBranch>,
    /// From `|>` to the end of the block.
    pub span: Span,
}

/// `name: steps` in such a block.
#[derive(Clone, Debug)]
pub struct ForkBranch {
    /// Its name.
    pub name: Name,
    /// What runs.
    pub steps: Vec<Step>,
    /// From the name to the last step.
    pub span: Span,
}
