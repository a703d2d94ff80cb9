//! The container around the frames: which it is, and one step through it at a time.

use super::capture_pcap::PcapReader;
use super::capture_pcapng::PcapNgReader;
use super::error::InputError;
use super::fault::FaultLog;
use super::flow_log::{FlowLogReader, Message};
use super::link_type::LinkType;
use super::report::Container;
use crate::datagram::Origin;
use crate::time::Timestamp;

/// The largest frame that is believed. libpcap's own bound is 128 MiB (D-Bus) and 256 KiB for what carries IP.
pub(super) const MAX_FRAME: usize = 16 << 20;

/// A frame, in a record whose beginning the caller knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Where it begins in the record.
    pub(super) start: usize,
    /// Octets that were captured.
    pub(super) captured: usize,
    /// Octets that the capture cut off.
    pub(super) cut: usize,
    /// When it was seen.
    pub(super) time: Option<Timestamp>,
    /// How it begins.
    pub(super) link: LinkType,
}

/// What lies at a place in a container.
#[derive(Debug)]
pub(super) enum Step {
    /// A record of so many octets with a frame in it.
    Frame(usize, Frame),
    /// A record of so many octets that begins with a message.
    Message(usize, Message),
    /// So many octets that hold a frame which can't be read.
    Lost(u64),
    /// So many octets without a frame; there may be fewer in the buffer.
    Skip(u64),
    /// A record that needs so many octets, more than were given.
    Need(usize),
    /// Damage that ends the file; it was noted.
    Stop,
}

/// A container, past its file header.
#[derive(Debug)]
pub(super) enum Capture {
    Pcap(PcapReader),
    PcapNg(PcapNgReader),
    FlowLog(FlowLogReader),
}

impl Capture {
    /// Recognises a container by its first octets. Gives it with the octets that its file header takes; `None` if it is none.
    pub(super) fn recognise(head: &[u8], name: &str) -> Option<Result<(Self, usize), InputError>> {
        if PcapReader::recognises(head) {
            return Some(PcapReader::open(head, name).map(|(reader, size)| (Self::Pcap(reader), size)));
        }
        if PcapNgReader::recognises(head) {
            return Some(PcapNgReader::open(head, name).map(|reader| (Self::PcapNg(reader), 0)));
        }
        FlowLogReader::recognises(head).then(|| Ok((Self::FlowLog(FlowLogReader::open(head)), 0)))
    }

    /// What lies at the beginning of `octets`, behind which the file ends if they are the `last`; `at` is where the next frame will be counted.
    #[inline]
    pub(super) fn step(&mut self, octets: &[u8], log: &mut FaultLog, at: Origin, last: bool) -> Step {
        match self {
            Self::Pcap(reader) => reader.step(octets, log, at),
            Self::PcapNg(reader) => reader.step(octets, log, at),
            Self::FlowLog(reader) => reader.step(octets, log, at, last),
        }
    }

    /// What the report says of it.
    pub(super) fn container(&self) -> Container {
        match self {
            Self::Pcap(reader) => reader.container(),
            Self::PcapNg(reader) => reader.container(),
            Self::FlowLog(reader) => reader.container(),
        }
    }

    /// The link types declared since the last call.
    pub(super) fn new_link_types(&mut self) -> Vec<LinkType> {
        match self {
            Self::Pcap(reader) => reader.new_link_types(),
            Self::PcapNg(reader) => reader.new_link_types(),
            Self::FlowLog(_) => Vec::new(),
        }
    }
}
