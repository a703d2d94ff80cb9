//! What was typed for `query`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::FilterArgs;

const AFTER_HELP: &str = "\
Tables:
  flows       one row a flow: the canonical columns and every other element that occurs
  exporters   one row an address, version and observation domain: messages, flows, bytes, losses, first_seen, last_seen, silent_since
  templates   one row a content of a template: fields, first_seen, times_sent, flows, bytes
  fields      one row a field of a template: position, id, pen, name, length, column, feeds (the column of `flows` that it fills)
  problems    one row a kind of problem: severity, code, count, message, where first
  options     one row a value of options data: record, scope, name, value; options_257: one row a record of options template 257
`SHOW TABLES` lists them, `DESCRIBE flows` lists a table's columns. Names know no case; texts stand in 'single quotes'.

Functions beside SQL's own:
  in_net(address, 'net', …)      true if the address is in one of the networks
  net(address, 24)               its network as text; net(address, 24, 48) has another length for IPv6 than 64
  ip_version(address)            4 or 6
  time_bucket('1m', time)        the beginning of its minute; s, m, h, d
  protocol_name(protocol)        TCP for 6; flags_text(tcp_flags): ...A..S. for 18; icmp_name(protocol, icmp_type)

Examples:
  ipfix-inspect query x.pcap 'SELECT src_addr, SUM(bytes) AS b FROM flows GROUP BY src_addr ORDER BY b DESC LIMIT 10'
  ipfix-inspect query x.pcap \"SELECT net(dst_addr, 24) AS net, COUNT(*) FROM flows WHERE in_net(src_addr, '10.0.0.0/8') GROUP BY net\"
  ipfix-inspect query x.pcap @report.sql -o report.csv";

#[derive(Debug, ClapArgs)]
#[command(after_help = AFTER_HELP, override_usage = "ipfix-inspect query [OPTIONS] FILE... 'SELECT …'")]
pub(in crate::cli) struct QueryArgs {
    /// Captures and flow logs, plain or compressed (`-` is standard input), and exported flows (Parquet, Arrow, CSV, ndjson; folders such as
    /// date=2026-11-22 too); the last argument is the SQL, one SELECT, or `@FILE`, a file that holds it
    #[arg(value_name = "FILE... SQL", required = true)]
    pub(in crate::cli) words: Vec<OsString>,

    /// Form of the rows; by default a table on standard output, and in a file by its name (.csv, .json, .ndjson, .parquet, .txt)
    #[arg(long, value_enum)]
    pub(in crate::cli) format: Option<QueryFormat>,

    #[command(flatten)]
    pub(in crate::cli) filter: FilterArgs,

    /// Multiply bytes and packets by the sampling rate, where the exporter tells it
    #[arg(long)]
    pub(in crate::cli) scale: bool,

    /// Show what would be decoded and how the rows would be made, and decode nothing
    #[arg(long)]
    pub(in crate::cli) explain: bool,

    /// Make a file a table: CSV with a header row, Parquet, Arrow IPC or ndjson, by its name; may be given several times. SQL itself
    /// opens no files
    #[arg(long, value_name = "NAME=FILE")]
    pub(in crate::cli) table: Vec<String>,

    /// Where flows that do not fit into memory are kept while the query runs; by default the system's place (TMPDIR)
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) temp_dir: Option<PathBuf>,

    /// Write to a file, which appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Replace an existing output file
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum QueryFormat {
    /// A table for people
    Table,
    /// RFC 4180 with a header row
    Csv,
    /// One array of objects
    Json,
    /// One JSON object a line
    Ndjson,
    /// Parquet
    Parquet,
}
