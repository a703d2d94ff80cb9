//! In: finished flow batches. Out: their rows as CSV or newline-delimited JSON, in a file that appears only when it is complete.
//! A [`RowWriter`] makes text of batches on the workers, a [`TextSink`] puts the texts one after the other into a [`TargetFile`] or a stream.
//! May use: `time`, `datagram`, `element`, `message`, `plan`, `column`, `collector`.

mod address;
mod cell;
mod columnar;
mod digits;
mod format;
mod line;
mod named;
mod parquet;
mod pool;
mod provenance;
mod quote;
mod rows;
mod sink;
mod target;

pub use cell::{write_cell, write_context};
pub use columnar::{AddressForm, ColumnarOptions, Compression, TimeUnit};
pub use format::Format;
pub use named::{has_names, write_named};
pub use parquet::{ParquetForm, ParquetSink, ROW_GROUP_ROWS, RowGroup};
pub use provenance::{FLOWS_SCHEMA, Provenance, SCHEMA_KEY, SOURCES_KEY, VERSION_KEY};
pub use rows::{RowWriter, TextPart};
pub use sink::TextSink;
pub use target::{TargetError, TargetFile};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_sink;
