//! Flow logs: the payloads of captures one after the other must come out as they went in.

use std::io::Cursor;

use super::tests::{Got, count, hex, read, read_with, troubles};
use super::{Container, FaultCause, InputError, InputOptions};
use crate::datagram::Transport;

/// The payloads of a capture of `testdata/`: octets that exporters wrote.
macro_rules! payloads {
    ($name:literal) => {
        read(include_bytes!(concat!("../../testdata/", $name))).0.into_iter().map(|got| got.payload).collect::<Vec<Vec<u8>>>()
    };
}

fn chunks(octets: usize) -> InputOptions {
    InputOptions { chunk_octets: octets, ..InputOptions::default() }
}

fn given(got: &[Got]) -> Vec<Vec<u8>> {
    got.iter().map(|g| g.payload.clone()).collect()
}

/// Reads a log of these messages in chunks of several sizes and holds what comes out against them.
fn comes_back(what: &str, messages: &[Vec<u8>], container: Container) {
    let log = messages.concat();
    for size in [64, 1000, 4 << 20] {
        let (got, report) = read_with(&log, &chunks(size)).unwrap();
        assert!(given(&got) == messages, "{what} in chunks of {size}");
        assert_eq!(troubles(&report), [""; 0], "{what} in chunks of {size}");
        assert_eq!(report.container, container, "{what}");
        assert_eq!((report.frames, report.datagrams), (0, messages.len() as u64), "{what}");
        assert!(got.iter().all(|g| g.transport == Transport::File && g.nanos.is_none() && g.missing == 0), "{what}");
        assert!(got.iter().zip(1..).all(|(g, number)| g.frame == number && g.ends == "0.0.0.0:0 > 0.0.0.0:0"), "{what}");
        assert!(report.first.is_some() && report.first <= report.last, "{what}");
    }
}

#[test]
fn messages_by_their_counts_and_lengths() {
    comes_back("v1", &payloads!("softflowd-v1-wrapped-uptime.pcap"), Container::Messages);
    comes_back("v5", &payloads!("fprobe-v5.pcap"), Container::Messages);
    comes_back("v7", &payloads!("fprobe-v7.pcap"), Container::Messages);
    comes_back("IPFIX", &payloads!("softflowd-ipfix.pcap"), Container::IpfixFile);
    comes_back("IPFIX, variable length", &payloads!("pyipfix-varlen.pcap"), Container::IpfixFile);
}

#[test]
fn v9_messages_by_their_sets() {
    for (what, messages) in [
        ("softflowd", payloads!("softflowd-v9.pcap")),
        ("pmacct", payloads!("pmacct-v9-as.pcap")),
        ("scapy", payloads!("scapy-v9-options.pcap")),
    ] {
        comes_back(what, &messages, Container::Messages);
        let (_, report) = read(&messages.concat());
        assert_eq!(count(&report, FaultCause::LogV9Extent), messages.len() as u64);
    }
}

#[test]
fn versions_mixed_at_will() {
    let mut messages = payloads!("softflowd-v9.pcap");
    messages.truncate(4);
    messages.extend(payloads!("fprobe-v5.pcap"));
    messages.extend(payloads!("softflowd-v9.pcap").into_iter().skip(4).take(2));
    messages.extend(payloads!("pyipfix-varlen.pcap"));
    messages.extend(payloads!("fprobe-v7.pcap"));
    messages.extend(payloads!("softflowd-v1-wrapped-uptime.pcap"));
    messages.push(messages[0].clone());
    comes_back("all", &messages, Container::Messages);
}

#[test]
fn v5_messages_in_1464_octets_each() {
    let mut messages = payloads!("fprobe-v5.pcap");
    messages[1].truncate(24 + 2 * 48);
    messages[1][3] = 2;
    for filling in [0, 0xaa] {
        let mut log = Vec::new();
        for message in &messages {
            log.extend(message);
            log.resize(log.len().div_ceil(1464) * 1464, filling);
        }
        for size in [64, 2000, 4 << 20] {
            let (got, report) = read_with(&log, &chunks(size)).unwrap();
            assert!(given(&got) == messages);
            assert_eq!((report.container, troubles(&report)), (Container::PaddedV5, vec![]));
        }
    }
}

#[test]
fn what_is_no_message_is_left_out() {
    for messages in [payloads!("fprobe-v5.pcap"), payloads!("pyipfix-varlen.pcap"), payloads!("fprobe-v7.pcap")] {
        let garbage = hex("ffff0bb8 00090000 000a0003 00050001 deadbeef");
        let log = [messages[0].clone(), garbage.clone(), messages[1..].concat()].concat();
        for size in [64, 4 << 20] {
            let (got, report) = read_with(&log, &chunks(size)).unwrap();
            assert!(given(&got) == messages);
            assert_eq!(troubles(&report), ["log-out-of-sync"]);
        }
        // The end is no message either.
        let (got, report) = read(&[messages.concat(), garbage].concat());
        assert!(given(&got) == messages);
        assert_eq!(troubles(&report), ["log-out-of-sync"]);
        // Zeros are padding.
        let (got, report) = read(&[messages[0].clone(), vec![0; 333], messages[1].clone(), vec![0; 50]].concat());
        assert!(given(&got) == messages[..2]);
        assert_eq!(troubles(&report), [""; 0]);
        assert_eq!(count(&report, FaultCause::LogPadding), 2);
    }
}

#[test]
fn a_long_stretch_of_nothing() {
    let messages = payloads!("fprobe-v5.pcap");
    let noise: Vec<u8> = (0..400_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 | 1).collect();
    let log = [messages[0].clone(), noise, messages[1].clone()].concat();
    let (got, report) = read_with(&log, &chunks(4096)).unwrap();
    assert!(given(&got) == messages[..2]);
    assert_eq!(count(&report, FaultCause::LogOutOfSync), 1);
}

#[test]
fn a_length_beyond_the_end_hides_nothing() {
    let messages = payloads!("pyipfix-varlen.pcap");
    let mut log = messages.concat();
    log[2..4].copy_from_slice(&[0xff, 0xf0]);
    let (got, report) = read(&log);
    assert!(given(&got) == messages[1..]);
    assert_eq!(troubles(&report), ["log-out-of-sync"]);
}

#[test]
fn padding_and_damage_behind_v9_sets() {
    let messages = payloads!("softflowd-v9.pcap");
    // Zeros belong to the message before them, as in its datagram.
    let padded = [messages[0].clone(), vec![0; 37]].concat();
    comes_back("padded", &[padded.clone(), messages[1].clone(), padded], Container::Messages);
    // A Set that is none: up to the next header all belongs to this message.
    let damaged = [messages[0].clone(), hex("0004 0010 deadbeef deadbeef deadbeef")].concat();
    comes_back("damaged", &[damaged, messages[1].clone()], Container::Messages);
}

#[test]
fn a_v9_message_that_is_cut_keeps_its_sets() {
    let messages = payloads!("softflowd-v9.pcap");
    let log = messages[..2].concat();
    let (got, report) = read(&log[..log.len() - 10]);
    assert_eq!(got.len(), 2);
    assert_eq!((got[1].payload.len(), got[1].missing), (messages[1].len() - 10, 10));
    assert_eq!(troubles(&report), ["file-cut"]);
}

#[test]
fn cut_at_each_octet() {
    for (messages, has_length) in [
        (payloads!("fprobe-v5.pcap"), true),
        (payloads!("fprobe-v7.pcap"), true),
        (payloads!("scapy-ipfix-options.pcap"), true),
        (payloads!("softflowd-v9.pcap"), false),
    ] {
        let messages = &messages[..messages.len().min(4)];
        let log = messages.concat();
        for end in 1..log.len() {
            let (got, report) = match read_with(&log[..end], &chunks(700)) {
                Ok(read) => read,
                Err(error) => {
                    assert!(end < 24 && matches!(error, InputError::NotACapture { .. }), "{end}: {error}");
                    continue;
                }
            };
            let mut whole = 0;
            let mut at = 0;
            while at + messages[whole].len() <= end {
                at += messages[whole].len();
                whole += 1;
            }
            // The zero that begins a header that is cut may as well be padding.
            let same = got
                .iter()
                .zip(&messages[..whole])
                .all(|(got, message)| got.payload.starts_with(message) && got.payload.len() <= message.len() + 1);
            assert!(same && got.len() >= whole, "{end}");
            if has_length {
                assert_eq!((got.len(), troubles(&report).is_empty()), (whole, at == end), "{end}");
            }
        }
    }
}

#[test]
fn flipped_octets_do_no_harm() {
    let mut messages = payloads!("softflowd-v9.pcap");
    messages.extend(payloads!("fprobe-v5.pcap"));
    messages.extend(payloads!("scapy-ipfix-options.pcap"));
    let log = messages.concat();
    let mut seed = 0x2545_f491_u32;
    for _ in 0..2_000 {
        let mut damaged = log.clone();
        for _ in 0..3 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (seed >> 8) as usize % damaged.len();
            damaged[at] ^= (seed >> 3) as u8 | 1;
        }
        if let Ok((got, report)) = read_with(&damaged, &chunks(5000)) {
            let octets: usize = got.iter().map(|g| g.payload.len()).sum();
            assert!(octets <= damaged.len() && report.octets == damaged.len() as u64);
        }
    }
}

#[test]
fn compressed_and_named_by_content() {
    use std::io::Write;
    let log = payloads!("fprobe-v5.pcap").concat();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&log).unwrap();
    let (got, report) = read(&packed.finish().unwrap());
    assert_eq!((got.len(), report.container), (read(&log).0.len(), Container::Messages));
    assert_eq!(report.container.to_string(), "flow log of NDE messages");
    let time = super::Input::from_reader("test", Box::new(Cursor::new(log)), 0, &InputOptions::default()).unwrap().look(1 << 20).unwrap();
    assert_eq!(time, report.first);
}

/// Headers that are taken one after the other but not for sure, with Sets that lead nowhere: each is looked behind once.
#[test]
fn damage_costs_no_more_than_its_octets() {
    let header = hex("0009 0001 00000064 00000001 00000000 00000001 0100 0004 0004 0004");
    let log: Vec<u8> = header.iter().copied().cycle().take(8 << 20).collect();
    let begun = std::time::Instant::now();
    let (got, _) = read(&log);
    assert!(!got.is_empty() && begun.elapsed().as_secs() < 10, "{:?} for {} messages", begun.elapsed(), got.len());
}
