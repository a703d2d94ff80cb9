//! pcapng (draft-ietf-opsawg-pcapng): sections, interfaces with their own link types and clocks, packet blocks.
//!
//! ```text
//! block: type (4) · total length (4) · body · padding to 4 · total length again (4)
//! ```
//!
//! A block is first cut by its own length, then pcap-parser reads its body: so a length inside that lies can't reach beyond it. Options
//! of an interface are read here by the section's byte order, since pcap-parser 0.17 reads `if_tsoffset` as little-endian always.

use pcap_parser::pcapng::{
    InterfaceDescriptionBlock, OptionCode, SectionHeaderBlock, parse_enhancedpacketblock_be, parse_enhancedpacketblock_le,
    parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le, parse_sectionheaderblock, parse_simplepacketblock_be,
    parse_simplepacketblock_le,
};

use super::capture::{Frame, MAX_FRAME, Step};
use super::error::InputError;
use super::fault::{FaultCause, FaultLog};
use super::link_type::LinkType;
use super::report::Container;
use crate::datagram::Origin;
use crate::time::Timestamp;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
/// Obsolete since 2009, still met in old files.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
/// Type, length, length again.
const LEAST_BLOCK: usize = 12;
const LEAST_SECTION: usize = 28;
/// A packet block may carry options (comments) beside its frame.
const MAX_BLOCK: usize = MAX_FRAME + (1 << 20);
/// Interfaces of one section that are remembered; a hostile file could describe one every 20 octets.
const MAX_INTERFACES: usize = 65_536;

/// A reader of blocks.
#[derive(Debug)]
pub(super) struct PcapNgReader {
    big_endian: bool,
    first_big_endian: bool,
    sections: u32,
    described: u32,
    interfaces: Vec<Option<Interface>>,
    new_link_types: Vec<LinkType>,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snaplen: usize,
    clock: Clock,
}

impl PcapNgReader {
    pub(super) fn recognises(head: &[u8]) -> bool {
        let order = head.get(8..12);
        head.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a])
            && (order.is_none() || order == Some(&[0x4d, 0x3c, 0x2b, 0x1a]) || order == Some(&[0x1a, 0x2b, 0x3c, 0x4d]))
    }

    /// Checks the first section header, which `step` reads again.
    pub(super) fn open(head: &[u8], name: &str) -> Result<Self, InputError> {
        if head.len() < LEAST_SECTION {
            return Err(InputError::HeaderCut { name: name.into(), container: "pcapng", needed: LEAST_SECTION, had: head.len() });
        }
        let big_endian = head.get(8) == Some(&0x1a);
        let mut reader = Self {
            big_endian,
            first_big_endian: big_endian,
            sections: 0,
            described: 0,
            interfaces: Vec::new(),
            new_link_types: Vec::new(),
        };
        let length = reader.u32(head, 4).unwrap_or(0);
        if size(length) < LEAST_SECTION || size(length) > MAX_BLOCK {
            let what = format!("its section header claims a length of {length} octets");
            return Err(InputError::HeaderDamaged { name: name.into(), container: "pcapng", what });
        }
        reader.sections = 0;
        Ok(reader)
    }

    pub(super) fn container(&self) -> Container {
        Container::PcapNg { big_endian: self.first_big_endian, sections: self.sections, interfaces: self.described }
    }

    pub(super) fn new_link_types(&mut self) -> Vec<LinkType> {
        std::mem::take(&mut self.new_link_types)
    }

    #[inline]
    pub(super) fn step(&mut self, octets: &[u8], log: &mut FaultLog, at: Origin) -> Step {
        if octets.len() < LEAST_BLOCK {
            return Step::Need(LEAST_BLOCK);
        }
        let kind = self.u32(octets, 0).unwrap_or(0);
        // A section begins with its byte order, its length included; the type reads the same in both.
        if kind == SECTION_HEADER && !self.turn(octets) {
            log.note(FaultCause::SectionDamaged, at, || format!("before frame {}: its byte-order mark is neither order's", at.frame));
            return Step::Stop;
        }
        let length = self.u32(octets, 4).unwrap_or(0);
        let block = size(length);
        if block < LEAST_BLOCK || !block.is_multiple_of(4) {
            log.note(FaultCause::BlockLength, at, || {
                format!(
                    "before frame {}: a block of type {kind:#x} claims {length} octets; a block has at least 12, in steps of 4",
                    at.frame
                )
            });
            return Step::Stop;
        }
        match kind {
            SECTION_HEADER | INTERFACE_DESCRIPTION | PACKET | SIMPLE_PACKET | ENHANCED_PACKET if block <= MAX_BLOCK => {
                let Some(octets) = octets.get(..block) else {
                    return Step::Need(block);
                };
                if self.u32(octets, block - 4) != Some(length) {
                    log.note(FaultCause::BlockLength, at, || {
                        let again = self.u32(octets, block - 4).unwrap_or(0);
                        format!("before frame {}: a block of type {kind:#x} has the lengths {length} and {again}", at.frame)
                    });
                    return Step::Stop;
                }
                self.known(kind, octets, log, at)
            }
            SECTION_HEADER => {
                log.note(FaultCause::SectionDamaged, at, || format!("before frame {}: it claims {length} octets", at.frame));
                Step::Stop
            }
            INTERFACE_DESCRIPTION => {
                self.describe(None);
                Step::Skip(u64::from(length))
            }
            PACKET | SIMPLE_PACKET | ENHANCED_PACKET => {
                log.note(FaultCause::BlockTooLarge, at, || format!("frame {}: a block of {length} octets", at.frame));
                Step::Lost(u64::from(length))
            }
            // Name resolution, statistics, secrets, custom and yet unknown blocks.
            _ => Step::Skip(u64::from(length)),
        }
    }

    /// One whole block of a type that matters here.
    fn known(&mut self, kind: u32, octets: &[u8], log: &mut FaultLog, at: Origin) -> Step {
        let block = octets.len();
        let skip = Step::Skip(u64::try_from(block).unwrap_or(u64::MAX));
        match kind {
            SECTION_HEADER => {
                if !self.section(octets) {
                    log.note(FaultCause::SectionDamaged, at, || format!("before frame {}: a section header of {block} octets", at.frame));
                    return Step::Stop;
                }
                return skip;
            }
            INTERFACE_DESCRIPTION => {
                let described =
                    if self.big_endian { parse_interfacedescriptionblock_be(octets) } else { parse_interfacedescriptionblock_le(octets) };
                if described.is_err() {
                    log.note(FaultCause::BlockMalformed, at, || {
                        format!("before frame {}: an interface description of {block} octets can't be read", at.frame)
                    });
                }
                let interface = described.ok().map(|(_, block)| self.interface(&block));
                self.describe(interface);
                return skip;
            }
            _ => {}
        }
        let packet = match kind {
            ENHANCED_PACKET => self.enhanced(octets),
            SIMPLE_PACKET => self.simple(octets),
            _ => self.obsolete(octets),
        };
        let lost = Step::Lost(u64::try_from(block).unwrap_or(u64::MAX));
        let Some(packet) = packet else {
            log.note(FaultCause::BlockMalformed, at, || {
                format!("frame {}: a packet block of {block} octets announces more octets than it has", at.frame)
            });
            return lost;
        };
        let Some(Some(interface)) = self.interfaces.get(packet.interface) else {
            log.note(FaultCause::InterfaceUnknown, at, || {
                format!("frame {}: interface {} of {} in this section", at.frame, packet.interface, self.interfaces.len())
            });
            return lost;
        };
        let time = packet.ticks.and_then(|ticks| {
            let time = interface.clock.time(ticks);
            if time.is_none() {
                log.note(FaultCause::TimeOutOfRange, at, || format!("frame {}: {ticks} ticks of {:?}", at.frame, interface.clock));
            }
            time
        });
        let captured =
            if packet.ticks.is_none() && interface.snaplen != 0 { packet.captured.min(interface.snaplen) } else { packet.captured };
        Step::Frame(
            block,
            Frame { start: packet.start, captured, cut: packet.original.saturating_sub(captured), time, link: interface.link },
        )
    }

    fn enhanced(&self, octets: &[u8]) -> Option<Packet> {
        let (_, block) = if self.big_endian { parse_enhancedpacketblock_be(octets) } else { parse_enhancedpacketblock_le(octets) }.ok()?;
        Some(Packet {
            interface: size(block.if_id),
            start: 28,
            captured: size(block.caplen),
            original: size(block.origlen),
            ticks: Some(u64::from(block.ts_high) << 32 | u64::from(block.ts_low)),
        })
    }

    /// No time, no captured length: the snapshot length of the section's first interface bounds it (§4.4).
    fn simple(&self, octets: &[u8]) -> Option<Packet> {
        let (_, block) = if self.big_endian { parse_simplepacketblock_be(octets) } else { parse_simplepacketblock_le(octets) }.ok()?;
        let original = size(block.origlen);
        Some(Packet { interface: 0, start: 12, captured: original.min(block.data.len()), original, ticks: None })
    }

    /// The packet block of type 2, which pcap-parser does not read: interface (2) · drops (2) · time (8) · captured (4) · original (4).
    fn obsolete(&self, octets: &[u8]) -> Option<Packet> {
        let [a, b] = *octets.get(8..)?.first_chunk::<2>()?;
        let interface = if self.big_endian { u16::from_be_bytes([a, b]) } else { u16::from_le_bytes([a, b]) };
        let captured = size(self.u32(octets, 20)?);
        if captured.checked_add(28 + 4)? > octets.len() {
            return None;
        }
        Some(Packet {
            interface: usize::from(interface),
            start: 28,
            captured,
            original: size(self.u32(octets, 24)?),
            ticks: Some(u64::from(self.u32(octets, 12)?) << 32 | u64::from(self.u32(octets, 16)?)),
        })
    }

    /// Takes over the byte order of the section that begins here.
    fn turn(&mut self, octets: &[u8]) -> bool {
        match octets.get(8..12) {
            Some([0x4d, 0x3c, 0x2b, 0x1a]) => self.big_endian = false,
            Some([0x1a, 0x2b, 0x3c, 0x4d]) => self.big_endian = true,
            _ => return false,
        }
        true
    }

    /// A new section: interfaces are numbered anew.
    fn section(&mut self, octets: &[u8]) -> bool {
        let header: Option<SectionHeaderBlock<'_>> = parse_sectionheaderblock(octets).ok().map(|(_, block)| block);
        if header.is_some() {
            self.sections = self.sections.saturating_add(1);
            self.interfaces.clear();
        }
        header.is_some()
    }

    fn describe(&mut self, interface: Option<Interface>) {
        self.described = self.described.saturating_add(1);
        if self.interfaces.len() < MAX_INTERFACES {
            self.interfaces.push(interface);
            if let Some(interface) = interface
                && !self.new_link_types.contains(&interface.link)
            {
                self.new_link_types.push(interface.link);
            }
        }
    }

    fn interface(&self, block: &InterfaceDescriptionBlock<'_>) -> Interface {
        let mut clock = Clock { resolution: 6, offset: 0 };
        for option in &block.options {
            let value = option.as_bytes().unwrap_or(&[]);
            match option.code {
                OptionCode::IfTsresol => clock.resolution = value.first().copied().unwrap_or(6),
                OptionCode::IfTsoffset => {
                    if let Some(octets) = value.first_chunk() {
                        clock.offset = if self.big_endian { i64::from_be_bytes(*octets) } else { i64::from_le_bytes(*octets) };
                    }
                }
                _ => {}
            }
        }
        Interface { link: LinkType(u16::try_from(block.linktype.0).unwrap_or(u16::MAX)), snaplen: size(block.snaplen), clock }
    }

    #[inline]
    fn u32(&self, octets: &[u8], at: usize) -> Option<u32> {
        let octets = *octets.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) })
    }
}

/// What the three packet blocks have in common.
struct Packet {
    interface: usize,
    start: usize,
    captured: usize,
    original: usize,
    ticks: Option<u64>,
}

/// The clock of an interface (§4.2): `if_tsresol` is a negative power of 10, or of 2 if the top bit is set; `if_tsoffset` is in seconds.
#[derive(Clone, Copy, Debug)]
struct Clock {
    resolution: u8,
    offset: i64,
}

impl Clock {
    #[inline]
    fn time(self, ticks: u64) -> Option<Timestamp> {
        let nanos = match self.resolution {
            6 => i128::from(ticks) * 1_000,
            9 => i128::from(ticks),
            binary @ 0x80.. => (i128::from(ticks) * 1_000_000_000) >> (binary & 0x7f),
            // 10^38 is the largest power that fits; with more digits no tick reaches a nanosecond.
            decimal => 10i128.checked_pow(u32::from(decimal)).map_or(0, |units| i128::from(ticks) * 1_000_000_000 / units),
        };
        let nanos = nanos.checked_add(i128::from(self.offset) * 1_000_000_000)?;
        i64::try_from(nanos).ok().map(Timestamp::from_nanos)
    }
}

#[inline]
fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(resolution: u8, offset: i64, ticks: u64) -> Option<i64> {
        Clock { resolution, offset }.time(ticks).map(Timestamp::nanos)
    }

    #[test]
    fn clocks() {
        assert_eq!(nanos(6, 0, 1_700_000_000_000_001), Some(1_700_000_000_000_001_000));
        assert_eq!(nanos(3, 0, 1_700_000_000_001), Some(1_700_000_000_001_000_000));
        assert_eq!(nanos(9, -1, 1_700_000_000_000_000_000), Some(1_699_999_999_000_000_000));
        assert_eq!(nanos(0x8a, 0, 1536), Some(1_500_000_000));
        assert_eq!(nanos(0xff, 0, u64::MAX), Some(0));
        assert_eq!(nanos(127, 5, u64::MAX), Some(5_000_000_000));
        assert_eq!(nanos(0, 0, u64::MAX), None);
        assert_eq!(nanos(6, i64::MAX, 0), None);
    }
}
