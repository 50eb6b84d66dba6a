//! The module `url`: addresses by the standard of the web.

use rejoin_engine::Datum;
use url::Url;

use super::arguments::Arguments;

pub(super) fn call(arguments: &Arguments) -> Result<Datum, Datum> {
    let text = |text: &str| match text.is_empty() {
        true => Datum::None,
        false => Datum::text(text),
    };
    Ok(match arguments.id() {
        "url.parse" => match Url::parse(arguments.text(0)?) {
            Err(error) => failure(&error.to_string()),
            Ok(url) => {
                let part = |sign: &str, part: Option<&str>| {
                    part.map_or(Datum::None, |part| Datum::text(format!("{sign}{part}")))
                };
                Datum::record(
                    "Url",
                    [
                        ("protocol", Datum::text(format!("{}:", url.scheme()))),
                        ("host", text(url.host_str().unwrap_or_default())),
                        ("port", url.port().map_or(Datum::None, |port| Datum::Int(port.into()))),
                        ("pathname", Datum::text(url.path())),
                        ("search", part("?", url.query())),
                        ("hash", part("#", url.fragment())),
                    ],
                )
            }
        },
        "url.format" => {
            let part = |name| arguments.get(0).get(name).cloned().unwrap_or_default();
            let word = |name| match part(name) {
                Datum::None => String::new(),
                Datum::Text(text) => text.to_string(),
                other => other.to_json().to_json(),
            };
            let sign = |sign: &str, name| {
                let word = word(name);
                if word.is_empty() || word.starts_with(sign) {
                    word
                } else {
                    format!("{sign}{word}")
                }
            };
            let protocol = word("protocol");
            let protocol = protocol.trim_end_matches("//").trim_end_matches(':');
            let host = word("host");
            let slashes = if host.is_empty() { "" } else { "//" };
            let port = sign(":", "port");
            let written = format!(
                "{protocol}:{slashes}{host}{port}{}{}{}",
                word("pathname"),
                sign("?", "search"),
                sign("#", "hash")
            );
            whole(Url::parse(&written))
        }
        _ => {
            let base = Url::parse(arguments.text(0)?);
            let relative = arguments.text(1)?;
            whole(base.and_then(|base| base.join(relative)))
        }
    })
}

fn whole(url: Result<Url, url::ParseError>) -> Datum {
    match url {
        Ok(url) => Datum::text(url.as_str()),
        Err(error) => failure(&error.to_string()),
    }
}

fn failure(message: &str) -> Datum {
    Datum::record("UrlError", [("message", Datum::text(message))])
}
