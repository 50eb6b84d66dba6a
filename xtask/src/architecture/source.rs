//! One source file, with comments, strings and its test module blanked out.

/// A Rust file as the rules see it.
#[derive(Debug)]
pub(super) struct Source {
    /// From the root of the repository.
    pub(super) path: String,
    /// The code alone, line for line where it was.
    code: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Source {
        let mut code = blank(text);
        if let Some(tests) = test_module(&code) {
            code.truncate(tests);
        }
        Source { path: path.to_owned(), code }
    }

    pub(super) fn is_shipped(&self) -> bool {
        let file = self.path.rsplit('/').next().unwrap_or_default();
        self.path.contains("/src/") && file != "tests.rs" && !self.path.contains("/tests/")
    }

    pub(super) fn lines(&self) -> usize {
        self.code.lines().count()
    }

    /// The lines, from 1, on which `token` stands as a whole word or path.
    pub(super) fn find<'a>(&'a self, token: &'a str) -> impl Iterator<Item = usize> + 'a {
        let lines = self.code.lines().enumerate();
        lines.filter(move |(_, line)| has_token(line, token)).map(|(n, _)| n + 1)
    }
}

/// Where the test module starts, if there is one; it stands at the end of a file.
fn test_module(code: &str) -> Option<usize> {
    let mark = "#[cfg(test)]";
    code.match_indices(mark).map(|(at, _)| at).find(|at| {
        let mut lines = code[at + mark.len()..].lines().map(str::trim);
        lines
            .find(|line| !line.is_empty() && !line.starts_with("#["))
            .is_some_and(|line| line.starts_with("mod ") || line.starts_with("pub(crate) mod "))
    })
}

fn has_token(line: &str, token: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(token).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + token.len()..].chars().next();
        let starts = token.starts_with(|c| !word(c)) || !before.is_some_and(word);
        let ends = token.ends_with(|c| !word(c)) || !after.is_some_and(word);
        starts && ends
    })
}

/// Replaces comments and the insides of strings and characters by spaces; line ends stay.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if rest.starts_with('"') {
            string(rest)
        } else if let Some(length) = raw_string(rest, bytes[..at].last()) {
            length
        } else if rest.starts_with('\'') {
            character(rest)
        } else {
            let c = rest.chars().next().expect("at is inside the text");
            out.push(c);
            at += c.len_utf8();
            continue;
        };
        out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        at += length;
    }
    out
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw string that starts here: `r"…"`, `r#"…"#`, also as bytes.
fn raw_string(text: &str, before: Option<&u8>) -> Option<usize> {
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        return None;
    }
    let head = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = head.bytes().take_while(|&byte| byte == b'#').count();
    let body = head[hashes..].strip_prefix('"')?;
    let start = text.len() - body.len();
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or(text.len(), |at| start + at + end.len()))
}

/// The length of a character literal; 1 for the quote of a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text[2..].find('\'').map_or(1, |at| at + 3).max(4).min(text.len()),
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn comments_strings_and_tests_do_not_count() {
        let text = "// unsafe\nlet a = \"unsafe \\\" unsafe\";\n/* unsafe /* x */ unsafe */ let q = '\"';\n\
                    let b = r#\"unsafe \" unsafe\"#; fn f<'a>(x: &'a str) {}\nunsafe {}\n#[cfg(test)]\n#[expect(x)]\nmod tests { unsafe {} }";
        let source = Source::new("crates/x/src/a.rs", text);
        assert_eq!(source.find("unsafe").collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn a_token_is_a_whole_word() {
        let source = Source::new("crates/x/src/a.rs", "unsafely();\ntokio::spawn(x);\n");
        assert_eq!(source.find("unsafe").count(), 0);
        assert_eq!(source.find("tokio::spawn").collect::<Vec<_>>(), [2]);
        assert_eq!(source.find("spawn").count(), 1);
    }

    #[test]
    fn tests_and_benches_are_not_shipped() {
        assert!(Source::new("crates/x/src/a.rs", "").is_shipped());
        assert!(!Source::new("crates/x/tests/a.rs", "").is_shipped());
        assert!(!Source::new("crates/x/benches/a.rs", "").is_shipped());
        assert!(!Source::new("crates/x/src/y/tests.rs", "").is_shipped());
    }
}
