//! One flow record, rewritten as the record of its version.
//!
//! ```text
//! stream version 3                                               stream version 1, 60 octets, v1 and v5 alike
//!  0 seconds     4 nanoseconds   8 SysUptime  12 exporter         0 seconds  4 milliseconds of the boot
//! 16 source     20 destination  24 next hop   28 interfaces 2×2   8 …        the same from source to ports
//! 32 packets    36 octets       40 first      44 last
//! 48 ports 2×2  52 protocol     53 tos        54 TCP flags       44 padding 2   46 protocol  47 tos  48 TCP flags
//! 55 padding; v7: flags         56 engine 2×1 58 masks 2×1       49 counts of retransmissions, 3
//! 60 AS 2×2     64 v7: bypassed router                           52 AS 2×2      56 masks 2×1 58 padding 2
//! ```
//! v5 is 64 octets, v7 68; v1 is 60, of which nothing is used after 55.

use std::net::Ipv4Addr;

use super::header::Header;
use crate::time::{Timestamp, UptimeClock};

/// Octets of the fields from source to ports: the same here and in the messages of all versions.
const COMMON: [usize; 11] = [4, 4, 4, 2, 2, 4, 4, 4, 4, 2, 2];
const V1_LENGTH: usize = 52;
const V5_LENGTH: usize = 48;
const V7_LENGTH: usize = 52;
/// Where a record of a message has the up-time of the first packet and of the last.
const FIRST: usize = 24;
const LAST: usize = 28;
const NANOS_PER_MILLI: i64 = 1_000_000;

/// What a record tells beside the fields of a message's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) exporter: Option<Ipv4Addr>,
    /// Engine type and id.
    pub(super) domain: Option<u32>,
    pub(super) clock: UptimeClock,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// Octets of a record in the file.
pub(super) fn stride(header: &Header) -> usize {
    match (header.stream, header.version) {
        (3, 5) => 64,
        (3, 7) => 68,
        _ => 60,
    }
}

/// Appends the record of a message, all of one length; `None` if the octets are too few.
pub(super) fn rewrite(header: &Header, record: &[u8], out: &mut Vec<u8>) -> Option<Told> {
    let start = out.len();
    let told = if header.stream == 1 { stream_1(header, record, out) } else { stream_3(header, record, out) };
    if told.is_none() {
        out.truncate(start);
    }
    told
}

fn stream_3(header: &Header, record: &[u8], out: &mut Vec<u8>) -> Option<Told> {
    let start = out.len();
    let mut fields = Fields { rest: record, big_endian: header.big_endian };
    let (seconds, nanos, uptime, exporter) = (fields.long()?, fields.long()?, fields.long()?, fields.long()?);
    fields.common(out)?;
    let [protocol, tos, tcp_flags, flags] = fields.octets()?;
    let mut engine = None;
    if header.version == 1 {
        out.extend_from_slice(&[0, 0, protocol, tos, tcp_flags]);
        out.resize(start + V1_LENGTH, 0);
    } else {
        let [kind, id, source_mask, destination_mask] = fields.octets()?;
        engine = Some(u32::from(u16::from_be_bytes([kind, id])));
        out.extend_from_slice(&[flags, tcp_flags, protocol, tos]);
        fields.number(2, out)?;
        fields.number(2, out)?;
        out.extend_from_slice(&[source_mask, destination_mask]);
        out.resize(start + V5_LENGTH, 0);
    }
    if header.version == 7 {
        fields.number(4, out)?;
        debug_assert_eq!(out.len(), start + V7_LENGTH);
        // The messages of v7 have no engine: what flow-tools puts there says something only where it is not zero.
        engine = engine.filter(|e| *e != 0);
    }
    let clock = UptimeClock::from_header(Timestamp::from_seconds_and_nanos(seconds, nanos), uptime);
    let (first, last) = stamps(out, start)?;
    Some(Told {
        exporter: Some(Ipv4Addr::from_bits(exporter)).filter(|e| !e.is_unspecified()),
        domain: engine,
        clock,
        first: clock.absolute(first),
        last: clock.absolute(last),
    })
}

fn stream_1(header: &Header, record: &[u8], out: &mut Vec<u8>) -> Option<Told> {
    let start = out.len();
    let mut fields = Fields { rest: record, big_endian: header.big_endian };
    let (seconds, millis) = (fields.long()?, fields.long()?);
    fields.common(out)?;
    let [_, _, protocol, tos, tcp_flags, _, _, _] = fields.octets()?;
    if header.version == 1 {
        out.extend_from_slice(&[0, 0, protocol, tos, tcp_flags]);
        out.resize(start + V1_LENGTH, 0);
    } else {
        out.extend_from_slice(&[0, tcp_flags, protocol, tos]);
        fields.number(2, out)?;
        fields.number(2, out)?;
        out.extend_from_slice(&fields.octets::<2>()?);
        out.resize(start + V5_LENGTH, 0);
    }
    let (first, last) = stamps(out, start)?;
    // The time is the boot's. A clock that shows the first packet's up-time keeps those beyond 2^31 ms from counting as before the boot.
    let boot = Timestamp::from_seconds(seconds).plus_nanos(i64::from(millis) * NANOS_PER_MILLI);
    let clock = UptimeClock::from_header(boot.plus_nanos(i64::from(first) * NANOS_PER_MILLI), first);
    Some(Told { exporter: None, domain: None, clock, first: clock.absolute(first), last: clock.absolute(last) })
}

/// The up-times in the record that was written from `start` on.
fn stamps(out: &[u8], start: usize) -> Option<(u32, u32)> {
    let at = |offset: usize| out.get(start + offset..)?.first_chunk().map(|b| u32::from_be_bytes(*b));
    Some((at(FIRST)?, at(LAST)?))
}

/// What of the record is still to be read.
struct Fields<'a> {
    rest: &'a [u8],
    big_endian: bool,
}

impl Fields<'_> {
    fn octets<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (octets, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*octets)
    }

    fn long(&mut self) -> Option<u32> {
        let octets = self.octets()?;
        Some(if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) })
    }

    /// Appends a number of that many octets, the highest first.
    fn number(&mut self, length: usize, out: &mut Vec<u8>) -> Option<()> {
        let (octets, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        if self.big_endian {
            out.extend_from_slice(octets);
        } else {
            out.extend(octets.iter().rev());
        }
        Some(())
    }

    fn common(&mut self, out: &mut Vec<u8>) -> Option<()> {
        COMMON.iter().try_for_each(|length| self.number(*length, out))
    }
}
