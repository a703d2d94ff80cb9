//! Datagrams sent again: the same octets in the same order, at a pace, to collectors of others, under the addresses of their exporters.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ipfix_inspect::datagram::Endpoint;
use ipfix_inspect::input::{Input, InputOptions, Location};
use ipfix_inspect::time::Timestamp;

use crate::support::{PROGRAM, cell, flows, nanos, on_ci, program, run, skip, stderr, testdata, tsv};

/// Nothing that comes after this pause is waited for.
const SILENCE: Duration = Duration::from_secs(5);

/// What a capture holds: who sent each datagram, when, and its payload.
fn captured(name: &str) -> Vec<(Endpoint, Option<Timestamp>, Vec<u8>)> {
    let mut input = Input::open(&Location::Path(testdata(name)), 0, &InputOptions::default()).expect("it can be opened");
    let mut list = Vec::new();
    while let Some(batch) = input.next_batch().expect("it can be read") {
        list.extend(batch.datagrams.iter().map(|d| (d.exporter, d.time, batch.payload(d).to_vec())));
    }
    list
}

/// A socket on loopback and its port.
fn receiver(address: &str) -> (UdpSocket, String) {
    let socket = UdpSocket::bind((address, 0)).expect("a socket on loopback");
    socket.set_read_timeout(Some(SILENCE)).expect("a time-out");
    let to = socket.local_addr().expect("an address").to_string();
    (socket, to)
}

/// Receives so many datagrams, or fewer if none comes any more: when, from where, and the octets.
fn receive(socket: UdpSocket, count: usize) -> thread::JoinHandle<Vec<(Instant, SocketAddr, Vec<u8>)>> {
    thread::spawn(move || {
        let mut list = Vec::new();
        let mut room = vec![0; 65_536];
        while list.len() < count {
            let Ok((length, from)) = socket.recv_from(&mut room) else { break };
            list.push((Instant::now(), from, room[..length].to_vec()));
        }
        list
    })
}

fn replayed(name: &str, options: &[&str], count: usize) -> Vec<(Instant, SocketAddr, Vec<u8>)> {
    let (socket, to) = receiver("127.0.0.1");
    let received = receive(socket, count);
    let file = testdata(name).to_string_lossy().into_owned();
    let output = run(&[&["replay", &file, "--to", &to], options].concat());
    assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
    received.join().expect("the receiver ends")
}

#[test]
fn the_same_payloads_in_their_order_from_a_port_for_each_session() {
    // The number of NDE datagrams stands in MANIFEST.tsv; sessions counted with tshark.
    for (name, datagrams, sessions) in [
        ("softflowd-v9.pcap", 20, 1),
        ("fprobe-v5.pcap", 12, 1),
        ("loadbalanced-softflowd-v9.pcap", 24, 2),
        ("softflowd-ipfix-over-ipv6.pcapng", 23, 1),
        ("fragments-softflowd-v9.pcap", 20, 1),
        ("mixed-one-address.pcap", 122, 3),
    ] {
        let sent = captured(name);
        let received = replayed(name, &["--rate", "5000"], datagrams);
        assert_eq!(received.len(), datagrams, "{name}");
        assert_eq!(sent.len(), datagrams, "{name}");
        let mut ports: BTreeMap<Endpoint, BTreeSet<u16>> = BTreeMap::new();
        for (number, ((exporter, _, payload), (_, from, octets))) in sent.iter().zip(&received).enumerate() {
            assert_eq!(payload, octets, "{name}: datagram {number}");
            ports.entry(*exporter).or_default().insert(from.port());
        }
        assert!(ports.values().all(|p| p.len() == 1), "{name}: {ports:?}");
        assert_eq!(ports.values().flatten().collect::<BTreeSet<_>>().len(), sessions, "{name}: {ports:?}");
    }
}

#[test]
fn to_a_destination_of_the_other_family() {
    let Ok(socket) = UdpSocket::bind("[::1]:0") else { return skip("to_a_destination_of_the_other_family", "IPv6 on loopback") };
    drop(socket);
    let (socket, to) = receiver("::1");
    let received = receive(socket, 12);
    let file = testdata("fprobe-v5.pcap").to_string_lossy().into_owned();
    let output = run(&["replay", &file, "--to", &to, "--rate", "max"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains(&format!("sent 12 datagrams (15984 octets) of 1 session to {to} in ")), "{}", stderr(&output));
    assert_eq!(received.join().expect("the receiver ends").len(), 12);
}

/// A capture of v5 messages without flows worth a name, at these milliseconds.
fn capture_at(folder: &Path, millis: &[u32]) -> String {
    let mut octets = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    for (number, at) in millis.iter().enumerate() {
        let mut payload = vec![0, 5, 0, 1];
        payload.extend([60_000 + at, 1_700_000_000, 0, number as u32, 0].iter().flat_map(|n: &u32| n.to_be_bytes()));
        payload.extend([0; 48]);
        let mut packet = vec![0x45, 0, 0, 100, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0x10, 0, 0x08, 0x07, 0, 80, 0, 0];
        packet.extend(payload);
        octets.extend([1_700_000_000 + at / 1000, at % 1000 * 1000, 100, 100].iter().flat_map(|n: &u32| n.to_le_bytes()));
        octets.extend(packet);
    }
    let path = folder.join("paced.pcap");
    fs::write(&path, octets).expect("a file");
    path.to_string_lossy().into_owned()
}

#[test]
fn the_pace_of_the_capture_a_multiple_of_it_and_a_rate() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = capture_at(folder.path(), &[0, 400, 400, 1_000]);
    let gaps = |options: &[&str]| {
        let (socket, to) = receiver("127.0.0.1");
        let received = receive(socket, 4);
        let output = run(&[&["replay", &file, "--to", &to], options].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let list = received.join().expect("the receiver ends");
        assert_eq!(list.len(), 4);
        list.iter().map(|(at, ..)| at.duration_since(list[0].0).as_millis()).collect::<Vec<_>>()
    };
    // A busy machine is late, never early; the first one may be received late.
    let about = |found: Vec<u128>, expected: [u128; 4]| {
        let close = found.iter().zip(expected).all(|(found, expected)| (expected.saturating_sub(60)..expected + 700).contains(found));
        assert!(close, "{found:?}, expected {expected:?}");
    };
    about(gaps(&[]), [0, 400, 400, 1_000]);
    about(gaps(&["--speed", "2"]), [0, 200, 200, 500]);
    about(gaps(&["--speed", "0.5"]), [0, 800, 800, 2_000]);
    about(gaps(&["--rate", "5"]), [0, 200, 400, 600]);
    about(gaps(&["--rate", "0"]), [0; 4]);
}

#[test]
fn rounds_and_a_limit() {
    let received = replayed("fprobe-v5.pcap", &["--rate", "max", "--loop", "3"], 36);
    let sent: Vec<Vec<u8>> = captured("fprobe-v5.pcap").into_iter().map(|(_, _, payload)| payload).collect();
    assert_eq!(received.iter().map(|(_, _, payload)| payload.clone()).collect::<Vec<_>>(), [&sent[..], &sent[..], &sent[..]].concat());
    let received = replayed("fprobe-v5.pcap", &["--rate", "max", "--loop", "--limit", "17"], 17);
    assert_eq!(received.iter().map(|(_, _, payload)| payload.clone()).collect::<Vec<_>>(), [&sent[..], &sent[..5]].concat());
}

/// nfcapd on a port of loopback, or in a namespace; what it stores is in the folder once it has ended.
struct Nfcapd {
    child: Child,
    folder: tempfile::TempDir,
}

impl Nfcapd {
    /// `None` where nfcapd is absent. `before` is what runs it.
    fn start(before: &[&str], options: &[&str], port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_string_lossy().into_owned();
        let port = port.to_string();
        let words = [before, &["nfcapd", "-p", &port, "-w", &path, "-t", "3600", "-B", "8000000"], options].concat();
        let mut child = Command::new(words[0]).args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().ok()?;
        // It says so once it is bound.
        let mut errors = BufReader::new(child.stderr.take().expect("a pipe was asked for"));
        let mut line = String::new();
        while errors.read_line(&mut line).is_ok_and(|n| n > 0) && !line.contains("Startup nfcapd") {}
        assert!(line.contains("Startup nfcapd"), "nfcapd did not start: {line}");
        thread::spawn(move || errors.read_to_end(&mut Vec::new()));
        Some(Self { child, folder })
    }

    /// Ends it and gives nfdump's CSV of what it stored: a row for each flow, by the names of its header.
    fn flows(mut self) -> Vec<BTreeMap<String, String>> {
        // What was sent is in its socket by now, and read in a moment.
        thread::sleep(Duration::from_millis(700));
        let ended = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(ended.is_ok_and(|s| s.success()), "kill is there");
        self.child.wait().expect("nfcapd ends");
        let path = self.folder.path().to_string_lossy().into_owned();
        let output = Command::new("nfdump").args(["-R", &path, "-o", "csv"]).env("TZ", "UTC").output().expect("nfdump runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let mut lines = text.lines().take_while(|line| *line != "Summary");
        let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
        lines
            .map(|line| header.iter().zip(line.split(',')).map(|(name, value)| ((*name).to_owned(), value.trim().to_owned())).collect())
            .collect()
    }
}

/// A port of loopback that is free at the moment.
fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").and_then(|s| s.local_addr()).expect("a port").port()
}

fn has_nfcapd(test: &str) -> bool {
    let there = Command::new("nfcapd").arg("-V").output().is_ok() && Command::new("nfdump").arg("-V").output().is_ok();
    if !there {
        skip(test, "nfdump");
    }
    there
}

/// What nfcapd stores of a file that is replayed to it.
fn at_nfcapd(name: &str, options: &[&str]) -> Vec<BTreeMap<String, String>> {
    let port = free_port();
    let nfcapd = Nfcapd::start(&[], &["-b", "127.0.0.1"], port).expect("nfcapd runs");
    let file = testdata(name).to_string_lossy().into_owned();
    let to = format!("127.0.0.1:{port}");
    let output = run(&[&["replay", &file, "--to", &to, "--rate", "2000"], options].concat());
    assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
    nfcapd.flows()
}

#[test]
fn nfcapd_stores_the_flows_of_the_capture() {
    if !has_nfcapd("nfcapd_stores_the_flows_of_the_capture") {
        return;
    }
    for row in tsv(&testdata("MANIFEST.tsv")) {
        let name = row["file"].as_str();
        if !["softflowd-v9.pcap", "softflowd-ipfix.pcap", "fprobe-v5.pcap", "fprobe-v7.pcap", "fragments-softflowd-v9.pcap"].contains(&name)
        {
            continue;
        }
        let stored = at_nfcapd(name, &[]);
        assert_eq!(stored.len().to_string(), row["nfdump_flows"], "{name}");
        let sum = |column: &str| stored.iter().map(|flow| flow[column].parse::<u64>().expect("a number")).sum::<u64>().to_string();
        assert_eq!((sum("ipkt"), sum("ibyt")), (row["packets"].clone(), row["bytes"].clone()), "{name}");
    }
}

#[test]
fn templates_first_lets_a_collector_read_what_came_before_them() {
    if !has_nfcapd("templates_first_lets_a_collector_read_what_came_before_them") {
        return;
    }
    for row in tsv(&testdata("MANIFEST.tsv")).iter().filter(|row| row["file"].starts_with("late-softflowd")) {
        let name = &row["file"];
        let (without, with) = (at_nfcapd(name, &[]), at_nfcapd(name, &["--templates-first"]));
        assert_eq!(without.len().to_string(), row["nfdump_flows"], "{name}");
        assert_eq!(with.len().to_string(), row["flows"], "{name}");
        assert!(without.len() < with.len(), "{name}");
    }
}

/// Seconds since 1970 of nfdump's times, `2026-11-22 20:49:11`.
fn nfdump_seconds(text: &str) -> i64 {
    let time = format!("{}Z", text.replace(' ', "T"));
    (nanos(&time).unwrap_or_else(|| panic!("no time: {text}")) / 1_000_000_000) as i64
}

#[test]
fn retimed_flows_are_the_same_some_seconds_later() {
    if !has_nfcapd("retimed_flows_are_the_same_some_seconds_later") {
        return;
    }
    for name in ["softflowd-v9.pcap", "softflowd-ipfix.pcap", "fprobe-v5.pcap", "fprobe-v7.pcap"] {
        let before = at_nfcapd(name, &[]);
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64;
        let after = at_nfcapd(name, &["--retime"]);
        let ended = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64;
        assert!(before.len() > 300, "{name}");
        assert_eq!(before.len(), after.len(), "{name}");
        let mut shifts = BTreeSet::new();
        for (old, new) in before.iter().zip(&after) {
            for (column, value) in old.iter().filter(|(column, _)| !["ts", "te", "tr"].contains(&column.as_str())) {
                assert_eq!(value, &new[column], "{name}: {column}");
            }
            shifts.extend(["ts", "te"].map(|column| nfdump_seconds(&new[column]) - nfdump_seconds(&old[column])));
        }
        let sent = captured(name);
        let captured = |at: usize| sent[at].1.expect("a capture has times").nanos().div_euclid(1_000_000_000);
        let (first, last) = (captured(0), captured(sent.len() - 1));
        // Sent in a moment instead of as captured, the last datagram moves less than the first, by the length of the capture.
        let (least, most) = (*shifts.first().expect("some"), *shifts.last().expect("some"));
        assert!(most - least <= last - first + 2, "{name}: {shifts:?}");
        assert!(
            least >= begun - last - 2 && most <= ended - first + 1,
            "{name}: {shifts:?}, captured {first} to {last}, sent {begun} to {ended}"
        );
    }
}

/// Times of every form, by this program's decoder, whose times other tests hold against tshark's and nfdump's.
#[test]
fn every_form_of_time_moves_by_the_same_seconds() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, datagrams) in
        [("softflowd-ipfix-nano.pcap", 23), ("pmacct-ipfix-usec-sampled.pcap", 39), ("softflowd-ipfix-bidir-milli.pcap", 15)]
    {
        // At the capture's own pace times a thousand its few seconds change nothing by more than themselves; a copy with one time has none.
        let sent = captured(name);
        let log = folder.path().join("same");
        let received = replayed(name, &["--retime", "--rate", "max"], datagrams);
        fs::write(&log, received.iter().flat_map(|(_, _, octets)| octets.clone()).collect::<Vec<u8>>()).expect("a file");
        let columns = "src_addr,dst_addr,src_port,dst_port,bytes,flow_start,flow_end";
        let (old, new) = (flows(&testdata(name), columns).expect("flows"), flows(&log, columns).expect("flows"));
        assert_eq!(old.len(), new.len(), "{name}");
        let span = sent.last().and_then(|l| l.1).expect("a time").nanos() - sent[0].1.expect("a time").nanos();
        let mut shifts = BTreeSet::new();
        for (old, new) in old.iter().zip(&new) {
            for column in ["src_addr", "dst_addr", "src_port", "dst_port", "bytes"] {
                assert_eq!(old[column], new[column], "{name}");
            }
            for column in ["flow_start", "flow_end"] {
                let by = nanos(&cell(&new[column])).expect("a time") - nanos(&cell(&old[column])).expect("a time");
                assert_eq!(by % 1_000_000_000, 0, "{name}: whole seconds");
                shifts.insert((by / 1_000_000_000) as i64);
            }
        }
        let spread = shifts.last().expect("some") - shifts.first().expect("some");
        assert!(*shifts.first().expect("some") > 0 && spread <= span / 1_000_000_000 + 5, "{name}: {shifts:?}");
    }
}

#[test]
fn an_interrupt_ends_a_replay_with_its_counts() {
    let (socket, to) = receiver("127.0.0.1");
    let file = testdata("fprobe-v5.pcap").to_string_lossy().into_owned();
    let mut child = program(&["replay", &file, "--to", &to, "--rate", "100", "--loop"]).stderr(Stdio::piped()).spawn().expect("it starts");
    assert_eq!(receive(socket, 20).join().expect("the receiver ends").len(), 20);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    if !sent.is_ok_and(|status| status.success()) {
        let _ = child.kill();
        let _ = child.wait();
        return skip("an_interrupt_ends_a_replay_with_its_counts", "kill");
    }
    let status = child.wait().expect("it ends");
    let mut errors = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut errors).expect("text");
    assert_eq!(status.code(), Some(130), "{errors}");
    assert!(errors.starts_with("ipfix-inspect: sent ") && errors.contains(" of 1 session to ") && errors.contains("0 errors"), "{errors}");
}

#[test]
fn mistakes_are_told_in_a_sentence() {
    let file = testdata("fprobe-v5.pcap").to_string_lossy().into_owned();
    let stored = testdata("nfcapd-1.6").to_string_lossy().into_owned();
    for (args, expected) in [
        (vec!["replay", &file, "--to", "127.0.0.1"], "--to 127.0.0.1: expected a port as well, such as 127.0.0.1:2055"),
        (vec!["replay", &file, "--to", "127.0.0.1:x"], "--to: '127.0.0.1:x' is no destination: expected a host or host:port"),
        (vec!["replay", &file, "--to", "127.0.0.1:9", "--rate", "fast"], "--rate fast: expected datagrams a second, such as 50000, or max"),
        (vec!["replay", &file, "--to", "127.0.0.1:9", "--speed", "0"], "--speed 0: expected a number above 0"),
        (vec!["replay", "-", "--to", "127.0.0.1:9", "--loop"], "--loop: standard input can be read only once; name a file"),
        (vec!["replay", "no.pcap", "--to", "127.0.0.1:9"], "no.pcap"),
        (vec!["replay", &stored, "--to", "127.0.0.1:9"], "flows were left out: their file holds flows, and no messages that could be sent"),
    ] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{args:?}: {}", stderr(&output));
    }
    // Nobody listens: the system says so.
    let to = format!("127.0.0.1:{}", free_port());
    let output = run(&["replay", &file, "--to", &to, "--rate", "1000"]);
    assert!(stderr(&output).contains("nobody listens there"), "{}", stderr(&output));
}

#[test]
fn a_damaged_capture_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (cut, target) = (folder.path().join("cut.pcap"), UdpSocket::bind("127.0.0.1:0").unwrap());
    let octets = std::fs::read(testdata("softflowd-v9.pcap")).unwrap();
    let to = target.local_addr().unwrap().to_string();
    for (length, is_told) in [(9_000, true), (octets.len(), false)] {
        std::fs::write(&cut, &octets[..length]).unwrap();
        let output = run(&["replay", cut.to_str().unwrap(), "--to", &to, "--rate", "10000"]);
        let line = "ipfix-inspect: 1 input is damaged, and what could be read was sent; `ipfix-inspect FILE` shows where\n";
        assert_eq!((output.status.code(), stderr(&output).contains(line)), (Some(0), is_told), "{}", stderr(&output));
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"))
}

#[test]
fn without_the_capability_spoofing_says_what_to_do() {
    let file = testdata("fprobe-v5.pcap").to_string_lossy().into_owned();
    let words = ["--bounding-set", "-net_raw", "--inh-caps", "-net_raw", PROGRAM, "replay", &file, "--to", "127.0.0.1:9", "--spoof"];
    let (program, words) = if is_root() { ("setpriv", &words[..]) } else { (PROGRAM, &words[5..]) };
    let Ok(output) = Command::new(program).args(words).output() else {
        return skip("without_the_capability_spoofing_says_what_to_do", "setpriv");
    };
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let expected = "ipfix-inspect: --spoof: sending under the exporter's address needs the capability CAP_NET_RAW: run it as root, or `setcap \
                    cap_net_raw+ep` the program, or leave --spoof out\n";
    assert_eq!(stderr(&output), expected);
}

/// Two network namespaces with a cable between them, for one test; gone with it.
struct Namespaces {
    near: String,
    far: String,
}

impl Namespaces {
    fn new() -> Option<Self> {
        let id = std::process::id();
        let names = Self { near: format!("ipfix-near-{id}"), far: format!("ipfix-far-{id}") };
        let (near, far) = (names.near.as_str(), names.far.as_str());
        let ip = |words: &[&str]| Command::new("ip").args(words).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
        let made = ip(&["netns", "add", near])
            && ip(&["netns", "add", far])
            && ip(&["link", "add", "name", "near0", "netns", near, "type", "veth", "peer", "name", "far0", "netns", far])
            && [(near, "near0", "198.51.100.1/24", "2001:db8:7::1/64"), (far, "far0", "198.51.100.7/24", "2001:db8:7::7/64")].iter().all(
                |(space, device, v4, v6)| {
                    ip(&["-n", space, "addr", "add", v4, "dev", device])
                        && ip(&["-n", space, "addr", "add", v6, "dev", device, "nodad"])
                        && ip(&["-n", space, "link", "set", "lo", "up"])
                        && ip(&["-n", space, "link", "set", device, "up"])
                },
            )
            // The far end must not ask whether it could answer the exporter that way.
            && ["all", "far0"].iter().all(|what| {
                let key = format!("net.ipv4.conf.{what}.rp_filter=0");
                Command::new("ip").args(["netns", "exec", far, "sysctl", "-q", "-w", &key]).status().is_ok_and(|s| s.success())
            });
        // Dropped, it takes away what there is of it.
        made.then_some(names)
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in [&self.near, &self.far] {
            let _ = Command::new("ip").args(["netns", "del", name]).stderr(Stdio::null()).status();
        }
    }
}

#[test]
fn spoofed_datagrams_arrive_from_their_exporters_with_right_checksums() {
    const TEST: &str = "spoofed_datagrams_arrive_from_their_exporters_with_right_checksums";
    if !is_root() && !on_ci() {
        return skip(TEST, "root");
    }
    if !has_nfcapd(TEST) {
        return;
    }
    if Command::new("tshark").arg("-v").output().is_err() {
        return skip(TEST, "tshark");
    }
    let Some(spaces) = Namespaces::new() else { return skip(TEST, "iproute2, or the right to make network namespaces") };
    let folder = tempfile::tempdir().expect("a folder");
    // Exporter and flows stand in testdata/README.md and MANIFEST.tsv. The last two are larger than the cable takes, so they go in fragments.
    for (name, exporter, datagrams, to, six) in [
        ("softflowd-v9.pcap", "203.0.113.2", 20, "198.51.100.7:2055", "-4"),
        ("softflowd-ipfix-over-ipv6.pcapng", "2001:db8:f::2", 23, "[2001:db8:7::7]:2055", "-6"),
        ("fragments-softflowd-v9.pcap", "203.0.113.2", 20, "198.51.100.7:2055", "-4"),
        ("fragments6-softflowd-ipfix.pcap", "2001:db8:f::2", 23, "[2001:db8:7::7]:2055", "-6"),
    ] {
        let file = testdata(name).to_string_lossy().into_owned();
        let into = folder.path().join(name);
        let mut tshark = Command::new("ip")
            .args(["netns", "exec", &spaces.far, "tshark", "-q", "-i", "far0", "-w"])
            .arg(&into)
            .stderr(Stdio::piped())
            .spawn()
            .expect("tshark starts");
        let mut errors = BufReader::new(tshark.stderr.take().expect("a pipe"));
        let mut line = String::new();
        while errors.read_line(&mut line).is_ok_and(|n| n > 0) && !line.contains("Capturing on") {}
        thread::spawn(move || errors.read_to_end(&mut Vec::new()));
        thread::sleep(Duration::from_millis(700));
        let nfcapd = Nfcapd::start(&["ip", "netns", "exec", &spaces.far], &[six], 2055).expect("nfcapd runs");
        let output = Command::new("ip")
            .args(["netns", "exec", &spaces.near, PROGRAM, "replay", &file, "--to", to, "--rate", "500", "--spoof"])
            .output()
            .expect("ip runs");
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        let stored = nfcapd.flows();
        assert_eq!(stored.len(), 536, "{name}");
        assert!(stored.iter().all(|flow| flow["ra"] == exporter), "{name}: {:?}", stored[0]);
        thread::sleep(Duration::from_millis(500));
        let _ = Command::new("kill").args(["-INT", &tshark.id().to_string()]).status();
        tshark.wait().expect("tshark ends");
        // 1 means that a checksum is right; the payloads as tshark puts them together, beside the capture's own.
        let fields = ["ip.src", "ipv6.src", "ip.checksum.status", "udp.checksum.status", "udp.srcport", "udp.payload"];
        let read = |path: &Path, filter: &str| -> Vec<Vec<String>> {
            let mut tshark = Command::new("tshark");
            tshark.args(["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-Y", filter, "-T", "fields", "-r"]).arg(path);
            for field in fields {
                tshark.args(["-e", field]);
            }
            let output = tshark.output().expect("tshark runs");
            let text = String::from_utf8(output.stdout).expect("text");
            text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
        };
        let (sent, arrived) = (read(&testdata(name), "udp"), read(&into, "udp.dstport == 2055"));
        assert_eq!((sent.len(), arrived.len()), (datagrams, datagrams), "{name}");
        for (sent, arrived) in sent.iter().zip(&arrived) {
            assert_eq!([&sent[0], &sent[1], &sent[4], &sent[5]], [&arrived[0], &arrived[1], &arrived[4], &arrived[5]], "{name}");
            assert_eq!(arrived[3], "1", "{name}: {arrived:?}");
            assert_eq!(arrived[2], if six == "-4" { "1" } else { "" }, "{name}");
        }
        assert!(arrived.iter().all(|row| format!("{}{}", row[0], row[1]) == exporter), "{name}");
    }
}
