//! Flow files that nfdump 1.7.1, 1.7.5 and 1.7.10 wrote, with parts of records that few exporters fill, field by field against what those
//! versions show of them.

use serde_json::Value;

use crate::support::{Differences, cell, csv, flows, nanos, overview, testdata};

/// Files with tables of their own, and their flows.
const FILES: [(&str, usize); 5] = [
    ("nfcapd-1.7.10-zstd", 120),
    ("nfcapd-1.7.5-zstd", 30),
    ("nfcapd-1.7.10-events", 4),
    ("nfcapd-1.7.1-events", 4),
    ("nfpcapd-1.7.5-tunnels", 4),
];

/// What nfdump calls it, our column.
const FIELDS: [(&str, &str); 51] = [
    ("proto", "protocol"),
    ("tcp flags", "tcp_flags"),
    ("src port", "src_port"),
    ("dst port", "dst_port"),
    ("src tos", "tos"),
    ("fwd status", "forwarding_status"),
    ("in packets", "packets"),
    ("in bytes", "bytes"),
    ("src addr", "src_addr"),
    ("dst addr", "dst_addr"),
    ("input", "in_if"),
    ("output", "out_if"),
    ("src mask", "src_mask"),
    ("dst mask", "dst_mask"),
    ("dst tos", "postIpClassOfService"),
    ("direction", "direction"),
    ("biFlow Dir", "biflowDirection"),
    ("end reason", "flow_end_reason"),
    ("ip exporter", "exporter"),
    ("in src mac", "sourceMacAddress"),
    ("in dst mac", "destinationMacAddress"),
    ("out dst mac", "postDestinationMacAddress"),
    ("out src mac", "postSourceMacAddress"),
    ("samplingID", "selectorId"),
    ("ingress VRF", "vrf_in"),
    ("egress VRF", "vrf_out"),
    ("obs domainID", "observationDomainId"),
    ("obs pointID", "observationPointId"),
    ("vlanID", "dot1qVlanId"),
    ("post vlanID", "postDot1qVlanId"),
    ("custID", "dot1qCustomerVlanId"),
    ("post custID", "postDot1qCustomerVlanId"),
    ("ingress IfID", "ingressPhysicalInterface"),
    ("egress IfID", "egressPhysicalInterface"),
    ("ethertype", "ethernetType"),
    ("IP version", "ipVersion"),
    ("ip fragment", "fragmentFlags"),
    ("ip TTL", "ipTTL"),
    ("ip minTTL", "minimumTTL"),
    ("ip minTTL 2", "maximumTTL"),
    ("src xlt ip", "nat_src_addr"),
    ("dst xlt ip", "nat_dst_addr"),
    ("src xlt port", "nat_src_port"),
    ("dst xlt port", "nat_dst_port"),
    ("nat event", "natEvent"),
    ("nat pool ID", "natPoolId"),
    ("pblock start", "portRangeStart"),
    ("pblock end", "portRangeEnd"),
    ("pblock step", "portRangeStepSize"),
    ("pblock size", "portRangeNumPorts"),
    ("tun proto", "nfdump_tunnelProtocol"),
];

/// Names that nfdump leaves out where the flow is ICMP's.
const NOT_OF_ICMP: [&str; 4] = ["src port", "dst port", "src tos", "fwd status"];

#[test]
fn flows_are_those_that_their_version_shows() {
    let mut columns: Vec<&str> = FIELDS.iter().map(|(_, ours)| *ours).collect();
    columns.extend(["received", "flow_start", "flow_end", "icmp_type", "icmp_code", "applicationId", "cert_payload"]);
    columns.extend(["nfdump_tunnelSourceIPv4Address", "nfdump_tunnelDestinationIPv4Address"]);
    columns.extend(["nfdump_tunnelSourceIPv6Address", "nfdump_tunnelDestinationIPv6Address"]);
    columns.sort_unstable();
    columns.dedup();
    let mut differences = Differences::default();
    for (name, count) in FILES {
        let ours = flows(&testdata(name), &columns.join(",")).expect("the file is read");
        let theirs = csv(&testdata(&format!("expected/{name}.csv")));
        assert_eq!((ours.len(), theirs.len()), (count, count), "{name}");
        for (number, (flow, row)) in ours.iter().zip(&theirs).enumerate() {
            let what = |field: &str| format!("{name} flow {number} {field}");
            let theirs = |field: &str| row.get(field).map_or("", |v| v.trim());
            for (field, column) in FIELDS {
                let value = cell(&flow[column]);
                if !row.contains_key(field) || (NOT_OF_ICMP.contains(&field) && !theirs("ICMP").is_empty()) {
                    continue;
                }
                let theirs = theirs(field).trim_end_matches(':');
                // Of some fields nfdump can't tell a zero from nothing.
                let nothing = !theirs.is_empty() && theirs.trim_matches(['0', ':']).is_empty();
                differences.equal(&what(column), &value, if value.is_empty() && nothing { "" } else { theirs });
            }
            // An event has one time, which 1.7.1 calls so; later versions show it as the first packet's.
            let event = !theirs("nat event").is_empty();
            let first = if theirs("Event time").is_empty() { theirs("first") } else { theirs("Event time") };
            let last = if event { first } else { theirs("last") };
            for (theirs, column) in [(first, "flow_start"), (last, "flow_end"), (theirs("received at"), "received")] {
                differences.equal(&what(column), &millis(&flow[column]), theirs);
            }
            if !theirs("ICMP").is_empty() {
                differences.equal(&what("icmp"), &format!("{}.{}", flow["icmp_type"], flow["icmp_code"]), theirs("ICMP"));
            }
            if let Some((engine, selector)) = theirs("app ID").trim_end_matches(':').split_once("..") {
                let [engine, selector] = [engine, selector].map(|n| n.parse::<u32>().expect("a number"));
                differences.equal(&what("applicationId"), &cell(&flow["applicationId"]), &format!("{engine:02x}{selector:06x}"));
            }
            let length = cell(&flow["cert_payload"]).len() / 2;
            differences.equal(
                &what("cert_payload"),
                &length.to_string(),
                Some(theirs("in payload")).filter(|l| !l.is_empty()).unwrap_or("0"),
            );
            for (field, end) in [("tun src addr", "Source"), ("tun dst addr", "Destination")] {
                let of = |version: u8| cell(&flow[format!("nfdump_tunnel{end}IPv{version}Address")]);
                differences.equal(&what(field), &(of(4) + &of(6)), theirs(field));
            }
        }
    }
    differences.finish(5_000);
}

/// The octets that were sent: two flows with payload, the second with none of the reverse direction.
#[test]
fn payloads_of_both_directions() {
    for name in ["nfcapd-1.7.10-events", "nfcapd-1.7.1-events"] {
        let ours = flows(&testdata(name), "cert_payload,cert_reversePayload").expect("the file is read");
        let of = |flow: usize| [cell(&ours[flow]["cert_payload"]), cell(&ours[flow]["cert_reversePayload"])];
        assert_eq!(of(0), ["", ""]);
        assert_eq!(of(2), ["474554202f20485454502f312e310d0a", "485454502f312e3120323030204f4b0d0a"]);
        assert_eq!(of(3), ["474554202f6120485454502f312e300d0a", ""]);
    }
}

#[test]
fn nothing_of_them_is_left_out_or_wrong() {
    for (name, packing) in [
        ("nfcapd-1.7.10-zstd", ", zstd blocks"),
        ("nfcapd-1.7.5-zstd", ", zstd blocks"),
        ("nfcapd-1.7.10-events", ""),
        ("nfcapd-1.7.1-events", ""),
        ("nfpcapd-1.7.5-tunnels", ", zstd blocks"),
    ] {
        let overview = overview(&testdata(name)).expect("the file is read");
        assert_eq!(cell(&overview["files"][0]["container"]), format!("flow file of nfdump 1.7{packing}"));
        assert_eq!(overview["problems"].as_array().map(Vec::len), Some(0), "{name}: {}", overview["problems"]);
    }
}

fn millis(time: &Value) -> String {
    nanos(&cell(time)).map_or_else(|| "0".to_owned(), |nanos| (nanos / 1_000_000).to_string())
}
