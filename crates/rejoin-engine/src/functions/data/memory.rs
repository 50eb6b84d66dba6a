//! Tables in memory: a database without a connection. They begin and end with a run, so no test sees those of another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rejoin_lang::plan::{Change, Condition, Database, Isolation, Request, Select, Table};
use tokio::sync::OwnedMutexGuard;

use super::super::{Datum, compute};
use super::condition::{Fields, Filter};
use super::select::finish;
use super::store::{Answer, Store, StoreCall, Transaction, refused};

/// The most records of a table.
const MAX_RECORDS: usize = 100_000;

/// The most pairs of records that a join looks at.
const MAX_PAIRS: usize = 2_000_000;

pub(super) struct Memory {
    schema: Arc<Database>,
    tables: Arc<Mutex<Tables>>,
    /// Whoever writes is alone, be it for a statement or a transaction.
    writer: Arc<tokio::sync::Mutex<()>>,
}

/// Records are shared until somebody changes them: a copy of all costs a counter each.
type Tables = BTreeMap<Arc<str>, Arc<Contents>>;

#[derive(Clone, Default)]
struct Contents {
    records: Vec<Datum>,
    /// The last number that was made for an automatic field.
    last: i64,
}

impl Memory {
    pub(super) fn new(schema: &Database) -> Self {
        let (tables, writer) = (Arc::default(), Arc::default());
        Self { schema: Arc::new(schema.clone()), tables, writer }
    }
}

fn locked(tables: &Mutex<Tables>) -> MutexGuard<'_, Tables> {
    tables.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for Memory {
    fn run(&self, request: Request<Datum>) -> StoreCall<'_, Answer> {
        Box::pin(async move {
            if let Request::Select(select) = &request {
                let tables = locked(&self.tables).clone();
                return read(&tables, select);
            }
            let _alone = self.writer.lock().await;
            let mut tables = locked(&self.tables);
            write(&mut tables, &self.schema, &request)
        })
    }

    fn begin(&self, _: Isolation) -> StoreCall<'_, Box<dyn Transaction>> {
        Box::pin(async move {
            let alone = self.writer.clone().lock_owned().await;
            let tables = locked(&self.tables).clone();
            Ok(Box::new(Alone {
                schema: self.schema.clone(),
                place: self.tables.clone(),
                tables,
                marks: Vec::new(),
                _alone: alone,
            }) as Box<dyn Transaction>)
        })
    }
}

/// A transaction: a copy of all tables, which takes their place in the end.
struct Alone {
    schema: Arc<Database>,
    place: Arc<Mutex<Tables>>,
    tables: Tables,
    marks: Vec<Tables>,
    _alone: OwnedMutexGuard<()>,
}

fn done<T: Send + 'static>(result: Result<T, Datum>) -> StoreCall<'static, T> {
    Box::pin(std::future::ready(result))
}

impl Transaction for Alone {
    fn run(&mut self, request: Request<Datum>) -> StoreCall<'_, Answer> {
        done(match &request {
            Request::Select(select) => read(&self.tables, select),
            request => write(&mut self.tables, &self.schema, request),
        })
    }

    fn save(&mut self) -> StoreCall<'_, ()> {
        self.marks.push(self.tables.clone());
        done(Ok(()))
    }

    fn release(&mut self) -> StoreCall<'_, ()> {
        self.marks.pop();
        done(Ok(()))
    }

    fn undo(&mut self) -> StoreCall<'_, ()> {
        if let Some(tables) = self.marks.pop() {
            self.tables = tables;
        }
        done(Ok(()))
    }

    fn commit(self: Box<Self>) -> StoreCall<'static, ()> {
        *locked(&self.place) = self.tables;
        done(Ok(()))
    }

    fn roll_back(self: Box<Self>) -> StoreCall<'static, ()> {
        done(Ok(()))
    }
}

/// A record, or one beside another.
struct Row<'q> {
    select: &'q Select<Datum>,
    record: Datum,
    joined: Option<Datum>,
}

impl Fields for Row<'_> {
    fn field(&self, name: &str) -> Datum {
        let of = |record: &Datum, name| record.get(name).cloned();
        let qualified = name.split_once('.').and_then(|(table, field)| match &self.select.join {
            _ if *table == *self.select.from => of(&self.record, field),
            Some((to, _)) if *table == **to => of(self.joined.as_ref()?, field),
            _ => None,
        });
        qualified
            .or_else(|| of(&self.record, name))
            .or_else(|| of(self.joined.as_ref()?, name))
            .unwrap_or_default()
    }
}

impl Row<'_> {
    /// All fields; those of the other table have its name in front where both tables have one.
    fn whole(&self) -> Datum {
        let (Datum::Record(own), Some((to, _)), Some(Datum::Record(other))) =
            (&self.record, &self.select.join, &self.joined)
        else {
            return self.record.clone();
        };
        let mut fields = own.fields.clone();
        for (name, value) in &other.fields {
            let name = match own.get(name) {
                Some(_) => format!("{to}.{name}").into(),
                None => name.clone(),
            };
            fields.push((name, value.clone()));
        }
        Datum::map(fields)
    }
}

fn records<'t>(tables: &'t Tables, name: &str) -> &'t [Datum] {
    tables.get(name).map_or(&[], |contents| &contents.records)
}

fn read(tables: &Tables, select: &Select<Datum>) -> Result<Answer, Datum> {
    let own = records(tables, &select.from);
    let mut rows = Vec::new();
    match &select.join {
        None => {
            let row = |record: &Datum| Row { select, record: record.clone(), joined: None };
            rows.extend(own.iter().map(row));
        }
        Some((to, on)) => {
            let other = records(tables, to);
            if own.len().saturating_mul(other.len()) > MAX_PAIRS {
                let message = format!("a join in memory looks at {MAX_PAIRS} pairs at most");
                return Err(refused("54000", &message));
            }
            let filter = Filter::new(Some(on));
            for (record, joined) in own.iter().flat_map(|a| other.iter().map(move |b| (a, b))) {
                let row = Row { select, record: record.clone(), joined: Some(joined.clone()) };
                if filter.holds(&row)? {
                    rows.push(row);
                }
            }
        }
    }
    finish(rows, select, Row::whole).map(Answer::of_rows)
}

/// One record while it is written.
struct One<'r>(&'r Datum, &'r str);

impl Fields for One<'_> {
    fn field(&self, name: &str) -> Datum {
        let short = name.strip_prefix(self.1).and_then(|rest| rest.strip_prefix('.'));
        self.0.get(short.unwrap_or(name)).cloned().unwrap_or_default()
    }
}

/// Writes all of it, or fails and writes nothing.
fn write(
    tables: &mut Tables,
    schema: &Database,
    request: &Request<Datum>,
) -> Result<Answer, Datum> {
    match request {
        Request::Insert(name, fields) => {
            let contents = Arc::make_mut(tables.entry(name.clone()).or_default());
            let record = contents.insert(schema.table(name), fields)?;
            Ok(Answer::of_rows(vec![record]))
        }
        Request::Update(name, changes, filter) => {
            let Some(contents) = tables.get_mut(name) else { return Ok(Answer::default()) };
            let contents = Arc::make_mut(contents);
            contents.update(name, schema.table(name), changes, filter.as_ref())
        }
        Request::Delete(name, filter) => {
            let Some(contents) = tables.get_mut(name) else { return Ok(Answer::default()) };
            let filter = Filter::new(filter.as_ref());
            let mut kept = Vec::new();
            for record in &contents.records {
                if !filter.holds(&One(record, name))? {
                    kept.push(record.clone());
                }
            }
            let gone = contents.records.len() - kept.len();
            Arc::make_mut(contents).records = kept;
            Ok(Answer::of_count(gone as u64))
        }
        Request::Select(select) => read(tables, select),
        Request::Sql(_) => Err(refused("0A000", "tables in memory know no SQL")),
    }
}

impl Contents {
    fn insert(
        &mut self,
        table: Option<&Table>,
        given: &[(Arc<str>, Datum)],
    ) -> Result<Datum, Datum> {
        if self.records.len() >= MAX_RECORDS {
            let message = format!("a table in memory has {MAX_RECORDS} records at most");
            return Err(refused("53000", &message));
        }
        let mut last = self.last;
        let fields = match table {
            None => given.to_vec(),
            Some(table) => {
                let columns = table.fields.iter().map(|column| {
                    let given = given.iter().find(|(name, _)| *name == column.name);
                    let value = match given {
                        Some((_, value)) => value.clone(),
                        None if column.auto => {
                            last += 1;
                            Datum::Int(last)
                        }
                        None => column.default.as_ref().map(Datum::from).unwrap_or_default(),
                    };
                    if let (true, Datum::Int(number)) = (column.auto, &value) {
                        last = last.max(*number);
                    }
                    (column.name.clone(), value)
                });
                columns.collect()
            }
        };
        let record = Datum::map(fields);
        check(table, &record)?;
        self.check_unique(table, &record, None)?;
        self.last = last;
        self.records.push(record.clone());
        Ok(record)
    }

    fn update(
        &mut self,
        name: &str,
        table: Option<&Table>,
        changes: &[Change<Datum>],
        filter: Option<&Condition<Datum>>,
    ) -> Result<Answer, Datum> {
        let filter = Filter::new(filter);
        let mut changed = Self { records: self.records.clone(), last: self.last };
        let mut touched = Vec::new();
        for (at, record) in self.records.iter().enumerate() {
            if filter.holds(&One(record, name))? {
                changed.records[at] = with(record, changes)?;
                touched.push(at);
            }
        }
        for at in &touched {
            check(table, &changed.records[*at])?;
        }
        let unique = changes.iter().any(|change| {
            table.and_then(|table| table.field(&change.field)).is_some_and(|field| field.unique)
        });
        if unique {
            for at in &touched {
                changed.check_unique(table, &changed.records[*at], Some(*at))?;
            }
        }
        *self = changed;
        Ok(Answer::of_count(touched.len() as u64))
    }

    fn check_unique(
        &self,
        table: Option<&Table>,
        record: &Datum,
        own: Option<usize>,
    ) -> Result<(), Datum> {
        let unique = table.into_iter().flat_map(|table| &table.fields).filter(|field| field.unique);
        for field in unique {
            let value = record.get(&field.name).unwrap_or(&Datum::None);
            let mut others = (0..).zip(&self.records).filter(|(at, _)| Some(*at) != own);
            let taken = |other: &Datum| other.get(&field.name).is_some_and(|v| v == value);
            if *value != Datum::None && others.any(|(_, other): (usize, &Datum)| taken(other)) {
                let message =
                    format!("`{}` must be unique, and a record has this value", field.name);
                return Err(refused("23505", &message));
            }
        }
        Ok(())
    }
}

/// Whether a record has what its table needs.
fn check(table: Option<&Table>, record: &Datum) -> Result<(), Datum> {
    for field in table.into_iter().flat_map(|table| &table.fields) {
        let value = record.get(&field.name).unwrap_or(&Datum::None);
        let kind = field.kind.trim_end_matches('?');
        let fits = match (kind, value) {
            (_, Datum::None) if field.nullable => true,
            (_, Datum::None) => {
                let message = format!("`{}` needs a value", field.name);
                return Err(refused("23502", &message));
            }
            ("Float", Datum::Int(_)) => true,
            ("Int" | "Float" | "Bool" | "String", value) => value.is_a(kind),
            _ => true,
        };
        if !fits {
            let message = format!("`{}` is {kind}, and not {}", field.name, value.type_name());
            return Err(refused("22018", &message));
        }
    }
    Ok(())
}

/// A record with changes made to it.
pub(super) fn with(record: &Datum, changes: &[Change<Datum>]) -> Result<Datum, Datum> {
    let Datum::Record(old) = record else { return Ok(record.clone()) };
    let mut fields = old.fields.clone();
    for change in changes {
        let before = old.get(&change.field).unwrap_or(&Datum::None);
        let value = match &change.operation {
            None => change.value.clone(),
            Some(operation) => relative(operation, before, &change.value)?,
        };
        match fields.iter_mut().find(|(name, _)| *name == change.field) {
            Some((_, place)) => *place = value,
            None => fields.push((change.field.clone(), value)),
        }
    }
    Ok(Datum::map(fields))
}

/// What a field becomes that is changed relative to what it was; nothing stays nothing.
fn relative(operation: &str, before: &Datum, value: &Datum) -> Result<Datum, Datum> {
    let inputs = vec![before.clone(), value.clone()];
    match (operation, before, value) {
        (_, Datum::None, _) | (_, _, Datum::None) => Ok(Datum::None),
        ("append", Datum::List(items), value) => {
            Ok(Datum::List(items.iter().chain([value]).cloned().collect()))
        }
        ("append", Datum::Text(text), Datum::Text(more)) => {
            Ok(Datum::text(format!("{text}{more}")))
        }
        ("add" | "sub" | "mul" | "div", ..) => {
            compute::apply(operation, inputs).map_err(|fault| refused("22000", &fault.message))
        }
        _ => {
            let (before, value) = (before.type_name(), value.type_name());
            Err(refused("22000", &format!("`{operation}` does not take {before} and {value}")))
        }
    }
}
