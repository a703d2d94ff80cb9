//! Summaries against nfdump's statistics on the same files, against Python's on the same flows, and against themselves under tight memory.

use std::collections::BTreeMap;
use std::process::Command;

use crate::support::{corpus_for, run, skip, stderr, stdout, testdata};

/// What flows are grouped by, here and in `nfdump -s`.
const STATISTICS: [(&str, &str); 12] = [
    ("src_addr", "srcip"),
    ("dst_addr", "dstip"),
    ("src_port", "srcport"),
    ("dst_port", "dstport"),
    ("protocol", "proto"),
    ("in_if", "inif"),
    ("out_if", "outif"),
    ("src_as", "srcas"),
    ("dst_as", "dstas"),
    ("src_mask", "srcmask"),
    ("tos", "tos"),
    ("src_vlan", "srcvlan"),
];

/// A group's flows, packets, octets, bits a second.
type Sums = [u64; 4];

fn nfdump(args: &[&str]) -> Option<String> {
    let output = Command::new("nfdump").args(args).output().ok()?;
    assert!(output.status.success(), "nfdump {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first ten groups by nfdump's statistics. It sets null to 0.
fn theirs(file: &str, statistic: &str, order: &str) -> Option<BTreeMap<String, Sums>> {
    let text = nfdump(&["-q", "-r", file, "-s", &format!("{statistic}/{order}"), "-n", "10", "-o", "csv"])?;
    let rows = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    Some(
        rows.map(|line| {
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            // ts,te,td,pr,val,fl,flP,pkt,pktP,byt,bytP,pps,bps,bpp
            let number = |at: usize| cells[at].parse::<u64>().unwrap_or_else(|_| panic!("{line}"));
            (cells[4].to_owned(), [number(5), number(7), number(9), number(12)])
        })
        .collect(),
    )
}

fn ours(args: &[&str], keys: usize) -> Vec<(String, Sums)> {
    let output = run(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    let text = stdout(&output);
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let key: Vec<&str> = cells[..keys].iter().map(|cell| if cell.is_empty() { "0" } else { cell }).collect();
        let number = |at: usize| if cells[keys + at].is_empty() { 0 } else { cells[keys + at].parse().expect("a number") };
        (key.join(","), [number(0), number(1), number(2), number(3)])
    });
    rows.collect()
}

#[test]
fn the_first_groups_are_nfdumps() {
    let Some(corpus) = corpus_for("the_first_groups_are_nfdumps") else { return };
    let mut compared = 0;
    for name in ["nfcapd.multiblock-lz4", "nfcapd.softflowd-v9-lz4", "nfpcapd.ws-1800-none", "nfcapd.v5-none"] {
        let file = corpus.join("flowlogs").join(name);
        let file = file.to_str().expect("UTF-8");
        for (column, statistic) in STATISTICS {
            for (order, measure) in [("bytes", 2), ("flows", 0), ("packets", 1)] {
                let Some(theirs) = theirs(file, statistic, order) else { return skip("the_first_groups_are_nfdumps", "nfdump") };
                let args = ["summary", file, "--by", column, "--order", order, "--format", "csv", "--quiet"];
                // Null and 0 are two groups here and one there: only where both occur can they differ, and then they are not compared.
                let ours = ours(&args, 1);
                assert_eq!(ours.len(), theirs.len(), "{name} {column} {order}: {ours:?} {theirs:?}");
                // Of those that tie for the last place either may be shown.
                let least = ours.last().map_or(0, |(_, sums)| sums[measure]);
                for (key, sums) in ours.iter().filter(|(_, sums)| sums[measure] > least) {
                    assert_eq!(theirs.get(key), Some(sums), "{name} {column} {order}: {key}");
                    compared += 1;
                }
                let mut both = [ours.iter().map(|(_, s)| s[measure]).collect::<Vec<_>>(), theirs.values().map(|s| s[measure]).collect()];
                both.iter_mut().for_each(|list| list.sort_unstable());
                assert_eq!(both[0], both[1], "{name} {column} {order}");
            }
        }
    }
    assert!(compared > 400, "{compared} groups");
}

#[test]
fn tuples_and_networks_are_nfdumps() {
    let Some(corpus) = corpus_for("tuples_and_networks_are_nfdumps") else { return };
    // What is grouped by, there and here, and the columns of nfdump's CSV that hold it.
    let tables: [(&str, &str, &[usize]); 5] = [
        ("srcip4/24", "src_net/24", &[3]),
        ("dstip4/16", "dst_net/16", &[4]),
        ("srcip4/20,dstport", "src_net/20,dst_port", &[3, 6]),
        ("srcip,dstip", "src_addr,dst_addr", &[3, 4]),
        ("srcip,dstip,srcport,dstport,proto", "src_addr,dst_addr,src_port,dst_port,protocol", &[3, 4, 5, 6, 7]),
    ];
    let mut compared = 0;
    for name in ["nfcapd.multiblock-lz4", "nfpcapd.ws-1800-none", "nfcapd.v5-none"] {
        let file = corpus.join("flowlogs").join(name);
        let file = file.to_str().expect("UTF-8");
        for (theirs, by, places) in tables {
            let Some(text) = nfdump(&["-q", "-r", file, "-A", theirs, "-O", "bytes", "-o", "csv", "ipv4 and not proto icmp"]) else {
                return skip("tuples_and_networks_are_nfdumps", "nfdump");
            };
            let rows = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()) && line.split(',').count() > 20);
            let theirs: BTreeMap<String, [u64; 2]> = rows
                .map(|line| {
                    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
                    let protocol = |cell: &str| match cell {
                        "TCP" => "6".to_owned(),
                        "UDP" => "17".to_owned(),
                        "IGMP" => "2".to_owned(),
                        other => other.to_owned(),
                    };
                    let key: Vec<String> =
                        places.iter().map(|at| if *at == 7 { protocol(cells[7]) } else { cells[*at].to_owned() }).collect();
                    (key.join(","), [cells[11].parse().expect("packets"), cells[12].parse().expect("octets")])
                })
                .collect();
            let args =
                ["summary", file, "--by", by, "--top", "1000000", "--format", "csv", "--quiet", "--filter", "ipv4 and not proto icmp"];
            let ours: BTreeMap<String, [u64; 2]> = ours(&args, places.len())
                .into_iter()
                .map(|(key, [_, packets, bytes, _])| {
                    let addresses: Vec<&str> = key.split(',').map(|cell| cell.split('/').next().unwrap_or_default()).collect();
                    (addresses.join(","), [packets, bytes])
                })
                .collect();
            assert_eq!(ours, theirs, "{name}: {by}");
            compared += ours.len();
        }
    }
    assert!(compared > 1_000, "{compared} groups");
}

/// Groups flows by networks of both addresses, and spreads octets over intervals, in another language.
const PYTHON: &str = r#"
import csv, ipaddress, json, sys
from datetime import datetime
def net(text, v4, v6):
    a = ipaddress.ip_address(text)
    return str(ipaddress.ip_network((text, v4 if a.version == 4 else v6), strict=False))
def nanos(text):
    whole, fraction = text.rstrip('Z').split('.')
    seconds = int((datetime.fromisoformat(whole) - datetime(1970, 1, 1)).total_seconds())
    return seconds * 10**9 + int(fraction.ljust(9, '0'))
groups, intervals, every = {}, {}, 2 * 10**9
for row in csv.DictReader(sys.stdin):
    key = net(row['src_addr'], 20, 52) + ',' + net(row['dst_addr'], 12, 36)
    sums = groups.setdefault(key, [0, 0, 0])
    b, p = int(row['bytes']), int(row['packets'])
    sums[0] += 1; sums[1] += p; sums[2] += b
    first, last = nanos(row['flow_start']), nanos(row['flow_end'])
    i, j, d = first // every, max(last - 1, first) // every, last - first
    intervals.setdefault(i, [0, 0, 0])[0] += 1
    for at, amount in ((1, p), (2, b)):
        left = amount
        for k in range(i, j):
            part = int(float(amount) * float(min((k + 1) * every, last) - max(k * every, first)) / float(d))
            intervals.setdefault(k, [0, 0, 0])[at] += part
            left -= part
        intervals.setdefault(j, [0, 0, 0])[at] += left
print(json.dumps({'groups': groups, 'intervals': {str(i * 2): s for i, s in intervals.items()}}))
"#;

#[test]
fn networks_and_intervals_are_pythons() {
    let python = std::env::var("IPFIX_INSPECT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if Command::new(&python).arg("-V").output().is_err() {
        return skip("networks_and_intervals_are_pythons", "Python");
    }
    for name in ["softflowd-v9.pcap", "softflowd-ipfix.pcap", "fprobe-v5.pcap", "softflowd-ipfix-nano.pcap"] {
        let file = testdata(name);
        let file = file.to_str().expect("UTF-8");
        let columns = "src_addr,dst_addr,bytes,packets,flow_start,flow_end";
        let flows = run(&["flows", file, "--format", "csv", "--columns", columns, "--quiet"]);
        let mut child = Command::new(&python)
            .args(["-c", PYTHON])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("Python starts");
        std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), &flows.stdout).expect("Python reads");
        let output = child.wait_with_output().expect("Python ends");
        assert!(output.status.success(), "{name}");
        let theirs: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let sums = |value: &serde_json::Value| -> BTreeMap<String, [u64; 3]> {
            let object = value.as_object().expect("an object");
            let number = |value: &serde_json::Value, at: usize| value[at].as_u64().expect("a number");
            object.iter().map(|(key, v)| (key.clone(), [number(v, 0), number(v, 1), number(v, 2)])).collect()
        };
        let args = ["summary", file, "--by", "src_net/20/52,dst_net/12/36", "--top", "100000", "--format", "csv", "--quiet"];
        let found: BTreeMap<String, [u64; 3]> = ours(&args, 2).into_iter().map(|(key, s)| (key, [s[0], s[1], s[2]])).collect();
        assert!(!found.is_empty(), "{name}");
        assert_eq!(found, sums(&theirs["groups"]), "{name}");
        let report = run(&["summary", file, "--every", "2s", "--format", "json", "--quiet"]);
        let report: serde_json::Value = serde_json::from_str(&stdout(&report)).expect("JSON");
        let intervals = report["series"]["intervals"].as_array().expect("intervals").iter().map(|i| {
            let start = ipfix_inspect::time::Timestamp::from_iso(i["interval"].as_str().expect("a time")).expect("a time");
            let number = |name: &str| i[name].as_u64().expect("a number");
            ((start.nanos() / 1_000_000_000).to_string(), [number("flows"), number("packets"), number("bytes")])
        });
        let found: BTreeMap<String, [u64; 3]> = intervals.filter(|(_, s)| *s != [0; 3]).collect();
        let mut expected = sums(&theirs["intervals"]);
        expected.retain(|_, s| *s != [0; 3]);
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_tight_bound_on_memory_changes_nothing() {
    let file = testdata("softflowd-v9.pcap");
    let file = file.to_str().expect("UTF-8");
    for by in ["src_addr,dst_addr,src_port,dst_port,protocol", "dst_port", "in_if_name,src_addr,dst_port"] {
        for every in [&[][..], &["--every", "1s"]] {
            let table = |more: &[&str]| {
                let args = [&["summary", file, "--by", by, "--top", "100000", "--format", "json"][..], every, more].concat();
                let report: serde_json::Value = serde_json::from_str(&stdout(&run(&args))).expect("JSON");
                report["tables"][0].clone()
            };
            let free = table(&[]);
            let tight = table(&["--max-groups", "7"]);
            assert!(free["groups"].as_u64().expect("a number") > 100, "{by}");
            assert_eq!((&free["temporary_files"], &tight["temporary_files"]), (&false.into(), &true.into()), "{by}");
            assert_eq!((&free["groups"], &free["rows"]), (&tight["groups"], &tight["rows"]), "{by}");
        }
    }
}

#[test]
fn every_format_and_where_it_goes() {
    let file = testdata("softflowd-v9.pcap");
    let file = file.to_str().expect("UTF-8");
    let folder = tempfile::tempdir().expect("a folder");
    for (name, begins) in [
        ("a.csv", "src_addr,flows,"),
        ("a.json", "{\n  \"schema\": \"ipfix-inspect/summary/1\""),
        ("a.md", "| src\\_addr |"),
        ("a.txt", "src_addr  "),
    ] {
        let path = folder.path().join(name);
        let path = path.to_str().expect("UTF-8");
        let output = run(&["summary", file, "--by", "src_addr", "-o", path]);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b""[..]), "{name}: {}", stderr(&output));
        assert!(std::fs::read_to_string(path).expect("a file").starts_with(begins), "{name}");
        assert_eq!(run(&["summary", file, "--by", "src_addr", "-o", path]).status.code(), Some(2), "{name} is not replaced");
    }
    let page = stdout(&run(&["summary", file]));
    assert!(page.starts_with("536 flows, 22.7 MB, 21,174 packets\n2026-11-22 20:49:10 – 20:49:45 UTC (34.618 s)\n"), "{page}");
    for heading in [
        "Bits a second",
        "Top sources by bytes",
        "Top destinations by bytes",
        "Top ports by bytes",
        "Top protocols by bytes",
        "Top exporters by bytes",
    ] {
        assert!(page.contains(&format!("\n{heading}")), "{heading}: {page}");
    }
}

#[test]
fn mistakes_say_what_to_do() {
    let file = testdata("softflowd-v9.pcap");
    let file = file.to_str().expect("UTF-8");
    let told = |more: &[&str]| {
        let output = run(&[&["summary", file][..], more].concat());
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{more:?}");
        stderr(&output)
    };
    let cases: [(&[&str], &str); 12] = [
        (&["--by", "scr_addr"], "--by: no column or element is called 'scr_addr'; did you mean 'src_addr'?"),
        (&["--by", "src_net/200"], "--by: 'src_net/200': expected a prefix length of 0 to 32 for IPv4"),
        (&["--by", "dst_port/8"], "only addresses take a prefix length"),
        (&["--by", "src_addr,src_addr"], "--by: 'src_addr' is there twice"),
        (&["--by", "src_addr,"], "--by: expected names of columns"),
        (&["--top", "0"], "--top 0: nothing would be shown"),
        (&["--every", "0s"], "expected a number above 0 and ms, s, m, h or d"),
        (&["--every", "1m", "--top", "3"], "say what to group by with --by"),
        (&["--format", "csv"], "CSV holds one table: say which, with --by or --every"),
        (&["--by", "src_addr", "--count-at", "end"], "there are no intervals of time without --every"),
        (&["--by", "src_addr", "--format", "json", "--bytes", "si"], "--bytes: numbers in JSON are always exact"),
        (&["--every", "1ms", "--filter", "any", "--time-zone", "Mars/Olympus"], "no time zone is called 'Mars/Olympus'"),
    ];
    for (more, expected) in cases {
        let told = told(more);
        assert!(told.contains(expected), "{more:?}: {told}");
    }
}

#[test]
fn no_room_for_temporary_files_is_said() {
    let file = testdata("softflowd-v9.pcap");
    let file = file.to_str().expect("UTF-8");
    let output = crate::support::program(&["summary", file, "--by", "src_addr,dst_port", "--max-groups", "5"])
        .env("TMPDIR", "/nonexistent/folder")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.contains("can't be written to a temporary file in '/nonexistent/folder'") && told.contains("set TMPDIR"), "{told}");
}
