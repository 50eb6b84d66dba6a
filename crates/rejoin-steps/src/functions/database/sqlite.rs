//! Steps on data on a SQLite. It has one isolation, which is the strictest.

use std::sync::Arc;

use rejoin_engine::{Datum, Store, StoreAnswer, StoreCall, Transaction};
use rejoin_lang::plan::{Database, Isolation, Request};

use super::answer::{answer, failure};
use super::statement::{Flavour, statement};
use crate::sql::{SqliteDatabase, SqliteTransaction};

pub(super) struct SqliteStore {
    pub(super) database: SqliteDatabase,
    pub(super) schema: Arc<Database>,
}

impl Store for SqliteStore {
    fn run(&self, request: Request<Datum>) -> StoreCall<'_, StoreAnswer> {
        Box::pin(async move {
            let (sql, params) = statement(&request, &self.schema, Flavour::Sqlite)?;
            self.database.run(&sql, params).await.map(answer).map_err(failure)
        })
    }

    fn begin(&self, _: Isolation) -> StoreCall<'_, Box<dyn Transaction>> {
        Box::pin(async move {
            let begun = self.database.begin().await.map_err(failure)?;
            Ok(Box::new(Begun { transaction: begun, schema: self.schema.clone() })
                as Box<dyn Transaction>)
        })
    }
}

struct Begun {
    transaction: SqliteTransaction,
    schema: Arc<Database>,
}

impl Begun {
    fn own(&mut self, words: &'static str) -> StoreCall<'_, ()> {
        Box::pin(async move { self.transaction.own(words).await.map_err(failure) })
    }
}

impl Transaction for Begun {
    fn run(&mut self, request: Request<Datum>) -> StoreCall<'_, StoreAnswer> {
        Box::pin(async move {
            let (sql, params) = statement(&request, &self.schema, Flavour::Sqlite)?;
            self.transaction.run(&sql, params).await.map(answer).map_err(failure)
        })
    }

    // Marks of one name are a stack: each word means the last.
    fn save(&mut self) -> StoreCall<'_, ()> {
        self.own("savepoint rejoin")
    }

    fn release(&mut self) -> StoreCall<'_, ()> {
        self.own("release rejoin")
    }

    fn undo(&mut self) -> StoreCall<'_, ()> {
        self.own("rollback to rejoin; release rejoin")
    }

    fn commit(self: Box<Self>) -> StoreCall<'static, ()> {
        Box::pin(async move { self.transaction.commit().await.map_err(failure) })
    }

    fn roll_back(mut self: Box<Self>) -> StoreCall<'static, ()> {
        Box::pin(async move { self.transaction.own("rollback").await.map_err(failure) })
    }
}
