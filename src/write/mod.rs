//! In: finished flow batches. Out: their rows as CSV, newline-delimited JSON, Parquet or Arrow, in files that appear only when they are
//! complete. A [`RowWriter`], a [`ParquetForm`] or an [`ArrowFiles`] encodes batches on the workers, a sink puts what they made one after
//! the other into a [`TargetFile`], a stream, or the many files of a [`DatasetTarget`].
//! May use: `time`, `datagram`, `element`, `message`, `plan`, `column`, `collector`.

mod address;
mod arrow;
mod cell;
mod columnar;
mod compressed;
mod digits;
mod files;
mod format;
mod line;
mod named;
mod parquet;
mod part_file;
mod pool;
mod provenance;
mod quote;
mod rows;
mod sink;
mod target;

pub use arrow::{ArrowFile, ArrowFiles, array, arrow_type, context_array};
pub use cell::{write_cell, write_context};
pub use columnar::{AddressForm, ColumnarOptions, Compression, TimeUnit};
pub use compressed::{TextFile, TextFiles, TextPiece};
pub use files::{
    Content, DatasetError, DatasetOptions, DatasetSink, DatasetTarget, FileSink, Form, FormFile, NO_VALUE, PartitionKey, Partitioning,
    RotatingSink, Share, Shares, TooMany, Written,
};
pub use format::Format;
pub use named::{has_names, write_named};
pub use parquet::{ParquetFiles, ParquetForm, ParquetSink, ROW_GROUP_ROWS, RowGroup};
pub use part_file::PartFile;
pub use provenance::{FLOWS_SCHEMA, Provenance, SCHEMA_KEY, SOURCES_KEY, VERSION_KEY};
pub use rows::{RowWriter, TextPart};
pub use sink::TextSink;
pub use target::{TargetError, TargetFile};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_sink;
