//! The module `path`: paths as texts, with `/` between their parts. Nothing is looked up.

use super::{Datum, refused};

pub(super) fn call(name: &str, arguments: &[Datum]) -> Result<Datum, String> {
    use Datum::Text;
    Ok(match (name, arguments) {
        ("join", [Text(base), Text(segment)]) => Datum::text(join(base, segment)),
        ("dirname", [Text(path)]) => Datum::text(dirname(path)),
        ("basename", [Text(path)]) => Datum::text(basename(path)),
        ("extname", [Text(path)]) => {
            let name = basename(path);
            // A dot at the beginning hides a file.
            let dot = name.rfind('.').filter(|at| *at > 0);
            Datum::text(dot.map_or("", |at| &name[at..]))
        }
        ("is_absolute", [Text(path)]) => Datum::Bool(path.starts_with('/')),
        _ => return Err(refused(arguments)),
    })
}

/// One path, without `.`, and without `..` where it can be resolved.
fn join(base: &str, segment: &str) -> String {
    let whole = match (base.is_empty(), segment.is_empty()) {
        (true, _) => segment.to_owned(),
        (_, true) => base.to_owned(),
        _ => format!("{base}/{segment}"),
    };
    let root = if whole.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(&last)) if last != ".." => _ = parts.pop(),
            ("..", None) if !root.is_empty() => {}
            (part, _) => parts.push(part),
        }
    }
    match (root, parts.is_empty()) {
        ("", true) => ".".to_owned(),
        _ => format!("{root}{}", parts.join("/")),
    }
}

fn dirname(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match (trimmed.rfind('/'), trimmed.is_empty() && !path.is_empty()) {
        (_, true) | (Some(0), _) => "/",
        (Some(at), _) => trimmed[..at].trim_end_matches('/'),
        (None, _) => ".",
    }
}

fn basename(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

#[cfg(test)]
mod tests {
    use super::{Datum, call};

    #[track_caller]
    fn of(name: &str, arguments: &[&str]) -> String {
        let arguments: Vec<Datum> = arguments.iter().map(|text| Datum::text(*text)).collect();
        call(name, &arguments).expect("it takes them").to_json().to_json()
    }

    #[test]
    fn parts_of_paths() {
        for (name, arguments, gives) in [
            ("join", &["/srv", "a/b.txt"][..], "\"/srv/a/b.txt\""),
            ("join", &["/srv/", "/a"], "\"/srv/a\""),
            ("join", &["a", "../../b"], "\"../b\""),
            ("join", &["/a", "../../b"], "\"/b\""),
            ("join", &["", ""], "\".\""),
            ("join", &["a", "./b//c/"], "\"a/b/c\""),
            ("dirname", &["/a/b.txt"], "\"/a\""),
            ("dirname", &["/a"], "\"/\""),
            ("dirname", &["/"], "\"/\""),
            ("dirname", &["a/"], "\".\""),
            ("basename", &["/a/b.txt"], "\"b.txt\""),
            ("basename", &["a/b/"], "\"b\""),
            ("basename", &["/"], "\"\""),
            ("extname", &["a.b/c.tar.gz"], "\".gz\""),
            ("extname", &["a.b/c"], "\"\""),
            ("extname", &[".profile"], "\"\""),
            ("is_absolute", &["/a"], "true"),
            ("is_absolute", &["a"], "false"),
        ] {
            assert_eq!(of(name, arguments), gives, "{name} {arguments:?}");
        }
    }
}
