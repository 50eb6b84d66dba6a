//! Steps on data of `std.storage`: its documents as records, by way of the library's own functions, so that tests can stand in for them.

use std::sync::Arc;

use rejoin_lang::plan::{Change, Condition, Request};

use super::super::Datum;
use super::super::exec::Run;
use super::condition::{Fields, Filter};
use super::memory::with;
use super::select::finish;
use super::store::{Answer, refused};

/// What a document has beside its data.
const OWN: [&str; 3] = ["id", "created_at", "updated_at"];

impl Run {
    /// Asks the document store.
    pub(super) async fn documents(&self, request: &Request<Datum>) -> Result<Answer, Datum> {
        match request {
            Request::Select(select) => {
                let rows = self.collection(&select.from).await?;
                finish(rows, select, Row::whole).map(Answer::of_rows)
            }
            Request::Insert(collection, fields) => self.add(collection, fields).await,
            Request::Update(collection, changes, filter) => {
                let chosen = self.chosen(collection, filter.as_ref()).await?;
                let changed: Vec<_> =
                    chosen.iter().map(|row| row.changed(changes)).collect::<Result<_, Datum>>()?;
                for (row, data) in chosen.iter().zip(changed) {
                    self.ask("put", vec![Datum::text(&**collection), row.id(), data]).await?;
                }
                Ok(Answer::of_count(chosen.len() as u64))
            }
            Request::Delete(collection, filter) => {
                let chosen = self.chosen(collection, filter.as_ref()).await?;
                for row in &chosen {
                    self.ask("delete", vec![Datum::text(&**collection), row.id()]).await?;
                }
                Ok(Answer::of_count(chosen.len() as u64))
            }
            Request::Sql(_) => Err(refused("0A000", "`std.storage` knows no SQL")),
        }
    }

    /// A new document; without an id it gets the number behind the largest one.
    async fn add(
        &self,
        collection: &Arc<str>,
        fields: &[(Arc<str>, Datum)],
    ) -> Result<Answer, Datum> {
        let given = fields.iter().find(|(name, _)| **name == *"id").map(|(_, id)| id);
        let id = match given {
            Some(Datum::Text(id)) => Datum::Text(id.clone()),
            Some(id) if *id != Datum::None => Datum::text(id.to_json().to_json()),
            _ => {
                let rows = self.collection(collection).await?;
                let numbers = rows.iter().filter_map(|row| row.id().as_text()?.parse().ok());
                Datum::text((numbers.max().unwrap_or(0_u64).saturating_add(1)).to_string())
            }
        };
        let place = || vec![Datum::text(&**collection), id.clone()];
        if given.is_some() && self.ask("get", place()).await? != Datum::None {
            return Err(refused("23505", "`id` must be unique, and a document has this one"));
        }
        let mut arguments = place();
        arguments.push(Datum::map(fields.to_vec()));
        let added = Row { document: self.ask("put", arguments).await?, collection };
        Ok(Answer::of_rows(vec![added.whole()]))
    }

    async fn chosen<'c>(
        &self,
        collection: &'c Arc<str>,
        filter: Option<&Condition<Datum>>,
    ) -> Result<Vec<Row<'c>>, Datum> {
        let filter = Filter::new(filter);
        let mut chosen = Vec::new();
        for row in self.collection(collection).await? {
            if filter.holds(&row)? {
                chosen.push(row);
            }
        }
        Ok(chosen)
    }

    async fn collection<'c>(&self, name: &'c Arc<str>) -> Result<Vec<Row<'c>>, Datum> {
        let mut arguments = vec![Datum::None; 6];
        arguments[0] = Datum::text(&**name);
        let found = self.ask("query", arguments).await?;
        let Some(Datum::List(documents)) = found.get("documents") else { return Ok(Vec::new()) };
        let row = |document: &Datum| Row { document: document.clone(), collection: name };
        Ok(documents.iter().map(row).collect())
    }

    async fn ask(&self, function: &str, arguments: Vec<Datum>) -> Result<Datum, Datum> {
        let value = self.reach(&format!("std.storage.doc.{function}"), arguments).await;
        if value.is_failure() { Err(value) } else { Ok(value) }
    }
}

/// A document of a collection.
struct Row<'c> {
    document: Datum,
    collection: &'c Arc<str>,
}

impl Row<'_> {
    fn id(&self) -> Datum {
        self.document.get("id").cloned().unwrap_or_default()
    }

    fn data(&self) -> &Datum {
        self.document.get("data").unwrap_or(&Datum::None)
    }

    /// Its data, with its id in front if that is not in there.
    fn whole(&self) -> Datum {
        let Datum::Record(data) = self.data() else {
            return Datum::map(vec![
                ("id".into(), self.id()),
                ("data".into(), self.data().clone()),
            ]);
        };
        let id = data.get("id").is_none().then(|| ("id".into(), self.id()));
        Datum::map(id.into_iter().chain(data.fields.iter().cloned()).collect())
    }

    fn changed(&self, changes: &[Change<Datum>]) -> Result<Datum, Datum> {
        if changes.iter().any(|change| *change.field == *"id") {
            return Err(refused("0A000", "the `id` of a document cannot be changed"));
        }
        with(self.data(), changes)
    }
}

impl Fields for Row<'_> {
    /// Of its data, also by a path, or of the document itself.
    fn field(&self, name: &str) -> Datum {
        let short = name.strip_prefix(&**self.collection).and_then(|rest| rest.strip_prefix('.'));
        let name = short.unwrap_or(name);
        if let Some(value) = self.data().get(name) {
            return value.clone();
        }
        if OWN.contains(&name) {
            return self.document.get(name).cloned().unwrap_or_default();
        }
        let path = name.split('.').try_fold(self.data(), |value, name| value.get(name));
        path.cloned().unwrap_or_default()
    }
}
