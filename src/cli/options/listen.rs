//! What the arguments of `listen` mean.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::super::args::{CommonArgs, ListenArgs, LiveFormat, MessageVersion};
use super::super::{Failure, profiles};
use super::{ColumnChoice, DEFAULT_PROFILE, Reading, RowForm, Wanted, kept, reading_with, style, table_width};
use crate::audit::Profile;
use crate::input::PortOptions;
use crate::relay::{ForwardOptions, Networks, RecordOptions, is_own_address};
use crate::report::Style;
use crate::write::Format;

/// The port of the first flow source.
const DEFAULT_PORT: u16 = 2055;
/// The name of a flow source that nobody has configured.
const DEFAULT_NAME: &str = "default_Netflow";

/// A live run.
#[derive(Clone, Debug)]
pub(in crate::cli) struct ListenOptions {
    /// What all commands that decode share; there are no files in it.
    pub(in crate::cli) reading: Reading,
    pub(in crate::cli) sources: Vec<ListenSource>,
    pub(in crate::cli) form: ListenForm,
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
    pub(in crate::cli) profile: Arc<Profile>,
    pub(in crate::cli) allow: Networks,
    pub(in crate::cli) forward: Vec<ForwardOptions>,
    pub(in crate::cli) record: Option<RecordOptions>,
}

/// What a live run shows.
#[derive(Clone, Debug)]
pub(in crate::cli) enum ListenForm {
    /// A line a flow.
    Rows { form: RowForm, columns: ColumnChoice, filter: Box<Wanted>, limit: Option<u64>, names: bool },
    /// A summary each such time.
    Summary { every: Duration, json: bool },
}

/// What the arguments of `listen` mean.
pub(in crate::cli) fn listen(args: &ListenArgs, common: &CommonArgs) -> Result<ListenOptions, Failure> {
    const MIB: usize = 1 << 20;
    // A file that is not there yet is made by this run.
    let begin = common.templates.as_deref().filter(|path| path.exists()).map(kept).transpose()?;
    let reading = reading_with(&[], common, begin)?;
    if args.sockets == 0 || args.queue == 0 || args.receive_buffer == 0 {
        return Err(Failure("--sockets, --queue and --receive-buffer: at least 1".to_owned()));
    }
    let profile = profiles::choose(args.profile.as_deref().unwrap_or(DEFAULT_PROFILE), &reading.elements)?;
    let queue = args.queue.saturating_mul(MIB);
    let ports = if common.port.is_empty() { vec![DEFAULT_PORT] } else { common.port.clone() };
    let sources = ports.iter().enumerate().map(|(number, port)| {
        if ports.iter().take(number).any(|other| other == port) {
            return Err(Failure(format!("--port: {port} is there twice")));
        }
        let name = if number == 0 { DEFAULT_NAME.to_owned() } else { format!("{DEFAULT_NAME}_{port}") };
        Ok(ListenSource {
            port: PortOptions {
                bind: args.bind,
                port: *port,
                interface: args.interface.clone(),
                receive_buffer: args.receive_buffer.saturating_mul(MIB),
                sockets: args.sockets,
            },
            profile: Arc::clone(&profile),
            allow: Networks::new(args.allow.clone()),
            forward: args.forward.iter().map(|to| forward(to, args, queue)).collect::<Result<_, _>>()?,
            record: args.record.as_ref().map(|folder| RecordOptions {
                folder: folder.clone(),
                stem: name.clone(),
                interface: format!("udp port {port}"),
                rotation: args.rotate,
                zstd: args.record_zstd,
                flush: args.flush,
                queue,
            }),
            name,
        })
    });
    let sources: Vec<ListenSource> = sources.collect::<Result<_, _>>()?;
    check_loops(&sources)?;
    Ok(ListenOptions {
        form: form(args, &reading)?,
        save: common.save_templates.clone().or_else(|| common.templates.clone()),
        reading,
        sources,
        metrics: args.metrics,
        silent_after: args.silent_after,
        queue,
        scale: args.scale,
        style: Style { width: table_width(), ..style(common) },
    })
}

fn form(args: &ListenArgs, reading: &Reading) -> Result<ListenForm, Failure> {
    if let Some(every) = args.summary {
        let json = match args.format {
            None | Some(LiveFormat::Table) => false,
            Some(LiveFormat::Json) => true,
            Some(LiveFormat::Csv | LiveFormat::Ndjson) => {
                return Err(Failure("--summary: its forms are table and json; csv and ndjson are for lines of flows".to_owned()));
            }
        };
        if args.filter.filter.is_some() {
            return Err(Failure("--filter chooses lines of flows; --summary counts all flows, so give one of them".to_owned()));
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
    let filter = Box::new(Wanted::new(args.filter.filter.as_deref(), &reading.elements)?);
    Ok(ListenForm::Rows { form, columns, filter, limit: args.limit, names: args.names })
}

fn forward(to: &str, args: &ListenArgs, queue: usize) -> Result<ForwardOptions, Failure> {
    let addr = to.to_socket_addrs().ok().and_then(|mut found| found.next());
    let addr = addr.ok_or_else(|| {
        Failure(format!("--forward {to}: expected HOST:PORT with a name or an address that is known, such as 192.0.2.1:1025"))
    })?;
    Ok(ForwardOptions {
        to: addr,
        name: to.to_owned(),
        from: Networks::new(args.forward_from.clone()),
        versions: args.forward_version.iter().map(version_number).collect(),
        queue,
    })
}

fn version_number(version: &MessageVersion) -> u16 {
    match version {
        MessageVersion::V1 => 1,
        MessageVersion::V5 => 5,
        MessageVersion::V7 => 7,
        MessageVersion::V9 => 9,
        MessageVersion::Ipfix => 10,
    }
}

/// What is sent on to a port that this run listens on would come back for ever.
fn check_loops(sources: &[ListenSource]) -> Result<(), Failure> {
    for forward in sources.iter().flat_map(|s| &s.forward) {
        let comes_back = |s: &ListenSource| {
            s.port.port == forward.to.port()
                && match s.port.bind {
                    Some(addr) => addr == forward.to.ip(),
                    None => is_own_address(forward.to.ip()),
                }
        };
        if sources.iter().any(comes_back) {
            return Err(Failure(format!("--forward {}: this run listens there itself, so every datagram would come back", forward.name)));
        }
    }
    Ok(())
}
