//! The file: its header, its blocks one after another, and what stands between the flows: who exported them.

use std::collections::HashMap;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::block::Packing;
use super::header::{Header, Layout};
use super::layout1::{self, Maps};
use super::record::{self, Parts, RecordHeader, Unknown};
use super::shape::{self, Shape};
use crate::datagram::{DatagramBatch, Origin, Shape as StoredShape, Stored};
use crate::time::Timestamp;

const BLOCK_HEADER: usize = 12;
/// The block flag that says: not packed, whatever the file header says.
const BLOCK_PLAIN: u16 = 1;
const EXPORTER_RECORD: u16 = 7;
const FLOW_RECORD: u16 = 11;
/// The largest block that is unpacked: nfdump's own buffers are 5 MiB.
const MOST_OCTETS: usize = 16 << 20;
/// Flows that are rewritten into one buffer.
const MOST_ROWS: u32 = 65_536;

/// What can be wrong in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The file ends inside a block.
    Cut,
    /// A block could not be unpacked, or its records don't fill it.
    Block,
    /// A record contradicts itself.
    Record,
    /// A record has parts that are not read.
    Unknown,
}

/// A file that is being read.
pub struct FlowFile {
    reader: Box<dyn Read + Send>,
    layout: Layout,
    packing: Packing,
    file: u32,
    maps: Maps,
    exporters: HashMap<u16, Exporter>,
    shapes: HashMap<u64, Arc<Shape>>,
    packed: Vec<u8>,
    plain: Vec<u8>,
    /// Octets of the block in `plain`, and those that are done with.
    filled: usize,
    done: usize,
    ended: bool,
    blocks: u64,
    /// Flows so far.
    pub flows: u64,
    /// Octets so far.
    pub octets: u64,
    /// The earliest and the latest time of a flow.
    pub span: Option<(Timestamp, Timestamp)>,
}

#[derive(Clone, Copy, Debug)]
struct Exporter {
    addr: IpAddr,
    version: u32,
    id: u32,
}

impl FlowFile {
    /// Reads the file header away; `reader` gives the file from its first octet.
    ///
    /// # Errors
    /// The reader's.
    pub fn new(mut reader: Box<dyn Read + Send>, header: Header, file: u32) -> io::Result<Self> {
        let length = header.layout.before_blocks();
        let octets = io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        Ok(Self {
            reader,
            layout: header.layout,
            packing: header.packing,
            file,
            maps: Maps::default(),
            exporters: HashMap::new(),
            shapes: HashMap::new(),
            packed: Vec::new(),
            plain: Vec::new(),
            filled: 0,
            done: 0,
            ended: false,
            blocks: 0,
            flows: 0,
            octets,
            span: None,
        })
    }

    /// The flows of the next blocks; `None` at the end. `damage` is told what is wrong, how often, and where.
    ///
    /// # Errors
    /// The system's refusal to read on.
    pub fn next_batch(&mut self, damage: &mut dyn FnMut(Damage, u64, Origin, String)) -> io::Result<Option<DatagramBatch>> {
        loop {
            if self.done >= self.filled && (self.ended || !self.next_block(damage)?) {
                return Ok(None);
            }
            let batch = self.rewrite(damage);
            if !batch.stored.is_empty() {
                return Ok(Some(batch));
            }
        }
    }

    /// Where it is read: the file, no frame.
    pub fn origin(&self) -> Origin {
        Origin { file: self.file, frame: 0 }
    }

    /// Unpacks the next block with records; false at the end of the file.
    fn next_block(&mut self, damage: &mut dyn FnMut(Damage, u64, Origin, String)) -> io::Result<bool> {
        (self.filled, self.done) = (0, 0);
        if self.octets < self.layout.before_blocks() {
            self.ended = true;
            damage(Damage::Cut, 1, self.origin(), format!("the file ends after {} octets of its header", self.octets));
            return Ok(false);
        }
        loop {
            let mut header = [0; BLOCK_HEADER];
            let had = fill(&mut self.reader, &mut header)?;
            self.octets += u64::try_from(had).unwrap_or(0);
            if had < BLOCK_HEADER {
                self.ended = true;
                if had > 0 {
                    damage(Damage::Cut, 1, self.origin(), format!("block {}: {had} octets of its header", self.blocks + 1));
                }
                return Ok(false);
            }
            let [_, _, _, _, a, b, c, d, t0, t1, f0, f1] = header;
            let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
            let (kind, flags) = (u16::from_le_bytes([t0, t1]), u16::from_le_bytes([f0, f1]));
            self.blocks += 1;
            if length > MOST_OCTETS {
                self.ended = true;
                damage(Damage::Block, 1, self.origin(), format!("block {} says {length} octets: nothing after it is read", self.blocks));
                return Ok(false);
            }
            self.packed.clear();
            let limit = u64::try_from(length).unwrap_or(0);
            let had = self.reader.by_ref().take(limit).read_to_end(&mut self.packed)?;
            self.octets += u64::try_from(had).unwrap_or(0);
            let cut = had < length;
            if cut {
                self.ended = true;
                damage(Damage::Cut, 1, self.origin(), format!("block {} has {had} of {length} octets", self.blocks));
            }
            if kind != self.layout.records() {
                if cut {
                    return Ok(false);
                }
                continue;
            }
            let packing = if flags & BLOCK_PLAIN != 0 { Packing::Plain } else { self.packing };
            if packing == Packing::Plain {
                std::mem::swap(&mut self.plain, &mut self.packed);
                self.filled = had;
                return Ok(true);
            }
            self.plain.resize(MOST_OCTETS, 0);
            match packing.unpack(&self.packed, &mut self.plain) {
                Some(filled) => {
                    self.filled = filled;
                    return Ok(true);
                }
                None if cut => return Ok(false),
                None => {
                    damage(Damage::Block, 1, self.origin(), format!("block {} of {length} octets is no whole {packing} data", self.blocks));
                }
            }
        }
    }

    /// Rewrites the records of the block, at most so many that the buffer stays small.
    fn rewrite(&mut self, damage: &mut dyn FnMut(Damage, u64, Origin, String)) -> DatagramBatch {
        let here = self.origin();
        let block = self.plain.get(self.done..self.filled).unwrap_or(&[]);
        let mut rest = block;
        let mut out = Vec::with_capacity(block.len());
        let mut stored: Vec<Stored> = Vec::new();
        let mut last: Option<(u64, Arc<Shape>)> = None;
        let mut sender: Option<(u16, Option<Exporter>)> = None;
        let (mut rows, mut unknown) = (0u32, Unknown::default());
        let mut converted = Vec::new();
        while rows < MOST_ROWS && !rest.is_empty() {
            let length = rest.first_chunk().map_or(0, |&[_, _, a, b]| usize::from(u16::from_le_bytes([a, b])));
            let Some((octets, after)) = (length >= 4).then(|| rest.split_at_checked(length)).flatten() else {
                // What a cut file ends with was told already.
                if !self.ended {
                    let left = rest.len();
                    damage(
                        Damage::Block,
                        1,
                        here,
                        format!("block {}: a record says {length} octets, the block has {left} more", self.blocks),
                    );
                }
                rest = &[];
                break;
            };
            rest = after;
            let kind = octets.first_chunk().map(|b| u16::from_le_bytes(*b));
            let mut absent = 0;
            let octets = match (self.layout, kind) {
                (Layout::Two, Some(FLOW_RECORD)) => octets,
                (Layout::One, Some(layout1::FLOW_RECORD | layout1::FLOW_RECORD_V0)) => {
                    match self.maps.convert(octets, &mut converted, &mut unknown) {
                        Ok(beside) => absent = beside,
                        Err(what) => {
                            damage(Damage::Record, 1, here, format!("block {}: {what}", self.blocks));
                            continue;
                        }
                    }
                    &converted
                }
                (Layout::One, Some(layout1::MAP_RECORD)) => {
                    if !self.maps.learn(octets) {
                        damage(Damage::Record, 1, here, format!("block {}: an extension map of {length} octets", self.blocks));
                    }
                    continue;
                }
                (_, Some(EXPORTER_RECORD)) => {
                    sender = None;
                    if let Some((id, exporter)) = exporter(octets) {
                        self.exporters.insert(id, exporter);
                    }
                    continue;
                }
                // Samplers, statistics, idents.
                _ => continue,
            };
            let mut parts: Parts<'_> = [&[]; shape::TYPES];
            let Some(header) = RecordHeader::read(octets) else {
                damage(Damage::Record, 1, here, format!("block {}: a flow record of {length} octets", self.blocks));
                continue;
            };
            let shape = match record::take_apart(octets, header.elements, &mut parts, &mut unknown) {
                Ok(shape) if shape >> shape::GENERIC & 1 == 1 => shape | absent,
                Ok(_) => {
                    damage(Damage::Record, 1, here, format!("block {}: a flow record without counters", self.blocks));
                    continue;
                }
                Err(what) => {
                    damage(Damage::Record, 1, here, format!("block {}: {what}", self.blocks));
                    continue;
                }
            };
            if last.as_ref().is_none_or(|(known, _)| *known != shape) {
                last = Some((shape, Arc::clone(self.shapes.entry(shape).or_insert_with(|| Arc::new(Shape::of(shape))))));
            }
            let start = out.len();
            if let Some((_, shape)) = &last {
                record::rewrite(&shape.pieces, shape.length, &parts, &mut out);
            }
            let length = u32::try_from(out.len() - start).unwrap_or(0);
            let by = match sender {
                Some((id, by)) if id == header.exporter => by,
                _ => self.exporters.get(&header.exporter).copied(),
            };
            sender = Some((header.exporter, by));
            let run = context(header, by, &parts, here, shape, u32::try_from(start).unwrap_or(u32::MAX));
            span(&mut self.span, &parts);
            match stored.last_mut() {
                Some(before) if before.goes_on_with(&run) => {
                    before.length += length;
                    before.rows += 1;
                }
                _ => stored.push(Stored { length, rows: 1, ..run }),
            }
            rows += 1;
        }
        if unknown.count > 0 {
            damage(Damage::Unknown, unknown.count, here, format!("block {}, {} {}", self.blocks, self.layout.part(), unknown.kind));
        }
        let left = rest.len();
        self.done = self.filled.saturating_sub(left);
        self.flows += u64::from(rows);
        DatagramBatch { buffers: vec![Arc::new(out)], stored, ..DatagramBatch::default() }
    }
}

/// What holds for a run of flows.
fn context(header: RecordHeader, exporter: Option<Exporter>, parts: &Parts<'_>, origin: Origin, shape: u64, start: u32) -> Stored {
    let sent_from = match (parts.get(shape::RECEIVED_V4), parts.get(shape::RECEIVED_V6)) {
        (Some([a, b, c, d, ..]), _) => Some(IpAddr::V4(Ipv4Addr::new(*d, *c, *b, *a))),
        (_, Some(octets)) => octets.first_chunk().map(v6),
        _ => None,
    };
    let version = match u32::from(header.version) {
        number @ (1 | 5 | 7 | 9 | 10) => number,
        _ => exporter.map_or(0, |e| e.version),
    };
    let domain = match version {
        5 => Some(u32::from(header.engine)),
        9 | 10 => exporter.map(|e| e.id),
        _ => None,
    };
    let received = parts.get(shape::GENERIC).and_then(|g| g.get(16..)).and_then(|g| g.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b));
    Stored {
        exporter: sent_from.or(exporter.map(|e| e.addr)).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        domain,
        version: u16::try_from(version).unwrap_or(0),
        received: Some(received).filter(|ms| *ms != 0).and_then(Timestamp::from_millis),
        clock: None,
        origin,
        shape: StoredShape::Nfcapd(shape),
        buffer: 0,
        start,
        length: 0,
        rows: 0,
    }
}

fn span(span: &mut Option<(Timestamp, Timestamp)>, parts: &Parts<'_>) {
    let [_, generic, ..] = parts;
    for time in generic.chunks_exact(8).take(2) {
        let millis = time.first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
        if let Some(time) = Some(millis).filter(|ms| *ms != 0).and_then(Timestamp::from_millis) {
            *span = Some(span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        }
    }
}

/// An exporter record: type, size, version, 16 octets of address, address family, number in this file, id.
fn exporter(octets: &[u8]) -> Option<(u16, Exporter)> {
    let &[v0, v1, v2, v3] = octets.get(4..)?.first_chunk()?;
    let address: &[u8; 16] = octets.get(8..)?.first_chunk()?;
    let &[f0, f1, n0, n1, i0, i1, i2, i3] = octets.get(24..)?.first_chunk()?;
    let [_, _, _, _, _, _, _, _, d, c, b, a, ..] = *address;
    // 2 is IPv4 everywhere; IPv6 has another number on each system.
    let addr = if u16::from_le_bytes([f0, f1]) == 2 { IpAddr::V4(Ipv4Addr::new(a, b, c, d)) } else { v6(address) };
    let exporter = Exporter { addr, version: u32::from_le_bytes([v0, v1, v2, v3]), id: u32::from_le_bytes([i0, i1, i2, i3]) };
    Some((u16::from_le_bytes([n0, n1]), exporter))
}

/// Two numbers of 8 octets, the higher first.
fn v6(octets: &[u8; 16]) -> IpAddr {
    let number = u128::from_le_bytes(*octets);
    IpAddr::V6(Ipv6Addr::from(number.rotate_left(64)))
}

fn fill(reader: &mut dyn Read, room: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = room.get_mut(done..).filter(|r| !r.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}
