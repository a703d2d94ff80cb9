//! The flow records of nfdump 1.6, put into the form of those of 1.7: the extensions of a record stand one after another, without
//! types or lengths, in the order that an extension map has given before.
//!
//! ```text
//! common record (10; 1 is the same to octet 28, with flags in octet 4 and the exporter in 5)      extension map (2)
//!  0 type      2 size      4 flags        6 map                                                    0 type  2 size
//!  8 ms of first           10 ms of last  12 first, seconds  16 last, seconds                      4 map   6 size of its extensions
//! 20 forwarding status     21 TCP flags   22 protocol        23 type of service                    8 extensions, 2 octets each,
//! 24 source port           26 destination port, ICMP type and code                                   to 0 or the end
//! 28 exporter              30 …           32 addresses, packets, octets, what the map says
//! ```

use std::collections::HashMap;

use super::record::Unknown;
use super::{absent, part};

pub(super) const MAP_RECORD: u16 = 2;
/// Flow records of nfdump 1.6, and those of its first versions.
pub(super) const FLOW_RECORD: u16 = 10;
pub(super) const FLOW_RECORD_V0: u16 = 1;

/// The flags of a record.
const IPV6: u16 = 1;
const PACKETS_64: u16 = 2;
const OCTETS_64: u16 = 4;

/// More extensions than nfdump 1.6 knows.
const MOST_EXTENSIONS: usize = 64;

/// The extension maps of a file so far; a map stands before the first record that names it.
#[derive(Debug, Default)]
pub(super) struct Maps {
    known: HashMap<u16, Vec<u16>>,
}

impl Maps {
    /// Takes a map in; false if it is none.
    pub(super) fn learn(&mut self, record: &[u8]) -> bool {
        let Some((&[_, _, _, _, m0, m1, _, _], list)) = record.split_first_chunk() else { return false };
        let extensions: Vec<u16> =
            list.chunks_exact(2).filter_map(|e| e.first_chunk()).map(|e| u16::from_le_bytes(*e)).take_while(|e| *e != 0).collect();
        let fits = extensions.len() <= MOST_EXTENSIONS;
        if fits {
            self.known.insert(u16::from_le_bytes([m0, m1]), extensions);
        }
        fits
    }

    /// Writes the record into `out` as one of layout 2, header included. Says what the parts of that layout hold beside what the
    /// record had, as bits of [`absent`]; an error says what is wrong.
    pub(super) fn convert(&self, record: &[u8], out: &mut Vec<u8>, unknown: &mut Unknown) -> Result<u64, String> {
        let (&head, rest) = record.split_first_chunk::<28>().ok_or_else(|| format!("a flow record of {} octets", record.len()))?;
        let [kind, _, _, _, f0, f1, m0, m1, ..] = head;
        let (flags, exporter, rest) = if u16::from(kind) == FLOW_RECORD_V0 {
            (u16::from(f0), u16::from(f1), rest)
        } else {
            let (&[x0, x1, _, _], rest) = rest.split_first_chunk().ok_or("a flow record without exporter")?;
            (u16::from_le_bytes([f0, f1]), u16::from_le_bytes([x0, x1]), rest)
        };
        let number = u16::from_le_bytes([m0, m1]);
        let map =
            self.known.get(&number).ok_or_else(|| format!("a flow record of the extension map {number}, which is not in the file"))?;
        let mut fields = Fields { rest };
        let mut parts = Collected::default();
        parts.put(if flags & IPV6 == 0 { 2 } else { part::IPV6 }, 0, fields.take(if flags & IPV6 == 0 { 8 } else { 32 })?);
        let packets = fields.number(if flags & PACKETS_64 == 0 { 4 } else { 8 })?;
        let octets = fields.number(if flags & OCTETS_64 == 0 { 4 } else { 8 })?;
        for extension in map {
            if !parts.extension(*extension, &mut fields)? {
                // Of unknown length, so all after it is lost.
                *unknown = Unknown { count: unknown.count + 1, kind: usize::from(*extension) };
                break;
            }
        }
        parts.generic(&head, packets, octets);
        parts.write(exporter, out);
        Ok(parts.absent())
    }
}

/// What the record still holds.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (octets, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| format!("a flow record has {} octets where its extensions need {count}", self.rest.len()))?;
        self.rest = rest;
        Ok(octets)
    }

    /// A number of that many octets, widened to 8.
    fn number(&mut self, count: usize) -> Result<[u8; 8], String> {
        Ok(widened(self.take(count)?))
    }
}

/// Where an extension goes: into which part, at which octet, how many octets of it, widened to how many.
type Move = (usize, usize, usize, usize);

/// The moves of each extension from 4 on; one without moves is not read.
#[rustfmt::skip]
const MOVES: [&[Move]; 45] = [
    // Interfaces of 2 or 4 octets, AS numbers of 2 or 4.
    &[(4, 0, 2, 4), (4, 4, 2, 4)], &[(4, 0, 8, 8)], &[(7, 0, 2, 4), (7, 4, 2, 4)], &[(7, 0, 8, 8)],
    // Type of service on the way out, direction, masks.
    &[(4, 11, 1, 1), (4, 10, 1, 1), (4, 8, 2, 2)],
    // Next hops, those of BGP, VLANs.
    &[(10, 0, 4, 4)], &[(11, 0, 16, 16)], &[(8, 0, 4, 4)], &[(9, 0, 16, 16)], &[(6, 0, 2, 4), (6, 4, 2, 4)],
    // Packets out, octets out, flows that were added up: 4 or 8 octets each.
    &[(5, 8, 4, 8)], &[(5, 8, 8, 8)], &[(5, 16, 4, 8)], &[(5, 16, 8, 8)], &[(5, 0, 4, 8)], &[(5, 0, 8, 8)],
    // MAC addresses, MPLS labels, the exporter's address, engine, neighbour AS numbers, time of arrival.
    &[(part::MAC, 0, 16, 16)], &[(part::MAC, 16, 16, 16)], &[(part::MPLS, 0, 40, 40)], &[(part::RECEIVED_V4, 0, 4, 4)],
    &[(part::RECEIVED_V6, 0, 16, 16)], &[(ENGINE, 0, 4, 4)], &[(16, 0, 8, 8)], &[(part::GENERIC, 16, 8, 8)],
    &[], &[], &[], &[], &[], &[], &[], &[], &[],
    // Firewall event: time, connection, (ICMP), event, extended event.
    &[(part::NSEL, 0, 12, 12), (NOWHERE, 0, 2, 2), (part::NSEL, 14, 1, 1), (NOWHERE, 0, 1, 1), (part::NSEL, 12, 2, 2), (NOWHERE, 0, 2, 2)],
    // Translated ports, addresses; access lists; user names of two lengths.
    &[(22, 0, 4, 4)], &[(20, 0, 8, 8)], &[(21, 0, 32, 32)], &[(part::ACL, 0, 24, 24)],
    &[(part::USER, 0, 24, 66)], &[(part::USER, 0, 66, 66), (NOWHERE, 0, 6, 6)],
    &[],
    // Latencies; NAT event: event, flags, outer and inner VRF; NAT addresses of the first versions; port block.
    &[(part::LATENCY, 0, 24, 24)], &[(part::NAT, 20, 1, 1), (NOWHERE, 0, 3, 3), (part::NAT, 8, 8, 8)], &[(20, 0, 8, 8)], &[(26, 0, 8, 8)],
];

/// One more than the last type of a part that records of layout 1 become.
const KINDS: usize = 28;
/// A part of our own, for what layout 2 has in the record header.
const ENGINE: usize = KINDS;
/// Octets of padding.
const NOWHERE: usize = usize::MAX;
/// The longest part: a user name.
const LONGEST: usize = 66;

/// The parts of a record of layout 2 while they are put together: octets, how many, and which of them the record has.
struct Collected {
    octets: [[u8; LONGEST]; KINDS + 1],
    lengths: [usize; KINDS + 1],
    extensions: u64,
}

impl Default for Collected {
    fn default() -> Self {
        Self { octets: [[0; LONGEST]; KINDS + 1], lengths: [0; KINDS + 1], extensions: 0 }
    }
}

impl Collected {
    fn put(&mut self, part: usize, at: usize, octets: &[u8]) {
        if let (Some(room), Some(length)) = (self.octets.get_mut(part), self.lengths.get_mut(part))
            && let Some(room) = room.get_mut(at..at + octets.len())
        {
            room.copy_from_slice(octets);
            *length = (*length).max(at + octets.len());
        }
    }

    /// Moves an extension's fields to their parts; false if it is unknown.
    fn extension(&mut self, number: u16, fields: &mut Fields<'_>) -> Result<bool, String> {
        let moves = usize::from(number).checked_sub(4).and_then(|n| MOVES.get(n)).copied().unwrap_or(&[]);
        for (part, at, count, widened) in moves {
            let mut wide = [0; LONGEST];
            let octets = fields.take(*count)?;
            if let Some(room) = wide.get_mut(..*count) {
                room.copy_from_slice(octets);
            }
            self.put(*part, *at, wide.get(..*widened).unwrap_or(&[]));
        }
        if !moves.is_empty() {
            self.extensions |= 1 << number;
        }
        Ok(!moves.is_empty())
    }

    /// The part that every record has: times in milliseconds, counters, ports and the rest of the common record.
    fn generic(&mut self, head: &[u8; 28], packets: [u8; 8], octets: [u8; 8]) {
        let [_, _, _, _, _, _, _, _, a0, a1, b0, b1, f0, f1, f2, f3, l0, l1, l2, l3, status, flags, protocol, tos, s0, s1, d0, d1] = *head;
        let millis =
            |seconds, millis| (u64::from(u32::from_le_bytes(seconds)) * 1000 + u64::from(u16::from_le_bytes(millis))).to_le_bytes();
        self.put(part::GENERIC, 0, &millis([f0, f1, f2, f3], [a0, a1]));
        self.put(part::GENERIC, 8, &millis([l0, l1, l2, l3], [b0, b1]));
        self.put(part::GENERIC, 24, &packets);
        self.put(part::GENERIC, 32, &octets);
        self.put(part::GENERIC, 40, &[s0, s1, d0, d1, protocol, flags, status, tos]);
    }

    fn write(&self, exporter: u16, out: &mut Vec<u8>) {
        out.clear();
        let [.., engine] = &self.octets;
        let [_, _, kind, id, ..] = *engine;
        let [x0, x1] = exporter.to_le_bytes();
        out.extend_from_slice(&[11, 0, 0, 0, 0, 0, kind, id, x0, x1, 0, 0]);
        let mut count = 0u8;
        for ((number, octets), length) in (0u8..).zip(self.octets.iter().take(KINDS)).zip(self.lengths) {
            let length = whole(usize::from(number), length);
            if length > 0 {
                count += 1;
                out.extend_from_slice(&[number, 0, u8::try_from(length + 4).unwrap_or(0), 0]);
                out.extend_from_slice(octets.get(..length).unwrap_or(&[]));
            }
        }
        if let Some(elements) = out.get_mut(4) {
            *elements = count;
        }
    }

    /// What parts hold beside what the record had.
    fn absent(&self) -> u64 {
        let missing = |extensions: &[u16], bit: u64| if extensions.iter().any(|e| self.extensions >> e & 1 == 1) { 0 } else { bit };
        missing(&[4, 5], absent::INTERFACES)
            | missing(&[8], absent::MASKS)
            | missing(&[14, 15], absent::PACKETS_OUT)
            | missing(&[16, 17], absent::OCTETS_OUT)
            | missing(&[18, 19], absent::FLOWS)
            | absent::NAT_TIME
    }
}

/// A part that is there is whole.
fn whole(part: usize, length: usize) -> usize {
    match (part, length) {
        (_, 0) => 0,
        (4, _) => 12,
        (5 | part::NAT, _) => 24,
        (part::MAC, _) => 32,
        (part::NSEL, _) => 16,
        _ => length,
    }
}

fn widened(octets: &[u8]) -> [u8; 8] {
    let mut wide = [0; 8];
    if let Some(room) = wide.get_mut(..octets.len()) {
        room.copy_from_slice(octets);
    }
    wide
}
