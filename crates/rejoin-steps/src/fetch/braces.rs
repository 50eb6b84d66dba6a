//! Places in an address that look as if something were put in: nothing is, the text is the address.

use rejoin_lang::step_spec::TextProblem;

/// The first of `{{path}}`, `{path}`, `${path}` and `\(path)`.
pub(super) fn in_text(text: &str) -> Option<TextProblem> {
    let (open, close) = [("{{", "}}"), ("${", "}"), ("{", "}"), ("\\(", ")")]
        .into_iter()
        .find(|(open, close)| text.find(open).is_some_and(|at| text[at..].contains(close)))?;
    let start = text.find(open)?;
    let inside = start + open.len();
    let end = inside + text[inside..].find(close)?;
    let path = text[inside..end].trim();
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$');
    let path = match path.starts_with('.') {
        true => path.to_owned(),
        false => format!(".{path}"),
    };
    let shown = if path.chars().all(is_path) { path } else { ".params.id".to_owned() };
    let help = format!(
        "an address with values in it is a jq program in brackets: `fetch(\"http://host/\\({shown})\")`"
    );
    let end = end + close.len();
    let message = format!("`{}` is part of the address as it stands", &text[start..end]);
    Some(TextProblem { start, end, message, help: Some(help) })
}

#[cfg(test)]
mod tests {
    use super::in_text;

    #[test]
    fn what_looks_like_a_place_for_a_value_is_found() {
        for (text, place, help) in [
            ("http://x/{{params.id}}", "{{params.id}}", "/\\(.params.id)"),
            ("http://x/{id}/y", "{id}", "/\\(.id)"),
            ("http://x/${params.id}", "${params.id}", "/\\(.params.id)"),
            ("http://x/\\(.params.id | tostring)", "\\(.params.id | tostring)", "/\\(.params.id)"),
        ] {
            let problem = in_text(text).expect(text);
            assert_eq!(&text[problem.start..problem.end], place);
            assert!(problem.help.is_some_and(|said| said.contains(help)), "{text}");
        }
        for text in ["http://x/a(b)", "http://x/}{", "http://x/?a=%7Bb%7D", ""] {
            assert_eq!(in_text(text), None, "{text}");
        }
    }
}
