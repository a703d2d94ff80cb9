//! In: the octets of a file of flow-tools (flow-capture, flow-cat). Out: its flow records, rewritten as records of v1, v5 or v7
//! ([`Stored`](crate::datagram::Stored) in a batch), so that the one decoder reads them.
//! May use: `time`, `datagram`.
//!
//! ```text
//! header: byte order, stream version, version of the messages, whether the rest is packed with zlib
//! record │ record │ record …                      all of one length, in the order of the header
//! ```
//! Records of v6, of the aggregates of v8, and the tagged ones of version 1005 are refused by name: nothing else here reads those versions.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::unwrap_used))]

mod file;
mod header;
mod inflate;
mod record;

pub use file::FlowFile;
pub use header::Header;
