//! A capture to measure with: the file that IPFIX_INSPECT_BENCH names, else one made here in memory.

// No bench uses all of it.
#![allow(dead_code)]

use std::fs;
use std::io::Cursor;

use ipfix_inspect::input::{Input, InputOptions};

/// Flows of the capture made here.
const FLOWS: u32 = 1_000_000;
/// Flows of a datagram.
const PER_DATAGRAM: u32 = 20;

/// The capture's octets.
pub(crate) fn capture() -> Vec<u8> {
    match std::env::var_os("IPFIX_INSPECT_BENCH") {
        Some(path) => fs::read(path).expect("IPFIX_INSPECT_BENCH names a readable capture"),
        None => made(),
    }
}

/// A capture of IPFIX records with two strings of variable length (interfaceName, userName), as long as the one made here.
pub(crate) fn strings() -> Vec<u8> {
    let target = made().len();
    let mut file = head();
    let mut number = 0;
    while file.len() < target {
        frame(&mut file, number, &with_strings(number));
        number += 1;
    }
    file
}

/// Opens the capture.
pub(crate) fn open(octets: &'static [u8]) -> Input {
    Input::from_reader("bench", Box::new(Cursor::new(octets)), 0, &InputOptions::default()).expect("a capture")
}

/// An IPFIX exporter with 64 interfaces, each with a name in options data, and a sampling rate for all flows.
pub(crate) fn with_options() -> Vec<u8> {
    let mut file = header();
    frame(&mut file, 2, &options());
    for number in 0..FLOWS / PER_DATAGRAM {
        // Frames 2, 5, 8 … are those of one exporter.
        frame(&mut file, 3 * number + 2, &with_templates(number, 10, |mix| (mix >> 8 & 63, mix >> 14 & 63)));
    }
    file
}

/// Options templates 512 (interface, name) and 513 (domain, sampling interval), and their records.
fn options() -> Vec<u8> {
    let mut sets = vec![0, 3, 0, 36];
    for half in [512u16, 2, 1, 10, 4, 82, 16, 513, 2, 1, 149, 4, 34, 4, 0, 0] {
        sets.extend(half.to_be_bytes());
    }
    sets.extend([2, 0]);
    sets.extend((4u16 + 64 * 20).to_be_bytes());
    for interface in 0..64u32 {
        sets.extend(interface.to_be_bytes());
        sets.extend(format!("{:<16}", format!("TenGigE0/0/{interface}")).as_bytes());
    }
    sets.extend([2, 1, 0, 12, 0, 0, 0, 1, 0, 0, 4, 0]);
    let mut p = vec![0, 10];
    p.extend((16 + sets.len() as u16).to_be_bytes());
    for word in [1_700_000_000u32, 0, 1] {
        p.extend(word.to_be_bytes());
    }
    p.extend(sets);
    p
}

fn header() -> Vec<u8> {
    [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65_535, 1].iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Three exporters in turn: v5, v9, IPFIX.
fn made() -> Vec<u8> {
    let mut file = header();
    for number in 0..FLOWS / PER_DATAGRAM {
        let payload = match number % 3 {
            0 => v5(number),
            1 => with_templates(number, 9, |_| (3, 4)),
            _ => with_templates(number, 10, |_| (3, 4)),
        };
        frame(&mut file, number, &payload);
    }
    file
}

fn head() -> Vec<u8> {
    [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65_535, 1].iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn frame(file: &mut Vec<u8>, number: u32, payload: &[u8]) {
    let length = 42 + payload.len() as u32;
    for word in [1_700_000_000 + number / 1000, number % 1000 * 1000, length, length] {
        file.extend(word.to_le_bytes());
    }
    file.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
    file.extend((28 + payload.len() as u16).to_be_bytes());
    file.extend([0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1 + (number % 3) as u8, 192, 0, 2, 254]);
    for half in [50_000, 2055, 8 + payload.len() as u16, 0] {
        file.extend(half.to_be_bytes());
    }
    file.extend(payload);
}

fn v5(number: u32) -> Vec<u8> {
    let mut p = vec![0, 5, 0, PER_DATAGRAM as u8];
    for word in [3_600_000 + number, 1_700_000_000 + number / 1000, 0, number / 3 * PER_DATAGRAM, 0] {
        p.extend(word.to_be_bytes());
    }
    for flow in 0..PER_DATAGRAM {
        let mix = (number * PER_DATAGRAM + flow).wrapping_mul(2_654_435_761);
        for word in
            [0x0a00_0000 | mix >> 12, 0xc612_0000 | mix & 0xffff, 0xc000_0264, 0x0003_0004, mix & 0xff, mix & 0xffff, 3_590_000, 3_599_000]
        {
            p.extend(word.to_be_bytes());
        }
        p.extend(mix.to_be_bytes());
        p.extend([0, 0x1b, 6, 0, 0xfc, 1, 0xfc, 2, 24, 16, 0, 0]);
    }
    p
}

const FIELDS: [(u16, u16); 12] = [(8, 4), (12, 4), (4, 1), (6, 1), (7, 2), (11, 2), (10, 4), (14, 4), (1, 8), (2, 8), (152, 8), (153, 8)];

fn with_templates(number: u32, version: u16, interfaces: fn(u32) -> (u32, u32)) -> Vec<u8> {
    let mut sets = Vec::new();
    if number < 3 {
        sets.extend([0, if version == 9 { 0 } else { 2 }, 0, 8 + 4 * FIELDS.len() as u8, 1, 0, 0, FIELDS.len() as u8]);
        for (id, length) in FIELDS {
            sets.extend(id.to_be_bytes());
            sets.extend(length.to_be_bytes());
        }
    }
    let record: u16 = FIELDS.iter().map(|f| f.1).sum();
    sets.extend([1, 0]);
    sets.extend((4 + record * PER_DATAGRAM as u16).to_be_bytes());
    for flow in 0..PER_DATAGRAM {
        let mix = (number * PER_DATAGRAM + flow).wrapping_mul(2_654_435_761);
        sets.extend((0x0a00_0000 | mix >> 12).to_be_bytes());
        sets.extend((0xc612_0000 | mix & 0xffff).to_be_bytes());
        sets.extend([6, 0x1b]);
        sets.extend(mix.to_be_bytes());
        let (input, output) = interfaces(mix);
        for word in [input, output, 0, mix & 0xffff, 0, mix & 0xff] {
            sets.extend(word.to_be_bytes());
        }
        for millis in [1_700_000_000_000u64 + u64::from(number), 1_700_000_009_000 + u64::from(number)] {
            sets.extend(millis.to_be_bytes());
        }
    }
    let seconds = 1_700_000_000 + number / 1000;
    let mut p = version.to_be_bytes().to_vec();
    if version == 9 {
        p.extend((PER_DATAGRAM as u16).to_be_bytes());
        for word in [3_600_000 + number, seconds, number / 3, 1] {
            p.extend(word.to_be_bytes());
        }
    } else {
        p.extend((16 + sets.len() as u16).to_be_bytes());
        for word in [seconds, number / 3 * PER_DATAGRAM, 1] {
            p.extend(word.to_be_bytes());
        }
    }
    p.extend(sets);
    p
}

const WITH_STRINGS: [(u16, u16); 10] = [(8, 4), (12, 4), (4, 1), (6, 1), (7, 2), (11, 2), (1, 8), (2, 8), (82, 65_535), (371, 65_535)];

fn with_strings(number: u32) -> Vec<u8> {
    let mut sets = Vec::new();
    if number == 0 {
        sets.extend([0, 2, 0, 8 + 4 * WITH_STRINGS.len() as u8, 1, 0, 0, WITH_STRINGS.len() as u8]);
        for (id, length) in WITH_STRINGS {
            sets.extend(id.to_be_bytes());
            sets.extend(length.to_be_bytes());
        }
    }
    let mut records = Vec::new();
    for flow in 0..PER_DATAGRAM {
        let mix = (number * PER_DATAGRAM + flow).wrapping_mul(2_654_435_761);
        records.extend((0x0a00_0000 | mix >> 12).to_be_bytes());
        records.extend((0xc612_0000 | mix & 0xffff).to_be_bytes());
        records.extend([6, 0x1b]);
        records.extend(mix.to_be_bytes());
        for word in [0, mix & 0xffff, 0, mix & 0xff] {
            records.extend(word.to_be_bytes());
        }
        for text in [format!("eth{}", mix % 48), format!("user{}@example.org", mix % 5_000)] {
            records.push(text.len() as u8);
            records.extend(text.as_bytes());
        }
    }
    sets.extend([1, 0]);
    sets.extend((4 + records.len() as u16).to_be_bytes());
    sets.extend(records);
    let mut p = vec![0, 10];
    p.extend((16 + sets.len() as u16).to_be_bytes());
    for word in [1_700_000_000 + number / 1000, number * PER_DATAGRAM, 1] {
        p.extend(word.to_be_bytes());
    }
    p.extend(sets);
    p
}
