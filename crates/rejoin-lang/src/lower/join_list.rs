//! The text of a join: names with commas between them, or a JSON array of strings.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{CallText, JoinTarget};

use super::Lowering;

impl Lowering<'_> {
    /// The tasks that a join names, each with its place inside the text.
    pub(super) fn join_targets(&mut self, text: &CallText) -> Vec<JoinTarget> {
        let targets = if text.value.trim_start().starts_with('[') {
            self.array_of_names(text)
        } else {
            self.names_with_commas(text)
        };
        if let Some(targets) = &targets
            && targets.is_empty()
        {
            self.report(
                Diagnostic::new(Code::EMPTY_JOIN, text.span, "this join waits for nothing")
                    .label("no task is named here")
                    .help("name the tasks to wait for, as in ``|> join: `users, posts` ``"),
            );
        }
        targets.unwrap_or_default()
    }

    fn names_with_commas(&mut self, text: &CallText) -> Option<Vec<JoinTarget>> {
        let mut targets = Vec::new();
        let mut start = 0;
        for piece in text.value.split(',') {
            let name = piece.trim();
            let at = start + (piece.len() - piece.trim_start().len());
            start += piece.len() + 1;
            if name.is_empty() {
                continue;
            }
            let span = text.span.slice(at, at + name.len());
            if let Some(gap) = name.find(char::is_whitespace) {
                let rest = name.len() - name[gap..].trim_start().len();
                self.report(
                    Diagnostic::new(
                        Code::BAD_JOIN_LIST,
                        text.span.slice(at + gap, at + rest),
                        "a comma is missing between the names of tasks",
                    )
                    .label("expected `,`")
                    .help("separate the names by commas, as in `users, posts`"),
                );
                let names = name.split_whitespace().map(|word| {
                    let at = at + (word.as_ptr() as usize - name.as_ptr() as usize);
                    JoinTarget { task: word.into(), span: text.span.slice(at, at + word.len()) }
                });
                targets.extend(names);
                continue;
            }
            targets.push(JoinTarget { task: name.into(), span });
        }
        Some(targets)
    }

    fn array_of_names(&mut self, text: &CallText) -> Option<Vec<JoinTarget>> {
        let strings = rejoin_value::Value::parse(text.value.as_bytes()).ok().and_then(|value| {
            let list = value.as_array()?;
            list.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        let Some(strings) = strings else {
            self.report(
                Diagnostic::new(
                    Code::BAD_JOIN_LIST,
                    text.span,
                    "this starts like an array, but it is no JSON array of strings",
                )
                .label("expected something like `[\"users\", \"posts\"]`")
                .help("write the names with commas between them: `users, posts`"),
            );
            return None;
        };
        let named = strings.iter().zip(string_places(&text.value));
        let targets =
            named.filter(|(name, _)| !name.trim().is_empty()).map(|(name, (start, end))| {
                JoinTarget { task: name.trim().into(), span: text.span.slice(start, end) }
            });
        Some(targets.collect())
    }
}

/// Where the contents of the strings of a JSON text stand.
fn string_places(json: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let bytes = json.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|b| *b == b'"')? + 1;
        let mut end = start;
        while bytes.get(end).is_some_and(|b| *b != b'"') {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        at = (end + 1).min(bytes.len());
        Some((start, end.min(bytes.len())))
    })
}
