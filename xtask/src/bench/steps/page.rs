//! docs/benchmarks-steps.md

use super::super::CLIENTS;
use super::super::spread::Spread;
use super::{Aim, Measured, Report, Turn};

pub(in super::super) fn page(report: &Report) -> String {
    let (rounds, turn) = (report.effort.rounds(), report.effort.turn().as_secs());
    let mut lines = vec![
        "# Benchmarks of single steps\n".to_owned(),
        "Written by `cargo xtask bench steps`; do not edit. Every figure here comes from one run of that command.\n"
            .to_owned(),
        format!("- Machine: {}", report.machine),
        format!("- Load average of the last minute when it began: {}. Above the number of cores, other work got in the way.", report.load),
        format!("- {CLIENTS} clients in a closed loop over kept-alive connections, {rounds} rounds of {turn} s for each side, in turn within a"),
        "  round, after one round that does not count.".to_owned(),
        "- CPU is user and kernel time of the server process alone, per request. The clients and PostgreSQL are processes of".to_owned(),
        "  their own on the same machine.".to_owned(),
        "- Rejoin's program is [benches/steps.wp](../benches/steps.wp), the route by hand is [benches/peers/postgres](../benches/peers/postgres/src/main.rs):".to_owned(),
        "  a pool of as many connections, prepared statements that are kept, typed answers. Both answer the same bytes.".to_owned(),
        "- Figures are the median of the rounds, with the least and the most in brackets; ratios are taken round by round.\n".to_owned(),
    ];
    lines.push("| | ratio | aim | |\n|---|---|---|---|".to_owned());
    lines.extend(report.cases.iter().map(stands));
    for measured in &report.cases {
        let case = measured.case;
        lines.push(format!("\n## {}\n", case.title));
        lines
            .push("| | CPU per request, µs | requests/s | p99, µs |\n|---|---|---|---|".to_owned());
        lines.push(side(case.own.name, &measured.own));
        lines.push(side(case.other.name, &measured.other));
    }
    lines.join("\n") + "\n"
}

fn stands(measured: &Measured) -> String {
    let title = measured.case.title;
    let (of, ratio, aim, met) = match measured.case.aim {
        Aim::AtLeast(least) => {
            let ratio = measured.ratio(|turn| turn.per_second);
            ("requests/s", ratio, format!(">= {least}"), ratio.median >= least)
        }
        Aim::AtMost(most) => {
            let ratio = measured.ratio(|turn| turn.cpu);
            ("CPU per request", ratio, format!("<= {most}"), ratio.median <= most)
        }
    };
    let met = if met { "met" } else { "**missed**" };
    let other = measured.case.other.name;
    format!("| {title}, {of} over {other} | {} | {aim} | {met} |", ratio.show(2))
}

fn side(name: &str, turns: &[Turn]) -> String {
    let spread = |of: fn(&Turn) -> f64| Spread::of(turns.iter().map(of));
    format!(
        "| {name} | {} | {} | {} |",
        spread(|turn| turn.cpu).show(1),
        spread(|turn| turn.per_second).show(0),
        spread(|turn| turn.p99).show(0),
    )
}
