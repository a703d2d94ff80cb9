//! Which element feeds which column: counters, times in every encoding, the other direction, and names of values.

use serde_json::{Value, json};

use crate::build::{Field, flows_in, ipfix, ipfix_records, octets, set, template, v9_records};

/// The columns of one IPFIX record that are not null.
fn row(fields: &[Field], record: &str, columns: &str) -> Value {
    row_of(ipfix_records(fields, record), columns)
}

fn row_of(message: Vec<u8>, columns: &str) -> Value {
    let mut row = flows_in(&[message], columns, &[]).remove(0);
    row.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    row
}

const COUNTERS: &str = "bytes,packets,bytes_out,packets_out,bytes_reverse,packets_reverse";

#[test]
fn delta_and_total_counters() {
    let all: &[Field] = &[(0, 85, 8), (0, 86, 8), (0, 1, 4), (0, 2, 4)];
    let record = "00000000000003e8 000000000000000a 00000064 00000001";
    assert_eq!(row(all, record, COUNTERS), json!({"bytes": 100, "packets": 1}));
    assert_eq!(row(all, record, "octetTotalCount,packetTotalCount"), json!({"octetTotalCount": 1000, "packetTotalCount": 10}));
    assert_eq!(row(&all[..2], "00000000000003e8 000000000000000a", COUNTERS), json!({"bytes": 1000, "packets": 10}));
    // v9's IN_PERMANENT_BYTES and IN_PERMANENT_PKTS have the same numbers.
    assert_eq!(row_of(v9_records(&[(0, 85, 4), (0, 86, 4)], "000003e8 0000000a"), COUNTERS), json!({"bytes": 1000, "packets": 10}));
}

#[test]
fn out_counters_stay_apart() {
    let fields: &[Field] = &[(0, 1, 4), (0, 2, 4), (0, 23, 4), (0, 24, 4)];
    let expected = json!({"bytes": 100, "packets": 1, "bytes_out": 200, "packets_out": 2});
    assert_eq!(row_of(v9_records(fields, "00000064 00000001 000000c8 00000002"), COUNTERS), expected);
    // An OUT counter alone is the flow's.
    let expected = json!({"bytes": 200, "packets": 2, "bytes_out": 200, "packets_out": 2});
    assert_eq!(row_of(v9_records(&fields[2..], "000000c8 00000002"), COUNTERS), expected);
}

#[test]
fn octets_of_layer_2_are_columns_of_their_own() {
    let fields: &[Field] = &[(0, 352, 8), (0, 353, 8), (0, 417, 8), (0, 420, 8), (0, 1, 4)];
    let record = "0000000000000080 0000000000000180 0000000000000280 0000000000000380 00000064";
    assert_eq!(row(fields, record, COUNTERS), json!({"bytes": 100}));
    assert_eq!(row(&fields[..4], record.split_at(68).0, COUNTERS), json!({}));
    let columns = "layer2OctetDeltaCount,layer2OctetTotalCount,postLayer2OctetDeltaCount,postLayer2OctetTotalCount";
    let expected = json!({
        "layer2OctetDeltaCount": 128, "layer2OctetTotalCount": 384, "postLayer2OctetDeltaCount": 640, "postLayer2OctetTotalCount": 896,
    });
    assert_eq!(row(fields, record, columns), expected);
}

#[test]
fn initiator_and_responder() {
    let fields: &[Field] = &[(0, 231, 8), (0, 232, 8), (0, 298, 8), (0, 299, 8)];
    let record = "0000000000000064 00000000000000c8 0000000000000001 0000000000000002";
    assert_eq!(row(fields, record, COUNTERS), json!({"bytes": 100, "packets": 1, "bytes_reverse": 200, "packets_reverse": 2}));
    // Huawei's 232 of 2 octets is another element; v9 alone has vendors' meanings for IANA's numbers.
    assert_eq!(row_of(v9_records(&[(0, 231, 4), (0, 232, 2)], "00000064 00c8"), COUNTERS), json!({"bytes": 100}));
}

/// Reverse elements, whose enterprise number is 29305 (RFC 5103 §6.1), before the forward ones and alone.
#[test]
fn reverse_elements_are_never_the_forward_ones() {
    let fields: &[Field] = &[(29_305, 1, 4), (29_305, 2, 4), (29_305, 6, 1), (0, 1, 4), (0, 2, 4), (0, 6, 1)];
    let columns = format!("{COUNTERS},tcp_flags");
    let expected = json!({"bytes": 100, "packets": 1, "bytes_reverse": 200, "packets_reverse": 2, "tcp_flags": 2});
    assert_eq!(row(fields, "000000c8 00000002 12 00000064 00000001 02", &columns), expected);
    assert_eq!(row(&fields[..3], "000000c8 00000002 12", &columns), json!({"bytes_reverse": 200, "packets_reverse": 2}));
    assert_eq!(row(&fields[2..3], "12", "reverseTcpControlBits"), json!({"reverseTcpControlBits": 18}));
}

/// CERT counts its own reverse elements from 0x4000: 14 is initialTCPFlags, 16398 its reverse.
#[test]
fn reverse_elements_of_cert() {
    let columns = "tcp_flags,cert_initialTCPFlags,cert_reverseInitialTCPFlags";
    let row = row(&[(6871, 0x400e, 1), (6871, 14, 1)], "12 02", columns);
    assert_eq!(row, json!({"cert_initialTCPFlags": 2, "cert_reverseInitialTCPFlags": 18}));
}

/// Start and end in each encoding of RFC 7011 §6.1, and relative to the export time (2023-11-14T22:13:20Z) or the boot.
#[test]
fn times_in_every_encoding() {
    let times = |fields: &[Field], record: &str| row(fields, record, "flow_start,flow_end,duration_ms");
    let half_a_second = json!({"flow_start": "2023-11-14T22:13:20.000Z", "flow_end": "2023-11-14T22:13:20.500Z", "duration_ms": 500});
    let seconds = times(&[(0, 150, 4), (0, 151, 4)], "6553f100 6553f101");
    assert_eq!(seconds, json!({"flow_start": "2023-11-14T22:13:20.000Z", "flow_end": "2023-11-14T22:13:21.000Z", "duration_ms": 1000}));
    assert_eq!(times(&[(0, 152, 8), (0, 153, 8)], "0000018bcfe56800 0000018bcfe569f4"), half_a_second);
    assert_eq!(times(&[(0, 154, 8), (0, 155, 8)], "e8fe6f8000000000 e8fe6f8080000000"), half_a_second);
    assert_eq!(times(&[(0, 156, 8), (0, 157, 8)], "e8fe6f8000000000 e8fe6f8080000000"), half_a_second);
    assert_eq!(times(&[(0, 152, 8), (0, 161, 4)], "0000018bcfe56800 000001f4"), half_a_second);
    assert_eq!(times(&[(0, 152, 8), (0, 162, 4)], "0000018bcfe56800 0007a120"), half_a_second);
    // The boot was at 22:13:10, in the record itself.
    assert_eq!(times(&[(0, 160, 8), (0, 22, 4), (0, 21, 4)], "0000018bcfe540f0 00002710 00002904"), half_a_second);
    let before = json!({"flow_start": "2023-11-14T22:13:18.000Z", "flow_end": "2023-11-14T22:13:19.500Z", "duration_ms": 1500});
    assert_eq!(times(&[(0, 158, 4), (0, 159, 4)], "001e8480 0007a120"), before);
    // An event has one time, which is its start and its end.
    let event = json!({"flow_start": "2023-11-14T22:13:20.000Z", "flow_end": "2023-11-14T22:13:20.000Z", "duration_ms": 0});
    for (field, record) in
        [((0, 322, 4), "6553f100"), ((0, 323, 8), "0000018bcfe56800"), ((0, 324, 8), "e8fe6f8000000000"), ((0, 325, 8), "e8fe6f8000000000")]
    {
        assert_eq!(times(&[field], record), event, "{field:?}");
    }
}

/// The finest of several times counts, and the others are there by their names.
#[test]
fn the_finest_time_counts() {
    let fields: &[Field] = &[(0, 150, 4), (0, 156, 8)];
    let columns = "flow_start,flowStartSeconds,flowStartNanoseconds";
    let expected = json!({
        "flow_start": "2023-11-14T22:13:20.500Z",
        "flowStartSeconds": "2023-11-14T22:13:19.000Z",
        "flowStartNanoseconds": "2023-11-14T22:13:20.500Z",
    });
    assert_eq!(row(fields, "6553f0ff e8fe6f8080000000", columns), expected);
}

fn named(message: Vec<u8>, columns: &str) -> Value {
    flows_in(&[message], columns, &["--names"]).remove(0)
}

/// Type · 256 + code of an ICMP flow stand in the destination port of v5 and v9; IPFIX has elements of its own.
#[test]
fn names_of_icmp_wherever_it_stands() {
    let columns = "icmp_type,icmp_code";
    let unreachable = json!({"icmp_type": "Destination Unreachable", "icmp_code": "Port Unreachable"});
    let v6 = json!({"icmp_type": "Destination Unreachable", "icmp_code": "port unreachable"});
    assert_eq!(named(v9_records(&[(0, 4, 1), (0, 11, 2)], "01 0303"), columns), unreachable);
    assert_eq!(named(v9_records(&[(0, 4, 1), (0, 11, 2)], "3a 0104"), columns), v6);
    assert_eq!(named(v9_records(&[(0, 4, 1), (0, 11, 2)], "06 0303"), columns), json!({"icmp_type": null, "icmp_code": null}));
    assert_eq!(named(ipfix_records(&[(0, 4, 1), (0, 32, 2)], "01 0303"), columns), unreachable);
    assert_eq!(named(ipfix_records(&[(0, 4, 1), (0, 139, 2)], "3a 0104"), columns), v6);
    assert_eq!(named(ipfix_records(&[(0, 4, 1), (0, 176, 1), (0, 177, 1)], "01 03 03"), columns), unreachable);
    assert_eq!(named(ipfix_records(&[(0, 4, 1), (0, 178, 1), (0, 179, 1)], "3a 01 04"), columns), v6);
    // v5: 24 octets of header; in the record the destination port is at 34, the protocol at 38.
    let mut v5 = octets("0005 0001 000f4240 6553f100 00000000 00000000 0000 0000");
    let mut record = vec![0; 48];
    record[34..36].copy_from_slice(&[3, 3]);
    record[38] = 1;
    v5.extend(record);
    assert_eq!(named(v5, columns), unreachable);
}

#[test]
fn names_of_values() {
    let fields: &[Field] = &[(0, 4, 1), (0, 6, 1), (0, 136, 1), (0, 89, 1), (0, 61, 1), (0, 5, 1), (0, 230, 1), (0, 233, 1)];
    let columns = "protocol,tcp_flags,flow_end_reason,forwarding_status,direction,tos,natEvent,firewallEvent";
    let expected = json!({
        "protocol": "TCP", "tcp_flags": "...AP.SF", "flow_end_reason": "active timeout", "forwarding_status": "Dropped: ACL deny",
        "direction": "egress", "tos": "EF", "natEvent": "NAT44 session create", "firewallEvent": "Flow Denied",
    });
    assert_eq!(named(ipfix_records(fields, "06 1b 02 81 01 b8 04 03"), columns), expected);
    // A value without a name stays its number.
    let message = ipfix(0, &[template(10, 256, &fields[..1]), set(256, &octets("c8"))]);
    assert_eq!(named(message, "protocol"), json!({"protocol": "200"}));
}
