//! Holds the crate's shape: imports point downstream only, and each crate of others has its home.
//!
//! Reads `crate::` paths and the names of dependencies in `src/`, nothing else; comments don't count.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The rooms in the order octets travel, each with those it may use.
const ROOMS: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("recency", &[]),
    ("datagram", &["time"]),
    ("element", &["time"]),
    ("nfcapd", &["time", "datagram"]),
    ("flow_tools", &["time", "datagram"]),
    ("input", &["time", "datagram", "nfcapd", "flow_tools"]),
    ("message", &["time"]),
    ("template", &["time", "recency", "datagram", "element", "message"]),
    ("plan", &["time", "datagram", "element", "message", "template"]),
    ("column", &["time", "datagram", "element", "message", "template", "plan"]),
    ("collector", &["time", "recency", "datagram", "element", "input", "message", "template", "plan", "column"]),
    ("write", &["time", "datagram", "element", "message", "plan", "column", "collector"]),
    ("dataset", &["time", "datagram", "element", "input", "message", "plan", "column", "collector", "write"]),
    ("table", &["time", "datagram", "element", "message", "plan", "column", "collector", "write"]),
    ("audit", &["time", "datagram", "element", "input", "message", "template", "plan", "column", "collector"]),
    ("config", &["message", "plan", "audit"]),
    ("summary", &["time", "datagram", "element", "input", "message", "template", "plan", "column", "collector", "audit"]),
    (
        "query",
        &[
            "time",
            "datagram",
            "element",
            "message",
            "template",
            "plan",
            "column",
            "collector",
            "dataset",
            "table",
            "audit",
            "summary",
            "write",
        ],
    ),
    (
        "report",
        &[
            "time",
            "datagram",
            "element",
            "input",
            "message",
            "template",
            "plan",
            "column",
            "collector",
            "audit",
            "config",
            "summary",
            "write",
            "query",
        ],
    ),
    // What one run keeps for the next: it writes safe JSON and names fields as `report` and `summary` do, and is read as well.
    ("keep", &["time", "datagram", "element", "message", "template", "column", "collector", "summary", "report"]),
    ("relay", &["time", "recency", "datagram", "message", "collector", "config", "summary", "write", "report"]),
    ("replay", &["time", "datagram", "element", "message", "plan", "relay"]),
    (
        "cli",
        &[
            "time",
            "datagram",
            "element",
            "input",
            "message",
            "template",
            "plan",
            "column",
            "collector",
            "dataset",
            "table",
            "audit",
            "config",
            "summary",
            "write",
            "query",
            "report",
            "keep",
            "relay",
            "replay",
        ],
    ),
    ("lib", &[]),
    ("main", &["cli"]),
];

/// Where a dependency may be named: paths below `src/`. Its features and its types stay in there.
const HOMES: &[(&str, &[&str])] = &[
    ("bzip2", &["nfcapd/"]),
    ("chrono", &["report/", "table/filter/"]),
    ("chrono_tz", &["report/"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/"]),
    ("comfy_table", &["report/"]),
    ("csv", &["element/", "write/"]),
    ("ctrlc", &["cli/"]),
    ("etherparse", &["input/", "relay/"]),
    ("flate2", &["flow_tools/", "input/", "write/"]),
    ("glob", &["cli/"]),
    ("hashbrown", &["summary/"]),
    ("iana_time_zone", &["cli/"]),
    ("indicatif", &["cli/"]),
    ("ipnet", &["cli/args/", "collector/admission.rs", "config/", "query/", "relay/"]),
    ("itoa", &["column/", "write/", "report/"]),
    ("liblzma", &["input/", "write/"]),
    ("lz4_flex", &["input/", "nfcapd/", "write/"]),
    ("minijinja", &["report/audit/"]),
    ("nix", &["input/socket", "relay/", "write/"]),
    ("nom", &["message/", "table/filter/"]),
    ("pcap_parser", &["input/capture"]),
    ("polars_arrow", &["dataset/", "write/arrow/"]),
    ("polars_parquet", &["dataset/", "write/parquet/"]),
    ("terminal_size", &["cli/"]),
    ("polars", &["query/", "table/", "write/"]),
    ("prometheus_client", &["relay/"]),
    ("ratatui", &["cli/listen/", "report/live_view/"]),
    ("regex", &["table/filter/"]),
    ("roxmltree", &["element/"]),
    ("serde", &["audit/", "dataset/", "element/", "keep/", "report/", "write/"]),
    // In column/list.rs for its tests alone: lists are JSON text, and another reader has to say so.
    ("signal_hook", &["relay/"]),
    ("serde_json", &["column/list.rs", "dataset/", "keep/", "report/", "write/"]),
    ("socket2", &["input/socket", "relay/"]),
    ("sqlparser", &["query/"]),
    ("tempfile", &["query/", "summary/", "write/"]),
    // Errors belong to every room.
    ("thiserror", &[""]),
    ("tiny_http", &["relay/"]),
    ("toml", &["audit/", "config/"]),
    ("toml_edit", &["config/"]),
    ("tracing", &["cli/listen/", "input/socket_capture.rs", "relay/"]),
    ("tracing_subscriber", &["relay/"]),
    ("zstd", &["input/", "nfcapd/", "relay/", "write/"]),
    ("ipfix_inspect", &["main.rs"]),
];

#[test]
fn imports_point_downstream() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut faults = Vec::new();
    for file in sources() {
        let Some(may_use) = allowed.get(file.room.as_str()) else {
            faults.push(format!("{}: the room '{}' is not in the table", file.path, file.room));
            continue;
        };
        let word = if file.room == "main" { "ipfix_inspect" } else { "crate" };
        for used in paths_after(&file.code, word) {
            // A name at the crate's root that is no room: a macro.
            if allowed.contains_key(used.as_str()) && used != file.room && !may_use.contains(&used.as_str()) {
                faults.push(format!("{}: {} must not use {used}", file.path, file.room));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_has_no_back_edges() {
    let order: Vec<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    for (at, (room, may_use)) in ROOMS.iter().enumerate() {
        for used in *may_use {
            let position = order.iter().position(|r| r == used);
            assert!(position.is_some_and(|p| p < at), "{room} → {used} points upstream");
        }
    }
}

#[test]
fn dependencies_stay_at_home() {
    let homes: BTreeMap<&str, &[&str]> = HOMES.iter().copied().collect();
    for name in dependencies() {
        assert!(homes.contains_key(name.as_str()), "the dependency '{name}' has no home in the table");
    }
    let mut faults = Vec::new();
    for file in sources() {
        for (name, places) in &homes {
            if names_crate(&file.code, name) && !places.iter().any(|place| file.path.starts_with(place)) {
                faults.push(format!("{}: {name} is at home in {places:?}", file.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn paths_are_found() {
    let code = without_comments(
        "use crate::{time::Timestamp, plan::{self, Kind}};\n// crate::cli\nlet x = crate::datagram::Origin { file: 0 };\nuse crate::column;",
    );
    assert_eq!(paths_after(&code, "crate").into_iter().collect::<Vec<_>>(), ["column", "datagram", "plan", "time"]);
    assert!(names_crate("use csv::Reader;", "csv") && names_crate("let r: csv::Reader<R>;", "csv") && names_crate("use serde;", "serde"));
    assert!(
        !names_crate("super::csv::write()", "csv") && !names_crate("use serde_json::Value;", "serde") && !names_crate("self.nom", "nom")
    );
}

struct Source {
    /// Below `src/`, with `/`.
    path: String,
    room: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    assert!(files.len() > 30, "only {} files in {}", files.len(), src.display());
    let source = |file: PathBuf| {
        let below = file.strip_prefix(&src).expect("it is below src");
        let parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let code = without_comments(&std::fs::read_to_string(&file).expect("it can be read"));
        Source { path: parts.join("/"), room: parts[0].trim_end_matches(".rs").to_owned(), code }
    };
    files.into_iter().map(source).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Line comments, and with them all documentation, taken out. A `//` inside a text goes too: no path is lost by it.
fn without_comments(code: &str) -> String {
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The first names after `word::`, also those of a group in braces.
fn paths_after(code: &str, word: &str) -> BTreeSet<String> {
    let marker = format!("{word}::");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(&marker) {
        if code[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let rest = &code[at + marker.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_names(group)),
            None => found.extend(leading_word(rest)),
        }
    }
    found
}

/// The names at the top level of a group, up to its closing brace.
fn group_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut begins = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if begins && is_word(c) => {
                names.extend(leading_word(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

fn leading_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| is_word(*c)).collect();
    (!word.is_empty()).then_some(word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// True if the code names a crate: as the beginning of a path, or in a bare `use`.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = &code[..at];
        let after = &code[at + name.len()..];
        let begins = !before.chars().next_back().is_some_and(|c| is_word(c) || c == ':' || c == '.' || c == '"');
        let is_path = after.starts_with("::") || (before.ends_with("use ") && after.starts_with([';', ' ']));
        begins && is_path
    })
}

/// The dependencies of the program itself, as code names them.
fn dependencies() -> Vec<String> {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("Cargo.toml can be read");
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
            names.extend(line.strip_prefix("[dependencies.").and_then(|rest| rest.strip_suffix(']')).map(|n| n.replace('-', "_")));
        } else if inside && let Some((name, _)) = line.split_once('=') {
            names.push(name.trim().replace('-', "_"));
        }
    }
    assert!(names.len() > 10, "only {} dependencies in Cargo.toml", names.len());
    names
}
