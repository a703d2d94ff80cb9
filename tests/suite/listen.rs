//! `listen` at work: what it shows, forwards, records and keeps; signals; what it does when something is missing.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::live::{Listener, Sender, last_object, payloads};
use crate::support::{self, PROGRAM, testdata};

const JSON: [&str; 4] = ["--summary", "1s", "--format", "json"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    JSON.iter().chain(more).copied().collect()
}

fn sum(value: &Value, list: &str, key: &str) -> u64 {
    value[list].as_array().unwrap().iter().map(|v| v[key].as_u64().unwrap()).sum()
}

#[test]
fn a_summary_counts_and_judges() {
    let listener = Listener::start(&JSON);
    let mut sender = Sender::new(listener.ports[0]);
    for name in ["softflowd-v9.pcap", "dropped-softflowd-v5.pcap", "no-template-softflowd-ipfix.pcap"] {
        sender.send_all(&payloads(&testdata(name)));
    }
    listener.wait("the first summary", |l| l.output().lines().any(|line| line.contains("\"flows\":850")));
    let last = last_object(&listener.stop());
    // 536 and 314 flows by MANIFEST.tsv; 20, 11 and 11 datagrams; 90 flows missing by the sequence.
    let totals = ["messages", "flows", "datagrams", "kernel_drops", "queue_drops", "refused"].map(|key| last[key].as_u64().unwrap());
    assert_eq!(totals, [42, 850, 42, 0, 0, 0]);
    assert_eq!(
        (last["bytes"].as_u64(), last["packets"].as_u64()),
        (Some(sum(&last, "exporters", "bytes")), Some(sum(&last, "exporters", "packets")))
    );
    let exporter = |version: &str| last["exporters"].as_array().unwrap().iter().find(|e| e["version"] == version).unwrap().clone();
    assert_eq!((&exporter("v5")["lost"], &exporter("v5")["verdict"]), (&90.into(), &"complete".into()));
    assert_eq!((&exporter("v9")["templates"], &exporter("v9")["options_templates"]), (&4.into(), &1.into()));
    // Two of its templates lack ports, but carry ICMP alone.
    assert_eq!((&exporter("v9")["missing"], &exporter("v9")["verdict"]), (&Value::Array(Vec::new()), &"complete-by-alternates".into()));
    assert!(exporter("IPFIX")["sets_without_template"].as_u64().unwrap() > 0);
    assert_eq!(last["problems"][0]["code"], "no-template");
}

#[test]
fn lines_end_with_the_limit_and_with_the_reader() {
    let all = payloads(&testdata("fprobe-v5.pcap"));
    let listener = Listener::start(&["--format", "csv", "--columns", "src_port", "--limit", "40", "--filter", "proto udp or proto tcp"]);
    Sender::new(listener.ports[0]).send_all(&all);
    let ended = listener.ended();
    assert_eq!((ended.status.code(), ended.stdout.lines().count()), (Some(0), 41));
    let mut head = Command::new("sh");
    head.args(["-c", &format!("exec {PROGRAM} listen --port 0 --format csv --columns src_port | head -n 3")]);
    let mut listener = Listener::of(head, 1);
    let mut sender = Sender::new(listener.ports[0]);
    // That nobody reads any more is noticed when something is written.
    while listener.runs() && sender.sent < 10_000 {
        sender.send_all(&all);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(listener.ended().stdout.lines().count(), 3);
}

#[test]
fn every_datagram_goes_on_unchanged_though_one_destination_is_dead() {
    let targets: Vec<UdpSocket> = (0..2).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let to: Vec<String> = targets.iter().map(|t| t.local_addr().unwrap().to_string()).collect();
    let dead = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let listener = Listener::start(&with(&["--forward", &to[0], "--forward", &dead, "--forward", &to[1], "--forward-version", "v9,v5"]));
    let mut all = payloads(&testdata("softflowd-v9.pcap"));
    all.extend(payloads(&testdata("fprobe-v5.pcap")));
    let mut mixed = all.clone();
    mixed.extend(payloads(&testdata("softflowd-ipfix.pcap")));
    Sender::new(listener.ports[0]).send_all(&mixed);
    let last = last_object(&listener.stop());
    for target in &targets {
        target.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut buffer = vec![0; 65_536];
        for (_, payload) in &all {
            let length = target.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], payload);
        }
        target.set_nonblocking(true).unwrap();
        assert!(target.recv(&mut buffer).is_err(), "nothing else");
    }
    let forwards = last["forwards"].as_array().unwrap();
    assert!(forwards.iter().all(|f| f["filtered"] == 20 && f["dropped"] == 0 && f["failed"] == 0), "{forwards:?}");
    assert_eq!((&forwards[0]["sent"], &forwards[0]["refused"]), (&32.into(), &0.into()));
    assert!(forwards[1]["refused"].as_u64().unwrap() > 5, "{:?}", forwards[1]);
    assert_eq!(last["messages"], 52);
}

#[test]
fn exporters_that_are_not_allowed_are_counted_and_not_decoded() {
    let target = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = target.local_addr().unwrap().to_string();
    let listener = Listener::start(&with(&["--allow", "127.0.2.1,192.0.2.0/24", "--forward", &to]));
    let all = payloads(&testdata("fprobe-v5.pcap"));
    let mut sender = Sender::new(listener.ports[0]);
    sender.send_all(&all);
    let stranger = ipfix_inspect::datagram::Endpoint { addr: "203.0.113.99".parse().unwrap(), port: 1 };
    let stranger: Vec<_> = all.iter().map(|(_, payload)| (stranger, payload.clone())).collect();
    sender.send_all(&stranger);
    let ended = listener.stop();
    let last = last_object(&ended);
    let count = all.len() as u64;
    assert_eq!(["datagrams", "messages", "refused"].map(|k| last[k].as_u64().unwrap()), [2 * count, count, count]);
    assert_eq!((&last["exporters_in_all"], &last["forwards"][0]["sent"]), (&1.into(), &count.into()));
    assert!(ended.stderr.contains("127.0.2.2 is not allowed"), "{}", ended.stderr);
}

#[test]
fn what_is_recorded_is_what_was_sent() {
    for zstd in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().to_str().unwrap();
        let mut args = with(&["--record", dir, "--rotate", "20kB"]);
        args.extend(zstd.then_some("--record-zstd"));
        let listener = Listener::start(&args);
        let mut all = payloads(&testdata("pmacct-v9-as.pcap"));
        all.extend(payloads(&testdata("softflowd-ipfix-over-ipv6.pcapng")));
        Sender::new(listener.ports[0]).send_all(&all);
        let last = last_object(&listener.stop());
        assert_eq!(last["recorders"][0]["datagrams"], all.len() as u64);
        let mut files = names(folder.path());
        files.sort();
        assert_eq!((files.len() > 2, last["recorders"][0]["files"].as_u64()), (true, Some(files.len() as u64)), "{files:?}");
        let end = if zstd { ".pcapng.zst" } else { ".pcapng" };
        let read: Vec<Vec<u8>> = files.iter().flat_map(|f| payloads(&folder.path().join(f))).map(|(_, payload)| payload).collect();
        let sent: Vec<Vec<u8>> = all.into_iter().map(|(_, payload)| payload).collect();
        assert!(files.iter().all(|f| f.starts_with("default_Netflow-") && f.ends_with(end)), "{files:?}");
        assert!(read == sent, "{} datagrams in the files, {} sent", read.len(), sent.len());
        if !zstd {
            tshark_counts(&folder.path().join(&files[0]));
        }
    }
}

/// tshark finds no fault in the checksums, and our count of datagrams.
fn tshark_counts(file: &Path) {
    let checks = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
    let tshark = Command::new("tshark")
        .arg("-r")
        .arg(file)
        .args(checks)
        .args(["-T", "fields", "-e", "udp.checksum.status", "-e", "ip.checksum.status"])
        .output();
    let Ok(output) = tshark else { return support::skip("what_is_recorded_is_what_was_sent", "tshark") };
    let lines = support::stdout(&output);
    // 1 is good; the status is shown by number or by name.
    let good = |line: &&str| line.split('\t').filter(|s| !s.is_empty()).all(|s| matches!(s, "1" | "Good"));
    assert_eq!(lines.lines().filter(good).count(), payloads(file).len(), "{lines}");
}

fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_killed_run_leaves_all_but_the_flush_interval() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let listener = Listener::start(&with(&["--record", dir, "--flush", "200ms"]));
    let all = payloads(&testdata("softflowd-v9.pcap"));
    let mut sender = Sender::new(listener.ports[0]);
    sender.send_all(&all);
    listener.wait("the first flush", |l| l.output().contains(&format!("\"datagrams\":{},\"octets\"", all.len())));
    std::thread::sleep(Duration::from_millis(1_200));
    sender.send(all[0].0, &all[0].1);
    listener.signal("KILL");
    let ended = listener.ended();
    assert_eq!(ended.status.code(), None);
    let files = names(folder.path());
    assert!(matches!(files.as_slice(), [one] if one.ends_with(".pcapng.part")), "{files:?}");
    let kept = payloads(&folder.path().join(&files[0]));
    assert!(kept.len() >= all.len() && kept.iter().zip(&all).all(|((_, kept), (_, sent))| kept == sent), "{} of {}", kept.len(), all.len());
}

/// A run that writes with `option` onto a file system of 4 MiB which is nearly full, and forwards: its last summary, the datagrams sent, and the
/// files that are left, after it has stopped writing and gone on. `None` where no such file system can be made.
fn on_a_full_disk(test: &str, option: &str, stopped: &str, on_again: &str) -> Option<(Value, u64, Vec<String>, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("full");
    std::fs::create_dir(&dir).unwrap();
    let dir = dir.to_str().unwrap();
    let target = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = target.local_addr().unwrap().to_string();
    // The file system is in a mount namespace of its own; a file in it takes most of the room, and goes away when a signal file appears. What is
    // left in the end is copied out.
    let script = format!(
        "mount -t tmpfs -o size=4m tmpfs {dir} || exit 77\n\
         head -c 3500000 /dev/zero > {dir}/ballast\n\
         (while [ ! -e {dir}-go ]; do sleep 0.1; done; rm {dir}/ballast) &\n\
         {PROGRAM} listen --port 0 --summary 1s --format json {option} {dir} --flush 100ms --forward {to}\n\
         cp -r {dir} {dir}-files\n"
    );
    if !Command::new("unshare").args(["-rm", "true"]).output().is_ok_and(|o| o.status.success()) {
        support::skip(test, "unshare with user namespaces");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script]);
    let listener = Listener::of(command, 1);
    let mut sender = Sender::new(listener.ports[0]);
    let all = payloads(&testdata("pmacct-v9-as.pcap"));
    // Some 70 kB each time.
    while !listener.log().contains(stopped) {
        sender.send_all(&all);
        std::thread::sleep(Duration::from_millis(200));
        assert!(sender.sent < 20_000, "{}", listener.log());
    }
    sender.send_all(&all);
    std::fs::write(format!("{dir}-go"), "").unwrap();
    // What comes while nothing is tried does not make it go on.
    listener.wait("room", |l| {
        sender.send_all(&all);
        std::thread::sleep(Duration::from_millis(200));
        l.log().contains(on_again)
    });
    sender.send_all(&all);
    let sent = sender.sent;
    // The shell waits for the program, which is its child.
    let ended = {
        let children = Command::new("pgrep").args(["-P", &listener.id().to_string(), "ipfix-inspect"]).output().expect("pgrep starts");
        let child = support::stdout(&children);
        assert!(Command::new("kill").args(["-TERM", child.trim()]).status().unwrap().success());
        listener.ended()
    };
    let last = last_object(&ended);
    assert_eq!((&last["forwards"][0]["sent"], &last["messages"]), (&sent.into(), &sent.into()));
    Some((last, sent, names(Path::new(&format!("{dir}-files"))), folder))
}

#[test]
fn a_full_disk_stops_recording_alone_until_there_is_room() {
    let test = "a_full_disk_stops_recording_alone_until_there_is_room";
    let Some((last, sent, files, _folder)) = on_a_full_disk(test, "--record", "RECORDING HAS STOPPED", "recording goes on") else { return };
    let recorder = &last["recorders"][0];
    let number = |key: &str| recorder[key].as_u64().unwrap();
    assert_eq!((&recorder["stopped"], number("datagrams") + number("lost")), (&false.into(), sent));
    let one = payloads(&testdata("pmacct-v9-as.pcap")).len() as u64;
    assert!(number("lost") >= one && number("datagrams") >= one && number("files") >= 2, "{recorder}");
    assert!(files.iter().all(|f| f.ends_with(".pcapng")), "{files:?}");
}

#[test]
fn a_full_disk_stops_exporting_alone_until_there_is_room() {
    let test = "a_full_disk_stops_exporting_alone_until_there_is_room";
    for (option, end) in [("--rotate 1s --export", ".parquet"), ("--rotate 1s --export-format csv --export", ".csv")] {
        let Some((last, _, files, folder)) = on_a_full_disk(test, option, "EXPORTING HAS STOPPED", "exporting goes on") else { return };
        let export = &last["exports"][0];
        let number = |key: &str| export[key].as_u64().unwrap();
        assert_eq!((&export["stopped"], Some(number("flows") + number("lost"))), (&false.into(), last["flows"].as_u64()));
        assert!(number("lost") > 0 && number("flows") > 0 && number("files") == files.len() as u64, "{export} {files:?}");
        assert!(files.iter().all(|f| f.ends_with(end)), "{files:?}");
        // What is told to be written is there, to the last flow.
        let rows =
            |f: &String| support::flows(&folder.path().join("full-files").join(f), "bytes").unwrap_or_else(|e| panic!("{f}: {e}")).len();
        assert_eq!(files.iter().map(rows).sum::<usize>() as u64, number("flows"));
    }
}

#[test]
fn templates_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("templates.json");
    let args = with(&["--templates", file.to_str().unwrap()]);
    let all = payloads(&testdata("softflowd-v9.pcap"));
    let listener = Listener::start(&args);
    // The first datagram has the templates.
    Sender::new(listener.ports[0]).send(all[0].0, &all[0].1);
    listener.stop();
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept["templates"].as_array().unwrap().len(), 5);
    let listener = Listener::start(&args);
    let data: Vec<_> = all[1..9].to_vec();
    Sender::new(listener.ports[0]).send_all(&data);
    let last = last_object(&listener.stop());
    assert!(last["flows"].as_u64().unwrap() > 150, "{}", last["flows"]);
    assert_eq!((&last["sets_without_template"], &last["sets_waiting"]), (&0.into(), &0.into()));
}

#[test]
fn a_reload_keeps_the_sockets_of_unchanged_sources() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flows.toml");
    let free = || UdpSocket::bind("[::]:0").unwrap().local_addr().unwrap().port();
    let ports = [free(), free(), free()];
    let source = |name: &str, port: u16, more: &str| format!("[[source]]\nname = \"{name}\"\nmonitoring_port = {port}\n{more}\n");
    std::fs::write(&file, source("one", ports[0], "") + &source("two", ports[1], "")).unwrap();
    let command = support::program(&["listen", "--config", file.to_str().unwrap(), "--summary", "1s", "--format", "json"]);
    let listener = Listener::of(command, 2);
    assert_eq!(listener.ports, ports[..2]);
    let inodes = || {
        let found = std::fs::read_to_string("/proc/net/udp6").unwrap_or_default();
        let of = |port: u16| {
            let local = format!(":{port:04X} ");
            found.lines().find(|line| line.contains(&local)).and_then(|line| line.split_whitespace().nth(9)).map(str::to_owned)
        };
        ports.map(of)
    };
    let before = inodes();
    // A file with a fault changes nothing.
    std::fs::write(&file, "[[source]]\nname = 1\n").unwrap();
    listener.signal("HUP");
    listener.wait("the complaint", |l| l.log().contains("all goes on as before"));
    assert_eq!(inodes(), before);
    std::fs::write(&file, source("one", ports[0], "allow = [\"127.0.2.1\"]") + &source("three", ports[2], "type = [\"v9\"]")).unwrap();
    listener.signal("HUP");
    listener.wait("the new configuration", |l| l.log().contains("1 of the ports stayed open"));
    let after = inodes();
    assert_eq!((&after[0], &after[1], after[2].is_some()), (&before[0], &None, true));
    let v5 = payloads(&testdata("fprobe-v5.pcap"));
    let v9 = payloads(&testdata("softflowd-v9.pcap"));
    let mut sender = Sender::new(ports[0]);
    sender.send_all(&v5);
    Sender::new(ports[2]).send_all(&v5);
    Sender::new(ports[2]).send_all(&v9);
    let last = last_object(&listener.stop());
    let sources = last["sources"].as_array().unwrap();
    let told: Vec<(&str, u64, u64, bool)> = sources
        .iter()
        .map(|s| {
            (s["name"].as_str().unwrap(), s["datagrams"].as_u64().unwrap(), s["refused"].as_u64().unwrap(), s["open"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(told.iter().map(|t| (t.0, t.1, t.2)).collect::<Vec<_>>(), [("one", 12, 0), ("two", 0, 0), ("three", 32, 12)]);
    assert_eq!(last["messages"], 32);
}

#[test]
fn each_source_exports_into_its_own_folder_also_after_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flows.toml");
    for name in ["a", "b", "c"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let free = || UdpSocket::bind("[::]:0").unwrap().local_addr().unwrap().port();
    let ports = [free(), free(), free()];
    let write = |exports: [&str; 3]| {
        let source = |(n, export): (usize, &str)| {
            let export = if export.is_empty() { String::new() } else { format!("export = {export}\n") };
            format!("[[source]]\nname = \"s{n}\"\nmonitoring_port = {}\n{export}\n", ports[n])
        };
        std::fs::write(&file, exports.into_iter().enumerate().map(source).collect::<String>()).unwrap();
    };
    let (a, b, c) = ("{ directory = \"a\", rotate = \"1h\" }", "{ directory = \"b\", format = \"csv\" }", "\"c\"");
    write([a, b, ""]);
    let listener =
        Listener::of(support::program(&["listen", "--config", file.to_str().unwrap(), "--summary", "1s", "--format", "json"]), 3);
    // 536 flows, 327 and 536 (MANIFEST.tsv of the captures).
    let mut senders = ports.map(Sender::new);
    let captures = ["softflowd-v9.pcap", "fprobe-v5.pcap", "softflowd-ipfix.pcap"].map(|name| payloads(&testdata(name)));
    let mut send = || senders.iter_mut().zip(&captures).for_each(|(sender, all)| sender.send_all(all));
    send();
    let flows = |l: &Listener| l.output().lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok()?["flows"].as_u64());
    listener.wait("the flows", |l| flows(l) == Some(1_399));
    // The first goes elsewhere, the second no longer exports, the third begins to.
    write([c, "", c]);
    listener.signal("HUP");
    listener.wait("the new configuration", |l| l.log().contains("3 of the ports stayed open"));
    send();
    let last = last_object(&listener.stop());
    let counts = last["exports"].as_array().unwrap();
    let told = |e: &Value| {
        let folder = Path::new(e["folder"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned();
        (folder, e["flows"].as_u64().unwrap(), e["files"].as_u64().unwrap(), e["lost"].as_u64().unwrap())
    };
    assert_eq!(counts.iter().map(told).collect::<Vec<_>>(), [("a".into(), 536, 1, 0), ("b".into(), 327, 1, 0), ("c".into(), 1_072, 1, 0)]);
    for (name, end, versions) in [("a", ".parquet", "9"), ("b", ".csv", "5"), ("c", ".parquet", "9 10")] {
        let dir = folder.path().join(name);
        let files = names(&dir);
        assert!(files.len() == 1 && files[0].ends_with(end), "{files:?}");
        let rows = support::flows(&dir.join(&files[0]), "nde_version").unwrap_or_else(|e| panic!("{e}"));
        let mut found: Vec<u64> = rows.iter().filter_map(|row| row["nde_version"].as_u64()).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.iter().map(u64::to_string).collect::<Vec<_>>().join(" "), versions, "{name}");
    }
}

#[test]
fn a_reload_keeps_what_stays_and_its_counts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flows.toml");
    let free = || UdpSocket::bind("[::]:0").unwrap().local_addr().unwrap().port();
    let ports = [free(), free()];
    let targets: Vec<UdpSocket> = (0..2).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let to: Vec<String> = targets.iter().map(|t| t.local_addr().unwrap().to_string()).collect();
    let write = |destinations: &[String], interface: &str| {
        let two = format!("[[source]]\nname = \"two\"\nmonitoring_port = {}\nmonitoring_interface = \"{interface}\"\n", ports[1]);
        let one = format!(
            "[[source]]\nname = \"one\"\nmonitoring_port = {}\nforwarding = {{ enabled = {}, destinations = {destinations:?} }}\n",
            ports[0],
            !destinations.is_empty()
        );
        std::fs::write(&file, one + &two).unwrap();
    };
    write(&to[..1], "any");
    let listener =
        Listener::of(support::program(&["listen", "--config", file.to_str().unwrap(), "--summary", "1s", "--format", "json"]), 2);
    let all = payloads(&testdata("fprobe-v5.pcap"));
    let messages = |l: &Listener| serde_json::from_str::<Value>(l.output().lines().last()?).ok()?["messages"].as_u64();
    Sender::new(ports[0]).send_all(&all);
    listener.wait("the first datagrams", |l| messages(l) == Some(12));
    // A second destination, and for the other flow source an interface that is not there: it stays as it was.
    write(&to, "nosuch0");
    listener.signal("HUP");
    listener.wait("the new configuration", |l| l.log().contains("the configuration was taken over"));
    assert!(listener.log().contains("two: it stays as it was: there is no interface 'nosuch0'"), "{}", listener.log());
    ports.iter().for_each(|port| Sender::new(*port).send_all(&all));
    listener.wait("the other datagrams", |l| messages(l) == Some(36));
    // Without any: what was sent stays counted.
    write(&[], "any");
    listener.signal("HUP");
    listener.wait("the third configuration", |l| l.log().matches("the configuration was taken over").count() == 2);
    let last = last_object(&listener.stop());
    let forwards = last["forwards"].as_array().unwrap();
    assert_eq!(
        forwards.iter().map(|f| (&f["to"], &f["sent"])).collect::<Vec<_>>(),
        [(&Value::from(to[0].as_str()), &24.into()), (&Value::from(to[1].as_str()), &12.into())]
    );
}

#[test]
fn files_and_templates_are_kept_though_standard_output_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, kept) = (folder.path().join("flows"), folder.path().join("templates.json"));
    std::fs::create_dir(&dir).unwrap();
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        &format!("exec {PROGRAM} listen --port 0 --format csv --export {} --templates {} >/dev/full", dir.display(), kept.display()),
    ]);
    let listener = Listener::of(shell, 1);
    Sender::new(listener.ports[0]).send_all(&payloads(&testdata("softflowd-v9.pcap")));
    let ended = listener.ended();
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("standard output: No space left on device"), "{}", ended.stderr);
    let files = names(&dir);
    assert!(files.len() == 1 && kept.exists(), "{files:?}");
    assert!(!support::flows(&dir.join(&files[0]), "bytes").unwrap_or_else(|e| panic!("{e}")).is_empty());
}

#[test]
fn strict_ends_with_1_where_problems_were_found() {
    for (name, status) in [("no-template-softflowd-ipfix.pcap", 1), ("softflowd-v9.pcap", 0)] {
        let listener = Listener::start(&with(&["--strict"]));
        let all = payloads(&testdata(name));
        Sender::new(listener.ports[0]).send_all(&all);
        let messages = all.len() as u64;
        let count = |l: &Listener| serde_json::from_str::<Value>(l.output().lines().last()?).ok()?["messages"].as_u64();
        listener.wait("the messages", |l| count(l) == Some(messages));
        listener.signal("TERM");
        let ended = listener.ended();
        assert_eq!(ended.status.code(), Some(status), "{name}: {}", ended.stderr);
    }
}

#[test]
fn groups_of_both_families_are_joined() {
    if !Command::new("unshare").args(["-rn", "true"]).output().is_ok_and(|o| o.status.success()) {
        return support::skip("groups_of_both_families_are_joined", "unshare with user namespaces");
    }
    let folder = tempfile::tempdir().unwrap();
    let capture = testdata("softflowd-v9.pcap");
    for (group, to) in [("ff15::7", "[ff15::7]:20551"), ("239.9.9.7", "239.9.9.7:20551")] {
        for interface in ["", "--interface near0"] {
            // A network of its own: what is sent to the group comes back to whoever of this machine has joined it.
            // There is sending as long as there is this file.
            let sending = folder.path().join("sending");
            std::fs::write(&sending, "").unwrap();
            let script = format!(
                "ip link add near0 type veth peer name far0 && ip link set near0 up && ip link set far0 up || exit 77\n\
                 ip -6 addr add fd00::1/64 dev near0 nodad && ip addr add 10.9.9.1/24 dev near0 && ip route add 224.0.0.0/4 dev near0\n\
                 (while [ -e {} ]; do sleep 0.3; {PROGRAM} replay {} --to {to} --rate 1000; done) >/dev/null 2>&1 &\n\
                 exec {PROGRAM} listen --bind {group} {interface} --port 20551 --summary 1s --format json",
                sending.display(),
                capture.display()
            );
            let mut command = Command::new("unshare");
            command.args(["-rn", "sh", "-c", &script]);
            let listener = Listener::of(command, 1);
            // What is sent before the link is up does not arrive.
            let flows = |l: &Listener| serde_json::from_str::<Value>(l.output().lines().last()?).ok()?["flows"].as_u64();
            listener.wait("the flows", |l| flows(l).is_some_and(|n| n >= 536));
            std::fs::remove_file(&sending).unwrap();
            let last = last_object(&listener.stop());
            assert_eq!(&last["messages"], &last["datagrams"], "{group} {interface}");
        }
    }
}

/// The body of an answer to GET.
fn get(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    (head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status"), body.to_owned())
}

#[test]
fn metrics_are_prometheus_text() {
    let listener = Listener::start(&with(&["--metrics", "127.0.0.1:0"]));
    let port = |log: &str| log.split_once("metrics on http://127.0.0.1:").and_then(|(_, rest)| rest.split('/').next()?.parse::<u16>().ok());
    listener.wait("the server", |l| port(&l.log()).is_some());
    let port = port(&listener.log()).unwrap();
    Sender::new(listener.ports[0]).send_all(&payloads(&testdata("softflowd-v9.pcap")));
    listener.wait("the counts", |_| get(port, "/metrics").1.contains("ipfix_inspect_flows_total{exporter=\"127.0.2.1\""));
    let (status, text) = get(port, "/metrics");
    let scrape = prometheus_parse::Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).expect("it can be parsed");
    let value = |name: &str| {
        let sample = scrape.samples.iter().find(|s| s.metric == name).unwrap_or_else(|| panic!("no {name} in:\n{text}"));
        match sample.value {
            prometheus_parse::Value::Counter(v) | prometheus_parse::Value::Gauge(v) | prometheus_parse::Value::Untyped(v) => v,
            _ => panic!("{name} is no number"),
        }
    };
    let names = [
        "ipfix_inspect_datagrams_total",
        "ipfix_inspect_messages_total",
        "ipfix_inspect_flows_total",
        "ipfix_inspect_templates",
        "ipfix_inspect_kernel_drops_total",
    ];
    assert_eq!((status, names.map(value)), (200, [20.0, 20.0, 536.0, 5.0, 0.0]));
    assert_eq!(get(port, "/health"), (200, "{\"status\":\"ok\"}\n".to_owned()));
    assert_eq!(get(port, "/else").0, 404);
    listener.stop();
}

#[test]
fn what_can_not_be_listened_on_is_one_line_and_status_2() {
    let taken = UdpSocket::bind("[::]:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let to_itself = format!("127.0.0.1:{}", 40_000);
    for (args, what) in [
        (vec!["--port", &port], "another program listens there already"),
        (vec!["--port", "0", "--bind", "192.0.2.1"], "192.0.2.1 is no address of this machine"),
        (vec!["--port", "0", "--interface", "nosuch0"], "there is no interface 'nosuch0'"),
        (vec!["--port", "0", "--capture", "nosuch0"], "there is no interface 'nosuch0'"),
        (vec!["--port", "0", "--record", "/nonexistent/folder"], "--record /nonexistent/folder"),
        (vec!["--port", "40000", "--forward", &to_itself], "every datagram would come back"),
        (vec!["--port", "40000", "--bind", "0.0.0.0", "--forward", &to_itself], "every datagram would come back"),
        (vec!["--port", "0", "--summary", "100ms"], "--summary: at least 1s"),
        (vec!["--source", "nosuch"], "no flow source is called 'nosuch'"),
        (vec!["--port", "0", "--columns", "nosuch"], "nosuch"),
        (vec!["--port", "0", "--summary", "1s", "--filter", "proto tcp"], "give one of them"),
        (vec!["--port", "0", "--metrics", "192.0.2.1:9464"], "--metrics 192.0.2.1:9464"),
    ] {
        let mut all = vec!["listen", "--quiet"];
        all.extend(&args);
        let output = support::run(&all);
        let stderr = support::stderr(&output);
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{args:?}: {stderr}");
        assert!(stderr.contains(what), "{args:?}: {stderr}");
    }
    let output = support::run(&["listen", "--port", "1x"]);
    let told = support::stderr(&output);
    assert_eq!(output.status.code(), Some(2));
    assert!(told.starts_with("error: invalid value '1x' for '--port <PORTS>': expected a whole number\n"), "{told}");
}

#[test]
fn what_is_exported_follows_in_whole_files() {
    let all = payloads(&testdata("softflowd-v9.pcap"));
    for (form, end) in [("parquet", ".parquet"), ("csv", ".csv")] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().to_str().unwrap();
        let listener = Listener::start(&with(&["--export", dir, "--export-format", form, "--rotate", "1s", "--partition-by", "exporter"]));
        let mut sender = Sender::new(listener.ports[0]);
        sender.send_all(&all);
        let within = folder.path().join("exporter=127.0.2.1");
        listener.wait("the first file", |_| within.is_dir() && names(&within).iter().any(|f| f.ends_with(end)));
        sender.send_all(&all);
        let last = last_object(&listener.stop());
        let files = names(&within);
        assert!(files.len() >= 2 && files.iter().all(|f| f.starts_with("flows-") && f.ends_with(end)), "{files:?}");
        let export = &last["exports"][0];
        assert_eq!(["flows", "lost", "files"].map(|k| export[k].as_u64().unwrap()), [1_072, 0, files.len() as u64]);
        let rows = |file: &String| support::flows(&within.join(file), "src_addr,bytes").unwrap_or_else(|e| panic!("{file}: {e}"));
        let read: Vec<Value> = files.iter().flat_map(rows).collect();
        let bytes: u64 = read.iter().map(|row| row["bytes"].as_u64().unwrap()).sum();
        assert_eq!((read.len(), Some(bytes)), (1_072, last["bytes"].as_u64()));
    }
}

#[test]
fn datagrams_are_taken_off_an_interface() {
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n");
    if !root {
        return support::skip("datagrams_are_taken_off_an_interface", "the right to capture");
    }
    // The collector whose traffic is looked at.
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = collector.local_addr().unwrap().port();
    let command = support::program(&["listen", "--capture", "lo", "--port", &port.to_string(), "--summary", "1s", "--format", "json"]);
    let listener = Listener::of(command, 0);
    listener.wait("the capture", |l| l.log().contains("capturing on lo"));
    let all = payloads(&testdata("softflowd-v9.pcap"));
    Sender::new(port).send_all(&all);
    listener.wait("the flows", |l| l.output().lines().last().is_some_and(|line| line.contains("\"flows\":536,")));
    let last = last_object(&listener.stop());
    assert_eq!((&last["messages"], &last["datagrams"], &last["kernel_drops"]), (&20.into(), &20.into(), &0.into()));
}

#[test]
fn capturing_begins_and_ends_though_nothing_comes() {
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n");
    if !root || !Command::new("unshare").args(["-n", "true"]).output().is_ok_and(|o| o.status.success()) {
        return support::skip("capturing_begins_and_ends_though_nothing_comes", "the right to capture, and to make a network");
    }
    let mut command = Command::new("unshare");
    command.args([
        "-n",
        "sh",
        "-c",
        &format!("ip link set lo up; exec {PROGRAM} listen --capture lo --port 2055 --summary 1s --format json"),
    ]);
    let listener = Listener::of(command, 0);
    listener.wait("a summary", |l| l.output().lines().count() > 0);
    assert_eq!(last_object(&listener.stop())["datagrams"], 0);
}

#[test]
fn what_is_forwarded_is_not_captured_again() {
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n");
    if !root || !Command::new("unshare").args(["-n", "true"]).output().is_ok_and(|o| o.status.success()) {
        return support::skip("what_is_forwarded_is_not_captured_again", "the right to capture, and to make a network");
    }
    let folder = tempfile::tempdir().unwrap();
    let sending = folder.path().join("sending");
    std::fs::write(&sending, "").unwrap();
    // The exporter sends from the far end of a link, and what is forwarded leaves by its near end, to the same port.
    let script = format!(
        "ip link set lo up; ip link add near0 type veth peer name far0 && ip link set near0 up && ip link set far0 up || exit 77\n\
         ip addr add 10.9.9.1/24 dev far0; ip neigh add 10.9.9.2 lladdr 02:00:00:00:00:02 dev far0\n\
         ip addr add 10.8.8.1/24 dev near0; ip neigh add 10.8.8.2 lladdr 02:00:00:00:00:03 dev near0\n\
         (while [ -e {sending} ]; do sleep 0.3; {PROGRAM} replay {} --to 10.9.9.2:2055 --rate 1000; done) >/dev/null 2>&1 &\n\
         exec {PROGRAM} listen --capture near0 --port 2055 --forward 10.8.8.2:2055 --summary 1s --format json",
        testdata("fprobe-v5.pcap").display(),
        sending = sending.display()
    );
    let mut command = Command::new("unshare");
    command.args(["-n", "sh", "-c", &script]);
    let listener = Listener::of(command, 0);
    let count = |l: &Listener, key: &str| serde_json::from_str::<Value>(l.output().lines().last()?).ok()?[key].as_u64();
    listener.wait("the datagrams", |l| count(l, "datagrams").is_some_and(|n| n >= 24));
    std::fs::remove_file(&sending).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let last = last_object(&listener.stop());
    let datagrams = last["datagrams"].as_u64().unwrap();
    assert_eq!(&last["forwards"][0]["sent"], &last["datagrams"]);
    assert!(datagrams.is_multiple_of(12) && datagrams < 12 * 60, "{datagrams}");
}
