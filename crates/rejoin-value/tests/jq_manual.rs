//! Every filter of the jq manual, by example: `jq_manual.txt` holds the cases.

use rejoin_value::{
    Value,
    jq::{Limits, Program, RunError},
};

struct Case {
    line: usize,
    program: String,
    input: String,
    outputs: Vec<String>,
}

fn cases() -> Vec<Case> {
    let text = include_str!("jq_manual.txt");
    let mut cases = Vec::new();
    let mut block: Vec<(usize, &str)> = Vec::new();
    for (n, line) in text.lines().chain([""]).enumerate() {
        let heading = block.is_empty() && line.starts_with("# ") && !line.contains("comment");
        let preamble = n < 3;
        if heading || preamble {
            continue;
        }
        if !line.is_empty() {
            block.push((n + 1, line));
            continue;
        }
        // A program may be more than one line: comment lines go with the next one.
        let lines = std::mem::take(&mut block);
        let head = lines.iter().take_while(|(_, line)| line.starts_with("# ")).count();
        if let [(line, _), ..] = lines[..] {
            let program: Vec<&str> = lines[..=head].iter().map(|(_, line)| *line).collect();
            cases.push(Case {
                line,
                program: program.join("\n"),
                input: lines[head + 1].1.to_owned(),
                outputs: lines[head + 2..].iter().map(|(_, line)| (*line).to_owned()).collect(),
            });
        }
    }
    cases
}

/// All outputs before an error, and the error; by taking one output more each time it takes less
/// code than an interface that nobody else needs.
fn run(program: &str, input: &str) -> Vec<String> {
    let limits = Limits { time: None, ..Limits::default() };
    let input = Value::parse(input.as_bytes()).expect("the input is JSON");
    let program = match Program::compile(program, &[]) {
        Ok(program) => program,
        Err(errors) => return vec![format!("does not compile: {errors}")],
    };
    match program.run_all(input.clone(), &[], &limits) {
        Ok(outputs) => outputs.iter().map(Value::to_json).collect(),
        Err(error) => {
            let mut lines = Vec::new();
            // Outputs before the error: `try` keeps them.
            let caught = format!("try ({}\n) catch empty", program.source());
            if let Ok(program) = Program::compile(&caught, &[])
                && let Ok(outputs) = program.run_all(input, &[], &limits)
            {
                lines.extend(outputs.iter().map(Value::to_json));
            }
            let message = match &error {
                RunError::Raised { message, .. } => message.clone(),
                limit => format!("limit: {limit}"),
            };
            lines.push(format!("error: {message}"));
            lines
        }
    }
}

#[test]
fn every_case_gives_its_outputs() {
    let cases = cases();
    assert!(cases.len() >= 200, "{} cases", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        let found = run(&case.program, &case.input);
        if found != case.outputs {
            failures.push(format!(
                "line {}: {} on {}\n  expected {:?}\n  found    {:?}",
                case.line, case.program, case.input, case.outputs, found
            ));
        }
    }
    let n = failures.len();
    assert!(failures.is_empty(), "{n} of {} cases:\n{}", cases.len(), failures.join("\n"));
}

#[test]
fn an_empty_program_passes_its_input_on() {
    for source in ["", "  \n"] {
        let program = Program::compile(source, &[]).expect("a program");
        let output = program.run_first(Value::from(7), &[], &Limits::default());
        assert_eq!(output, Ok(Some(Value::from(7))), "{source:?}");
    }
}
