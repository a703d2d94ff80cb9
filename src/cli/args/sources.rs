//! What was typed for `sources`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::ReportFormat;

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct SourcesArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<SourcesCommand>,

    /// Form of the list
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(in crate::cli) format: ReportFormat,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SourcesCommand {
    /// All flow sources and collectors: the same as `sources` alone
    List {
        /// Form of the list
        #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
        format: ReportFormat,
    },
    /// Every value of a flow source, and where it comes from: its own, from the flow source that it is built from, a default
    Show {
        /// The flow source
        #[arg(value_name = "NAME")]
        name: String,

        /// Form of the values
        #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
        format: ReportFormat,
    },
    /// Add a flow source to the configuration file, which is made if there is none; comments stay. --port is its monitoring port: by default
    /// 2055 for the first flow source, and the next one up for each further one
    Add(Box<AddArgs>),
    /// Remove a flow source from the configuration file; comments stay, and so do the ports of the others
    Remove {
        /// The flow source
        #[arg(value_name = "NAME")]
        name: String,

        /// Write its values down with the flow sources that are built from it
        #[arg(long)]
        hand_down: bool,
    },
    /// Look the configuration through: every fault with its line and column, and what is not there on this machine
    Check,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct AddArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: String,

    /// Build it from an existing flow source, whose values hold unless others are given
    #[arg(long, value_name = "OTHER")]
    pub(in crate::cli) like: Option<String>,

    /// The collector that its flows are meant for: the name of a [[collector]] of the file
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) collector: Option<String>,

    /// The versions that it takes, separated by commas: netflow (all), v1, v5, v7, v9, ipfix
    #[arg(long = "type", value_name = "TYPES", value_delimiter = ',')]
    pub(in crate::cli) types: Vec<String>,

    /// Whether traffic and its answers may pass different exporters
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub(in crate::cli) asymmetric: Option<bool>,

    /// Where it listens: any, or a device
    #[arg(long, value_name = "DEV")]
    pub(in crate::cli) interface: Option<String>,

    /// Its captures: a file, a folder or a pattern
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) file: Option<String>,

    /// Where it forwards to, separated by commas: host or host:port
    #[arg(long, value_name = "DESTINATIONS", value_delimiter = ',')]
    pub(in crate::cli) forward_to: Vec<String>,

    /// The port of destinations that name none; 1025 by default
    #[arg(long, value_name = "PORT")]
    pub(in crate::cli) forward_port: Option<u16>,

    /// Keep the exporter's address when forwarding
    #[arg(long)]
    pub(in crate::cli) forward_spoof: bool,

    /// The exporters that are listened to, separated by commas: addresses and networks; all by default
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',')]
    pub(in crate::cli) allow: Vec<String>,

    /// Keep every datagram as received in captures in this folder
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) record: Option<PathBuf>,

    /// Write the flows into files in this folder
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) export: Option<PathBuf>,
}
