//! Filters against nfdump's on the same flows: how many each wants.

use std::process::Command;

use crate::support::{corpus_for, run, skip, stdout};

/// Filters that mean the same in both languages. Not among them: those on values that a flow lacks, which nfdump stores as 0.
const FILTERS: [&str; 24] = [
    "any",
    "src ip 10.0.0.1",
    "ip in [10.0.0.0/8 192.168.0.0/16]",
    "net 172.16.0.0/12",
    "dst port 443 or port 53",
    "port > 1024 and not proto udp",
    "proto tcp and flags S and not flags A",
    "flags SA",
    "flags AP and bytes > 1k",
    "bytes > 1M",
    "bytes <= 100",
    "packets = 1",
    "bps > 10k",
    "pps > 10",
    "bpp < 60",
    "in if 1 or out if 2",
    "ipv4 and proto udp",
    "tos 0",
    "not (port in [53 80 443] or proto icmp)",
    "icmp-type 8",
    "src net 10.0.0.0 255.0.0.0",
    "host 8.8.8.8",
    "src mask 24",
    "proto icmp or port 123",
];

#[test]
fn the_same_flows_as_nfdump() {
    let Some(corpus) = corpus_for("the_same_flows_as_nfdump") else { return };
    if Command::new("nfdump").arg("-V").output().is_err() {
        return skip("the_same_flows_as_nfdump", "nfdump");
    }
    let mut wanted = 0;
    for name in ["nfcapd.mixed-none", "nfcapd.multiblock-lz4", "nfcapd.softflowd-v9-lz4", "nfpcapd.ws-1800-none"] {
        let file = corpus.join("flowlogs").join(name);
        let file = file.to_str().expect("UTF-8");
        for filter in FILTERS {
            let theirs = Command::new("nfdump").args(["-q", "-r", file, "-o", "csv", filter]).output().expect("nfdump runs");
            let theirs = String::from_utf8_lossy(&theirs.stdout).lines().filter(|l| l.starts_with("19") || l.starts_with("20")).count();
            let ours = run(&["flows", file, "--filter", filter, "--format", "csv", "--columns", "src_addr", "--quiet"]);
            assert_eq!(ours.status.code(), Some(0), "{filter}");
            let ours = stdout(&ours).lines().count() - 1;
            assert_eq!(ours, theirs, "{name}: {filter}");
            wanted += ours;
        }
    }
    assert!(wanted > 50_000, "{wanted} flows");
}

#[test]
fn mistakes_and_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("filter.txt");
    std::fs::write(&list, "# web\nproto tcp and\n  dst port in [80 443 9001]\n").expect("a file");
    let capture = crate::support::testdata("softflowd-v9.pcap");
    let capture = capture.to_str().expect("UTF-8");
    let count = |filter: &str| {
        let args = ["flows", capture, "--filter", filter, "--format", "csv", "--columns", "dst_port", "--quiet"];
        stdout(&run(&args)).lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let from_file = count(&format!("@{}", list.display()));
    assert!(!from_file.is_empty() && from_file == count("proto tcp and dst port in [80 443 9001]"));
    let wrong = run(&["flows", capture, "--filter", "proto tcp and dst prt 80"]);
    assert_eq!(wrong.status.code(), Some(2));
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(told.ends_with("\n  proto tcp and dst prt 80\n                    ^^^\n"), "{told}");
}
