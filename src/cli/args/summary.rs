//! `summary`: what flows add up to.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{DisplayArgs, FilterArgs, duration};

#[derive(Debug, Args)]
pub(in crate::cli) struct SummaryArgs {
    /// Captures and flow logs, plain or compressed, and exported flows (Parquet, Arrow, CSV, ndjson; folders such as date=2026-11-22 too);
    /// `-` is standard input
    #[arg(value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,

    /// Group flows by columns, separated by commas: canonical ones (src_addr, dst_port, protocol, application, exporter, in_if, …), any
    /// Information Element by name, and networks of addresses: src_net/24, dst_net/64, src_net/24/48 for IPv4 and IPv6. A number up to 32
    /// is the prefix length of IPv4, a greater one of IPv6; the other family is then grouped by /24 or /64. Without it, and without
    /// --every, a page of totals and the first groups by what is asked most
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(in crate::cli) by: Vec<String>,

    /// Groups to show; 10 with --by, 5 of each kind on the page, with --every of each interval
    #[arg(long, value_name = "N")]
    pub(in crate::cli) top: Option<usize>,

    /// Which groups come first
    #[arg(long, value_enum, value_name = "BY", default_value_t = OrderArg::Bytes)]
    pub(in crate::cli) order: OrderArg,

    /// Sums for each interval: 1s, 10s, 1m, 1h, 1d. Intervals begin at whole multiples, in UTC
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(in crate::cli) every: Option<i64>,

    /// Which interval a flow's bytes and packets belong to
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = CountAt::Spread)]
    pub(in crate::cli) count_at: CountAt,

    #[command(flatten)]
    pub(in crate::cli) filter: FilterArgs,

    /// Multiply bytes and packets by the sampling rate, where the exporter tells it
    #[arg(long)]
    pub(in crate::cli) scale: bool,

    /// Names in place of numbers in CSV and JSON, and names of interfaces beside their numbers; tables have them
    #[arg(long)]
    pub(in crate::cli) names: bool,

    /// Groups that are kept in memory, by default as many as take 160 MB; the others go to temporary files (in TMPDIR), and the sums stay
    /// exact
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_groups: Option<usize>,

    /// Form; by default a table on standard output, and in a file by its name (.csv, .json, .md, .txt)
    #[arg(long, value_enum)]
    pub(in crate::cli) format: Option<SummaryFormat>,

    /// Write to a file, which appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Replace an existing output file
    #[arg(long)]
    pub(in crate::cli) force: bool,

    // Last, since its heading would hold for what follows.
    #[command(flatten)]
    pub(in crate::cli) display: DisplayArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum OrderArg {
    /// Those with the most octets
    Bytes,
    /// Those with the most packets
    Packets,
    /// Those with the most flows
    Flows,
    /// Those with the most bits a second, from their first flow's start to their last one's end
    Bps,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CountAt {
    /// Evenly from the flow's start to its end; the flow itself counts where it starts
    Spread,
    /// All to the interval in which the flow starts
    Start,
    /// All to the interval in which the flow ends
    End,
    /// All to the interval in which the flow's datagram was received
    Received,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SummaryFormat {
    /// For people
    Table,
    /// RFC 4180 with a header row: one table, by --by or --every
    Csv,
    /// For programs: a versioned schema
    Json,
    /// For a ticket
    Markdown,
}
