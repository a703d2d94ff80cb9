//! One datagram on its way from an input to the collector: who sent it to whom, when, where it was found, and its payload.
//!
//! In: nothing. Out: [`Datagram`] and [`DatagramBatch`], the contract between inputs and the collector. Uses `time`.

mod chunk;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

pub(crate) use chunk::Chunks;

use crate::time::{Timestamp, UptimeClock};

/// One end of a transport session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The IP address.
    pub addr: IpAddr,
    /// The UDP or TCP port; 0 where a flow log does not know it.
    pub port: u16,
}

impl Endpoint {
    /// The end that a flow log does not know: the unspecified address, port 0.
    pub const UNKNOWN: Self = Self { addr: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0 };

    /// Its address, unless it is one that nobody can send from: [`Endpoint::UNKNOWN`]'s.
    pub fn known_addr(&self) -> Option<IpAddr> {
        known(self.addr)
    }
}

/// An address, unless it is the unspecified one, which stands for an unknown one.
pub fn known(addr: IpAddr) -> Option<IpAddr> {
    (!addr.is_unspecified()).then_some(addr)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addr {
            IpAddr::V4(a) => write!(f, "{a}:{}", self.port),
            IpAddr::V6(a) => write!(f, "[{a}]:{}", self.port),
        }
    }
}

/// How the message travelled: the rules for template withdrawals depend on it (RFC 7011 §8.1, §8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// A UDP datagram.
    Udp,
    /// One IPFIX message out of a TCP stream.
    Tcp,
    /// A message of a flow log (RFC 5655).
    File,
}

/// Where a datagram was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Number of the input file, from 0, in the order of the command line.
    pub file: u32,
    /// Number of the frame in its file as Wireshark counts, from 1; the last fragment's for a reassembled datagram; in a flow log the message's
    /// number, from 1; 0 where there is neither.
    pub frame: u64,
}

/// One datagram; its octets lie in the batch that holds it.
#[derive(Clone, Copy, Debug)]
pub struct Datagram {
    /// Number of the datagram in the run, from 0, NDE or not.
    pub index: u64,
    /// When the capture saw it (the last fragment of a reassembled one); `None` where the container does not say (a pcapng simple packet block).
    pub time: Option<Timestamp>,
    /// Who sent it.
    pub exporter: Endpoint,
    /// Whom it was sent to.
    pub collector: Endpoint,
    /// How it travelled.
    pub transport: Transport,
    /// Where it was found.
    pub origin: Origin,
    /// Which of the batch's buffers holds the payload.
    pub buffer: u32,
    /// Where the payload begins in that buffer.
    pub start: u32,
    /// How many octets of the payload are there.
    pub length: u32,
    /// How many more octets the IP and UDP headers announce, which the capture's snapshot length cut off.
    pub missing: u32,
}

/// Datagrams that share buffers: no allocation for each datagram, and the octets go on to other threads without a copy.
#[derive(Clone, Debug, Default)]
pub struct DatagramBatch {
    /// The octets; the first buffer is mostly a stretch of the capture, further ones hold reassembled datagrams.
    pub buffers: Vec<Arc<Vec<u8>>>,
    /// The datagrams in the order of the capture.
    pub datagrams: Vec<Datagram>,
    /// Flows out of files that hold no messages, in the order of the file.
    pub stored: Vec<Stored>,
}

/// How stored records are laid out.
#[derive(Clone, Debug)]
pub enum Shape {
    /// As in the messages of their version, which is v1, v5 or v7.
    Fixed,
    /// As the program that stored them likes. What is laid out in the same way has the same pointer, so that it is compared at once.
    Fields(Arc<StoredLayout>),
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fixed, Self::Fixed) => true,
            (Self::Fields(a), Self::Fields(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Eq for Shape {}

impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Fixed => 0usize.hash(state),
            Self::Fields(layout) => Arc::as_ptr(layout).hash(state),
        }
    }
}

/// Where the Information Elements of stored records lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLayout {
    /// Octets of a record; of what comes before the fields of variable length, where it has such.
    pub stride: u32,
    /// The fields, in the order of a Data Record that would hold the same. Those of variable length are the last ones, and stand after the
    /// record's other octets as in IPFIX, with a length of three octets (RFC 7011 §7).
    pub fields: Vec<StoredField>,
}

/// One field of stored records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredField {
    /// Enterprise number of the element; 0 for IANA's.
    pub pen: u32,
    /// Its id.
    pub id: u16,
    /// Its octets in a Data Record; 65535 for a field of variable length.
    pub length: u16,
    /// Where it begins in the stored record.
    pub offset: u16,
    /// How it is stored.
    pub take: Take,
}

/// How the octets of a stored field become those of a Data Record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// A little-endian number, its low octets; 16 octets are two numbers of 8, the higher first.
    Number,
    /// Little-endian numbers of 4 octets one after another.
    Words,
    /// As they are.
    Octets,
    /// Little-endian milliseconds, of which 0 is no time.
    Millis,
    /// Little-endian microseconds in 8 octets, of which the whole seconds.
    Seconds,
    /// The microseconds beyond them.
    Micros,
}

/// Flows that some program has stored without their messages: records, one after another, of one exporter.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Who exported them; unspecified where the file does not say.
    pub exporter: IpAddr,
    /// Observation domain or v5 engine, where the file says.
    pub domain: Option<u32>,
    /// The version of the messages that they came in; 0 where the file does not say.
    pub version: u16,
    /// When the program received them.
    pub received: Option<Timestamp>,
    /// What up-time stamps in the records count by.
    pub clock: Option<UptimeClock>,
    /// Where they were found.
    pub origin: Origin,
    /// How the records are laid out.
    pub shape: Shape,
    /// Which of the batch's buffers holds the records.
    pub buffer: u32,
    /// Where the first one begins in that buffer.
    pub start: u32,
    /// The octets of all of them.
    pub length: u32,
    /// How many there are.
    pub rows: u32,
}

impl Stored {
    /// True if the other's records can follow in the same run.
    pub fn goes_on_with(&self, other: &Self) -> bool {
        let of = |s: &Self| (s.exporter, s.domain, s.version, s.received, s.clock, s.buffer);
        of(self) == of(other) && self.shape == other.shape && self.start.checked_add(self.length) == Some(other.start)
    }
}

impl DatagramBatch {
    /// The octets of one of the batch's datagrams.
    pub fn payload(&self, datagram: &Datagram) -> &[u8] {
        let start = datagram.start as usize;
        self.buffers.get(datagram.buffer as usize).and_then(|b| b.get(start..start + datagram.length as usize)).unwrap_or(&[])
    }
}
