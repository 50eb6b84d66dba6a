//! Secrets that stand in the program's text, where everybody who reads it sees them.

use crate::config_value::ConfigValue;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Plan;
use crate::source::Span;

use super::Checker;
use super::bodies::each_call;

/// Keys whose value is a secret.
const KEYS: &[&str] = &[
    "authorization",
    "api-key",
    "api_key",
    "apikey",
    "x-api-key",
    "access_token",
    "access-token",
    "auth_token",
    "client_secret",
    "password",
    "secret",
    "secret_key",
];

/// How the secrets of well-known services begin.
const PREFIXES: &[&str] = &["sk_live_", "ghp_", "github_pat_", "xoxb-", "xoxp-", "AKIA", "glpat-"];

pub(super) fn check(checker: &mut Checker<'_>) {
    let mut problems = Vec::new();
    each_call(checker.plan, &mut |call| {
        let args = call.args.iter().map(|arg| (&arg.text, arg.span));
        for (text, span) in args.chain(call.text.iter().map(|text| (&text.value, text.span))) {
            let found = find(text).or_else(|| in_url(text));
            problems.extend(found.map(|(start, end)| in_text(span.slice(start, end))));
        }
    });
    checker.problems.extend(problems);
    let plan: &Plan = checker.plan;
    for setting in plan.config.iter().flat_map(|block| &block.settings) {
        let text = match &setting.value {
            ConfigValue::Text(text) => text,
            _ => continue,
        };
        if is_secret_key(&setting.key) && looks_real(text) {
            checker.report(
                Diagnostic::new(
                    Code::SECRET_IN_TEXT,
                    setting.value_span,
                    format!("`{}` stands in the program for everybody to read", setting.key),
                )
                .label("looks like a secret")
                .help("read it from the environment, as in `$NAME`"),
            );
        }
    }
}

fn in_text(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::SECRET_IN_TEXT,
        span,
        "a secret stands in the program for everybody to read",
    )
    .label("looks like a secret")
    .help("read it from the environment, as with `getEnv(\"NAME\")` in a lua step before")
}

fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    KEYS.iter().any(|known| *known == key)
}

/// The first literal in a text that looks like a secret.
fn find(text: &str) -> Option<(usize, usize)> {
    let mut key: Option<&str> = None;
    let mut at = 0;
    let bytes = text.as_bytes();
    let mut last_word = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => {
                let start = at + 1;
                let end = bytes[start..]
                    .iter()
                    .position(|b| *b == quote)
                    .map_or(bytes.len(), |n| start + n);
                let literal = &text[start..end];
                if is_known(literal) || key.is_some_and(is_secret_key) && looks_real(literal) {
                    return Some((start, end));
                }
                if let Some((from, to)) = in_url(literal) {
                    return Some((start + from, start + to));
                }
                last_word = (start, end);
                key = None;
                at = end + 1;
            }
            b':' | b'=' => {
                key = text.get(last_word.0..last_word.1);
                at += 1;
            }
            b if b.is_ascii_alphanumeric() || b == b'_' => {
                let start = at;
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                last_word = (start, at);
                key = None;
            }
            b if b.is_ascii_whitespace() || b == b'[' || b == b']' => at += 1,
            _ => {
                key = None;
                last_word = (at, at);
                at += 1;
            }
        }
    }
    None
}

/// The password or key in an URL: `http://user:password@host`, `?api_key=...`.
fn in_url(text: &str) -> Option<(usize, usize)> {
    let start = text.find("://")? + "://".len();
    let url = &text[start..];
    let url = &url[..url.find(char::is_whitespace).unwrap_or(url.len())];
    let host = &url[..url.find(['/', '?', '#', '"']).unwrap_or(url.len())];
    if let Some((user, _)) = host.rsplit_once('@')
        && let Some((name, password)) = user.split_once(':')
        && !password.is_empty()
        && !password.contains(['$', '{', '(', '<'])
    {
        let at = start + name.len() + 1;
        return Some((at, at + password.len()));
    }
    let (_, query) = url.split_once('?')?;
    let mut at = start + url.len() - query.len();
    for pair in query.split('&') {
        if let Some((key, value)) = pair.split_once('=')
            && (is_secret_key(key) || is_known(value))
            && (looks_real(value) || is_known(value))
            && !value.contains(['{', '(', '"'])
        {
            let from = at + key.len() + 1;
            return Some((from, from + value.len()));
        }
        at += pair.len() + 1;
    }
    None
}

fn is_known(literal: &str) -> bool {
    PREFIXES.iter().any(|prefix| literal.contains(prefix) && literal.len() >= prefix.len() + 12)
}

/// Whether a literal may be the secret itself, not a piece to be completed or a word in its place.
fn looks_real(literal: &str) -> bool {
    let value = ["Bearer ", "Basic ", "Token ", "bearer ", "token "]
        .iter()
        .find_map(|scheme| literal.strip_prefix(scheme))
        .unwrap_or(literal);
    value.len() >= 8
        && !value.contains(char::is_whitespace)
        && !value.contains("\\(")
        && !value.contains('$')
        && value.chars().any(|c| c.is_ascii_digit())
        && value.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[track_caller]
    fn secret(text: &str) -> &str {
        let (start, end) = find(text).unwrap_or_else(|| panic!("nothing found in {text}"));
        &text[start..end]
    }

    #[test]
    fn literals_under_keys_of_secrets_are_found() {
        assert_eq!(
            secret(r#"{ headers: { authorization: "Bearer abc123def456" } }"#),
            "Bearer abc123def456"
        );
        assert_eq!(secret(r#"{ "x-api-key": "k3y-0123456789" }"#), "k3y-0123456789");
        assert_eq!(secret("headers['Api-Key'] = 'k3y-0123456789'"), "k3y-0123456789");
        assert_eq!(secret(r#"{ any: "ghp_0123456789abcdef" }"#), "ghp_0123456789abcdef");
    }

    #[test]
    fn passwords_and_keys_in_urls_are_found() {
        for (text, expected) in [
            ("http://user:pw@h.example/x", "pw"),
            ("https://h.example/x?a=1&api_key=AKIA0123456789ABCDEF", "AKIA0123456789ABCDEF"),
            ("https://h.example?access_token=abc123def456 ", "abc123def456"),
        ] {
            let (start, end) = super::in_url(text).expect(text);
            assert_eq!(&text[start..end], expected);
            // In a literal that begins like the secret of a service all of it is shown.
            let quoted = format!("{{ url: \"{text}\" }}");
            assert!(secret(&quoted).contains(expected), "{text}");
        }
        for text in [
            "http://h.example/a@b:c",
            "http://user@h.example/",
            "http://user:$PW@h.example/",
            "http://h.example/?api_key=",
            "http://h.example/?api_key=\\(.key123456)",
            "http://h.example/?page=abc123def456",
            "http://h.example:8080/@me",
            "mail a:b@c.example",
        ] {
            assert_eq!(super::in_url(text), None, "{text}");
        }
    }

    #[test]
    fn pieces_words_and_other_keys_are_not() {
        for text in [
            r#"{ headers: { authorization: ("Bearer " + .token) } }"#,
            r#"{ authorization: "Bearer \(.token1234)" }"#,
            r#"{ authorization: .headers.authorization }"#,
            r#"{ password: .body.password, secret: "changeme" }"#,
            r#"{ id: "abc123def456" }"#,
            r#"if .password == "" then { error: "password1 missing" } else . end"#,
            "\"unclosed",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
