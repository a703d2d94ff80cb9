//! Conversations against the same traffic paired by others: softflowd's own bidirectional records, nfdump's `-B`; and the forms of output.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::build::{EXPORT, Field, ipfix, octets, set, template};
use crate::support::{corpus_for, run, run_with_input, skip, stderr, stdout, testdata};

/// The rows of a file as objects; all went well.
fn rows(file: &Path, more: &[&str]) -> Vec<Value> {
    let args = [&["conversations", file.to_str().expect("UTF-8"), "--format", "ndjson", "--quiet"], more].concat();
    lines(&run(&args))
}

fn lines(output: &std::process::Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    stdout(output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn summary(file: &Path, more: &[&str]) -> Value {
    let args = [&["conversations", file.to_str().expect("UTF-8"), "--summary", "--format", "json", "--quiet"], more].concat();
    let output = run(&args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(value["schema"], "ipfix-inspect/conversations/1");
    value
}

/// An end: its address and port.
type End = (String, u64);
/// Both ends in order with what each sent: packets and octets.
type Exchange = [(End, u64, u64); 2];

fn number(row: &Value, name: &str) -> u64 {
    row[name].as_u64().unwrap_or(0)
}

fn exchange(row: &Value) -> Exchange {
    let end = |who: &str| {
        let name = |what: &str| format!("{who}_{what}");
        let address = row[name("addr")].as_str().expect("an address").to_owned();
        ((address, number(row, &name("port"))), number(row, &name("packets")), number(row, &name("bytes")))
    };
    let mut ends = [end("client"), end("server")];
    ends.sort();
    ends
}

/// How often each exchange of TCP and UDP occurs.
fn exchanges(rows: &[Value]) -> BTreeMap<(u64, Exchange), u64> {
    let mut counts = BTreeMap::new();
    for row in rows.iter().filter(|r| matches!(number(r, "protocol"), 6 | 17)) {
        *counts.entry((number(row, "protocol"), exchange(row))).or_default() += 1;
    }
    counts
}

/// The same packets on the wire, seen by softflowd as two flows each and as one record each, by pmacct, and through three versions.
#[test]
fn the_same_as_the_exporters_that_pair_themselves() {
    let by_softflowd = rows(&testdata("softflowd-ipfix-bidir-milli.pcap"), &[]);
    let paired = exchanges(&by_softflowd);
    assert_eq!((by_softflowd.len(), paired.values().sum::<u64>()), (279, 263));
    for (file, conversations, both) in [
        ("softflowd-v9.pcap", 283, 253),
        ("softflowd-ipfix.pcap", 283, 253),
        ("softflowd-ipfix-nano.pcap", 283, 253),
        ("softflowd-ipfix-over-ipv6.pcapng", 283, 253),
        ("softflowd-ipfix-tcp.pcap", 283, 253),
        ("pmacct-v9-as.pcap", 280, 253),
    ] {
        let rows = rows(&testdata(file), &[]);
        let both_ways: Vec<&Value> = rows.iter().filter(|r| r["ways"] == "both").collect();
        assert_eq!((rows.len(), both_ways.len()), (conversations, both), "{file}");
        if file.starts_with("softflowd") {
            assert_eq!(exchanges(&rows), paired, "{file}");
        }
        // What the capture's manifest says of the flows.
        let bytes: u64 = rows.iter().map(|r| number(r, "client_bytes") + number(r, "server_bytes")).sum();
        assert_eq!(bytes, 22_661_326, "{file}");
    }
}

/// Every datagram of the capture is there twice: softflowd-ipfix.pcap has the conversations.
#[test]
fn records_that_come_twice_count_once() {
    let once = exchanges(&rows(&testdata("softflowd-ipfix.pcap"), &[]));
    let twice = testdata("duplicated-softflowd-ipfix.pcap");
    assert_eq!(exchanges(&rows(&twice, &[])), once);
    assert_eq!(exchanges(&rows(&twice, &["--deduplicate", "record"])), once);
    let counts = summary(&twice, &[]);
    assert_eq!((&counts["flows"], &counts["folded_flows"], &counts["conversations"]), (&614.into(), &78.into(), &283.into()));
    let all = summary(&twice, &["--deduplicate", "none"]);
    assert_eq!((&all["folded_flows"], &all["total"]["both"]["flows"]), (&0.into(), &582.into()));
}

#[test]
fn icmp_by_its_types() {
    let file = testdata("softflowd-v9.pcap");
    let shown =
        rows(&file, &["--filter", "proto icmp", "--columns", "client_addr,server_addr,icmp_type,ways,client_packets,server_packets,began"]);
    let shown: Vec<String> = shown.iter().map(Value::to_string).collect();
    assert_eq!(
        shown,
        [
            r#"{"client_addr":"192.0.2.20","server_addr":"192.0.2.10","icmp_type":3,"ways":"one-way","client_packets":4,"server_packets":null,"began":"type"}"#,
            r#"{"client_addr":"192.0.2.20","server_addr":"192.0.2.10","icmp_type":3,"ways":"one-way","client_packets":2,"server_packets":null,"began":"type"}"#,
            r#"{"client_addr":"192.0.2.10","server_addr":"192.0.2.20","icmp_type":8,"ways":"both","client_packets":20,"server_packets":20,"began":"type"}"#,
            r#"{"client_addr":"198.51.100.10","server_addr":"198.51.100.20","icmp_type":8,"ways":"both","client_packets":10,"server_packets":10,"began":"type"}"#,
        ]
    );
    // The two errors differ in their code: port unreachable, protocol unreachable. ICMPv6 has other numbers.
    let shown = rows(&file, &["--filter", "proto 58", "--names", "--columns", "icmp_type,ways"]);
    let echo = shown.iter().filter(|r| r["icmp_type"] == "Echo Request" && r["ways"] == "both").count();
    let alone = shown.iter().filter(|r| r["icmp_type"] == "Neighbor Solicitation" && r["ways"] == "one-way").count();
    assert_eq!((shown.len(), echo, alone), (8, 2, 4));
}

/// nfdump pairs all flows of a key, however far apart: so does a window of 29 days, across interfaces and without folding.
#[test]
fn the_same_as_nfdump() {
    let Some(corpus) = corpus_for("the_same_as_nfdump") else { return };
    if Command::new("nfdump").arg("-V").output().is_err() {
        return skip("the_same_as_nfdump", "nfdump");
    }
    for (name, conversations) in
        [("nfcapd.softflowd-v9-lz4", 1149), ("nfcapd.multiblock-lz4", 1149), ("nfcapd.v5-none", 50), ("nfpcapd.ws-1800-none", 430)]
    {
        let file = corpus.join("flowlogs").join(name);
        let output =
            Command::new("nfdump").args(["-q", "-r", file.to_str().expect("UTF-8"), "-B", "-o", "csv"]).output().expect("nfdump runs");
        let mut theirs: BTreeMap<(u64, Exchange), u64> = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines().filter(|l| l.starts_with("20")) {
            let cell: Vec<&str> = line.split(',').collect();
            let protocol = match cell[7] {
                "TCP" => 6,
                "UDP" => 17,
                _ => continue,
            };
            let count = |at: usize| cell[at].parse::<u64>().expect("a number");
            let end = |addr: usize, port, packets| ((cell[addr].to_owned(), count(port)), count(packets), count(packets + 1));
            let mut ends = [end(3, 5, 11), end(4, 6, 13)];
            ends.sort();
            *theirs.entry((protocol, ends)).or_default() += 1;
        }
        let ours = rows(&file, &["--window", "29d", "--horizon", "30d", "--asymmetric", "--deduplicate", "none"]);
        assert_eq!(exchanges(&ours), theirs, "{name}");
        assert_eq!(theirs.values().sum::<u64>(), conversations, "{name}");
    }
}

/// Source, destination, ports, protocol, first and last in ms, octets, packets, flags, interfaces.
const FIELDS: [Field; 12] = [
    (0, 8, 4),
    (0, 12, 4),
    (0, 7, 2),
    (0, 11, 2),
    (0, 4, 1),
    (0, 152, 8),
    (0, 153, 8),
    (0, 1, 4),
    (0, 2, 4),
    (0, 6, 1),
    (0, 10, 4),
    (0, 14, 4),
];

/// A TCP flow of 10 packets between 10.0.0.1:40000 and 10.0.0.2:443, `back` or forth, that lasts a second.
fn record(back: bool, after_ms: u64, bytes: u32, flags: u8, interfaces: (u32, u32)) -> Vec<u8> {
    let (ends, ports) = if back { ("0a000002 0a000001", "01bb 9c40") } else { ("0a000001 0a000002", "9c40 01bb") };
    let first = u64::from(EXPORT) * 1000 + after_ms;
    let times = [first, first + 1000].iter().flat_map(|t| t.to_be_bytes()).collect();
    let counters = [bytes, 10].iter().flat_map(|n| n.to_be_bytes()).collect();
    let interfaces = [interfaces.0, interfaces.1].iter().flat_map(|n| n.to_be_bytes()).collect();
    [octets(ends), octets(ports), vec![6], times, counters, vec![flags], interfaces].concat()
}

/// A capture of raw IPv4 packets (link type 101): one message of each exporter 192.0.2.x, ten seconds after its flows.
fn capture(sent: &[(u8, Vec<Vec<u8>>)]) -> Vec<u8> {
    let mut out: Vec<u8> = [0xa1b2_c3d4u32, 0x0002_0004, 0, 0, 65_535, 101].iter().flat_map(|w| w.to_be_bytes()).collect();
    for (host, records) in sent {
        let payload = ipfix(0, &[template(10, 256, &FIELDS), set(256, &records.concat())]);
        let length = 28 + payload.len() as u32;
        out.extend([EXPORT + 10, 0, length, length].iter().flat_map(|w| w.to_be_bytes()));
        out.extend([0x45, 0]);
        out.extend((length as u16).to_be_bytes());
        out.extend([0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, *host, 192, 0, 2, 254]);
        out.extend([4_739, 4_739, 8 + payload.len() as u16, 0].iter().flat_map(|w| w.to_be_bytes()));
        out.extend(payload);
    }
    out
}

fn asked(capture: &[u8], more: &[&str]) -> String {
    let output = run_with_input(&[&["conversations", "-", "--quiet"], more].concat(), capture);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn two_routers_and_two_uplinks() {
    let columns =
        ["--format", "csv", "--columns", "client_addr,server_port,ways,client_bytes,server_bytes,client_flags,began,across,exporters"];
    // The way there through one router, the way back through the other one.
    let routers = capture(&[(1, vec![record(false, 0, 1000, 0x1b, (1, 2))]), (2, vec![record(true, 20, 70_000, 0x1b, (2, 1))])]);
    let header = "client_addr,server_port,ways,client_bytes,server_bytes,client_flags,began,across,exporters\n";
    assert_eq!(
        asked(&routers, &columns),
        format!("{header}10.0.0.1,443,one-way,1000,,27,port,exporters,192.0.2.1\n10.0.0.1,443,one-way,,70000,,port,exporters,192.0.2.2\n")
    );
    let with = [&columns[..], &["--asymmetric"]].concat();
    assert_eq!(asked(&routers, &with), format!("{header}10.0.0.1,443,both,1000,70000,27,port,exporters,192.0.2.1 192.0.2.2\n"));
    let text = asked(&routers, &["--summary"]);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.ends_with(
            "Asymmetric flows: turn the setting on for 192.0.2.1 and 192.0.2.2; 100 % of the flows (100 % of the bytes) have their other \
             direction at another exporter and pair only with it."
        ),
        "{text}"
    );
    // One router with two uplinks: out by one, back by the other.
    let uplinks = capture(&[(1, vec![record(false, 0, 1000, 0x1b, (1, 2)), record(true, 20, 70_000, 0x1b, (3, 1))])]);
    assert_eq!(
        asked(&uplinks, &columns),
        format!(
            "{header}10.0.0.1,443,one-way,1000,,27,port,interfaces,192.0.2.1\n10.0.0.1,443,one-way,,70000,,port,interfaces,192.0.2.1\n"
        )
    );
    assert_eq!(asked(&uplinks, &with), format!("{header}10.0.0.1,443,both,1000,70000,27,time,interfaces,192.0.2.1\n"));
    // Both routers see both directions: one conversation each, or one in all, counted once.
    let sees = |host, bytes| (host, vec![record(false, 0, bytes, 0x02, (1, 2)), record(true, 20, 70_000, 0x14, (2, 1))]);
    let both = capture(&[sees(1, 1000), sees(2, 1001)]);
    assert_eq!(asked(&both, &columns).lines().count(), 3);
    assert_eq!(asked(&both, &with), format!("{header}10.0.0.1,443,both,1001,70000,2,flags,,192.0.2.1 192.0.2.2\n"));
    let counted = [&with[..], &["--deduplicate", "none"]].concat();
    assert_eq!(asked(&both, &counted), format!("{header}10.0.0.1,443,both,2001,140000,2,flags,,192.0.2.1 192.0.2.2\n"));
}

#[test]
fn the_window_and_the_bound() {
    // The answer begins 7 s after the end of the question.
    let late = capture(&[(1, vec![record(false, 0, 1000, 0x1b, (0, 0)), record(true, 8_000, 500, 0x1b, (0, 0))])]);
    let count = |more: &[&str]| {
        asked(&late, &[&["--format", "csv", "--columns", "ways"], more].concat()).lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(count(&[]), ["one-way", "one-way"]);
    assert_eq!(count(&["--window", "7s"]), ["both"]);
    assert_eq!(count(&["--window", "7s", "--ways", "one-way"]), [""; 0]);
    let file = testdata("softflowd-v9.pcap");
    // softflowd exports both directions one after the other, so few conversations need to be open; one for each thread is too few.
    let bound = summary(&file, &["--max-open", "2"]);
    assert!(number(&bound, "closed_early") > 250 && bound["most_open"] == 2, "{bound}");
    let text = stdout(&run(&["conversations", file.to_str().expect("UTF-8"), "--summary", "--max-open", "2"]));
    assert!(text.contains("conversations closed early"), "{text}");
    assert_eq!(summary(&file, &[])["closed_early"], 0);
}

#[test]
fn forms_and_orders() {
    let file = testdata("softflowd-v9.pcap");
    let name = file.to_str().expect("UTF-8");
    let top = rows(&file, &["--order", "bytes", "--limit", "3", "--columns", "client_addr,server_port,client_bytes,server_bytes"]);
    let sums: Vec<u64> = top.iter().map(|r| number(r, "client_bytes") + number(r, "server_bytes")).collect();
    let mut all: Vec<u64> = rows(&file, &[]).iter().map(|r| number(r, "client_bytes") + number(r, "server_bytes")).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(sums, all[..3]);
    // The order is the same in every run, whatever the threads do.
    let again = |threads: &str| stdout(&run(&["conversations", name, "--format", "csv", "--quiet", "--threads", threads]));
    assert!(again("1") == again("1") && again("1") == again("4"));
    // The filter is on flows: of those to port 53 there is one direction.
    let one_way = rows(&file, &["--filter", "dst port 53", "--columns", "ways"]);
    assert!(one_way.len() > 50 && one_way.iter().all(|r| r["ways"] == "one-way"), "{}", one_way.len());
    let table = run(&["conversations", name, "--limit", "2", "--columns", "client_addr,protocol,client_flags,server_port"]);
    let text = stdout(&table);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "client_addr     protocol   client_flags  server_port",
            "192.0.2.10      TCP        ...AP.SF             8080",
            "2001:db8:1::10  IPv6-ICMP",
            "",
        ],
        "{text}"
    );
    assert!(
        text.contains("283 conversations of 536 flows: 253 with both directions, 30 one-way.") && text.contains("leave the setting off"),
        "{text}"
    );
    assert_eq!(stderr(&table), "ipfix-inspect: 281 conversations beyond the 2 of the limit are not shown; --limit shows more\n");
}

#[test]
fn files_and_mistakes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = testdata("softflowd-v9.pcap");
    let name = file.to_str().expect("UTF-8");
    let out = folder.path().join("c.csv");
    let out = out.to_str().expect("UTF-8");
    let written = run(&["conversations", name, "-o", out, "--summary", "--format", "json"]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    let page: Value = serde_json::from_slice(&written.stdout).expect("the summary is JSON");
    let text = std::fs::read_to_string(out).expect("the file is there");
    assert_eq!((number(&page, "conversations"), text.lines().count()), (283, 284));
    for (args, told) in [
        (&["-o", out][..], "exists already; --force replaces it"),
        (&["-o", "x.dat"], "its name tells no form"),
        (&["--columns", "client_adr"], "conversations have no column 'client_adr'; did you mean 'client_addr'?"),
        (&["--summary", "--format", "csv"], "--summary: it is a table or --format json"),
        (&["--format", "json"], "--format json: it is the form of --summary"),
        (&["--window", "6"], "expected a number and s, m, h or d"),
        (&["--horizon", "31d"], "--horizon: at most 30d"),
        (&["--max-open", "0"], "--max-open 0: one conversation at least"),
        (&["--format", "csv", "--bytes", "si"], "--bytes: numbers in CSV are always exact"),
        (&["--filter", "proto tpc"], "--filter"),
    ] {
        let output = run(&[&["conversations", name], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(told) || told == "--filter", "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}
