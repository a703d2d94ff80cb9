//! What was typed after `conversations`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{DisplayArgs, FilterArgs, nanos};

const AFTER_HELP: &str = "\
Two flows belong together if their addresses, ports and protocol are the same or reversed and not more than --window lies between them;
requests and replies of ICMP pair by type. Bidirectional records are whole conversations.

Columns: first last duration_ms client_addr client_port server_addr server_port protocol icmp_type ways client_bytes server_bytes
client_packets server_packets client_flags server_flags client_flows server_flows folded began across exporters client_first
client_last server_first server_last client_in_if client_out_if server_in_if server_out_if. The client is the end that began; `began` tells
by what that was decided: TCP flags, type of ICMP, the record's biflowDirection, time, or port. `across` tells that the other
direction is at other interfaces or exporters.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct ConversationsArgs {
    /// Captures and flow logs, plain or compressed, and exported flows; `-` is standard input. Several captures are read one after another by their first times: merge
    /// captures of the same hours before (mergecap), so that their flows meet
    #[arg(value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,

    /// Form of the rows; by default a table on standard output, and CSV or ndjson in a file, by its name. `json` is the summary's, with
    /// --summary
    #[arg(long, value_enum)]
    pub(in crate::cli) format: Option<ConversationsFormat>,

    /// The summary: how much is one-way by exporter and interface, and so whether the collector needs its asymmetric setting. Without -o
    /// it takes the place of the rows; with -o they go into the file and it is shown
    #[arg(long)]
    pub(in crate::cli) summary: bool,

    /// Columns, separated by commas, or `all`
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(in crate::cli) columns: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) filter: FilterArgs,

    /// Pair across exporters and interfaces, as STRM and QRadar do with "Enable Asymmetric Flows"; by default the two directions have to
    /// come from one exporter, in at the interface where the other goes out. With --source, the flow source's setting
    #[arg(long)]
    pub(in crate::cli) asymmetric: bool,

    /// How far apart flows of a conversation may be: 0s, 6s, 1m
    #[arg(long, value_name = "TIME", default_value = "6s", value_parser = nanos)]
    pub(in crate::cli) window: i64,

    /// What is left out as counted twice
    #[arg(long, value_enum, value_name = "BY", default_value_t = DeduplicateBy::Source)]
    pub(in crate::cli) deduplicate: DeduplicateBy,

    /// How long a conversation waits for flows after the latest one arrived: the longest active timeout of the exporters
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = nanos)]
    pub(in crate::cli) horizon: i64,

    /// Conversations that may be open at a time, at some 250 octets each; beyond it those that wait longest are closed, and the summary
    /// says so
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub(in crate::cli) max_open: usize,

    /// Only conversations of which both directions were seen, or one
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(in crate::cli) ways: Option<WaysShown>,

    /// Put them in order, the most or the earliest first; without it they come as they end
    #[arg(long, value_enum, value_name = "BY")]
    pub(in crate::cli) order: Option<OrderBy>,

    /// At most so many conversations; with --order 100,000 unless told
    #[arg(long, value_name = "N")]
    pub(in crate::cli) limit: Option<u64>,

    #[command(flatten)]
    pub(in crate::cli) display: DisplayArgs,

    /// Multiply bytes and packets by the sampling rate, where the exporter tells it
    #[arg(long)]
    pub(in crate::cli) scale: bool,

    /// Names in place of numbers in CSV and ndjson: protocol, TCP flags, ICMP type; the table has them
    #[arg(long)]
    pub(in crate::cli) names: bool,

    /// Write to a file, which appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Replace an existing output file
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ConversationsFormat {
    /// A table for people, and the summary below it
    Table,
    /// Comma-separated values with a header
    Csv,
    /// One JSON object a line
    Ndjson,
    /// One JSON object: the summary
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DeduplicateBy {
    /// A direction counted by several exporters, or on its way in and out: the one that counted most. Records sent twice as well
    Source,
    /// A record that an exporter sends again with the same times and counters
    Record,
    /// Nothing
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum WaysShown {
    /// Both directions
    Both,
    /// One direction
    OneWay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum OrderBy {
    /// The earliest first packet
    First,
    /// The latest last packet
    Last,
    /// Octets of both directions
    Bytes,
    /// Packets of both directions
    Packets,
    /// Flows of both directions
    Flows,
    /// From the first packet to the last
    Duration,
}
