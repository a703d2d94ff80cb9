//! What was typed after `listen`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use super::FilterArgs;
use crate::config::{Destination, Rotation, destination, exporters};

#[derive(Debug, Args)]
pub(in crate::cli) struct ListenArgs {
    /// The address to listen on: one of this machine, or a multicast group, which is joined; by default every address, IPv6 and IPv4
    #[arg(long, value_name = "ADDR")]
    pub(in crate::cli) bind: Option<IpAddr>,

    /// Receive from this interface alone
    #[arg(long, value_name = "DEV")]
    pub(in crate::cli) interface: Option<String>,

    /// Take the datagrams off this interface, which mirrors the traffic of a collector, in place of listening: those to the ports, also in
    /// fragments, VLANs and tunnels, and IPFIX over TCP; takes the capability CAP_NET_RAW
    #[arg(long, value_name = "DEV", conflicts_with_all = ["bind", "interface", "sockets"])]
    pub(in crate::cli) capture: Option<String>,

    /// Sockets on each port, each with a thread; an exporter's session stays on one
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(in crate::cli) sockets: usize,

    /// MiB of receive buffer to ask the kernel for, for each socket; what it grants is told
    #[arg(long, value_name = "MIB", default_value_t = 16)]
    pub(in crate::cli) receive_buffer: usize,

    /// Exporters that are decoded, recorded and forwarded: addresses or networks, separated by commas; others are counted. By default all
    #[arg(long, value_name = "NETS", value_delimiter = ',', value_parser = exporters)]
    pub(in crate::cli) allow: Vec<IpNet>,

    /// Form of what is shown: a line a flow (table, csv, ndjson), or of a summary (table, json)
    #[arg(long, value_enum)]
    pub(in crate::cli) format: Option<LiveFormat>,

    /// Columns of the lines and of what is exported, as in `flows`
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(in crate::cli) columns: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) filter: FilterArgs,

    /// Names in place of numbers in CSV and ndjson
    #[arg(long, conflicts_with = "summary")]
    pub(in crate::cli) names: bool,

    /// Multiply bytes and packets by the sampling rate, where the exporter tells it
    #[arg(long)]
    pub(in crate::cli) scale: bool,

    /// End after so many flows
    #[arg(long, value_name = "N", conflicts_with = "summary")]
    pub(in crate::cli) limit: Option<u64>,

    /// No lines; each such time (1s, 10s, 5m) what every exporter sent, what was lost, and what the target collector would make of it
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(in crate::cli) summary: Option<Duration>,

    /// A live view in the terminal: exporters with their rates, templates turning complete or incomplete, who talks most, problems, drops;
    /// ? tells its keys
    #[arg(long, conflicts_with_all = ["summary", "format", "names", "limit"])]
    pub(in crate::cli) tui: bool,

    /// The target collector: a built-in profile or a TOML file, as in `audit`
    #[arg(long, value_name = "NAME|FILE")]
    pub(in crate::cli) profile: Option<String>,

    /// Send every datagram on, unchanged, to this collector as well, by default to its port 1025; may be given several times
    #[arg(long, value_name = "HOST[:PORT]", value_parser = destination)]
    pub(in crate::cli) forward: Vec<Destination>,

    /// Keep the exporter's address and port as the sender's of what is sent on; takes the capability CAP_NET_RAW
    #[arg(long)]
    pub(in crate::cli) spoof: bool,

    /// Send on only what comes from these addresses or networks
    #[arg(long, value_name = "NETS", value_delimiter = ',', value_parser = exporters)]
    pub(in crate::cli) forward_from: Vec<IpNet>,

    /// Send on only messages of these versions
    #[arg(long, value_name = "VERSIONS", value_delimiter = ',', value_enum)]
    pub(in crate::cli) forward_version: Vec<MessageVersion>,

    /// Keep every datagram as it was received in pcapng files in this folder
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) record: Option<PathBuf>,

    /// Compress what is recorded with zstd
    #[arg(long)]
    pub(in crate::cli) record_zstd: bool,

    /// Write flows into files in this folder; with --columns these, else all canonical columns; only those that --filter wants
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) export: Option<PathBuf>,

    /// The form of these files
    #[arg(long, value_enum, value_name = "FORM")]
    pub(in crate::cli) export_format: Option<ExportForm>,

    /// Folders for these files by a day, an hour or a column: date,hour,exporter
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(in crate::cli) partition_by: Vec<String>,

    /// When the next file begins, of what is recorded and exported: after a time (5m), a size (100MB), at the multiples of the time by the clock (5m,aligned), or several; by
    /// default 1h,1GB for what is recorded and 5m,1GB for what is exported
    #[arg(long, value_name = "WHEN")]
    pub(in crate::cli) rotate: Option<Rotation>,

    /// The longest time that what came waits before it is written: a killed run loses no more than that
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub(in crate::cli) flush: Duration,

    /// Serve metrics for Prometheus on /metrics, and /health
    #[arg(long, value_name = "ADDR:PORT")]
    pub(in crate::cli) metrics: Option<SocketAddr>,

    /// An exporter is silent after so many times its longest usual silence
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) silent_after: u32,

    /// MiB of datagrams that may wait before decoding, and before each destination and folder; what comes beyond is dropped and counted
    #[arg(long, value_name = "MIB", default_value_t = 64)]
    pub(in crate::cli) queue: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LiveFormat {
    /// For people
    Table,
    /// RFC 4180 with a header row
    Csv,
    /// One JSON object a line
    Ndjson,
    /// A summary as one JSON object a line
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportForm {
    /// Apache Parquet
    Parquet,
    /// RFC 4180 with a header row
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum MessageVersion {
    /// NetFlow v1
    V1,
    /// NetFlow v5
    V5,
    /// NetFlow v7
    V7,
    /// NetFlow v9
    V9,
    /// IPFIX
    Ipfix,
}

/// A length of time: a whole number and ms, s, m or h.
fn duration(text: &str) -> Result<Duration, String> {
    let number = |unit: &str| text.strip_suffix(unit).and_then(|n| n.parse::<u64>().ok());
    let found = match (number("ms"), number("s"), number("m"), number("h")) {
        (Some(ms), ..) => Some(Duration::from_millis(ms)),
        (_, Some(s), ..) => Some(Duration::from_secs(s)),
        (.., Some(m), _) => m.checked_mul(60).map(Duration::from_secs),
        (.., Some(h)) => h.checked_mul(3_600).map(Duration::from_secs),
        _ => None,
    };
    found.filter(|d| !d.is_zero()).ok_or_else(|| "expected a number and ms, s, m or h, such as 10s".to_owned())
}
