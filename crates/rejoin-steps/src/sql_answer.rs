//! What a statement yields, whichever database it ran on.

use rejoin_value::{Array, Value, object};

/// Rows as objects, and how many there are or were changed.
pub(crate) struct SqlAnswer {
    pub(crate) rows: Array,
    pub(crate) count: u64,
    /// Whether it yields rows at all, be they none.
    pub(crate) has_rows: bool,
}

impl SqlAnswer {
    /// `{rows, rowCount}`, as the steps `pg` and `sql` answer.
    pub(crate) fn into_value(self) -> Value {
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        object! { "rows": self.rows, "rowCount": count }.into()
    }
}
