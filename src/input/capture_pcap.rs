//! The classic capture file of libpcap (draft-ietf-opsawg-pcap): a file header of 24 octets, then records.
//!
//! ```text
//! record header: seconds (4) · micro- or nanoseconds (4) · captured (4) · original length (4)
//! Kuznetzov's modified format adds: interface (4) · protocol (2) · packet type (1) · padding (1)
//! ```
//!
//! The file header is pcap-parser's to read; the sixteen octets of a record header are read here, since pcap-parser reads them in
//! one order for each function and has no bound on the length. The zone of the header is ignored, as libpcap does.

use pcap_parser::parse_pcap_header;

use super::capture::{Frame, MAX_FRAME, Step};
use super::error::InputError;
use super::fault::{FaultCause, FaultLog};
use super::link_type::LinkType;
use super::report::Container;
use crate::datagram::Origin;
use crate::time::Timestamp;

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
const MODIFIED_HEADER: usize = 24;
/// Modified format written by a big-endian machine, which pcap-parser does not know.
const MODIFIED_BE: [u8; 4] = [0xa1, 0xb2, 0xcd, 0x34];

/// A reader of records.
#[derive(Debug)]
pub(super) struct PcapReader {
    big_endian: bool,
    modified: bool,
    nanoseconds: bool,
    lengths: Lengths,
    link: LinkType,
    told: bool,
}

/// Before version 2.3 the lengths were the other way round; some programs of version 2.3 had it this way, some that (libpcap, sf-pcap.c).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lengths {
    CapturedFirst,
    OriginalFirst,
    SmallerIsCaptured,
}

impl PcapReader {
    pub(super) fn recognises(head: &[u8]) -> bool {
        matches!(
            head,
            [0xd4, 0xc3, 0xb2, 0xa1, ..]
                | [0xa1, 0xb2, 0xc3, 0xd4, ..]
                | [0x4d, 0x3c, 0xb2, 0xa1, ..]
                | [0xa1, 0xb2, 0x3c, 0x4d, ..]
                | [0x34, 0xcd, 0xb2, 0xa1, ..]
                | [0xa1, 0xb2, 0xcd, 0x34, ..]
        )
    }

    pub(super) fn open(head: &[u8], name: &str) -> Result<(Self, usize), InputError> {
        let Some(fields) = head.first_chunk::<FILE_HEADER>() else {
            return Err(InputError::HeaderCut { name: name.into(), container: "pcap", needed: FILE_HEADER, had: head.len() });
        };
        let mut fields = *fields;
        let modified_be = fields.starts_with(&MODIFIED_BE);
        if modified_be {
            fields[..4].copy_from_slice(&[0xa1, 0xb2, 0xc3, 0xd4]);
        }
        let header = match parse_pcap_header(&fields) {
            Ok((_, header)) => header,
            Err(e) => {
                return Err(InputError::HeaderDamaged { name: name.into(), container: "pcap", what: format!("{e:?}") });
            }
        };
        let lengths = match (header.version_major, header.version_minor) {
            (2, 3) | (543, 0) => Lengths::SmallerIsCaptured,
            (2, ..3) | (..2, _) => Lengths::OriginalFirst,
            _ => Lengths::CapturedFirst,
        };
        // The upper half of the field holds the length of the frame check sequence.
        let link = u16::try_from(header.network.0 & 0xffff).unwrap_or(u16::MAX);
        let reader = Self {
            big_endian: header.is_bigendian() || modified_be,
            modified: header.is_modified_format() || modified_be,
            nanoseconds: header.is_nanosecond_precision(),
            lengths,
            link: LinkType(link),
            told: false,
        };
        Ok((reader, FILE_HEADER))
    }

    pub(super) fn container(&self) -> Container {
        Container::Pcap { big_endian: self.big_endian, nanoseconds: self.nanoseconds, modified: self.modified }
    }

    pub(super) fn new_link_types(&mut self) -> Vec<LinkType> {
        if std::mem::replace(&mut self.told, true) { Vec::new() } else { vec![self.link] }
    }

    #[inline]
    pub(super) fn step(&mut self, octets: &[u8], log: &mut FaultLog, at: Origin) -> Step {
        let header = if self.modified { MODIFIED_HEADER } else { RECORD_HEADER };
        let Some(fields) = octets.first_chunk::<RECORD_HEADER>() else {
            return Step::Need(header);
        };
        let [seconds, fraction, mut captured, mut original] = self.fields(fields);
        match self.lengths {
            Lengths::CapturedFirst => {}
            Lengths::OriginalFirst => std::mem::swap(&mut captured, &mut original),
            Lengths::SmallerIsCaptured if captured > original => std::mem::swap(&mut captured, &mut original),
            Lengths::SmallerIsCaptured => {}
        }
        let (captured, original) = (size(captured), size(original));
        if captured > MAX_FRAME {
            log.note(FaultCause::RecordLength, at, || {
                format!("frame {}: its record header claims {captured} captured octets; {MAX_FRAME} is the most that is believed", at.frame)
            });
            return Step::Stop;
        }
        let record = header + captured;
        if octets.len() < record {
            return Step::Need(record);
        }
        let nanos = i64::from(fraction) * if self.nanoseconds { 1 } else { 1_000 };
        let time = Some(Timestamp::from_nanos(i64::from(seconds) * 1_000_000_000 + nanos));
        Step::Frame(record, Frame { start: header, captured, cut: original.saturating_sub(captured), time, link: self.link })
    }

    #[inline]
    fn fields(&self, fields: &[u8; RECORD_HEADER]) -> [u32; 4] {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *fields;
        let words = [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]];
        if self.big_endian { words.map(u32::from_be_bytes) } else { words.map(u32::from_le_bytes) }
    }
}

/// A length as an index; 32 bits always fit where this runs.
#[inline]
fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
