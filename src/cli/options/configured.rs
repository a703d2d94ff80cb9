//! The configuration: which file it is, what it says, and what its flow sources mean for a command that reads captures.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::args::CommonArgs;
use crate::collector::{Admission, Census, PortFilter, Rule};
use crate::config::{self, Config, FlowSource};
use crate::input::Location;

use super::Reading;

/// The file that is looked for where the program is run.
const HERE: &str = "ipfix-inspect.toml";
/// The file that is looked for in the user's folder of configurations.
const AT_HOME: &str = "ipfix-inspect/config.toml";

/// A configuration and the file that it is from.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Configuration {
    pub(in crate::cli) config: Config,
    /// The file; where there is none, the one that would be looked for last.
    pub(in crate::cli) path: PathBuf,
    /// Its text; `None` where there is no file.
    pub(in crate::cli) text: Option<String>,
}

impl Configuration {
    /// The file's name in messages.
    pub(in crate::cli) fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// The folder of a file; empty for the one where the program is run.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// What is configured: by `--config`, else `./ipfix-inspect.toml`, else in the user's folder of configurations. Without any of them, what there
/// is without configuration.
pub(in crate::cli) fn configuration(common: &CommonArgs) -> Result<Configuration, Failure> {
    let (path, text) = find(common)?;
    let config = match &text {
        Some(text) => config::read(text, &path.display().to_string(), &folder_of(&path)).map_err(Failure::of)?,
        None if common.config.is_some() => return Err(Failure(format!("--config {}: there is no such file", path.display()))),
        None => Config::default(),
    };
    Ok(Configuration { config, path, text })
}

/// The file of the configuration and its text, which is `None` where there is no such file.
pub(super) fn find(common: &CommonArgs) -> Result<(PathBuf, Option<String>), Failure> {
    let here = PathBuf::from(HERE);
    let candidates: Vec<PathBuf> = match &common.config {
        Some(path) => vec![path.clone()],
        None => std::iter::once(here).chain(at_home()).collect(),
    };
    for path in &candidates {
        match fs::read_to_string(path) {
            Ok(text) => return Ok((path.clone(), Some(text))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(Failure(format!("the configuration {} can't be read: {e}", path.display()))),
        }
    }
    let last = candidates.into_iter().next_back().unwrap_or_else(|| PathBuf::from(HERE));
    Ok((last, None))
}

/// The file in the user's folder of configurations. A relative XDG_CONFIG_HOME is to be ignored (XDG Base Directory Specification).
fn at_home() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config"))).map(|folder| folder.join(AT_HOME))
}

/// Flow sources that are read in place of files.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Configured {
    /// Their captures.
    pub(super) paths: Vec<PathBuf>,
    /// Their ports.
    pub(super) ports: Vec<u16>,
    names: Vec<String>,
    rules: Vec<Rule>,
    profiles: Vec<String>,
    asymmetric: bool,
}

impl Configured {
    fn new(config: &Config, sources: &[&FlowSource]) -> Self {
        let mut profiles: Vec<String> = Vec::new();
        let mut paths: Vec<PathBuf> = Vec::new();
        for source in sources {
            let profile = config.target(source).map_or(config::DEFAULT_PROFILE, |c| c.profile.as_str());
            if !profiles.iter().any(|p| p == profile) {
                profiles.push(profile.to_owned());
            }
            // Two sources may share a capture, which is read once.
            if let Some(path) = source.source_file_path.as_ref().filter(|path| !paths.contains(path)) {
                paths.push(path.clone());
            }
        }
        let rule = |source: &&FlowSource| Rule {
            port: Some(*source.monitoring_port),
            exporters: source.allow.value.clone(),
            versions: source.types.restricted().map(<[_]>::to_vec),
        };
        Self {
            paths,
            ports: sources.iter().map(|s| *s.monitoring_port).collect(),
            names: sources.iter().map(|s| s.name.clone()).collect(),
            rules: sources.iter().map(rule).collect(),
            profiles,
            asymmetric: sources.iter().any(|s| *s.asymmetric),
        }
    }

    /// Which exporters and types are let in. Where `--port` names other ports, exporters and types are all that is asked for.
    pub(in crate::cli) fn admission(&self, ports: &PortFilter) -> Admission {
        let own = *ports == PortFilter::Only(self.ports.clone());
        Admission { rules: self.rules.iter().map(|rule| Rule { port: rule.port.filter(|_| own), ..rule.clone() }).collect() }
    }

    /// What to say where nothing went to the ports of the sources, and NDE to others.
    pub(in crate::cli) fn nothing_arrived(&self, census: &Census) -> Option<String> {
        let others = census.other_ports.iter().max_by_key(|(_, count)| **count);
        let (port, count) = others.filter(|_| census.datagrams == 0)?;
        let names = self.names.join(", ");
        let plural = if *count == 1 { "" } else { "s" };
        Some(format!(
            "{names}: no datagram went to the monitoring_port ({}), and {count} datagram{plural} of NDE to port {port}; --port {port} reads them",
            self.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
        ))
    }
}

impl Reading {
    /// The profiles to ask: those of the command line, else those of the flow sources' collectors, else the one asked by default.
    pub(in crate::cli) fn profiles(&self, named: &[String]) -> Vec<String> {
        match (named, &self.configured) {
            ([], Some(configured)) => configured.profiles.clone(),
            ([], None) => vec![config::DEFAULT_PROFILE.to_owned()],
            (named, _) => named.to_vec(),
        }
    }

    /// Whether a flow source that is read has asymmetric flows.
    pub(in crate::cli) fn is_asymmetric(&self) -> bool {
        self.configured.as_ref().is_some_and(|c| c.asymmetric)
    }
}

/// The flow sources that are meant in place of files; `None` where files are named.
pub(super) fn chosen(files: &[PathBuf], common: &CommonArgs) -> Result<Option<Configured>, Failure> {
    match (files, common.source.as_slice()) {
        ([], []) => all(common).map(Some),
        (_, []) => Ok(None),
        ([], names) => by_name(names, common).map(Some),
        ([file, ..], [name, ..]) => Err(Failure(format!(
            "{} and --source {name}: a flow source brings its own captures (source_file_path), so name either files or flow sources",
            file.display()
        ))),
    }
}

fn by_name(names: &[String], common: &CommonArgs) -> Result<Configured, Failure> {
    let configuration = configuration(common)?;
    let config = &configuration.config;
    let mut sources: Vec<&FlowSource> = Vec::new();
    for name in names {
        let source = config.source(name).ok_or_else(|| Failure(format!("--source: {}", config.no_source(name))))?;
        if source.source_file_path.is_none() {
            let how = match &configuration.text {
                Some(_) => format!("give it one in {}", configuration.name()),
                None => format!("`ipfix-inspect sources add {name} --file captures/` gives it one"),
            };
            return Err(Failure(format!(
                "--source {name}: this flow source has no source_file_path, so there is nothing to read; {how}, or name a file"
            )));
        }
        if !sources.iter().any(|s| s.name == source.name) {
            sources.push(source);
        }
    }
    Ok(Configured::new(config, &sources))
}

/// All flow sources that have captures.
fn all(common: &CommonArgs) -> Result<Configured, Failure> {
    let configuration = configuration(common)?;
    let sources: Vec<&FlowSource> = configuration.config.sources.iter().filter(|s| s.source_file_path.is_some()).collect();
    if !sources.is_empty() {
        return Ok(Configured::new(&configuration.config, &sources));
    }
    let begin = "`ipfix-inspect capture.pcap` shows who exports and what the flows are";
    Err(Failure(match &configuration.text {
        None => format!(
            "no file given; {begin}, `ipfix-inspect sources add NAME --file PATH` configures a flow source whose captures are read without naming them, \
             `ipfix-inspect --help` tells the rest"
        ),
        Some(_) => format!(
            "no file given, and no flow source of {} has a source_file_path; {begin}, `ipfix-inspect --help` tells the rest",
            configuration.name()
        ),
    }))
}

/// Flow sources may share captures, by other words for them too: each is read once.
pub(super) fn each_once(locations: &mut Vec<Location>) {
    let mut seen = HashSet::new();
    locations.retain(|location| match location {
        Location::Path(path) => seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())),
        Location::Stdin => true,
    });
}

/// Commands that read no captures have no use for flow sources.
pub(super) fn refuse_source(common: &CommonArgs) -> Result<(), Failure> {
    match common.source.first() {
        Some(name) => Err(Failure(format!(
            "--source {name}: this command reads no captures; `ipfix-inspect sources show {name}` shows a flow source"
        ))),
        None => Ok(()),
    }
}
