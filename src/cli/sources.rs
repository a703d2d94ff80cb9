//! `sources`: the configured flow sources: a list, their values, one more, one less, what is wrong.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::config::{self, Config, EditError, Edited, Interface};
use crate::element::Elements;
use crate::report;
use crate::write::TargetFile;

use super::options::{SourcesAction, SourcesOptions};
use super::{Ending, Failure, complain, more, print, profiles};

pub(super) fn run(options: &SourcesOptions) -> Result<Ending, Failure> {
    let file = options.path.display().to_string();
    let folder = options.path.parent().unwrap_or(Path::new(""));
    let text = options.text.as_deref();
    match &options.action {
        SourcesAction::Check => check(options, &file, folder),
        SourcesAction::List => {
            let config = read(text, &file, folder)?;
            print(&if options.json { report::sources_json(&config) } else { report::sources_text(&config, &options.style) })?;
            Ok(Ending::Done)
        }
        SourcesAction::Show(name) => {
            let config = read(text, &file, folder)?;
            let source = config.source(name).ok_or_else(|| Failure(config.no_source(name)))?;
            let (json, style) = (options.json, &options.style);
            print(&if json { report::source_json(source, &config) } else { report::source_text(source, &config, style) })?;
            Ok(Ending::Done)
        }
        SourcesAction::Add(change) => {
            let edited = config::add(text.unwrap_or_default(), &file, folder, change).map_err(|e| edit_failure(&e, &file))?;
            let port = edited.config.source(&change.name).map_or(0, |s| *s.monitoring_port);
            save(options, &edited)?;
            say(options, &format!("added '{}', port {port}, to {file}", change.name));
            Ok(Ending::Done)
        }
        SourcesAction::Remove { name, hand_down } => {
            let edited = config::remove(text.unwrap_or_default(), &file, folder, name, *hand_down).map_err(|e| edit_failure(&e, &file))?;
            save(options, &edited)?;
            say(options, &format!("removed '{name}' from {file}"));
            Ok(Ending::Done)
        }
    }
}

fn read(text: Option<&str>, file: &str, folder: &Path) -> Result<Config, Failure> {
    text.map_or_else(|| Ok(Config::default()), |text| config::read(text, file, folder).map_err(Failure::of))
}

/// Faults have the file's name already.
fn edit_failure(error: &EditError, file: &str) -> Failure {
    match error {
        EditError::Faults(faults) => Failure(faults.to_string()),
        EditError::Refused(why) => Failure(format!("{file} stays as it is: {why}")),
    }
}

/// Writes the file beside its name and renames it: whoever reads it meanwhile reads the old one or the new one.
fn save(options: &SourcesOptions, edited: &Edited) -> Result<(), Failure> {
    let folder = options.path.parent().filter(|f| !f.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::create_dir_all(folder).map_err(|e| Failure(format!("{}: can't be made: {e}", folder.display())))?;
    }
    let mut target = TargetFile::create(&options.path, true).map_err(Failure::of)?;
    target.write_all(edited.text.as_bytes()).map_err(|e| Failure(format!("{}: {e}", options.path.display())))?;
    target.commit().map_err(Failure::of)
}

fn say(options: &SourcesOptions, what: &str) {
    if !options.quiet {
        complain(&what);
    }
}

/// Faults of the file are an error; what this machine lacks is told.
fn check(options: &SourcesOptions, file: &str, folder: &Path) -> Result<Ending, Failure> {
    let Some(text) = options.text.as_deref() else {
        print(&format!("There is no configuration file; `ipfix-inspect sources add NAME` makes {file}.\n"))?;
        return Ok(Ending::Done);
    };
    let config = match config::read(text, file, folder) {
        Ok(config) => config,
        Err(faults) => {
            // A line each, as compilers write them, so that editors find the places.
            faults.0.iter().for_each(|fault| more(&fault.to_string()));
            let count = faults.0.len();
            complain(&format!("{file}: {count} fault{}", if count == 1 { "" } else { "s" }));
            return Ok(Ending::Unreadable);
        }
    };
    let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let missing = missing(&config);
    let counts = format!("{}, {}", plural(config.sources.len(), "flow source"), plural(config.collectors.len(), "collector"));
    let mut out = format!("{file}: {counts}: no fault\n");
    missing.iter().for_each(|line| out.push_str(&format!("{}\n", report::escape(line))));
    print(&out)?;
    Ok(Ending::Done)
}

/// What a configuration names and this machine does not have.
fn missing(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    for source in &config.sources {
        let name = &source.name;
        if let Some(path) = source.source_file_path.as_deref() {
            let is_pattern = path.to_string_lossy().contains(['*', '?', '[']);
            if !path.exists() && !is_pattern {
                found.push(format!("{name}: the source_file_path {} is not there", path.display()));
            }
        }
        if let Interface::Device(device) = &source.monitoring_interface.value
            && cfg!(target_os = "linux")
            && !Path::new("/sys/class/net").join(device).exists()
        {
            found.push(format!("{name}: this machine has no interface {device}"));
        }
        let kept = [("record", source.record.as_ref().map(|r| &r.directory)), ("export", source.export.as_ref().map(|e| &e.directory))];
        for (what, directory) in kept {
            if let Some(directory) = directory.filter(|d| !d.is_dir()) {
                found.push(format!("{name}: the directory {} to {what} to is not there", directory.display()));
            }
        }
        for (host, port) in config.destinations(source) {
            if matches!(host, config::Host::Address(a) if a.is_loopback()) && config.sources.iter().any(|s| *s.monitoring_port == port) {
                found.push(format!("{name}: forwards to {host} port {port}, where a flow source of this file listens: a circle"));
            }
        }
    }
    for collector in &config.collectors {
        if let Err(why) = profiles::choose(&collector.profile, &Elements::default()) {
            found.push(format!("{}: {why}", collector.name));
        }
    }
    found
}
