//! Addresses as text, written straight into a line: dotted IPv4, RFC 5952 IPv6, MAC with colons.

use super::digits::{octet, store};

/// The two hexadecimal digits of every octet, lower case (RFC 5952 §4.3).
static HEX: [[u8; 2]; 256] = hex_texts();

const fn hex_texts() -> [[u8; 2]; 256] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut texts = [[0; 2]; 256];
    let mut i = 0;
    while i < 256 {
        texts[i] = [DIGITS[i >> 4], DIGITS[i & 15]];
        i += 1;
    }
    texts
}

/// Writes an IPv4 address; returns where it ends.
#[inline(always)]
pub(super) fn ipv4(out: &mut [u8], at: usize, [a, b, c, d]: [u8; 4]) -> usize {
    // Each octet leaves a dot behind its end.
    let at = octet(out, at, a) + 1;
    let at = octet(out, at, b) + 1;
    let at = octet(out, at, c) + 1;
    octet(out, at, d)
}

/// Writes an address of either version, IPv4 being given in its mapped form (RFC 4291 §2.5.5.2); returns where it ends.
#[inline(always)]
pub(super) fn either(out: &mut [u8], at: usize, octets: &[u8; 16]) -> usize {
    match octets {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => ipv4(out, at, [*a, *b, *c, *d]),
        _ => ipv6(out, at, octets),
    }
}

/// Writes an IPv6 address as RFC 5952 has it, the mapped form with a dotted end (§5); returns where it ends.
pub(super) fn ipv6(out: &mut [u8], mut at: usize, octets: &[u8; 16]) -> usize {
    if let [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] = octets {
        store(out, at, *b"::ffff:");
        return ipv4(out, at + 7, [*a, *b, *c, *d]);
    }
    let mut groups = [0u16; 8];
    for (group, pair) in groups.iter_mut().zip(octets.as_chunks::<2>().0) {
        *group = u16::from_be_bytes(*pair);
    }
    let (from, to) = longest_zeros(&groups);
    for (i, group) in groups.iter().enumerate() {
        if i >= from && i < to {
            if i == from {
                store(out, at, *b"::");
                at += 2;
            }
            continue;
        }
        if i > 0 && i != to {
            store(out, at, *b":");
            at += 1;
        }
        let [high, low] = group.to_be_bytes();
        let ([a, b], [c, d]) = (HEX[usize::from(high)], HEX[usize::from(low)]);
        // Zeros in front must go (§4.1); the number 0 keeps its last.
        let zeros = ((*group | 1).leading_zeros() / 4) as usize;
        store(out, at, (u32::from_le_bytes([a, b, c, d]) >> (8 * zeros)).to_le_bytes());
        at += 4 - zeros;
    }
    at
}

/// What `::` stands for: the first of the longest runs of zero groups, at least two of them (§4.2); otherwise a place that is none.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    const NONE: (usize, usize) = (9, 9);
    let (mut best, mut length, mut start) = (NONE, 1, 0);
    for (i, group) in groups.iter().enumerate() {
        if *group != 0 {
            start = i + 1;
        } else if i + 1 - start > length {
            length = i + 1 - start;
            best = (start, i + 1);
        }
    }
    best
}

/// Writes a MAC address that stands in the low 48 bits; returns where it ends.
#[inline]
pub(super) fn mac(out: &mut [u8], mut at: usize, value: u64) -> usize {
    let [_, _, octets @ ..] = value.to_be_bytes();
    for octet in octets {
        let [high, low] = HEX[usize::from(octet)];
        store(out, at, [high, low, b':']);
        at += 3;
    }
    at - 1
}

/// Writes octets as hexadecimal digits, two octets of room for each; returns where they end.
pub(super) fn hex(out: &mut [u8], at: usize, octets: &[u8]) -> usize {
    let end = at + 2 * octets.len();
    for (pair, octet) in out[at..end].as_chunks_mut::<2>().0.iter_mut().zip(octets) {
        *pair = HEX[usize::from(*octet)];
    }
    end
}

/// The four octets of an IPv4 address in its mapped form, or the sixteen of another.
pub(super) fn shortest(address: &[u8; 16]) -> &[u8] {
    match address {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, v4 @ ..] => v4,
        all => all,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::super::digits::SLOT;
    use super::*;

    fn text(write: impl Fn(&mut [u8], usize) -> usize) -> String {
        let mut out = [b'#'; SLOT];
        let end = write(&mut out, 0);
        String::from_utf8(out[..end].to_vec()).unwrap()
    }

    #[test]
    fn addresses_of_version_4() {
        assert_eq!(text(|o, at| ipv4(o, at, [0, 0, 0, 0])), "0.0.0.0");
        assert_eq!(text(|o, at| ipv4(o, at, [192, 0, 2, 10])), "192.0.2.10");
        assert_eq!(text(|o, at| ipv4(o, at, [255, 255, 255, 255])), "255.255.255.255");
        assert_eq!(text(|o, at| either(o, at, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 1, 2, 3])), "10.1.2.3");
    }

    #[test]
    fn addresses_of_version_6_by_the_rules_of_rfc_5952() {
        let v6 = |groups: [u16; 8]| text(|o, at| ipv6(o, at, &Ipv6Addr::from(groups).octets()));
        assert_eq!(v6([0; 8]), "::");
        assert_eq!(v6([0, 0, 0, 0, 0, 0, 0, 1]), "::1");
        assert_eq!(v6([0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]), "2001:db8::1:0:0:1");
        assert_eq!(v6([0x2001, 0xdb8, 0, 1, 1, 1, 1, 1]), "2001:db8:0:1:1:1:1:1");
        assert_eq!(v6([0x2001, 0, 0, 1, 0, 0, 0, 0x1]), "2001:0:0:1::1");
        assert_eq!(v6([0xfe80, 0, 0, 0, 0, 0, 0, 0]), "fe80::");
        assert_eq!(v6([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]), "::ffff:192.0.2.1");
        assert_eq!(v6([0xffff; 8]), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    }

    /// Every pattern of zero groups, and groups of one to four digits, against the standard library.
    #[test]
    fn every_pattern_of_zeros() {
        for pattern in 0u32..256 {
            let mut groups = [0u16; 8];
            for (i, group) in groups.iter_mut().enumerate() {
                if pattern >> i & 1 == 1 {
                    *group = [0xa, 0xbc, 0x123, 0xdef0][(i + pattern as usize) % 4];
                }
            }
            let address = Ipv6Addr::from(groups);
            assert_eq!(text(|o, at| ipv6(o, at, &address.octets())), address.to_string());
        }
    }

    #[test]
    fn mac_addresses_and_octets() {
        assert_eq!(text(|o, at| mac(o, at, 0x0001_0aff_c0de)), "00:01:0a:ff:c0:de");
        assert_eq!(text(|o, at| mac(o, at, 0x7777_0001_0aff_c0de)), "00:01:0a:ff:c0:de");
        assert_eq!(text(|o, at| hex(o, at, &[0, 0x7f, 0xfe])), "007ffe");
        assert_eq!(text(|o, at| hex(o, at, &[])), "");
    }
}
