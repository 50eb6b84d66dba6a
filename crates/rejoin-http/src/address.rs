//! [`AddressRules`]: which hosts and addresses a client may reach, against request forgery.
//!
//! A program that fetches a URL which a stranger had a hand in can be made to ask services that only
//! it can reach. Names are checked for every hop. Addresses are checked when the connection is made,
//! and the connection goes to the very addresses that were checked: a name that resolves to something
//! else a moment later (DNS rebinding) gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::error::{ErrorKind, Failure, Phase, Retry};
use crate::url::Url;

/// Which hosts and addresses may be reached. Everything, if nothing else is said.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddressRules {
    pub(crate) deny_private: bool,
    pub(crate) allowed_networks: Vec<IpNet>,
    pub(crate) allowed_hosts: Option<Vec<HostPattern>>,
}

impl AddressRules {
    pub(crate) fn check_host(&self, url: &Url) -> Result<(), Failure> {
        let Some(allowed) = &self.allowed_hosts else { return Ok(()) };
        if allowed.iter().any(|pattern| pattern.matches(url.host(), url.port())) {
            return Ok(());
        }
        let host = url.host();
        Err(denied(format!("host {host:?} is not on the list of allowed hosts")))
    }

    pub(crate) fn permits(&self, address: IpAddr) -> bool {
        !self.deny_private
            || is_public(address)
            || self.allowed_networks.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

pub(crate) fn denied(message: String) -> Failure {
    Failure::new(ErrorKind::Denied, Phase::Prepare, Retry::Never, message)
}

/// `example.com`, `example.com:8080` or `*.example.com`, which stands for every name below it.
#[derive(Clone, Debug)]
pub(crate) struct HostPattern {
    name: String,
    below: bool,
    port: Option<u16>,
}

impl HostPattern {
    pub(crate) fn parse(text: &str) -> HostPattern {
        let (below, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (name, port) = match rest.rsplit_once(':') {
            // More than one colon and no brackets: an IPv6 address without a port.
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
                match port.parse() {
                    Ok(port) => (name, Some(port)),
                    Err(_) => (rest, None),
                }
            }
            _ => (rest, None),
        };
        let name = name.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        HostPattern { name, below, port }
    }

    fn matches(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.');
        let named = if self.below {
            host.len() > self.name.len() + 1
                && host.is_char_boundary(host.len() - self.name.len())
                && host[host.len() - self.name.len()..].eq_ignore_ascii_case(&self.name)
                && host.as_bytes()[host.len() - self.name.len() - 1] == b'.'
        } else {
            host.eq_ignore_ascii_case(&self.name)
        };
        named && self.port.is_none_or(|wanted| wanted == port)
    }
}

/// Whether `address` is one of the open internet: not private, loopback, link-local (where clouds
/// keep their metadata service), carrier-grade NAT, multicast, documentation or reserved.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // IPv4 in disguise: mapped, compatible (with `::` and `::1`), NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => v4(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        // NAT64 for local use, Teredo and its neighbours, documentation.
        [0x64, 0xff9b, ..] | [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] => false,
        // Only 2000::/3 is handed out: this leaves out fc00::/7, fe80::/10, ff00::/8 and the rest.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_disguise() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text} is not public");
        }
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text} is public");
        }
    }

    #[test]
    fn networks_are_exempt_also_when_mapped() {
        let rules = AddressRules {
            deny_private: true,
            allowed_networks: vec!["10.1.0.0/16".parse().unwrap()],
            allowed_hosts: None,
        };
        assert!(rules.permits("10.1.2.3".parse().unwrap()));
        assert!(rules.permits("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!rules.permits("10.2.2.3".parse().unwrap()));
        assert!(AddressRules::default().permits("10.2.2.3".parse().unwrap()));
    }

    #[test]
    fn host_patterns() {
        let matches = |pattern: &str, host, port| HostPattern::parse(pattern).matches(host, port);
        assert!(matches("example.com", "EXAMPLE.com", 1));
        assert!(matches("example.com", "example.com.", 1));
        assert!(!matches("example.com", "a.example.com", 1));
        assert!(matches("*.example.com", "a.b.example.com", 1));
        assert!(!matches("*.example.com", "example.com", 1));
        assert!(!matches("*.example.com", "evilexample.com", 1));
        assert!(!matches("*.example.com", ".example.com.evil", 1));
        assert!(matches("example.com:8080", "example.com", 8080));
        assert!(!matches("example.com:8080", "example.com", 80));
        assert!(matches("::1", "::1", 1));
        assert!(matches("[::1]:80", "::1", 80));
        assert!(!matches("[::1]:80", "::1", 81));
        assert!(matches("10.0.0.1", "10.0.0.1", 1));
    }
}
