//! Sends datagrams on to another collector, unchanged. Each destination has its own queue, thread and socket, so that one which is slow, or is
//! not there, delays neither the others nor who receives.
//!
//! A plain forwarder sends from this machine's own address: to the destination all exporters seem to be one. Each exporter gets a socket of
//! its own, as long as there are not too many, so that its session stays one (RFC 7011 §8) and templates of two don't mix.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::networks::Networks;
use super::queue::{Outlet, Queue, QueueCounters, Taken, queue};
use crate::datagram::{Datagram, DatagramBatch, Endpoint};

/// Exporters that get a socket of their own.
const MOST_SOCKETS: usize = 256;
/// How long a datagram that the system has no room for is tried again.
const PATIENCE: u32 = 50;
const PAUSE: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_millis(200);

/// Where to, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardOptions {
    /// The destination.
    pub to: SocketAddr,
    /// What it is called.
    pub name: String,
    /// Exporters whose datagrams are sent on.
    pub from: Networks,
    /// The versions of the messages that are sent on; all if empty.
    pub versions: Vec<u16>,
    /// Octets that may wait.
    pub queue: usize,
}

/// What a forwarder counts; read by others at any time.
#[derive(Debug, Default)]
pub struct ForwardCounters {
    /// Datagrams sent.
    pub sent: AtomicU64,
    /// Octets of their payloads.
    pub octets: AtomicU64,
    /// Datagrams that a filter leaves out.
    pub filtered: AtomicU64,
    /// Datagrams that the destination answered nobody wants (ICMP port unreachable).
    pub refused: AtomicU64,
    /// Datagrams that could not be sent: no room in time, no way to there.
    pub failed: AtomicU64,
}

/// A forwarder at work.
#[derive(Debug)]
pub struct Forwarder {
    queue: Queue,
    counters: Arc<ForwardCounters>,
    thread: JoinHandle<()>,
}

impl Forwarder {
    /// Begins to send on.
    ///
    /// # Errors
    /// There is no socket to be had.
    pub fn start(options: ForwardOptions) -> io::Result<Self> {
        let (inlet, outlet) = queue(options.queue);
        let counters = Arc::new(ForwardCounters::default());
        let shared = connect(options.to)?;
        let mut sender = Sender { options, counters: Arc::clone(&counters), shared, own: HashMap::new() };
        let thread = thread::Builder::new().name("forward".into()).spawn(move || sender.run(&outlet))?;
        Ok(Self { queue: inlet, counters, thread })
    }

    /// Where batches are put in.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// The counters of its queue.
    pub fn queue_counters(&self) -> &Arc<QueueCounters> {
        self.queue.counters()
    }

    /// Its own counters.
    pub fn counters(&self) -> &Arc<ForwardCounters> {
        &self.counters
    }

    /// Sends what waits, and ends. All other ends of the queue must be gone.
    pub fn finish(self) {
        drop(self.queue);
        let _ = self.thread.join();
    }
}

fn connect(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(to)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// True if datagrams to that address come back to this machine.
pub fn is_own_address(addr: IpAddr) -> bool {
    addr.is_loopback() || UdpSocket::bind((addr, 0)).is_ok()
}

struct Sender {
    options: ForwardOptions,
    counters: Arc<ForwardCounters>,
    /// For exporters beyond those that have one of their own.
    shared: UdpSocket,
    own: HashMap<Endpoint, UdpSocket>,
}

impl Sender {
    fn run(&mut self, outlet: &Outlet) {
        loop {
            match outlet.take(TICK) {
                Taken::Batch(batch) => self.batch(&batch),
                Taken::Nothing => {}
                Taken::Closed => return,
            }
        }
    }

    fn batch(&mut self, batch: &DatagramBatch) {
        let (mut filtered, mut sent, mut octets) = (0, 0, 0);
        for datagram in &batch.datagrams {
            let payload = batch.payload(datagram);
            if !self.wants(datagram, payload) {
                filtered += 1;
                continue;
            }
            match self.send(datagram, payload) {
                Ok(()) => {
                    sent += 1;
                    octets += payload.len() as u64;
                }
                Err(error) => {
                    let counter =
                        if error.kind() == io::ErrorKind::ConnectionRefused { &self.counters.refused } else { &self.counters.failed };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        self.counters.filtered.fetch_add(filtered, Ordering::Relaxed);
        self.counters.sent.fetch_add(sent, Ordering::Relaxed);
        self.counters.octets.fetch_add(octets, Ordering::Relaxed);
    }

    fn wants(&self, datagram: &Datagram, payload: &[u8]) -> bool {
        let version = || payload.first_chunk().map(|v| u16::from_be_bytes(*v));
        self.options.from.has(datagram.exporter.addr)
            && (self.options.versions.is_empty() || version().is_some_and(|v| self.options.versions.contains(&v)))
    }

    fn send(&mut self, datagram: &Datagram, payload: &[u8]) -> io::Result<()> {
        let exporter = datagram.exporter;
        if !self.own.contains_key(&exporter)
            && self.own.len() < MOST_SOCKETS
            && let Ok(socket) = connect(self.options.to)
        {
            self.own.insert(exporter, socket);
        }
        let socket = self.own.get(&exporter).unwrap_or(&self.shared);
        let mut tries = 0;
        loop {
            match socket.send(payload) {
                Ok(_) => return Ok(()),
                // An answer to an earlier datagram: this one was not sent yet.
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused && tries == 0 => {
                    self.counters.refused.fetch_add(1, Ordering::Relaxed);
                    tries += 1;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && tries < PATIENCE => {
                    tries += 1;
                    thread::sleep(PAUSE);
                }
                Err(e) => return Err(e),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::tests::batch;
    use super::*;

    fn start(to: SocketAddr, versions: &[u16]) -> Forwarder {
        let options = ForwardOptions { to, name: "x".into(), from: Networks::default(), versions: versions.to_vec(), queue: 1 << 20 };
        Forwarder::start(options).unwrap()
    }

    #[test]
    fn unchanged_and_by_version_each_exporter_from_its_own_port() {
        let target = UdpSocket::bind("127.0.0.1:0").unwrap();
        target.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let forwarder = start(target.local_addr().unwrap(), &[9]);
        let counters = Arc::clone(forwarder.counters());
        for from in ["192.0.2.1", "192.0.2.2", "192.0.2.1"] {
            forwarder.queue().offer(&batch(from, &[b"\0\x09abc", b"\0\x05", b"", b"\0\x09"]));
        }
        forwarder.finish();
        let mut buffer = [0; 100];
        let mut got = Vec::new();
        for _ in 0..6 {
            let (length, from) = target.recv_from(&mut buffer).unwrap();
            got.push((buffer[..length].to_vec(), from.port()));
        }
        assert_eq!(got.iter().map(|(p, _)| p.len()).collect::<Vec<_>>(), [5, 2, 5, 2, 5, 2]);
        assert_eq!(got[0].0, b"\0\x09abc");
        assert!(got[0].1 == got[4].1 && got[0].1 != got[2].1);
        let read = |c: &AtomicU64| c.load(Ordering::Relaxed);
        assert_eq!((read(&counters.sent), read(&counters.octets), read(&counters.filtered)), (6, 21, 6));
    }

    #[test]
    fn a_dead_destination_is_counted() {
        let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let forwarder = start(gone, &[]);
        let counters = Arc::clone(forwarder.counters());
        for _ in 0..5 {
            forwarder.queue().offer(&batch("192.0.2.1", &[b"\0\x09"]));
            thread::sleep(Duration::from_millis(20));
        }
        forwarder.finish();
        assert!(counters.refused.load(Ordering::Relaxed) >= 4, "{counters:?}");
    }
}
