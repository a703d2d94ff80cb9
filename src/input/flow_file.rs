//! A flow file of some program: what it is, its flows, and what is wrong with it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::InputError;
use super::fault::{FaultCause, FaultLog};
use super::report::{Container, FileReport};
use super::source::Source;
use crate::datagram::{DatagramBatch, Origin};
use crate::time::Timestamp;
use crate::{flow_tools, nfcapd};

/// A file header that can be read.
#[derive(Clone, Copy)]
pub(super) enum FlowHeader {
    Nfcapd(nfcapd::Header),
    FlowTools(flow_tools::Header),
}

impl FlowHeader {
    /// What the first octets of a file say.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        nfcapd::Header::of(head).map(Self::Nfcapd).or_else(|| flow_tools::Header::of(head).and_then(Result::ok).map(Self::FlowTools))
    }

    fn container(self) -> Container {
        match self {
            Self::Nfcapd(header) => Container::Nfcapd(header),
            Self::FlowTools(header) => Container::FlowTools(header),
        }
    }
}

/// A flow file that is being read.
pub(super) struct FlowFile {
    format: Format,
    refused: Arc<AtomicBool>,
    faults: FaultLog,
    report: FileReport,
    ended: bool,
}

enum Format {
    Nfcapd(Box<nfcapd::FlowFile>),
    FlowTools(flow_tools::FlowFile),
}

impl std::fmt::Debug for FlowFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlowFile").field("report", &self.report).finish_non_exhaustive()
    }
}

impl FlowFile {
    /// Reads the file header away. `file` is the input's number.
    pub(super) fn open(name: String, source: Source, header: FlowHeader, file: u32) -> Result<Self, InputError> {
        let report = FileReport::new(name.clone(), header.container(), source.compression);
        let format = match header {
            FlowHeader::Nfcapd(header) => nfcapd::FlowFile::new(source.reader, header, file).map(|file| Format::Nfcapd(Box::new(file))),
            FlowHeader::FlowTools(header) => flow_tools::FlowFile::new(source.reader, header, file).map(Format::FlowTools),
        }
        .map_err(|source| InputError::Read { name, source })?;
        Ok(Self { format, refused: source.refused, faults: FaultLog::default(), report, ended: false })
    }

    /// The next flows, in the order of the file; `None` at the end. Damage is in the report.
    pub(super) fn next_batch(&mut self) -> Result<Option<DatagramBatch>, InputError> {
        if self.ended {
            return Ok(None);
        }
        let faults = &mut self.faults;
        let batch = self.format.next_batch(&mut |cause, count, at, detail| faults.note_many(cause, count, at, || detail));
        let batch = match batch {
            Err(source) if self.refused.load(Ordering::Relaxed) => {
                self.ended = true;
                return Err(InputError::Read { name: self.report.name.clone(), source });
            }
            Err(error) => {
                let cut = error.kind() == io::ErrorKind::UnexpectedEof;
                let cause = if cut { FaultCause::CompressionCut } else { FaultCause::CompressionDamaged };
                let (octets, ..) = self.format.counts();
                self.faults.note(cause, self.format.origin(), || format!("after {octets} octets of unpacked data: {error}"));
                None
            }
            Ok(batch) => batch,
        };
        self.ended = batch.is_none();
        let (octets, flows, span) = self.format.counts();
        self.report.octets = octets;
        self.report.stored = flows;
        self.report.first = span.map(|(first, _)| first);
        self.report.last = span.map(|(_, last)| last);
        self.faults.fill(&mut self.report.faults);
        Ok(batch)
    }

    pub(super) fn report(&self) -> &FileReport {
        &self.report
    }
}

impl Format {
    fn next_batch(&mut self, note: &mut dyn FnMut(FaultCause, u64, Origin, String)) -> io::Result<Option<DatagramBatch>> {
        match self {
            Self::Nfcapd(file) => file.next_batch(&mut |damage, count, at, detail| {
                let cause = match damage {
                    nfcapd::Damage::Cut => FaultCause::FileCut,
                    nfcapd::Damage::Block => FaultCause::FlowBlock,
                    nfcapd::Damage::Record => FaultCause::FlowRecord,
                    nfcapd::Damage::Unknown => FaultCause::FlowPart,
                };
                note(cause, count, at, detail);
            }),
            Self::FlowTools(file) => file.next_batch(&mut |at, detail| note(FaultCause::FileCut, 1, at, detail)),
        }
    }

    /// Octets, flows and the span of their times so far.
    fn counts(&self) -> (u64, u64, Option<(Timestamp, Timestamp)>) {
        match self {
            Self::Nfcapd(file) => (file.octets, file.flows(), file.span()),
            Self::FlowTools(file) => (file.octets, file.flows, file.span),
        }
    }

    fn origin(&self) -> Origin {
        match self {
            Self::Nfcapd(file) => file.origin(),
            Self::FlowTools(file) => file.origin(),
        }
    }
}
