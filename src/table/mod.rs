//! In: flow batches. Out: polars data frames, column for column.
//! May use: `time`, `plan`, `column`.

mod frame;

pub use frame::data_frame;
