//! In: the payload of a datagram. Out: [`Message`]s, their [`Set`]s or fixed records and their template records, borrowed.
//! It keeps no state and allocates only the field list of a template record.
//! May use `time`.
//!
//! The walk follows lengths, never counts: a Message is cut to its Length, a Set to its length, a template record to its extent
//! before the inner reader sees it. Each turn of every loop here consumes at least four octets or ends the walk.
//!
//! ```
//! use ipfix_inspect::message::{Body, SetKind, kind, messages, template_records};
//!
//! // An IPFIX message of one template Set: template 256 with sourceIPv4Address and octetDeltaCount.
//! let payload = [
//!     0, 10, 0, 32, 0x65, 0x53, 0xf1, 0, 0, 0, 0, 0, 0, 0, 0, 1, // header
//!     0, 2, 0, 16, 1, 0, 0, 2, 0, 8, 0, 4, 0, 1, 0, 8, // Set 2
//! ];
//! let mut ids = Vec::new();
//! for message in messages(&payload, 0) {
//!     let message = message?;
//!     let Body::Sets(sets) = message.body else { continue };
//!     for set in sets {
//!         let set = set?;
//!         for record in template_records(&set, kind(message.header.version, set.id)) {
//!             ids.push(record?.id);
//!         }
//!     }
//! }
//! assert_eq!(ids, [256]);
//! # Ok::<(), ipfix_inspect::message::Malformed>(())
//! ```
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::unwrap_used, clippy::expect_used))]

mod field;
mod fixed;
mod header;
mod malformed;
mod other;
mod reader;
mod recognise;
mod set;
mod template_record;

#[cfg(test)]
mod build;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod real;

pub use field::{FieldSpecifier, Role, VARIABLE_LENGTH, variable_length};
pub use fixed::Records;
pub use header::{Header, Sampling, Version, sampled_v5};
pub use malformed::{Cause, Limit, Malformed, Part};
pub use other::Other;
pub use reader::{Body, Message, Messages, messages};
pub use recognise::{NotNde, Reason, Trust, recognise};
pub use set::{Set, SetKind, Sets, TemplateFormat, kind};
pub use template_record::{TemplateFamily, TemplateKind, TemplateRecord, TemplateRecords, template_records};
