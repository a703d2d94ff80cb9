//! Flow files of flow-tools: either byte order, plain and packed, both stream versions. They were made from the description of the
//! format, so what is expected is what was written; times are by the rule of v5, worked out by hand.

use std::io::Write;

use crate::support::{Differences, cell, csv, flows, nanos, overview, stored, testdata};

const COLUMNS: &str = "exporter,observation_domain,nde_version,received,flow_start,flow_end,src_addr,dst_addr,src_port,dst_port,protocol,\
    tcp_flags,tos,packets,bytes,in_if,out_if,next_hop,src_as,dst_as,src_mask,dst_mask,icmp_type,icmp_code";

/// The flows without exporter, domain and version, which stand before them.
const WEB: &str = ",2014-12-31T04:26:35.123456789Z,2014-12-31T04:26:39.623456789Z,10.0.0.1,203.0.113.9,1024,80,6,27,16,10,1500,3,65535,\
    10.9.9.9,64500,64501,24,16,,";
const DNS: &str = ",2014-12-31T03:26:40.123456789Z,2014-12-31T04:26:40.123456789Z,10.0.0.2,203.0.113.53,5353,53,17,0,0,4294967295,\
    4000000000,3,4,0.0.0.0,0,65535,32,0,,";
/// The header's up-time is 1 s, the first packet's 1 s before the wrap.
const PING: &str = ",2014-12-31T04:27:38.000Z,2014-12-31T04:27:39.500Z,10.0.0.3,203.0.113.7,0,2048,1,0,0,4,336,1,2,10.9.9.9,0,0,8,8,8,0";

#[test]
fn records_of_v5() {
    for name in ["flow-tools-v5-little", "flow-tools-v5-big-zlib"] {
        expect(name, COLUMNS, &[("192.0.2.1,258,5,", WEB), ("192.0.2.1,258,5,", DNS), ("192.0.2.9,0,5,", PING)]);
    }
}

#[test]
fn records_of_v7() {
    for name in ["flow-tools-v7-big", "flow-tools-v7-little-zlib"] {
        // Messages of v7 have no engine; a file may have one all the same. The last record does not name its exporter.
        expect(name, COLUMNS, &[("192.0.2.3,,7,", WEB), ("192.0.2.3,772,7,", DNS), (",,7,", PING)]);
        expect(name, "ipv4RouterSc", &[("", "10.9.9.1"), ("", "10.9.9.2"), ("", "0.0.0.0")]);
    }
}

/// Records that tell the boot: the second flow is 34 days after it, when half of the up-time's range is over.
#[test]
fn records_of_stream_version_1() {
    let web = ",2014-12-31T04:26:35.250Z,2014-12-31T04:26:39.750Z,10.0.0.1,203.0.113.9,1024,80,6,27,16,10,1500,3,65535,10.9.9.9,64500,\
        64501,24,16,,";
    let late = ",2015-02-03T20:46:40.250Z,2015-02-03T20:46:41.250Z,10.0.0.4,203.0.113.4,1,2,6,4,0,1,40,1,2,0.0.0.0,0,0,0,0,,";
    expect("flow-tools-v5-stream-1", COLUMNS, &[(",,5,", web), (",,5,", late)]);
}

/// Files that flow-tools 0.68 wrote of real exports, against what its flow-export shows of them.
#[test]
fn files_of_flow_tools_itself() {
    let fields = [
        ("exaddr", "exporter"),
        ("dpkts", "packets"),
        ("doctets", "bytes"),
        ("srcaddr", "src_addr"),
        ("dstaddr", "dst_addr"),
        ("nexthop", "next_hop"),
        ("input", "in_if"),
        ("output", "out_if"),
        ("srcport", "src_port"),
        ("dstport", "dst_port"),
        ("prot", "protocol"),
        ("tos", "tos"),
        ("tcp_flags", "tcp_flags"),
        ("src_mask", "src_mask"),
        ("dst_mask", "dst_mask"),
        ("src_as", "src_as"),
        ("dst_as", "dst_as"),
        ("router_sc", "ipv4RouterSc"),
    ];
    let columns: Vec<&str> = fields.iter().map(|(_, ours)| *ours).chain(["flow_start", "flow_end", "observation_domain"]).collect();
    let mut differences = Differences::default();
    for (name, count) in [("flow-tools-0.68-v1", 327), ("flow-tools-0.68-v5", 91), ("flow-tools-0.68-v7", 327)] {
        let ours = flows(&testdata(name), &columns.join(",")).expect("the file is read");
        let theirs = csv(&testdata(&format!("expected/{name}.csv")));
        assert_eq!((ours.len(), theirs.len()), (count, count), "{name}");
        for (number, (flow, row)) in ours.iter().zip(&theirs).enumerate() {
            let number_of = |field: &str| row[field].parse::<i128>().expect("a number");
            for (field, column) in fields {
                // What a version does not have is in neither.
                let theirs = row.get(field).map_or("", String::as_str);
                differences.equal(&format!("{name} flow {number} {column}"), &cell(&flow[column]), theirs);
            }
            for (field, column) in [("first", "flow_start"), ("last", "flow_end")] {
                let header = number_of("unix_secs") * 1_000_000_000 + number_of("unix_nsecs");
                let stamp = header + (number_of(field) - number_of("sysuptime")) * 1_000_000;
                let ours = nanos(&cell(&flow[column])).unwrap_or_default();
                differences.equal(&format!("{name} flow {number} {column}"), &ours.to_string(), &stamp.to_string());
            }
            if name == "flow-tools-0.68-v5" {
                let engine = number_of("engine_type") * 256 + number_of("engine_id");
                differences.equal(&format!("{name} flow {number} engine"), &cell(&flow["observation_domain"]), &engine.to_string());
            }
        }
    }
    differences.finish(14_000);
}

#[test]
fn the_overview_says_what_it_is() {
    let overview = overview(&testdata("flow-tools-v7-little-zlib")).expect("the file is read");
    assert_eq!(cell(&overview["files"][0]["container"]), "flow-tools file of v7, stream version 3, little-endian, zlib");
    assert_eq!(cell(&overview["totals"]["flows"]), "3");
    assert_eq!(cell(&overview["totals"]["bytes"]), "4000001836");
}

/// Each cut: no flow beyond those that are whole, and the cut is told.
#[test]
fn a_cut_file_loses_what_was_cut() {
    for (name, header, stride) in [("flow-tools-v5-little", 68, 64), ("flow-tools-v7-big", 68, 68), ("flow-tools-v5-stream-1", 360, 60)] {
        let whole = std::fs::read(testdata(name)).expect("the file can be read");
        for length in 0..whole.len() {
            let flows = stored(&whole[..length]);
            if length < header {
                assert!(flows.is_none_or(|n| n == 0), "{name} cut to {length}");
            } else {
                assert_eq!(flows, Some(((length - header) / stride) as u64), "{name} cut to {length}");
            }
        }
    }
    for name in ["flow-tools-v5-big-zlib", "flow-tools-v7-little-zlib"] {
        let whole = std::fs::read(testdata(name)).expect("the file can be read");
        let mut before = 0;
        for length in 0..whole.len() {
            let now = stored(&whole[..length]).unwrap_or(0);
            assert!(now >= before && now <= 3, "{name} cut to {length}: {now} after {before}");
            before = now;
        }
    }
}

#[test]
fn what_is_cut_or_follows_is_told() {
    let plain = std::fs::read(testdata("flow-tools-v5-little")).expect("the file can be read");
    let packed = std::fs::read(testdata("flow-tools-v5-big-zlib")).expect("the file can be read");
    let problems = |octets: &[u8]| {
        let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
        file.write_all(octets).expect("it can be written");
        let overview = overview(file.path()).expect("the file is read");
        let list = overview["problems"].as_array().cloned().unwrap_or_default();
        list.iter().map(|p| format!("{} {}", cell(&p["code"]), cell(&p["first"]["detail"]))).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(problems(&plain), "");
    assert_eq!(problems(&plain[..259]), "file-cut record 3 has 63 of 64 octets");
    assert_eq!(problems(&packed), "");
    assert_eq!(problems(&packed[..packed.len() - 1]), "compression-cut after 260 octets of unpacked data: the zlib data ends early");
    assert_eq!(
        problems(&[&packed, &b"more"[..]].concat()),
        "compression-damaged after 260 octets of unpacked data: octets follow the end of the zlib data"
    );
}

/// Each octet changed: no more flows than the octets can hold.
#[test]
fn a_damaged_file_holds_no_more_than_its_octets() {
    for (name, most) in [
        ("flow-tools-v5-little", 4),
        ("flow-tools-v5-big-zlib", 1000),
        ("flow-tools-v7-big", 4),
        ("flow-tools-v7-little-zlib", 1000),
        ("flow-tools-v5-stream-1", 2),
    ] {
        let whole = std::fs::read(testdata(name)).expect("the file can be read");
        for at in 0..whole.len() {
            for mask in [0x01, 0x02, 0x10, 0x80, 0xff] {
                let mut other = whole.clone();
                other[at] ^= mask;
                assert!(stored(&other).unwrap_or(0) <= most, "{name} flipped at {at}");
            }
        }
    }
}

/// The flows of a file: what stands before, and the rest.
fn expect(name: &str, columns: &str, want: &[(&str, &str)]) {
    let ours = flows(&testdata(name), columns).expect("the file is read");
    let ours: Vec<String> = ours.iter().map(|flow| columns.split(',').map(|c| cell(&flow[c])).collect::<Vec<_>>().join(",")).collect();
    let want: Vec<String> = want.iter().map(|(before, rest)| format!("{before}{rest}")).collect();
    assert_eq!(ours, want, "{name}");
}
