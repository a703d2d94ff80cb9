//! Every file of the corpus, whole, cut at each octet, and with flipped octets: no panic, no hang, bounds hold.
//!
//! The folder is named by the environment variable IPFIX_INSPECT_CORPUS.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;

use super::InputOptions;
use super::tests::{ethernet, ipv4, pattern, pcap, read, read_with, udp};

fn corpus(folders: &[&str]) -> Vec<(String, Vec<u8>)> {
    let Some(root) = std::env::var_os("IPFIX_INSPECT_CORPUS").map(PathBuf::from) else {
        eprintln!("skipped: IPFIX_INSPECT_CORPUS does not name the folder of the corpus");
        return Vec::new();
    };
    let mut files = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            files.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

fn small() -> InputOptions {
    InputOptions { chunk_octets: 4096, ..InputOptions::default() }
}

#[test]
fn the_same_payloads_in_every_wrapping() {
    let files = corpus(&["linklayer"]);
    let Some((_, base)) = files.iter().find(|(name, _)| name.ends_with("00-base-ethernet.pcap")) else {
        return;
    };
    let mut want: Vec<_> = read(base).0.into_iter().map(|g| g.payload).collect();
    assert_eq!(want.len(), 8);
    want.sort();
    let mut same = 0;
    for (name, file) in &files {
        let short = name.rsplit('/').next().unwrap_or(name);
        let other = ["08d", "08e", "09e", "11g", "12", "13", "16b", "17", "18", "19", "21"];
        if other.iter().any(|o| short.starts_with(o)) {
            continue;
        }
        let mut got: Vec<_> = read(file).0.into_iter().map(|g| g.payload).collect();
        // Among background traffic the eight are some of many.
        got.retain(|p| !short.starts_with("16-") || want.contains(p));
        got.sort();
        assert!(got == want, "{name}: {} datagrams", got.len());
        same += 1;
    }
    assert_eq!(same, 49);
}

#[test]
fn every_file_cut_at_every_octet() {
    for (name, file) in corpus(&["linklayer", "containers"]) {
        if file.len() > 12_000 {
            continue;
        }
        let whole = read_with(&file, &small()).map_or(0, |(got, _)| got.len());
        // Every octet where it is cheap or headers are near, else every seventh.
        let mut cut = 0;
        while cut < file.len() {
            if let Ok((got, report)) = read_with(&file[..cut], &small()) {
                assert!(got.len() <= whole, "{name} cut at {cut}");
                assert!(report.octets <= 1 << 20);
            }
            cut += if cut < 2_000 { 1 } else { 7 };
        }
    }
}

#[test]
fn every_file_with_flipped_octets() {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize
    };
    let mut read_on = 0;
    for (_, file) in corpus(&["linklayer", "containers"]) {
        if file.is_empty() || file.len() > 60_000 {
            continue;
        }
        for _ in 0..200 {
            let mut file = file.clone();
            for _ in 0..1 + random() % 8 {
                let at = random() % file.len();
                file[at] = random() as u8;
            }
            read_on += usize::from(read_with(&file, &small()).is_ok_and(|(got, _)| !got.is_empty()));
        }
    }
    assert!(read_on == 0 || read_on > 5_000, "{read_on}");
}

#[test]
fn flipped_octets_in_compressed_captures() {
    let frames: Vec<_> = (1..30).map(|i| ethernet("0800", &ipv4(17, 1, 0, &udp(&pattern(i * 40))))).collect();
    let plain = pcap(1, &frames);
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&plain).unwrap();
    let mut xz = Vec::new();
    liblzma::read::XzEncoder::new(&plain[..], 1).read_to_end(&mut xz).unwrap();
    let mut gzip = Vec::new();
    flate2::read::GzEncoder::new(&plain[..], flate2::Compression::default()).read_to_end(&mut gzip).unwrap();
    for packed in [lz4.finish().unwrap(), xz, gzip, zstd::encode_all(&plain[..], 3).unwrap()] {
        let packed = packed.repeat(2);
        for at in 0..packed.len() {
            let mut file = packed.clone();
            file[at] ^= if at % 2 == 0 { 0x80 } else { 0xff };
            if let Ok((_, report)) = read_with(&file, &small()) {
                assert!(report.octets <= 1 << 24);
            }
        }
    }
}

#[test]
fn an_input_may_move_between_threads() {
    fn send<T: Send>() {}
    send::<super::Input>();
}
