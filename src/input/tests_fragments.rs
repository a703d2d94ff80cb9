//! Reassembly: any order, overlaps, loss, bounds.

use super::tests::{count, hex, ipv4, pattern, pcap, pcap_of, read, read_with, troubles, udp};
use super::{FaultCause, InputOptions};

const MORE: u16 = 0x2000;

/// A datagram of 40 octets of payload in IPv4 fragments of 16, 16 and 16 octets.
fn three(identification: u16) -> [Vec<u8>; 3] {
    let d = udp(&pattern(40));
    [ipv4(17, identification, MORE, &d[..16]), ipv4(17, identification, MORE | 2, &d[16..32]), ipv4(17, identification, 4, &d[32..])]
}

#[test]
fn any_order_gives_the_datagram_with_the_last_frames_time() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let parts = three(7);
        let (got, report) = read(&pcap(101, &order.map(|i: usize| parts[i].clone())));
        assert_eq!(got.len(), 1, "{order:?}");
        assert_eq!((got[0].frame, got[0].nanos), (3, Some(1_700_000_002_000_007_000)));
        assert_eq!(got[0].payload, pattern(40));
        assert_eq!((count(&report, FaultCause::Reassembled), troubles(&report)), (1, vec![]));
    }
}

#[test]
fn interleaved_packets_stay_apart() {
    let (a, b) = (three(1), three(2));
    let frames = [&a[0], &b[0], &b[2], &a[1], &a[2], &b[1]].map(Clone::clone);
    let (got, _) = read(&pcap(101, &frames));
    assert_eq!(got.iter().map(|g| (g.frame, g.payload.len())).collect::<Vec<_>>(), [(5, 40), (6, 40)]);
}

#[test]
fn ipv6_fragment_header_literals() {
    // RFC 8200 §4.5: next header, reserved, offset in 13 bits, two reserved bits, M. 0x0001: offset 0, more; 0x0010: octet 16, last.
    let head = "60000000 0018 2c 40 20010db8000000000000000000000001 20010db8000000000000000000000002";
    let first = hex(&format!("{head} 1100 0001 12345678  c350 0807 0018 0000 0102030405060708"));
    let last = hex(&format!("{head} 1100 0010 12345678  1112131415161718")).into_iter().collect::<Vec<_>>();
    let last = [&hex("60000000 0010")[..], &last[6..]].concat();
    let (got, report) = read(&pcap(101, &[last.clone(), first.clone()]));
    assert_eq!((got.len(), troubles(&report)), (1, vec![]), "{report:?}");
    assert_eq!(got[0].payload, hex("0102030405060708 1112131415161718"));
    // An atomic fragment (RFC 6946) waits for nobody.
    let atomic = hex(&format!("{head} 1100 0000 12345678  c350 0807 0010 0000 0102030405060708"));
    assert_eq!(read(&pcap(101, &[atomic])).0[0].payload, hex("0102030405060708"));
}

#[test]
fn of_octets_that_come_twice_the_first_are_kept() {
    let d = udp(&pattern(40));
    let mut forged = d.clone();
    forged[16..32].fill(0xff);
    let [a, b, c] = three(9);
    // Octets 8 to 24 again, with other content from 16 on.
    let overlap = ipv4(17, 9, MORE | 1, &forged[8..24]);
    let (got, report) = read(&pcap(101, &[a.clone(), b.clone(), overlap, c.clone()]));
    assert_eq!(got[0].payload, pattern(40));
    assert_eq!(count(&report, FaultCause::FragmentOverlap), 1);
    // The same octets again are only counted, before and after the packet is whole.
    let (got, report) = read(&pcap(101, &[a.clone(), a, b.clone(), b, c.clone(), c]));
    assert_eq!((got.len(), troubles(&report), count(&report, FaultCause::FragmentDuplicate)), (1, vec![], 3));
}

#[test]
fn what_lacks_a_piece_is_reported_with_its_first_frame() {
    let [a, _, c] = three(5);
    let (got, report) = read(&pcap(101, &[ipv4(1, 1, 0, &[0; 8]), a, c]));
    assert_eq!((got.len(), troubles(&report)), (0, vec!["fragment-incomplete"]));
    let fault = &report.faults[1];
    assert_eq!((fault.first.frame, fault.detail.as_str()), (2, "from 192.0.2.1 to 198.51.100.2, begun in frame 2: 32 of 48 octets"));
}

#[test]
fn old_ones_expire_by_capture_time() {
    let [a, b, c] = three(5);
    let mut frames = vec![a, b];
    frames.extend(std::iter::repeat_n(ipv4(17, 0, 0, &udp(b"x")), 30));
    frames.push(c);
    // 32 seconds between the first piece and the last: the packet is not put together from both sides of that.
    let (got, report) = read(&pcap(101, &frames));
    assert_eq!((got.len(), count(&report, FaultCause::FragmentIncomplete)), (30, 2));
    let patient = InputOptions { fragment_age: 60_000_000_000, ..InputOptions::default() };
    assert_eq!(read_with(&pcap(101, &frames), &patient).unwrap().0.len(), 31);
}

#[test]
fn memory_is_bounded() {
    let frames: Vec<_> = (0..500).map(|id| ipv4(17, id, MORE | 100, &[0; 1000])).collect();
    let options = InputOptions { fragment_octets: 100_000, fragment_age: i64::MAX, ..InputOptions::default() };
    let (_, report) = read_with(&pcap(101, &frames), &options).unwrap();
    // Each takes 1800 octets of buffer and 512 of account: 43 of them fit.
    assert_eq!(count(&report, FaultCause::FragmentEvicted), 457);
    assert_eq!(count(&report, FaultCause::FragmentIncomplete), 43);
}

#[test]
fn fragments_cut_by_the_snapshot_length_give_their_beginning() {
    let [a, b, c] = three(5);
    let (got, report) = read(&pcap_of(101, &[(a, 36), (b[..30].to_vec(), 36), (c, 36)]));
    assert_eq!((got[0].payload.as_slice(), got[0].missing), (&pattern(40)[..18], 22));
    assert_eq!(troubles(&report), ["frame-cut"]);
}

#[test]
fn impossible_offsets_are_refused() {
    let beyond = ipv4(17, 1, 0x1fff, &[0; 16]);
    let odd = ipv4(17, 2, MORE, &[0; 15]);
    let (got, report) = read(&pcap(101, &[beyond, odd]));
    assert_eq!((got.len(), count(&report, FaultCause::FragmentMalformed)), (0, 2));
}

#[test]
fn fragments_within_a_tunnel_and_a_fragmented_tunnel() {
    let inner = three(3).map(|p| ipv4(4, 1, 0, &p));
    assert_eq!(read(&pcap(101, &inner)).0[0].payload, pattern(40));
    let packet = ipv4(17, 1, 0, &udp(&pattern(40)));
    let outer = [ipv4(4, 8, MORE, &packet[..48]), ipv4(4, 8, 6, &packet[48..])];
    assert_eq!(read(&pcap(101, &outer)).0[0].payload, pattern(40));
}
