//! In: the text of a configuration file. Out: a [`Config`], whose flow sources have all their values, or every fault of the file with its
//! line and column; and the same text with a flow source put in or taken out.
//! May use: `message` (versions), `plan` (the nearest of some names), `audit` (names of profiles). It opens no file: `cli` finds and reads it.
//!
//! ```toml
//! [[collector]]                          # a collector that flows are meant for
//! name = "qradar-1"
//! address = "192.0.2.50"                 # host or address; may be left out
//! profile = "qradar"                     # what it asks of templates: a built-in profile or a TOML file; "strm" if left out
//!
//! [[source]]                             # a flow source; only the name is needed
//! name = "default_Netflow"
//! target_collector = "qradar-1"          # a collector by name; "" for none
//! type = "netflow"                       # v1, v5, v7, v9 and IPFIX; or some of them: ["v9", "ipfix"]
//! asymmetric = false                     # traffic and its answers may pass different exporters
//! monitoring_interface = "any"           # or a device: "eth1"
//! source_file_path = "captures/"         # a capture, a flow log, a folder or a pattern; from the folder of this file
//! monitoring_port = 2055                 # if left out, 2055 for the first source, for each further one the next port up
//! forwarding = { enabled = true, port = 1025, destinations = ["192.0.2.51", "collector.example:9995"], spoof = false }
//! allow = ["192.0.2.0/24", "2001:db8::1"]  # exporters that are listened to; all if left out or empty
//! record = { directory = "record", rotate = "1h", compression = "zstd" }   # or the directory alone
//! export = { directory = "flows", format = "parquet", rotate = "5m,aligned" } # or the directory alone
//!
//! [[source]]
//! name = "edge"
//! from = "default_Netflow"               # its values, but for what stands here; the name and the port are never taken over
//! monitoring_port = 9995
//! ```
//!
//! Without a file, and in one without a flow source, there is one, [`DEFAULT_SOURCE`], with the default of every value.
//! It can be built from even where a file has others.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::unwrap_used, clippy::expect_used))]

mod address;
mod edit;
mod fault;
mod keep;
mod raw;
mod resolve;
mod source;

pub use address::{Destination, Host, destination, exporters, host};
pub use edit::{Change, EditError, Edited, add, remove};
pub use fault::{ConfigFault, ConfigFaults};
pub use keep::{Compression, Export, ExportFormat, Record, Rotation};
pub use resolve::read;
pub use source::{Collector, Config, FlowSource, Forwarding, Interface, Setting, Types, WhereFrom};

#[cfg(test)]
mod tests;

/// The flow source that there is without any configuration.
pub const DEFAULT_SOURCE: &str = "default_Netflow";
/// Where the first flow source listens, unless it says another.
pub const DEFAULT_PORT: u16 = 2055;
/// Where datagrams are forwarded to, unless the flow source or the destination says another.
pub const DEFAULT_FORWARDING_PORT: u16 = 1025;
/// What a collector asks of templates, unless it says another.
pub const DEFAULT_PROFILE: &str = "strm";
