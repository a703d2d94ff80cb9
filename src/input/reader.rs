//! An opened input: chunk after chunk, frame after frame, batches out.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::capture::{Capture, Frame, Step};
use super::decap::Decap;
use super::detect;
use super::error::InputError;
use super::fault::FaultCause;
use super::flow_log::Message;
use super::options::InputOptions;
use super::part::Part;
use super::report::FileReport;
use super::source::Source;
use crate::datagram::{Chunks, DatagramBatch, Origin};
use crate::time::Timestamp;

/// A capture or flow log that is being read.
pub(super) struct Input {
    file: u32,
    reader: Box<dyn Read + Send>,
    refused: Arc<AtomicBool>,
    live: bool,
    capture: Capture,
    decap: Decap,
    chunks: Chunks,
    buffer: Vec<u8>,
    /// How much of the buffer is read from the file, and how much of that is done with.
    filled: usize,
    done: usize,
    /// Octets of a skipped record that are still to come.
    skip: u64,
    /// How many octets the next record needs, if that is more than there were.
    needed: usize,
    frames: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    state: State,
    /// The compression broke off: where the file ends is its fault then.
    damaged: bool,
    report: FileReport,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Reading,
    /// The file has no more octets; what is in the buffer is yet to be walked.
    Exhausted,
    /// Nothing more will come but what waited for the end.
    Ended,
    Finished,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("file", &self.file).field("report", &self.report).finish_non_exhaustive()
    }
}

impl Input {
    /// Recognises the container of a capture. `file` is its number for the [`Origin`]s.
    pub(super) fn recognise(name: String, source: Source, file: u32, options: &InputOptions) -> Result<Self, InputError> {
        if source.head.is_empty() {
            return Err(InputError::Empty { name });
        }
        let Some(recognised) = Capture::recognise(&source.head, &name) else {
            let (found, hint) = detect::explain(&source.head);
            return Err(InputError::NotACapture { name, found, hint });
        };
        let (capture, header) = recognised?;
        let report = FileReport::new(name, capture.container(), source.compression);
        let mut chunks = Chunks::new(options.chunk_octets);
        let buffer = chunks.take(0);
        Ok(Self {
            file,
            reader: source.reader,
            refused: source.refused,
            live: source.live,
            capture,
            decap: Decap::new(options),
            chunks,
            buffer,
            filled: 0,
            done: 0,
            skip: u64::try_from(header).unwrap_or(0),
            needed: 0,
            frames: 0,
            first: None,
            last: None,
            state: State::Reading,
            damaged: false,
            report,
        })
    }

    /// The next datagrams, in the order of the capture; `None` at the end. Damage in the file ends it and is in the report; an error is
    /// the system's refusal to read on.
    pub(super) fn next_batch(&mut self) -> Result<Option<DatagramBatch>, InputError> {
        loop {
            let result = match self.state {
                State::Finished => return Ok(None),
                State::Ended => {
                    self.decap.finish(Origin { file: self.file, frame: self.frames }, self.last);
                    self.state = State::Finished;
                    Ok(())
                }
                State::Reading | State::Exhausted => self.fill().map(|()| self.walk()),
            };
            let batch = self.carry();
            self.update_report();
            result?;
            if let Some(batch) = batch {
                return Ok(Some(batch));
            }
        }
    }

    /// The earliest time in the first part of the input that tells one; not more than so many octets are read for it.
    pub(super) fn look(mut self, most: u64) -> Result<Option<Timestamp>, InputError> {
        while self.first.is_none() && self.state == State::Reading && self.report.octets < most {
            self.fill()?;
            self.walk();
            self.carry();
        }
        Ok(self.first)
    }

    /// What is known of the input so far.
    pub(super) fn report(&self) -> &FileReport {
        &self.report
    }

    fn next_origin(&self) -> Origin {
        Origin { file: self.file, frame: self.frames + 1 }
    }

    /// Fills the buffer as far as the file goes.
    fn fill(&mut self) -> Result<(), InputError> {
        while self.state == State::Reading {
            let Some(room) = self.buffer.get_mut(self.filled..).filter(|room| !room.is_empty()) else {
                return Ok(());
            };
            match self.reader.read(room) {
                Ok(0) => self.state = State::Exhausted,
                Ok(n) => {
                    self.filled += n;
                    self.report.octets += u64::try_from(n).unwrap_or(0);
                    if self.live {
                        return Ok(());
                    }
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) if self.refused.load(Ordering::Relaxed) => {
                    self.state = State::Ended;
                    return Err(InputError::Read { name: self.report.name.clone(), source });
                }
                Err(e) => {
                    let cut = e.kind() == std::io::ErrorKind::UnexpectedEof;
                    let cause = if cut { FaultCause::CompressionCut } else { FaultCause::CompressionDamaged };
                    let (at, octets) = (self.next_origin(), self.report.octets);
                    self.decap.faults.note(cause, at, || format!("after {octets} octets of unpacked data: {e}"));
                    self.state = State::Exhausted;
                    self.damaged = true;
                }
            }
        }
        Ok(())
    }

    /// Walks the whole records of the buffer.
    fn walk(&mut self) {
        let octets = self.buffer.get(..self.filled).unwrap_or(&[]);
        let mut done = self.done;
        self.needed = 0;
        loop {
            let rest = octets.get(done..).unwrap_or(&[]);
            if self.skip > 0 {
                let n = usize::try_from(self.skip).unwrap_or(usize::MAX).min(rest.len());
                done += n;
                self.skip -= u64::try_from(n).unwrap_or(0);
                if self.skip > 0 {
                    break;
                }
                continue;
            }
            let origin = Origin { file: self.file, frame: self.frames + 1 };
            match self.capture.step(rest, &mut self.decap.faults, origin, self.state == State::Exhausted) {
                Step::Frame(record, Frame { start, captured, cut, time, link }) => {
                    self.frames += 1;
                    if let Some(time) = time {
                        saw(&mut self.first, &mut self.last, time);
                    }
                    let frame = rest.get(start..start + captured).unwrap_or(&[]);
                    self.decap.frame(link, Part { octets: frame, at: done + start, cut }, origin, time);
                    done += record;
                }
                Step::Message(record, Message { length, missing, time }) => {
                    self.frames += 1;
                    saw(&mut self.first, &mut self.last, time);
                    let message = rest.get(..length).unwrap_or(&[]);
                    self.decap.message(message, done, missing, origin);
                    done += record;
                }
                Step::Lost(record) => {
                    self.frames += 1;
                    self.skip = record;
                }
                Step::Skip(record) => self.skip = record,
                Step::Need(needed) => {
                    self.needed = needed;
                    break;
                }
                Step::Stop => {
                    self.state = State::Ended;
                    break;
                }
            }
        }
        self.done = done;
        if self.state == State::Exhausted {
            self.end_of_file();
        }
    }

    /// The file has been walked to its last octet: is that the end of a record?
    fn end_of_file(&mut self) {
        self.state = State::Ended;
        if self.damaged {
            return;
        }
        let (had, needed, skip) = (self.filled - self.done, self.needed, self.skip);
        let at = self.next_origin();
        if skip > 0 {
            self.decap.faults.note(FaultCause::FileCut, at, || format!("before frame {}: {skip} octets of a block lack", at.frame));
        } else if had > 0 && self.report.container.is_flow_log() {
            self.decap.faults.note(FaultCause::FileCut, at, || {
                format!("message {}: it needs at least {needed} octets, the file has {had} more", at.frame)
            });
        } else if had > 0 {
            self.decap.faults.note(FaultCause::FileCut, at, || {
                format!("frame {}: its record needs at least {needed} octets, the file has {had} more", at.frame)
            });
        }
    }

    /// Gives the walked part of the buffer out, if datagrams lie in it, and begins a buffer with the rest.
    fn carry(&mut self) -> Option<DatagramBatch> {
        let tail = self.done..self.filled;
        let output = &mut self.decap.output;
        let batch = if output.datagrams.is_empty() {
            self.buffer.copy_within(tail.clone(), 0);
            if self.buffer.len() < self.needed {
                self.buffer.resize(self.needed, 0);
            }
            None
        } else {
            let mut next = if self.state == State::Finished { Vec::new() } else { self.chunks.take(self.needed) };
            if let (Some(to), Some(from)) = (next.get_mut(..tail.len()), self.buffer.get(tail.clone())) {
                to.copy_from_slice(from);
            }
            let full = std::mem::replace(&mut self.buffer, next);
            let mut buffers = vec![self.chunks.share(full)];
            if !output.extra.is_empty() {
                buffers.push(Arc::new(std::mem::take(&mut output.extra)));
            }
            let capacity = output.datagrams.len();
            let datagrams = std::mem::replace(&mut output.datagrams, Vec::with_capacity(capacity));
            Some(DatagramBatch { buffers, datagrams, ..DatagramBatch::default() })
        };
        self.filled = tail.len();
        self.done = 0;
        batch
    }

    fn update_report(&mut self) {
        let report = &mut self.report;
        report.container = self.capture.container();
        for link in self.capture.new_link_types() {
            let name = link.to_string();
            if !report.link_types.contains(&name) {
                report.link_types.push(name);
            }
        }
        report.frames = if report.container.is_flow_log() { 0 } else { self.frames };
        report.datagrams = self.decap.output.udp;
        report.tcp_messages = self.decap.output.tcp;
        report.first = self.first;
        report.last = self.last;
        self.decap.faults.fill(&mut report.faults);
    }
}

/// Takes a time into the span of those seen.
fn saw(first: &mut Option<Timestamp>, last: &mut Option<Timestamp>, time: Timestamp) {
    *first = Some(first.map_or(time, |first| first.min(time)));
    *last = Some(last.map_or(time, |last| last.max(time)));
}
