//! Whose request it is when it comes through proxies: `X-Forwarded-For` is believed only as far as trusted proxies wrote
//! it.

use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Networks of proxies that may say who calls.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Networks (`10.0.0.0/8`) and single addresses.
    ///
    /// # Errors
    /// The first that is neither.
    pub fn parse(networks: &[String]) -> Result<Self, String> {
        let parsed = networks.iter().map(|text| {
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse()
                .or_else(|_| address())
                .map_err(|_| text.clone())
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// Whether none is trusted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The caller behind a connection from `direct`. `forwarded`: the values of `X-Forwarded-For`, the last one first.
    /// The walk ends at the first address that is not a trusted proxy's, or at what is no address: what stands left of
    /// it is the caller's own say.
    pub fn caller<'a>(&self, direct: IpAddr, forwarded: impl Iterator<Item = &'a str>) -> IpAddr {
        let mut caller = direct.to_canonical();
        if self.is_empty() {
            return caller;
        }
        for entry in forwarded.flat_map(|value| value.rsplit(',')) {
            if !self.trusts(caller) {
                break;
            }
            match address(entry.trim()) {
                Some(address) => caller = address,
                None => break,
            }
        }
        caller
    }
}

/// An address, where some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|at| at.ip());
    address
        .or_else(with_port)
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn caller(direct: &str, forwarded: &[&str]) -> String {
        let networks = ["10.0.0.0/8", "127.0.0.1", "2001:db8::/32"].map(str::to_owned);
        let proxies = Proxies::parse(&networks).unwrap();
        let forwarded = forwarded.iter().rev().copied();
        proxies
            .caller(direct.parse().unwrap(), forwarded)
            .to_string()
    }

    #[test]
    fn only_a_trusted_peer_may_say_who_calls() {
        assert_eq!(caller("127.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(caller("198.51.100.1", &["203.0.113.9"]), "198.51.100.1");
        assert_eq!(caller("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(caller("2001:db8::1", &["2001:dead::2"]), "2001:dead::2");
    }

    #[test]
    fn the_walk_goes_from_the_right_and_ends_at_the_first_stranger() {
        let chain = ["8.8.8.8, 203.0.113.9, 10.1.2.3"];
        assert_eq!(
            caller("127.0.0.1", &chain),
            "203.0.113.9",
            "8.8.8.8 is made up"
        );
        let headers = ["8.8.8.8", "203.0.113.9", "10.1.2.3"];
        assert_eq!(
            caller("127.0.0.1", &headers),
            "203.0.113.9",
            "several headers are one list"
        );
        assert_eq!(
            caller("127.0.0.1", &["10.0.0.1, 10.0.0.2"]),
            "10.0.0.1",
            "all trusted"
        );
    }

    #[test]
    fn garbage_ends_the_walk_where_it_stands() {
        for garbage in [
            "",
            "unknown",
            "_hidden",
            "1.2.3",
            "203.0.113.9;x",
            "٣.1.1.1",
        ] {
            assert_eq!(caller("127.0.0.1", &[garbage]), "127.0.0.1", "{garbage:?}");
            let after = format!("{garbage}, 203.0.113.9");
            assert_eq!(caller("127.0.0.1", &[&after]), "203.0.113.9", "{garbage:?}");
        }
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_the_same_caller() {
        for text in [
            "203.0.113.9:4711",
            "::ffff:203.0.113.9",
            "[::ffff:203.0.113.9]:80",
        ] {
            assert_eq!(caller("::ffff:127.0.0.1", &[text]), "203.0.113.9", "{text}");
        }
        assert_eq!(caller("127.0.0.1", &["[2001:dead::2]"]), "2001:dead::2");
    }

    #[test]
    fn what_is_no_network_is_named() {
        let wrong = ["10.0.0.0/8".to_owned(), "10.0.0.0/99".to_owned()];
        assert_eq!(Proxies::parse(&wrong).unwrap_err(), "10.0.0.0/99");
    }
}
