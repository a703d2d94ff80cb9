//! A larger collection of captures, which is not part of the checkout: `IPFIX_INSPECT_CORPUS` names its folder.
//!
//! Its `MANIFEST.tsv` has the counts of every file, `expected/*.json` the first flows with the octets of every field. Where a folder `exporters`
//! lies beside it, all captures in there are held against their tables as those of `testdata/` are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::captures::{compare_flows, figures};
use crate::explained::{EXPLAINED, verdict};
use crate::support::{Differences, Row, cell, corpus, corpus_for, csv, flows, note, overview, run, stderr, tsv};

/// Columns of the manifest and the totals of the overview that must say the same.
pub(crate) const COUNTS: [(&str, &str); 6] = [
    ("datagrams", "nde_datagrams"),
    ("data_records", "flows"),
    ("options_records", "options_records"),
    ("templates", "template_records"),
    ("options_templates", "options_template_records"),
    ("sets_without_template", "sets_without_template"),
];

/// Files that must be refused: nothing is in them, or nothing that could be a capture.
const REFUSED: [&str; 2] = ["linklayer/18b-zero-bytes.pcap", "containers/err-eof.bin"];

/// The files of some folders of the collection, with their rows of its manifest; `None` where there is no collection.
pub(crate) fn files(test: &str, folders: &[&str]) -> Option<Vec<(String, PathBuf, Row)>> {
    let corpus = corpus_for(test)?;
    let rows = tsv(&corpus.join("MANIFEST.tsv"));
    let chosen = rows.into_iter().filter(|row| folders.iter().any(|f| row["path"].split('/').next() == Some(*f)));
    Some(chosen.map(|row| (row["path"].clone(), corpus.join(&row["path"]), row)).collect())
}

pub(crate) fn check(file: &str, figure: &str, ours: &str, manifest: &str, differences: &mut Differences) {
    match verdict(file, figure) {
        Some("") => {}
        Some(expected) => differences.equal(&format!("{file} {figure} (explained)"), ours, expected),
        None => differences.equal(&format!("{file} {figure}"), ours, if manifest.is_empty() { "0" } else { manifest }),
    }
}

#[test]
fn counts_are_those_of_the_corpus() {
    let Some(files) = files("counts_are_those_of_the_corpus", &["captures", "linklayer", "synthetic", "containers", "flowlogs"]) else {
        return;
    };
    let mut differences = Differences::default();
    for (name, path, row) in files.iter().filter(|(name, ..)| !name.starts_with("flowlogs/")) {
        if REFUSED.contains(&name.as_str()) {
            let output = run(&[path]);
            differences.equal(&format!("{name} exit code"), &format!("{:?}", output.status.code()), "Some(2)");
            differences.equal(&format!("{name} lines on standard error"), &stderr(&output).lines().count().to_string(), "1");
            continue;
        }
        let totals = match overview(path) {
            Ok(overview) => overview["totals"].clone(),
            Err(error) => {
                differences.fail(format!("{name}: {error}"));
                continue;
            }
        };
        for (column, total) in COUNTS {
            check(name, total, &cell(&totals[total]), &row[column], &mut differences);
        }
        if !name.starts_with("containers/") {
            sums(name, path, row, &mut differences);
        }
    }
    for e in EXPLAINED {
        differences.holds(
            &format!("{} is in the table of explained differences, and absent", e.file),
            files.iter().any(|(name, ..)| name == e.file),
        );
    }
    differences.finish(1_000);
}

/// Sums of elements 1 and 2, or of the counters of v1, v5 and v7.
pub(crate) fn sums(name: &str, path: &Path, row: &Row, differences: &mut Differences) {
    let rows = match flows(path, "nde_version,bytes,packets,octetDeltaCount,packetDeltaCount") {
        Ok(rows) => rows,
        Err(error) => return differences.fail(format!("{name}: {error}")),
    };
    // nfreplay's impossible counters add up to more than 64 bits hold.
    let sum = |fixed: &str, element: &str| -> u128 {
        let of = |flow: &Value| {
            if flow["nde_version"].as_u64() < Some(9) { flow[fixed].as_u64() } else { flow[element].as_u64() }
        };
        rows.iter().filter_map(of).map(u128::from).sum()
    };
    check(name, "octets", &sum("bytes", "octetDeltaCount").to_string(), &row["octets"], differences);
    check(name, "packets", &sum("packets", "packetDeltaCount").to_string(), &row["packets"], differences);
}

#[test]
fn frames_of_captures_without_any_export() {
    let Some(files) = files("frames_of_captures_without_any_export", &["containers"]) else {
        return;
    };
    let mut differences = Differences::default();
    for (name, frames) in [
        ("err-buffertoosmall.pcapng", 27),
        ("modified-format.pcap", 1),
        ("ntp.pcap", 12),
        ("test001-be.pcapng", 4),
        ("test001-le.pcapng", 4),
        ("test010-le.pcapng", 4),
        ("test016-be.pcapng", 4),
        ("test016-le.pcapng", 4),
        ("test017-be.pcapng", 0),
        ("test017-le.pcapng", 0),
        ("wireshark_samples-test.pcapng", 5898),
    ] {
        let Some((_, path, _)) = files.iter().find(|(path, ..)| path.ends_with(name)) else {
            continue;
        };
        match overview(path) {
            Ok(overview) => differences.equal(&format!("{name} frames"), &cell(&overview["totals"]["frames"]), &frames.to_string()),
            Err(error) => differences.fail(format!("{name}: {error}")),
        }
    }
    differences.finish(11);
}

/// Columns that differ between wrappings of one export: who sent it and when it was seen.
const WRAPPING: [&str; 2] = ["received", "exporter"];

/// Datagrams in these become whole in another order than in the reference, so that the rows stand in another order.
const OTHER_ORDER: [&str; 2] = ["linklayer/08c-ipv4-fragments-interleaved.pcap", "linklayer/20-time-backwards.pcap"];

#[test]
fn every_wrapping_gives_the_same_flows() {
    let Some(files) = files("every_wrapping_gives_the_same_flows", &["linklayer"]) else {
        return;
    };
    let mut differences = Differences::default();
    let mut references: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, path, row) in &files {
        let reference = &row["same_flows_as"];
        if reference.is_empty() {
            continue;
        }
        let folder = corpus().unwrap_or_default();
        let expected =
            references.entry(reference.clone()).or_insert_with(|| unwrapped(&folder.join(reference)).unwrap_or_default()).clone();
        match unwrapped(path) {
            Ok(mut ours) => {
                let mut expected = expected;
                if OTHER_ORDER.contains(&name.as_str()) {
                    ours.sort();
                    expected.sort();
                }
                differences.equal(&format!("{name} flows"), &ours.len().to_string(), "101");
                let first = ours.iter().zip(&expected).find(|(ours, theirs)| ours != theirs);
                if let Some((ours, theirs)) = first {
                    differences.equal(name, ours, theirs);
                }
            }
            Err(error) => differences.fail(format!("{name}: {error}")),
        }
    }
    differences.finish(45);
}

/// The flows of a file in all columns but those of the wrapping, one text each.
pub(crate) fn unwrapped(path: &Path) -> Result<Vec<String>, String> {
    let strip = |mut flow: Value| {
        if let Some(object) = flow.as_object_mut() {
            object.retain(|key, value| !WRAPPING.contains(&key.as_str()) && !value.is_null());
        }
        flow.to_string()
    };
    Ok(flows(path, "all")?.into_iter().map(strip).collect())
}

/// Up-time stamps without a clock stay without a time: an IPFIX header has no SysUptime, and this exporter sends no 160 (RFC 7011 §3.1).
#[test]
fn no_time_is_made_up() {
    let Some(corpus) = corpus_for("no_time_is_made_up") else { return };
    let flows = flows(&corpus.join("captures/ipfix-mikrotik.pcap"), "flow_start,flow_end,flowStartSysUpTime").expect("flows are read");
    assert_eq!(flows.len(), 46);
    assert!(flows.iter().all(|f| f["flow_start"].is_null() && f["flow_end"].is_null() && f["flowStartSysUpTime"].is_number()));
}

/// All captures of the exporters that `testdata/` was chosen from.
#[test]
fn every_capture_of_the_exporters() {
    let Some(folder) = corpus().and_then(|c| Some(c.parent()?.join("exporters"))).filter(|f| f.join("MANIFEST.tsv").exists()) else {
        note("SKIPPED every_capture_of_the_exporters: no folder 'exporters' beside that of IPFIX_INSPECT_CORPUS");
        return;
    };
    let mut differences = Differences::default();
    for mut row in tsv(&folder.join("MANIFEST.tsv")) {
        let name = row["file"].clone();
        if name.ends_with(".ipfix") {
            continue;
        }
        // Counted by one who looks ahead: the manifest's own counts are those of one pass.
        let nde = if name.starts_with("not-nde") { "0".to_owned() } else { row["datagrams"].clone() };
        row.insert("nde_datagrams".to_owned(), nde);
        row.insert("flows".to_owned(), row["tshark_flows"].clone());
        row.insert("options_records".to_owned(), row["tshark_options_records"].clone());
        figures(&name, &folder.join(&name), &row, &mut differences);
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let expected = csv(&folder.join("expected").join(stem).with_extension("csv"));
        compare_flows(&name, &folder.join(&name), &expected, &mut differences);
    }
    differences.finish(300_000);
}
