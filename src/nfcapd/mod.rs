//! In: the octets of a flow file of nfdump 1.7 (nfcapd, nfpcapd, layout 2). Out: its flow records, rewritten as Data Records of
//! Information Elements ([`Stored`](crate::datagram::Stored) in a batch), so that the one decoder reads them.
//! May use: `time`, `datagram`.
//!
//! ```text
//! file header, 40 octets            block header, 12        record header, 12          element
//!  0 magic 0xA50C   2 layout (2)     0 records               0 type      2 size         0 type  2 length, 4 included
//!  4 nfdump version 8 created        4 octets that follow    4 elements  6 engine 2×1   4 …
//! 16 compression   17 encryption     8 type (3: records)     8 exporter 10 flags
//! 18 appendix blocks 24 their offset 10 flags (1: plain)     11 version of the message
//! 32 block size    36 blocks
//! ```
//! Everything is little-endian here: nfdump writes the order of its machine, and files of big-endian ones are refused by name.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::unwrap_used))]

mod block;
mod file;
mod lzo;
mod record;
mod shape;

pub use block::Packing;
pub use file::{Damage, FlowFile, Header};
pub use shape::{Element, elements};
