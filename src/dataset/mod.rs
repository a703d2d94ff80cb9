//! In: files of flows that were written as a table: Parquet, Arrow IPC, CSV, ndjson, in folders by `key=value` or not.
//! Out: [`Work`](crate::collector::Work) whose loading the workers do, and what the files say of their columns.
//! May use: `time`, `datagram`, `element`, `input` (octets, reports, faults), `message`, `plan`, `column`, `collector`, `write` (for what it writes into files and folders beside the rows).
//!
//! ```text
//!              ┌─ row group, record batch ─▶ piece: a column decoded once, by whoever needs it first ─┐
//! StoredFile ──┤                                                                                       ├─▶ FlowBatch
//!              └─ lines of text ───────────▶ rows, cells ─────────────────────────────────────────────┘
//! ```
//!
//! Only the columns that are asked for are read. Memory does not depend on the size of a file: row groups are read in pieces, and a piece
//! lives as long as one of its batches is under way.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod array;
mod arrow;
mod assemble;
mod cell;
mod columns;
mod csv_rows;
mod decimal;
mod error;
mod faults;
mod file;
mod form;
mod guard;
mod lines;
mod message;
mod ndjson;
mod pages;
mod parquet;
mod partition;
mod piece;
mod scaling;
mod sound;
mod sources;

pub use columns::{StoredColumn, all_columns};
pub use error::DatasetError;
pub use faults::Faults;
pub use file::{Reading, StoredFile};
pub use form::is_table;
pub use partition::is_partition;
pub use scaling::Scaling;
pub use sound::{contradiction, damage};
pub use sources::Sources;
