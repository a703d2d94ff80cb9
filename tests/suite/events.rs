//! NAT and firewall events: translated addresses and ports, event names, and no counters where none were sent.
//!
//! The first are of the collection's exporters. For the others no capture is at hand: their octets are built by the templates that
//! the vendors publish.

use serde_json::{Value, json};

use crate::build::{Field, flows_in, ipfix_records, v9_records};
use crate::support::{corpus_for, flows};

const COLUMNS: &str =
    "src_addr,nat_src_addr,src_port,nat_src_port,dst_addr,nat_dst_addr,dst_port,nat_dst_port,protocol,flow_start,bytes,packets";

fn columns_of(message: Vec<u8>, columns: &str, more: &[&str]) -> Value {
    flows_in(&[message], columns, more).remove(0)
}

/// Events without counters have nulls, not zeros; nor does anything else appear that was not sent.
#[test]
fn events_without_counters_have_none() {
    let Some(corpus) = corpus_for("events_without_counters_have_none") else { return };
    let rows = flows(&corpus.join("captures/v9-cisco-asa-2.pcap"), "template_id,bytes,packets,firewallEvent").expect("flows");
    // Template 256 tells of a flow's creation: 323 and 233, neither 1, 85 nor 231.
    let created: Vec<&Value> = rows.iter().filter(|r| r["template_id"] == 256).collect();
    assert_eq!(created.len(), 4);
    assert!(created.iter().all(|r| r["bytes"].is_null() && r["packets"].is_null() && r["firewallEvent"] == 1), "{created:?}");
    // 263 tells of its end and of updates (2 and 5, by tshark eight and seven of them): 231 counts.
    let ended: Vec<&Value> = rows.iter().filter(|r| r["template_id"] == 263).collect();
    assert_eq!(ended.len(), 15);
    assert!(ended.iter().all(|r| r["bytes"].is_u64()), "{ended:?}");
    let events = |event: u64| ended.iter().filter(|r| r["firewallEvent"] == event).count();
    assert_eq!((events(2), events(5)), (8, 7));
}

/// Junos (MS-MPC, v9): the fields of a NAT44 session as its flow monitoring guide lists them. Its numbers of
/// events are those of a draft before RFC 8158; the names are IANA's, for nothing in the record tells the one from the other.
#[test]
fn nat44_sessions_of_junos() {
    let fields: &[Field] = &[
        (0, 8, 4),
        (0, 225, 4),
        (0, 12, 4),
        (0, 226, 4),
        (0, 7, 2),
        (0, 227, 2),
        (0, 11, 2),
        (0, 228, 2),
        (0, 234, 4),
        (0, 235, 4),
        (0, 4, 1),
        (0, 229, 1),
        (0, 230, 1),
        (0, 323, 8),
    ];
    let record = "0a000005 c0000205 c6336407 c6336408 c000 0400 01bb 01bc 00000001 00000002 06 01 01 0000018bcfe56800";
    let expected = json!({
        "src_addr": "10.0.0.5", "nat_src_addr": "192.0.2.5", "src_port": 49_152, "nat_src_port": 1024,
        "dst_addr": "198.51.100.7", "nat_dst_addr": "198.51.100.8", "dst_port": 443, "nat_dst_port": 444,
        "protocol": 6, "flow_start": "2023-11-14T22:13:20.000Z", "bytes": null, "packets": null,
    });
    assert_eq!(columns_of(v9_records(fields, record), COLUMNS, &[]), expected);
    let names = columns_of(v9_records(fields, record), "natEvent,natOriginatingAddressRealm,vrf_in,vrf_out", &["--names"]);
    assert_eq!(
        names,
        json!({"natEvent": "NAT translation create (Historic)", "natOriginatingAddressRealm": "Private", "vrf_in": "1", "vrf_out": "2"})
    );
}

/// Port blocks of a carrier's NAT (RFC 8158, natEvent 16 and 17; Junos sends the same fields): the outside address, the block, and no
/// flow at all.
#[test]
fn port_blocks() {
    let fields: &[Field] = &[(0, 323, 8), (0, 8, 4), (0, 225, 4), (0, 361, 2), (0, 362, 2), (0, 363, 2), (0, 364, 2), (0, 230, 1)];
    let record = "0000018bcfe56800 64400001 c0000205 0400 07ff 0001 0400 10";
    let expected = json!({
        "src_addr": "100.64.0.1", "nat_src_addr": "192.0.2.5", "src_port": null, "nat_src_port": null, "dst_addr": null,
        "nat_dst_addr": null, "dst_port": null, "nat_dst_port": null, "protocol": null, "flow_start": "2023-11-14T22:13:20.000Z",
        "bytes": null, "packets": null,
    });
    assert_eq!(columns_of(ipfix_records(fields, record), COLUMNS, &[]), expected);
    let columns = "portRangeStart,portRangeEnd,portRangeStepSize,portRangeNumPorts,natEvent";
    let expected = json!({
        "portRangeStart": 1024, "portRangeEnd": 2047, "portRangeStepSize": 1, "portRangeNumPorts": 1024,
        "natEvent": "Port block allocation",
    });
    assert_eq!(columns_of(ipfix_records(fields, record), columns, &["--names"]), expected);
}

/// Nokia's second template format of the ISA guide: the outside address as 225, the inside one as text of enterprise 637, start alone for
/// the beginning of a flow.
#[test]
fn the_second_format_of_nokia() {
    let fields: &[Field] = &[
        (0, 148, 8),
        (0, 225, 4),
        (0, 12, 4),
        (0, 7, 2),
        (0, 227, 2),
        (0, 11, 2),
        (0, 152, 8),
        (0, 4, 1),
        (0, 210, 1),
        (637, 91, 2),
        (637, 92, 2),
        (637, 93, 65_535),
    ];
    // "10.0.0.5", in 8 octets behind their length.
    let record = "0000000000000001 c0000205 c6336407 c000 0400 01bb 0000018bcfe56800 11 00 0064 0000 08 31302e302e302e35";
    let expected = json!({
        "src_addr": null, "nat_src_addr": "192.0.2.5", "src_port": 49_152, "nat_src_port": 1024, "dst_addr": "198.51.100.7",
        "nat_dst_addr": null, "dst_port": 443, "nat_dst_port": null, "protocol": 17, "flow_start": "2023-11-14T22:13:20.000Z",
        "bytes": null, "packets": null,
    });
    assert_eq!(columns_of(ipfix_records(fields, record), COLUMNS, &[]), expected);
    let own = columns_of(ipfix_records(fields, record), "nokia_aluNatSubString,nokia_aluInsideServiceId,flow_end", &[]);
    assert_eq!(own, json!({"nokia_aluNatSubString": "10.0.0.5", "nokia_aluInsideServiceId": 100, "flow_end": null}));
}

/// NAT64 (RFC 8158 §4.1: 281 and 282, or 225 and 226 for the IPv4 side): one column holds either.
#[test]
fn nat64_sessions() {
    let fields: &[Field] = &[(0, 27, 16), (0, 28, 16), (0, 225, 4), (0, 226, 4), (0, 227, 2), (0, 230, 1)];
    let record = "20010db8000000000000000000000001 0064ff9b0000000000000000c6336407 c0000205 c6336407 0400 06";
    let columns = "src_addr,dst_addr,nat_src_addr,nat_dst_addr,nat_src_port,natEvent";
    let expected = json!({
        "src_addr": "2001:db8::1", "dst_addr": "64:ff9b::c633:6407", "nat_src_addr": "192.0.2.5", "nat_dst_addr": "198.51.100.7",
        "nat_src_port": 1024, "natEvent": "NAT64 session create",
    });
    assert_eq!(columns_of(ipfix_records(fields, record), columns, &["--names"]), expected);
}
