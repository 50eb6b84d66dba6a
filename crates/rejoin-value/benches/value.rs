//! What parsing, printing, forking and jq cost; ratios in one run on one machine.
//!
//! `cargo bench -p rejoin-value`. Each figure is the median of eleven rounds, with the spread
//! between the second and the tenth.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use jaq_core::{Compiler, Ctx, Vars, data, load, unwrap_valr};
use rejoin_value::{
    Value,
    jq::{Limits, Program},
    json,
};
use std::{hint::black_box, time::Instant};

fn measure(name: &str, mut work: impl FnMut()) -> f64 {
    let started = Instant::now();
    let mut rounds = 0u32;
    while started.elapsed().as_millis() < 20 {
        work();
        rounds += 1;
    }
    let mut times: Vec<f64> = (0..11)
        .map(|_| {
            let started = Instant::now();
            (0..rounds).for_each(|_| work());
            started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{name:<58} {:>10.3} µs   ({:.3} – {:.3})", times[5], times[1], times[9]);
    times[5]
}

/// A document of about so many bytes, as an interface would answer.
fn document(bytes: usize) -> String {
    let mut items = Vec::new();
    let mut length = 0;
    for n in 0.. {
        let item = format!(
            r#"{{"id":{n},"name":"item {n}","kind":"k{}","price":{}.{:02},"tags":["a","b","c{}"],"stock":{{"here":{},"there":null,"open":true}}}}"#,
            n % 7,
            n % 90,
            n % 97,
            n % 5,
            n % 31
        );
        length += item.len() + 1;
        items.push(item);
        if length > bytes {
            break;
        }
    }
    format!(r#"{{"x":{{"y":"z"}},"items":[{}]}}"#, items.join(","))
}

/// The same program by jaq on its own value.
fn by_jaq(source: &str, input: &str) -> impl FnMut() {
    let arena = load::Arena::default();
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let modules = load::Loader::new(defs)
        .load(&arena, load::File { code: source, path: () })
        .unwrap_or_else(|_| panic!("{source} parses"));
    let filter = Compiler::<_, data::JustLut<jaq_json::Val>>::default()
        .with_funs(funs)
        .compile(modules)
        .unwrap_or_else(|_| panic!("{source} compiles"));
    let input = jaq_json::read::parse_single(input.as_bytes()).expect("JSON");
    move || {
        let ctx = Ctx::<data::JustLut<jaq_json::Val>>::new(&filter.lut, Vars::new([]));
        for output in filter.id.run((ctx, input.clone())).map(unwrap_valr) {
            drop(black_box(output));
        }
    }
}

/// The route that gathers a large answer and sums it up: orders with a few short fields each.
fn orders() -> String {
    let orders: Vec<String> = (0..620)
        .map(|n| {
            let status = if n % 3 == 1 { "open" } else { "paid" };
            let (customer, total) = (n * 39 % 40, n * 4999 % 5024);
            format!(
                r#"{{"id":{n},"customer":"customer {customer:02}","status":"{status}","total":{total},"currency":"EUR","items":[{{"sku":"SKU-{n:05}","count":2}},{{"sku":"SKU-{customer:05}","count":1}}],"note":null}}"#
            )
        })
        .collect();
    format!(r#"{{"orders":[{}]}}"#, orders.join(","))
}

/// What one request for a summary of a large answer costs, step by step.
fn report() {
    let text = orders();
    println!("report on {} bytes", text.len());
    let program = Program::compile(
        r#"[.data.response.orders[] | select(.status == "paid")] | group_by(.customer)
           | map({customer: .[0].customer, orders: length, total: (map(.total) | add)})"#,
        &[],
    )
    .expect("compiles");
    let limits = Limits::default();
    let parsed = Value::parse(text.as_bytes()).expect("JSON");
    let wrapped: Value = json!({"data": {"response": (parsed.clone())}});
    measure("  parse and drop", || drop(black_box(Value::parse(text.as_bytes()))));
    measure("  parse and drop, serde_json", || {
        drop(black_box(serde_json::from_slice::<serde_json::Value>(text.as_bytes())));
    });
    measure("  summarise", || drop(black_box(program.run_first(&wrapped, &[], &limits))));
    measure("  print", || drop(black_box(json::to_vec(&parsed))));
    let other: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    measure("  print, serde_json", || drop(black_box(serde_json::to_vec(&other))));
    measure("  all of it", || {
        let body = Value::parse(text.as_bytes()).expect("JSON");
        let state: Value = json!({"data": {"response": (body)}});
        let summary = program.run_first(&state, &[], &limits).expect("runs").expect("an output");
        drop(black_box(json::to_vec(&summary)));
    });
}

fn main() {
    report();
    if std::env::args().any(|arg| arg == "report") {
        return;
    }
    let large = document(100_000);
    let parsed = Value::parse(large.as_bytes()).expect("JSON");
    println!("{} bytes", large.len());
    let ours = measure("parse 100 KB", || drop(black_box(Value::parse(large.as_bytes()))));
    let theirs = measure("parse 100 KB, serde_json", || {
        drop(black_box(serde_json::from_slice::<serde_json::Value>(large.as_bytes())));
    });
    println!("{:>60} {:.2}x", "ours to theirs", ours / theirs);
    let other: serde_json::Value = serde_json::from_str(&large).expect("JSON");
    let ours = measure("print 100 KB", || drop(black_box(json::to_vec(&parsed))));
    let theirs = measure("print 100 KB, serde_json", || {
        drop(black_box(serde_json::to_vec(&other)));
    });
    println!("{:>60} {:.2}x", "ours to theirs", ours / theirs);

    for bytes in [1_000, 1_000_000] {
        let state = Value::parse(document(bytes).as_bytes()).expect("JSON");
        measure(&format!("fork {bytes} bytes"), || drop(black_box(state.clone())));
    }

    let small = document(4_000);
    let limits = Limits::default();
    for source in [
        "{a: .x.y, n: (.items | length)}",
        "[.items[] | {id, name, total: (.price * 2)}]",
        ".items | map(select(.stock.here > 3)) | group_by(.kind) | map({kind: .[0].kind, sum: (map(.price) | add)})",
        ".items | map(.name + \" \" + (.id | tostring)) | join(\", \")",
        "reduce .items[] as $i (0; . + $i.price)",
        "def f: if . > 100 then . else . + 1 | f end; 0 | f",
    ] {
        println!("{source}");
        let direct = Program::compile(source, &[]).expect("compiles");
        // A definition around it keeps the same program out of the direct evaluator.
        let wrapped = format!("def same: .; {source} | same");
        let jaq = Program::compile(&wrapped, &[]).expect("compiles");
        let input = Value::parse(small.as_bytes()).expect("JSON");
        let ours = measure("  as it is run", || {
            drop(black_box(direct.run_first(&input, &[], &limits)));
        });
        let general = measure("  through jaq, on our value", || {
            drop(black_box(jaq.run_first(&input, &[], &limits)));
        });
        let bare = measure("  bare jaq, on its own value, without limits", by_jaq(source, &small));
        println!(
            "{:>60} {:.2}x, {:.2}x",
            "bare jaq to ours, ours through jaq to bare",
            bare / ours,
            general / bare
        );
    }
}
