//! The file: its header, then its blocks, read ahead of the flows so that they can be unpacked meanwhile.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::mpsc::Receiver;

use super::block::{MOST_OCTETS, Packing};
use super::header::{Header, Layout};
use super::scan::Scan;
use super::unpack::{Unpacked, Unpackers};
use crate::datagram::{Chunks, DatagramBatch, Origin};
use crate::time::Timestamp;

const BLOCK_HEADER: usize = 12;
/// The block flag that says: not packed, whatever the file header says.
const BLOCK_PLAIN: u16 = 1;
/// Octets of a buffer for a block: nfdump writes blocks of about 1 MiB, 5 MiB at most.
const ORDINARY: usize = 5 << 19;
/// Packed octets that are read at once, so that a block that lies about its length costs no more than there is.
const PIECE: usize = 1 << 20;

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
    origin: Origin,
    scan: Scan,
    unpackers: Option<Unpackers>,
    ahead: VecDeque<Ahead>,
    chunks: Chunks,
    packed: Vec<Vec<u8>>,
    room: usize,
    ended: bool,
    /// Why the file could not be read on, until what was read before is given out.
    failed: Option<io::Error>,
    blocks: u64,
    /// Octets so far.
    pub octets: u64,
}

/// A block that was read, or what there is to say in its place.
enum Ahead {
    Plain { octets: Vec<u8>, filled: usize, number: u64, cut: bool },
    Packed { result: Receiver<Unpacked>, packing: Packing, length: usize, number: u64, cut: bool },
    Damage(Damage, String),
}

/// What a block header says.
#[derive(Clone, Copy)]
struct BlockHeader {
    length: usize,
    kind: u16,
    flags: u16,
}

impl FlowFile {
    /// Reads the file header away; `reader` gives the file from its first octet.
    ///
    /// # Errors
    /// The reader's.
    pub fn new(mut reader: Box<dyn Read + Send>, header: Header, file: u32) -> io::Result<Self> {
        let length = header.layout.before_blocks();
        let octets = io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        let origin = Origin { file, frame: 0 };
        let mut ahead = VecDeque::new();
        if octets < length {
            ahead.push_back(Ahead::Damage(Damage::Cut, format!("the file ends after {octets} octets of its header")));
        }
        Ok(Self {
            reader,
            layout: header.layout,
            packing: header.packing,
            origin,
            scan: Scan::new(header.layout, origin),
            unpackers: None,
            ahead,
            chunks: Chunks::new(ORDINARY),
            packed: Vec::new(),
            room: ORDINARY,
            ended: octets < length,
            failed: None,
            blocks: 0,
            octets,
        })
    }

    /// The flows of the next blocks; `None` at the end. `damage` is told what is wrong, how often, and where.
    ///
    /// # Errors
    /// The system's refusal to read on.
    pub fn next_batch(&mut self, damage: &mut dyn FnMut(Damage, u64, Origin, String)) -> io::Result<Option<DatagramBatch>> {
        loop {
            let most = 1 + self.unpackers.as_ref().map_or(0, |u| u.threads);
            while self.ahead.len() < most && !self.ended {
                if let Err(error) = self.read_ahead() {
                    (self.ended, self.failed) = (true, Some(error));
                }
            }
            let Some(next) = self.ahead.pop_front() else { return self.failed.take().map_or(Ok(None), Err) };
            let batch = match next {
                Ahead::Damage(what, detail) => {
                    damage(what, 1, self.origin, detail);
                    continue;
                }
                Ahead::Plain { octets, filled, number, cut } => self.scan.block(self.chunks.share(octets), filled, number, cut, damage),
                Ahead::Packed { result, packing, length, number, cut } => {
                    let Ok(Unpacked { octets, filled, packed }) = result.recv() else { continue };
                    self.packed.push(packed);
                    self.room = self.room.max(octets.len());
                    let octets = self.chunks.share(octets);
                    match filled {
                        Some(filled) => self.scan.block(octets, filled, number, cut, damage),
                        None if cut => continue,
                        None => {
                            let detail = format!("block {number} of {length} octets is no whole {packing} data");
                            damage(Damage::Block, 1, self.origin, detail);
                            continue;
                        }
                    }
                }
            };
            if !batch.stored.is_empty() {
                return Ok(Some(batch));
            }
        }
    }

    /// Where it is read: the file, no frame.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Flows so far.
    pub fn flows(&self) -> u64 {
        self.scan.flows
    }

    /// The earliest and the latest time of a flow.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.scan.span()
    }

    /// Reads the next block, and gives it to be unpacked.
    fn read_ahead(&mut self) -> io::Result<()> {
        let Some(BlockHeader { length, kind, flags }) = self.block_header()? else { return Ok(()) };
        let number = self.blocks;
        let packing = if flags & BLOCK_PLAIN != 0 { Packing::Plain } else { self.packing };
        let records = kind == self.layout.records();
        let mut octets = match packing {
            Packing::Plain => self.chunks.take(0),
            _ => self.packed.pop().unwrap_or_default(),
        };
        let filled = self.block_octets(length, &mut octets)?;
        let cut = filled < length;
        if cut {
            self.ended = true;
            let detail = format!("block {number} has {filled} of {length} octets");
            self.ahead.push_back(Ahead::Damage(Damage::Cut, detail));
        }
        match packing {
            Packing::Plain if !records => drop(self.chunks.share(octets)),
            _ if !records => self.packed.push(octets),
            Packing::Plain => self.ahead.push_back(Ahead::Plain { octets, filled, number, cut }),
            packing => {
                octets.truncate(filled);
                let room = self.chunks.take(self.room);
                let result = self.unpackers.get_or_insert_with(Unpackers::start).give(packing, octets, room);
                self.ahead.push_back(Ahead::Packed { result, packing, length, number, cut });
            }
        }
        Ok(())
    }

    /// Reads a block header; `None` at the end of the file.
    fn block_header(&mut self) -> io::Result<Option<BlockHeader>> {
        let mut header = [0; BLOCK_HEADER];
        let had = fill(&mut self.reader, &mut header)?;
        self.octets += u64::try_from(had).unwrap_or(0);
        if had < BLOCK_HEADER {
            self.ended = true;
            if had > 0 {
                let detail = format!("block {}: {had} octets of its header", self.blocks + 1);
                self.ahead.push_back(Ahead::Damage(Damage::Cut, detail));
            }
            return Ok(None);
        }
        self.blocks += 1;
        let [_, _, _, _, a, b, c, d, t0, t1, f0, f1] = header;
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > MOST_OCTETS {
            self.ended = true;
            let detail = format!("block {} says {length} octets: nothing after it is read", self.blocks);
            self.ahead.push_back(Ahead::Damage(Damage::Block, detail));
            return Ok(None);
        }
        Ok(Some(BlockHeader { length, kind: u16::from_le_bytes([t0, t1]), flags: u16::from_le_bytes([f0, f1]) }))
    }

    /// Reads so many octets, or fewer at the end of the file, to the beginning of a buffer, and says how many.
    fn block_octets(&mut self, length: usize, octets: &mut Vec<u8>) -> io::Result<usize> {
        let mut filled = 0;
        while filled < length {
            let end = length.min(filled + PIECE);
            if octets.len() < end {
                octets.resize(end, 0);
            }
            let had = fill(&mut self.reader, octets.get_mut(filled..end).unwrap_or(&mut []))?;
            filled += had;
            self.octets += u64::try_from(had).unwrap_or(0);
            if filled < end {
                break;
            }
        }
        Ok(filled)
    }
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
