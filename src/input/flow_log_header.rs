//! The first words of an NDE message: as much as it takes to see that one begins here, and how long it is.
//!
//! ```text
//! v1, v5, v7   version (2) · count (2) · up-time (4) · seconds (4) · nanoseconds (4) …      16, 24, 24 octets, then 48, 48, 52 a record
//! v9           version (2) · count (2) · up-time (4) · seconds (4) · sequence (4) · source (4) · Set id (2) · Set length (2) …
//! IPFIX        version (2) · length (2) · seconds (4) · sequence (4) · domain (4) · Set id (2) · Set length (2) …
//! ```
//!
//! (RFC 3954 §5.1, RFC 7011 §3.1, Cisco's tables for the others.) v9 says no length at all: `flow_log_v9` walks its Sets. This room knows
//! nothing else of NDE; `message` reads what is found here.

use std::ops::Range;

/// 1990-01-01 and 2100-01-01 in seconds since 1970: before NetFlow, after us.
const PLAUSIBLE_SECONDS: Range<u32> = 631_152_000..4_102_444_800;
/// More than any exporter puts into a v1, v5 or v7 message; softflowd has 30.
const MOST_FIXED_RECORDS: usize = 32;
/// No v9 datagram counts so many records.
const MOST_V9_COUNT: usize = 2_000;
/// The octets of a v9 header.
pub(super) const V9_HEADER: usize = 20;
const IPFIX_HEADER: usize = 16;
/// Sets that are walked to see whether an IPFIX message is sound: a bound on what damage can cost.
const MOST_SETS: usize = 64;
/// No message is longer: that is what its datagram, or its length field, can hold.
pub(super) const MOST_OCTETS: usize = 65_535;

/// The versions that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V5,
    V7,
    V9,
    Ipfix,
}

/// A message that begins here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: Version,
    /// Its octets by its own word; `None` for v9.
    pub(super) length: Option<usize>,
    /// Its export time in seconds since 1970.
    pub(super) seconds: u32,
    /// The export time is one that a set clock tells, and nothing else speaks against it: good enough to be believed in the midst of damage.
    pub(super) sure: bool,
}

/// What lies at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A message.
    Header(Header),
    /// No message.
    Other,
    /// It takes so many octets to tell.
    Short(usize),
}

/// Looks at the beginning of some octets.
pub(super) fn look(octets: &[u8]) -> Look {
    let Some(number) = word(octets, 0) else {
        return match octets {
            [] | [0] => Look::Short(2),
            _ => Look::Other,
        };
    };
    match number {
        1 => fixed(octets, Version::V1, 16, 48),
        5 => fixed(octets, Version::V5, 24, 48),
        7 => fixed(octets, Version::V7, 24, 52),
        9 => v9(octets),
        10 => ipfix(octets),
        _ => Look::Other,
    }
}

fn fixed(octets: &[u8], version: Version, header: usize, record: usize) -> Look {
    let (Some(count), Some(seconds), Some(nanos)) = (word(octets, 2), long(octets, 8), long(octets, 12)) else {
        return Look::Short(16);
    };
    let count = usize::from(count);
    if !(1..=MOST_FIXED_RECORDS).contains(&count) || nanos >= 1_000_000_000 {
        return Look::Other;
    }
    Look::Header(Header { version, length: Some(header + count * record), seconds, sure: PLAUSIBLE_SECONDS.contains(&seconds) })
}

fn v9(octets: &[u8]) -> Look {
    let (Some(count), Some(seconds), Some(id), Some(set)) =
        (word(octets, 2), long(octets, 8), word(octets, V9_HEADER), word(octets, V9_HEADER + 2))
    else {
        return Look::Short(V9_HEADER + 4);
    };
    let timely = PLAUSIBLE_SECONDS.contains(&seconds);
    let counted = (1..=MOST_V9_COUNT).contains(&usize::from(count));
    // A Set, or, where there is none, another header.
    let goes_on = (is_set(id) && set >= 4) || [5, 7, 9, 10].contains(&id);
    if goes_on && (timely || counted) {
        Look::Header(Header { version: Version::V9, length: None, seconds, sure: timely && counted })
    } else {
        Look::Other
    }
}

fn ipfix(octets: &[u8]) -> Look {
    let (Some(length), Some(seconds)) = (word(octets, 2), long(octets, 4)) else { return Look::Short(IPFIX_HEADER) };
    let length = usize::from(length);
    let header = Header { version: Version::Ipfix, length: Some(length), seconds, sure: PLAUSIBLE_SECONDS.contains(&seconds) };
    if length == IPFIX_HEADER {
        return if octets.len() < IPFIX_HEADER { Look::Short(IPFIX_HEADER) } else { Look::Header(header) };
    }
    let (Some(id), Some(set)) = (word(octets, IPFIX_HEADER), word(octets, IPFIX_HEADER + 2)) else {
        return Look::Short(IPFIX_HEADER + 4);
    };
    // Sets with v9's ids 0 and 1 occur.
    if is_set(id) && set >= 4 && IPFIX_HEADER + usize::from(set) <= length { Look::Header(header) } else { Look::Other }
}

/// A Set that may stand in a message: templates of either version, or data.
pub(super) fn is_set(id: u16) -> bool {
    id <= 3 || id >= 256
}

/// Two octets in network order.
pub(super) fn word(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|b| u16::from_be_bytes(*b))
}

fn long(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|b| u32::from_be_bytes(*b))
}

/// The first of some places where a message surely begins; what is found must lead to another one, or to the end of the file.
/// Near the end of `octets` it can't be told, unless the file ends there (`last`).
pub(super) fn find(octets: &[u8], places: Range<usize>, last: bool) -> Option<usize> {
    let (from, to) = (places.start, places.end.min(octets.len()));
    let tail = octets.get(from..to)?;
    let candidate = |at: usize| {
        let rest = octets.get(from + at..).unwrap_or(&[]);
        let Look::Header(header) = look(rest) else { return false };
        header.sure
            && header
                .length
                .is_none_or(|length| leads_on(rest, length, last) || header.version == Version::Ipfix && sets_fill(rest, length))
    };
    // Every version begins with a zero octet.
    tail.iter().enumerate().filter(|(_, octet)| **octet == 0).map(|(at, _)| at).find(|at| candidate(*at)).map(|at| from + at)
}

fn leads_on(octets: &[u8], length: usize, last: bool) -> bool {
    match octets.get(length..) {
        Some([]) | None if last => octets.len() == length,
        None | Some([] | [_]) => true,
        // Zeros may be padding.
        Some(next) => matches!(word(next, 0), Some(0 | 1 | 5 | 7 | 9 | 10)),
    }
}

/// Whether the Sets of an IPFIX message lead to its end.
fn sets_fill(octets: &[u8], length: usize) -> bool {
    let mut at = IPFIX_HEADER;
    for _ in 0..MOST_SETS {
        if at >= length {
            break;
        }
        match (word(octets, at), word(octets, at + 2)) {
            (Some(id), Some(set)) if is_set(id) && set >= 4 => at += usize::from(set),
            _ => return false,
        }
    }
    at == length && octets.len() >= length
}

#[cfg(test)]
mod tests {
    use super::super::tests::hex;
    use super::*;

    #[test]
    fn lengths_by_the_headers_own_word() {
        let length = |text: &str| match look(&hex(text)) {
            Look::Header(header) => header.length.map_or(0, |l| l),
            Look::Other => 1,
            Look::Short(n) => n + 10_000,
        };
        // 2023-11-14: 24 + 2 · 48, 24 + 2 · 52, 16 + 48.
        assert_eq!(length("0005 0002 00000064 6553f100 00000000"), 120);
        assert_eq!(length("0007 0002 00000064 6553f100 00000000"), 128);
        assert_eq!(length("0001 0001 00000064 6553f100 3b9ac9ff"), 64);
        // A whole second or more of nanoseconds; no record; 33 of them.
        assert_eq!(length("0001 0001 00000064 6553f100 3b9aca00"), 1);
        assert_eq!(length("0005 0000 00000064 6553f100 00000000"), 1);
        assert_eq!(length("0005 0021 00000064 6553f100 00000000"), 1);
        assert_eq!(length("000a 001c 6553f100 00000000 00000001 0002 000c"), 28);
        assert_eq!(length("000a 0010 6553f100 00000000 00000001"), 16);
        // A Set longer than its message.
        assert_eq!(length("000a 001c 6553f100 00000000 00000001 0002 000d"), 1);
        assert_eq!(length("0009 0001 00000064 6553f100 00000000 00000001 0000 000c"), 0);
        assert_eq!(length("0009 0001 00000064 6553f100 00000000 00000001 0004 000c"), 1);
        assert_eq!(length("0009 0001 00000064"), 10_024);
        assert_eq!(length("00"), 10_002);
    }
}
