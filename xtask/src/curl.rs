//! The part of `curl` that the documents use, so that their lines run on a machine without it.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long an answer may take. No document shows anything slower than two seconds.
const LIMIT: Duration = Duration::from_secs(30);
const MAX_ANSWER: u64 = 16 * 1024 * 1024;

/// What the words of one `curl` line ask for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    method: String,
    authority: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    /// `-i`
    show_head: bool,
    /// `-o /dev/null`
    hide_body: bool,
    /// `-w`
    write_out: String,
}

/// Runs `curl WORDS` and returns what it prints. `address` stands in for the one in the URL, `host:port`.
pub(crate) fn run(words: &[String], address: &str) -> Result<String, String> {
    let mut request = parse(words)?;
    request.authority = address.to_owned();
    let answer = send(&request)?;
    let mut printed = String::new();
    if request.show_head {
        printed.push_str(&answer.head);
        printed.push_str("\r\n\r\n");
    }
    if !request.hide_body {
        printed.push_str(&answer.body);
    }
    printed
        .push_str(&request.write_out.replace("\\n", "\n").replace("%{http_code}", &answer.status));
    Ok(printed)
}

fn parse(words: &[String]) -> Result<Request, String> {
    let mut method = None;
    let mut url = None;
    let mut body = None;
    let mut request = Request {
        method: String::new(),
        authority: String::new(),
        path: String::new(),
        headers: Vec::new(),
        body: String::new(),
        show_head: false,
        hide_body: false,
        write_out: String::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().cloned().ok_or(format!("curl: {word} needs a value"));
        match word.as_str() {
            "-s" | "-S" | "-sS" => {}
            "-i" | "-si" => request.show_head = true,
            "-X" => method = Some(value()?),
            "-d" | "--data" => body = Some((value()?, "application/x-www-form-urlencoded")),
            "--json" => body = Some((value()?, "application/json")),
            "-w" => request.write_out = value()?,
            "-o" if value()? == "/dev/null" => request.hide_body = true,
            "-H" => {
                let header = value()?;
                let (name, value) =
                    header.split_once(':').ok_or(format!("curl: not a header: {header}"))?;
                request.headers.push((name.trim().to_lowercase(), value.trim().to_owned()));
            }
            option if option.starts_with('-') => {
                return Err(format!("curl: {option} is not among the options known here"));
            }
            _ if url.is_some() => return Err(format!("curl: a second URL: {word}")),
            _ => url = Some(word.as_str()),
        }
    }
    let url = url.ok_or("curl: no URL")?;
    let url = url.strip_prefix("http://").unwrap_or(url);
    let (authority, path) = url.split_at(url.find('/').unwrap_or(url.len()));
    request.authority = authority.to_owned();
    request.path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
    request.method = method.unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.into());
    if let Some((text, content_type)) = body {
        if !request.headers.iter().any(|(name, _)| name == "content-type") {
            request.headers.push(("content-type".into(), content_type.into()));
        }
        request.headers.push(("content-length".into(), text.len().to_string()));
        request.body = text;
    }
    Ok(request)
}

#[derive(Debug)]
struct Answer {
    head: String,
    status: String,
    body: String,
}

fn send(request: &Request) -> Result<Answer, String> {
    let Request { method, authority, path, headers, body, .. } = request;
    let failed = |e: std::io::Error| format!("{method} {authority}{path}: {e}");
    let address = authority.to_socket_addrs().map_err(failed)?.next().ok_or("no such host")?;
    let mut stream = TcpStream::connect_timeout(&address, LIMIT).map_err(failed)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(failed)?;
    stream.set_write_timeout(Some(LIMIT)).map_err(failed)?;

    let mut text = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\naccept: */*\r\n");
    if !headers.iter().any(|(name, _)| name == "host") {
        text.push_str(&format!("host: {authority}\r\n"));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    stream.write_all(text.as_bytes()).map_err(failed)?;

    let mut bytes = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut bytes).map_err(failed)?;
    answer(&bytes).ok_or_else(|| format!("{method} {authority}{path}: not an HTTP answer"))
}

fn answer(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.to_owned();
    let chunked = head.lines().any(|line| {
        line.split_once(':').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("transfer-encoding") && value.trim() == "chunked"
        })
    });
    let body = &bytes[end + 4..];
    let body = if chunked { unchunk(body)? } else { body.to_vec() };
    Some(Answer { head, status, body: String::from_utf8_lossy(&body).into_owned() })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let end = (line + 2).checked_add(size)?;
        body.extend_from_slice(rest.get(line + 2..end)?);
        rest = rest.get(end + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::{answer, parse};

    fn words(line: &str) -> Vec<String> {
        crate::words::split(line).unwrap()
    }

    #[test]
    fn a_body_makes_a_post_and_names_its_type() {
        let request = parse(&words("-s --json '{\"a\":1}' http://127.0.0.1:7770/x?y=1")).unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/x?y=1"));
        assert!(request.headers.contains(&("content-type".into(), "application/json".into())));
    }

    #[test]
    fn an_unknown_option_is_an_error_and_not_ignored() {
        assert!(parse(&words("--frobnicate http://x/")).unwrap_err().contains("--frobnicate"));
    }

    #[test]
    fn chunks_are_put_together() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        let answer = answer(bytes).unwrap();
        assert_eq!((answer.status.as_str(), answer.body.as_str()), ("200", "abcde"));
    }
}
