//! The pages of figures: all of one run, the losses too.

use std::fmt::Write as _;

use super::library::Output;
use super::memory::IN_FLIGHT;
use super::{CLIENTS, Measured, Report};

/// docs/benchmarks.md
pub(super) fn server(report: &Report) -> String {
    let mut text = String::new();
    head(&mut text, report);
    aims(&mut text, report);
    for measured in &report.routes {
        route(&mut text, report, measured);
    }
    memory(&mut text, report);
    line(
        &mut text,
        "The library and the crates by themselves: [benchmarks-library.md](benchmarks-library.md).",
    );
    text
}

fn line(text: &mut String, line: impl AsRef<str>) {
    text.push_str(line.as_ref());
    text.push('\n');
}

fn head(text: &mut String, report: &Report) {
    line(text, "# Benchmarks\n");
    line(
        text,
        "Written by `cargo xtask bench`; do not edit. Every figure here comes from one run of that command.\n",
    );
    writeln!(text, "- Machine: {}", report.machine).expect("a string takes everything");
    writeln!(
        text,
        "- {CLIENTS} clients in a closed loop over kept-alive connections, {} rounds of {} s for each server and \
         route, servers in turn within a round, after one round that does not count.",
        report.effort.rounds(),
        report.effort.turn().as_secs()
    )
    .expect("a string takes everything");
    line(
        text,
        "- CPU is user and kernel time of the server process alone, per request. Clients and back end are processes of",
    );
    line(
        text,
        "  their own on the same machine, so requests per second and latencies say less than CPU does.",
    );
    line(
        text,
        "- Rejoin writes its log line for every request, as it does by default; the peers write none.",
    );
    line(text, "- All servers answer the same bytes on each route; the command checks it first.");
    line(
        text,
        "- The peers are in [benches/peers](../benches/peers), Rejoin's program is [benches/rejoin.wp](../benches/rejoin.wp).",
    );
    line(
        text,
        "- Figures are the median of the rounds, with the least and the most in brackets.\n",
    );
}

fn aims(text: &mut String, report: &Report) {
    line(text, "## Where Rejoin stands\n");
    line(
        text,
        "CPU per request of Rejoin as a multiple of each peer: below 1, Rejoin needs less. Where there is an aim, it says",
    );
    line(text, "whether the median meets it.\n");
    line(text, "| route | against | ratio | aim | |");
    line(text, "|---|---|---|---|---|");
    for measured in &report.routes {
        for (peer, name) in report.servers.iter().enumerate().skip(1) {
            let ratio = measured.ratio(peer);
            let aim = measured.route.aims.iter().find(|(of, _)| of == name).map(|(_, most)| *most);
            let (aim, met) = match aim {
                Some(most) if ratio.median <= most => (format!("<= {most}"), "met"),
                Some(most) => (format!("<= {most}"), "**missed**"),
                None => (String::new(), ""),
            };
            line(
                text,
                format!(
                    "| {} | {name} | {} | {aim} | {met} |",
                    measured.route.title,
                    ratio.show(2)
                ),
            );
        }
    }
    line(text, "");
}

fn route(text: &mut String, report: &Report, measured: &Measured) {
    line(text, format!("## {}\n", measured.route.title));
    line(text, format!("`GET {}`\n", measured.route.path));
    line(text, "| server | CPU per request, µs | requests/s | p50, µs | p99, µs |");
    line(text, "|---|---|---|---|---|");
    for (server, name) in report.servers.iter().enumerate() {
        line(
            text,
            format!(
                "| {name} | {} | {} | {} | {} |",
                measured.spread(server, |turn| turn.cpu).show(1),
                measured.spread(server, |turn| turn.per_second).show(0),
                measured.spread(server, |turn| turn.p50).show(0),
                measured.spread(server, |turn| turn.p99).show(0),
            ),
        );
    }
    line(text, "");
}

fn memory(text: &mut String, report: &Report) {
    line(text, "## Memory\n");
    line(
        text,
        format!(
            "Resident, in MB: a fresh server after one request; with {IN_FLIGHT} requests waiting for the back end; after them."
        ),
    );
    line(text, "Aims for Rejoin: at most 30 idle, at most 100 in flight.\n");
    line(text, "| server | idle | in flight | after |");
    line(text, "|---|---|---|---|");
    for memory in &report.memory {
        let super::memory::Memory { name, idle, in_flight, after } = memory;
        line(text, format!("| {name} | {idle:.1} | {in_flight:.1} | {after:.1} |"));
    }
    line(text, "");
}

/// docs/benchmarks-library.md
pub(super) fn library(machine: &str, load: &str, command: &str, outputs: &[Output]) -> String {
    let mut text = String::new();
    line(&mut text, "# Benchmarks of the library\n");
    line(
        &mut text,
        format!(
            "Written by `cargo xtask bench {command}`; do not edit. Every figure here comes from one run of that command.\n"
        ),
    );
    line(&mut text, format!("- Machine: {machine}"));
    line(
        &mut text,
        format!(
            "- Load average of the last minute when it began: {load}. Above the number of cores, other work got in the way."
        ),
    );
    line(
        &mut text,
        "- The contestants of a table take turns in short samples; a ratio is computed within each turn. Below 1 is faster",
    );
    line(&mut text, "  than the first contestant.");
    let (name, value) = super::library::KEPT_HEAP;
    line(
        &mut text,
        format!(
            "- glibc keeps what is freed (`{name}={value}`): else it gives memory back to the system after a round,"
        ),
    );
    line(
        &mut text,
        "  or does not, by the luck of what lies last in the heap, which counts for more than what is compared.",
    );
    line(
        &mut text,
        "- The crates that Rejoin is compared with are called in [benches/peers/library](../benches/peers/library/src/cases.rs).\n",
    );
    for output in outputs {
        line(&mut text, format!("## {}\n\n```text\n{}\n```\n", output.title, output.text));
    }
    while text.ends_with("\n\n") {
        text.pop();
    }
    text
}
