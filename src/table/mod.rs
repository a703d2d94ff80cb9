//! In: flow batches. Out: polars data frames, column for column; the rows that a filter wants.
//! May use: `time`, `element` (names of values), `plan`, `column`, `collector` (a filter before a digest), `write` (columns as arrays).

mod filter;
mod frame;

pub use filter::{Filter, FilterError, Filtered, ReadList, Selection};
pub use frame::data_frame;
