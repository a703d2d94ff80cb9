//! In: the octets of a flow file of nfdump (nfcapd, nfpcapd; layout 2 of 1.7, layout 1 of 1.6). Out: its flow records where they
//! lie, with the Information Elements that their parts are ([`Stored`](crate::datagram::Stored) in a batch), so that the one decoder reads them.
//! May use: `time`, `datagram`.
//!
//! ```text
//! block header, 12             record header, 12 (layout 2)     element (layout 2)
//! 0 records                    0 type      2 size               0 type  2 length, 4 included
//! 4 octets that follow         4 elements  6 engine 2×1         4 …
//! 8 type (3; layout 1: 2)      8 exporter 10 flags
//! 10 flags (1: plain)         11 version of the message
//! ```
//! Everything is little-endian here: nfdump writes the order of its machine, and files of big-endian ones are refused by name.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::unwrap_used))]

mod absent;
mod block;
mod file;
mod form;
mod header;
mod layout1;
mod lzo;
mod part;
mod record;
mod scan;
mod unpack;

pub use block::Packing;
pub use file::{Damage, FlowFile};
pub use header::{Header, Layout};
