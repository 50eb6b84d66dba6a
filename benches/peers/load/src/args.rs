//! The words of the command line.

use std::time::Duration;

pub struct Args {
    /// `host:port`
    pub authority: String,
    pub path: String,
    pub connections: usize,
    pub requests: u64,
    pub length: Duration,
    pub body: bool,
}

impl Args {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Args, String> {
        let url = words.next().ok_or("usage: load URL [--connections N] [--requests N] ...")?;
        let rest = url.strip_prefix("http://").ok_or("URL must start with http://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut args = Args {
            authority: authority.to_owned(),
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            connections: 32,
            requests: u64::MAX,
            length: Duration::from_secs(5),
            body: false,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--connections" => args.connections = number(&word, words.next())?,
                "--requests" => args.requests = number(&word, words.next())?,
                "--seconds" => {
                    let seconds: f64 = number(&word, words.next())?;
                    args.length = Duration::try_from_secs_f64(seconds)
                        .map_err(|_| format!("--seconds: not a length of time: {seconds}"))?;
                }
                "--body" => args.body = true,
                _ => return Err(format!("unknown option {word}")),
            }
        }
        Ok(args)
    }
}

fn number<T: std::str::FromStr>(option: &str, word: Option<String>) -> Result<T, String> {
    let word = word.ok_or_else(|| format!("{option} needs a number"))?;
    word.parse().map_err(|_| format!("{option}: not a number: {word}"))
}
