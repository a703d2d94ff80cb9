//! Options data: shown as tables, joined with flows, and what it says about sampling.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::corpus::files;
use crate::support::{Differences, cell, corpus, corpus_for, flows, overview, run, run_with_input, stderr, stdout, testdata};

fn tables(file: &Path) -> Vec<Value> {
    let output = run(&["options".as_ref(), file.as_os_str(), "--format".as_ref(), "json".as_ref(), "--quiet".as_ref()]);
    assert_eq!(output.status.code(), Some(0), "{}: {}", file.display(), stderr(&output));
    let value: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(value["schema"], "ipfix-inspect/options/1");
    value["tables"].as_array().cloned().expect("an array")
}

fn csv(file: &Path, args: &[&str]) -> Vec<String> {
    let mut all = vec!["flows", file.to_str().expect("a name in UTF-8"), "--format", "csv", "--quiet"];
    all.extend(args);
    let output = run(&all);
    assert_eq!(output.status.code(), Some(0), "{}: {}", file.display(), stderr(&output));
    stdout(&output).lines().map(str::to_owned).collect()
}

/// How many rows there are of each kind.
fn tally(lines: &[String]) -> BTreeMap<&str, usize> {
    let mut rows = BTreeMap::new();
    lines.iter().skip(1).for_each(|line| *rows.entry(line.as_str()).or_default() += 1);
    rows
}

fn synthetic(test: &str, name: &str) -> Option<std::path::PathBuf> {
    corpus_for(test).map(|c| c.join(name))
}

#[test]
fn one_table_for_each_options_template_scopes_first() {
    let tables = tables(&testdata("scapy-v9-options.pcap"));
    let shapes: Vec<(u64, String, u64)> = tables
        .iter()
        .map(|t| (t["template_id"].as_u64().unwrap_or(0), t["scopes"].to_string(), t["count"].as_u64().unwrap_or(0)))
        .collect();
    let shape = |id, scopes: &str, count| (id, scopes.to_owned(), count);
    assert_eq!(
        shapes,
        [
            shape(257, r#"["scope_system"]"#, 1),
            shape(258, r#"["scope_interface"]"#, 4),
            shape(259, r#"["scope_system"]"#, 2),
            shape(260, r#"["scope_system"]"#, 3),
            shape(261, r#"["scope_system"]"#, 2),
            shape(262, r#"["scope_interface","scope_line_card"]"#, 2),
        ]
    );
    let names: Vec<&Value> = tables[1]["records"].as_array().expect("records").iter().map(|r| &r["interfaceName"]).collect();
    assert_eq!(names, ["ge-0/0/1", "ge-0/0/2", "xe-1/0/0", "lo0"]);
    assert_eq!(tables[5]["records"][1]["scope_interface"], 2);
    assert_eq!(tables[5]["records"][1]["scope_line_card"], 7);
    assert_eq!(tables[5]["records"][1]["exportedMessageTotalCount"], 2000);
}

#[test]
fn tables_as_text_are_safe_to_look_at() {
    let output = run(&["options", testdata("scapy-ipfix-options.pcap").to_str().expect("a name in UTF-8")]);
    let text = stdout(&output);
    assert_eq!(stderr(&output), "");
    assert!(text.starts_with("options template 257, 203.0.113.2 IPFIX domain 256: 1 record\n  scope: exportingProcessId\n"), "{text}");
    assert!(text.contains(r"\x1b[1mbold\x1b[0m") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn tables_as_csv_and_a_limit() {
    let file = testdata("scapy-ipfix-options.pcap");
    let output = run(&["options", file.to_str().expect("a name in UTF-8"), "--format", "csv"]);
    let text = stdout(&output);
    assert!(text.contains("\n\ningressVRFID,VRFname\n1,red\n2,blue\n\n"), "{text}");
    assert!(text.contains("\n0300208f,\"unknown,odd\",=cmd|' /C calc'!A0\n"), "{text}");
    let output = run(&["options", file.to_str().expect("a name in UTF-8"), "--limit", "0"]);
    assert_eq!(stderr(&output), "ipfix-inspect: 14 records beyond the 0 of each table are not shown; --limit shows more\n");
}

/// tshark 4.0.17 shows sampler 1 in 38 and sampler 2 in 52 of the data records, 1 in 10 and 1 in 100 by the options; interfaces 1 to 4 in 22, 27,
/// 12 and 29; applications 0d000035 in 32, 03000050 in 27, 0300208f in 31.
#[test]
fn flows_are_joined_with_what_options_data_tells() {
    for name in ["scapy-v9-options.pcap", "scapy-ipfix-options.pcap"] {
        let file = testdata(name);
        assert_eq!(
            tally(&csv(&file, &["--columns", "exporter,sampling_interval"])),
            BTreeMap::from([("203.0.113.2,10", 38), ("203.0.113.2,100", 52)]),
            "{name}"
        );
        let expected = BTreeMap::from([("1,ge-0/0/1", 22), ("2,ge-0/0/2", 27), ("3,xe-1/0/0", 12), ("4,lo0", 29)]);
        assert_eq!(tally(&csv(&file, &["--columns", "in_if,in_if_name"])), expected, "{name}");
        let expected = BTreeMap::from([("03000050,http", 27), ("0300208f,\"unknown,odd\"", 31), ("0d000035,dns", 32)]);
        assert_eq!(tally(&csv(&file, &["--columns", "applicationId,application"])), expected, "{name}");
        // A number stays to be had under the element's name.
        assert_eq!(
            tally(&csv(&file, &["--columns", "vrf_in,vrf_out,ingressVRFID,egressVRFID"])),
            BTreeMap::from([("red,blue,1,2", 90)]),
            "{name}"
        );
        let header = csv(&file, &[]).remove(0);
        for column in ["vrf_in", "application", "sampling_interval", "in_if_name", "out_if_name"] {
            assert!(header.split(',').any(|c| c == column), "{name}: {column} is not in {header}");
        }
    }
}

#[test]
fn columns_that_nothing_fills_are_left_out() {
    let header = csv(&testdata("pmacct-v9-as.pcap"), &[]).remove(0);
    assert!(header.contains(",in_if,") && !header.contains("_if_name") && !header.contains("sampling_interval"), "{header}");
}

/// From a pipe there is no first pass: what came before a flow counts, nothing else.
#[test]
fn a_pipe_is_joined_as_well() {
    let octets = std::fs::read(testdata("scapy-v9-options.pcap")).expect("it is there");
    let output = run_with_input(&["flows", "-", "--format", "csv", "--columns", "in_if_name,sampling_interval", "--limit", "1"], &octets);
    assert_eq!(stdout(&output), "in_if_name,sampling_interval\nlo0,100\n");
}

/// Each exporter was told to sample 1 in 10.
#[test]
fn rates_from_the_header_an_interface_and_a_sampler() {
    let expected = [
        ("softflowd-v5-sampled.pcap", r#"[{"source":"header","of":"all","id":null,"interval":10}]"#),
        ("softflowd-v9-sampled.pcap", r#"[{"source":"options","of":"interface","id":7,"interval":10}]"#),
        ("pmacct-v9-l2-sampled.pcap", r#"[{"source":"options","of":"sampler","id":1,"interval":10}]"#),
        ("pmacct-ipfix-usec-sampled.pcap", r#"[{"source":"options","of":"sampler","id":1,"interval":10}]"#),
    ];
    for (name, rates) in expected {
        let file = testdata(name);
        let raw = overview(&file).expect("an overview");
        assert_eq!(raw["exporters"][0]["sampling"]["rates"].to_string(), rates, "{name}");
        assert_eq!(raw["exporters"][0]["sampling"]["unannounced"].to_string(), "[]", "{name}");
        assert_eq!(raw["totals"]["scaled"], false);
        let intervals = csv(&file, &["--columns", "exporter,sampling_interval"]);
        assert!(intervals.iter().skip(1).all(|row| row.ends_with(",10")), "{name}");
        let output = run(&["--scale", "--format", "json", file.to_str().expect("a name in UTF-8")]);
        let scaled: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        assert_eq!(scaled["totals"]["scaled"], true);
        for sum in ["bytes", "packets"] {
            assert_eq!(scaled["totals"][sum].as_u64(), raw["totals"][sum].as_u64().map(|n| 10 * n), "{name} {sum}");
        }
    }
}

#[test]
fn the_overview_says_where_the_rate_comes_from() {
    let text = stdout(&run(&[testdata("softflowd-v9-sampled.pcap")]));
    assert!(text.contains("1 in 10 for interface 7 by options data.") && text.contains("--scale multiplies them"), "{text}");
    let text = stdout(&run(&["--scale".as_ref(), testdata("softflowd-v5-sampled.pcap").as_os_str()]));
    assert!(text.contains("1 in 10 by the message header.") && text.contains("are multiplied by it"), "{text}");
    // It says that it samples 1 in 1, which is no sampling.
    assert!(!stdout(&run(&[testdata("softflowd-v9.pcap")])).contains("Sampling"));
}

#[test]
fn names_in_place_of_numbers() {
    let file = testdata("softflowd-v9.pcap");
    let plain = csv(&file, &["--columns", "protocol,tcp_flags,flow_end_reason,direction", "--limit", "1"]);
    let named = csv(&file, &["--columns", "protocol,tcp_flags,flow_end_reason,direction", "--limit", "1", "--names"]);
    assert_eq!(plain[0], named[0]);
    assert!(plain[1].bytes().all(|b| b.is_ascii_digit() || b == b','), "{}", plain[1]);
    assert!(named[1].contains("TCP,") || named[1].contains("UDP,"), "{}", named[1]);
    // Of the 536 flows those of ICMP: the names follow type and code by the protocol, whose column is not among those asked for.
    let icmp = csv(&file, &["--columns", "icmp_type,icmp_code", "--names"]);
    assert!(icmp.iter().any(|row| row.starts_with("Echo")), "no name of an ICMP type");
}

#[test]
fn the_synthetic_captures_join_names_and_samplers() {
    let test = "the_synthetic_captures_join_names_and_samplers";
    let Some(file) = synthetic(test, "synthetic/ipfix-options-sampling-names.pcap") else { return };
    let columns = "src_addr,in_if_name,out_if_name,application,sampling_interval,bytes";
    let first = |args: &[&str]| csv(&file, args).remove(1);
    assert_eq!(first(&["--columns", columns]), "198.51.100.1,ge-0/0/0,ge-0/0/1,dns,1000,1000");
    assert_eq!(first(&["--columns", columns, "--scale"]), "198.51.100.1,ge-0/0/0,ge-0/0/1,dns,1000,1000000");
    let Some(file) = synthetic(test, "synthetic/v9-options-scopes.pcap") else { return };
    assert_eq!(csv(&file, &["--columns", "bytes,sampling_interval", "--scale"])[1], "51200,512");
    let tables = tables(&file);
    assert_eq!(tables[3]["records"][0].to_string(), r#"{"scope_line_card":2,"scope_cache":9,"exportedOctetTotalCount":1000000000}"#);
    assert_eq!(tables[4]["records"][0]["scope_template"], 265);
}

/// The ASR 9000 of the collection names sampler 1, and no options record came along; the 1941's flows have sampler 0, which is none.
#[test]
fn samplers_whose_rate_nothing_tells() {
    let Some(file) = synthetic("samplers_whose_rate_nothing_tells", "captures/v9-asr9k.pcap") else { return };
    let overview_of = |file: &Path| overview(file).expect("an overview")["exporters"][0]["sampling"].clone();
    assert_eq!(overview_of(&file)["unannounced"].to_string(), "[1]");
    let text = stdout(&run(&[&file]));
    assert!(
        text.split_whitespace().collect::<Vec<_>>().join(" ").contains("flows name sampler 1, whose rate is announced nowhere."),
        "{text}"
    );
    assert_eq!(overview_of(&file.with_file_name("v9-cisco-nbar.pcap")), Value::Null);
}

/// NSEL of an early and of a later ASA, and Nokia's NAT log, which has no counters.
#[test]
fn nat_events() {
    let Some(asa) = synthetic("nat_events", "captures/v9-cisco-asa-1.pcap") else { return };
    let nat = "nat_src_addr,nat_dst_addr,nat_src_port,nat_dst_port,bytes,packets";
    let first = |name: &str, columns: &str| csv(&asa.with_file_name(name), &["--columns", columns, "--limit", "1"]).remove(1);
    assert_eq!(first("v9-cisco-asa-1.pcap", &format!("{nat},cisco_fwEvent")), "192.168.14.1,2.2.2.11,0,17549,56,,2");
    assert_eq!(first("v9-cisco-asa-2.pcap", &format!("{nat},firewallEvent")), "192.168.0.2,192.168.0.17,61775,80,81,,2");
    let named = csv(&asa.with_file_name("v9-cisco-asa-2.pcap"), &["--columns", "firewallEvent,protocol", "--names", "--limit", "1"]);
    assert_eq!(named[1], "Flow Deleted,TCP");
    assert_eq!(first("ipfix-nokia-bras.pcap", "src_addr,bytes,packets,nokia_aluNatSubString"), "10.0.1.228,,,USER1@10.10.0.123");
}

/// The octets of the options records of the collection, field by field in wire order, against what the tables show.
#[test]
fn options_records_are_those_of_the_collection() {
    let Some(files) = files("options_records_are_those_of_the_collection", &["captures", "synthetic"]) else { return };
    let mut differences = Differences::default();
    for (name, path, row) in &files {
        let expected = corpus().unwrap_or_default().join("expected").join(format!("{}.json", stem(name)));
        let Some(expected) = std::fs::read(&expected).ok().and_then(|octets| serde_json::from_slice::<Value>(&octets).ok()) else {
            continue;
        };
        let records = expected["options"].as_array().cloned().unwrap_or_default();
        if records.is_empty() || row["options_records"] == "0" {
            continue;
        }
        let tables = tables(path);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for record in &records {
            let same = |t: &&Value| {
                (&t["exporter"], &t["domain"], &t["template_id"]) == (&record["exporter"], &record["domain"], &record["set_id"])
            };
            let Some(table) = tables.iter().find(same) else {
                differences.fail(format!("{name}: no table for {}", record["set_id"]));
                continue;
            };
            let number = seen.entry(format!("{}/{}/{}", record["exporter"], record["domain"], record["set_id"])).or_default();
            let ours = &table["records"][*number];
            *number += 1;
            let wire = record["fields"].as_array().into_iter().flatten().filter(|f| f["bytes"] != 0 && f["ie"] != 210);
            for (column, field) in table["columns"].as_array().into_iter().flatten().zip(wire) {
                let (shown, hex) = (&ours[cell(column).as_str()], cell(&field["hex"]));
                differences.holds(&format!("{name} {} {column}: {shown} for {hex}", record["set_id"]), agrees(shown, &hex));
            }
        }
    }
    differences.finish(100);
}

fn stem(name: &str) -> String {
    let name = name.strip_prefix("captures/").unwrap_or(name).replace('/', "--");
    name.rsplit_once('.').map_or(name.clone(), |(stem, _)| stem.to_owned())
}

/// A value by its octets: a number, hexadecimal digits, text without its NULs, an address, or a time of milliseconds.
fn agrees(shown: &Value, hex: &str) -> bool {
    let octets: Vec<u8> = (0..hex.len() / 2).filter_map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()).collect();
    match shown {
        Value::Number(n) => n.as_u64() == u64::from_str_radix(hex, 16).ok(),
        Value::String(text) => {
            let end = octets.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
            let address = match *octets.as_slice() {
                [a, b, c, d] => std::net::Ipv4Addr::new(a, b, c, d).to_string(),
                _ => <[u8; 16]>::try_from(octets.as_slice()).map_or(String::new(), |o| std::net::Ipv6Addr::from(o).to_string()),
            };
            let millis = u64::from_str_radix(hex, 16).ok().map(i128::from);
            let time = crate::support::nanos(text);
            text == hex
                || text.as_bytes() == octets.get(..end).unwrap_or_default()
                || *text == address
                || time.is_some() && (time == millis.map(|m| m * 1_000_000) || time == millis.map(|s| s * 1_000_000_000))
        }
        Value::Bool(b) => octets == [if *b { 1 } else { 2 }],
        _ => false,
    }
}

/// Flows of an exporter that tells nothing have no names, though another exporter in the file does.
#[test]
fn names_stay_with_their_exporter() {
    let (one, other) = (testdata("scapy-v9-options.pcap"), testdata("softflowd-ipfix.pcap"));
    let columns = "exporter,in_if,in_if_name";
    let alone = flows(&other, columns).expect("flows");
    assert!(alone.iter().all(|f| f["in_if_name"].is_null()));
    let output = run(&[
        "flows".as_ref(),
        one.as_os_str(),
        testdata("pmacct-v9-as.pcap").as_os_str(),
        "--format".as_ref(),
        "csv".as_ref(),
        "--columns".as_ref(),
        columns.as_ref(),
    ]);
    let named: Vec<String> = stdout(&output).lines().skip(1).filter(|l| !l.ends_with(',')).map(str::to_owned).collect();
    assert_eq!(named.len(), 90);
    assert!(named.iter().all(|l| l.starts_with("203.0.113.2,")), "{named:?}");
}
