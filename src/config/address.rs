//! Addresses as people write them: hosts, destinations with or without a port, networks of exporters.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// A host by address or by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name, to be looked up by whoever sends to it.
    Name(String),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Where datagrams are sent to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The host.
    pub host: Host,
    /// Its port, where one was given.
    pub port: Option<u16>,
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, self.port) {
            (host, None) => host.fmt(f),
            (Host::Address(IpAddr::V6(address)), Some(port)) => write!(f, "[{address}]:{port}"),
            (Host::Name(name), Some(port)) if name.contains(':') => write!(f, "[{name}]:{port}"),
            (host, Some(port)) => write!(f, "{host}:{port}"),
        }
    }
}

const EXPECTED_DESTINATION: &str = "expected a host or host:port, such as 192.0.2.1, collector.example:9995 or [2001:db8::1]:2055";

/// Reads a destination: `host`, `host:port`, `[IPv6]:port`. A link-local address is followed by its link: `[fe80::1%eth0]:port`.
///
/// # Errors
/// It is neither; the text says what was expected.
pub fn destination(text: &str) -> Result<Destination, String> {
    let wrong = || format!("'{text}' is no destination: {EXPECTED_DESTINATION}");
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or_else(wrong)?;
        let host = link_local(address).or_else(|| address.parse().ok().map(|v6: Ipv6Addr| Host::Address(v6.into()))).ok_or_else(wrong)?;
        let port = match port.strip_prefix(':') {
            Some(port) => Some(port_number(port).ok_or_else(wrong)?),
            None if port.is_empty() => None,
            None => return Err(wrong()),
        };
        return Ok(Destination { host, port });
    }
    // More than one colon is an IPv6 address, which has no room for a port without brackets.
    let (name, port) = match text.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, Some(port_number(port).ok_or_else(wrong)?)),
        _ => (text, None),
    };
    Ok(Destination { host: host(name).map_err(|_| wrong())?, port })
}

/// Reads a host: an address, or a name of letters, digits, hyphens, underscores and dots.
///
/// # Errors
/// It is neither; the text says what was expected.
pub fn host(text: &str) -> Result<Host, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Host::Address(address));
    }
    if let Some(host) = link_local(text) {
        return Ok(host);
    }
    let label = |part: &str| {
        let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        !part.is_empty() && part.len() <= 63 && part.chars().all(plain) && !part.starts_with('-') && !part.ends_with('-')
    };
    let labels = text.strip_suffix('.').unwrap_or(text);
    // A name whose last part is a number would be a mistyped address: no top-level domain is one.
    let number = labels.rsplit('.').next().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit()));
    if labels.len() <= 253 && labels.split('.').all(label) && !number {
        return Ok(Host::Name(text.to_owned()));
    }
    Err(format!("'{text}' is neither an address nor a host name: expected one such as 192.0.2.1, 2001:db8::1 or collector.example"))
}

/// A link-local address with its link, `fe80::1%eth0` (RFC 4007 §11): the system knows the link by its name, so it is looked up as a name is.
fn link_local(text: &str) -> Option<Host> {
    let (address, link) = text.split_once('%')?;
    let is_name = !link.is_empty() && link.len() <= 15 && link.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@".contains(c));
    let is_local = address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_unicast_link_local());
    (is_name && is_local).then(|| Host::Name(text.to_owned()))
}

/// Reads a network of exporters; an address alone is a network of one.
///
/// # Errors
/// It is neither; the text says what was expected.
pub fn exporters(text: &str) -> Result<IpNet, String> {
    let found = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let net =
        found.ok_or_else(|| format!("'{text}' is no network: expected an address or a network, such as 192.0.2.1 or 2001:db8::/32"))?;
    if net.addr() != net.network() {
        return Err(format!("'{text}' has bits behind its prefix: expected {}, or {} for the one exporter", net.trunc(), net.addr()));
    }
    Ok(net)
}

fn port_number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_local_destination_names_its_link() {
        let at = |text: &str| destination(text).map(|d| (d.to_string(), d.port));
        assert_eq!(at("[fe80::1%eth0]:9995"), Ok(("[fe80::1%eth0]:9995".to_owned(), Some(9995))));
        assert_eq!(at("fe80::1%eth0.100"), Ok(("fe80::1%eth0.100".to_owned(), None)));
        assert_eq!(at("[2001:db8::1]:7"), Ok(("[2001:db8::1]:7".to_owned(), Some(7))));
        for wrong in ["[2001:db8::1%eth0]:7", "[fe80::1%]:7", "[fe80::1%a b]:7", "[fe80%eth0]:7"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
