//! IPFIX messages out of TCP segments that came whole, split, swapped, twice, or not at all.

use super::tests::{count, hex, ipv4, pcap, pcap_of, read, read_with, troubles};
use super::{FaultCause, InputOptions};
use crate::datagram::Transport;

/// Three messages: 24, 40 and 28 octets, 92 in all.
const MESSAGES: &str = "000a 0018 65530001 00000000 00000001 0100 0008 aaaaaaaa
    000a 0028 65530002 00000001 00000001 0100 0018 0102030405060708090a0b0c0d0e0f1011121314
    000a 001c 65530003 00000002 00000001 0003 000c bbbbbbbbbbbbbbbb";

const DATA: u8 = 0x10;
const SYN: u8 = 0x02;
const FIN: u8 = 0x11;

fn segment(sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut tcp = hex("c350 1283");
    tcp.extend(sequence.to_be_bytes());
    tcp.extend([0, 0, 0, 0, 0x50, flags, 0x10, 0, 0, 0, 0, 0]);
    tcp.extend(payload);
    ipv4(6, 1, 0x4000, &tcp)
}

/// Frame and length of the messages that come out of segments: (offset, end) of the stream, whose first sequence number is `first`.
fn run(first: u32, cuts: &[(usize, usize)]) -> (Vec<(u64, usize)>, super::FileReport) {
    let stream = hex(MESSAGES);
    let frames: Vec<_> = cuts.iter().map(|&(from, to)| segment(first.wrapping_add(from as u32), DATA, &stream[from..to])).collect();
    let (got, report) = read(&pcap(101, &frames));
    for g in &got {
        assert_eq!((g.transport, g.ends.as_str()), (Transport::Tcp, "192.0.2.1:50000 > 198.51.100.2:4739"));
        assert!(stream.windows(g.payload.len()).any(|w| w == g.payload));
    }
    (got.iter().map(|g| (g.frame, g.payload.len())).collect(), report)
}

#[test]
fn split_anywhere() {
    for cut in 20..92 {
        let (got, report) = run(1000, &[(0, cut), (cut, 92)]);
        assert_eq!(got.iter().map(|g| g.1).collect::<Vec<_>>(), [24, 40, 28], "cut at {cut}");
        assert_eq!((troubles(&report), report.tcp_messages, report.datagrams), (vec![], 3, 0));
    }
    // One octet at a time, after enough to tell.
    let cuts: Vec<_> = std::iter::once((0, 20)).chain((20..92).map(|i| (i, i + 1))).collect();
    assert_eq!(run(1000, &cuts).0, [(5, 24), (45, 40), (73, 28)]);
}

#[test]
fn swapped_repeated_and_over_the_wrap() {
    for first in [5, u32::MAX - 30] {
        let (got, report) = run(first, &[(0, 30), (60, 92), (30, 60)]);
        assert_eq!((got, troubles(&report)), (vec![(1, 24), (3, 40), (3, 28)], vec![]));
        let (got, report) = run(first, &[(0, 30), (0, 30), (20, 64), (64, 92), (64, 92)]);
        assert_eq!((got, troubles(&report)), (vec![(1, 24), (3, 40), (4, 28)], vec![]));
        assert_eq!(count(&report, FaultCause::TcpRetransmission), 3);
    }
}

#[test]
fn after_a_gap_it_goes_on_at_the_next_message() {
    let (got, report) = run(9, &[(0, 30), (64, 92)]);
    assert_eq!(got, [(1, 24), (2, 28)]);
    assert_eq!(troubles(&report), ["tcp-gap", "tcp-message-cut"]);
    assert_eq!(report.faults[0].detail, "frame 2: from 192.0.2.1:50000 to 198.51.100.2:4739: 34 octets are missing");
    // What follows the gap begins no message: nothing is invented from it.
    let (got, report) = run(9, &[(0, 30), (50, 64), (64, 92)]);
    assert_eq!((got, troubles(&report)), (vec![(1, 24), (3, 28)], vec!["tcp-gap", "tcp-message-cut", "tcp-out-of-sync"]));
}

#[test]
fn a_capture_may_begin_in_the_middle() {
    let (got, report) = run(9, &[(30, 64), (64, 92)]);
    assert_eq!((got, count(&report, FaultCause::TcpOther)), (vec![(2, 28)], 1));
}

#[test]
fn first_segments_swapped_after_the_syn() {
    let stream = hex(MESSAGES);
    let frames = [segment(99, SYN, &[]), segment(130, DATA, &stream[30..]), segment(100, DATA, &stream[..30]), segment(192, FIN, &[])];
    let (got, report) = read(&pcap(101, &frames));
    assert_eq!(got.iter().map(|g| (g.frame, g.payload.len())).collect::<Vec<_>>(), [(3, 24), (3, 40), (3, 28)]);
    assert_eq!((troubles(&report), count(&report, FaultCause::TcpNoData)), (vec![], 2));
}

#[test]
fn other_streams_are_forgotten() {
    let http = b"GET / HTTP/1.1\r\nHost: example.net\r\n\r\n";
    let frames = [segment(99, SYN, &[]), segment(100, DATA, http), segment(100 + http.len() as u32, DATA, http)];
    let (got, report) = read(&pcap(101, &frames));
    assert_eq!((got.len(), troubles(&report), count(&report, FaultCause::TcpOther)), (0, vec![], 2));
}

#[test]
fn streams_are_bounded() {
    let stream = hex(MESSAGES);
    let frames: Vec<_> = (0..100u8)
        .map(|port| {
            let mut frame = segment(1, DATA, &stream[..30]);
            frame[21] = port;
            frame
        })
        .collect();
    let options = InputOptions { tcp_streams: 10, ..InputOptions::default() };
    let (got, report) = read_with(&pcap(101, &frames), &options).unwrap();
    assert_eq!((got.len(), count(&report, FaultCause::TcpEvicted), count(&report, FaultCause::TcpMessageCut)), (100, 90, 100));
    let options = InputOptions { tcp_octets: 1000, ..InputOptions::default() };
    assert!(count(&read_with(&pcap(101, &frames), &options).unwrap().1, FaultCause::TcpEvicted) >= 96);
}

#[test]
fn a_segment_cut_by_the_snapshot_length_gives_the_messages_beginning() {
    let stream = hex(MESSAGES);
    let whole = segment(1, DATA, &stream[..64]);
    let frames = [(whole[..40 + 54].to_vec(), whole.len()), (segment(65, DATA, &stream[64..]), 68)];
    let (got, report) = read(&pcap_of(101, &frames));
    let seen: Vec<_> = got.iter().map(|g| (g.frame, g.payload.len(), g.missing)).collect();
    assert_eq!((seen, troubles(&report)), (vec![(1, 24, 0), (1, 30, 10), (2, 28, 0)], vec!["frame-cut"]));
}
