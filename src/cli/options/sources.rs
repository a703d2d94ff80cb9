//! What the arguments of `sources` mean.

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::args::{AddArgs, CommonArgs, ReportFormat, SourcesArgs, SourcesCommand};
use crate::config::Change;
use crate::report::Style;

use super::configured::{self, folder_of};
use super::{style, table_width};

/// What is done with flow sources.
#[derive(Clone, Debug)]
pub(in crate::cli) struct SourcesOptions {
    pub(in crate::cli) action: SourcesAction,
    /// The configuration file and its text, where there is one.
    pub(in crate::cli) path: PathBuf,
    pub(in crate::cli) text: Option<String>,
    pub(in crate::cli) json: bool,
    pub(in crate::cli) quiet: bool,
    pub(in crate::cli) style: Style,
}

/// One of the commands.
#[derive(Clone, Debug)]
pub(in crate::cli) enum SourcesAction {
    List,
    Show(String),
    Add(Box<Change>),
    Remove { name: String, hand_down: bool },
    Check,
}

pub(in crate::cli) fn sources(args: &SourcesArgs, common: &CommonArgs) -> Result<SourcesOptions, Failure> {
    if let Some(name) = common.source.first() {
        return Err(Failure(format!("--source {name}: `sources` takes names as they are: `ipfix-inspect sources show {name}`")));
    }
    let (path, text) = configured::find(common)?;
    let named = common.config.is_some();
    let mut json = args.format == ReportFormat::Json;
    let action = match &args.command {
        None => SourcesAction::List,
        Some(SourcesCommand::List { format }) => {
            json = *format == ReportFormat::Json;
            SourcesAction::List
        }
        Some(SourcesCommand::Show { name, format }) => {
            json = *format == ReportFormat::Json;
            SourcesAction::Show(name.clone())
        }
        Some(SourcesCommand::Add(add)) => SourcesAction::Add(Box::new(change(add, &common.port, &path)?)),
        Some(SourcesCommand::Remove { name, hand_down }) => SourcesAction::Remove { name: name.clone(), hand_down: *hand_down },
        Some(SourcesCommand::Check) => SourcesAction::Check,
    };
    if text.is_none() && named && !matches!(action, SourcesAction::Add(_)) {
        return Err(Failure(format!("--config {}: there is no such file; `sources add` makes one", path.display())));
    }
    Ok(SourcesOptions { action, path, text, json, quiet: common.quiet, style: Style { width: table_width(), ..style(common) } })
}

fn change(add: &AddArgs, ports: &[u16], file: &Path) -> Result<Change, Failure> {
    if ports.len() > 1 {
        return Err(Failure("--port: a flow source has one port".to_owned()));
    }
    let path = |path: &PathBuf| from_file(&path.display().to_string(), file);
    Ok(Change {
        name: add.name.clone(),
        from: add.like.clone(),
        target_collector: add.collector.clone(),
        types: add.types.clone(),
        asymmetric: add.asymmetric,
        monitoring_interface: add.interface.clone(),
        source_file_path: add.file.as_ref().map(|text| from_file(text, file)),
        monitoring_port: ports.first().copied(),
        forward_to: add.forward_to.clone(),
        forward_port: add.forward_port,
        forward_spoof: add.forward_spoof,
        allow: add.allow.clone(),
        record: add.record.as_ref().map(path),
        export: add.export.as_ref().map(path),
    })
}

/// A path from where the program is run, as it has to stand in the file, where paths are from the file's folder.
fn from_file(path: &str, file: &Path) -> String {
    let folder = folder_of(file);
    if folder.as_os_str().is_empty() || folder == Path::new(".") || Path::new(path).is_absolute() || path.is_empty() {
        return path.to_owned();
    }
    std::env::current_dir().map_or_else(|_| path.to_owned(), |here| here.join(path).display().to_string())
}
