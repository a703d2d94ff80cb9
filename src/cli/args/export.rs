//! What was typed for `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::FilterArgs;

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// Captures and flow logs, plain or compressed, and exported flows (Parquet, Arrow, CSV, ndjson; folders such as date=2026-11-22 too);
    /// `-` is standard input
    #[arg(value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,

    /// The file to write, which appears when it is complete; its name tells the form (.parquet, .csv, .csv.gz, .csv.zst, .ndjson,
    /// .ndjson.gz, .arrow, .arrows for a stream). `-` is standard output, for CSV, ndjson and an Arrow stream. With --partition-by or
    /// --rows-per-file, a folder
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: PathBuf,

    /// Form of the output, where its name does not tell
    #[arg(long, value_enum)]
    pub(in crate::cli) format: Option<ExportFormat>,

    /// Compression: zstd by default for Parquet, none for the others but by name (.csv.gz)
    #[arg(long, value_enum, value_name = "HOW")]
    pub(in crate::cli) compression: Option<ExportCompression>,

    /// Columns, separated by commas, in place of the canonical ones and every other element that occur (from a pipe: all canonical ones):
    /// names as in `flows`, `canonical`, `all`
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(in crate::cli) columns: Vec<String>,

    /// All canonical columns, those that do not occur too, and every other element that occurs: the same columns for every capture
    #[arg(long, conflicts_with = "columns")]
    pub(in crate::cli) all_columns: bool,

    /// Columns to leave out
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(in crate::cli) exclude: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) filter: FilterArgs,

    /// Multiply bytes and packets by the sampling rate, where the exporter tells it. CSV and ndjson, which can't say that they were multiplied,
    /// are then without `sampling_interval`, unless --columns names it
    #[arg(long)]
    pub(in crate::cli) scale: bool,

    /// Names in place of numbers, in CSV and ndjson: protocol, TCP flags, ICMP type and code, DSCP, reasons, events
    #[arg(long)]
    pub(in crate::cli) names: bool,

    /// Stop after so many flows
    #[arg(long, value_name = "N")]
    pub(in crate::cli) limit: Option<u64>,

    /// Unit of times in Parquet and Arrow, by default microseconds, which DuckDB, pandas, ClickHouse and Spark read without a cast; Spark
    /// refuses nanoseconds. What is below the unit is cut off
    #[arg(long, value_enum, value_name = "UNIT")]
    pub(in crate::cli) time_unit: Option<ExportTimes>,

    /// Addresses in Parquet and Arrow: as text, the default, or as 4 or 16 octets
    #[arg(long, value_enum, value_name = "FORM")]
    pub(in crate::cli) addresses: Option<ExportAddresses>,

    /// A dataset: a folder for every value of these columns, as Hive names them (`date=2026-11-22/exporter=192.0.2.1/part-00000.parquet`).
    /// Any column, and `date` and `hour` of the flow's start in UTC, of a flow without one those of `received`. The columns are then in the
    /// names and not in the files; those of text, for which a name may be too short, are in both
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(in crate::cli) partition_by: Vec<String>,

    /// A dataset: files of at most so many flows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) rows_per_file: Option<u64>,

    /// Partitions of a dataset, by default 10,000; more are an error
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub(in crate::cli) max_partitions: Option<usize>,

    /// Replace an existing output
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportFormat {
    /// Apache Parquet: row groups of about 262,144 flows, with statistics
    Parquet,
    /// RFC 4180 with a header row
    Csv,
    /// One JSON object a line
    Ndjson,
    /// Apache Arrow IPC: a file, and a stream on standard output
    Arrow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportCompression {
    /// All forms
    Zstd,
    /// Parquet
    Snappy,
    /// All forms
    Lz4,
    /// Parquet, CSV and ndjson
    Gzip,
    /// No compression
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportTimes {
    /// Milliseconds
    Ms,
    /// Microseconds
    Us,
    /// Nanoseconds
    Ns,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportAddresses {
    /// Dotted IPv4, RFC 5952 IPv6
    Text,
    /// 4 or 16 octets
    Binary,
}
