//! Which inputs are read, and in which order: patterns and folders become the files that they mean, and files are read in the order of
//! their first times.

use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dataset;
use crate::element::Elements;
use crate::input::{InputOptions, Location, Source, first_time};
use crate::time::Timestamp;

use super::{Failure, complain};

/// Files that are named when a folder holds more than captures and flow logs.
const MOST_NAMED: usize = 3;

/// As shells read patterns: a name that begins with a dot has to be asked for.
const AS_SHELLS_DO: glob::MatchOptions =
    glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Files of a folder that are looked at to see whether it holds exported flows.
const MOST_LOOKED_AT: usize = 16;

/// The inputs that paths name. With `recursive`, a folder stands for every file in it and below it that is a capture, a flow log or a file of
/// exported flows; others are left out, with a word about it unless `quiet`, and exported flows beside captures too. A folder of exported flows needs no asking: files in folders
/// such as `date=2026-11-22`, or files of exported flows alone.
///
/// Captures are ordered by their first times, so that templates, sequence numbers and the flows go on from one to the next; those that tell
/// none, or can't be read, and exported flows come last, as they were named, in a folder by name. Where a pipe is among the inputs, the order stays as it was typed.
pub(super) fn gather(paths: &[PathBuf], recursive: bool, quiet: bool, options: &InputOptions) -> Result<Vec<Location>, Failure> {
    // With its first time, where that was looked at.
    let mut found: Vec<(Location, Option<Option<Timestamp>>)> = Vec::new();
    for path in &expanded(paths, recursive, options)? {
        let location = Location::from(path.clone());
        if location != Location::Stdin && path.is_dir() && (recursive || is_dataset(path, options)) {
            found.extend(folder(path, recursive, quiet, options)?.into_iter().map(|(location, time)| (location, Some(time))));
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
fn expanded(paths: &[PathBuf], recursive: bool, options: &InputOptions) -> Result<Vec<PathBuf>, Failure> {
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
                Ok(file) if !recursive && file.is_dir() && !is_dataset(&file, options) => folders += 1,
                // `**` gives a folder and what is in it; reading the folder is enough.
                Ok(file) if found.iter().skip(before).any(|folder| file.starts_with(folder)) => {}
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

/// The captures, flow logs and files of exported flows of a folder and those in it, with the first times of the former. In a folder of
/// exported flows what is hidden, or begins with `_` as the notes of other programs, does not count.
fn folder(top: &Path, recursive: bool, quiet: bool, options: &InputOptions) -> Result<Vec<(Location, Option<Timestamp>)>, Failure> {
    let mut found = Vec::new();
    let mut tables = Vec::new();
    let mut left_out = Vec::new();
    let visible = |path: &PathBuf| path.strip_prefix(top).is_ok_and(|below| below.iter().all(is_visible));
    for path in files_below(top)?.into_iter().filter(|path| recursive || visible(path)) {
        let location = Location::Path(path.clone());
        match first_time(&location, options) {
            Ok(time) => found.push((location, time)),
            Err(_) if is_table(&location, options) => tables.push(path),
            Err(_) => left_out.push(path.display().to_string()),
        }
    }
    let named = |what: &str, files: &[String]| {
        let first = files.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if files.len() > MOST_NAMED { format!(" and {} more", files.len() - MOST_NAMED) } else { String::new() };
        complain(&format!("left out, {what}: {first}{more}"));
    };
    if found.is_empty() {
        found.extend(tables.into_iter().map(|path| (Location::Path(path), None)));
    } else if !tables.is_empty() && !quiet {
        let tables: Vec<String> = tables.iter().map(|path| path.display().to_string()).collect();
        named("exported flows beside captures, whose flows they may hold once more", &tables);
    }
    if found.is_empty() {
        let files = left_out.len();
        return Err(Failure(format!("{}: no capture, flow log or exported flows among the {files} files in this folder", top.display())));
    }
    if !left_out.is_empty() && !quiet {
        named("neither capture nor flow log nor exported flows", &left_out);
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
    files.sort_by(|a, b| by_name(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(files)
}

fn is_visible(name: &std::ffi::OsStr) -> bool {
    !name.as_encoded_bytes().starts_with(b".") && !name.as_encoded_bytes().starts_with(b"_")
}

/// True for a folder of exported flows.
fn is_dataset(folder: &Path, options: &InputOptions) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| is_visible(&entry.file_name()));
    let (folders, mut files): (Vec<PathBuf>, Vec<PathBuf>) = entries.map(|entry| entry.path()).partition(|path| path.is_dir());
    let is_partition = |path: &PathBuf| path.file_name().and_then(|n| n.to_str()).is_some_and(dataset::is_partition);
    if !folders.is_empty() || files.is_empty() {
        return !folders.is_empty() && folders.iter().all(is_partition);
    }
    files.sort();
    files.into_iter().take(MOST_LOOKED_AT).all(|path| is_table(&Location::Path(path), options))
}

fn is_table(location: &Location, options: &InputOptions) -> bool {
    let options = InputOptions { progress: None, ..options.clone() };
    Source::open(location, &options).is_ok_and(|source| dataset::is_table(&location.to_string(), &source.head, &Arc::<Elements>::default()))
}

/// As people count: `part-2` comes before `part-10`.
fn by_name(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let number = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let word = |text: &str| text.bytes().take_while(|octet| !octet.is_ascii_digit()).count();
        let ((left, a_rest), (right, b_rest)) = (a.split_at(word(a)), b.split_at(word(b)));
        let ((x, a_next), (y, b_next)) = (a_rest.split_at(number(a_rest)), b_rest.split_at(number(b_rest)));
        let (short_x, short_y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
        let order =
            left.cmp(right).then_with(|| short_x.len().cmp(&short_y.len())).then_with(|| short_x.cmp(short_y)).then_with(|| x.cmp(y));
        if order != Ordering::Equal || a_next.is_empty() && b_next.is_empty() {
            return order;
        }
        (a, b) = (a_next, b_next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_counted() {
        let mut names =
            ["part-10.parquet", "part-2.parquet", "part-1.parquet", "part-02.parquet", "a", "date=2026-11-09/x", "date=2026-11-22/x"];
        names.sort_by(|a, b| by_name(a, b));
        assert_eq!(
            names,
            ["a", "date=2026-11-09/x", "date=2026-11-22/x", "part-1.parquet", "part-02.parquet", "part-2.parquet", "part-10.parquet"]
        );
        assert_eq!(by_name("a1", "a1b"), Ordering::Less);
        assert_eq!(by_name("a", "a"), Ordering::Equal);
        assert_eq!(by_name("", "1"), Ordering::Less);
    }
}
