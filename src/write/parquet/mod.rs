//! Flows as Apache Parquet: a [`ParquetForm`] makes row groups of batches on the workers, a [`ParquetSink`] writes them one after the other.
//!
//! Columns are encoded straight from the batches, without a detour over arrays of another library; `polars_parquet` has the file's
//! framing. Pages are of version 1, compressed each for itself.
//!
//! | kind | Parquet |
//! |---|---|
//! | unsigned integers | INT32 with UINT_8, UINT_16, UINT_32; INT64 with UINT_64 |
//! | signed integers, floats, booleans | INT64, DOUBLE, BOOLEAN |
//! | times | INT64 with TIMESTAMP, adjusted to UTC, in microseconds unless asked otherwise (see [`TimeUnit`](super::TimeUnit)) |
//! | addresses | STRING, or octets without a logical type |
//! | MAC addresses, octets, text, lists | STRING: as in CSV, octets in hexadecimal digits, lists as JSON text, for their shape varies |
//!
//! A column has one type in a file, whatever its templates say. Integers of an element of its own are 64 bits wide and fit every width on
//! the wire; a canonical column has the width of what it means. A field whose length its element's type can't have (an IPv4 address in
//! 2 octets) is no value of that column: it is one of octets under the element's number.

mod bits;
mod chunk;
mod context;
mod delta;
mod distinct;
mod files;
mod group;
mod sink;
mod types;

pub use files::ParquetFiles;
pub use group::{ParquetForm, ROW_GROUP_ROWS, RowGroup};
pub use sink::ParquetSink;

#[cfg(test)]
mod tests;
