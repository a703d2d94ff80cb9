//! From batches to files: one file, or a dataset of many, in whatever form.
//!
//! ```text
//! FlowBatch ── Shares (workers) ──▶ pieces, or rows where they are few ── FileSink, DatasetSink ──▶ files
//! ```
//!
//! A [`Form`] encodes batches and writes what it encoded. Where a batch has many rows for a file, the workers encode it; where it has
//! few, because a filter or the partitions left few, its rows go to the sink, which puts them together first.

mod dataset;
mod form;
mod gather;
mod partition;
mod rotating;
mod shares;
mod single;

pub use dataset::{DatasetError, DatasetOptions, DatasetSink, DatasetTarget, Written};
pub use form::{Form, FormFile};
pub use partition::{NO_VALUE, PartitionKey, Partitioning, TooMany};
pub use rotating::RotatingSink;
pub use shares::{Content, Share, Shares};
pub use single::FileSink;
