//! The parts of a query that are the same for tables in memory and for the program's nodes.

use rejoin_lang::plan::Select;

use super::super::Datum;
use super::condition::{Fields, Filter, sorted};

/// Filters, orders, cuts and projects records, in this order.
pub(super) fn finish<F: Fields>(
    records: Vec<F>,
    select: &Select<Datum>,
    whole: impl Fn(&F) -> Datum,
) -> Result<Vec<Datum>, Datum> {
    let filter = Filter::new(select.filter.as_ref());
    let mut kept = Vec::new();
    for record in records {
        if filter.holds(&record)? {
            kept.push(record);
        }
    }
    if let Some((by, descending)) = &select.order {
        let mut keyed: Vec<(Datum, F)> =
            kept.into_iter().map(|record| (record.field(by), record)).collect();
        keyed.sort_by(|(a, _), (b, _)| if *descending { sorted(b, a) } else { sorted(a, b) });
        kept = keyed.into_iter().map(|(_, record)| record).collect();
    }
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let wanted = kept.iter().skip(size(select.offset)).take(select.limit.map_or(usize::MAX, size));
    let made = wanted.map(|record| match select.fields.is_empty() {
        true => whole(record),
        false => {
            let fields = select.names().into_iter().zip(&select.fields);
            Datum::map(fields.map(|(name, field)| (name, record.field(field))).collect())
        }
    });
    Ok(made.collect())
}
