//! Receives the datagrams of one socket into batches: received, stamped and handed on, nothing else.
//!
//! Octets land in slots of one buffer, which the batch shares; what is longer than a slot goes into a second buffer. A batch is
//! handed on when it is full, or a tenth of a second after its first datagram: so a quiet line is seen at once.
//! The kernel is asked at most once a millisecond unless a call came back full: then datagrams gather in the receive buffer and a call brings
//! many, which saves most of the work. Times are the kernel's own, so they don't suffer.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::socket::{PortSocket, WAIT};
use crate::datagram::Chunks;
use crate::datagram::{Datagram, DatagramBatch, Endpoint, Origin, Transport};
use crate::time::Timestamp;

#[cfg(target_os = "linux")]
use super::socket_linux as system;
#[cfg(not(target_os = "linux"))]
use super::socket_portable as system;

/// Octets of a slot: exporters keep to the path's MTU.
pub(super) const SLOT: usize = 2_048;
/// Octets of a payload at most (RFC 768: the length has 16 bits).
pub(super) const LONGEST: usize = 65_535;
/// Slots of a batch.
const SLOTS: usize = 512;
/// Datagrams asked for in one call.
const CALL: usize = 128;
/// The least time from call to call where there is not more to take.
const PACE: Duration = Duration::from_millis(1);
/// With a receive buffer of less than this the kernel is asked more often.
const PACED_BUFFER: usize = 4 << 20;
/// A batch of fewer octets is copied out of its buffer, so that a quiet line does not hold a megabyte for each.
const FEW_OCTETS: usize = 64 << 10;
/// Datagrams taken after the end was asked for: what waited in the kernel by then, and not what a flood adds.
const MOST_AT_THE_END: u64 = 100_000;
/// Octets of datagrams longer than a slot that a batch holds, about.
const MOST_EXTRA: usize = 1 << 20;

pub(super) use system::prepare;

/// One datagram as the system gave it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// Octets of its payload.
    pub(super) length: usize,
    /// Where in the second buffer it is, if it is longer than a slot.
    pub(super) beyond: Option<usize>,
    /// Who sent it.
    pub(super) from: Endpoint,
    /// The address that it was sent to, where the system tells.
    pub(super) to: Option<IpAddr>,
    /// When it came, where the system tells.
    pub(super) time: Option<Timestamp>,
    /// The kernel's count of datagrams dropped before it.
    pub(super) drops: Option<u32>,
}

/// The receiver of one socket.
#[derive(Debug)]
pub struct Receiver {
    socket: PortSocket,
    file: u32,
    frames: Arc<AtomicU64>,
    chunks: Chunks,
    pace: Duration,
    system: system::Calls,
}

/// Slots that are being filled.
#[derive(Debug)]
struct Filling {
    buffer: Vec<u8>,
    extra: Vec<u8>,
    arrivals: Vec<Arrival>,
    since: Option<Instant>,
}

impl Receiver {
    /// `file` is the number that the datagrams' origins say; `frames` counts the port's datagrams over all its sockets.
    pub fn new(socket: PortSocket, file: u32, frames: Arc<AtomicU64>) -> Self {
        let share = u32::try_from(PACED_BUFFER / socket.granted.clamp(1, PACED_BUFFER)).unwrap_or(u32::MAX);
        Self { socket, file, frames, chunks: Chunks::new(SLOT * SLOTS), pace: PACE / share, system: system::Calls::new(CALL) }
    }

    /// Its socket.
    pub fn socket(&self) -> &PortSocket {
        &self.socket
    }

    /// Receives until `stop`, and then what waits in the kernel by that time.
    ///
    /// # Errors
    /// The socket's: the interface went away, or the like.
    pub fn run(&mut self, stop: &AtomicBool, mut hand_on: impl FnMut(DatagramBatch)) -> io::Result<()> {
        let mut filling = self.begin();
        let mut left = MOST_AT_THE_END;
        loop {
            let stopping = stop.load(Ordering::Relaxed);
            let began = Instant::now();
            let before = filling.arrivals.len();
            let wanted = CALL.min(SLOTS - before);
            let room = filling.buffer.get_mut(before * SLOT..).unwrap_or(&mut []);
            let called = self.system.receive(&self.socket.socket, room, wanted, !stopping, &mut filling.extra, &mut filling.arrivals);
            let came = filling.arrivals.len() - before;
            if came > 0 {
                filling.since.get_or_insert(began);
                self.count(filling.arrivals.get(before..).unwrap_or(&[]));
            }
            match called {
                Ok(()) => {}
                Err(e) if is_nothing(&e) => {}
                Err(e) => {
                    self.give(&mut filling, &mut hand_on);
                    return Err(e);
                }
            }
            left = left.saturating_sub(u64::try_from(came).unwrap_or(0));
            let full = filling.arrivals.len() == SLOTS || filling.extra.len() >= MOST_EXTRA;
            if full || filling.since.is_some_and(|since| since.elapsed() >= WAIT) {
                self.give(&mut filling, &mut hand_on);
            }
            if stopping && (came == 0 || left == 0) {
                self.give(&mut filling, &mut hand_on);
                return Ok(());
            }
            if came > 0 && came < wanted && !stopping {
                thread::sleep(self.pace.saturating_sub(began.elapsed()));
            }
        }
    }

    fn begin(&mut self) -> Filling {
        Filling { buffer: self.chunks.take(SLOT * SLOTS), extra: Vec::new(), arrivals: Vec::with_capacity(SLOTS), since: None }
    }

    fn count(&self, arrivals: &[Arrival]) {
        let counters = &self.socket.counters;
        let octets: usize = arrivals.iter().map(|a| a.length).sum();
        counters.datagrams.fetch_add(u64::try_from(arrivals.len()).unwrap_or(0), Ordering::Relaxed);
        counters.octets.fetch_add(u64::try_from(octets).unwrap_or(0), Ordering::Relaxed);
        if let Some(drops) = arrivals.iter().rev().find_map(|a| a.drops) {
            counters.tell_drops(drops);
        }
    }

    /// Hands on what there is, and begins anew.
    fn give(&mut self, filling: &mut Filling, hand_on: &mut impl FnMut(DatagramBatch)) {
        if filling.arrivals.is_empty() {
            return;
        }
        let count = u64::try_from(filling.arrivals.len()).unwrap_or(0);
        let first = self.frames.fetch_add(count, Ordering::Relaxed);
        let in_slots: usize = filling.arrivals.iter().filter(|a| a.beyond.is_none()).map(|a| a.length).sum();
        let dense = in_slots <= FEW_OCTETS;
        let mut copied = Vec::with_capacity(if dense { in_slots } else { 0 });
        let now = now();
        let mut datagrams = Vec::with_capacity(filling.arrivals.len());
        for (index, (number, arrival)) in (first..).zip(&filling.arrivals).enumerate() {
            let (buffer, start) = match arrival.beyond {
                Some(start) => (1, start),
                None if dense => {
                    let start = copied.len();
                    copied.extend_from_slice(filling.buffer.get(index * SLOT..index * SLOT + arrival.length).unwrap_or(&[]));
                    (0, start)
                }
                None => (0, index * SLOT),
            };
            let local = self.socket.local;
            datagrams.push(Datagram {
                index: number,
                time: Some(arrival.time.unwrap_or(now)),
                exporter: arrival.from,
                collector: Endpoint { addr: arrival.to.unwrap_or(local.ip()).to_canonical(), port: local.port() },
                transport: Transport::Udp,
                origin: Origin { file: self.file, frame: number + 1 },
                buffer,
                start: u32::try_from(start).unwrap_or(u32::MAX),
                length: u32::try_from(arrival.length).unwrap_or(u32::MAX),
                missing: 0,
            });
        }
        let mut buffers = vec![if dense {
            Arc::new(copied)
        } else {
            let next = self.chunks.take(SLOT * SLOTS);
            self.chunks.share(std::mem::replace(&mut filling.buffer, next))
        }];
        if !filling.extra.is_empty() {
            buffers.push(Arc::new(std::mem::take(&mut filling.extra)));
        }
        filling.arrivals.clear();
        filling.since = None;
        hand_on(DatagramBatch { buffers, datagrams, ..DatagramBatch::default() });
    }
}

/// True if nothing came: the wait is over, a signal was caught, or an answer to a datagram of ours was refused.
fn is_nothing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted | ConnectionRefused)
}

/// The system's clock.
pub(super) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// The end of a session that a socket address names; IPv4 in its own form.
pub(super) fn endpoint(addr: std::net::SocketAddr) -> Endpoint {
    Endpoint { addr: addr.ip().to_canonical(), port: addr.port() }
}
