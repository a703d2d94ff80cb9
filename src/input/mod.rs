//! In: octets of a capture file, a flow log or of standard input, plain or compressed; datagrams of UDP ports. Out: [`DatagramBatch`]es and
//! a [`FileReport`].
//! Uses `time` and `datagram` of the crate, and `nfcapd` and `flow_tools` for flow files; pcap-parser lives in `capture*` alone, etherparse
//! in this room alone.
//! It knows nothing of NDE but where a message ends: `tcp_stream` must see it (RFC 7011 §10.4), and `flow_log`, which has nothing else.
//!
//! ```text
//! source ─▶ chunk ─▶ capture ─▶ link ─▶ network ─▶ udp ─▶ datagram
//! gzip …    4 MiB    pcap(ng)     ▲        │  ├─▶ tcp ─▶ IPFIX message
//!               │                 └─ tunnel ◀┘  └─▶ fragment ─▶ network
//!               └─▶ flow_log ─▶ datagram
//! socket ─▶ socket_receive ────▶ datagram
//! ```
//!
//! [`DatagramBatch`]: crate::datagram::DatagramBatch
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::unwrap_used, clippy::expect_used))]

mod capture;
mod capture_pcap;
mod capture_pcapng;
mod compression;
mod decap;
mod detect;
mod error;
mod fault;
mod first_time;
mod flow_file;
mod flow_log;
mod flow_log_header;
mod flow_log_v9;
mod fragment;
mod link;
mod link_type;
mod network;
mod opened;
mod options;
mod part;
mod pipe;
mod reader;
mod report;
mod socket;
#[cfg(target_os = "linux")]
mod socket_capture;
mod socket_drops;
#[cfg(target_os = "linux")]
mod socket_group;
#[cfg(target_os = "linux")]
mod socket_linux;
#[cfg(any(not(target_os = "linux"), test))]
mod socket_portable;
mod socket_receive;
mod source;
mod tcp;
mod tcp_stream;
mod tunnel;
mod udp;

pub use compression::Compression;
pub use error::InputError;
pub use fault::{Fault, FaultCause, Severity};
pub use first_time::first_time;
pub use opened::Input;
pub use options::{InputOptions, Location};
pub use report::{Container, FileReport, TableForm};
pub use socket::{ListenError, PortOptions, PortSocket, SocketCounters, open as open_port};
#[cfg(target_os = "linux")]
pub use socket_capture::Device;
pub use socket_drops::kernel_drops;
pub use socket_receive::Receiver;
pub use source::Source;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_files;
#[cfg(test)]
mod tests_flow_log;
#[cfg(test)]
mod tests_fragments;
#[cfg(test)]
mod tests_hostile;
#[cfg(test)]
mod tests_layers;
#[cfg(test)]
mod tests_socket;
#[cfg(test)]
mod tests_tcp;
