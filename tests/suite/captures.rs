//! The captures of `testdata/` against what other decoders make of them.

use serde_json::Value;

use crate::explained::{Times, times, zero_is_absent};
use crate::support::{Differences, Row, cell, csv, flows, nanos, overview, testdata, to_millis, tsv};

/// Columns of `MANIFEST.tsv` and the totals of the overview that must say the same.
const FIGURES: [(&str, &str); 10] = [
    ("datagrams", "datagrams"),
    ("nde_datagrams", "nde_datagrams"),
    ("templates", "templates"),
    ("template_records", "template_records"),
    ("options_templates", "options_templates"),
    ("options_template_records", "options_template_records"),
    ("flows", "flows"),
    ("options_records", "options_records"),
    ("bytes", "bytes"),
    ("packets", "packets"),
];

/// The columns of the flow table that the expected flows speak of.
pub(crate) const COLUMNS: &str = "src_addr,dst_addr,src_port,dst_port,protocol,packets,bytes,tcp_flags,flow_start,flow_end,icmp_type,icmp_code,\
                                  packets_reverse,bytes_reverse,nde_version,observation_domain,template_id";

/// Columns of `expected/*.csv` that are compared as they stand, and ours.
const CELLS: [(&str, &str); 11] = [
    ("src", "src_addr"),
    ("dst", "dst_addr"),
    ("sport", "src_port"),
    ("dport", "dst_port"),
    ("protocol", "protocol"),
    ("packets", "packets"),
    ("bytes", "bytes"),
    ("tcp_flags", "tcp_flags"),
    ("packets_reverse", "packets_reverse"),
    ("bytes_reverse", "bytes_reverse"),
    ("nde_version", "nde_version"),
];

#[test]
fn counts_are_those_of_the_manifest() {
    let mut differences = Differences::default();
    let manifest = tsv(&testdata("MANIFEST.tsv"));
    for row in &manifest {
        figures(&row["file"], &testdata(&row["file"]), row, &mut differences);
    }
    assert_eq!(manifest.len(), 44);
    differences.finish(44 * FIGURES.len());
}

/// Holds the totals of one file against its row of a manifest.
pub(crate) fn figures(name: &str, file: &std::path::Path, row: &Row, differences: &mut Differences) {
    let overview = match overview(file) {
        Ok(overview) => overview,
        Err(error) => return differences.fail(format!("{name}: {error}")),
    };
    for (column, total) in FIGURES {
        if let Some(expected) = row.get(column) {
            differences.equal(&format!("{name} {total}"), &cell(&overview["totals"][total]), expected);
        }
    }
}

#[test]
fn flows_are_those_of_the_referee() {
    let mut differences = Differences::default();
    for row in tsv(&testdata("MANIFEST.tsv")) {
        let name = row["file"].clone();
        let expected = testdata("expected").join(name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem)).with_extension("csv");
        compare_flows(&name, &testdata(&name), &csv(&expected), &mut differences);
    }
    // 14,000 flows with 14 cells each.
    differences.finish(200_000);
}

/// Holds every flow of a file against the rows of an expected table, cell by cell and in order.
pub(crate) fn compare_flows(name: &str, file: &std::path::Path, expected: &[Row], differences: &mut Differences) {
    let ours = match flows(file, COLUMNS) {
        Ok(ours) => ours,
        Err(error) => return differences.fail(format!("{name}: {error}")),
    };
    differences.equal(&format!("{name} rows"), &ours.len().to_string(), &expected.len().to_string());
    for (number, (ours, theirs)) in ours.iter().zip(expected).enumerate() {
        let what = format!("{name} flow {}", number + 1);
        compare_flow(&what, ours, theirs, zero_is_absent(name, number + 1), differences);
        for (column, expected) in [("flow_start", &theirs["start"]), ("flow_end", &theirs["end"])] {
            let shown = cell(&ours[column]);
            let expected = expected_time(times(name), &shown, expected, theirs["frame"].parse().unwrap_or(0));
            differences.equal(&format!("{what} {column}"), &to_millis(&shown), &expected);
        }
    }
}

/// What our time must be, cut to milliseconds: the table's, unless that one is known to be off.
fn expected_time(rule: Times, ours: &str, theirs: &str, frame: u64) -> String {
    let apart = nanos(ours).zip(nanos(theirs)).map(|(ours, theirs)| ours - theirs);
    let explained = match rule {
        Times::NanosecondLow => apart == Some(1_000_000),
        Times::Observed => theirs.is_empty() && !ours.is_empty(),
        Times::LaterBoot { frame: from, millis } if frame >= from => {
            if apart != Some(millis * 1_000_000) {
                return format!("{theirs} and {millis} ms");
            }
            true
        }
        Times::Same | Times::LaterBoot { .. } => false,
    };
    if explained { to_millis(ours) } else { theirs.to_owned() }
}

fn compare_flow(what: &str, ours: &Value, theirs: &Row, zero_is_absent: bool, differences: &mut Differences) {
    for (column, our_column) in CELLS {
        let absent = zero_is_absent && theirs[column] == "0" && ours[our_column].is_null();
        differences.equal(&format!("{what} {our_column}"), &cell(&ours[our_column]), if absent { "" } else { &theirs[column] });
    }
    // v1, v5 and v7 have neither; ours has the engine of v5 as domain, the table nothing.
    if !theirs["template_id"].is_empty() {
        differences.equal(&format!("{what} template_id"), &cell(&ours["template_id"]), &theirs["template_id"]);
        differences.equal(&format!("{what} observation_domain"), &cell(&ours["observation_domain"]), &theirs["domain"]);
    }
    icmp(what, ours, theirs, differences);
}

/// Type and code are compared for ICMP alone: elsewhere the field is a filler (nfreplay sends it with TCP), and v5 has it as the destination port.
fn icmp(what: &str, ours: &Value, theirs: &Row, differences: &mut Differences) {
    let is_icmp = theirs["protocol"] == "1" || theirs["protocol"] == "58";
    if !is_icmp || theirs["icmp_type_code"].is_empty() {
        return;
    }
    let both = match (ours["icmp_type"].as_u64(), ours["icmp_code"].as_u64()) {
        (Some(kind), Some(code)) => (kind * 256 + code).to_string(),
        other => format!("{other:?}"),
    };
    differences.equal(&format!("{what} icmp"), &both, &theirs["icmp_type_code"]);
}

/// PSAMP has no flows but packets: their observation time is start and end (`expected/softflowd-psamp.csv` has neither).
#[test]
fn packets_have_the_time_they_were_seen() {
    let packets = flows(&testdata("softflowd-psamp.pcap"), "flow_start,flow_end").expect("packets are read");
    assert_eq!(packets.len(), 106);
    assert_eq!(to_millis(&cell(&packets[0]["flow_start"])), "2026-11-22T20:49:10.451Z");
    assert!(packets.iter().all(|p| p["flow_start"] == p["flow_end"] && p["flow_start"].is_string()));
}

/// What a sequence of numbers says, file by file: lost, reordered, duplicates, restarts, summed over the exporters.
#[test]
fn sequence_numbers_tell_what_was_lost() {
    let mut differences = Differences::default();
    // The captures are others with known datagrams taken out, doubled or moved; the sums follow from the records in those datagrams.
    for (name, lost) in [
        ("fprobe-v5.pcap", 0),
        ("fprobe-v7.pcap", 0),
        ("softflowd-v9.pcap", 0),
        ("dropped-softflowd-v5.pcap", 90),
        ("dropped-softflowd-v9.pcap", 2),
        ("dropped-pmacct-ipfix.pcap", 30),
        ("reordered-softflowd-v5.pcap", 0),
        ("reordered-softflowd-v9.pcap", 0),
    ] {
        match overview(&testdata(name)) {
            Ok(overview) => differences.equal(&format!("{name} lost"), &cell(&overview["totals"]["lost"]), &lost.to_string()),
            Err(error) => differences.fail(format!("{name}: {error}")),
        }
    }
    for (name, figure) in [
        ("reordered-softflowd-v5.pcap", "reordered"),
        ("reordered-softflowd-v9.pcap", "reordered"),
        ("duplicated-softflowd-ipfix.pcap", "duplicates"),
    ] {
        match overview(&testdata(name)) {
            Ok(overview) => {
                let sum: u64 = overview["exporters"].as_array().into_iter().flatten().filter_map(|e| e[figure].as_u64()).sum();
                differences.holds(&format!("{name}: no {figure} seen"), sum > 0);
            }
            Err(error) => differences.fail(format!("{name}: {error}")),
        }
    }
    differences.finish(11);
}

/// Of the elements that STRM asks for, softflowd's templates for TCP and UDP have all; pmacct's have 152 and 153 in place of 22 and 21.
#[test]
fn strm_verdicts() {
    let mut differences = Differences::default();
    for (name, template, missing) in [
        ("softflowd-v9.pcap", 1024, &[][..]),
        ("softflowd-ipfix.pcap", 1024, &[]),
        ("pmacct-v9-as.pcap", 1025, &[]),
        // Its times are 150 and 151, which count as alternates.
        ("ulogd2-ipfix.pcap", 256, &["IN_BYTES", "IN_PKTS", "TCP_FLAGS"]),
    ] {
        let overview = match overview(&testdata(name)) {
            Ok(overview) => overview,
            Err(error) => {
                differences.fail(format!("{name}: {error}"));
                continue;
            }
        };
        let verdicts = overview["exporters"].as_array().into_iter().flatten().filter_map(|e| e["strm"].as_array()).flatten();
        let found: Vec<&Value> = verdicts.filter(|v| v["template_id"] == template).collect();
        differences.holds(&format!("{name}: no verdict on template {template}"), !found.is_empty());
        for verdict in found {
            let said = verdict["missing"].as_array().map_or(0, Vec::len);
            let text = verdict["missing"].to_string();
            differences.equal(&format!("{name} template {template} missing {text}"), &said.to_string(), &missing.len().to_string());
            for element in missing {
                differences.holds(&format!("{name} template {template}: {element} is not among {text}"), text.contains(element));
            }
        }
    }
    differences.finish(8);
}
