//! docs/benchmarks-batches.md

use super::{Report, Row};

/// The aim: within ten percent of what is written by hand.
const OF_BY_HAND: f64 = 0.9;

pub(in super::super) fn page(report: &Report) -> String {
    let mut lines = vec![
        "# Benchmarks of HTTP batches\n".to_owned(),
        "Written by `cargo xtask bench batches`; do not edit. Every figure here comes from one run of that command.\n"
            .to_owned(),
        format!("- Machine: {}", report.machine),
        format!("- Load average of the last minute when it began: {}. Above the number of cores, other work got in the way.", report.load),
        format!("- {} rounds; contestants in turn within a round, each batch in a process of its own. The server is another", report.rounds),
        "  process on the same machine and shares its cores.".to_owned(),
        "- Every batch is sent whole, and only counts if each answer is good. p99 is of single requests, to their last byte.".to_owned(),
        "- Peak memory is the most that was resident, of the whole process with its runtime.".to_owned(),
        "- curl takes at most 300 at once, has no first-of-three, and its time includes starting it and reading the list.".to_owned(),
        "- Figures are the median of the rounds, with the least and the most in brackets. The ratio is requests/s of Rejoin over".to_owned(),
        "  those of the other, round by round: above 1, Rejoin is faster. The aims: at least 0.9 of reqwest by hand, and ahead of".to_owned(),
        "  the rest.".to_owned(),
        "- The contestants are in [benches/peers](../benches/peers): `batches`, `fastify-undici/batch.js`, `python/batch.py`.\n".to_owned(),
    ];
    for missing in &report.missing {
        lines.push(format!("Not measured: {missing}.\n"));
    }
    for (case, rows) in &report.tables {
        lines.push(format!("## {}\n", case.title));
        lines.push("| client | requests/s | p99, ms | peak, MB | Rejoin over it | |".to_owned());
        lines.push("|---|---|---|---|---|---|".to_owned());
        for (place, row) in rows.iter().enumerate() {
            lines.push(line(place, row, &rows[0]));
        }
        lines.push(String::new());
    }
    let mut text = lines.join("\n");
    text.truncate(text.trim_end().len());
    text + "\n"
}

fn line(place: usize, row: &Row, rejoin: &Row) -> String {
    let ratio = rejoin.ratio(row);
    let least = if place == 1 { OF_BY_HAND } else { 1.0 };
    let (shown, met) = match place {
        0 => (String::new(), ""),
        _ if ratio.median >= least => (ratio.show(2), "met"),
        _ => (ratio.show(2), "**missed**"),
    };
    let Row { name, .. } = row;
    format!(
        "| {name} | {} | {} | {} | {shown} | {met} |",
        row.spread(|turn| turn.per_second).show(0),
        row.spread(|turn| turn.p99).show(1),
        row.spread(|turn| turn.peak).show(1),
    )
}
