//! Which inputs are read, and in which order: patterns and folders become the files that they mean, and files are read in the order of
//! their first times.

use std::fs;
use std::path::{Path, PathBuf};

use crate::input::{InputOptions, Location, first_time};
use crate::time::Timestamp;

use super::{Failure, complain};

/// Files that are named when a folder holds more than captures and flow logs.
const MOST_NAMED: usize = 3;

/// As shells read patterns: a name that begins with a dot has to be asked for.
const AS_SHELLS_DO: glob::MatchOptions =
    glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// The inputs that paths name. With `recursive`, a folder stands for every file in it and below it that is a capture or a flow log; others are
/// left out, with a word about it unless `quiet`.
///
/// Files are ordered by their first times, so that templates, sequence numbers and the flows go on from one to the next; those that tell
/// none, or can't be read, come last, as they were named. Where a pipe is among the inputs, the order stays as it was typed.
pub(super) fn gather(paths: &[PathBuf], recursive: bool, quiet: bool, options: &InputOptions) -> Result<Vec<Location>, Failure> {
    // With its first time, where that was looked at.
    let mut found: Vec<(Location, Option<Option<Timestamp>>)> = Vec::new();
    for path in &expanded(paths, recursive)? {
        let location = Location::from(path.clone());
        if recursive && location != Location::Stdin && path.is_dir() {
            found.extend(folder(path, quiet, options)?.into_iter().map(|(location, time)| (location, Some(time))));
        } else {
            found.push((location, None));
        }
    }
    let regular = |location: &Location| matches!(location, Location::Path(path) if fs::metadata(path).map_or(true, |m| !is_pipe(&m)));
    if found.len() > 1 && found.iter().all(|(location, _)| regular(location)) {
        // One that can't be opened says so when it is read.
        let time = |location: &Location, known: Option<_>| known.unwrap_or_else(|| first_time(location, options).ok().flatten());
        found.sort_by_cached_key(|(location, known)| {
            let time = time(location, *known);
            (time.is_none(), time)
        });
    }
    Ok(found.into_iter().map(|(location, _)| location).collect())
}

/// The paths, and in place of each pattern that the shell left as it is the files that it means, by name; with `recursive` folders too.
/// A path that is there is no pattern, whatever its letters.
fn expanded(paths: &[PathBuf], recursive: bool) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let pattern = path.to_str().filter(|text| text.contains(['*', '?', '[']) && fs::symlink_metadata(path).is_err());
        let Some(pattern) = pattern else {
            found.push(path.clone());
            continue;
        };
        let matches = glob::glob_with(pattern, AS_SHELLS_DO).map_err(|e| Failure(format!("'{pattern}': no pattern: {e}")))?;
        let before = found.len();
        let mut folders = 0;
        for file in matches {
            match file {
                Ok(file) if !recursive && file.is_dir() => folders += 1,
                // `**` gives a folder and what is in it; reading the folder is enough.
                Ok(file) if recursive && found.iter().skip(before).any(|folder| file.starts_with(folder)) => {}
                Ok(file) => found.push(file),
                Err(e) => complain(&format!("{}: can't be read: {}", e.path().display(), e.error())),
            }
        }
        if found.len() == before {
            let why = if folders > 0 { "only folders match it; -r reads what is in them" } else { "no file matches this pattern" };
            return Err(Failure(format!("'{pattern}': {why}")));
        }
    }
    Ok(found)
}

fn is_pipe(kind: &fs::Metadata) -> bool {
    !kind.is_file() && !kind.is_dir()
}

/// The captures and flow logs of a folder and those in it, with their first times.
fn folder(top: &Path, quiet: bool, options: &InputOptions) -> Result<Vec<(Location, Option<Timestamp>)>, Failure> {
    let mut found = Vec::new();
    let mut left_out = Vec::new();
    for path in files_below(top)? {
        let location = Location::Path(path.clone());
        match first_time(&location, options) {
            Ok(time) => found.push((location, time)),
            Err(_) => left_out.push(path.display().to_string()),
        }
    }
    if found.is_empty() {
        let files = left_out.len();
        return Err(Failure(format!("{}: no capture or flow log among the {files} files in this folder", top.display())));
    }
    if !left_out.is_empty() && !quiet {
        let named = left_out.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if left_out.len() > MOST_NAMED { format!(" and {} more", left_out.len() - MOST_NAMED) } else { String::new() };
        complain(&format!("left out, neither capture nor flow log: {named}{more}"));
    }
    Ok(found)
}

/// All regular files of a folder and those in it, by name. Links to folders are not followed: they may lead in a circle.
fn files_below(top: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if folder == top => return Err(Failure(format!("{}: can't be read: {e}", folder.display()))),
            Err(e) => {
                complain(&format!("{}: can't be read: {e}", folder.display()));
                continue;
            }
        };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() || kind.is_symlink() && entry.path().is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}
