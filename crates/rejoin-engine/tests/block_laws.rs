//! What holds for every block of branches, over random delays and policies, on virtual time.
//!
//! `REJOIN_SEED` repeats a run; the seed stands in each failure.

mod support;

use std::time::Duration;

use support::load;

const MS: Duration = Duration::from_millis(1);

/// Numbers that a seed decides.
struct Random(u64);

impl Random {
    fn new() -> (Self, u64) {
        let seed = std::env::var("REJOIN_SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |since| since.as_nanos() as u64)
        });
        (Self(seed), seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 1
    }
}

#[derive(Clone, Debug)]
struct Branch {
    name: String,
    ms: u64,
    good: bool,
}

#[derive(Clone, Debug)]
struct Case {
    word: &'static str,
    on_error: &'static str,
    wanted: usize,
    timeout: Option<u64>,
    partial: bool,
    branches: Vec<Branch>,
}

impl Case {
    /// Ends and time-outs are never at the same moment: which of two simultaneous ones counts is another test's matter.
    fn random(random: &mut Random) -> Self {
        let count = 1 + random.below(6) as usize;
        let mut delays: Vec<u64> = (1..=count as u64).map(|n| n * 10).collect();
        for n in (1..count).rev() {
            delays.swap(n, random.below(n as u64 + 1) as usize);
        }
        let branches = delays.iter().enumerate().map(|(n, ms)| Branch {
            name: format!("b{n}"),
            ms: *ms,
            good: random.below(3) > 0,
        });
        let branches = branches.collect();
        let word = ["parallel", "race", "any", "quorum"][random.below(4) as usize];
        let timeout = random.flip().then(|| 5 + 10 * random.below(count as u64 + 1));
        Case {
            word,
            on_error: match word {
                "parallel" => {
                    ["fail_fast", "collect_all", "ignore_errors"][random.below(3) as usize]
                }
                _ => "fail_fast",
            },
            wanted: 1 + random.below(count as u64) as usize,
            timeout,
            partial: timeout.is_some() && random.flip(),
            branches,
        }
    }

    fn program(&self) -> String {
        let mut options = Vec::new();
        if self.word == "quorum" {
            options.push(self.wanted.to_string());
        }
        options.extend(self.timeout.map(|ms| format!("timeout: {ms}ms")));
        if self.partial {
            options.push("on_timeout: return_partial".to_owned());
        }
        if self.word == "parallel" {
            options.push(format!("on_error: {}", self.on_error));
        }
        let mut text = format!("GET /x\n  |> {}({})\n", self.word, options.join(", "));
        for Branch { name, ms, good } in &self.branches {
            let call =
                if *good { format!("data(1, {ms})") } else { format!("raise(\"E{name}\", {ms})") };
            text += &format!("    {name}:\n      |> {call}\n");
        }
        text + "  end\n"
    }

    /// What the reference says it comes to, and when.
    fn model(&self) -> (String, u64) {
        let cut = self.timeout.unwrap_or(u64::MAX);
        let named = |wanted: &dyn Fn(&Branch) -> bool| {
            let names =
                self.branches.iter().filter(|branch| wanted(branch)).map(|b| b.name.clone());
            names.collect::<Vec<_>>().join(",")
        };
        let mut by_end: Vec<&Branch> = self.branches.iter().collect();
        by_end.sort_by_key(|branch| branch.ms);
        let in_time: Vec<&Branch> =
            by_end.iter().copied().filter(|branch| branch.ms < cut).collect();
        let last = by_end.last().map_or(0, |branch| branch.ms);
        let is_late = last > cut;
        let failed = |at: &Branch| {
            (format!("E{} of {}, unfinished {}", at.name, at.name, named(&|b| b.ms > at.ms)), at.ms)
        };
        let late = || (format!("timeoutError, unfinished {}", named(&|b| b.ms > cut)), cut);
        let all_failed = |at: u64| {
            let failures = named(&|b| !b.good && b.ms <= at);
            (format!("allFailed {failures}, unfinished {}", named(&|b| b.ms > at)), at)
        };
        match self.word {
            "parallel" => {
                let first_bad = in_time.iter().find(|branch| !branch.good);
                if let (Some(bad), "fail_fast") = (first_bad, self.on_error) {
                    return failed(bad);
                }
                if is_late && !self.partial {
                    return late();
                }
                let collects = self.on_error == "collect_all";
                let slots = self.branches.iter().map(|branch| {
                    let end = match (branch.ms < cut, branch.good) {
                        (true, true) => "1",
                        (true, false) if collects => "failed",
                        (false, _) if collects => "late",
                        _ => "null",
                    };
                    format!("{}={end}", branch.name)
                });
                (slots.collect::<Vec<_>>().join(" "), last.min(cut))
            }
            "race" | "any" => {
                let counts = |branch: &&&Branch| self.word == "race" || branch.good;
                match in_time.iter().find(counts) {
                    Some(first) if first.good => (format!("{}=1", first.name), first.ms),
                    Some(first) => failed(first),
                    None if !is_late => all_failed(last),
                    None if self.partial => (String::new(), cut),
                    None => late(),
                }
            }
            _ => {
                let (mut good, mut bad) = (0, 0);
                for branch in &in_time {
                    if branch.good {
                        good += 1
                    } else {
                        bad += 1
                    }
                    if good == self.wanted {
                        let won = named(&|b| b.good && b.ms <= branch.ms);
                        return (won_slots(&won), branch.ms);
                    }
                    if bad > self.branches.len() - self.wanted {
                        return all_failed(branch.ms);
                    }
                }
                match self.partial {
                    true => (won_slots(&named(&|b| b.good && b.ms < cut)), cut),
                    false => late(),
                }
            }
        }
    }
}

fn won_slots(names: &str) -> String {
    let names = names.split(',').filter(|name| !name.is_empty());
    names.map(|name| format!("{name}=1")).collect::<Vec<_>>().join(" ")
}

/// What a run came to, in the words of the model.
fn came_to(run: &support::Run) -> String {
    let told = run.body(
        r#"def unfinished: ", unfinished " + (.unfinished | join(","));
           if .errors then .errors[0]
             | if .type == "timeoutError" then "timeoutError" + unfinished
               elif .type == "allFailed" then "allFailed " + (.failures | map(.branch) | join(",")) + unfinished
               else .type + " of " + .branch + unfinished end
           else .async // {} | to_entries | map(.key + "=" + (
             if .value == null then "null"
             elif (.value | type) == "object" and (.value | has("errors"))
             then (if .value.errors[0].type == "timeoutError" then "late" else "failed" end)
             else (.value.data | tostring) end)) | join(" ") end"#,
    );
    told.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_block_comes_to_what_the_reference_says_and_leaves_nothing() {
    let (mut random, seed) = Random::new();
    for _ in 0..150 {
        let case = Case::random(&mut random);
        let run = load(&case.program()).call("GET /x");
        let (expected, took) = case.model();
        let shown = format!("seed {seed}: {case:?}");
        assert_eq!(came_to(&run), expected, "{shown}");
        // No branch goes on after its block, and no block ends before its last branch has.
        assert_eq!((run.answered, run.ended), (took as u32 * MS, took as u32 * MS), "{shown}");
    }
}

/// A block of blocks of blocks, which all collect, so that the values do not depend on time.
fn nested(random: &mut Random, depth: u32, out: &mut String, indent: usize) {
    let pad = "  ".repeat(indent);
    *out += &format!("{pad}|> parallel(on_error: collect_all)\n");
    for n in 0..1 + random.below(3) {
        *out += &format!("{pad}  d{depth}b{n}:\n");
        if depth > 0 && random.flip() {
            nested(random, depth - 1, out, indent + 2);
        }
        let ms = random.below(50);
        *out += &match random.below(4) {
            0 => format!("{pad}    |> raise(\"E{n}\", {ms})\n"),
            _ => format!("{pad}    |> data({n}, {ms})\n"),
        };
    }
    *out += &format!("{pad}end\n");
}

#[test]
fn collected_values_do_not_depend_on_delays() {
    let (mut random, seed) = Random::new();
    for _ in 0..15 {
        let mut text = String::from("GET /x\n");
        nested(&mut random, 3, &mut text, 1);
        let mut first = None;
        for _ in 0..4 {
            // The same program with other delays.
            let delayed = text
                .split_inclusive(')')
                .map(|part| match part.rsplit_once(", ") {
                    Some((head, tail)) if tail.trim_end_matches(')').parse::<u64>().is_ok() => {
                        format!("{head}, {})", random.below(50))
                    }
                    _ => part.to_owned(),
                })
                .collect::<String>();
            let run = load(&delayed).call("GET /x");
            assert_eq!(run.answered, run.ended, "seed {seed}: {delayed}");
            let value = run.body("del(..|.location?)");
            assert_eq!(
                first.get_or_insert_with(|| value.clone()),
                &value,
                "seed {seed}: {delayed}"
            );
        }
    }
}

#[test]
fn equal_delays_take_one_delay() {
    for count in [1, 10, 300] {
        let branches: String =
            (0..count).map(|n| format!("    b{n}:\n      |> data({n}, 10)\n")).collect();
        let run = load(&format!("GET /x\n  |> parallel\n{branches}  end\n")).call("GET /x");
        assert_eq!((run.answered, run.ended), (10 * MS, 10 * MS));
    }
}
