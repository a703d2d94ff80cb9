//! Sends datagrams on to another collector, unchanged. Each destination has its own queue, thread and sockets, so that one which is slow, or is
//! not there, delays neither the others nor who receives.
//!
//! Without `spoof` all datagrams come from this machine's own address: to the destination all exporters seem to be one host. Each session gets a
//! socket of its own, as long as there are not too many, so that it stays a session (RFC 7011 §8) and templates of two don't mix.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use thiserror::Error;

use super::outlet::{Outgoing, Outlet};
use super::queue::{Closed, Queue, QueueCounters, Taken, Taker, queue};
use super::spoof::SpoofError;
use crate::collector::Admission;
use crate::datagram::DatagramBatch;

const TICK: Duration = Duration::from_millis(200);

/// Where to, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardOptions {
    /// The destination.
    pub to: SocketAddr,
    /// What it is called.
    pub name: String,
    /// True to keep the exporters' addresses and ports as the sender's.
    pub spoof: bool,
    /// Which datagrams are sent on.
    pub only: Admission,
    /// Octets that may wait.
    pub queue: usize,
}

/// Why nothing can be sent on.
#[derive(Debug, Error)]
pub enum ForwardError {
    /// Not under the exporters' addresses.
    #[error(transparent)]
    Spoof(#[from] SpoofError),
    /// No socket.
    #[error(transparent)]
    Io(#[from] io::Error),
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
    /// Answers of the destination that nobody listens there (ICMP port unreachable).
    pub refused: AtomicU64,
    /// Datagrams that could not be sent: no room in time, no way to there.
    pub failed: AtomicU64,
    /// Sessions that had to share a socket with others, since a process may open so many only: to the destination they are one.
    pub shared: AtomicU64,
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
    /// There is no socket to be had, or no permission for other addresses.
    pub fn start(options: ForwardOptions) -> Result<Self, ForwardError> {
        let (inlet, taker) = queue(options.queue);
        let counters = Arc::new(ForwardCounters::default());
        let (tell, opened) = sync_channel(1);
        let own = Arc::clone(&counters);
        // What calls are made with can't go from thread to thread, so it is made where it is used.
        let send = move || match open(&options) {
            Ok(outlet) => {
                let _ = tell.send(Ok(()));
                Sender { options, counters: own, outlet, told: false }.run(&taker);
            }
            Err(why) => {
                let _ = tell.send(Err(why));
            }
        };
        let thread = thread::Builder::new().name("forward".into()).spawn(send)?;
        opened.recv().unwrap_or_else(|_| Err(io::Error::other("its thread has ended").into()))?;
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

    /// Nothing more comes: sends what waits, then ends. All other ends of the queue must be gone.
    pub fn close(self) -> Closed {
        Closed::new(self.queue, self.thread)
    }
}

fn open(options: &ForwardOptions) -> Result<Outlet, ForwardError> {
    Ok(if options.spoof { Outlet::spoofed(options.to)? } else { Outlet::sockets(options.to)? })
}

/// True if datagrams to that address come back to this machine.
pub fn is_own_address(addr: IpAddr) -> bool {
    addr.is_loopback() || UdpSocket::bind((addr, 0)).is_ok()
}

struct Sender {
    options: ForwardOptions,
    counters: Arc<ForwardCounters>,
    outlet: Outlet,
    /// True once it was told that something could not be sent.
    told: bool,
}

impl Sender {
    fn run(&mut self, taker: &Taker) {
        loop {
            match taker.take(TICK) {
                Taken::Batch(batch) => self.batch(&batch),
                Taken::Nothing => {}
                Taken::Closed => return,
            }
        }
    }

    fn batch(&mut self, batch: &DatagramBatch) {
        let all = batch.datagrams.iter().map(|d| (d, batch.payload(d)));
        let wanted: Vec<Outgoing<'_>> = all
            .filter(|(datagram, payload)| self.options.only.lets(datagram, payload))
            .map(|(datagram, payload)| Outgoing { exporter: datagram.exporter, payload })
            .collect();
        self.outlet.send(&wanted);
        let counts = self.outlet.counts();
        let failed = counts.no_sender + counts.too_large + counts.failed;
        if failed > 0 && !std::mem::replace(&mut self.told, true) {
            let why = counts.first_failure.as_deref().unwrap_or("unknown");
            tracing::warn!("forwarding to {}: a datagram could not be sent: {why}; further ones are counted", self.options.name);
        }
        let counters = &self.counters;
        counters.filtered.fetch_add((batch.datagrams.len() - wanted.len()) as u64, Ordering::Relaxed);
        counters.sent.store(counts.sent, Ordering::Relaxed);
        counters.octets.store(counts.octets, Ordering::Relaxed);
        counters.refused.store(counts.unreachable, Ordering::Relaxed);
        counters.failed.store(failed, Ordering::Relaxed);
        counters.shared.store(counts.shared, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::tests::batch;
    use super::*;
    use crate::collector::Rule;
    use crate::message::Version;

    fn start(to: SocketAddr, versions: Option<Vec<Version>>) -> Forwarder {
        let only = Admission { rules: vec![Rule { port: None, exporters: Vec::new(), versions }] };
        Forwarder::start(ForwardOptions { to, name: "x".into(), spoof: false, only, queue: 1 << 20 }).unwrap()
    }

    #[test]
    fn unchanged_and_by_version_each_exporter_from_its_own_port() {
        let target = UdpSocket::bind("127.0.0.1:0").unwrap();
        target.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let forwarder = start(target.local_addr().unwrap(), Some(vec![Version::V9]));
        let counters = Arc::clone(forwarder.counters());
        for from in ["192.0.2.1", "192.0.2.2", "192.0.2.1"] {
            forwarder.queue().offer(&batch(from, &[b"\0\x09abc", b"\0\x05", b"\0\x0a", b"\0\x09"]));
        }
        assert_eq!(forwarder.close().wait(Duration::from_secs(10)), None);
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
        let forwarder = start(gone, None);
        let counters = Arc::clone(forwarder.counters());
        for _ in 0..5 {
            forwarder.queue().offer(&batch("192.0.2.1", &[b"\0\x09"]));
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(forwarder.close().wait(Duration::from_secs(10)), None);
        assert!(counters.refused.load(Ordering::Relaxed) >= 4, "{counters:?}");
    }
}
