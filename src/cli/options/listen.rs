//! What the arguments of `listen` mean, and the flow sources that they and the configuration name.

use std::io::IsTerminal;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::super::args::{CommonArgs, ListenArgs, LiveExportForm, LiveFormat, MessageVersion};
use super::super::{Failure, profiles};
use super::configured::{Configuration, configuration};
use super::{ColumnChoice, Reading, RowForm, Wanted, kept, reading_with, style, table_width};
use crate::audit::Profile;
use crate::collector::{Admission, Rule};
use crate::config::{self, Compression, Config, ExportFormat, FlowSource, Interface, Rotation};
use crate::element::Elements;
use crate::input::PortOptions;
use crate::message::Version;
use crate::relay::{ForwardOptions, RecordOptions, is_own_address};
use crate::report::Style;
use crate::write::Format;

const MIB: usize = 1 << 20;

/// A live run.
#[derive(Clone, Debug)]
pub(in crate::cli) struct ListenOptions {
    /// What all commands that decode share; there are no files in it.
    pub(in crate::cli) reading: Reading,
    pub(in crate::cli) sources: Vec<ListenSource>,
    pub(in crate::cli) form: ListenForm,
    /// The flows that are shown and exported.
    pub(in crate::cli) filter: Wanted,
    /// The columns of what is exported.
    pub(in crate::cli) export_columns: ColumnChoice,
    pub(in crate::cli) partition_by: Vec<String>,
    /// Where the templates are kept while it runs.
    pub(in crate::cli) save: Option<PathBuf>,
    pub(in crate::cli) metrics: Option<SocketAddr>,
    pub(in crate::cli) silent_after: u32,
    /// Octets that may wait before decoding.
    pub(in crate::cli) queue: usize,
    pub(in crate::cli) scale: bool,
    pub(in crate::cli) style: Style,
}

/// One flow source of a live run.
#[derive(Clone, Debug)]
pub(in crate::cli) struct ListenSource {
    pub(in crate::cli) name: String,
    pub(in crate::cli) port: PortOptions,
    /// The interface that datagrams to the port are taken off, in place of listening.
    pub(in crate::cli) capture: Option<String>,
    /// True if what this machine sends is not to be captured: it forwards, and its copies would come back.
    pub(in crate::cli) skip_outgoing: bool,
    pub(in crate::cli) profile: Arc<Profile>,
    pub(in crate::cli) admission: Admission,
    pub(in crate::cli) forward: Vec<ForwardOptions>,
    pub(in crate::cli) record: Option<RecordOptions>,
    pub(in crate::cli) export: Option<ListenExport>,
}

/// Flows into files that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct ListenExport {
    pub(in crate::cli) folder: PathBuf,
    /// What file names begin with.
    pub(in crate::cli) stem: String,
    pub(in crate::cli) format: ExportFormat,
    pub(in crate::cli) rotation: Rotation,
}

impl ListenOptions {
    /// True if a flow source writes its flows into files.
    pub(in crate::cli) fn exports(&self) -> bool {
        self.sources.iter().any(|s| s.export.is_some())
    }
}

impl ListenSource {
    /// True if what is received from is the same.
    pub(in crate::cli) fn is_on_the_port_of(&self, other: &Self) -> bool {
        (&self.port, &self.capture, self.skip_outgoing) == (&other.port, &other.capture, other.skip_outgoing)
    }
}

/// What a live run shows.
#[derive(Clone, Debug)]
pub(in crate::cli) enum ListenForm {
    /// A line a flow.
    Rows { form: RowForm, columns: ColumnChoice, limit: Option<u64>, names: bool },
    /// A summary each such time.
    Summary { every: Duration, json: bool },
    /// The live view in the terminal.
    Screen,
}

/// What the arguments of `listen` mean.
pub(in crate::cli) fn listen(args: &ListenArgs, common: &CommonArgs) -> Result<ListenOptions, Failure> {
    // A file that is not there yet is made by this run.
    let begin = common.templates.as_deref().filter(|path| path.exists()).map(kept).transpose()?;
    let reading = reading_with(&[], common, None, begin)?;
    if args.sockets == 0 || args.queue == 0 || args.receive_buffer == 0 {
        return Err(Failure("--sockets, --queue and --receive-buffer: at least 1".to_owned()));
    }
    let sources = listen_sources(args, common, &reading.elements)?;
    let exports = sources.iter().any(|s| s.export.is_some());
    if !exports && (args.export_format.is_some() || !args.partition_by.is_empty()) {
        return Err(Failure("--export-format and --partition-by say how to export; --export DIR says where".to_owned()));
    }
    Ok(ListenOptions {
        form: form(args, exports)?,
        export_columns: match args.columns.is_empty() {
            true => ColumnChoice::Canonical,
            false => ColumnChoice::Named(args.columns.iter().map(|c| c.trim().to_owned()).collect()),
        },
        partition_by: args.partition_by.clone(),
        filter: Wanted::new(args.filter.filter.as_deref(), &reading.elements)?,
        sources,
        save: common.save_templates.clone().or_else(|| common.templates.clone()),
        reading,
        metrics: args.metrics,
        silent_after: args.silent_after,
        queue: args.queue.saturating_mul(MIB),
        scale: args.scale,
        style: Style { width: table_width(), ..style(common) },
    })
}

/// The flow sources of a live run, by the configuration as it is now: those that are named, else all of it, else one for each `--port`.
/// What the command line says holds for all of them.
pub(in crate::cli) fn listen_sources(
    args: &ListenArgs,
    common: &CommonArgs,
    elements: &Arc<Elements>,
) -> Result<Vec<ListenSource>, Failure> {
    let configuration = configuration(common)?;
    let config = &configuration.config;
    let default = Config::default();
    let mut chosen: Vec<(FlowSource, &Config)> = Vec::new();
    if common.source.is_empty() && !common.port.is_empty() {
        let Some(first) = default.sources.first() else { return Ok(Vec::new()) };
        for (number, port) in common.port.iter().enumerate() {
            if common.port.iter().take(number).any(|other| other == port && *port != 0) {
                return Err(Failure(format!("--port: {port} is there twice")));
            }
            let mut source = first.clone();
            source.monitoring_port.value = *port;
            if number > 0 {
                source.name = format!("{}_{port}", source.name);
            }
            chosen.push((source, &default));
        }
    } else if common.source.is_empty() {
        chosen.extend(config.sources.iter().map(|s| (s.clone(), config)));
    } else {
        for name in &common.source {
            let source = config.source(name).ok_or_else(|| Failure(format!("--source: {}", config.no_source(name))))?;
            if !chosen.iter().any(|(s, _)| s.name == source.name) {
                chosen.push((source.clone(), config));
            }
        }
        match (common.port.as_slice(), chosen.as_mut_slice()) {
            ([], _) => {}
            ([port], [(source, _)]) => source.monitoring_port.value = *port,
            _ => return Err(Failure("--port: with --source it is one port in place of one flow source's own".to_owned())),
        }
    }
    let mut sources: Vec<ListenSource> =
        chosen.iter().map(|(source, of)| listen_source(source, of, &configuration, args, elements)).collect::<Result<_, _>>()?;
    check_loops(&sources)?;
    let forwards = sources.iter().any(|s| !s.forward.is_empty());
    sources.iter_mut().for_each(|s| s.skip_outgoing = s.capture.is_some() && forwards);
    Ok(sources)
}

fn listen_source(
    source: &FlowSource,
    config: &Config,
    configuration: &Configuration,
    args: &ListenArgs,
    elements: &Elements,
) -> Result<ListenSource, Failure> {
    let name = &source.name;
    let profile = match &args.profile {
        Some(profile) => profile.clone(),
        None => config.target(source).map_or_else(|| config::DEFAULT_PROFILE.to_owned(), |c| c.profile.value.clone()),
    };
    let device = match &source.monitoring_interface.value {
        Interface::Any => None,
        Interface::Device(device) => Some(device.clone()),
    };
    let exporters = if args.allow.is_empty() { source.allow.value.clone() } else { args.allow.clone() };
    let versions = source.types.restricted().map(<[_]>::to_vec);
    let rule = Rule { port: None, exporters, versions };
    let everything = rule == Rule::default();
    let of_file = |e: Failure| Failure(format!("{}: {name}: {e}", configuration.name()));
    Ok(ListenSource {
        port: PortOptions {
            bind: args.bind,
            port: *source.monitoring_port,
            interface: args.interface.clone().or(device),
            receive_buffer: args.receive_buffer.saturating_mul(MIB),
            sockets: args.sockets,
        },
        capture: args.capture.clone(),
        skip_outgoing: false,
        profile: profiles::choose(&profile, elements)?,
        admission: Admission { rules: if everything { Vec::new() } else { vec![rule] } },
        forward: forwards(source, config, args).map_err(|e| if args.forward.is_empty() { of_file(e) } else { e })?,
        record: record(source, args),
        export: export(source, args),
        name: name.clone(),
    })
}

fn forwards(source: &FlowSource, config: &Config, args: &ListenArgs) -> Result<Vec<ForwardOptions>, Failure> {
    let destinations = if args.forward.is_empty() {
        config.destinations(source)
    } else {
        args.forward.iter().map(|d| (d.host.clone(), d.port.unwrap_or(config::DEFAULT_FORWARDING_PORT))).collect()
    };
    let versions = Some(args.forward_version.iter().map(version).collect::<Vec<_>>()).filter(|v| !v.is_empty());
    let rule = Rule { port: None, exporters: args.forward_from.clone(), versions };
    let only = Admission { rules: if rule == Rule::default() { Vec::new() } else { vec![rule] } };
    let forward = |(host, port): (config::Host, u16)| {
        let host = host.to_string();
        let name = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let to = (host.as_str(), port).to_socket_addrs().ok().and_then(|mut found| found.next());
        let to = to.ok_or_else(|| Failure(format!("forwarding to {name}: no address is known for that name")))?;
        let spoof = args.spoof || *source.forwarding.spoof;
        Ok(ForwardOptions { to, name, spoof, only: only.clone(), queue: args.queue.saturating_mul(MIB) })
    };
    destinations.into_iter().map(forward).collect()
}

fn record(source: &FlowSource, args: &ListenArgs) -> Option<RecordOptions> {
    let configured = source.record.as_ref();
    let folder = args.record.clone().or_else(|| configured.map(|r| r.directory.clone()))?;
    let rotation = args.rotate.or_else(|| configured.map(|r| r.rotate)).unwrap_or(Rotation::RECORD);
    Some(RecordOptions {
        folder,
        stem: file_name(&source.name),
        interface: format!("udp port {}", *source.monitoring_port),
        rotation,
        zstd: args.record_zstd || configured.is_some_and(|r| r.compression == Compression::Zstd),
        flush: args.flush,
        queue: args.queue.saturating_mul(MIB),
    })
}

/// A flow source's name as files may be called.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).collect()
}

/// What the command line says holds for all sources, else each has its own.
fn export(source: &FlowSource, args: &ListenArgs) -> Option<ListenExport> {
    let configured = source.export.as_ref();
    Some(ListenExport {
        folder: args.export.clone().or_else(|| configured.map(|e| e.directory.clone()))?,
        stem: "flows".to_owned(),
        format: match args.export_format {
            Some(LiveExportForm::Parquet) => ExportFormat::Parquet,
            Some(LiveExportForm::Csv) => ExportFormat::Csv,
            None => configured.map(|e| e.format).unwrap_or_default(),
        },
        rotation: args.rotate.or_else(|| configured.map(|e| e.rotate)).unwrap_or(Rotation::EXPORT),
    })
}

fn form(args: &ListenArgs, exports: bool) -> Result<ListenForm, Failure> {
    if args.tui {
        if !std::io::stdout().is_terminal() {
            return Err(Failure("--tui: standard output is no terminal; --summary 10s tells the same in lines".to_owned()));
        }
        if (args.filter.filter.is_some() || !args.columns.is_empty()) && !exports {
            return Err(Failure(
                "--filter and --columns: the live view counts all flows; they choose lines, or what --export DIR writes".to_owned(),
            ));
        }
        return Ok(ListenForm::Screen);
    }
    if let Some(every) = args.summary {
        if every < Duration::from_secs(1) {
            return Err(Failure("--summary: at least 1s".to_owned()));
        }
        let json = match args.format {
            None | Some(LiveFormat::Table) => false,
            Some(LiveFormat::Json) => true,
            Some(LiveFormat::Csv | LiveFormat::Ndjson) => {
                return Err(Failure("--summary: its forms are table and json; csv and ndjson are for lines of flows".to_owned()));
            }
        };
        if args.filter.filter.is_some() && !exports {
            return Err(Failure("--filter chooses lines of flows; --summary counts all flows, so give one of them".to_owned()));
        }
        if !args.columns.is_empty() && !exports {
            return Err(Failure("--columns: a summary has no columns to choose; leave --summary out, or say --export DIR".to_owned()));
        }
        return Ok(ListenForm::Summary { every, json });
    }
    let form = match args.format {
        None | Some(LiveFormat::Table) => RowForm::Table,
        Some(LiveFormat::Csv) => RowForm::Text(Format::Csv),
        Some(LiveFormat::Ndjson) => RowForm::Text(Format::Ndjson),
        Some(LiveFormat::Json) => return Err(Failure("--format json is for --summary; a line a flow in JSON is ndjson".to_owned())),
    };
    let columns = match (args.columns.is_empty(), form) {
        (false, _) => ColumnChoice::Named(args.columns.iter().map(|c| c.trim().to_owned()).collect()),
        (true, RowForm::Table) => ColumnChoice::Short,
        (true, RowForm::Text(_)) => ColumnChoice::Canonical,
    };
    Ok(ListenForm::Rows { form, columns, limit: args.limit, names: args.names })
}

fn version(version: &MessageVersion) -> Version {
    match version {
        MessageVersion::V1 => Version::V1,
        MessageVersion::V5 => Version::V5,
        MessageVersion::V7 => Version::V7,
        MessageVersion::V9 => Version::V9,
        MessageVersion::Ipfix => Version::Ipfix,
    }
}

/// What is sent on to a port that this run listens on would come back for ever.
fn check_loops(sources: &[ListenSource]) -> Result<(), Failure> {
    for forward in sources.iter().flat_map(|s| &s.forward) {
        let comes_back = |s: &ListenSource| {
            s.port.port == forward.to.port()
                && match s.port.bind {
                    Some(addr) if !addr.is_unspecified() => addr == forward.to.ip(),
                    _ => is_own_address(forward.to.ip()),
                }
        };
        if sources.iter().any(comes_back) {
            return Err(Failure(format!(
                "forwarding to {}: this run listens there itself, so every datagram would come back",
                forward.name
            )));
        }
    }
    Ok(())
}
