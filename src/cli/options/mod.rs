//! What is meant: the typed arguments, checked and put into the library's terms.

mod configured;
mod conversations;
mod display;
mod export;
mod listen;
mod query;
mod replay;
mod sources;
mod summary;

use std::io::IsTerminal;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::CommandFactory;

use crate::audit::{self, Profile};
use crate::collector::{Kept, PortFilter};
use crate::element::{self, Elements};
use crate::input::{InputOptions, Location};
use crate::keep;
use crate::plan;
use crate::report::{ByteUnits, Display, Style};
use crate::template::{Limits, PendingLimits, ScopeRule};
use crate::write::Format;

use super::Failure;
use super::args::{
    Args, AuditArgs, AuditFormat, Between, ColorWhen, CommonArgs, ElementsArgs, FailOn, FlowFormat, FlowsArgs, OptionsArgs, OverviewArgs,
    ProfilesArgs, ReportFormat, TablesFormat, TemplateScope, TemplatesArgs,
};
use super::filtering::Wanted;

pub(super) use configured::Configured;
pub(super) use conversations::{ConversationsForm, ConversationsOptions, conversations};
pub(super) use display::{Shown, display};
pub(super) use export::{ExportForm, ExportOptions, Output, export};
pub(super) use listen::{ListenExport, ListenForm, ListenOptions, ListenSource, listen, listen_sources};
pub(super) use query::{QueryForm, QueryOptions, query};
pub(super) use replay::{ReplayOptions, replay};
pub(super) use sources::{SourcesAction, SourcesOptions, sources};
pub(super) use summary::{Asked, SummaryOptions, page_tables, summary};

/// What all commands that read captures share. A command gets it from [`reading`], whose result already has what `--source` means: inputs,
/// ports, exporters and types in all commands; [`Reading::profiles`] for those that ask profiles; [`Reading::is_asymmetric`] for those that
/// pair flows.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) locations: Vec<Location>,
    pub(super) input: InputOptions,
    pub(super) ports: PortFilter,
    /// The flow sources that are read in place of files.
    pub(super) configured: Option<Configured>,
    pub(super) scope: ScopeRule,
    pub(super) limits: Limits,
    pub(super) pending: PendingLimits,
    pub(super) exporters: usize,
    pub(super) elements: Arc<Elements>,
    /// What an earlier run kept, and the file it is from.
    pub(super) kept: Option<(PathBuf, Arc<Kept>)>,
    /// Where this run keeps what it knows at its end.
    pub(super) save: Option<PathBuf>,
    pub(super) nesting: u8,
    pub(super) strict: bool,
    pub(super) quiet: bool,
    pub(super) progress: bool,
    pub(super) threads: usize,
}

/// The overview.
#[derive(Clone, Debug)]
pub(super) struct OverviewOptions {
    pub(super) reading: Reading,
    pub(super) json: bool,
    pub(super) scale: bool,
    pub(super) profile: Arc<Profile>,
    pub(super) style: Style,
}

/// The list of templates.
#[derive(Clone, Debug)]
pub(super) struct TemplatesOptions {
    pub(super) reading: Reading,
    pub(super) view: TemplatesView,
    pub(super) json: bool,
    pub(super) style: Style,
}

/// What is shown of templates.
#[derive(Clone, Debug)]
pub(super) enum TemplatesView {
    List,
    History,
    Versions,
    Exporters,
    /// Against what these inputs have, read first.
    Before(Box<Reading>),
}

/// The tables of options data.
#[derive(Clone, Debug)]
pub(super) struct TablesOptions {
    pub(super) reading: Reading,
    pub(super) form: TablesForm,
    pub(super) limit: u64,
    pub(super) style: Style,
}

/// The form of tables of options data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TablesForm {
    Text,
    Json,
    Csv,
}

/// The elements that a pattern means.
#[derive(Clone, Debug)]
pub(super) struct ElementsOptions {
    pub(super) pattern: Option<String>,
    pub(super) elements: Arc<Elements>,
    pub(super) json: bool,
    pub(super) style: Style,
}

/// An audit.
#[derive(Clone, Debug)]
pub(super) struct AuditOptions {
    pub(super) reading: Reading,
    pub(super) profiles: Vec<Arc<Profile>>,
    pub(super) limits: audit::AuditOptions,
    pub(super) format: AuditFormat,
    pub(super) fail_on: FailOn,
    pub(super) all_content: bool,
    pub(super) output: Option<PathBuf>,
    pub(super) force: bool,
    pub(super) style: Style,
}

/// The profiles to show.
#[derive(Clone, Debug)]
pub(super) struct ProfilesOptions {
    pub(super) profile: Option<Arc<Profile>>,
    pub(super) json: bool,
    pub(super) style: Style,
}

/// Which columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ColumnChoice {
    /// Those that fit a terminal.
    Short,
    /// The canonical ones that occur.
    Canonical,
    /// These names; `canonical` and `all` may be among them.
    Named(Vec<String>),
}

/// The form of flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowForm {
    Table,
    Text(Format),
}

/// The flows.
#[derive(Clone, Debug)]
pub(super) struct FlowsOptions {
    pub(super) reading: Reading,
    pub(super) form: RowForm,
    pub(super) columns: ColumnChoice,
    pub(super) limit: Option<u64>,
    pub(super) filter: Wanted,
    pub(super) scale: bool,
    pub(super) names: bool,
    pub(super) output: Option<PathBuf>,
    pub(super) force: bool,
    pub(super) style: Style,
    pub(super) display: Display,
}

/// What the overview's arguments mean.
pub(super) fn overview(files: &[PathBuf], common: &CommonArgs, args: &OverviewArgs) -> Result<OverviewOptions, Failure> {
    // Options before a command make it look like a file.
    let command =
        |file: &PathBuf| file.to_str().filter(|name| Args::command().find_subcommand(name).is_some() && !file.exists()).map(str::to_owned);
    if let Some(name) = files.first().and_then(command) {
        return Err(Failure(format!("'{name}' is a command and stands before all options: `ipfix-inspect {name} …`")));
    }
    let reading = reading(files, common)?;
    let profile = reading.profiles(&[]).into_iter().next().unwrap_or_default();
    Ok(OverviewOptions {
        profile: super::profiles::choose(&profile, &reading.elements)?,
        reading,
        json: args.format == ReportFormat::Json,
        scale: args.scale,
        style: style(common),
    })
}

/// What the arguments of `templates` mean.
pub(super) fn templates(args: &TemplatesArgs, common: &CommonArgs) -> Result<TemplatesOptions, Failure> {
    let view = match (args.history, args.diff, &args.diff_with) {
        (true, ..) => TemplatesView::History,
        (_, Some(Between::Versions), _) => TemplatesView::Versions,
        (_, Some(Between::Exporters), _) => TemplatesView::Exporters,
        (.., Some(before)) => TemplatesView::Before(Box::new(reading_files(std::slice::from_ref(before), common, None)?)),
        _ => TemplatesView::List,
    };
    Ok(TemplatesOptions { reading: reading(&args.files, common)?, view, json: args.format == ReportFormat::Json, style: style(common) })
}

/// What the arguments of `options` mean.
pub(super) fn tables(args: &OptionsArgs, common: &CommonArgs) -> Result<TablesOptions, Failure> {
    let form = match args.format {
        TablesFormat::Text => TablesForm::Text,
        TablesFormat::Json => TablesForm::Json,
        TablesFormat::Csv => TablesForm::Csv,
    };
    Ok(TablesOptions {
        reading: reading(&args.files, common)?,
        form,
        limit: args.limit,
        style: Style { width: table_width(), ..style(common) },
    })
}

/// What the arguments of `flows` mean.
pub(super) fn flows(args: &FlowsArgs, common: &CommonArgs) -> Result<FlowsOptions, Failure> {
    let form = match (args.format, &args.output) {
        (Some(FlowFormat::Table), _) | (None, None) => RowForm::Table,
        (Some(FlowFormat::Csv), _) => RowForm::Text(Format::Csv),
        (Some(FlowFormat::Ndjson), _) => RowForm::Text(Format::Ndjson),
        (None, Some(path)) => match path.extension().and_then(|e| e.to_str()) {
            Some("csv") => RowForm::Text(Format::Csv),
            Some("ndjson" | "jsonl" | "json") => RowForm::Text(Format::Ndjson),
            Some("txt") => RowForm::Table,
            _ => {
                let name = path.display();
                return Err(Failure(format!("{name}: its name tells no form; end it in .csv or .ndjson, or say --format")));
            }
        },
    };
    let columns = match (args.columns.is_empty(), form) {
        (false, _) => ColumnChoice::Named(args.columns.iter().map(|c| c.trim().to_owned()).collect()),
        (true, RowForm::Table) => ColumnChoice::Short,
        (true, RowForm::Text(_)) => ColumnChoice::Canonical,
    };
    let display = display(
        &args.display,
        match form {
            RowForm::Table => Shown::ForPeople(ByteUnits::Raw),
            RowForm::Text(Format::Csv) => Shown::Csv,
            RowForm::Text(Format::Ndjson) => Shown::ForPrograms("ndjson"),
        },
    )?;
    let reading = reading(&args.files, common)?;
    Ok(FlowsOptions {
        display,
        filter: Wanted::new(args.filter.filter.as_deref(), &reading.elements)?,
        reading,
        form,
        columns,
        limit: args.limit,
        scale: args.scale,
        names: args.names,
        output: args.output.clone(),
        force: args.force,
        style: Style { width: table_width(), ..style(common) },
    })
}

/// What the arguments of `audit` mean.
pub(super) fn audit(args: &AuditArgs, common: &CommonArgs) -> Result<AuditOptions, Failure> {
    let format = match (args.format, &args.output) {
        (Some(format), _) => format,
        (None, None) => AuditFormat::Text,
        (None, Some(path)) => match path.extension().and_then(|e| e.to_str()) {
            Some("html" | "htm") => AuditFormat::Html,
            Some("md" | "markdown") => AuditFormat::Markdown,
            Some("json") => AuditFormat::Json,
            Some("sarif") => AuditFormat::Sarif,
            Some("xml") => AuditFormat::Junit,
            Some("txt") => AuditFormat::Text,
            _ => {
                let name = path.display();
                return Err(Failure(format!(
                    "{name}: its name tells no form; end it in .html, .md, .json, .sarif, .xml or .txt, or say --format"
                )));
            }
        },
    };
    let platform = args.platform.as_deref().map(|name| {
        audit::family(name).ok_or_else(|| {
            let names = || audit::families().iter().map(|f| f.id);
            let near = plan::nearest(name, names()).map(|n| format!("did you mean '{n}'? ")).unwrap_or_default();
            Failure(format!("no platform is called '{name}'; {near}there are {}", names().collect::<Vec<_>>().join(", ")))
        })
    });
    let platform = platform.transpose()?;
    let reading = reading(&args.files, common)?;
    let mut profiles: Vec<Arc<Profile>> = Vec::new();
    for name in &reading.profiles(&args.profile) {
        let profile = super::profiles::choose(name, &reading.elements)?;
        if profiles.iter().any(|p| p.name == profile.name) {
            return Err(Failure(format!("--profile {name}: the profile '{}' was given already", profile.name)));
        }
        profiles.push(profile);
    }
    // A file has no width and no colors.
    let style = if args.output.is_some() { Style { width: 100, color: false } } else { style(common) };
    Ok(AuditOptions {
        reading,
        profiles,
        limits: audit::AuditOptions { refresh_limit: args.refresh_limit, time_limit: args.time_limit, platform },
        format,
        fail_on: args.fail_on,
        all_content: args.all_content,
        output: args.output.clone(),
        force: args.force,
        style,
    })
}

/// How `explain` looks.
pub(super) fn explain_style(common: &CommonArgs) -> Result<Style, Failure> {
    configured::refuse_source(common)?;
    Ok(style(common))
}

/// What the arguments of `profiles` mean.
pub(super) fn profiles_command(args: &ProfilesArgs, common: &CommonArgs) -> Result<ProfilesOptions, Failure> {
    configured::refuse_source(common)?;
    let elements = elements(common)?;
    Ok(ProfilesOptions {
        profile: args.profile.as_deref().map(|name| super::profiles::choose(name, &elements)).transpose()?,
        json: args.format == ReportFormat::Json,
        style: Style { width: table_width(), ..style(common) },
    })
}

/// What the arguments of `elements` mean.
pub(super) fn elements_command(args: &ElementsArgs, common: &CommonArgs) -> Result<ElementsOptions, Failure> {
    if common.save_templates.is_some() {
        return Err(Failure("--save-templates: this command reads no captures, so there are no templates to save".to_owned()));
    }
    configured::refuse_source(common)?;
    let mut elements = elements(common)?;
    if let Some(path) = &common.templates {
        let (_, kept) = kept(path)?;
        let elements = Arc::make_mut(&mut elements);
        for described in &kept.elements {
            elements.take(described.clone());
        }
    }
    Ok(ElementsOptions {
        pattern: args.pattern.clone(),
        elements,
        json: args.format == ReportFormat::Json,
        style: Style { width: table_width(), ..style(common) },
    })
}

/// What is read and how: the files, or with `--source`, or without either, the captures of configured flow sources.
pub(super) fn reading(files: &[PathBuf], common: &CommonArgs) -> Result<Reading, Failure> {
    match configured::chosen(files, common)? {
        Some(configured) => reading_files(&configured.paths.clone(), common, Some(configured)),
        None => reading_files(files, common, None),
    }
}

fn reading_files(files: &[PathBuf], common: &CommonArgs, configured: Option<Configured>) -> Result<Reading, Failure> {
    reading_with(files, common, configured, common.templates.as_deref().map(kept).transpose()?)
}

/// The same beginning with what an earlier run kept, whatever the arguments say of it.
fn reading_with(
    files: &[PathBuf],
    common: &CommonArgs,
    configured: Option<Configured>,
    kept: Option<(PathBuf, Arc<Kept>)>,
) -> Result<Reading, Failure> {
    const MIB: usize = 1 << 20;
    const NANOS_PER_SECOND: i64 = 1_000_000_000;
    if files.iter().filter(|f| Location::from((*f).clone()) == Location::Stdin).count() > 1 {
        return Err(Failure("standard input can be read only once".to_owned()));
    }
    if common.threads == Some(0) {
        return Err(Failure("--threads 0: at least one thread is needed".to_owned()));
    }
    let limits = &common.limits;
    let input = InputOptions {
        fragment_octets: limits.max_fragments.saturating_mul(MIB),
        fragment_age: i64::from(limits.max_fragment_age) * NANOS_PER_SECOND,
        tunnel_levels: limits.max_tunnels,
        ..InputOptions::default()
    };
    let mut locations = super::locations::gather(files, common.recursive || configured.is_some(), common.quiet, &input)?;
    if configured.is_some() {
        configured::each_once(&mut locations);
    }
    Ok(Reading {
        locations,
        input,
        ports: match (&configured, common.port.as_slice()) {
            (None, []) => PortFilter::Any,
            (Some(configured), []) => PortFilter::Only(configured.ports.clone()),
            (_, ports) => PortFilter::Only(ports.to_vec()),
        },
        configured,
        scope: match common.template_scope {
            TemplateScope::Session => ScopeRule::Session,
            TemplateScope::Address => ScopeRule::Address,
            TemplateScope::AnyDomain => ScopeRule::AnyDomain,
        },
        limits: Limits { definitions: limits.max_templates, domains: limits.max_exporters, fields: limits.max_fields },
        pending: PendingLimits { octets: limits.max_held.saturating_mul(MIB), nanos: i64::from(limits.max_wait) * NANOS_PER_SECOND },
        exporters: limits.max_exporters,
        elements: elements(common)?,
        kept,
        save: common.save_templates.clone(),
        nesting: limits.max_nesting,
        strict: common.strict,
        quiet: common.quiet,
        progress: !common.quiet && !common.no_progress && std::io::stderr().is_terminal(),
        threads: common.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get)),
    })
}

/// The built-in elements, and over them those of the user's files, a later file over an earlier one.
fn elements(common: &CommonArgs) -> Result<Arc<Elements>, Failure> {
    let mut elements = Elements::default().with_most_told(common.limits.max_elements);
    for path in &common.elements {
        let name = path.display();
        let octets = std::fs::read(path).map_err(|e| Failure(format!("--elements {name}: {e}")))?;
        let described =
            element::read_elements(&String::from_utf8_lossy(&octets)).map_err(|e| Failure(format!("--elements {name}: {e}")))?;
        elements.add(described);
    }
    Ok(Arc::new(elements))
}

/// What an earlier run kept.
fn kept(path: &Path) -> Result<(PathBuf, Arc<Kept>), Failure> {
    let name = path.display();
    let octets = std::fs::read(path).map_err(|e| Failure(format!("--templates {name}: {e}")))?;
    let kept = keep::read_store(&octets).map_err(|e| Failure(format!("--templates {name}: {e}")))?;
    Ok((path.to_owned(), Arc::new(kept)))
}

/// The width that the reader's side has, where it is known.
fn known_width() -> Option<usize> {
    const NARROWEST: usize = 40;
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let terminal = || std::io::stdout().is_terminal().then(super::progress::terminal_width).flatten();
    columns.or_else(terminal).map(|width| width.max(NARROWEST))
}

/// A table in a file or a pipe has all its columns.
fn table_width() -> usize {
    const UNBOUNDED: usize = 100_000;
    known_width().unwrap_or(UNBOUNDED)
}

fn style(common: &CommonArgs) -> Style {
    const UNKNOWN_WIDTH: usize = 80;
    let terminal = std::io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let color = match common.color {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => terminal && !no_color,
    };
    Style { width: known_width().unwrap_or(UNKNOWN_WIDTH), color }
}
