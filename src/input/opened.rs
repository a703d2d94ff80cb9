//! An input of either sort: a capture, whose frames bring datagrams, or a flow file, whose records are flows.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::InputError;
use super::fault::{FaultCause, FaultLog};
use super::options::{InputOptions, Location};
use super::reader;
use super::report::{Container, FileReport};
use super::source::Source;
use crate::datagram::DatagramBatch;
use crate::nfcapd::{Damage, FlowFile, Header};
use crate::time::Timestamp;

/// An input that is being read.
#[derive(Debug)]
pub struct Input(Sort);

#[derive(Debug)]
enum Sort {
    Capture(Box<reader::Input>),
    Flows(Box<Flows>),
}

struct Flows {
    file: FlowFile,
    refused: Arc<AtomicBool>,
    faults: FaultLog,
    report: FileReport,
    ended: bool,
}

impl std::fmt::Debug for Flows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flows").field("report", &self.report).finish_non_exhaustive()
    }
}

impl Input {
    /// Opens an input and recognises its container by content, never by name. `file` is its number for the
    /// [`Origin`](crate::datagram::Origin)s.
    ///
    /// # Errors
    /// It can't be opened or read, or is nothing that is known.
    pub fn open(location: &Location, file: u32, options: &InputOptions) -> Result<Self, InputError> {
        Self::recognise(location.to_string(), Source::open(location, options)?, file, options)
    }

    /// The same for octets that come from elsewhere: a test, a program around this library. `name` is for messages.
    ///
    /// # Errors
    /// It can't be read, or is nothing that is known.
    pub fn from_reader(name: &str, reader: Box<dyn Read + Send>, file: u32, options: &InputOptions) -> Result<Self, InputError> {
        Self::recognise(name.into(), Source::layers(name.into(), reader, options.progress.clone())?, file, options)
    }

    fn recognise(name: String, source: Source, file: u32, options: &InputOptions) -> Result<Self, InputError> {
        let Some(header) = Header::of(&source.head) else {
            return reader::Input::recognise(name, source, file, options).map(|input| Self(Sort::Capture(Box::new(input))));
        };
        let [compression, inner_compression] = source.compression;
        let report = FileReport {
            name: name.clone(),
            container: Container::Nfcapd(header),
            compression,
            inner_compression,
            link_types: Vec::new(),
            octets: 0,
            stored: 0,
            frames: 0,
            datagrams: 0,
            tcp_messages: 0,
            first: None,
            last: None,
            faults: Vec::new(),
        };
        let file = FlowFile::new(source.reader, header, file).map_err(|source| InputError::Read { name, source })?;
        Ok(Self(Sort::Flows(Box::new(Flows { file, refused: source.refused, faults: FaultLog::default(), report, ended: false }))))
    }

    /// The next datagrams or flows, in the order of the file; `None` at the end. Damage in the file is in the report.
    ///
    /// # Errors
    /// The system's refusal to read on.
    pub fn next_batch(&mut self) -> Result<Option<DatagramBatch>, InputError> {
        match &mut self.0 {
            Sort::Capture(input) => input.next_batch(),
            Sort::Flows(flows) => flows.next_batch(),
        }
    }

    /// The earliest time in the first part of the input that tells one; of a capture not more than so many octets are read for it,
    /// of a flow file the first block.
    pub(super) fn look(self, most: u64) -> Result<Option<Timestamp>, InputError> {
        match self.0 {
            Sort::Capture(input) => input.look(most),
            Sort::Flows(mut flows) => flows.next_batch().map(|_| flows.report.first),
        }
    }

    /// True for a flow file, which holds no datagrams.
    pub fn holds_flows(&self) -> bool {
        matches!(self.0, Sort::Flows(_))
    }

    /// What is known of the input so far.
    pub fn report(&self) -> &FileReport {
        match &self.0 {
            Sort::Capture(input) => input.report(),
            Sort::Flows(flows) => &flows.report,
        }
    }
}

impl Flows {
    fn next_batch(&mut self) -> Result<Option<DatagramBatch>, InputError> {
        if self.ended {
            return Ok(None);
        }
        let faults = &mut self.faults;
        let batch = self.file.next_batch(&mut |damage, count, at, detail| {
            let cause = match damage {
                Damage::Cut => FaultCause::FileCut,
                Damage::Block => FaultCause::FlowBlock,
                Damage::Record => FaultCause::FlowRecord,
                Damage::Unknown => FaultCause::FlowPart,
            };
            faults.note_many(cause, count, at, || detail);
        });
        let batch = match batch {
            Err(source) if self.refused.load(Ordering::Relaxed) => {
                self.ended = true;
                return Err(InputError::Read { name: self.report.name.clone(), source });
            }
            Err(error) => {
                let cut = error.kind() == io::ErrorKind::UnexpectedEof;
                let cause = if cut { FaultCause::CompressionCut } else { FaultCause::CompressionDamaged };
                let octets = self.file.octets;
                self.faults.note(cause, self.file.origin(), || format!("after {octets} octets of unpacked data: {error}"));
                None
            }
            Ok(batch) => batch,
        };
        self.ended = batch.is_none();
        self.report.octets = self.file.octets;
        self.report.stored = self.file.flows;
        self.report.first = self.file.span.map(|(first, _)| first);
        self.report.last = self.file.span.map(|(_, last)| last);
        self.faults.fill(&mut self.report.faults);
        Ok(batch)
    }
}
