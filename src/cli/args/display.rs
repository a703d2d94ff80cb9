//! How tables are shown: shared by the commands that show flows or what they add up to.

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(next_help_heading = "Display")]
pub(in crate::cli) struct DisplayArgs {
    /// Time zone of the times in tables: UTC (the default), `local`, or a name of the IANA database, such as Europe/Berlin. CSV, JSON and other
    /// files for programs are always in UTC
    #[arg(long, value_name = "ZONE")]
    pub(in crate::cli) time_zone: Option<String>,

    /// Units of octets in tables
    #[arg(long, value_enum, value_name = "UNITS")]
    pub(in crate::cli) bytes: Option<BytesUnit>,

    /// No titles above the columns of tables and CSV
    #[arg(long)]
    pub(in crate::cli) no_headers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum BytesUnit {
    /// Powers of 1000: 1.2 GB
    Si,
    /// Powers of 1024: 1.1 GiB
    Iec,
    /// The exact number
    Raw,
}
