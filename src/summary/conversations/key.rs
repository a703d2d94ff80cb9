//! The name that both directions of a conversation share: addresses, ports and protocol, put into an order that does not depend on who sent.
//!
//! ICMP has no ports. A request and its reply (RFC 792, RFC 950, RFC 4443, RFC 8335 …) share the type of the request; every other type,
//! errors above all, goes one way, and its key holds the direction.

use std::hash::{Hash, Hasher};

/// ICMP types that answer each other: request, reply.
const ICMP_PAIRS: [(u8, u8); 9] = [(8, 0), (10, 9), (13, 14), (15, 16), (17, 18), (33, 34), (35, 36), (37, 38), (42, 43)];
/// The same for ICMPv6: echo, listener query and report, router solicitation, neighbor solicitation, node information, home agents, mobile
/// prefix, certification path, extended echo.
const ICMPV6_PAIRS: [(u8, u8); 9] =
    [(128, 129), (130, 131), (133, 134), (135, 136), (139, 140), (144, 145), (146, 147), (148, 149), (160, 161)];

/// ICMP.
pub(super) const ICMP: u8 = 1;
/// TCP.
pub(super) const TCP: u8 = 6;
/// ICMP for IPv6.
pub(super) const ICMPV6: u8 = 58;

/// The protocol is not known.
const NO_PROTOCOL: u64 = 0x100;
/// The ports are an ICMP type that has an answer.
const QUERY: u64 = 1;
/// The ports are an ICMP type and code without an answer, sent by the first end.
const NOTICE_FIRST: u64 = 2;
/// The same, sent by the second end.
const NOTICE_SECOND: u64 = 3;

/// Which end of a key sent a flow: 0 the first, 1 the second.
pub(super) type Side = usize;

/// Both ends and the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    ends: [[u64; 2]; 2],
    /// Port of the first end, port of the second, protocol, kind: 16 bits each.
    rest: u64,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for word in self.ends.as_flattened() {
            state.write_u64(*word);
        }
        state.write_u64(self.rest);
    }
}

/// What a flow says of its ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) src: [u8; 16],
    pub(super) dst: [u8; 16],
    pub(super) src_port: u16,
    pub(super) dst_port: u16,
    pub(super) protocol: Option<u8>,
    pub(super) icmp: Option<(u8, u8)>,
}

impl Key {
    /// The key of a flow, and which of its ends sent it; for ICMP, whether it is an answer.
    pub(super) fn of(ends: &Ends) -> (Self, Side, bool) {
        let (src, dst) = (words(ends.src), words(ends.dst));
        let protocol = ends.protocol.map_or(NO_PROTOCOL, u64::from);
        let is_icmp = matches!(ends.protocol, Some(ICMP | ICMPV6));
        let (src_port, dst_port) = if is_icmp { (0, 0) } else { (ends.src_port, ends.dst_port) };
        let side = usize::from((src, src_port) > (dst, dst_port));
        let (ends_in_order, ports) = if side == 0 { ([src, dst], [src_port, dst_port]) } else { ([dst, src], [dst_port, src_port]) };
        let (ports, kind, answer) = match ends.icmp.filter(|_| is_icmp) {
            None => (ports, 0, false),
            Some((icmp_type, code)) => match query(ends.protocol, icmp_type) {
                Some(request) => ([u16::from(request); 2], QUERY, request != icmp_type),
                None => ([u16::from(icmp_type) << 8 | u16::from(code), 0], if side == 0 { NOTICE_FIRST } else { NOTICE_SECOND }, false),
            },
        };
        let [first, second] = ports.map(u64::from);
        (Self { ends: ends_in_order, rest: first << 48 | second << 32 | protocol << 16 | kind }, side, answer)
    }

    /// A number to deal keys out by: the same in every run, and about as often odd as even.
    #[inline]
    pub(super) fn lot(&self) -> u8 {
        let words = self.ends.as_flattened().iter().chain([&self.rest]);
        let mixed = words.fold(0, |mixed: u64, word| (mixed.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        (mixed >> 56) as u8
    }

    /// The address of an end.
    pub(super) fn address(&self, side: Side) -> [u8; 16] {
        let [high, low] = self.ends[side & 1];
        (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
    }

    /// The port of an end; `None` for ICMP.
    pub(super) fn port(&self, side: Side) -> Option<u16> {
        (!self.is_icmp()).then(|| self.bits(side))
    }

    /// The protocol, where it is known.
    pub(super) fn protocol(&self) -> Option<u8> {
        u8::try_from(self.rest >> 16 & 0xffff).ok()
    }

    /// The ICMP type, of a conversation that of the request, where the flows tell it.
    pub(super) fn icmp_type(&self) -> Option<u8> {
        match self.rest & 0xffff {
            QUERY => u8::try_from(self.bits(0)).ok(),
            NOTICE_FIRST | NOTICE_SECOND => u8::try_from(self.bits(0) >> 8).ok(),
            _ => None,
        }
    }

    /// True for an ICMP type that has no answer.
    pub(super) fn is_notice(&self) -> bool {
        matches!(self.rest & 0xffff, NOTICE_FIRST | NOTICE_SECOND)
    }

    fn is_icmp(&self) -> bool {
        matches!(self.protocol(), Some(ICMP | ICMPV6))
    }

    fn bits(&self, side: Side) -> u16 {
        let shift = if side == 0 { 48 } else { 32 };
        (self.rest >> shift & 0xffff) as u16
    }
}

/// The request's type, of a type that asks or answers.
fn query(protocol: Option<u8>, icmp_type: u8) -> Option<u8> {
    let pairs = if protocol == Some(ICMPV6) { &ICMPV6_PAIRS } else { &ICMP_PAIRS };
    pairs.iter().find(|(request, reply)| *request == icmp_type || *reply == icmp_type).map(|(request, _)| *request)
}

fn words(address: [u8; 16]) -> [u64; 2] {
    let number = u128::from_be_bytes(address);
    [(number >> 64) as u64, number as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(src: u8, dst: u8, ports: (u16, u16), protocol: u8, icmp: Option<(u8, u8)>) -> Ends {
        let address = |last| std::net::Ipv4Addr::new(10, 0, 0, last).to_ipv6_mapped().octets();
        Ends { src: address(src), dst: address(dst), src_port: ports.0, dst_port: ports.1, protocol: Some(protocol), icmp }
    }

    #[test]
    fn both_directions_have_one_key() {
        let (there, side, _) = Key::of(&ends(9, 2, (40_000, 443), 6, None));
        let (back, other, _) = Key::of(&ends(2, 9, (443, 40_000), 6, None));
        assert_eq!((there, side, other), (back, 1, 0));
        assert_eq!((there.port(0), there.port(1), there.protocol(), there.icmp_type()), (Some(443), Some(40_000), Some(6), None));
        assert_eq!(there.address(1)[12..], [10, 0, 0, 9]);
        // The same host on both ends: the ports tell them apart.
        let (there, side, _) = Key::of(&ends(2, 2, (40_000, 443), 6, None));
        let (back, other, _) = Key::of(&ends(2, 2, (443, 40_000), 6, None));
        assert_eq!((there, side, other), (back, 1, 0));
    }

    #[test]
    fn an_echo_and_its_reply_have_one_key_and_errors_do_not() {
        let (request, side, answer) = Key::of(&ends(1, 2, (0, 0x0800), 1, Some((8, 0))));
        let (reply, other, answers) = Key::of(&ends(2, 1, (0, 0), 1, Some((0, 0))));
        assert_eq!((request, side, other, answer, answers), (reply, 0, 1, false, true));
        assert_eq!((request.icmp_type(), request.port(0)), (Some(8), None));
        let timestamp = Key::of(&ends(2, 1, (0, 0), 1, Some((14, 0)))).0;
        assert_eq!((timestamp.icmp_type(), timestamp == request), (Some(13), false));
        let (unreachable, ..) = Key::of(&ends(1, 2, (0, 0), 1, Some((3, 1))));
        let (back, ..) = Key::of(&ends(2, 1, (0, 0), 1, Some((3, 1))));
        assert!(unreachable != back && unreachable.icmp_type() == Some(3) && back.icmp_type() == Some(3));
        // 8 asks in ICMP; in ICMPv6 it is nothing, and 128 asks.
        assert_eq!(Key::of(&ends(1, 2, (0, 0), 58, Some((129, 0)))).0.icmp_type(), Some(128));
        assert_ne!(Key::of(&ends(1, 2, (0, 0), 58, Some((8, 0)))).0, Key::of(&ends(2, 1, (0, 0), 58, Some((8, 0)))).0);
    }

    #[test]
    fn keys_are_dealt_evenly_and_the_same_in_every_run() {
        let lots: Vec<u8> = (0..1_000).map(|port| Key::of(&ends(1, 2, (port, 53), 17, None)).0.lot() % 2).collect();
        let odd = lots.iter().filter(|lot| **lot == 1).count();
        assert!((400..600).contains(&odd), "{odd}");
        let hosts = (0..250).filter(|host| Key::of(&ends(*host, 251, (9, 9), 6, None)).0.lot() % 2 == 1).count();
        assert!((90..160).contains(&hosts), "{hosts}");
    }

    #[test]
    fn what_is_not_known() {
        let (key, ..) = Key::of(&Ends { protocol: None, ..ends(1, 2, (7, 8), 0, None) });
        assert_eq!((key.protocol(), key.port(0)), (None, Some(7)));
        assert_eq!(Key::of(&ends(1, 2, (7, 8), 0, None)).0.protocol(), Some(0));
        // ICMP without a type pairs by addresses.
        assert_eq!(Key::of(&ends(1, 2, (0, 0), 1, None)).0, Key::of(&ends(2, 1, (0, 0), 1, None)).0);
    }
}
