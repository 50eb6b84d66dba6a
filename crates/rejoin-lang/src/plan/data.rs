//! What steps ask of data: queries, writes, transactions and walks along relations.
//!
//! A request is generic over its values: in a plan they are [`Operand`]s, and whoever runs it puts what they stand for in
//! their places with [`Request::try_map`].

use std::sync::Arc;

use super::{FunctionStep, Literal, Operand};
use crate::source::Span;

/// A database that a program declares.
#[derive(Clone, Debug)]
pub struct Database {
    /// The id of its snippet.
    pub id: Arc<str>,
    /// Where it is named.
    pub span: Span,
    /// Whose SQL it speaks, as written.
    pub dialect: Option<Arc<str>>,
    /// Its address, or `env:NAME` for one that the environment has. None is a database in memory.
    pub connection: Option<Arc<str>>,
    /// The tables of its schema; nothing is known of them without one.
    pub tables: Option<Arc<[Table]>>,
}

/// A table of a schema.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: Arc<str>,
    /// Its columns, in order.
    pub fields: Vec<TableField>,
}

/// A column.
#[derive(Clone, Debug)]
pub struct TableField {
    /// Its name.
    pub name: Arc<str>,
    /// Its type, as written.
    pub kind: Arc<str>,
    /// Whether it may be absent.
    pub nullable: bool,
    /// Whether it identifies a record.
    pub primary: bool,
    /// Whether the database makes its value where none is given.
    pub auto: bool,
    /// Whether no two records have the same value.
    pub unique: bool,
    /// What it is where none is given.
    pub default: Option<Literal>,
}

/// Where data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataTarget {
    /// The program itself, as a graph of nodes.
    Project,
    /// The documents of `std.storage`.
    Documents,
    /// A database; an index of [`Functions::databases`](super::Functions::databases).
    Database(usize),
}

/// A step on data.
#[derive(Clone, Debug)]
pub struct DataStep {
    /// Where the data is.
    pub target: DataTarget,
    /// What is asked.
    pub request: Request<Operand>,
}

/// One statement.
#[derive(Clone, Debug)]
pub enum Request<V> {
    /// Reads records.
    Select(Select<V>),
    /// Adds a record: the table, and its fields.
    Insert(Arc<str>, Vec<(Arc<str>, V)>),
    /// Changes records: the table, the changes, and which.
    Update(Arc<str>, Vec<Change<V>>, Option<Condition<V>>),
    /// Removes records: the table, and which.
    Delete(Arc<str>, Option<Condition<V>>),
    /// A statement in the database's own language.
    Sql(Sql<V>),
}

/// What a query reads.
#[derive(Clone, Debug)]
pub struct Select<V> {
    /// The fields that are wanted; all without one.
    pub fields: Vec<Arc<str>>,
    /// The table or collection.
    pub from: Arc<str>,
    /// Another table, each of whose records is put beside those that fit.
    pub join: Option<(Arc<str>, Condition<V>)>,
    /// The nodes that a relation of this type leads to, instead of the nodes themselves.
    pub follow: Option<Arc<str>>,
    /// Which records.
    pub filter: Option<Condition<V>>,
    /// Their order: a field, and whether the largest comes first.
    pub order: Option<(Arc<str>, bool)>,
    /// How many at most.
    pub limit: Option<u64>,
    /// How many are left out at the beginning.
    pub offset: u64,
}

/// A change of a field.
#[derive(Clone, Debug)]
pub struct Change<V> {
    /// The field.
    pub field: Arc<str>,
    /// What is done to what it was; set without it.
    pub operation: Option<Arc<str>>,
    /// With what.
    pub value: V,
}

/// Which records.
#[derive(Clone, Debug)]
pub enum Condition<V> {
    /// A field compared with a value.
    Value(Comparison, Arc<str>, V),
    /// A field compared with another.
    Fields(Comparison, Arc<str>, Arc<str>),
    /// All of these.
    All(Vec<Condition<V>>),
    /// One of these.
    Any(Vec<Condition<V>>),
    /// Not this.
    Not(Box<Condition<V>>),
    /// A node with a relation of this type to a node, or to any.
    RelatedTo(Arc<str>, Option<V>),
    /// A node that a node has a relation of this type to.
    RelatedFrom(Arc<str>, V),
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same; with `none`, absent.
    Equals,
    /// Another; with `none`, there.
    NotEquals,
    /// Smaller.
    Less,
    /// Greater.
    Greater,
    /// Not greater.
    LessEq,
    /// Not smaller.
    GreaterEq,
    /// Has it as an element or as a part.
    Contains,
    /// Is a text that a regular expression finds something in.
    Matches,
}

/// A statement in a database's own language, with `$1`, `$2`, … for its parameters.
#[derive(Clone, Debug)]
pub struct Sql<V> {
    /// The statement.
    pub text: Arc<str>,
    /// The values, in the order of their numbers.
    pub params: Vec<V>,
    /// What is made of its rows.
    pub returns: Arc<Returns>,
}

/// What is made of the rows of a statement.
#[derive(Clone, Debug)]
pub struct Returns {
    /// How many rows there are to be.
    pub rows: Rows,
    /// The type of one, as written.
    pub kind: Arc<str>,
    /// The fields of that type which every row must have, if it is a struct of the program.
    pub fields: Vec<Arc<str>>,
}

/// How many rows there are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Exactly one.
    One,
    /// One or none.
    Optional,
    /// A list of any length.
    Many,
}

/// How much of what others do meanwhile a transaction sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Also what is not done yet, where a database has it.
    ReadUncommitted,
    /// What is done.
    #[default]
    ReadCommitted,
    /// What was done when it began.
    RepeatableRead,
    /// As if it were alone.
    Serializable,
}

/// Steps that happen on a database as a whole, or not at all.
#[derive(Clone, Debug)]
pub struct TransactionStep {
    /// How much it sees of others.
    pub isolation: Isolation,
    /// What it does.
    pub steps: Vec<FunctionStep>,
}

/// A walk along the relations of the program's nodes.
#[derive(Clone, Debug)]
pub struct Traverse {
    /// The node that it begins with, and that it does not yield.
    pub from: Operand,
    /// The types of relations that it follows.
    pub relations: Vec<Arc<str>>,
    /// How many relations far; any number without it.
    pub depth: Option<u64>,
    /// Whether it goes along relations.
    pub outgoing: bool,
    /// Whether it goes against them.
    pub incoming: bool,
    /// Which of the nodes that it finds.
    pub filter: Option<Condition<Operand>>,
}

/// The program as a graph: what queries of `project` read.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// Its collections, each with its nodes by their ids.
    pub collections: Vec<(Arc<str>, Vec<Literal>)>,
    /// Its relations: from, type, to. Each stands here in both directions.
    pub relations: Vec<(Arc<str>, Arc<str>, Arc<str>)>,
}

impl Database {
    /// The table with this name, if a schema says that there is one.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.as_deref()?.iter().find(|table| *table.name == *name)
    }
}

impl Table {
    /// The column with this name.
    pub fn field(&self, name: &str) -> Option<&TableField> {
        self.fields.iter().find(|field| *field.name == *name)
    }
}

impl<V> Request<V> {
    /// Its values in the order of the text.
    pub fn values<'r>(&'r self, visit: &mut dyn FnMut(&'r V)) {
        match self {
            Self::Select(select) => {
                select.join.iter().for_each(|(_, on)| on.values(visit));
                select.filter.iter().for_each(|filter| filter.values(visit));
            }
            Self::Insert(_, fields) => fields.iter().for_each(|(_, value)| visit(value)),
            Self::Update(_, changes, filter) => {
                changes.iter().for_each(|change| visit(&change.value));
                filter.iter().for_each(|filter| filter.values(visit));
            }
            Self::Delete(_, filter) => filter.iter().for_each(|filter| filter.values(visit)),
            Self::Sql(sql) => sql.params.iter().for_each(visit),
        }
    }

    /// The same with other values.
    ///
    /// # Errors
    /// The first of `map`.
    pub fn try_map<W, E>(&self, map: &mut dyn FnMut(&V) -> Result<W, E>) -> Result<Request<W>, E> {
        Ok(match self {
            Self::Select(select) => Request::Select(select.try_map(map)?),
            Self::Insert(table, fields) => {
                let fields: Result<_, E> =
                    fields.iter().map(|(name, value)| Ok((name.clone(), map(value)?))).collect();
                Request::Insert(table.clone(), fields?)
            }
            Self::Update(table, changes, filter) => {
                let changes: Result<_, E> = changes
                    .iter()
                    .map(|change| {
                        let (field, operation) = (change.field.clone(), change.operation.clone());
                        Ok(Change { field, operation, value: map(&change.value)? })
                    })
                    .collect();
                Request::Update(table.clone(), changes?, mapped(filter.as_ref(), map)?)
            }
            Self::Delete(table, filter) => {
                Request::Delete(table.clone(), mapped(filter.as_ref(), map)?)
            }
            Self::Sql(sql) => {
                let params: Result<_, E> = sql.params.iter().map(map).collect();
                let (text, returns) = (sql.text.clone(), sql.returns.clone());
                Request::Sql(Sql { text, params: params?, returns })
            }
        })
    }
}

impl<V> Select<V> {
    /// What the selected fields are called in a record: without their table, where that leaves no two of one name.
    pub fn names(&self) -> Vec<Arc<str>> {
        let short = |field: &'_ Arc<str>| field.rsplit('.').next().unwrap_or(field).to_owned();
        let short: Vec<String> = self.fields.iter().map(short).collect();
        let name = |(at, field): (usize, &Arc<str>)| {
            let same = short.iter().filter(|name| **name == short[at]).count();
            if same > 1 { field.clone() } else { short[at].as_str().into() }
        };
        self.fields.iter().enumerate().map(name).collect()
    }

    fn try_map<W, E>(&self, map: &mut dyn FnMut(&V) -> Result<W, E>) -> Result<Select<W>, E> {
        let join = match &self.join {
            Some((to, on)) => Some((to.clone(), on.try_map(map)?)),
            None => None,
        };
        Ok(Select {
            fields: self.fields.clone(),
            from: self.from.clone(),
            join,
            follow: self.follow.clone(),
            filter: mapped(self.filter.as_ref(), map)?,
            order: self.order.clone(),
            limit: self.limit,
            offset: self.offset,
        })
    }
}

fn mapped<V, W, E>(
    filter: Option<&Condition<V>>,
    map: &mut dyn FnMut(&V) -> Result<W, E>,
) -> Result<Option<Condition<W>>, E> {
    filter.map(|filter| filter.try_map(map)).transpose()
}

impl<V> Condition<V> {
    /// Its values in the order of the text.
    pub fn values<'c>(&'c self, visit: &mut dyn FnMut(&'c V)) {
        match self {
            Self::Value(_, _, value) | Self::RelatedFrom(_, value) => visit(value),
            Self::RelatedTo(_, value) => value.iter().for_each(visit),
            Self::Fields(..) => {}
            Self::All(all) | Self::Any(all) => {
                all.iter().for_each(|condition| condition.values(visit));
            }
            Self::Not(condition) => condition.values(visit),
        }
    }

    /// The same with other values.
    ///
    /// # Errors
    /// The first of `map`.
    pub fn try_map<W, E>(
        &self,
        map: &mut dyn FnMut(&V) -> Result<W, E>,
    ) -> Result<Condition<W>, E> {
        let mut list = |all: &[Self]| -> Result<Vec<Condition<W>>, E> {
            all.iter().map(|condition| condition.try_map(map)).collect()
        };
        Ok(match self {
            Self::All(all) => Condition::All(list(all)?),
            Self::Any(all) => Condition::Any(list(all)?),
            Self::Not(condition) => Condition::Not(Box::new(condition.try_map(map)?)),
            Self::Value(comparison, field, value) => {
                Condition::Value(*comparison, field.clone(), map(value)?)
            }
            Self::Fields(comparison, left, right) => {
                Condition::Fields(*comparison, left.clone(), right.clone())
            }
            Self::RelatedTo(kind, node) => {
                Condition::RelatedTo(kind.clone(), node.as_ref().map(map).transpose()?)
            }
            Self::RelatedFrom(kind, node) => Condition::RelatedFrom(kind.clone(), map(node)?),
        })
    }
}
