//! Which Information Elements the parts of a record are, by the type of the part.

use super::absent;
use crate::datagram::{StoredField, Take};

/// Types of parts.
pub(super) const GENERIC: usize = 1;
pub(super) const IPV6: usize = 3;
pub(super) const MISC: usize = 4;
const COUNTERS: usize = 5;
pub(super) const RECEIVED_V4: usize = 12;
pub(super) const RECEIVED_V6: usize = 13;
pub(super) const MPLS: usize = 14;
pub(super) const MAC: usize = 15;
pub(super) const LATENCY: usize = 17;
pub(super) const NSEL: usize = 19;
pub(super) const ACL: usize = 23;
pub(super) const USER: usize = 24;
pub(super) const NAT: usize = 25;
const NBAR: usize = 27;
const TUNNEL_V4: usize = 31;
const TUNNEL_V6: usize = 32;
const PF: usize = 37;
pub(super) const LAYER_2: usize = 38;
const NOKIA_SERVICES: usize = 40;
pub(super) const IP_INFO: usize = 42;
/// One more than the last type that is read.
pub(super) const TYPES: usize = 43;

const CISCO: u32 = 9;
const NOKIA: u32 = 637;
const CERT: u32 = 6871;
/// CERT's own rule for reverse elements.
const CERT_REVERSE: u16 = 0x4000;
const NTOP: u32 = 35632;
/// A reserved number that no enterprise has, for what nfdump alone knows.
const NFDUMP: u32 = u32::MAX;

/// Offset, element of IANA, octets.
type Row = (u16, u16, u16);

/// Octets that each part has at least; 0 for those that are not read. nfdump adds fields at the end.
#[rustfmt::skip]
const LEAST: [u16; TYPES] = [
    0, 48, 8, 32, 12, 24, 8, 8, 4, 16, 4, 16, 4, 16, 40, 32, 8, 24, 16, 15, 8, 32, 4, 24, 66, 14, 8, 1,
    ANY, ANY, ANY, 12, 36, 12, 4, ANY, 8, 20, 27, 8, 4, ANY, 4,
];
/// A part that may be empty.
const ANY: u16 = u16::MAX;

const ROWS: [&[Row]; TYPES] = [
    &[],
    // First, last, packets, octets, ports, protocol, TCP flags, forwarding status, type of service. 16: received, which the run has.
    &[(0, 152, 8), (8, 153, 8), (24, 2, 8), (32, 1, 8), (40, 7, 2), (42, 11, 2), (44, 4, 1), (45, 6, 1), (46, 89, 1), (47, 5, 1)],
    &[(0, 8, 4), (4, 12, 4)],
    &[(0, 27, 16), (16, 28, 16)],
    // Interfaces, masks, direction, type of service on the way out; since 1.7.3 the side of a bidirectional flow and why it ended.
    &[(0, 10, 4), (4, 14, 4), (8, 9, 1), (9, 13, 1), (10, 61, 1), (11, 55, 1), (12, 239, 1), (13, 136, 1)],
    &[(0, 3, 8), (8, 24, 8), (16, 23, 8)],
    &[(0, 58, 2), (4, 59, 2)],
    &[(0, 16, 4), (4, 17, 4)],
    &[(0, 18, 4)],
    &[(0, 63, 16)],
    &[(0, 15, 4)],
    &[(0, 62, 16)],
    // The address that the exporter sent from.
    &[(0, 130, 4)],
    &[(0, 131, 16)],
    &[(0, 70, 3), (4, 71, 3), (8, 72, 3), (12, 73, 3), (16, 74, 3), (20, 75, 3), (24, 76, 3), (28, 77, 3), (32, 78, 3), (36, 79, 3)],
    &[(0, 56, 6), (8, 57, 6), (16, 80, 6), (24, 81, 6)],
    &[(0, 128, 4), (4, 129, 4)],
    &[],
    // The sampler.
    &[(0, 302, 8)],
    &[(0, 323, 8), (8, 148, 4), (14, 233, 1)],
    &[(0, 225, 4), (4, 226, 4)],
    &[(0, 281, 16), (16, 282, 16)],
    &[(0, 227, 2), (2, 228, 2)],
    &[],
    &[],
    // Event of address translation; nfdump 1.7.1 has the VRFs in here.
    &[(0, 323, 8), (8, 283, 4), (12, 230, 1)],
    &[(0, 361, 2), (2, 362, 2), (4, 363, 2), (6, 364, 2)],
    &[],
    &[],
    &[],
    &[],
    // A tunnel's addresses and protocol: what is outside are the flow's own addresses, as nfpcapd stores it.
    &[],
    &[],
    &[(0, 138, 8), (8, 149, 4)],
    // sFlow's frame: its octets on the wire, its link type.
    &[(0, 312, 2), (2, 408, 2)],
    &[],
    &[(0, 235, 4), (4, 234, 4)],
    &[],
    &[(0, 243, 2), (2, 245, 2), (4, 254, 2), (6, 255, 2), (8, 252, 4), (12, 253, 4), (16, 351, 8), (24, 256, 2), (26, 60, 1)],
    &[(0, 148, 8)],
    &[],
    &[],
    // 1.7.5 has one time to live, later versions the smallest and the largest.
    &[(0, 192, 1), (1, 197, 1), (2, 52, 1), (3, 53, 1)],
];

/// The part of nfdump 1.7.1 and 1.6 for events of address translation.
const NAT_WITH_VRF: &[Row] = &[(0, 323, 8), (8, 235, 4), (12, 234, 4), (16, 283, 4), (20, 230, 1)];
const NAT_WITH_VRF_OCTETS: u16 = 21;

/// Octets that the part has at least; `None` for a type that is not read.
pub(super) fn least(kind: usize) -> Option<u16> {
    LEAST.get(kind).copied().filter(|least| *least > 0).map(|least| if least == ANY { 0 } else { least })
}

/// The element that stands at the end of a part in as many octets as there are, and where it begins.
pub(super) fn string(kind: usize) -> Option<((u32, u16), u16)> {
    match kind {
        28 => Some(((NFDUMP, 1), 0)),
        29 => Some(((CERT, 18), 0)),
        30 => Some(((CERT, CERT_REVERSE | 18), 0)),
        35 => Some(((0, 315), 0)),
        PF => Some(((0, 82), 20)),
        41 => Some(((NOKIA, 93), 0)),
        _ => None,
    }
}

/// A part of a record: its type, where its data begins in the record, and its octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) kind: usize,
    pub(super) at: u16,
    pub(super) octets: u16,
}

/// The fields of a part that are of constant length. `v6` says whether the record has IPv6 addresses; bits of `without` name what it lacks
/// although the part has room for it.
pub(super) fn fields(part: Part, v6: bool, without: u64) -> Vec<StoredField> {
    let Part { kind, at, octets } = part;
    let mut list = Vec::new();
    let mut add = |offset: u16, pen, id, length, take| list.push(StoredField { pen, id, length, offset: at.saturating_add(offset), take });
    let rows = match kind {
        NAT if octets >= NAT_WITH_VRF_OCTETS => NAT_WITH_VRF,
        _ => ROWS.get(kind).copied().unwrap_or(&[]),
    };
    for (number, (offset, id, length)) in rows.iter().copied().enumerate() {
        let absent = match (kind, id) {
            (GENERIC, 152) => without & absent::FIRST != 0,
            (GENERIC, 153) => without & absent::LAST != 0,
            (MISC, 10 | 14) => without & absent::INTERFACES != 0,
            (MISC, _) if without & absent::MASKS != 0 => true,
            (COUNTERS, 3) => without & absent::FLOWS != 0,
            (COUNTERS, 24) => without & absent::PACKETS_OUT != 0,
            (COUNTERS, 23) => without & absent::OCTETS_OUT != 0,
            (NAT, 323 | 283) if without & absent::NAT_TIME != 0 => true,
            (MPLS, _) => number >= absent::labels(without),
            _ => absent::is_zero(without, kind, offset),
        };
        let id = match id {
            9 if v6 => 29,
            13 if v6 => 30,
            id => id,
        };
        let take = if id == 323 { Take::Millis } else { Take::Number };
        if !absent && offset + length <= octets {
            add(offset, 0, id, length, take);
        }
    }
    match kind {
        LATENCY => {
            for (offset, id) in [(0, 82), (8, 84), (16, 86)] {
                add(offset, NTOP, id, 4, Take::Seconds);
                add(offset, NTOP, id + 1, 4, Take::Micros);
            }
        }
        NSEL => add(12, CISCO, 234, 2, Take::Number),
        ACL => {
            add(0, CISCO, 232, 12, Take::Words);
            add(12, CISCO, 233, 12, Take::Words);
        }
        USER => add(0, CISCO, 7232, 65, Take::Octets),
        NBAR => add(0, 0, 95, octets, Take::Octets),
        PF => {
            // Action, reason, direction, whether the packet was rewritten; rule and rule below it; user and process.
            (0..4).for_each(|n| add(n, NFDUMP, 2 + n, 1, Take::Number));
            (0..4).for_each(|n| add(4 + 4 * n, NFDUMP, 6 + n, 4, Take::Number));
        }
        NOKIA_SERVICES => {
            add(0, NOKIA, 91, 2, Take::Number);
            add(2, NOKIA, 92, 2, Take::Number);
        }
        TUNNEL_V4 => {
            add(0, NFDUMP, 10, 4, Take::Number);
            add(4, NFDUMP, 11, 4, Take::Number);
            add(8, NFDUMP, 14, 1, Take::Number);
        }
        TUNNEL_V6 => {
            add(0, NFDUMP, 12, 16, Take::Number);
            add(16, NFDUMP, 13, 16, Take::Number);
            add(32, NFDUMP, 14, 1, Take::Number);
        }
        _ => {}
    }
    list
}
