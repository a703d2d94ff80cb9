//! Real exporters send to `listen`, and a real collector stands behind it.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ipfix_inspect::datagram::Endpoint;
use serde_json::Value;

use crate::live::{Listener, Sender, last_object, payloads};
use crate::support::{self, testdata};

/// Ordinary packets, though of exporters to a collector: flows for a probe.
const TRAFFIC: &str = "mixed-one-address.pcap";

fn has(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program} || test -x /usr/sbin/{program}")])
        .output()
        .is_ok_and(|o| o.status.success())
}

fn command(program: &str) -> Command {
    let sbin = Path::new("/usr/sbin").join(program);
    let mut command = Command::new(if sbin.exists() { sbin } else { PathBuf::from(program) });
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // pmacct's programs end those that they have started only if they are asked to end.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).stderr(Stdio::null()).status();
        for _ in 0..100 {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn exporters(value: &Value) -> Vec<(String, u64, String)> {
    let of = |e: &Value| {
        (e["version"].as_str().unwrap().to_owned(), e["flows"].as_u64().unwrap(), e["verdict"].as_str().unwrap_or("").to_owned())
    };
    value["exporters"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn softflowd_in_every_version() {
    if !has("softflowd") {
        return support::skip("softflowd_in_every_version", "softflowd");
    }
    for (number, version, verdict) in
        [("1", "v1", "complete"), ("5", "v5", "complete"), ("9", "v9", "complete"), ("10", "IPFIX", "complete")]
    {
        let folder = tempfile::tempdir().unwrap();
        let listener = Listener::start(&["--summary", "1s", "--format", "json"]);
        let to = format!("127.0.0.1:{}", listener.ports[0]);
        let mut softflowd = command("softflowd");
        softflowd
            .current_dir(folder.path())
            .args(["-d", "-a", "-p", "pid", "-c", "ctl", "-v", number, "-n", &to, "-r"])
            .arg(testdata(TRAFFIC));
        assert!(softflowd.status().unwrap().success());
        let last = last_object(&listener.stop());
        let [(of, flows, judged)] = exporters(&last).try_into().unwrap_or_else(|e| panic!("{number}: {e:?}"));
        assert!(flows > 0, "{last}");
        assert_eq!((of.as_str(), judged.as_str()), (version, verdict), "{last}");
    }
}

#[test]
fn pmacctd_with_nfprobe() {
    if !has("pmacctd") {
        return support::skip("pmacctd_with_nfprobe", "pmacctd");
    }
    for (number, version) in [("5", "v5"), ("9", "v9"), ("10", "IPFIX")] {
        let folder = tempfile::tempdir().unwrap();
        let listener = Listener::start(&["--summary", "1s", "--format", "json"]);
        let config = folder.path().join("conf");
        let text = format!(
            "daemonize: false\npcap_savefile: {}\nplugins: nfprobe[p]\nnfprobe_receiver[p]: 127.0.0.1:{}\nnfprobe_version[p]: {number}\n\
             aggregate[p]: src_host,dst_host,src_port,dst_port,proto,tos,tcpflags\nnfprobe_timeouts[p]: general=1:maxlife=1:expint=1:udp=1:tcp=1\n",
            testdata(TRAFFIC).display(),
            listener.ports[0]
        );
        std::fs::write(&config, text).unwrap();
        let pmacctd = Running(command("pmacctd").arg("-f").arg(&config).spawn().unwrap());
        listener.wait("flows of pmacctd", |l| l.output().lines().last().is_some_and(|line| !line.contains("\"flows\":0,")));
        drop(pmacctd);
        let last = last_object(&listener.stop());
        let found = exporters(&last);
        assert!(found.iter().any(|(of, flows, verdict)| of == version && *flows > 0 && !verdict.is_empty()), "{last}");
    }
}

#[test]
fn fprobe_on_loopback() {
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n");
    if !has("fprobe") || !root {
        return support::skip("fprobe_on_loopback", "fprobe, or the right to capture");
    }
    let listener = Listener::start(&["--summary", "1s", "--format", "json"]);
    let to = format!("127.0.0.1:{}", listener.ports[0]);
    // Traffic to a port of this test alone.
    let target = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = target.local_addr().unwrap().port();
    let filter = format!("udp port {port}");
    let fprobe = Running(
        command("fprobe")
            .args(["-i", "lo", "-u", "root", "-l", "2", "-s", "1", "-d", "1", "-e", "1", "-n", "5", "-f", &filter, &to])
            .spawn()
            .unwrap(),
    );
    listener.wait("a flow of fprobe", |l| {
        // Thirty flows fill a datagram, which it sends then.
        for _ in 0..20 {
            let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
            sender.send_to(&[0; 100], ("127.0.0.1", port)).unwrap();
        }
        std::thread::sleep(Duration::from_millis(200));
        l.output().lines().last().is_some_and(|line| !line.contains("\"flows\":0,"))
    });
    drop(fprobe);
    let last = last_object(&listener.stop());
    assert!(exporters(&last).iter().any(|(of, flows, verdict)| of == "v5" && *flows > 0 && verdict == "complete"), "{last}");
}

/// Waits until somebody listens on a port.
fn wait_for_port(port: u16) {
    let listens = || std::fs::read_to_string("/proc/net/udp").unwrap_or_default().contains(&format!(":{port:04X} "));
    for _ in 0..200 {
        if listens() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends all to a run of ours that forwards to the port.
fn forwarded(all: &[(Endpoint, Vec<u8>)], port: u16) {
    let to = format!("127.0.0.1:{port}");
    let listener = Listener::start(&["--summary", "1s", "--format", "json", "--forward", &to]);
    Sender::new(listener.ports[0]).send_all(all);
    assert_eq!(last_object(&listener.stop())["forwards"][0]["sent"], all.len() as u64);
}

/// Runs nfcapd until so many flows are in its file, and gives them.
fn nfcapd_stores(send: impl FnOnce(u16)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let dir = folder.path().to_str().unwrap();
    let mut nfcapd =
        Running(command("nfcapd").args(["-w", dir, "-p", &port.to_string(), "-b", "127.0.0.1", "-t", "3600"]).spawn().unwrap());
    wait_for_port(port);
    send(port);
    std::thread::sleep(Duration::from_millis(500));
    let _ = Command::new("kill").args(["-TERM", &nfcapd.0.id().to_string()]).status();
    let _ = nfcapd.0.wait();
    let output = Command::new("nfdump").args(["-R", dir, "-q", "-o", "csv"]).output().unwrap();
    let text = support::stdout(&output);
    // The columns up to packets and octets: times, addresses, ports, protocol, flags, counters; later ones tell where nfcapd had it from.
    let mut rows: Vec<String> = text.lines().map(|line| line.split(',').take(14).collect::<Vec<_>>().join(",")).collect();
    rows.sort();
    rows
}

#[test]
fn nfcapd_behind_our_forwarding_stores_what_it_stores_without_us() {
    if !has("nfcapd") || !has("nfdump") {
        return support::skip("nfcapd_behind_our_forwarding_stores_what_it_stores_without_us", "nfcapd");
    }
    for name in ["softflowd-v9.pcap", "pmacct-v9-as.pcap", "fprobe-v5.pcap", "softflowd-ipfix.pcap"] {
        let all = payloads(&testdata(name));
        let direct = nfcapd_stores(|port| Sender::new(port).send_all(&all));
        let behind = nfcapd_stores(|port| forwarded(&all, port));
        assert!(direct.len() > 100, "{name}: {}", direct.len());
        assert!(direct == behind, "{name}: {} flows without us, {} behind us", direct.len(), behind.len());
    }
}

/// Runs nfacctd until it has what it is sent, and gives its sums of packets and octets by the five-tuple.
fn nfacctd_sums(send: impl FnOnce(u16)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (configuration, sums) = (folder.path().join("nfacctd.conf"), folder.path().join("sums.csv"));
    let text = format!(
        "daemonize: false\nnfacctd_ip: 127.0.0.1\nnfacctd_port: {port}\nplugins: print\n\
         aggregate: src_host, dst_host, src_port, dst_port, proto\nprint_refresh_time: 3600\nprint_output: csv\nprint_output_file: {}\n",
        sums.display()
    );
    std::fs::write(&configuration, text).unwrap();
    let mut nfacctd = Running(command("nfacctd").arg("-f").arg(&configuration).spawn().unwrap());
    wait_for_port(port);
    send(port);
    std::thread::sleep(Duration::from_millis(500));
    let _ = Command::new("kill").args(["-INT", &nfacctd.0.id().to_string()]).status();
    let _ = nfacctd.0.wait();
    // A process of its own writes the file.
    for _ in 0..200 {
        if sums.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let mut rows: Vec<String> = std::fs::read_to_string(&sums).unwrap_or_default().lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

#[test]
fn nfacctd_behind_our_forwarding_counts_what_it_counts_without_us() {
    if !has("nfacctd") {
        return support::skip("nfacctd_behind_our_forwarding_counts_what_it_counts_without_us", "nfacctd");
    }
    for name in ["softflowd-v9.pcap", "fprobe-v5.pcap", "pmacct-v9-as.pcap", "softflowd-ipfix.pcap"] {
        let all = payloads(&testdata(name));
        let direct = nfacctd_sums(|port| Sender::new(port).send_all(&all));
        let behind = nfacctd_sums(|port| forwarded(&all, port));
        assert!(direct.len() > 100, "{name}: {}", direct.len());
        assert!(direct == behind, "{name}: {} lines without us, {} behind us", direct.len(), behind.len());
    }
}
