//! What the tests of this room share: frames from hex, captures around them, and the datagrams that come out.

use std::io::Cursor;

use super::{FaultCause, FileReport, Input, InputError, InputOptions};
use crate::datagram::Transport;

/// One datagram as the tests look at it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Got {
    pub(super) frame: u64,
    pub(super) ends: String,
    pub(super) payload: Vec<u8>,
    pub(super) missing: u32,
    pub(super) nanos: Option<i64>,
    pub(super) transport: Transport,
}

/// Octets from hex; spaces and line ends do not matter.
pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// A little-endian pcap of microseconds, a second between frames from 1700000000 on. A frame is its octets and its original length.
pub(super) fn pcap_of(link: u8, frames: &[(Vec<u8>, usize)]) -> Vec<u8> {
    let mut file = hex("d4c3b2a1 0200 0400 00000000 00000000 00000400");
    file.extend([link, 0, 0, 0]);
    for (i, (frame, original)) in frames.iter().enumerate() {
        for field in [1_700_000_000 + i as u32, 7, frame.len() as u32, *original as u32] {
            file.extend(field.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

/// The same with whole frames of a link type.
pub(super) fn pcap(link: u8, frames: &[Vec<u8>]) -> Vec<u8> {
    pcap_of(link, &frames.iter().map(|f| (f.clone(), f.len())).collect::<Vec<_>>())
}

pub(super) fn read_with(file: &[u8], options: &InputOptions) -> Result<(Vec<Got>, FileReport), InputError> {
    let mut input = Input::from_reader("test", Box::new(Cursor::new(file.to_vec())), 3, options)?;
    let mut got = Vec::new();
    while let Some(batch) = input.next_batch()? {
        assert!(!batch.datagrams.is_empty());
        for d in &batch.datagrams {
            let payload = batch.payload(d).to_vec();
            assert_eq!((payload.len(), d.index, d.origin.file), (d.length as usize, 0, 3));
            got.push(Got {
                frame: d.origin.frame,
                ends: format!("{} > {}", d.exporter, d.collector),
                payload,
                missing: d.missing,
                nanos: d.time.map(|t| t.nanos()),
                transport: d.transport,
            });
        }
    }
    let report = input.report().clone();
    assert_eq!(got.len() as u64, report.datagrams + report.tcp_messages);
    Ok((got, report))
}

pub(super) fn read(file: &[u8]) -> (Vec<Got>, FileReport) {
    read_with(file, &InputOptions::default()).unwrap()
}

/// How often a cause was counted.
pub(super) fn count(report: &FileReport, cause: FaultCause) -> u64 {
    report.faults.iter().find(|f| f.cause == cause).map_or(0, |f| f.count)
}

/// The codes of all faults that are more than notes.
pub(super) fn troubles(report: &FileReport) -> Vec<&'static str> {
    report.faults.iter().filter(|f| f.cause.severity() > super::Severity::Note).map(|f| f.cause.code()).collect()
}

/// An IPv4 packet from 192.0.2.1 to 198.51.100.2; `flags` is the fragment word.
pub(super) fn ipv4(protocol: u8, identification: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend((20 + body.len() as u16).to_be_bytes());
    packet.extend(identification.to_be_bytes());
    packet.extend(flags.to_be_bytes());
    packet.extend([64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2]);
    packet.extend(body);
    packet
}

/// UDP from port 50000 to 2055.
pub(super) fn udp(payload: &[u8]) -> Vec<u8> {
    udp_to(2055, payload)
}

/// UDP from port 50000.
pub(super) fn udp_to(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = vec![0xc3, 0x50];
    datagram.extend(port.to_be_bytes());
    datagram.extend((8 + payload.len() as u16).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// An Ethernet frame.
pub(super) fn ethernet(ethertype: &str, body: &[u8]) -> Vec<u8> {
    let mut frame = hex("020000000001 020000000002");
    frame.extend(hex(ethertype));
    frame.extend(body);
    frame
}

/// `count` octets that tell their places.
pub(super) fn pattern(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i / 251 + i % 251) as u8).collect()
}
