//! Where data is: what a database must be able to do for steps on data.

use std::future::Future;
use std::pin::Pin;

use rejoin_lang::plan::{Isolation, Request};

use super::super::Datum;

/// Work on a store that is under way. Its error is a failure of the program: [`db_error`].
pub type StoreCall<'a, T> = Pin<Box<dyn Future<Output = Result<T, Datum>> + Send + 'a>>;

/// What a store answers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Records that were read, or the one that was added.
    pub rows: Vec<Datum>,
    /// How many there are, or were changed.
    pub count: u64,
    /// Whether a statement yields rows at all, be they none.
    pub has_rows: bool,
}

impl Answer {
    /// Records.
    pub fn of_rows(rows: Vec<Datum>) -> Self {
        Self { count: rows.len() as u64, rows, has_rows: true }
    }

    /// So many changed.
    pub fn of_count(count: u64) -> Self {
        Self { count, ..Self::default() }
    }
}

/// A database.
pub trait Store: Send + Sync {
    /// Runs one statement, as a whole or not at all.
    ///
    /// # Cancel safety
    /// Dropping the future stops the statement and undoes it.
    fn run(&self, request: Request<Datum>) -> StoreCall<'_, Answer>;

    /// Begins a transaction, which has a connection for itself.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue, or the transaction.
    fn begin(&self, isolation: Isolation) -> StoreCall<'_, Box<dyn Transaction>>;
}

/// A connection within a transaction. Dropping it undoes all that it did, and nobody gets the connection before that.
pub trait Transaction: Send {
    /// Runs one statement. After one that fails, [`undo`](Self::undo) and
    /// [`roll_back`](Self::roll_back) are all that works.
    ///
    /// # Cancel safety
    /// After its future was dropped the transaction is fit for nothing but being dropped, too.
    fn run(&mut self, request: Request<Datum>) -> StoreCall<'_, Answer>;

    /// Marks a place to come back to.
    fn save(&mut self) -> StoreCall<'_, ()>;

    /// Forgets the last mark, and keeps what was done since.
    fn release(&mut self) -> StoreCall<'_, ()>;

    /// Goes back to the last mark, and forgets it.
    fn undo(&mut self) -> StoreCall<'_, ()>;

    /// Makes it last.
    fn commit(self: Box<Self>) -> StoreCall<'static, ()>;

    /// Undoes all of it.
    fn roll_back(self: Box<Self>) -> StoreCall<'static, ()>;
}

/// What a database refuses, as a value: `code` is `E-QUERY-012`, or `E-QUERY-013` where rows are not what they were to be;
/// `sqlstate` is the class of the SQL standard, if there is one.
pub fn db_error(code: &str, sqlstate: Option<&str>, message: &str) -> Datum {
    Datum::record(
        "DbError",
        [
            ("code", Datum::text(code)),
            ("sqlstate", sqlstate.map_or(Datum::None, Datum::text)),
            ("message", Datum::text(message)),
        ],
    )
}

/// A statement that a database refuses.
pub(super) fn refused(sqlstate: &str, message: &str) -> Datum {
    db_error("E-QUERY-012", Some(sqlstate), message)
}
