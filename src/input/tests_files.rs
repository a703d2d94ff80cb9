//! Containers, compression, and files that are neither.

use std::io::{Read, Write};
use std::path::PathBuf;

use super::tests::{Got, count, ethernet, hex, ipv4, pattern, pcap, read, read_with, troubles, udp};
use super::{Compression, FaultCause, Input, InputOptions, Location};

fn capture() -> Vec<u8> {
    let frames: Vec<_> = (1..40).map(|i| ethernet("0800", &ipv4(17, 1, 0, &udp(&pattern(i * 30))))).collect();
    pcap(1, &frames)
}

fn error(file: &[u8]) -> String {
    let text = read_with(file, &InputOptions::default()).unwrap_err().to_string();
    assert_eq!(text.lines().count(), 1);
    text
}

fn lz4(data: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(data, flate2::Compression::default()).read_to_end(&mut packed).unwrap();
    packed
}

fn xz(data: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    liblzma::read::XzEncoder::new(data, 1).read_to_end(&mut packed).unwrap();
    packed
}

#[test]
fn refusals_say_what_was_found() {
    assert!(error(&[]).starts_with("test: is empty (0 octets)"));
    assert_eq!(error(&capture()[..20]), "test: ends inside the pcap file header: 20 of 24 octets; the file was cut off, copy it again");
    assert!(error(&hex("0a0d0d0a 1c000000 4d3c2b1a")).starts_with("test: ends inside the pcapng file header: 12 of 28"));
    assert!(error(b"PK\x03\x04rest").starts_with("test: is no capture: it is a ZIP archive; unpack it"));
    assert!(error(b"\x0c\xa5\x02\x00").contains("nfcapd"));
    assert!(error(b"hello\nworld\n").contains("text that begins with \"hello\""));
    assert!(error(&gzip(b"hello\nworld\n")).contains("text that begins"));
    assert_eq!(error(&gzip(&gzip(&gzip(&capture())))), "test: is no capture: gzip data in gzip data in gzip data; unpack it first");
    assert!(error(&gzip(&capture())[..12]).contains("gzip data from which nothing can be unpacked"));
    let open = |path: &str| Input::open(&Location::from(path), 0, &InputOptions::default()).unwrap_err().to_string();
    assert!(open("/").starts_with("/: is a directory"));
    assert!(open("/nonexistent/x.pcap").starts_with("/nonexistent/x.pcap: can't be opened: "));
    assert_eq!(Location::from("-"), Location::Stdin);
    assert_eq!(Location::from("./-"), Location::Path(PathBuf::from("./-")));
}

#[test]
fn compression_makes_no_difference() {
    let plain = capture();
    let (want, _) = read(&plain);
    assert_eq!(want.len(), 39);
    let (a, b) = plain.split_at(5000);
    let skippable = hex("502a4d18 03000000 616263");
    let zstd = |data: &[u8]| zstd::encode_all(data, 3).unwrap();
    let cases = [
        (Compression::Gzip, [gzip(a), gzip(b)].concat()),
        (Compression::Zstd, [zstd(a), skippable.clone(), zstd(b)].concat()),
        (Compression::Zstd, [skippable.clone(), zstd(&plain)].concat()),
        (Compression::Lz4, [lz4(a), skippable.clone(), lz4(b)].concat()),
        (Compression::Lz4, [skippable, lz4(a), lz4(&[]), lz4(b)].concat()),
        (Compression::Xz, [xz(a), xz(b)].concat()),
    ];
    for (compression, packed) in cases {
        let (got, report) = read(&packed);
        assert_eq!((report.compression, troubles(&report)), (Some(compression), vec![]));
        assert!(got == want, "{compression}");
        // Cut at each of some places: what comes out is a beginning, and the loss is said.
        for cut in (40..packed.len()).step_by(97) {
            let Ok((got, report)) = read_with(&packed[..cut], &InputOptions::default()) else {
                continue;
            };
            assert!(want.starts_with(&got), "{compression} cut at {cut}");
            // Where the cut meets a boundary of members, the capture inside tells.
            assert!(got.len() == want.len() || !troubles(&report).is_empty(), "{compression} cut at {cut} of {}", packed.len());
        }
    }
    let (got, report) = read(&xz(&gzip(&plain)));
    assert_eq!((report.compression, report.inner_compression), (Some(Compression::Xz), Some(Compression::Gzip)));
    assert!(got == want);
}

#[test]
fn the_size_of_chunks_makes_no_difference() {
    let file = capture();
    let (want, _) = read(&file);
    for chunk_octets in [64, 100, 1000, 4096] {
        let options = InputOptions { chunk_octets, ..InputOptions::default() };
        let (got, report) = read_with(&file, &options).unwrap();
        assert!(got == want);
        assert_eq!((report.octets, report.frames), (file.len() as u64, 39));
    }
}

#[test]
fn pcap_headers_of_all_kinds() {
    let packet = "4500 001e 0001 0000 40 11 0000 c0000201 c6336402 c350 0807 000a 0000 0009";
    let cases = [
        // Big-endian nanoseconds; the link type has a frame check sequence's length in its upper half.
        ("a1b23c4d 0002 0004 00000000 00000000 0000ffff 24000065  6553f100 000001f4 0000001e 0000001e", 1_700_000_000_000_000_500),
        // Kuznetzov's format in both orders.
        (
            "34cdb2a1 0200 0400 00000000 00000000 ffff0000 65000000  00f15365 05000000 1e000000 1e000000 0100000008000400",
            1_700_000_000_000_005_000,
        ),
        (
            "a1b2cd34 0002 0004 00000000 00000000 0000ffff 00000065  6553f100 00000005 0000001e 0000001e 0000000108000400",
            1_700_000_000_000_005_000,
        ),
        // Version 2.2: original length first.
        ("d4c3b2a1 0200 0200 00000000 00000000 ffff0000 65000000  00f15365 05000000 20000000 1e000000", 1_700_000_000_000_005_000),
    ];
    for (header, nanos) in cases {
        let (got, report) = read(&[hex(header), hex(packet)].concat());
        assert_eq!((got.len(), troubles(&report)), (1, vec![]), "{header}");
        assert_eq!((got[0].nanos, got[0].payload.as_slice()), (Some(nanos), [0, 9].as_slice()));
    }
}

fn be(octets: &str) -> Vec<u8> {
    let body = hex(octets);
    let length = (body.len() as u32 + 8).to_be_bytes();
    [&body[..4], &length, &body[4..], &length].concat()
}

const SHB: &str = "0a0d0d0a 1a2b3c4d 0001 0000 ffffffffffffffff";
const PACKET: &str = "4500 001e 0001 0000 40 11 0000 c0000201 c6336402 c350 0807 000a 0000 0009 0000";

#[test]
fn pcapng_with_every_packet_block() {
    // Raw IP; milliseconds; 100 seconds more; snapshot length 0.
    let idb = be("00000001 0065 0000 00000000 0009 0001 03000000 000e 0008 0000000000000064 0000 0000");
    // 1700000000.001 s as milliseconds: 0x18bcfe56801.
    let epb = be(&format!("00000006 00000000 0000018b cfe56801 0000001e 0000001e {PACKET}"));
    let old = be(&format!("00000002 0000 0000 0000018b cfe56801 0000001e 0000001e {PACKET}"));
    let simple = be(&format!("00000003 0000001e {PACKET}"));
    let unknown = be("00000bad 00007ed9 01020304");
    let stray = be(&format!("00000006 00000007 00000000 00000000 0000001e 0000001e {PACKET}"));
    let lie = be(&format!("00000006 00000000 00000000 00000000 000000ff 000000ff {PACKET}"));
    let file = [be(SHB), idb, epb, unknown, old, simple, stray, lie].concat();
    let (got, report) = read(&file);
    let seen: Vec<_> = got.iter().map(|g| (g.frame, g.nanos)).collect();
    let time = Some(1_700_000_100_001_000_000);
    assert_eq!(seen, [(1, time), (2, time), (3, None)]);
    assert_eq!((report.frames, troubles(&report)), (5, vec!["interface-unknown", "block-malformed"]));
    assert_eq!(
        (report.container.to_string().as_str(), report.link_types.as_slice()),
        ("pcapng, big-endian, 1 interface", ["RAW".to_string()].as_slice())
    );
}

#[test]
fn pcapng_lengths_that_lie() {
    let idb = be("00000001 0065 0000 00000000");
    let epb = be(&format!("00000006 00000000 00000000 00000001 0000001e 0000001e {PACKET}"));
    let end = |bad: Vec<u8>| {
        let (got, report) = read(&[be(SHB), idb.clone(), epb.clone(), bad, epb.clone()].concat());
        (got.len(), troubles(&report))
    };
    assert_eq!(end(hex("00000006 00000008 00000008")), (1, vec!["block-length"]));
    assert_eq!(end(hex("00000005 0000000e 00000000 0000 0000000e")), (1, vec!["block-length"]));
    assert_eq!(end(hex("00000006 ffffff00 00000000 00000000")), (1, vec!["block-too-large", "file-cut"]));
    assert_eq!(end(hex("0a0d0d0a 0000001c 11223344 00000000 00000000 00000000 0000001c")), (1, vec!["section-damaged"]));
    let mut torn = epb.clone();
    *torn.last_mut().unwrap() = 9;
    assert_eq!(end(torn), (1, vec!["block-length"]));
}

#[test]
fn a_file_that_is_still_being_written() {
    let file = capture();
    let (want, _): (Vec<Got>, _) = read(&file);
    let (got, report) = read(&file[..file.len() - 1]);
    assert!(got == want[..38]);
    assert_eq!((count(&report, FaultCause::FileCut), report.faults[0].first.frame), (1, 39));
    assert_eq!(report.faults[0].detail, "frame 39: its record needs at least 1228 octets, the file has 1227 more");
}
