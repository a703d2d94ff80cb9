//! Flow files of nfcapd and nfpcapd: every field of every flow against the CSV that nfdump made of them, and damaged versions.

use std::path::Path;

use serde_json::Value;

use crate::support::{Differences, cell, corpus_for, csv, flows, overview, stored, testdata};

/// File, CSV of nfdump, flows in the file.
const FILES: [(&str, &str, usize); 12] = [
    ("nfcapd.asa-nsel-bz2", "nfcapd.asa-nsel-bz2.csv", 33),
    ("nfcapd.mixed-none", "nfcapd.mixed-none.csv", 471),
    ("nfcapd.mixed-lz4", "nfcapd.mixed-none.csv", 471),
    ("nfcapd.mixed-lzo", "nfcapd.mixed-none.csv", 471),
    ("nfcapd.mixed-bz2", "nfcapd.mixed-none.csv", 471),
    ("nfcapd.multiblock-none", "nfcapd.multiblock-none.first100.csv", 11_610),
    ("nfcapd.multiblock-lz4", "nfcapd.multiblock-lz4.first100.csv", 14_028),
    ("nfcapd.softflowd-v9-lz4", "nfcapd.softflowd-v9-lz4.csv", 1169),
    ("nfcapd.v5-none", "nfcapd.v5-none.csv", 59),
    ("nfpcapd.mix-fat-lz4", "nfpcapd.mix-fat-lz4.csv", 238),
    ("nfpcapd.ws-1800-none", "nfpcapd.ws-1800-none.csv", 529),
    ("nfpcapd.ws-1900-none", "nfpcapd.ws-1900-none.csv", 848),
];

/// nfdump's column, ours, and what nfdump prints where nothing was exported.
const FIELDS: [(&str, &str, &str); 29] = [
    ("sa", "src_addr", "0.0.0.0"),
    ("da", "dst_addr", "0.0.0.0"),
    ("sp", "src_port", "0"),
    ("dp", "dst_port", "0"),
    ("fwd", "forwarding_status", "0"),
    ("stos", "tos", "0"),
    ("ipkt", "packets", "0"),
    ("ibyt", "bytes", "0"),
    ("opkt", "packets_out", "0"),
    ("obyt", "bytes_out", "0"),
    ("in", "in_if", "0"),
    ("out", "out_if", "0"),
    ("sas", "src_as", "0"),
    ("das", "dst_as", "0"),
    ("smk", "src_mask", "0"),
    ("dmk", "dst_mask", "0"),
    ("dtos", "postIpClassOfService", "0"),
    ("dir", "direction", "0"),
    ("nh", "next_hop", "0.0.0.0"),
    ("nhb", "bgpNextHopIPv4Address", "0.0.0.0"),
    ("svln", "src_vlan", "0"),
    ("dvln", "dst_vlan", "0"),
    ("ismc", "sourceMacAddress", "00:00:00:00:00:00"),
    ("odmc", "postDestinationMacAddress", "00:00:00:00:00:00"),
    ("idmc", "destinationMacAddress", "00:00:00:00:00:00"),
    ("osmc", "postSourceMacAddress", "00:00:00:00:00:00"),
    ("ra", "exporter", "0.0.0.0"),
    ("ts", "flow_start", "1970-01-01 00:00:00"),
    ("te", "flow_end", "1970-01-01 00:00:00"),
];

/// The header of nfdump 1.7.1's CSV.
const HEADER: &str = "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,\
    ismc,odmc,idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng,exid,tr";

#[test]
fn flows_are_those_of_nfdump() {
    let Some(corpus) = corpus_for("flows_are_those_of_nfdump") else { return };
    let folder = corpus.join("flowlogs");
    let mut differences = Differences::default();
    for (name, table, count) in FILES {
        // The mixed files were filled one after another: only the first is the CSV's own.
        let received = !matches!(name, "nfcapd.mixed-lz4" | "nfcapd.mixed-lzo" | "nfcapd.mixed-bz2");
        compare(&mut differences, &folder.join(name), &folder.join(table), count, received);
    }
    differences.finish(60_000);
}

/// The same of a file that nfdump 1.6.22 wrote and showed.
#[test]
fn flows_of_1_6_are_those_that_it_shows() {
    let mut differences = Differences::default();
    compare(&mut differences, &testdata("nfcapd-1.6.22-lz4"), &testdata("expected/nfcapd-1.6.22-lz4.csv"), 148, true);
    differences.finish(4_800);
}

fn compare(differences: &mut Differences, file: &Path, table: &Path, count: usize, received: bool) {
    let columns: Vec<&str> = FIELDS.iter().map(|(_, ours, _)| *ours).chain(["duration_ms", "protocol", "tcp_flags", "received"]).collect();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let ours = match flows(file, &columns.join(",")) {
        Ok(ours) => ours,
        Err(why) => {
            differences.fail(format!("{name}: {why}"));
            return;
        }
    };
    differences.equal(&format!("{name}: flows"), &ours.len().to_string(), &count.to_string());
    for (number, (flow, row)) in ours.iter().zip(nfdump_rows(table)).enumerate() {
        let what = |field: &str| format!("{name} flow {number} {field}");
        for (theirs, column, nothing) in FIELDS {
            let mut value = cell(&flow[column]);
            if value.is_empty() {
                value = nothing.to_owned();
            } else if theirs == "ts" || theirs == "te" {
                value = value[..19].replace('T', " ");
            }
            // Where a record has an IPv4 and an IPv6 address of which one is zero, nfdump shows the zero.
            if !((theirs == "sa" || theirs == "da") && row[theirs].trim() == "::") {
                differences.equal(&what(column), &value, row[theirs].trim());
            }
        }
        // nfdump's duration is unsigned: it can't show that a flow ends before it starts.
        if let Some(ms) = flow["duration_ms"].as_i64().filter(|ms| *ms >= 0) {
            differences.equal(&what("duration_ms"), &format!("{}.{:03}", ms / 1000, ms % 1000), row["td"].trim());
        }
        let protocol = match row["pr"].trim() {
            "TCP" => Some(6),
            "UDP" => Some(17),
            "ICMP" => Some(1),
            _ => None,
        };
        if let Some(protocol) = protocol {
            differences.equal(&what("protocol"), &cell(&flow["protocol"]), &protocol.to_string());
        }
        if protocol == Some(6) {
            differences.equal(&what("tcp_flags"), &letters(&flow["tcp_flags"]), row["flg"].trim());
        }
        if let Some(theirs) = row.get("tr").filter(|_| received) {
            differences.equal(&what("received"), cell(&flow["received"]).replace('T', " ").trim_end_matches('Z'), theirs.trim());
        }
    }
}

/// nfdump's totals are those of both directions: octets out are added to octets in.
#[test]
fn totals_are_those_of_nfdump() {
    let Some(corpus) = corpus_for("totals_are_those_of_nfdump") else { return };
    let mut differences = Differences::default();
    for (name, _, _) in FILES {
        let path = corpus.join("flowlogs").join(name);
        let stat = std::fs::read_to_string(corpus.join("flowlogs").join(format!("{name}.stat.txt"))).expect("the statistics can be read");
        let theirs = |key: &str| stat.lines().find_map(|l| l.strip_prefix(&format!("{key}: "))).unwrap_or_default().trim().to_owned();
        let rows = flows(&path, "bytes,packets,bytes_out,packets_out").unwrap_or_default();
        let sum =
            |columns: [&str; 2]| rows.iter().map(|r| columns.iter().filter_map(|c| r[*c].as_u64()).sum::<u64>()).sum::<u64>().to_string();
        differences.equal(&format!("{name} flows"), &rows.len().to_string(), &theirs("Flows"));
        differences.equal(&format!("{name} packets"), &sum(["packets", "packets_out"]), &theirs("Packets"));
        differences.equal(&format!("{name} octets"), &sum(["bytes", "bytes_out"]), &theirs("Bytes"));
        match overview(&path) {
            Ok(overview) => differences.equal(&format!("{name} overview"), &cell(&overview["totals"]["flows"]), &theirs("Flows")),
            Err(why) => differences.fail(format!("{name}: {why}")),
        }
    }
    differences.finish(48);
}

#[test]
fn damaged_files_lose_no_more_than_their_damage() {
    let Some(corpus) = corpus_for("damaged_files_lose_no_more_than_their_damage") else { return };
    for name in ["nfcapd.asa-nsel-bz2", "nfcapd.v5-none", "nfpcapd.mix-fat-lz4", "nfcapd.mixed-lzo"] {
        let whole = std::fs::read(corpus.join("flowlogs").join(name)).expect("the file can be read");
        let most = stored(&whole).expect("the file is read");
        let stride = whole.len() / 1500 + 1;
        for length in (0..whole.len()).step_by(stride) {
            assert!(stored(&whole[..length]).unwrap_or(0) <= most, "{name} cut to {length}");
        }
        for at in (0..whole.len()).step_by(stride) {
            for mask in [0x01, 0x80, 0xff] {
                let mut other = whole.clone();
                other[at] ^= mask;
                // A wrong length may show records in what were others' octets; each has at least a header and its counters.
                assert!(stored(&other).unwrap_or(0) <= (1 << 20), "{name} flipped at {at}");
            }
        }
    }
}

/// A file of layout 1. What nfdump 1.7.1 shows of it, flow by flow; where it shows a zero for what the record lacks, an empty cell.
#[test]
fn layout_1_is_read_as_nfdump_does() {
    let columns = "exporter,observation_domain,nde_version,received,flow_start,flow_end,src_addr,dst_addr,src_port,dst_port,protocol,\
        tcp_flags,forwarding_status,tos,packets,bytes,packets_out,bytes_out,in_if,out_if,src_as,dst_as,src_mask,dst_mask,\
        postIpClassOfService,direction,next_hop,src_vlan,dst_vlan,src_mac,postDestinationMacAddress,deltaFlowCount";
    let want = [
        "192.0.2.1,258,5,2014-12-31T04:27:40.000Z,2014-12-31T04:26:40.011Z,2014-12-31T04:26:45.012Z,10.0.0.1,203.0.113.9,1024,80,6,\
            27,0,16,10,1500,,,3,4,64500,64501,24,16,8,1,10.9.9.9,,,,,",
        "192.0.2.1,258,5,2014-12-31T04:27:40.001Z,2014-12-31T04:26:41.011Z,2014-12-31T04:26:46.012Z,10.0.0.2,203.0.113.9,1025,80,6,\
            27,0,16,11,3000,,,3,4,64500,64501,24,16,8,1,10.9.9.9,,,,,",
        "192.0.2.2,4242,9,2014-12-31T04:27:41.234Z,2014-12-31T04:26:40.100Z,2014-12-31T04:26:47.100Z,10.1.1.1,10.1.1.2,53,33000,17,\
            2,64,0,5000000000,7000000000000,77,88888,70000,70001,4200000001,4200000002,32,31,0,0,,100,200,00:11:22:33:44:55,\
            66:77:88:99:aa:bb,3",
        "2001:db8::99,7,9,,2014-12-31T04:26:40.200Z,2014-12-31T04:26:49.200Z,2001:db8::1,2001:db8:1::2,0,32768,58,\
            0,0,0,4,416,,,,,,,,,,,2001:db8::fe,,,,,",
        // nfdump skips this one; the octets say so.
        "192.0.2.2,4242,9,,2014-12-31T04:26:40.300Z,2014-12-31T04:26:40.300Z,10.3.3.3,10.3.3.4,0,2048,1,\
            0,0,0,1,84,2,168,7,8,,,,,,,,,,,,",
        "192.0.2.2,4242,9,,2014-12-31T04:26:40.400Z,2014-12-31T04:26:40.400Z,10.4.4.4,203.0.113.44,40000,443,6,\
            0,0,0,0,0,,,,,,,,,,,,,,,,",
        "192.0.2.2,4242,9,,2014-12-31T04:26:40.500Z,2014-12-31T04:26:40.500Z,10.5.5.5,203.0.113.55,5353,5353,17,\
            0,0,0,1,60,,,,,,,,,,,,,,,,",
    ];
    let ours = flows(&testdata("nfcapd-1.6"), columns).expect("the file is read");
    assert_eq!(ours.len(), want.len());
    for (flow, want) in ours.iter().zip(want) {
        for (column, want) in columns.split(',').zip(want.split(',')) {
            assert_eq!(cell(&flow[column]), want, "{column} of the flow to {}", flow["dst_addr"]);
        }
    }
}

/// Extensions that nfdump 1.7.1 leaves out, by the octets that were written.
#[test]
fn events_of_layout_1() {
    let columns = "mplsTopLabelStackSection,mplsLabelStackSection2,bgpNextAdjacentAsNumber,bgpPrevAdjacentAsNumber,bgpNextHopIPv6Address,\
        observationTimeMilliseconds,firewallEvent,nat_src_addr,nat_dst_addr,nat_src_port,nat_dst_port,natEvent,vrf_in,vrf_out,\
        portRangeStart,portRangeEnd";
    let ours = flows(&testdata("nfcapd-1.6"), columns).expect("the file is read");
    let of = |flow: usize| columns.split(',').map(|c| cell(&ours[flow][c])).collect::<Vec<_>>().join(",");
    assert_eq!(of(3), "003e80,007d01,65001,65002,2001:db8::ff,,,,,,,,,,,");
    assert_eq!(of(5), ",,,,,2014-12-31T04:26:40.401Z,2,198.51.100.4,10.4.4.44,50000,8443,,,,,");
    assert_eq!(of(6), ",,,,,,,198.51.100.5,203.0.113.55,,,1,12,11,1024,2047");
}

/// Each cut and each octet changed: no flow beyond those that are whole, no more than the octets can hold.
#[test]
fn damaged_layout_1_loses_no_more_than_its_damage() {
    let whole = std::fs::read(testdata("nfcapd-1.6")).expect("the file can be read");
    assert_eq!(stored(&whole), Some(7));
    let mut before = 0;
    for length in 0..whole.len() {
        let now = stored(&whole[..length]).unwrap_or(0);
        assert!(now >= before && now < 7, "cut to {length}: {now} after {before}");
        before = now;
    }
    for at in 0..whole.len() {
        for mask in [0x01, 0x10, 0x80, 0xff] {
            let mut other = whole.clone();
            other[at] ^= mask;
            assert!(stored(&other).unwrap_or(0) <= 20, "flipped at {at}");
        }
    }
}

/// The rows of the table that are flows: nfdump adds its summary below them.
fn nfdump_rows(table: &std::path::Path) -> Vec<crate::support::Row> {
    let text = std::fs::read_to_string(table).expect("the table can be read");
    let width = HEADER.split(',').count();
    // The tables that are beginnings of one have no header.
    let flows: Vec<&str> =
        std::iter::once(HEADER).chain(text.lines().filter(|l| l.split(',').count() == width && !l.starts_with("ts,"))).collect();
    let mut copy = tempfile::NamedTempFile::new().expect("a file can be made");
    std::io::Write::write_all(&mut copy, flows.join("\n").as_bytes()).expect("it can be written");
    csv(copy.path())
}

fn letters(flags: &Value) -> String {
    let flags = flags.as_u64().unwrap_or(0);
    "CEUAPRSF".chars().enumerate().map(|(bit, letter)| if flags >> (7 - bit) & 1 == 1 { letter } else { '.' }).collect()
}
