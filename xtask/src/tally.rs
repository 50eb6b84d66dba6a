//! The count of what passed and failed, over suites of every kind.

/// Passed, failed, and what the failures were.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: u64,
    failures: Vec<Failure>,
}

#[derive(Debug)]
struct Failure {
    name: String,
    /// Empty when the suite has printed it already.
    why: String,
}

impl Tally {
    /// Adds tests that passed.
    pub(crate) fn passed(&mut self, count: u64) {
        self.passed += count;
    }

    /// Adds one test, named by where a reader finds it.
    pub(crate) fn case(&mut self, name: impl Into<String>, outcome: Result<(), String>) {
        let name = name.into();
        match outcome {
            Ok(()) => {
                println!("test {name} ... ok");
                self.passed += 1;
            }
            Err(why) => {
                println!("test {name} ... FAILED");
                self.failures.push(Failure { name, why });
            }
        }
    }

    /// Adds a failure that the suite has explained on the console.
    pub(crate) fn failed(&mut self, name: impl Into<String>) {
        self.failures.push(Failure { name: name.into(), why: String::new() });
    }

    /// Prints every failure and, as the last line, the sums. True if nothing failed.
    pub(crate) fn finish(self) -> bool {
        for Failure { name, why } in &self.failures {
            println!("\nFAILED {name}");
            for line in why.lines() {
                println!("    {line}");
            }
        }
        println!("\n{} passed, {} failed", self.passed, self.failures.len());
        self.failures.is_empty()
    }
}
