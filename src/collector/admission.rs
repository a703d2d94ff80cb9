//! Which exporters and versions are let in, by the rules of flow sources.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::datagram::{Datagram, Transport, known};
use crate::message::Version;

/// What is let in: what one of the rules lets in, or all where there is no rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// The rules.
    pub rules: Vec<Rule>,
}

/// Who may send what to a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The port of the receiving end that the rule is about; any if `None`.
    pub port: Option<u16>,
    /// The exporters; any if empty.
    pub exporters: Vec<IpNet>,
    /// The versions; any if `None`.
    pub versions: Option<Vec<Version>>,
}

/// Why a datagram is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Exporter,
    Version(Version),
}

impl Admission {
    /// Why a datagram that begins with these octets is not let in. A flow log tells neither ports nor exporters, so those are not asked for.
    pub(super) fn refuses(&self, datagram: &Datagram, payload: &[u8]) -> Option<Refused> {
        let port = (datagram.transport != Transport::File).then_some(datagram.collector.port);
        self.judge(port, datagram.exporter.addr, Version::of(payload))
    }

    /// Whether a datagram that begins with these octets is let in.
    pub fn lets(&self, datagram: &Datagram, payload: &[u8]) -> bool {
        self.refuses(datagram, payload).is_none()
    }

    /// The same for flows that a file holds without datagrams; 0 stands for a version that is not told.
    pub(super) fn refuses_stored(&self, exporter: IpAddr, version: u16) -> Option<Refused> {
        self.judge(None, exporter, Version::from_number(version))
    }

    fn judge(&self, port: Option<u16>, exporter: IpAddr, version: Option<Version>) -> Option<Refused> {
        if self.rules.is_empty() {
            return None;
        }
        let mut refused = Refused::Exporter;
        for rule in self.rules.iter().filter(|r| port.is_none() || r.port.is_none() || r.port == port) {
            if !rule.lets(exporter) {
                continue;
            }
            match version {
                Some(version) if rule.versions.as_ref().is_some_and(|v| !v.contains(&version)) => refused = Refused::Version(version),
                _ => return None,
            }
        }
        Some(refused)
    }
}

impl Rule {
    fn lets(&self, exporter: IpAddr) -> bool {
        self.exporters.is_empty() || known(exporter).is_none_or(|exporter| self.exporters.iter().any(|net| net.contains(&exporter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule_that_lets_in_is_enough() {
        let rule = |port, net: &str, versions| Rule { port, exporters: vec![net.parse().unwrap()], versions };
        let admission =
            Admission { rules: vec![rule(Some(2055), "192.0.2.0/24", None), rule(Some(2056), "2001:db8::/32", Some(vec![Version::V9]))] };
        let judge = |port, exporter: &str, version| admission.judge(port, exporter.parse().unwrap(), version);
        assert_eq!(judge(Some(2055), "192.0.2.7", Some(Version::V5)), None);
        assert_eq!(judge(Some(2055), "2001:db8::1", Some(Version::V9)), Some(Refused::Exporter));
        assert_eq!(judge(Some(2056), "2001:db8::1", Some(Version::V9)), None);
        assert_eq!(judge(Some(2056), "2001:db8::1", Some(Version::V5)), Some(Refused::Version(Version::V5)));
        // What is no NDE is not a matter of versions.
        assert_eq!(judge(Some(2056), "2001:db8::1", None), None);
        // A flow log tells neither.
        assert_eq!(judge(None, "0.0.0.0", Some(Version::V5)), None);
        assert_eq!(judge(None, "198.51.100.1", Some(Version::V5)), Some(Refused::Exporter));
        assert_eq!(Admission::default().judge(Some(1), "198.51.100.1".parse().unwrap(), Some(Version::V5)), None);
    }
}
