//! Steps on data on a PostgreSQL.

use std::sync::Arc;

use rejoin_engine::{Datum, Store, StoreAnswer, StoreCall, Transaction};
use rejoin_lang::plan::{Database, Isolation, Request};

use super::answer::{answer, failure};
use super::statement::{Flavour, statement};
use crate::pg::{PgDatabase, PgTransaction};

pub(super) struct PgStore {
    pub(super) database: PgDatabase,
    pub(super) schema: Arc<Database>,
}

impl Store for PgStore {
    fn run(&self, request: Request<Datum>) -> StoreCall<'_, StoreAnswer> {
        Box::pin(async move {
            let (sql, params) = statement(&request, &self.schema, Flavour::Postgres)?;
            let ran = self.database.run(&sql, &params, rejoin::deadline()).await;
            ran.map(answer).map_err(failure)
        })
    }

    fn begin(&self, isolation: Isolation) -> StoreCall<'_, Box<dyn Transaction>> {
        let begin = match isolation {
            // The server has nothing weaker than what is done.
            Isolation::ReadUncommitted | Isolation::ReadCommitted => {
                "begin isolation level read committed"
            }
            Isolation::RepeatableRead => "begin isolation level repeatable read",
            Isolation::Serializable => "begin isolation level serializable",
        };
        Box::pin(async move {
            let begun = self.database.begin(begin, rejoin::deadline()).await.map_err(failure)?;
            Ok(Box::new(Begun { transaction: begun, schema: self.schema.clone() })
                as Box<dyn Transaction>)
        })
    }
}

struct Begun {
    transaction: PgTransaction,
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
            let (sql, params) = statement(&request, &self.schema, Flavour::Postgres)?;
            self.transaction.run(&sql, &params).await.map(answer).map_err(failure)
        })
    }

    // Marks of one name are a stack: each word means the last.
    fn save(&mut self) -> StoreCall<'_, ()> {
        self.own("savepoint rejoin")
    }

    fn release(&mut self) -> StoreCall<'_, ()> {
        self.own("release savepoint rejoin")
    }

    fn undo(&mut self) -> StoreCall<'_, ()> {
        self.own("rollback to savepoint rejoin; release savepoint rejoin")
    }

    fn commit(self: Box<Self>) -> StoreCall<'static, ()> {
        Box::pin(async move { self.transaction.end("commit").await.map_err(failure) })
    }

    fn roll_back(self: Box<Self>) -> StoreCall<'static, ()> {
        Box::pin(async move { self.transaction.end("rollback").await.map_err(failure) })
    }
}
