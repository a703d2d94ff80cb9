//! What was typed.

mod conversations;
mod display;
mod export;
mod listen;
mod query;
mod replay;
mod sources;
mod summary;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(super) use conversations::{ConversationsArgs, ConversationsFormat, DeduplicateBy, OrderBy, WaysShown};
pub(super) use display::{BytesUnit, DisplayArgs};
pub(super) use export::{ExportAddresses, ExportArgs, ExportCompression, ExportFormat, ExportTimes};
pub(super) use listen::{ExportForm as LiveExportForm, ListenArgs, LiveFormat, MessageVersion};
pub(super) use query::{QueryArgs, QueryFormat};
pub(super) use replay::ReplayArgs;
pub(super) use sources::{AddArgs, SourcesArgs, SourcesCommand};
pub(super) use summary::{CountAt, OrderArg, SummaryArgs, SummaryFormat};

const AFTER_HELP: &str = "\
Exit status: 0 done; 1 an audit failed, or --strict found damage; 2 usage, or an input could not be read; 130 interrupted.

Examples:
  ipfix-inspect capture.pcap                          who exports, which templates, what was lost, the first flows
  ipfix-inspect flows capture.pcap                    the flows as a table
  ipfix-inspect flows capture.pcap -o flows.csv       the flows as CSV: all canonical columns that occur
  ipfix-inspect flows capture.pcap --format ndjson --columns src_addr,dst_addr,bytes,IN_BYTES
  ipfix-inspect query capture.pcap 'SELECT src_addr, SUM(bytes) AS sum FROM flows GROUP BY src_addr ORDER BY sum DESC LIMIT 10'
  ipfix-inspect export capture.pcap -o flows.parquet  every column that occurs, for DuckDB, pandas, Spark, ClickHouse
  ipfix-inspect summary capture.pcap                  totals, a picture of the time, top talkers and ports
  ipfix-inspect summary capture.pcap --by src_net/24,dst_port --top 20
  ipfix-inspect conversations capture.pcap            who talked to whom, both directions in a row, and what is one-way
  ipfix-inspect templates capture.pcap                every template, field by field
  ipfix-inspect audit capture.pcap                    will the collector take these flows, and if not, what to change
  ipfix-inspect replay capture.pcap --to 192.0.2.1:2055 --retime      the datagrams again, to a collector
  ipfix-inspect -r captures/                          every capture and flow log in a folder, by their first times
  tcpdump -w - udp port 2055 | ipfix-inspect -        from a pipe
  ipfix-inspect listen --summary 10s                  live on port 2055: who sends what, what is lost, what the collector would make of it";

/// Reads captures of NetFlow Data Export and tells who exports, what is in the templates, what was lost and what the flows are.
#[derive(Debug, Parser)]
#[command(name = "ipfix-inspect", version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    /// Captures (pcap, pcapng) and flow logs (IPFIX files, raw NDE messages one after the other), plain or compressed with gzip, zstd,
    /// lz4 or xz; or flows that were exported (Parquet, Arrow IPC, CSV, ndjson); `-` is standard input. Several are read in the order of their first times; patterns that the shell left as they are
    /// (`'captures/*.pcap'`, `'**/*.pcap'`) are expanded
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) overview: OverviewArgs,

    #[command(flatten)]
    pub(super) common: CommonArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The flows: one row a flow
    Flows(FlowsArgs),
    /// SQL over flows, exporters, templates, problems and options data
    Query(QueryArgs),
    /// The flows as Parquet, Arrow, CSV or ndjson: one file, or a dataset of many
    Export(ExportArgs),
    /// What flows add up to: totals and top talkers, the first groups by any columns, sums over time
    Summary(SummaryArgs),
    /// Conversations: the flows of both directions paired; what is one-way, and whether the collector has to pair across exporters
    Conversations(ConversationsArgs),
    /// Every template and options template with its fields and its history
    Templates(TemplatesArgs),
    /// Options data: one table for each options template, scopes first
    Options(OptionsArgs),
    /// Information Elements: look one up by number, name or vendor
    Elements(ElementsArgs),
    /// The template audit: will a collector take these flows, and if not, what to change
    Audit(AuditArgs),
    /// Receive NetFlow Data Export live: show flows or summaries, record, forward, serve metrics
    Listen(Box<ListenArgs>),
    /// What a finding's or a problem's code means
    Explain(ExplainArgs),
    /// Profiles: what collectors ask of templates, and by whose word
    Profiles(ProfilesArgs),
    /// Send the datagrams of a capture again: at their pace or any other, to a collector
    Replay(ReplayArgs),
    /// Flow sources: a name for captures, a port, a collector and what it asks
    Sources(SourcesArgs),
    /// A completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct OverviewArgs {
    /// Form of the overview
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(super) format: ReportFormat,

    /// Multiply bytes and packets by the sampling rate, where the exporter tells it
    #[arg(long)]
    pub(super) scale: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct FlowsArgs {
    /// Captures and flow logs, plain or compressed, and exported flows (Parquet, Arrow, CSV, ndjson; folders such as date=2026-11-22 too);
    /// `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    /// Form of the rows; by default a table on standard output, and CSV or ndjson in a file, by its name
    #[arg(long, value_enum)]
    pub(super) format: Option<FlowFormat>,

    /// Columns, separated by commas: canonical ones (src_addr, bytes, …), any Information Element by its IANA, NetFlow v9 or vendor
    /// name, `canonical` for all canonical ones that occur, `all` for these and every other element that occurs
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) columns: Vec<String>,

    #[command(flatten)]
    pub(super) filter: FilterArgs,

    /// Multiply bytes and packets by the sampling rate, where the exporter tells it. CSV and ndjson, which can't say that they were multiplied,
    /// are then without `sampling_interval`, unless --columns names it
    #[arg(long)]
    pub(super) scale: bool,

    /// Names in place of numbers in CSV and ndjson: protocol, TCP flags, ICMP type and code, DSCP, reasons, events; the table has them
    #[arg(long)]
    pub(super) names: bool,

    /// Stop after so many flows
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u64>,

    /// Write to a file, which appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Replace an existing output file
    #[arg(long)]
    pub(super) force: bool,

    // Last, since its heading would hold for what follows.
    #[command(flatten)]
    pub(super) display: DisplayArgs,
}

#[derive(Debug, ClapArgs)]
pub(super) struct FilterArgs {
    /// Only these flows, in nfdump's language: 'src ip 10.1.2.3 and dst port 443', 'bytes > 10M or duration >= 2s'; any column or
    /// element by name; `@FILE` reads the filter from a file
    #[arg(long, value_name = "EXPR")]
    pub(super) filter: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct TemplatesArgs {
    /// Captures and flow logs, plain or compressed; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    /// What happened to each template: learned, refreshed, changed, withdrawn, with times and intervals
    #[arg(long, conflicts_with_all = ["diff", "diff_with"])]
    pub(super) history: bool,

    /// What differs between the contents of one id: of one exporter in time, or of different exporters
    #[arg(long, value_enum, value_name = "BETWEEN", conflicts_with = "diff_with")]
    pub(super) diff: Option<Between>,

    /// What differs from FILE, which was captured before a change: FILE is before, the others are after
    #[arg(long, value_name = "FILE")]
    pub(super) diff_with: Option<PathBuf>,

    /// Form of the list
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, ClapArgs)]
pub(super) struct OptionsArgs {
    /// Captures: pcap or pcapng, plain or compressed; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    /// Form of the tables
    #[arg(long, value_enum, default_value_t = TablesFormat::Text)]
    pub(super) format: TablesFormat,

    /// Records of each table
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(super) limit: u64,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ElementsArgs {
    /// A number (8, 9/12235, the v9 number 45003), an enterprise number (9/), or a part of a name, of a NetFlow v9 name or of a
    /// vendor's name; without it, all elements
    #[arg(value_name = "PATTERN")]
    pub(super) pattern: Option<String>,

    /// Form of the list
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, ClapArgs)]
pub(super) struct AuditArgs {
    /// Captures and flow logs, plain or compressed; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    /// The collector: a built-in profile (`ipfix-inspect profiles` lists them) or a TOML file; may be given several times. By
    /// default `strm`, or with --source what its target collector asks
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) profile: Vec<String>,

    /// What the exporters are, for hints how to add a field; by default it is guessed from the templates
    #[arg(long, value_name = "NAME")]
    pub(super) platform: Option<String>,

    /// Form of the report; by default text, and in a file by its name (.html, .md, .json, .sarif, .xml for JUnit, .txt)
    #[arg(long, value_enum)]
    pub(super) format: Option<AuditFormat>,

    /// What makes the exit status 1
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = FailOn::Error)]
    pub(super) fail_on: FailOn,

    /// The longest interval between two arrivals of a template that is fine: 90s, 10m, 1h
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = nanos)]
    pub(super) refresh_limit: i64,

    /// How far an exporter's clock, and the times of its flows, may be off the capture's: 90s, 10m, 1h
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = nanos)]
    pub(super) time_limit: i64,

    /// Look at the values of all flows, not of the first million and one batch in sixteen after that
    #[arg(long)]
    pub(super) all_content: bool,

    /// Write to a file, which appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Replace an existing output file
    #[arg(long)]
    pub(super) force: bool,
}

/// A length of time in nanoseconds: a whole number and s, m, h or d.
fn nanos(text: &str) -> Result<i64, String> {
    const SECOND: i64 = 1_000_000_000;
    let units = [('s', SECOND), ('m', 60 * SECOND), ('h', 3_600 * SECOND), ('d', 86_400 * SECOND)];
    let found = units.iter().find_map(|(unit, nanos)| text.strip_suffix(*unit)?.parse::<i64>().ok()?.checked_mul(*nanos));
    found.filter(|n| *n >= 0).ok_or_else(|| "expected a number and s, m, h or d, such as 90s or 10m".to_owned())
}

/// The same for a length that is not zero, with ms too.
fn duration(text: &str) -> Result<i64, String> {
    const MILLI: i64 = 1_000_000;
    let millis = text.strip_suffix("ms").map(|number| number.parse::<i64>().ok().and_then(|n| n.checked_mul(MILLI)));
    let found = millis.unwrap_or_else(|| nanos(text).ok());
    found.filter(|n| *n > 0).ok_or_else(|| "expected a number above 0 and ms, s, m, h or d, such as 10s or 1m".to_owned())
}

#[derive(Debug, ClapArgs)]
pub(super) struct ExplainArgs {
    /// The code, as reports show it in brackets; without it, all codes
    #[arg(value_name = "CODE")]
    pub(super) code: Option<String>,

    /// Form
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ProfilesArgs {
    /// A profile's name, or a file with one; without it, a list of the built-in ones
    #[arg(value_name = "NAME|FILE")]
    pub(super) profile: Option<String>,

    /// Form of the list
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, ClapArgs)]
pub(super) struct CommonArgs {
    /// A configured flow source in place of FILE: its captures, ports, types and exporters, the profile of its target collector;
    /// may be given several times
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) source: Vec<String>,

    /// The configuration file; by default ./ipfix-inspect.toml, else ipfix-inspect/config.toml in $XDG_CONFIG_HOME or ~/.config
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Read every capture and flow log in the folders that are named, and below them
    #[arg(short, long, global = true)]
    pub(super) recursive: bool,

    /// The ports to listen on; when reading, look only at these ports of the receiving end, and explain what arrives there and is no NDE
    #[arg(long, global = true, value_name = "PORTS", value_delimiter = ',')]
    pub(super) port: Vec<u16>,

    /// How far a template reaches: `session` is the exact address and port; `address` falls back to other ports of the same
    /// address and domain; `any-domain` to its other domains as well
    #[arg(long, global = true, value_enum, value_name = "RULE", default_value_t = TemplateScope::Address)]
    pub(super) template_scope: TemplateScope,

    /// Begin with the templates that --save-templates of an earlier run wrote (JSON, ipfix-inspect/template-store/1), as if they had been
    /// sent before the first message: for captures taken between two refreshes
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) templates: Option<PathBuf>,

    /// At the end, write the templates that are valid then, and the names, rates, boot times and elements that options data told, for
    /// --templates of a later run; the file may be the same. Another template file is replaced, any other file is not
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) save_templates: Option<PathBuf>,

    /// More elements, which win over the built-in ones: a CSV file as IANA's (ElementID, Name, Abstract Data Type, … and PEN for a
    /// vendor's), or XML as IANA's or libfds's; may be given several times
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) elements: Vec<PathBuf>,

    /// End with status 1, and without an output file, if anything worse than a note is found
    #[arg(long, global = true)]
    pub(super) strict: bool,

    /// Nothing on standard error but errors
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,

    /// No progress bar
    #[arg(long, global = true)]
    pub(super) no_progress: bool,

    /// Colors: by default on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorWhen::Auto)]
    pub(super) color: ColorWhen,

    /// Threads that decode; by default as many as there are processors
    #[arg(long, global = true, value_name = "N")]
    pub(super) threads: Option<usize>,

    #[command(flatten)]
    pub(super) limits: LimitArgs,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Limits on what comes from the wire")]
pub(super) struct LimitArgs {
    /// Templates in all
    #[arg(long, global = true, value_name = "N", default_value_t = 100_000, hide_short_help = true)]
    pub(super) max_templates: usize,

    /// Fields of a template
    #[arg(long, global = true, value_name = "N", default_value_t = 2_000, hide_short_help = true)]
    pub(super) max_fields: usize,

    /// Exporters: sessions and observation domains
    #[arg(long, global = true, value_name = "N", default_value_t = 50_000, hide_short_help = true)]
    pub(super) max_exporters: usize,

    /// Elements that exporters describe themselves (RFC 5610)
    #[arg(long, global = true, value_name = "N", default_value_t = 10_000, hide_short_help = true)]
    pub(super) max_elements: usize,

    /// Lists of structured data (RFC 6313), one in the other
    #[arg(long, global = true, value_name = "N", default_value_t = 8, hide_short_help = true)]
    pub(super) max_nesting: u8,

    /// MiB of Data Sets that wait for their template, when reading a pipe or listening
    #[arg(long, global = true, value_name = "MIB", default_value_t = 64, hide_short_help = true)]
    pub(super) max_held: usize,

    /// Seconds that a Data Set waits for its template, when reading a pipe or listening
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 1_800, hide_short_help = true)]
    pub(super) max_wait: u32,

    /// MiB of IP fragments that wait for the rest of their datagram
    #[arg(long, global = true, value_name = "MIB", default_value_t = 16, hide_short_help = true)]
    pub(super) max_fragments: usize,

    /// Seconds that a fragment waits, by the capture's clock
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30, hide_short_help = true)]
    pub(super) max_fragment_age: u32,

    /// Tunnels (GRE, IPIP, VXLAN, ERSPAN) around the export that are opened, one in the other
    #[arg(long, global = true, value_name = "N", default_value_t = 4, hide_short_help = true)]
    pub(super) max_tunnels: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Between {
    /// The contents that one exporter gave an id, one after the other
    Versions,
    /// The contents that different exporters give the same id
    Exporters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AuditFormat {
    /// For people at a terminal
    Text,
    /// For programs: a versioned schema
    Json,
    /// For a ticket
    Markdown,
    /// One file for a browser, without anything from outside
    Html,
    /// For CI systems: JUnit XML
    Junit,
    /// For CI systems: SARIF 2.1.0
    Sarif,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// A finding of severity error
    Error,
    /// A warning or an error
    Warning,
    /// Nothing
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For people
    Text,
    /// For programs: a versioned schema
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TablesFormat {
    /// For people
    Text,
    /// For programs: a versioned schema
    Json,
    /// Tables after each other, each with a header row, an empty line between them
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FlowFormat {
    /// A table for people
    Table,
    /// RFC 4180 with a header row
    Csv,
    /// One JSON object a line
    Ndjson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TemplateScope {
    /// The exact address, port and domain
    Session,
    /// Then other ports of the same address and domain
    Address,
    /// Then other domains of the same address
    AnyDomain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorWhen {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
