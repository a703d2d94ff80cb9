//! Link layers, tunnels and lengths: each frame is literal octets or headers put before a literal.

use super::tests::{count, ethernet, hex, ipv4, pcap, pcap_of, read, read_with, troubles, udp, udp_to};
use super::{FaultCause, InputOptions};

const ENDS: &str = "192.0.2.1:50000 > 198.51.100.2:2055";
const PAYLOAD: &[u8] = b"\x00\x09export";

/// IPv4 and UDP, 8 octets of payload, as tcpdump would print it.
const PACKET: &str = "4500 0024 0001 0000 40 11 0000 c0000201 c6336402  c350 0807 0010 0000 0009 6578706f7274";

fn one(link: u8, frame: Vec<u8>) -> (String, Vec<u8>) {
    let (got, report) = read(&pcap(link, &[frame]));
    assert_eq!((got.len(), troubles(&report)), (1, vec![]), "{report:?}");
    (got[0].ends.clone(), got[0].payload.clone())
}

#[test]
fn every_way_to_the_same_packet() {
    let ways = [
        (1, "ffffffffffff 020000000002 0800"),
        (1, "ffffffffffff 020000000002 8100 0064 0800"),
        (1, "ffffffffffff 020000000002 88a8 0001 8100 0002 9100 0003 0800"),
        (1, "ffffffffffff 020000000002 8847 000640ff 000641ff"),
        // A pseudowire: label, control word, Ethernet.
        (1, "ffffffffffff 020000000002 8847 000641ff 00000000 ffffffffffff 020000000002 0800"),
        (1, "ffffffffffff 020000000002 8864 1100 0001 0026 0021"),
        // SNAP in 802.3.
        (1, "ffffffffffff 020000000002 002c aaaa03 000000 0800"),
        (9, "ff03 0021"),
        (9, "21"),
        (50, "ff03 0021"),
        (50, "0f00 0800"),
        (12, ""),
        (14, ""),
        (101, ""),
        (228, ""),
        (0, "02000000"),
        (0, "00000002"),
        (108, "00000002"),
        (104, "0f00 0800"),
        (113, "0000 0001 0006 020000000002 0000 0800"),
        (219, "000641ff"),
        // IPv6 with the three numbers of BSD is in the corpus; here 6in4 and 4in6.
        (
            101,
            "4500 0060 0001 0000 40 29 0000 cb007101 cb007102 6000000000240440 20010db8000000000000000000000001 20010db8000000000000000000000002",
        ),
        // GRE plain, with key and sequence, with checksum; Ethernet in GRE.
        (101, "4500 003c 0001 0000 40 2f 0000 cb007101 cb007102 0000 0800"),
        (101, "4500 0044 0001 0000 40 2f 0000 cb007101 cb007102 3000 0800 00000007 00000001"),
        (101, "4500 0040 0001 0000 40 2f 0000 cb007101 cb007102 8000 0800 12340000"),
        (101, "4500 004a 0001 0000 40 2f 0000 cb007101 cb007102 0000 6558 ffffffffffff 020000000002 0800"),
        // ERSPAN type I, II (sequence number, 8 octets), III (12 octets; then with 8 more).
        (101, "4500 004a 0001 0000 40 2f 0000 cb007101 cb007102 0000 88be ffffffffffff 020000000002 0800"),
        (101, "4500 0056 0001 0000 40 2f 0000 cb007101 cb007102 1000 88be 00000001 1001000000000000 ffffffffffff 020000000002 0800"),
        (
            101,
            "4500 005a 0001 0000 40 2f 0000 cb007101 cb007102 1000 22eb 00000001 200100010000000100000000 ffffffffffff 020000000002 0800",
        ),
        (
            101,
            "4500 0062 0001 0000 40 2f 0000 cb007101 cb007102 1000 22eb 00000001 200100010000000100000001 0000000000000000 ffffffffffff 020000000002 0800",
        ),
        // VXLAN.
        (101, "4500 0056 0001 0000 40 11 0000 cb007101 cb007102 c001 12b5 0042 0000 0800000000002a00 ffffffffffff 020000000002 0800"),
        // MPLS in IP, authentication header.
        (101, "4500 003c 0001 0000 40 89 0000 cb007101 cb007102 000641ff"),
        (101, "4500 0038 0001 0000 40 04 0000 cb007101 cb007102"),
    ];
    for (link, before) in ways {
        let frame = [hex(before), hex(PACKET)].concat();
        assert_eq!(one(link, frame), (ENDS.into(), PAYLOAD.to_vec()), "link type {link}, {before}");
    }
}

#[test]
fn ipv6_with_extension_headers() {
    // Hop-by-hop options, routing (type 4 of no segments), destination options, then UDP.
    let frame = hex("86dd 60000000 0028 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002
         2b00 050200000100 3c00 0400 00000000 1100 010400000000 c350 1283 0010 0000 000a 6578706f7274");
    let (ends, payload) = one(1, [hex("ffffffffffff 020000000002"), frame].concat());
    assert_eq!(ends, "[2001:db8::1]:50000 > [2001:db8::2]:4739");
    assert_eq!(payload, b"\x00\x0aexport");
}

#[test]
fn an_exporter_that_sends_to_the_vxlan_port_is_no_tunnel() {
    let payload = hex("0005 0001 00000001 00000002 00000003 00000004 00000000");
    let (got, _) = read(&pcap(101, &[ipv4(17, 1, 0, &udp_to(4789, &payload))]));
    assert_eq!((got[0].ends.as_str(), got[0].payload.as_slice()), ("192.0.2.1:50000 > 198.51.100.2:4789", payload.as_slice()));
}

#[test]
fn tunnels_are_bounded() {
    let mut packet = ipv4(17, 1, 0, &udp(PAYLOAD));
    for _ in 0..4 {
        packet = ipv4(4, 1, 0, &packet);
    }
    assert_eq!(read(&pcap(101, &[packet.clone()])).0.len(), 1);
    let (got, report) = read(&pcap(101, &[ipv4(4, 1, 0, &packet)]));
    assert_eq!((got.len(), troubles(&report)), (0, vec!["tunnel-limit"]));
    assert_eq!(report.faults[0].detail, "frame 1: IPv4 in IP at level 5 of at most 4");
    let none = InputOptions { tunnel_levels: 0, ..InputOptions::default() };
    assert_eq!(read_with(&pcap(101, &[packet]), &none).unwrap().0.len(), 0);
}

#[test]
fn a_trailer_is_not_payload() {
    let frame = [ethernet("0800", &hex(PACKET)), vec![0xee; 18]].concat();
    assert_eq!(one(1, frame).1, PAYLOAD);
}

#[test]
fn ip_length_zero_takes_the_frame() {
    let mut packet = hex(PACKET);
    packet[2..4].copy_from_slice(&[0, 0]);
    let (got, report) = read(&pcap(101, &[packet]));
    assert_eq!((got[0].payload.as_slice(), got[0].missing), (PAYLOAD, 0));
    assert_eq!(count(&report, FaultCause::IpLengthZero), 1);
}

#[test]
fn lengths_that_lie() {
    let with = |at: usize, value: u8| {
        let mut packet = hex(PACKET);
        packet[at] = value;
        let (got, report) = read(&pcap(101, &[packet]));
        (got.first().map(|g| (g.payload.clone(), g.missing)), troubles(&report))
    };
    // UDP length 17: one octet beyond the IP packet.
    assert_eq!(with(25, 17), (Some((PAYLOAD.to_vec(), 1)), vec!["udp-length-beyond"]));
    assert_eq!(with(25, 7), (None, vec!["udp-length-short"]));
    assert_eq!(with(25, 0), (Some((PAYLOAD.to_vec(), 0)), vec![]));
    // UDP length 10: two octets of payload, the rest is nobody's.
    assert_eq!(with(25, 10), (Some((vec![0, 9], 0)), vec![]));
    // IP length 40: four octets more than the frame has; the UDP length is true.
    assert_eq!(with(3, 40), (Some((PAYLOAD.to_vec(), 0)), vec!["ip-length-beyond"]));
    assert_eq!(with(3, 19), (None, vec!["ip-header"]));
    assert_eq!(with(3, 27), (None, vec!["udp-header"]));
    assert_eq!(with(0, 0x44), (None, vec!["ip-header"]));
}

#[test]
fn cut_by_the_snapshot_length() {
    let packet = hex(PACKET);
    let (got, report) = read(&pcap_of(101, &[(packet[..30].to_vec(), 36), (packet[..24].to_vec(), 36), (packet[..12].to_vec(), 36)]));
    assert_eq!((got.len(), got[0].payload.as_slice(), got[0].missing), (1, [0, 9].as_slice(), 6));
    assert_eq!((count(&report, FaultCause::FrameCut), count(&report, FaultCause::HeadersCut)), (1, 2));
    assert_eq!(report.faults[0].detail, "frame 1: UDP 50000 to 2055: 2 octets of payload were captured and 6 cut off");
}

#[test]
fn what_is_no_datagram_is_counted() {
    let frames = [
        ethernet("0806", &[0; 28]),
        ethernet("0026", &hex("424203")),
        ethernet("0800", &ipv4(1, 1, 0, &[8, 0, 0, 0])),
        ethernet("0800", &ipv4(6, 1, 0, &hex("c350 0050 00000001 00000000 5010 0000 0000 0000 474554"))),
        vec![1, 2, 3],
    ];
    let (got, report) = read(&pcap(1, &frames));
    assert_eq!((got.len(), report.frames), (0, 5));
    let causes: Vec<_> = report.faults.iter().map(|f| (f.cause.code(), f.count, f.first.frame)).collect();
    assert_eq!(causes, [("not-ip", 2, 1), ("other-protocol", 1, 3), ("tcp-other", 1, 4), ("link-header", 1, 5)]);
}
