//! A running `listen`, and datagrams for it: what tests of live runs share. Everything stays on loopback.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ipfix_inspect::datagram::{Endpoint, Transport};
use ipfix_inspect::input::{Input, InputOptions, Location};

use crate::support;

/// A run of `listen` on ports that the system chose.
pub(crate) struct Listener {
    child: Child,
    /// Its ports, in the order of its sources.
    pub(crate) ports: Vec<u16>,
    log: Arc<Mutex<String>>,
    reading: Vec<JoinHandle<()>>,
    out: Arc<Mutex<Vec<u8>>>,
    _stdin: Option<ChildStdin>,
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Listener {
    /// Starts it on one port, and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut all = vec!["listen", "--port", "0"];
        all.extend(args);
        Self::of(support::program(&all), 1)
    }

    /// Starts any command that runs `listen` with so many sources.
    pub(crate) fn of(mut command: Command, sources: usize) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let (log, out) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(Vec::new())));
        let stderr = BufReader::new(child.stderr.take().expect("a pipe was asked for"));
        let mut stdout = child.stdout.take().expect("a pipe was asked for");
        let reading = vec![
            std::thread::spawn({
                let log = Arc::clone(&log);
                move || {
                    for line in stderr.lines().map_while(Result::ok) {
                        let mut log = log.lock().unwrap();
                        log.push_str(&line);
                        log.push('\n');
                    }
                }
            }),
            std::thread::spawn({
                let out = Arc::clone(&out);
                move || {
                    let mut buffer = [0; 65_536];
                    while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                        out.lock().unwrap().extend_from_slice(&buffer[..length]);
                    }
                }
            }),
        ];
        let mut listener = Self { child, ports: Vec::new(), log, reading, out, _stdin: None };
        let began = Instant::now();
        while listener.ports.len() < sources {
            assert!(began.elapsed() < Duration::from_secs(30), "it does not listen:\n{}", listener.log());
            std::thread::sleep(Duration::from_millis(10));
            if let Some(status) = listener.child.try_wait().unwrap() {
                panic!("it ended with {status}:\n{}", listener.log());
            }
            listener.ports = ports(&listener.log());
        }
        listener
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// What it has written so far.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&self.out.lock().unwrap()).into_owned()
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until something holds.
    pub(crate) fn wait(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < Duration::from_secs(30), "{what} did not come; log:\n{}\noutput:\n{}", self.log(), self.output());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends it a signal: TERM, HUP, KILL.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status().expect("kill starts");
        assert!(sent.success());
    }

    /// True until it has ended.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > Duration::from_secs(60) {
                let _ = self.child.kill();
                panic!("it does not end:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        std::mem::take(&mut self.reading).into_iter().for_each(|thread| thread.join().unwrap());
        Ended { status, stdout: self.output(), stderr: self.log() }
    }

    /// Asks it to end, and holds it to a clean one.
    pub(crate) fn stop(self) -> Ended {
        self.signal("TERM");
        let ended = self.ended();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        ended
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A test that fails leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ports in `… listening on [::]:41234, …`.
fn ports(log: &str) -> Vec<u16> {
    let port = |line: &str| {
        let (_, rest) = line.split_once(": listening on ")?;
        rest.split([',', ' ']).next()?.rsplit(':').next()?.parse().ok()
    };
    log.lines().filter_map(port).collect()
}

/// The last object of a summary in JSON.
pub(crate) fn last_object(ended: &Ended) -> serde_json::Value {
    let line = ended.stdout.lines().last().unwrap_or_else(|| panic!("no summary:\n{}", ended.stderr));
    let value: serde_json::Value = serde_json::from_str(line).expect("each line is an object");
    assert_eq!((&value["schema"], &value["last"]), (&"ipfix-inspect/live/1".into(), &true.into()));
    value
}

/// The payloads of the whole UDP datagrams in a capture, each with who sent it.
pub(crate) fn payloads(file: &Path) -> Vec<(Endpoint, Vec<u8>)> {
    let location = Location::Path(file.to_owned());
    let mut input = Input::open(&location, 0, &InputOptions::default()).unwrap_or_else(|e| panic!("{e}"));
    let mut found = Vec::new();
    while let Some(batch) = input.next_batch().unwrap_or_else(|e| panic!("{e}")) {
        for datagram in batch.datagrams.iter().filter(|d| d.transport == Transport::Udp && d.missing == 0) {
            found.push((datagram.exporter, batch.payload(datagram).to_vec()));
        }
    }
    found
}

/// Sends datagrams over loopback, in their order: each exporter from an address and a port of its own.
pub(crate) struct Sender {
    port: u16,
    /// Datagrams sent so far.
    pub(crate) sent: u64,
    sockets: HashMap<Endpoint, UdpSocket>,
    hosts: HashMap<IpAddr, u8>,
}

impl Sender {
    /// To a port of this machine.
    pub(crate) fn new(port: u16) -> Self {
        Self { port, sent: 0, sockets: HashMap::new(), hosts: HashMap::new() }
    }

    /// Sends one; waits a little now and then, so that a small receive buffer holds them.
    pub(crate) fn send(&mut self, from: Endpoint, payload: &[u8]) {
        let next = u8::try_from(self.hosts.len() + 1).expect("so few exporters");
        let host = *self.hosts.entry(from.addr).or_insert(next);
        let port = self.port;
        let socket = self.sockets.entry(from).or_insert_with(|| match from.addr {
            IpAddr::V4(_) => connected((Ipv4Addr::new(127, 0, 2, host), 0).into(), (Ipv4Addr::LOCALHOST, port).into()),
            IpAddr::V6(_) => connected((Ipv6Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, port).into()),
        });
        match socket.send(payload) {
            Ok(_) => self.sent += 1,
            // Whoever listened has ended.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
            Err(error) => panic!("loopback takes it: {error}"),
        }
    }

    /// Sends all.
    pub(crate) fn send_all(&mut self, payloads: &[(Endpoint, Vec<u8>)]) {
        for (number, (from, payload)) in payloads.iter().enumerate() {
            self.send(*from, payload);
            if number % 100 == 99 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn connected(from: SocketAddr, to: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(from).expect("loopback has the address");
    socket.connect(to).expect("loopback has the address");
    socket
}
