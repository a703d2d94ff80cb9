//! An input of either sort: a capture, whose frames bring datagrams, or a flow file, whose records are flows.

use std::io::Read;

use super::error::InputError;
use super::flow_file::{FlowFile, FlowHeader};
use super::options::{InputOptions, Location};
use super::reader;
use super::report::FileReport;
use super::source::{Head, Source};
use crate::datagram::DatagramBatch;
use crate::time::Timestamp;

/// An input that is being read.
#[derive(Debug)]
pub struct Input(Sort);

#[derive(Debug)]
enum Sort {
    Capture(Box<reader::Input>),
    Flows(Box<FlowFile>),
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

    /// The same for an input that was opened to see what it is. `name` is for messages.
    ///
    /// # Errors
    /// It is nothing that is known.
    pub fn from_source(name: &str, source: Source, file: u32, options: &InputOptions) -> Result<Self, InputError> {
        Self::recognise(name.into(), source, file, options)
    }

    /// The same for octets that come from elsewhere: a test, a program around this library. `name` is for messages.
    ///
    /// # Errors
    /// It can't be read, or is nothing that is known.
    pub fn from_reader(name: &str, reader: Box<dyn Read + Send>, file: u32, options: &InputOptions) -> Result<Self, InputError> {
        Self::recognise(name.into(), Source::layers(name.into(), reader, options.progress.clone(), Head::Full)?, file, options)
    }

    /// The same for octets of which more may come later: what is there is used at once. The first read has to give a capture's whole
    /// header: nothing more is waited for.
    ///
    /// # Errors
    /// It can't be read, or is nothing that is known.
    pub fn live(name: &str, reader: Box<dyn Read + Send>, file: u32, options: &InputOptions) -> Result<Self, InputError> {
        let source = Source { live: true, ..Source::layers(name.into(), reader, options.progress.clone(), Head::First)? };
        Self::recognise(name.into(), source, file, options)
    }

    fn recognise(name: String, source: Source, file: u32, options: &InputOptions) -> Result<Self, InputError> {
        match FlowHeader::of(&source.head) {
            Some(header) => FlowFile::open(name, source, header, file).map(|flows| Self(Sort::Flows(Box::new(flows)))),
            None => reader::Input::recognise(name, source, file, options).map(|input| Self(Sort::Capture(Box::new(input)))),
        }
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
            Sort::Flows(mut flows) => flows.next_batch().map(|_| flows.report().first),
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
            Sort::Flows(flows) => flows.report(),
        }
    }
}
