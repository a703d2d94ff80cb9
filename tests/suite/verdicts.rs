//! What every profile says of every real template.
//!
//! The tables in `expected/` were held against the template fields as tshark prints them (`tshark -2 -T pdml`), judged by a program of
//! its own that reads the profiles' files: 639 layouts of the larger collection and all of `testdata/`, by eleven profiles, without a difference. A
//! letter stands for a profile in the order of their names: Complete, by Alternates, Incomplete, Unknown, Not applicable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ipfix_inspect::audit::profiles;
use serde_json::Value;

use crate::support::{corpus, run, skip, stdout, testdata};

/// The profiles by name.
fn names() -> Vec<String> {
    let mut names: Vec<String> = profiles().iter().map(|p| p.name.clone()).collect();
    names.sort();
    names
}

/// The rows of a capture, as the tables have them; `None` if it can't be read.
fn rows(file: &Path) -> Option<Vec<String>> {
    let mut args = vec!["audit".to_owned(), file.to_string_lossy().into_owned()];
    args.extend(["--format", "json", "--quiet", "--fail-on", "never"].map(str::to_owned));
    for name in names() {
        args.extend(["--profile".to_owned(), name]);
    }
    let output = run(&args);
    if output.status.code() != Some(0) {
        return None;
    }
    let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let text = |v: &Value| match v {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    let mut out = Vec::new();
    for e in report["exporters"].as_array().into_iter().flatten() {
        for l in e["layouts"].as_array().into_iter().flatten() {
            let letter = |v: &Value| match v["verdict"].as_str() {
                Some("complete") => 'C',
                Some("complete-by-alternates") => 'A',
                Some("incomplete") => 'I',
                Some("unknown") => 'U',
                _ => 'N',
            };
            let letters: String = l["verdicts"].as_array().into_iter().flatten().map(letter).collect();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let cells = [text(&e["exporter"]), text(&e["version"]), text(&e["domain"]), text(&l["template_id"]), text(&l["definition"])];
            out.push(format!("{name}\t{}\t{letters}", cells.join("\t")));
        }
    }
    Some(out)
}

fn compare(expected: &str, folder: &Path) -> usize {
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in expected.lines().skip(1) {
        by_file.entry(line.split('\t').next().unwrap_or_default()).or_default().push(line);
    }
    let mut count = 0;
    for (file, lines) in by_file {
        let path: PathBuf = folder.join(file);
        assert_eq!(rows(&path).unwrap_or_default(), lines, "{file}");
        count += lines.len();
    }
    count
}

#[test]
fn verdicts_on_testdata() {
    assert!(compare(include_str!("expected/verdicts-testdata.tsv"), &testdata("")) > 150);
}

#[test]
fn verdicts_on_the_larger_collection() {
    let Some(corpus) = corpus() else { return skip("verdicts_on_the_larger_collection", "IPFIX_INSPECT_CORPUS") };
    assert_eq!(compare(include_str!("expected/verdicts-corpus.tsv"), &corpus.join("captures")), 721);
}

/// Every profile has a real template that passes and one that fails. But nfdump's and Kentik's require nothing, so that nothing fails by
/// them, and firepower's asks for IPv4 and IPv6 addresses in one template, which no real one has.
#[test]
fn every_profile_passes_and_fails() {
    let rows: Vec<&str> = [include_str!("expected/verdicts-testdata.tsv"), include_str!("expected/verdicts-corpus.tsv")]
        .into_iter()
        .flat_map(|table| table.lines().skip(1))
        .filter_map(|line| line.rsplit('\t').next())
        .collect();
    for (at, name) in names().iter().enumerate() {
        let has = |letters: &str| rows.iter().any(|r| r.chars().nth(at).is_some_and(|c| letters.contains(c)));
        assert_eq!(has("CA"), name != "firepower", "{name}: none passes");
        assert_eq!(has("I"), !matches!(name.as_str(), "nfdump" | "kentik"), "{name}: none fails");
    }
}
