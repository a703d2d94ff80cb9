//! What every profile says of every real template.
//!
//! The tables in `expected/` were held against the template fields as tshark prints them (`tshark -2 -T pdml`), judged by a program of
//! its own that reads the profiles' files: of 1,072 layouts 1,063 are the same by all eleven profiles. The other nine are the three of
//! 192.0.2.14 in three captures: its header counts 2, so that tshark leaves out its Options Template, which announces sampling of 1 in 100;
//! they were read from the octets. A letter stands for a profile in the order of their names: Complete, by Alternates, Incomplete, Unknown,
//! Not applicable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ipfix_inspect::audit::profiles;
use serde_json::Value;

use crate::support::{corpus_for, run, stdout, testdata};

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
    let Some(corpus) = corpus_for("verdicts_on_the_larger_collection") else { return };
    assert_eq!(compare(include_str!("expected/verdicts-corpus.tsv"), &corpus.join("captures")), 721);
}

/// A real template that passes and one that fails by each profile: its file, version and template id. By nfdump's nothing fails, since it
/// requires nothing and takes all versions.
const EXAMPLES: [(&str, Example, Option<Example>); 11] = [
    ("akvorado", ("softflowd-v9.pcap", "v9", "1024"), Some(("fixbuf-lists.pcap", "IPFIX", "4096"))),
    ("firepower", ("ovs-v5.pcap", "v5", ""), Some(("softflowd-v9.pcap", "v9", "1024"))),
    ("goflow2", ("softflowd-v9.pcap", "v9", "1024"), Some(("fprobe-v7.pcap", "v7", ""))),
    ("kentik", ("softflowd-v9.pcap", "v9", "1024"), Some(("fprobe-v7.pcap", "v7", ""))),
    ("netflow-logic", ("softflowd-v9.pcap", "v9", "1024"), Some(("softflowd-v9.pcap", "v9", "2048"))),
    ("nfdump", ("softflowd-v9.pcap", "v9", "1024"), None),
    ("qradar", ("dropped-pmacct-ipfix.pcap", "IPFIX", "1024"), Some(("dropped-softflowd-v9.pcap", "v9", "1025"))),
    ("secure-workload", ("softflowd-v9.pcap", "v9", "1024"), Some(("dropped-softflowd-v9.pcap", "v9", "1025"))),
    ("silk", ("softflowd-v9.pcap", "v9", "1024"), Some(("fixbuf-lists.pcap", "IPFIX", "4097"))),
    ("solarwinds", ("softflowd-v9.pcap", "v9", "1024"), Some(("fixbuf-lists.pcap", "IPFIX", "4096"))),
    ("strm", ("softflowd-v9.pcap", "v9", "1024"), Some(("dropped-softflowd-v9.pcap", "v9", "1025"))),
];

type Example = (&'static str, &'static str, &'static str);

#[test]
fn every_profile_passes_and_fails() {
    let verdict = |at: usize, (file, version, template): Example| {
        let row = include_str!("expected/verdicts-testdata.tsv")
            .lines()
            .map(|l| l.split('\t').collect::<Vec<_>>())
            .find(|cells| (cells.first(), cells.get(2), cells.get(4)) == (Some(&file), Some(&version), Some(&template)));
        row.and_then(|cells| cells.last()?.chars().nth(at))
    };
    assert_eq!(EXAMPLES.map(|(name, ..)| name.to_owned()).to_vec(), names());
    for (at, (name, passes, fails)) in EXAMPLES.into_iter().enumerate() {
        assert_eq!(verdict(at, passes), Some('C'), "{name}: {passes:?}");
        if let Some(fails) = fails {
            assert_eq!(verdict(at, fails), Some('I'), "{name}: {fails:?}");
        }
    }
    let nfdump = EXAMPLES.iter().position(|(name, ..)| *name == "nfdump").unwrap();
    let tables = [include_str!("expected/verdicts-testdata.tsv"), include_str!("expected/verdicts-corpus.tsv")];
    let mut letters = tables.iter().flat_map(|table| table.lines().skip(1)).filter_map(|l| l.rsplit('\t').next()?.chars().nth(nfdump));
    assert!(letters.all(|c| matches!(c, 'C' | 'N')), "nfdump takes all flows");
}
