//! What is known of an input beside its datagrams: the container, the counts and the faults.

use std::fmt;

use super::compression::Compression;
use super::fault::Fault;
use crate::time::Timestamp;
use crate::{flow_tools, nfcapd};

/// The form of a file of flows that were decoded and written before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableForm {
    /// Apache Parquet.
    Parquet,
    /// An Arrow IPC file, which Feather 2 is as well.
    ArrowFile,
    /// An Arrow IPC stream.
    ArrowStream,
    /// Comma-separated values with the columns' names in the first line.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl fmt::Display for TableForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Parquet => "Parquet",
            Self::ArrowFile => "Arrow IPC file",
            Self::ArrowStream => "Arrow IPC stream",
            Self::Csv => "CSV",
            Self::Ndjson => "ndjson",
        })
    }
}

/// The kind of file around the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// The classic format of libpcap.
    Pcap {
        /// Whether its numbers are big-endian.
        big_endian: bool,
        /// Whether its times count nanoseconds instead of microseconds.
        nanoseconds: bool,
        /// Whether it is Kuznetzov's variant with 24 octets of record header.
        modified: bool,
    },
    /// pcapng.
    PcapNg {
        /// Whether the first section is big-endian; further sections may differ.
        big_endian: bool,
        /// Sections seen so far.
        sections: u32,
        /// Interfaces described so far, in all sections.
        interfaces: u32,
    },
    /// A flow log of IPFIX messages alone (RFC 5655).
    IpfixFile,
    /// A flow log of NDE messages, not all of them IPFIX.
    Messages,
    /// A flow log of v5 messages that take 1464 octets each, whatever their count.
    PaddedV5,
    /// A flow file of nfcapd or nfpcapd.
    Nfcapd(nfcapd::Header),
    /// A file of flow-tools.
    FlowTools(flow_tools::Header),
    /// Flows that were exported: a table of typed columns.
    Table(TableForm),
}

impl Container {
    /// True where messages stand without frames around them: nobody saw them arrive, or come from anywhere.
    pub fn is_flow_log(self) -> bool {
        matches!(self, Self::IpfixFile | Self::Messages | Self::PaddedV5)
    }

    /// True where flows stand without messages around them.
    pub fn is_flow_file(self) -> bool {
        matches!(self, Self::Nfcapd(_) | Self::FlowTools(_) | Self::Table(_))
    }

    /// What its records are called.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Table(_) => "row",
            _ if self.is_flow_log() => "message",
            _ => "frame",
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Nfcapd(nfcapd::Header { packing, nfdump: (major, minor), .. }) => {
                write!(f, "flow file of nfdump {major}.{minor}")?;
                if packing == nfcapd::Packing::Plain { Ok(()) } else { write!(f, ", {packing} blocks") }
            }
            Self::FlowTools(flow_tools::Header { big_endian, stream, version, zlib, .. }) => {
                write!(f, "flow-tools file of v{version}, stream version {stream}, {}", order(big_endian))?;
                if zlib { f.write_str(", zlib") } else { Ok(()) }
            }
            Self::Pcap { big_endian, nanoseconds, modified } => {
                let kind = if modified { "modified pcap" } else { "pcap" };
                let unit = if nanoseconds { "nanoseconds" } else { "microseconds" };
                write!(f, "{kind}, {}, {unit}", order(big_endian))
            }
            Self::PcapNg { big_endian, sections, interfaces } => {
                write!(f, "pcapng, {}", order(big_endian))?;
                if sections > 1 {
                    write!(f, ", {sections} sections")?;
                }
                write!(f, ", {interfaces} interface{}", if interfaces == 1 { "" } else { "s" })
            }
            Self::Table(form) => write!(f, "exported flows, {form}"),
            Self::IpfixFile => f.write_str("IPFIX file"),
            Self::Messages => f.write_str("flow log of NDE messages"),
            Self::PaddedV5 => f.write_str("flow log of v5 messages in 1464 octets each"),
        }
    }
}

fn order(big_endian: bool) -> &'static str {
    if big_endian { "big-endian" } else { "little-endian" }
}

/// The account of one input; complete when the input has ended.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// The file as it was named, or `standard input`.
    pub name: String,
    /// The kind of file, after decompression.
    pub container: Container,
    /// The compression around it.
    pub compression: Option<Compression>,
    /// A second compression inside the first.
    pub inner_compression: Option<Compression>,
    /// The link types its headers declare, by tcpdump's names, in order of appearance.
    pub link_types: Vec<String>,
    /// Octets of the capture read so far, after decompression.
    pub octets: u64,
    /// Flow records, where the file holds flows and no frames.
    pub stored: u64,
    /// Frames, with those that could not be read; 0 in a flow log.
    pub frames: u64,
    /// UDP datagrams handed on, reassembled ones included; the messages of a flow log.
    pub datagrams: u64,
    /// IPFIX messages handed on out of TCP streams.
    pub tcp_messages: u64,
    /// The earliest time of a frame; in a flow log, of a message's export.
    pub first: Option<Timestamp>,
    /// The latest time of a frame; in a flow log, of a message's export.
    pub last: Option<Timestamp>,
    /// What was found wrong or left aside, a cause each, in order of first appearance.
    pub faults: Vec<Fault>,
}

impl FileReport {
    /// An account that has everything to come.
    pub fn new(name: String, container: Container, compression: [Option<Compression>; 2]) -> Self {
        let [compression, inner_compression] = compression;
        Self {
            name,
            container,
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
        }
    }
}
