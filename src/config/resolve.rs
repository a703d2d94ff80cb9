//! From what stands in a file to flow sources with all their values: names, what is built from what, ports.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use toml::Spanned;

use super::fault::{ConfigFaults, Faults};
use super::raw::{RawCollector, RawSource, tables};
use super::source::{Collector, Config, FlowSource, Forwarding, Interface, Setting, Types, WhereFrom};
use super::{DEFAULT_FORWARDING_PORT, DEFAULT_PORT, DEFAULT_PROFILE, DEFAULT_SOURCE};
use crate::audit;
use crate::plan::nearest;

/// Reads a configuration. `file` is its name in messages; paths in it are from `folder`.
///
/// # Errors
/// All faults of the file.
pub fn read(text: &str, file: &str, folder: &Path) -> Result<Config, ConfigFaults> {
    let mut faults = Faults::new(text, file);
    let (raw_sources, raw_collectors) = tables(text, &mut faults);
    let collectors = collectors(&raw_collectors, &mut faults, folder);
    let config = Config { file: Some(file.to_owned()), sources: sources(&raw_sources, &collectors, &mut faults, folder), collectors };
    if faults.is_empty() {
        check_forwarding(&raw_sources, &config, &mut faults);
    }
    if faults.is_empty() { Ok(config) } else { Err(faults.into_error()) }
}

impl Default for Config {
    /// What there is without a file.
    fn default() -> Self {
        Self { file: None, sources: vec![default_source()], collectors: Vec::new() }
    }
}

fn default_source() -> FlowSource {
    effective(DEFAULT_SOURCE, None, &[], DEFAULT_PORT, None)
}

fn collectors(raw: &[RawCollector], faults: &mut Faults<'_>, folder: &Path) -> Vec<Collector> {
    let mut seen: HashMap<&str, Range<usize>> = HashMap::new();
    let mut found = Vec::new();
    for collector in raw {
        let Some(name) = named(collector.name.as_ref(), collector.misnamed, &collector.at, "collector", faults) else { continue };
        if let Some(first) = seen.get(name.get_ref().as_str()) {
            let line = faults.line(first);
            faults
                .note(name.span(), format!("there is a collector '{}' in line {line} already: expected a name of its own", name.get_ref()));
            continue;
        }
        seen.insert(name.get_ref(), name.span());
        let profile = match &collector.profile {
            None => Setting { value: DEFAULT_PROFILE.to_owned(), from: WhereFrom::Default },
            Some(profile) => Setting { value: checked_profile(profile, faults, folder), from: WhereFrom::Own },
        };
        found.push(Collector { name: name.get_ref().clone(), address: collector.address.clone(), profile });
    }
    found
}

/// A built-in profile, or a TOML file, from the configuration's folder.
fn checked_profile(profile: &Spanned<String>, faults: &mut Faults<'_>, folder: &Path) -> String {
    let name = profile.get_ref();
    if audit::profile(name).is_some() {
        return name.clone();
    }
    if !name.ends_with(".toml") {
        let names = || audit::profiles().iter().map(|p| p.name.as_str());
        let near = nearest(name, names()).map(|n| format!("did you mean '{n}'? ")).unwrap_or_default();
        let all = names().collect::<Vec<_>>().join(", ");
        faults.note(profile.span(), format!("'{name}' is no profile: {near}expected one of {all}, or a file that ends in .toml"));
    }
    folder.join(name).display().to_string()
}

/// A table's name; that it has none is a fault.
fn named<'r>(
    name: Option<&'r Spanned<String>>,
    misnamed: bool,
    at: &Range<usize>,
    what: &str,
    faults: &mut Faults<'_>,
) -> Option<&'r Spanned<String>> {
    if name.is_none() && !misnamed {
        faults.note(at.clone(), format!("this {what} has no name: expected name = \"…\""));
    }
    name
}

fn sources(raw: &[RawSource], collectors: &[Collector], faults: &mut Faults<'_>, folder: &Path) -> Vec<FlowSource> {
    if raw.is_empty() {
        return vec![default_source()];
    }
    let mut by_name: HashMap<&str, &RawSource> = HashMap::new();
    for source in raw {
        let Some(name) = named(source.name.as_ref(), source.misnamed, &source.at, "flow source", faults) else { continue };
        if let Some(first) = by_name.get(name.get_ref().as_str()) {
            let line = faults.line(&first.name.as_ref().map(Spanned::span).unwrap_or_default());
            faults.note(
                name.span(),
                format!("there is a flow source '{}' in line {line} already: expected a name of its own", name.get_ref()),
            );
            continue;
        }
        by_name.insert(name.get_ref(), source);
    }
    for source in raw {
        check_target(source, collectors, faults);
    }
    let ports = ports(raw, faults);
    let mut found = Vec::new();
    for (source, port) in raw.iter().zip(ports) {
        let chain = chain(source, &by_name, faults);
        let Some(name) = &source.name else { continue };
        found.push(effective(name.get_ref(), source.from.as_ref().map(|f| f.get_ref().clone()), &chain, port, Some(folder)));
    }
    found
}

fn check_target(source: &RawSource, collectors: &[Collector], faults: &mut Faults<'_>) {
    let Some(target) = &source.target_collector else { return };
    let Some(name) = target.get_ref() else { return };
    if !collectors.iter().any(|c| c.name == *name) {
        let names = || collectors.iter().map(|c| c.name.as_str());
        let near = nearest(name, names()).map(|n| format!("did you mean '{n}'? ")).unwrap_or_default();
        let all = names().collect::<Vec<_>>().join(", ");
        let expected = if all.is_empty() { format!("expected a [[collector]] with name = \"{name}\"") } else { format!("expected {all}") };
        faults.note(target.span(), format!("no collector is called '{name}': {near}{expected}"));
    }
}

/// Each source's port: its own, or the next one up from the source before it that no source asks for.
fn ports(raw: &[RawSource], faults: &mut Faults<'_>) -> Vec<u16> {
    let mut asked: HashMap<u16, Range<usize>> = HashMap::new();
    for port in raw.iter().filter_map(|s| s.monitoring_port.as_ref()) {
        if let Some(first) = asked.get(port.get_ref()) {
            let (number, line) = (port.get_ref(), faults.line(first));
            faults.note(port.span(), format!("port {number} is taken by the flow source of line {line}: expected a port of its own"));
            continue;
        }
        asked.insert(*port.get_ref(), port.span());
    }
    let mut taken: BTreeSet<u16> = asked.into_keys().collect();
    let mut next = Some(DEFAULT_PORT);
    let mut found = Vec::new();
    for source in raw {
        let port = match &source.monitoring_port {
            Some(own) => *own.get_ref(),
            None => {
                let free = next.and_then(|from| (from..=u16::MAX).find(|port| !taken.contains(port)));
                if free.is_none() {
                    faults.note(source.at.clone(), "no port is left above the flow source before this one: expected a monitoring_port");
                }
                free.unwrap_or(DEFAULT_PORT)
            }
        };
        taken.insert(port);
        next = port.checked_add(1);
        found.push(port);
    }
    found
}

/// The source itself and those it is built from, the nearest first.
fn chain<'r>(source: &'r RawSource, by_name: &HashMap<&str, &'r RawSource>, faults: &mut Faults<'_>) -> Vec<&'r RawSource> {
    let mut chain = vec![source];
    let mut at = source;
    while let Some(from) = &at.from {
        let Some(next) = by_name.get(from.get_ref().as_str()).copied() else {
            if from.get_ref() != DEFAULT_SOURCE {
                let names =
                    || by_name.keys().copied().chain([DEFAULT_SOURCE]).filter(|n| at.name.as_ref().is_none_or(|own| own.get_ref() != n));
                let near = nearest(from.get_ref(), names()).map(|n| format!("did you mean '{n}'? ")).unwrap_or_default();
                let mut all = names().collect::<Vec<_>>();
                all.sort_unstable();
                all.dedup();
                faults.note(from.span(), format!("no flow source is called '{}': {near}expected {}", from.get_ref(), all.join(", ")));
            }
            break;
        };
        if let Some(begin) = chain.iter().position(|s| std::ptr::eq(*s, next)) {
            let circle = chain.iter().skip(begin).chain([&next]).filter_map(|s| s.name.as_ref()).map(|n| n.get_ref().as_str());
            let circle = circle.collect::<Vec<_>>().join(" from ");
            // Said once, where the circle closes, by the source that stands first in it.
            if begin == 0 && chain.iter().all(|s| s.at.start >= source.at.start) {
                let span = source.from.as_ref().map(Spanned::span).unwrap_or_default();
                faults.note(span, format!("flow sources are built from each other in a circle ({circle}): expected a chain that ends"));
            }
            break;
        }
        chain.push(next);
        at = next;
    }
    chain
}

/// A flow source with every value: from the first of the chain that has it, else the default.
fn effective(name: &str, from: Option<String>, chain: &[&RawSource], port: u16, folder: Option<&Path>) -> FlowSource {
    let in_folder = |path: &Path| folder.map_or_else(|| path.to_owned(), |folder| folder.join(path));
    FlowSource {
        name: name.to_owned(),
        from,
        target_collector: pick(chain, |s| s.target_collector.as_ref().map(|t| t.get_ref().clone()), None),
        types: pick(chain, |s| s.types.clone(), Types::netflow()),
        asymmetric: pick(chain, |s| s.asymmetric, false),
        monitoring_interface: pick(chain, |s| s.monitoring_interface.clone(), Interface::Any),
        source_file_path: pick(chain, |s| Some(s.source_file_path.as_ref()?.as_deref().map(in_folder)), None),
        monitoring_port: Setting {
            value: port,
            from: if chain.first().is_some_and(|s| s.monitoring_port.is_some()) { WhereFrom::Own } else { WhereFrom::Default },
        },
        forwarding: Forwarding {
            enabled: pick(chain, |s| s.enabled, false),
            port: pick(chain, |s| s.port, DEFAULT_FORWARDING_PORT),
            destinations: pick(chain, |s| s.destinations.clone(), Vec::new()),
            spoof: pick(chain, |s| s.spoof, false),
        },
        allow: pick(chain, |s| s.allow.clone(), Vec::new()),
        record: pick(
            chain,
            |s| {
                let mut record = s.record.clone()?;
                record.iter_mut().for_each(|r| r.directory = in_folder(&r.directory));
                Some(record)
            },
            None,
        ),
        export: pick(
            chain,
            |s| {
                let mut export = s.export.clone()?;
                export.iter_mut().for_each(|e| e.directory = in_folder(&e.directory));
                Some(export)
            },
            None,
        ),
    }
}

fn pick<T>(chain: &[&RawSource], value: impl Fn(&RawSource) -> Option<T>, default: T) -> Setting<T> {
    for (distance, source) in chain.iter().enumerate() {
        if let Some(value) = value(source) {
            let name = source.name.as_ref().map(|n| n.get_ref().clone());
            return Setting { value, from: if distance == 0 { WhereFrom::Own } else { WhereFrom::Source(name.unwrap_or_default()) } };
        }
    }
    Setting { value: default, from: WhereFrom::Default }
}

/// Forwarding that is enabled has to lead somewhere.
fn check_forwarding(raw: &[RawSource], config: &Config, faults: &mut Faults<'_>) {
    for (source, raw) in config.sources.iter().zip(raw) {
        if *source.forwarding.enabled && config.destinations(source).is_empty() {
            let span = raw.forwarding.clone().unwrap_or_else(|| raw.at.clone());
            let what = "forwarding is enabled and leads nowhere: expected destinations = [\"…\"], or a target_collector with an address";
            faults.note(span, format!("{}: {what}", source.name));
        }
    }
}
