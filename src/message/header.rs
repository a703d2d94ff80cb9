//! The message headers of all five versions.
//!
//! ```text
//!              v1 (16)   v5 (24)          v7 (24)    v9 (20) RFC 3954 §5.1   IPFIX (16) RFC 7011 §3.1
//! octet  0     version   version          version    version                 version
//!        2     count     count            count      count                   length
//!        4     up-time   up-time          up-time    up-time                 export time, seconds
//!        8     seconds   seconds          seconds    seconds                 sequence
//!       12     nanosec.  nanosec.         nanosec.   sequence                observation domain
//!       16               sequence         sequence   source id
//!       20               engine type, id  reserved
//!       22               sampling         reserved
//! ```

use std::fmt;

use nom::number::complete::{be_u8, be_u16, be_u32};
use nom::{IResult, Parser};

use crate::time::{Timestamp, UptimeClock};

/// The versions of NDE that are read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// NetFlow version 1.
    V1,
    /// NetFlow version 5.
    V5,
    /// NetFlow version 7 (Catalyst 5000).
    V7,
    /// NetFlow version 9 (RFC 3954).
    V9,
    /// IPFIX (RFC 7011), version 10 on the wire.
    Ipfix,
    /// None: the flows come from a file that does not say in what they were sent.
    Unstated,
}

impl Version {
    /// The version with this number on the wire.
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::V1),
            5 => Some(Self::V5),
            7 => Some(Self::V7),
            9 => Some(Self::V9),
            10 => Some(Self::Ipfix),
            _ => None,
        }
    }

    /// The version that a payload begins with; whether the rest bears it out is another question.
    pub fn of(payload: &[u8]) -> Option<Self> {
        version_field(payload).and_then(Self::from_number)
    }

    /// The number on the wire: 1, 5, 7, 9 or 10; 0 where it is not known.
    pub const fn number(self) -> u16 {
        match self {
            Self::V1 => 1,
            Self::V5 => 5,
            Self::V7 => 7,
            Self::V9 => 9,
            Self::Ipfix => 10,
            Self::Unstated => 0,
        }
    }

    /// Whether the version has fixed records (v1, v5, v7) and no templates.
    pub const fn is_fixed(self) -> bool {
        matches!(self, Self::V1 | Self::V5 | Self::V7)
    }

    /// The length of the message header in octets.
    pub const fn header_length(self) -> usize {
        match self {
            Self::Unstated => 0,
            Self::V1 | Self::Ipfix => 16,
            Self::V5 | Self::V7 => 24,
            Self::V9 => 20,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::V1 => "v1",
            Self::V5 => "v5",
            Self::V7 => "v7",
            Self::V9 => "v9",
            Self::Ipfix => "IPFIX",
            Self::Unstated => "-",
        })
    }
}

/// The sampling field of a v5 header, split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sampling {
    /// The top two bits: the mode. 1 is deterministic in Cisco's documents, others are the vendor's own; many exporters leave it 0.
    pub mode: u8,
    /// The low 14 bits: one packet of so many is counted.
    pub interval: u16,
}

/// Whether a v5 message says that it is sampled: a look at the two octets alone, for a first pass that reads nothing else of it.
pub fn sampled_v5(octets: &[u8]) -> bool {
    octets.get(22..24).is_some_and(|field| field.first().is_some_and(|high| high & 0x3f != 0) || field.last().is_some_and(|low| *low != 0))
}

/// A message header; what a version does not have is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version.
    pub version: Version,
    /// The header's count (v1, v5, v7: records; v9: records or Sets or neither, as exporters understand it). IPFIX has none.
    pub count: Option<u16>,
    /// When the message was made: with nanoseconds in v1, v5 and v7, whole seconds in v9 and IPFIX.
    pub export_time: Timestamp,
    /// The clock for up-time stamps. IPFIX has none in its header.
    pub clock: Option<UptimeClock>,
    /// SysUptime in milliseconds, as on the wire. IPFIX has none.
    pub uptime_ms: Option<u32>,
    /// The sequence number: flows in v5 and v7, messages in v9, data records in IPFIX; v1 has none.
    pub sequence: Option<u32>,
    /// The Observation Domain: IPFIX as it stands, v9's Source ID, v5's engine type × 256 + engine id; 0 in v1 and v7.
    pub domain: u32,
    /// v5's sampling; `None` where the field is zero, as exporters that say nothing about sampling send it.
    pub sampling: Option<Sampling>,
}

impl Header {
    /// Reads the header of `version` from the start of a message; `None` where the octets end before it does.
    pub(super) fn read(version: Version, octets: &[u8]) -> Option<Self> {
        let read = match version {
            Version::V1 => v1(octets),
            Version::V5 => v5(octets),
            Version::V7 => v7(octets),
            Version::V9 => v9(octets),
            Version::Ipfix => ipfix(octets),
            Version::Unstated => return None,
        };
        read.ok().map(|(_, header)| header)
    }

    /// What v1, v5 and v7 have in common, without sequence and engine.
    fn fixed(version: Version, count: u16, uptime_ms: u32, seconds: u32, nanos: u32) -> Self {
        let export_time = Timestamp::from_seconds_and_nanos(seconds, nanos);
        Self {
            version,
            count: Some(count),
            export_time,
            clock: Some(UptimeClock::from_header(export_time, uptime_ms)),
            uptime_ms: Some(uptime_ms),
            sequence: None,
            domain: 0,
            sampling: None,
        }
    }
}

/// The version field of a message.
pub(super) fn version_field(octets: &[u8]) -> Option<u16> {
    octets.first_chunk().copied().map(u16::from_be_bytes)
}

/// The Length field of an IPFIX message (RFC 7011 §3.1).
pub(super) fn ipfix_length(octets: &[u8]) -> Option<usize> {
    let [_, _, high, low] = octets.first_chunk::<4>()?;
    Some(usize::from(u16::from_be_bytes([*high, *low])))
}

fn v1(octets: &[u8]) -> IResult<&[u8], Header> {
    let (rest, (_, count, uptime, seconds, nanos)) = (be_u16, be_u16, be_u32, be_u32, be_u32).parse(octets)?;
    Ok((rest, Header::fixed(Version::V1, count, uptime, seconds, nanos)))
}

fn v5(octets: &[u8]) -> IResult<&[u8], Header> {
    let (rest, (_, count, uptime, seconds, nanos)) = (be_u16, be_u16, be_u32, be_u32, be_u32).parse(octets)?;
    let (rest, (sequence, engine_type, engine_id, sampling)) = (be_u32, be_u8, be_u8, be_u16).parse(rest)?;
    let header = Header {
        sequence: Some(sequence),
        domain: u32::from(engine_type) << 8 | u32::from(engine_id),
        sampling: split_sampling(sampling),
        ..Header::fixed(Version::V5, count, uptime, seconds, nanos)
    };
    Ok((rest, header))
}

fn v7(octets: &[u8]) -> IResult<&[u8], Header> {
    let (rest, (_, count, uptime, seconds, nanos)) = (be_u16, be_u16, be_u32, be_u32, be_u32).parse(octets)?;
    let (rest, (sequence, _reserved)) = (be_u32, be_u32).parse(rest)?;
    Ok((rest, Header { sequence: Some(sequence), ..Header::fixed(Version::V7, count, uptime, seconds, nanos) }))
}

fn v9(octets: &[u8]) -> IResult<&[u8], Header> {
    let (rest, (_, count, uptime, seconds, sequence, source_id)) = (be_u16, be_u16, be_u32, be_u32, be_u32, be_u32).parse(octets)?;
    let header = Header { sequence: Some(sequence), domain: source_id, ..Header::fixed(Version::V9, count, uptime, seconds, 0) };
    Ok((rest, header))
}

fn ipfix(octets: &[u8]) -> IResult<&[u8], Header> {
    let (rest, (_, _length, seconds, sequence, domain)) = (be_u16, be_u16, be_u32, be_u32, be_u32).parse(octets)?;
    let header = Header {
        version: Version::Ipfix,
        count: None,
        export_time: Timestamp::from_seconds(seconds),
        clock: None,
        uptime_ms: None,
        sequence: Some(sequence),
        domain,
        sampling: None,
    };
    Ok((rest, header))
}

fn split_sampling(field: u16) -> Option<Sampling> {
    let [high, low] = field.to_be_bytes();
    (field != 0).then_some(Sampling { mode: high >> 6, interval: u16::from_be_bytes([high & 0x3f, low]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_is_split() {
        // softflowd -s 10: 0x400a.
        assert_eq!(split_sampling(0x400a), Some(Sampling { mode: 1, interval: 10 }));
        assert_eq!(split_sampling(0x03e8), Some(Sampling { mode: 0, interval: 1000 }));
        assert_eq!(split_sampling(0xffff), Some(Sampling { mode: 3, interval: 16_383 }));
        assert_eq!(split_sampling(0), None);
    }

    #[test]
    fn versions_know_their_numbers() {
        let shown: Vec<_> = (0..300).filter_map(Version::from_number).map(|v| (v.to_string(), v.number(), v.is_fixed())).collect();
        let listed = [("v1", 1, true), ("v5", 5, true), ("v7", 7, true), ("v9", 9, false), ("IPFIX", 10, false)];
        assert_eq!(shown, listed.map(|(name, number, fixed)| (name.to_owned(), number, fixed)));
    }

    #[test]
    fn a_header_needs_all_its_octets() {
        for (version, length) in [(Version::V1, 16), (Version::V5, 24), (Version::V7, 24), (Version::V9, 20), (Version::Ipfix, 16)] {
            assert_eq!(version.header_length(), length);
            assert!(Header::read(version, &[0; 24][..length]).is_some(), "{version}");
            assert!(Header::read(version, &[0; 24][..length - 1]).is_none(), "{version}");
        }
    }
}
