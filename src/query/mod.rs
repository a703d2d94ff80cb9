//! In: a text of SQL, flow batches, and what a run has counted. Out: rows, in batches of data frames, or why there are none.
//! May use: `time`, `datagram`, `element`, `message`, `template`, `plan`, `column`, `collector`, `dataset` (whether a file is sound), `write`, `table`, `audit`,
//! `summary`.
//!
//! ```text
//! SQL ──▶ Sql: one statement, only asking ──▶ results named, names spelled, arithmetic widened ──▶ polars ──▶ rows, in batches
//!         (statement: what it touches)        (naming, rewrite)                                    (engine)
//! batches ── FlowFrames ──▶ Parquet in memory while it is small, else in a file without a name ──▶ the table `flows`
//! counts  ── tables ──▶ `exporters`, `templates`, `fields`, `problems`
//! options ── OptionFrames ──▶ `options`, `options_257` …
//! ```
//!
//! The tables are what was captured: they can be asked, and nothing else. SQL opens no files: a file becomes a table by the user's word
//! alone.

mod engine;
mod error;
mod functions;
mod gather;
mod naming;
mod net;
mod numbers;
mod options;
mod output;
mod rewrite;
mod shown;
mod statement;
mod stored;
mod tables;
mod user_table;

pub use engine::{Answer, Engine, Rows};
pub use error::QueryError;
pub use gather::{FlowFrames, FlowPart, FlowStore, GatherError};
pub use options::{OptionError, OptionFrames, OptionPart, OptionStore};
pub use output::{Output, RowsForm};
pub use shown::{Batch, ShownColumn, shown, shown_without_rows};
pub use statement::{Sql, Touched};
pub use tables::{Facts, Table, TableSet, empty_tables};
