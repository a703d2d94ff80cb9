//! Flow logs: messages without packets around them give the flows that the same messages give in a capture.

use std::fs;
use std::path::{Path, PathBuf};

use ipfix_inspect::input::{Input, InputOptions};
use serde_json::Value;

use crate::corpus::{check, files, sums, unwrapped};
use crate::support::{Differences, cell, corpus, corpus_for, flows, note, overview, run, stderr, stdout, testdata, tsv};

/// The datagrams' payloads of a capture one after the other: what `nc -lu 2055 > file` leaves.
fn dump(capture: &Path, log: &Path) {
    let octets = std::io::Cursor::new(fs::read(capture).expect("the capture can be read"));
    let mut input = Input::from_reader("capture", Box::new(octets), 0, &InputOptions::default()).expect("it is a capture");
    let mut out = Vec::new();
    while let Some(batch) = input.next_batch().expect("the capture can be read on") {
        batch.datagrams.iter().for_each(|datagram| out.extend_from_slice(batch.payload(datagram)));
    }
    fs::write(log, out).expect("the log can be written");
}

fn compare(name: &str, log: &Path, capture: &Path, differences: &mut Differences) -> usize {
    match (unwrapped(log), unwrapped(capture)) {
        (Ok(ours), Ok(theirs)) => {
            differences.equal(&format!("{name} flows"), &ours.len().to_string(), &theirs.len().to_string());
            for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
                differences.equal(&format!("{name} flow {}", number + 1), ours, theirs);
            }
            ours.len()
        }
        (ours, theirs) => {
            differences.fail(format!("{name}: {:?} {:?}", ours.err(), theirs.err()));
            0
        }
    }
}

#[test]
fn dumps_of_captures_give_the_same_flows() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("dump");
    let mut differences = Differences::default();
    // Each of one exporter, one port: a dump can't tell several apart.
    for (name, container, expected) in [
        ("fprobe-v5.pcap", "flow log of NDE messages", 327),
        ("fprobe-v7.pcap", "flow log of NDE messages", 327),
        ("softflowd-v1-wrapped-uptime.pcap", "flow log of NDE messages", 0),
        ("softflowd-v9.pcap", "flow log of NDE messages", 536),
        ("pmacct-v9-as.pcap", "flow log of NDE messages", 0),
        ("softflowd-ipfix.pcap", "IPFIX file", 536),
        ("pyipfix-varlen.pcap", "IPFIX file", 96),
        ("softflowd-ipfix-bidir-milli.pcap", "IPFIX file", 0),
    ] {
        dump(&testdata(name), &log);
        let rows = compare(name, &log, &testdata(name), &mut differences);
        if expected > 0 {
            differences.equal(&format!("{name} rows"), &rows.to_string(), &expected.to_string());
        }
        let overview = overview(&log).expect("an overview");
        differences.equal(&format!("{name} container"), &cell(&overview["files"][0]["container"]), container);
        differences.equal(&format!("{name} exporter"), &cell(&overview["exporters"][0]["exporter"]), "");
        differences.equal(&format!("{name} ports"), &overview["exporters"][0]["ports"].to_string(), "[]");
    }
    differences.finish(2_000);
}

#[test]
fn nobody_is_said_to_have_sent_a_flow_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("dump");
    dump(&testdata("fprobe-v5.pcap"), &log);
    for flow in flows(&log, "received,exporter,src_addr").expect("flows") {
        assert!(flow["received"].is_null() && flow["exporter"].is_null() && flow["src_addr"].is_string());
    }
    let log = log.to_string_lossy().into_owned();
    let text = stdout(&run(&[&log]));
    assert!(text.contains("\nfile ") && !text.contains("0.0.0.0 "), "{text}");
    let csv = stdout(&run(&["flows", &log, "--format", "csv", "--columns", "exporter,protocol", "--limit", "1"]));
    assert!(csv.lines().nth(1).is_some_and(|line| line.starts_with(',')), "{csv}");
    // Ports are not known, so none is asked for.
    let named = stdout(&run(&["flows", &log, "--port", "9999", "--format", "ndjson"]));
    assert_eq!(named.lines().count(), 327);
    let templates = stdout(&run(&["templates", &log]));
    assert!(templates.starts_with("No templates"), "{templates}");
}

#[test]
fn a_flow_log_through_a_pipe() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("dump");
    dump(&testdata("softflowd-v9.pcap"), &log);
    let octets = fs::read(&log).expect("the log can be read");
    let args = ["flows", "--format", "ndjson", "--columns", "src_addr,dst_addr,bytes,flow_start"];
    let piped = crate::support::run_with_input(&[&args[..], &["-"]].concat(), &octets);
    let named = run(&[&args[..], &[&log.to_string_lossy()]].concat());
    assert_eq!(stdout(&piped), stdout(&named), "{}", stderr(&piped));
    assert_eq!(stdout(&piped).lines().count(), 536);
}

/// Withdrawals are honoured in files (RFC 7011 §8.1), where over UDP they are not (§8.4): of the same messages, five flows are left of eight, by
/// the word of the corpus: "3 flows; withdrawal of 256; data for 256 (no template now); a new 256 with other fields; 2 flows; withdrawal of all".
#[test]
fn withdrawals_count_in_files() {
    let Some(corpus) = corpus_for("withdrawals_count_in_files") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("withdrawal.ipfix");
    dump(&corpus.join("synthetic/ipfix-template-withdrawal.pcap"), &log);
    let overview = overview(&log).expect("an overview");
    assert_eq!((overview["totals"]["flows"].as_u64(), overview["totals"]["sets_without_template"].as_u64()), (Some(5), Some(2)));
    let codes: Vec<&str> = overview["problems"].as_array().into_iter().flatten().filter_map(|p| p["code"].as_str()).collect();
    assert!(!codes.contains(&"withdrawal-over-udp"), "{codes:?}");
}

#[test]
fn flow_logs_of_the_corpus() {
    let Some(files) = files("flow_logs_of_the_corpus", &["flowlogs"]) else { return };
    let folder = corpus().unwrap_or_default();
    let mut differences = Differences::default();
    let mut seen = 0;
    for (name, path, row) in files.iter().filter(|(_, _, row)| row["kind"] == "flowlogs") {
        seen += 1;
        if !row["same_flows_as"].is_empty() {
            compare(name, path, &folder.join(&row["same_flows_as"]), &mut differences);
        }
        let overview = match overview(path) {
            Ok(overview) => overview,
            Err(error) => {
                differences.fail(format!("{name}: {error}"));
                continue;
            }
        };
        differences.equal(&format!("{name} container"), &cell(&overview["files"][0]["container"]), "IPFIX file");
        // The manifest has no more of it than that it is the plain file, packed.
        if name.ends_with(".gz") {
            continue;
        }
        for (column, total) in crate::corpus::COUNTS {
            check(name, total, &cell(&overview["totals"][total]), &row[column], &mut differences);
        }
        sums(name, path, row, &mut differences);
    }
    assert_eq!(seen, 12, "flow logs in the corpus");
    differences.finish(4_000);
}

/// A log and a capture of the same export, made together.
#[test]
fn ipfix_files_of_the_exporters() {
    let Some(folder) = corpus().and_then(|c| Some(c.parent()?.join("exporters"))).filter(|f| f.join("MANIFEST.tsv").exists()) else {
        return note("SKIPPED ipfix_files_of_the_exporters: no folder 'exporters' beside that of IPFIX_INSPECT_CORPUS");
    };
    let mut differences = Differences::default();
    let rows: Vec<_> = tsv(&folder.join("MANIFEST.tsv")).into_iter().filter(|row| row["file"].ends_with(".ipfix")).collect();
    assert_eq!(rows.len(), 5, "IPFIX files of the exporters");
    for mut row in rows {
        let name = row["file"].clone();
        let path = folder.join(&name);
        compare(&name, &path, &path.with_extension("pcap"), &mut differences);
        row.insert("nde_datagrams".to_owned(), row["datagrams"].clone());
        row.insert("flows".to_owned(), row["tshark_flows"].clone());
        if row["bytes"] == "-" || row["bytes"].is_empty() {
            row.remove("bytes");
            row.remove("packets");
        }
        crate::captures::figures(&name, &path, &row, &mut differences);
    }
    differences.finish(1_500);
}

#[test]
fn folders_and_the_order_of_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = folder.path().join("below");
    fs::create_dir(&below).expect("a folder");
    let copy = |name: &str, to: PathBuf| fs::copy(testdata(name), to).expect("the capture can be copied");
    copy("fprobe-v5.pcap", folder.path().join("z-first.pcap"));
    copy("softflowd-v9.pcap", below.join("a-second.pcap"));
    dump(&testdata("pyipfix-varlen.pcap"), &below.join("log"));
    fs::write(folder.path().join("notes.txt"), "nothing to see").expect("a file");
    let top = folder.path().to_string_lossy().into_owned();

    let output = run(&["-r", &top, "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("notes.txt") && stderr(&output).lines().count() == 1, "{}", stderr(&output));
    let overview: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let files = overview["files"].as_array().expect("files");
    assert_eq!(files.len(), 3);
    let times: Vec<&str> = files.iter().filter_map(|f| f["first"].as_str()).collect();
    assert!(times.len() == 3 && times.is_sorted(), "{times:?}");
    assert_eq!(overview["totals"]["flows"], 327 + 536 + 96);

    // Files that are named one by one are put in order, too.
    let named = |names: [&str; 2]| {
        let paths = names.map(|n| testdata(n).to_string_lossy().into_owned());
        stdout(&run(&["flows", &paths[0], &paths[1], "--format", "ndjson"]))
    };
    assert_eq!(named(["fprobe-v5.pcap", "softflowd-v9.pcap"]), named(["softflowd-v9.pcap", "fprobe-v5.pcap"]));

    let quiet = run(&["-rq", &top]);
    assert_eq!(stderr(&quiet), "");
    let without = run(&[&top]);
    assert_eq!(without.status.code(), Some(2));
    assert!(stderr(&without).contains("-r"), "{}", stderr(&without));
    let empty = tempfile::tempdir().expect("a folder");
    let output = run(&["-r".as_ref(), empty.path()]);
    assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(2), 1));
}
