//! What was typed for `replay`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

const AFTER_HELP: &str = "\
Only NDE is sent: what is recognised as such, or what --port or --source names. Exit status: 0 all was sent; 1 some could not be sent; 2 usage, or an
input could not be read, or nothing was sent; 130 interrupted.";

#[derive(Debug, ClapArgs)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct ReplayArgs {
    /// Captures and flow logs, plain or compressed; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,

    /// Where to: a host and a UDP port (192.0.2.1:2055, collector.example:2055, [2001:db8::1]:2055)
    #[arg(long, value_name = "HOST:PORT", required = true)]
    pub(in crate::cli) to: String,

    /// So many times as fast as captured
    #[arg(long, value_name = "FACTOR", conflicts_with = "rate")]
    pub(in crate::cli) speed: Option<f64>,

    /// So many datagrams a second, whatever the capture's pace; 0 or `max` as fast as possible
    #[arg(long, value_name = "N|max")]
    pub(in crate::cli) rate: Option<String>,

    /// Send the templates of all exporters before the first datagram, in messages of their own; the inputs are read once more for that
    #[arg(long)]
    pub(in crate::cli) templates_first: bool,

    /// Keep the exporters' addresses as senders: raw sockets, which need CAP_NET_RAW. Without it each session (address and port of an
    /// exporter) is sent from a port of its own
    #[arg(long)]
    pub(in crate::cli) spoof: bool,

    /// Begin anew at the end, N times in all; for ever without N
    #[arg(long = "loop", value_name = "N", num_args = 0..=1, default_missing_value = "0")]
    pub(in crate::cli) rounds: Option<u64>,

    /// Move times to now: export times and absolute times in records by the time since the capture; up-times as far as another pace asks for, so
    /// that each exporter's boot stays one point in time
    #[arg(long)]
    pub(in crate::cli) retime: bool,

    /// Stop after so many datagrams
    #[arg(long, value_name = "N")]
    pub(in crate::cli) limit: Option<u64>,
}
