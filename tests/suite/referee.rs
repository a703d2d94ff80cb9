//! tshark's own decoding, made when the test runs, against ours: the expected tables may age, the tool does not.

use std::process::Command;

use crate::support::{Differences, cell, flows, skip, testdata};

/// tshark's fields, ours, and which rows have one: those of an address family, or all.
const FIELDS: [(&str, &str, Family); 7] = [
    ("cflow.srcport", "src_port", Family::Any),
    ("cflow.dstport", "dst_port", Family::Any),
    ("cflow.protocol", "protocol", Family::Any),
    ("cflow.octets", "bytes", Family::Any),
    ("cflow.packets", "packets", Family::Any),
    ("cflow.srcaddr", "src_addr", Family::V4),
    ("cflow.srcaddrv6", "src_addr", Family::V6),
];

#[derive(Clone, Copy, PartialEq)]
enum Family {
    Any,
    V4,
    V6,
}

/// Captures of which tshark reads every record: v5, v9 and IPFIX.
const CAPTURES: [&str; 3] = ["fprobe-v5.pcap", "pmacct-v9-as.pcap", "dropped-pmacct-ipfix.pcap"];

#[test]
fn tshark_reads_the_same_flows() {
    if Command::new("tshark").arg("--version").output().is_err() {
        return skip("tshark_reads_the_same_flows", "tshark");
    }
    let mut differences = Differences::default();
    for name in CAPTURES {
        let ours = match flows(&testdata(name), "src_addr,src_port,dst_port,protocol,bytes,packets") {
            Ok(ours) => ours,
            Err(error) => {
                differences.fail(format!("{name}: {error}"));
                continue;
            }
        };
        for (field, column, family) in FIELDS {
            let theirs = tshark(name, field);
            let ours = ours.iter().map(|flow| cell(&flow[column])).filter(|value| match family {
                Family::Any => true,
                Family::V4 => !value.contains(':'),
                Family::V6 => value.contains(':'),
            });
            let ours: Vec<String> = ours.collect();
            differences.equal(&format!("{name} number of {field}"), &ours.len().to_string(), &theirs.len().to_string());
            for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
                differences.equal(&format!("{name} {field} {}", number + 1), ours, theirs);
            }
        }
    }
    // 327 + 545 + 515 flows, six values each.
    differences.finish(8_000);
}

/// All values of a field in a capture, in order. Two passes, so that data before its template is read too.
fn tshark(name: &str, field: &str) -> Vec<String> {
    let output = Command::new("tshark")
        .args(["-2", "-n", "-r"])
        .arg(testdata(name))
        .args(["-Y", "cflow", "-T", "fields", "-E", "aggregator=,", "-e", field])
        .output()
        .expect("tshark starts");
    assert!(output.status.success(), "tshark: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("tshark writes UTF-8");
    text.lines().flat_map(|line| line.split(',')).filter(|value| !value.is_empty()).map(str::to_owned).collect()
}
