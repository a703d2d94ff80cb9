//! Tells the protocols that are often found beside or in place of NDE, to explain a refusal: a guess from the first octets.

use std::fmt;

/// A protocol that a payload looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Other {
    /// sFlow datagrams of version 2, 4 or 5: what many switches send to a NetFlow port.
    Sflow(u32),
    /// DNS, mDNS, LLMNR, NetBIOS names (RFC 1035 §4.1).
    Dns,
    /// Syslog (RFC 5424, RFC 3164).
    Syslog,
    /// SIP, HTTP, SSDP and other protocols in lines of text.
    Text,
    /// RTP or RTCP (RFC 3550 §5.1).
    Rtp,
    /// QUIC with a long header (RFC 9000 §17.2).
    Quic,
    /// SNMP (BER: RFC 3417).
    Snmp,
    /// DHCP or BOOTP (RFC 2131 §2).
    Dhcp,
    /// STUN (RFC 8489 §5).
    Stun,
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sflow(version) => return write!(f, "sFlow version {version}"),
            Self::Dns => "DNS",
            Self::Syslog => "syslog",
            Self::Text => "text",
            Self::Rtp => "RTP",
            Self::Quic => "QUIC",
            Self::Snmp => "SNMP",
            Self::Dhcp => "DHCP",
            Self::Stun => "STUN",
        })
    }
}

impl Other {
    /// What a payload looks like, if anything known.
    pub(super) fn guess(payload: &[u8]) -> Option<Self> {
        let (text, _) = payload.split_at(payload.len().min(32));
        if text.len() >= 4 && text.iter().all(|&o| o.is_ascii_graphic() || matches!(o, b' ' | b'\t' | b'\r' | b'\n')) {
            return Some(if text.starts_with(b"<") && text.iter().skip(1).take(4).any(|&o| o == b'>') { Self::Syslog } else { Self::Text });
        }
        sflow(payload).or_else(|| is_dns(payload).then_some(Self::Dns)).or_else(|| by_first_octets(payload))
    }
}

/// The sFlow version as 32 bits, then the kind of the agent's address: 1 IPv4, 2 IPv6 (sFlow version 5, §5: datagram).
fn sflow(payload: &[u8]) -> Option<Other> {
    match payload.first_chunk::<8>()? {
        [0, 0, 0, version @ (2 | 4 | 5), 0, 0, 0, 0..=2] => Some(Other::Sflow(u32::from(*version))),
        _ => None,
    }
}

fn by_first_octets(payload: &[u8]) -> Option<Other> {
    match payload {
        [1 | 2, 1, 6, ..] if payload.get(236..240) == Some(&[99, 130, 83, 99]) => Some(Other::Dhcp),
        [0..=0x3f, _, _, _, 0x21, 0x12, 0xa4, 0x42, ..] => Some(Other::Stun),
        [0x30, 0x82, _, _, 2, 1, 0..=3, ..] | [0x30, 0x81, _, 2, 1, 0..=3, ..] | [0x30, _, 2, 1, 0..=3, ..] => Some(Other::Snmp),
        [0xc0..=0xff, 0, 0, 0, 1, ..] | [0xc0..=0xff, 0xff, 0, 0, _, ..] => Some(Other::Quic),
        [0x80..=0xbf, _, ..] if payload.len() >= 12 => Some(Other::Rtp),
        _ => None,
    }
}

/// Whether the payload is a DNS message: sane counts in the header, a first name of proper labels that ends, a class behind it.
/// The first two octets are the query id and may say anything.
pub(super) fn is_dns(payload: &[u8]) -> bool {
    let Some((&[_, _, flags, _, qd0, qd1, an0, an1, ns0, ns1, ar0, ar1], names)) = payload.split_first_chunk::<12>() else {
        return false;
    };
    let counts = [[qd0, qd1], [an0, an1], [ns0, ns1], [ar0, ar1]].map(u16::from_be_bytes);
    let opcode = flags >> 3 & 0x0f;
    let records = counts.iter().map(|&count| usize::from(count)).sum::<usize>();
    // Every question or record takes five octets at least.
    if opcode > 6 || records == 0 || records * 5 > names.len() {
        return false;
    }
    let Some([kind_high, _, class_high, class_low]) = behind_name(names).and_then(|rest| rest.first_chunk::<4>()) else {
        return false;
    };
    // Types go up to 257 and 65 to 256 in practice; class 1 (IN) or 255 (any), with mDNS' top bit (RFC 6762 §10.2, §18.12).
    *kind_high <= 1 && matches!((class_high & 0x7f, class_low), (0, 1 | 3 | 4 | 254 | 255))
}

/// What follows a domain name; `None` where this is no name: at least one label, of printable octets.
fn behind_name(mut octets: &[u8]) -> Option<&[u8]> {
    let mut labels = 0;
    loop {
        let (&length, rest) = octets.split_first()?;
        octets = match length {
            0 if labels > 0 => return Some(rest),
            1..=63 => {
                let (label, behind) = rest.split_at_checked(usize::from(length))?;
                if !label.iter().all(|&o| o >= 0x20 && o != 0x7f) {
                    return None;
                }
                labels += 1;
                behind
            }
            0xc0.. if labels > 0 => return rest.get(1..),
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_found_on_netflow_ports() {
        assert_eq!(Other::guess(b"\x00\x00\x00\x05\x00\x00\x00\x01\xc0\x00\x02\x01"), Some(Other::Sflow(5)));
        assert_eq!(Other::guess(b"<34>1 2003-10-11T22:14:15.003Z host su - ID47"), Some(Other::Syslog));
        assert_eq!(Other::guess(b"INVITE sip:bob@example.org SIP/2.0\r\n"), Some(Other::Text));
        assert_eq!(Other::guess(b"\x80\x60\x00\x01\x00\x00\x00\xa0\xde\xad\xbe\xef\x00\x01\x02\x03"), Some(Other::Rtp));
        assert_eq!(Other::guess(b"\xc3\x00\x00\x00\x01\x08\x83\x94\xc8\xf0\x3e\x51"), Some(Other::Quic));
        assert_eq!(Other::guess(b"\x30\x29\x02\x01\x00\x04\x06public"), Some(Other::Snmp));
        assert_eq!(Other::guess(b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"), Some(Other::Stun));
        assert_eq!(Other::guess(&[0; 40]), None);
    }

    #[test]
    fn a_dns_query_whose_id_is_a_version() {
        // Query 9 for example.org, type A.
        assert!(is_dns(b"\x00\x09\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01"));
        // The same, cut inside the name.
        assert!(!is_dns(b"\x00\x09\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03or"));
    }
}
