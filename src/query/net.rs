//! Addresses and networks as SQL writes them: as text.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Some networks.
#[derive(Clone, Debug, Default)]
pub(super) struct Nets(Vec<IpNet>);

impl Nets {
    /// True if the address lies in one of them. Networks of IPv4 hold no IPv6 addresses.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }
}

impl FromIterator<IpNet> for Nets {
    fn from_iter<I: IntoIterator<Item = IpNet>>(nets: I) -> Self {
        Self(nets.into_iter().collect())
    }
}

/// An address.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// A network `10.0.0.0/8`, or an address, which is a network of its own.
pub(super) fn parse(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let net = text.parse::<IpNet>().ok().or_else(|| address(text).map(IpNet::from));
    net.ok_or_else(|| format!("'{text}' is no network; 10.0.0.0/8 and 2001:db8::/32 are"))
}

/// The network of so many bits that an address lies in.
pub(super) fn prefix(address: IpAddr, v4: u8, v6: u8) -> String {
    match address {
        IpAddr::V4(a) => Ipv4Net::new_assert(a, v4.min(32)).trunc().to_string(),
        IpAddr::V6(a) => Ipv6Net::new_assert(a, v6.min(128)).trunc().to_string(),
    }
}
