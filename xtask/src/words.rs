//! One line of a shell session, cut into words the way a POSIX shell does for the quotes that the documents use.

/// The words of `line`. Single quotes keep everything, double quotes and the bare word know the backslash.
pub(crate) fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some(end) if end == c => break,
                        Some('\\') if c == '"' => word.extend(chars.next()),
                        Some(other) => word.push(other),
                        None => return Err(format!("a quote is never closed: {line}")),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '|' | '>' | '<' | ';' | '&' | '`' => {
                return Err(format!("`{c}` needs a shell, which is not part of this: {line}"));
            }
            '#' if word.is_none() => break,
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn quotes_and_backslashes_are_those_of_a_shell() {
        let words = split(r#"curl -s  'a b' "c \"d\"" e\ f g'h'"" # rest"#).unwrap();
        assert_eq!(words, ["curl", "-s", "a b", "c \"d\"", "e f", "gh"]);
        assert_eq!(split("-d ''").unwrap(), ["-d", ""]);
    }

    #[test]
    fn what_needs_a_shell_is_refused() {
        assert!(split("curl x | jq .").is_err());
        assert!(split("echo 'open").is_err());
    }
}
