//! `listen` under attack: a million datagrams from forged sources, while a real exporter sends.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use crate::live::{Listener, Sender, last_object, payloads};
use crate::support::testdata;

/// Datagrams of the flood.
const FLOOD: u64 = 1_000_000;
/// Of one forged source.
const OF_ONE: u64 = 20;
/// Datagrams after which the flood waits for the decoder: they have room in the queue.
const AT_ONCE: u64 = 25_000;
/// What the program may take, 128 MiB of it for the queue, with all its limits at their defaults.
const MOST_KIB: u64 = 800_000;

/// A generator (xorshift) from a fixed seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: u64) -> u64 {
        (self.next() >> 16) % most
    }
}

/// One of the things that somebody may send: octets of no sense, template sets of any shape, data of any template, cut and lying messages.
fn forged(random: &mut Random, out: &mut Vec<u8>) {
    out.clear();
    let kind = random.below(8);
    let version: u16 = match kind {
        0 => {
            let length = random.below(1_200);
            out.extend((0..length).map(|_| random.next() as u8));
            return;
        }
        1 => [1, 5, 7, 8][random.below(4) as usize],
        2..=4 => 9,
        _ => 10,
    };
    out.extend(version.to_be_bytes());
    if version < 9 {
        out.extend((random.below(31) as u16).to_be_bytes());
        let length = 20 + random.below(1_400);
        out.extend((0..length).map(|_| random.next() as u8));
        return;
    }
    let sequence = random.next() as u32;
    let domain = random.below(4) as u32;
    if version == 9 {
        out.extend(3u16.to_be_bytes());
        out.extend((random.next() as u32).to_be_bytes());
        out.extend(1_700_000_000u32.to_be_bytes());
    } else {
        out.extend([0, 0]);
        out.extend(1_700_000_000u32.to_be_bytes());
    }
    out.extend(sequence.to_be_bytes());
    out.extend(domain.to_be_bytes());
    let (templates, options) = if version == 9 { (0u16, 1u16) } else { (2, 3) };
    for _ in 0..=random.below(3) {
        let start = out.len();
        let data = random.below(2) == 0;
        let id = if data { 256 + random.below(400) as u16 } else { [templates, options, templates][random.below(3) as usize] };
        out.extend(id.to_be_bytes());
        out.extend([0, 0]);
        if data {
            let length = random.below(300);
            out.extend((0..length).map(|_| random.next() as u8));
        } else {
            let fields = 1 + random.below(60) as u16;
            out.extend((256 + random.below(400) as u16).to_be_bytes());
            out.extend(fields.to_be_bytes());
            if id == options {
                out.extend((random.below(4) as u16).to_be_bytes());
            }
            for _ in 0..fields {
                out.extend((random.below(500) as u16).to_be_bytes());
                out.extend([0, 1 + random.below(16) as u8]);
            }
        }
        let length = if random.below(20) == 0 { random.next() as u16 } else { (out.len() - start) as u16 };
        out[start + 2..start + 4].copy_from_slice(&length.to_be_bytes());
    }
    if version == 10 {
        let length = (out.len() as u16).to_be_bytes();
        out[2..4].copy_from_slice(&length);
    }
}

/// Octets that wait in the receive buffer of a port.
fn waiting(port: u16) -> u64 {
    let tables = ["/proc/net/udp", "/proc/net/udp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let local = format!(":{port:04X} ");
    let of_line = |line: &str| u64::from_str_radix(line.split_whitespace().nth(4)?.split_once(':')?.1, 16).ok();
    tables.iter().flat_map(|t| t.lines()).filter(|line| line.contains(&local)).filter_map(of_line).sum()
}

/// A line of `/proc/PID/status` in KiB.
fn memory(process: u32, what: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')?.split_whitespace().next()?.parse().ok())
}

/// True if the latest summary counts so many datagrams, and none waits.
fn is_done(listener: &Listener, datagrams: u64) -> bool {
    let output = listener.output();
    let line = output.lines().last().unwrap_or_default();
    line.contains(&format!("\"datagrams\":{datagrams},")) && line.contains("{\"name\":\"decode\",\"waiting\":0,")
}

#[test]
fn memory_stays_bounded_and_the_real_exporter_is_served() {
    let listener = Listener::start(&["--summary", "1s", "--format", "json", "--queue", "128"]);
    let port = listener.ports[0];
    let real = payloads(&testdata("softflowd-v9.pcap"));
    let mut sender = Sender::new(port);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut payload, mut sent, mut real_sent) = (Vec::new(), 0u64, 0);
    let began = Instant::now();
    while sent < FLOOD {
        // The real exporter's datagrams come in between, one after so many of the flood.
        if sent >= real_sent as u64 * (FLOOD / real.len() as u64)
            && let Some((from, octets)) = real.get(real_sent)
        {
            sender.send(*from, octets);
            real_sent += 1;
        }
        let source = sent / OF_ONE;
        let host = Ipv4Addr::new(127, 100 + (source >> 16) as u8, (source >> 8) as u8, source as u8);
        let socket = UdpSocket::bind((host, 0)).expect("loopback has the address");
        for _ in 0..OF_ONE {
            forged(&mut random, &mut payload);
            socket.send_to(&payload, (Ipv4Addr::LOCALHOST, port)).expect("loopback takes it");
            sent += 1;
        }
        // The flood is as fast as it can be without loss: what is lost needs no memory.
        while sent.is_multiple_of(2_000) && waiting(port) > 1 << 20 {
            std::thread::sleep(Duration::from_millis(1));
        }
        if sent.is_multiple_of(AT_ONCE) {
            let all = sent + sender.sent;
            listener.wait("the decoder", |l| is_done(l, all));
        }
    }
    while let Some((from, octets)) = real.get(real_sent) {
        sender.send(*from, octets);
        real_sent += 1;
    }
    let process = listener.id();
    let all = sent + sender.sent;
    listener.wait("all of it", |l| is_done(l, all));
    let peak = memory(process, "VmHWM").expect("the system tells");
    crate::support::note(&format!("a million forged datagrams in {:?}, {} MiB at most", began.elapsed(), peak / 1_024));
    let ended = listener.stop();
    let last = last_object(&ended);
    assert_eq!(["kernel_drops", "queue_drops"].map(|k| last[k].as_u64().unwrap()), [0, 0]);
    let exporter = last["exporters"].as_array().unwrap().iter().find(|e| e["exporter"] == "127.0.2.1" && e["version"] == "v9");
    let exporter = exporter.expect("the real exporter is among those with the most flows");
    assert_eq!(["messages", "flows", "lost", "sets_without_template"].map(|k| exporter[k].as_u64().unwrap()), [20, 536, 0, 0]);
    // And one for each version, for those that made room for others.
    assert!(last["exporters_in_all"].as_u64().unwrap() <= 50_000 + 5);
    assert!(last["templates"].as_u64().unwrap() <= 100_000);
    // Log lines are held back as well: two lines a second at most, and some at the beginning and the end.
    let lines = ended.stderr.lines().count() as u64;
    assert!(lines < 60 + 3 * began.elapsed().as_secs(), "{lines} lines of log");
    assert!(peak < MOST_KIB, "{} MiB", peak / 1_024);
}

#[test]
fn an_exporter_that_comes_after_the_flood_is_decoded() {
    /// Datagrams of the flood before the real exporter's first, and after it.
    const BEFORE: u64 = 60_000;
    let limits = ["--max-exporters", "500", "--max-templates", "1000"];
    let listener = Listener::start(&[&limits[..], &["--summary", "1s", "--format", "json", "--queue", "128"]].concat());
    let port = listener.ports[0];
    let real = payloads(&testdata("softflowd-v9.pcap"));
    let mut sender = Sender::new(port);
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut payload, mut sent) = (Vec::new(), 0u64);
    let mut flood = |datagrams: u64, sent: &mut u64| {
        let until = *sent + datagrams;
        while *sent < until {
            let source = *sent / OF_ONE;
            let socket =
                UdpSocket::bind((Ipv4Addr::new(127, 110, (source >> 8) as u8, source as u8), 0)).expect("loopback has the address");
            for _ in 0..OF_ONE {
                forged(&mut random, &mut payload);
                socket.send_to(&payload, (Ipv4Addr::LOCALHOST, port)).expect("loopback takes it");
                *sent += 1;
            }
            while sent.is_multiple_of(1_000) && waiting(port) > 1 << 19 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    };
    flood(BEFORE, &mut sent);
    let all = sent;
    listener.wait("the decoder", |l| is_done(l, all));
    let before = listener.output();
    assert!(!before.contains("\"exporter\":\"127.0.2.1\""), "the real one has not sent yet");
    for (from, octets) in &real {
        sender.send(*from, octets);
        flood(100, &mut sent);
    }
    let all = sent + sender.sent;
    listener.wait("all of it", |l| is_done(l, all));
    let last = last_object(&listener.stop());
    assert_eq!(["kernel_drops", "queue_drops"].map(|k| last[k].as_u64().unwrap()), [0, 0]);
    let exporter = last["exporters"].as_array().unwrap().iter().find(|e| e["exporter"] == "127.0.2.1" && e["version"] == "v9");
    let exporter = exporter.expect("the real exporter is among those with the most flows");
    assert_eq!(["messages", "flows", "lost", "sets_without_template"].map(|k| exporter[k].as_u64().unwrap()), [20, 536, 0, 0]);
    let problems = last["problems"].as_array().unwrap();
    let count = |code: &str| problems.iter().find(|p| p["code"] == code).map_or(0, |p| p["count"].as_u64().unwrap());
    assert!(count("exporter-evicted") > 1_000 && count("template-evicted") > 1_000, "{problems:?}");
    assert_eq!((count("exporter-limit"), last["exporters_in_all"].as_u64().unwrap()), (0, 505));
    assert!(last["templates"].as_u64().unwrap() <= 1_000);
}
