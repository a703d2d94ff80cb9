//! The file: its header, then its records, packed or not.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::header::Header;
use super::inflate::Inflate;
use super::record::{self, Told};
use crate::datagram::{DatagramBatch, Origin, Shape, Stored};
use crate::time::Timestamp;

/// Records that are read and rewritten at once: about a megabyte.
const MOST_ROWS: usize = 16_384;

/// A file that is being read.
pub struct FlowFile {
    reader: Box<dyn Read + Send>,
    header: Header,
    file: u32,
    records: Vec<u8>,
    /// Octets that the header lacks.
    missing: u64,
    ended: bool,
    failed: Option<io::Error>,
    /// Flows so far.
    pub flows: u64,
    /// Octets so far, after unpacking.
    pub octets: u64,
    /// The earliest and the latest time of a flow.
    pub span: Option<(Timestamp, Timestamp)>,
}

impl FlowFile {
    /// Reads the file header away; `reader` gives the file from its first octet.
    ///
    /// # Errors
    /// The reader's.
    pub fn new(mut reader: Box<dyn Read + Send>, header: Header, file: u32) -> io::Result<Self> {
        let length = u64::from(header.length);
        let octets = io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        Ok(Self {
            reader: if header.zlib { Box::new(Inflate::new(reader)) } else { reader },
            header,
            file,
            records: Vec::new(),
            missing: length.saturating_sub(octets),
            ended: false,
            failed: None,
            flows: 0,
            octets,
            span: None,
        })
    }

    /// The flows of the next records; `None` at the end. `cut` is told where the file ends inside its header or a record.
    ///
    /// # Errors
    /// The system's refusal to read on; packed data that is damaged or ends early, after what could be unpacked.
    pub fn next_batch(&mut self, cut: &mut dyn FnMut(Origin, String)) -> io::Result<Option<DatagramBatch>> {
        if self.missing > 0 && !self.ended {
            self.ended = true;
            cut(self.origin(), format!("the file ends after {} octets of its header", self.octets));
        }
        if !self.ended {
            self.fill();
        } else {
            self.records.clear();
        }
        let stride = record::stride(&self.header);
        let left = self.records.len() % stride;
        if left > 0 && self.failed.is_none() {
            let number = self.flows + u64::try_from(self.records.len() / stride).unwrap_or(0) + 1;
            cut(self.origin(), format!("record {number} has {left} of {stride} octets"));
        }
        if self.records.len() >= stride {
            return Ok(Some(self.rewrite(stride)));
        }
        match self.failed.take() {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// Where it is read: the file, no frame.
    pub fn origin(&self) -> Origin {
        Origin { file: self.file, frame: 0 }
    }

    /// Reads as many whole records as are taken at once; fewer, or part of one, at the end.
    fn fill(&mut self) {
        let most = MOST_ROWS * record::stride(&self.header);
        self.records.resize(most, 0);
        let mut done = 0;
        while let Some(room) = self.records.get_mut(done..).filter(|r| !r.is_empty()) {
            match self.reader.read(room) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) => done += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.failed = Some(error);
                    break;
                }
            }
        }
        self.records.truncate(done);
        self.octets += u64::try_from(done).unwrap_or(0);
    }

    fn rewrite(&mut self, stride: usize) -> DatagramBatch {
        let mut out = Vec::with_capacity(self.records.len());
        let mut stored: Vec<Stored> = Vec::new();
        for octets in self.records.chunks_exact(stride) {
            let start = out.len();
            let Some(told) = record::rewrite(&self.header, octets, &mut out) else { continue };
            let length = u32::try_from(out.len() - start).unwrap_or(0);
            let run = self.run(told, u32::try_from(start).unwrap_or(u32::MAX));
            match stored.last_mut() {
                Some(before) if before.goes_on_with(&run) => {
                    before.length += length;
                    before.rows += 1;
                }
                _ => stored.push(Stored { length, rows: 1, ..run }),
            }
            self.flows += 1;
            let (first, last) = self.span.unwrap_or((told.first, told.last));
            self.span = Some((first.min(told.first), last.max(told.last)));
        }
        DatagramBatch { buffers: vec![Arc::new(out)], stored, ..DatagramBatch::default() }
    }

    /// What holds for the records of one message: they have its clock.
    fn run(&self, told: Told, start: u32) -> Stored {
        let exporter = told.exporter.or(self.header.exporter).unwrap_or(Ipv4Addr::UNSPECIFIED);
        Stored {
            exporter: IpAddr::V4(exporter),
            domain: told.domain,
            version: self.header.version,
            received: None,
            clock: Some(told.clock),
            origin: self.origin(),
            shape: Shape::Fixed,
            buffer: 0,
            start,
            length: 0,
            rows: 0,
        }
    }
}
