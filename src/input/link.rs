//! The link layer: from the first octet of a frame to IP, through VLAN tags, MPLS labels and PPPoE.

use etherparse::{Ethernet2HeaderSlice, SingleVlanHeaderSlice};

use super::decap::{Context, Decap};
use super::fault::FaultCause::{LinkHeader, LinkTypeUnsupported, NotIp, TagLimit};
use super::link_type::LinkType;
use super::part::Part;

/// VLAN tags in a frame: two are usual, four are seen in provider networks.
const MAX_TAGS: usize = 8;
/// MPLS labels in a frame; segment routing pushes a dozen at most.
const MAX_LABELS: usize = 16;

pub(super) const ETHERTYPE_IPV4: u16 = 0x0800;
pub(super) const ETHERTYPE_IPV6: u16 = 0x86dd;
/// Ethernet in GRE (RFC 7637 and others).
pub(super) const ETHERTYPE_BRIDGED: u16 = 0x6558;

impl Decap {
    /// A frame by its link type.
    pub(super) fn link(&mut self, cx: &mut Context, link: LinkType, part: Part<'_>) {
        match link {
            LinkType::ETHERNET => self.ethernet(cx, part),
            LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => self.raw_ip(cx, part),
            LinkType::IPV4 => self.ipv4(cx, part),
            LinkType::IPV6 => self.ipv6(cx, part),
            LinkType::LINUX_SLL => self.cooked(cx, part, 14, 16),
            LinkType::LINUX_SLL2 => self.cooked(cx, part, 0, 20),
            LinkType::NULL | LinkType::LOOP => self.loopback(cx, part),
            LinkType::PPP | LinkType::PPP_HDLC => self.ppp(cx, part),
            LinkType::PPP_WITH_DIR => match part.skip(1) {
                Some(rest) => self.ppp(cx, rest),
                None => self.short(cx, LinkHeader, part, "the direction before PPP", 1),
            },
            LinkType::PPP_ETHER => self.pppoe(cx, part),
            LinkType::C_HDLC => match (part.u16(2), part.skip(4)) {
                (Some(ethertype), Some(rest)) => self.ethertype(cx, ethertype, rest),
                _ => self.short(cx, LinkHeader, part, "the Cisco HDLC header", 4),
            },
            LinkType::MPLS => self.mpls(cx, part),
            other => {
                self.note(cx, LinkTypeUnsupported, || format!("link type {} ({other})", other.0));
            }
        }
    }

    pub(super) fn ethernet(&mut self, cx: &mut Context, part: Part<'_>) {
        match (Ethernet2HeaderSlice::from_slice(part.octets), part.skip(14)) {
            (Ok(header), Some(rest)) => self.ethertype(cx, header.ether_type().0, rest),
            _ => self.short(cx, LinkHeader, part, "the Ethernet header", 14),
        }
    }

    /// What an ethertype announces, through any tags.
    pub(super) fn ethertype(&mut self, cx: &mut Context, ethertype: u16, part: Part<'_>) {
        let (mut ethertype, mut part) = (ethertype, part);
        for _ in 0..=MAX_TAGS {
            let (next, rest) = match ethertype {
                ETHERTYPE_IPV4 => return self.ipv4(cx, part),
                ETHERTYPE_IPV6 => return self.ipv6(cx, part),
                0x8847 | 0x8848 => return self.mpls(cx, part),
                0x8864 => return self.pppoe(cx, part),
                ETHERTYPE_BRIDGED => return self.ethernet(cx, part),
                // 802.1Q, 802.1ad, and what came before the standard.
                0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => match SingleVlanHeaderSlice::from_slice(part.octets) {
                    Ok(tag) => (tag.ether_type().0, part.skip(4)),
                    Err(_) => return self.short(cx, LinkHeader, part, "a VLAN tag", 4),
                },
                // 802.1BR E-tag.
                0x893f => match part.u16(6) {
                    Some(next) => (next, part.skip(8)),
                    None => return self.short(cx, LinkHeader, part, "an E-tag", 8),
                },
                ..=1500 => match (part.octets, part.skip(8)) {
                    // A length: LLC, of which SNAP with a zero organisation carries an ethertype (RFC 1042).
                    ([0xaa, 0xaa, 0x03, 0, 0, 0, a, b, ..], rest) => (u16::from_be_bytes([*a, *b]), rest),
                    _ => return self.note(cx, NotIp, || format!("an 802.2 frame of length {ethertype}")),
                },
                other => return self.note(cx, NotIp, || format!("ethertype {other:#06x}")),
            };
            let Some(rest) = rest else {
                return self.short(cx, LinkHeader, part, "a tag", 4);
            };
            (ethertype, part) = (next, rest);
        }
        self.note(cx, TagLimit, || format!("more than {MAX_TAGS} tags"));
    }

    /// A label stack (RFC 3032 §2.1): label (20 bits) · class (3) · bottom of stack (1) · TTL (8). What follows is not announced;
    /// everyone looks at the first nibble, which RFC 4928 §3 and RFC 4385 §3 take care of.
    pub(super) fn mpls(&mut self, cx: &mut Context, part: Part<'_>) {
        let mut rest = part;
        for _ in 0..MAX_LABELS {
            let (Some(flags), Some(next)) = (rest.u8(2), rest.skip(4)) else {
                return self.short(cx, LinkHeader, rest, "an MPLS label", 4);
            };
            rest = next;
            if flags & 1 == 0 {
                continue;
            }
            return match rest.u8(0).map(|o| o >> 4) {
                Some(4) => self.ipv4(cx, rest),
                Some(6) => self.ipv6(cx, rest),
                // A pseudowire's control word, then its Ethernet frame.
                Some(0) => match rest.skip(4) {
                    Some(rest) => self.ethernet(cx, rest),
                    None => self.short(cx, LinkHeader, rest, "a pseudowire control word", 4),
                },
                Some(nibble) => self.note(cx, NotIp, || format!("an MPLS payload that begins with {nibble:#x}")),
                None => self.short(cx, LinkHeader, rest, "an MPLS payload", 1),
            };
        }
        self.note(cx, TagLimit, || format!("more than {MAX_LABELS} MPLS labels"));
    }

    /// PPP (RFC 1661 §2, RFC 1662 §3.1), or Cisco's HDLC, which shares its link type.
    pub(super) fn ppp(&mut self, cx: &mut Context, part: Part<'_>) {
        if let (Some(0x0f | 0x8f), Some(0), Some(ethertype), Some(rest)) = (part.u8(0), part.u8(1), part.u16(2), part.skip(4)) {
            return self.ethertype(cx, ethertype, rest);
        }
        let framed = part.octets.starts_with(&[0xff, 0x03]);
        let Some(part) = part.skip(if framed { 2 } else { 0 }) else {
            return;
        };
        // An odd first octet is a whole protocol number, compressed (RFC 1661 §6.5).
        let (protocol, header) = match (part.u8(0), part.u16(0)) {
            (Some(short), _) if short & 1 == 1 => (u16::from(short), 1),
            (_, Some(protocol)) => (protocol, 2),
            _ => return self.short(cx, LinkHeader, part, "the PPP header", 2),
        };
        let Some(rest) = part.skip(header) else { return };
        match protocol {
            0x0021 => self.ipv4(cx, rest),
            0x0057 => self.ipv6(cx, rest),
            0x0281 | 0x0283 => self.mpls(cx, rest),
            other => self.note(cx, NotIp, || format!("PPP protocol {other:#06x}")),
        }
    }

    /// A PPPoE session (RFC 2516 §4): version and type (1) · code (1) · session (2) · length (2), then PPP without framing.
    fn pppoe(&mut self, cx: &mut Context, part: Part<'_>) {
        match (part.u8(1), part.u16(4), part.skip(6)) {
            (Some(0), Some(length), Some(rest)) => self.ppp(cx, rest.limit(usize::from(length))),
            (Some(code), _, Some(_)) => self.note(cx, NotIp, || format!("PPPoE code {code:#04x}")),
            _ => self.short(cx, LinkHeader, part, "the PPPoE header", 6),
        }
    }

    /// Linux cooked captures: a header of 16 (SLL) or 20 octets (SLL2) with an ethertype in it.
    fn cooked(&mut self, cx: &mut Context, part: Part<'_>, protocol: usize, header: usize) {
        match (part.u16(protocol), part.skip(header)) {
            // 1 is raw 802.3, 4 an LLC header: neither of them holds a length here.
            (Some(4), Some(rest)) => self.ethertype(cx, 4, rest),
            (Some(ethertype), Some(rest)) if ethertype > 1500 => self.ethertype(cx, ethertype, rest),
            (Some(other), Some(_)) => self.note(cx, NotIp, || format!("Linux protocol {other:#06x}")),
            _ => self.short(cx, LinkHeader, part, "the cooked header", header),
        }
    }

    /// BSD loopback: the address family in 4 octets, in the order of the capturing machine (NULL) or the network (LOOP). Families are
    /// small, so the order shows. IPv6 has as many numbers as there are systems.
    fn loopback(&mut self, cx: &mut Context, part: Part<'_>) {
        let (Some(family), Some(rest)) = (part.octets.first_chunk(), part.skip(4)) else {
            return self.short(cx, LinkHeader, part, "the loopback header", 4);
        };
        let family = u32::from_be_bytes(*family).min(u32::from_le_bytes(*family));
        match family {
            2 => self.ipv4(cx, rest),
            10 | 23 | 24 | 28 | 30 => self.ipv6(cx, rest),
            other => self.note(cx, NotIp, || format!("address family {other}")),
        }
    }

    /// IP without anything before it.
    pub(super) fn raw_ip(&mut self, cx: &mut Context, part: Part<'_>) {
        match part.u8(0).map(|o| o >> 4) {
            Some(4) => self.ipv4(cx, part),
            Some(6) => self.ipv6(cx, part),
            Some(version) => self.note(cx, NotIp, || format!("a raw packet of IP version {version}")),
            None => self.short(cx, LinkHeader, part, "an IP header", 20),
        }
    }
}
