//! Where the datagrams of a replay go out: sockets of our own, one for each session of the capture, or raw sockets under its addresses.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::batch::Batch;
use super::packet::PacketError;
use super::spoof::{SpoofError, Spoofed, Spoofer, is_too_large};
use crate::datagram::Endpoint;

/// Sockets that are opened at most: systems allow a process 1024 files by default. Further sessions share them.
const MOST_SOCKETS: usize = 900;
/// Sessions that are remembered; those of a flood of forged ones are not, and share sockets.
const MOST_SESSIONS: usize = 100_000;
/// Octets asked for in the system's buffer for sending.
const SEND_BUFFER: usize = 4 << 20;
/// How often a datagram is tried again that the system had no room for, and the pause before.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_micros(200);

/// A datagram to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Who sent it.
    pub exporter: Endpoint,
    /// Its octets.
    pub payload: &'a [u8],
}

/// What became of datagrams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sent.
    pub sent: u64,
    /// Their octets, without headers.
    pub octets: u64,
    /// Answers that nobody listens there. The datagrams were sent.
    pub unreachable: u64,
    /// Not sent: exporter and destination are of different families, or nobody knows the exporter.
    pub no_sender: u64,
    /// Not sent: too large for the way.
    pub too_large: u64,
    /// Not sent: the system refused.
    pub failed: u64,
    /// What it said first.
    pub first_failure: Option<String>,
    /// Sessions of the capture.
    pub sessions: u64,
    /// Sessions that had to share a socket.
    pub shared: u64,
}

/// The way out.
#[derive(Debug)]
pub struct Outlet {
    to: SocketAddr,
    way: Way,
    counts: Counts,
    sessions: HashMap<Endpoint, usize>,
    last: Option<(Endpoint, usize)>,
}

#[derive(Debug)]
enum Way {
    Sockets(Vec<Socket>, Batch),
    Raw(Spoofer),
}

impl Outlet {
    /// Sends from sockets of our own.
    ///
    /// # Errors
    /// The destination can't be sent to.
    pub fn sockets(to: SocketAddr) -> io::Result<Self> {
        // One that works says that all will.
        let first = socket(to)?;
        Ok(Self::new(to, Way::Sockets(vec![first], Batch::default())))
    }

    /// Sends under the exporters' addresses.
    ///
    /// # Errors
    /// The permission is missing.
    pub fn spoofed(to: SocketAddr) -> Result<Self, SpoofError> {
        let spoofer = Spoofer::open([&to])?;
        let _ = spoofer.set_send_buffer(SEND_BUFFER);
        Ok(Self::new(to, Way::Raw(spoofer)))
    }

    fn new(to: SocketAddr, way: Way) -> Self {
        Self { to, way, counts: Counts::default(), sessions: HashMap::new(), last: None }
    }

    /// What became of all datagrams so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Asks the sockets for answers that came after their last datagram.
    pub fn finish(&mut self) {
        if let Way::Sockets(sockets, _) = &self.way {
            let answered = sockets.iter().filter(|s| s.take_error().is_ok_and(|e| e.is_some())).count();
            self.counts.unreachable += answered as u64;
        }
    }

    /// Sends datagrams in their order.
    pub fn send(&mut self, datagrams: &[Outgoing<'_>]) {
        let mut rest = datagrams;
        while let Some(first) = rest.first() {
            let session = self.session(first.exporter);
            let run = match &self.way {
                // A raw socket sends for all.
                Way::Raw(_) => rest.len(),
                Way::Sockets(..) => rest.iter().take_while(|d| d.exporter == first.exporter).count(),
            };
            let (now, later) = rest.split_at(run);
            match &self.way {
                Way::Raw(_) => {
                    for datagram in now {
                        self.session(datagram.exporter);
                    }
                    self.send_raw(now);
                }
                Way::Sockets(..) => self.send_by(session, now),
            }
            rest = later;
        }
    }

    /// The number of a session's socket.
    fn session(&mut self, exporter: Endpoint) -> usize {
        if let Some((_, number)) = self.last.filter(|(last, _)| *last == exporter) {
            return number;
        }
        let number = match self.sessions.get(&exporter) {
            Some(number) => *number,
            None => self.new_session(exporter),
        };
        self.last = Some((exporter, number));
        number
    }

    fn new_session(&mut self, exporter: Endpoint) -> usize {
        let known = self.sessions.len();
        let mut number = known;
        if let Way::Sockets(sockets, _) = &mut self.way {
            let more =
                if known < sockets.len() { None } else { Some(()).filter(|()| known < MOST_SOCKETS).and_then(|()| socket(self.to).ok()) };
            match more {
                Some(socket) => sockets.push(socket),
                None if known < sockets.len() => {}
                None => {
                    number = known % sockets.len().max(1);
                    self.counts.shared += 1;
                }
            }
        }
        self.counts.sessions += 1;
        if known < MOST_SESSIONS {
            self.sessions.insert(exporter, number);
        }
        number
    }

    fn send_by(&mut self, number: usize, datagrams: &[Outgoing<'_>]) {
        let Way::Sockets(sockets, batch) = &mut self.way else { return };
        let Some(socket) = sockets.get(number) else { return };
        let list: Vec<&[u8]> = datagrams.iter().map(|d| d.payload).collect();
        let (mut at, mut tries, mut stopped) = (0, 0, false);
        while let Some(rest) = list.get(at..).filter(|rest| !rest.is_empty()) {
            let sent = batch.send(socket, rest, None);
            if stopped && sent.is_ok() {
                // The call before ended at an answer to an earlier datagram, which the system tells nobody else (sendmmsg(2)).
                self.counts.unreachable += 1;
            }
            stopped = sent.as_ref().is_ok_and(|count| *count < rest.len().min(Batch::MOST));
            match sent {
                Ok(count) => {
                    self.counts.sent += count as u64;
                    self.counts.octets += rest.iter().take(count).map(|d| d.len() as u64).sum::<u64>();
                    at += count;
                    tries = 0;
                }
                // What an earlier datagram was answered by; this one has not been sent yet.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => self.counts.unreachable += 1,
                Err(error) if tries < TRIES && no_room(&error) => {
                    tries += 1;
                    std::thread::sleep(PAUSE);
                }
                Err(error) => {
                    fail(&mut self.counts, &Spoofed::Io(error));
                    at += 1;
                    tries = 0;
                }
            }
        }
    }

    fn send_raw(&mut self, datagrams: &[Outgoing<'_>]) {
        let Way::Raw(spoofer) = &mut self.way else { return };
        let to = self.to;
        let sender = |d: &Outgoing<'_>| SocketAddr::new(d.exporter.addr, d.exporter.port);
        let mut not_sent: Vec<(usize, Spoofed)> = Vec::new();
        let sent = spoofer.send_all(datagrams.iter().map(|d| (sender(d), d.payload)), to, &mut |n, error| not_sent.push((n, error)));
        self.counts.sent += sent as u64;
        self.counts.octets += datagrams.iter().map(|d| d.payload.len() as u64).sum::<u64>();
        for (number, mut error) in not_sent {
            let Some(datagram) = datagrams.get(number) else { continue };
            let mut tries = 0;
            let sent = loop {
                match error {
                    Spoofed::Io(ref e) if tries < TRIES && no_room(e) => {
                        tries += 1;
                        std::thread::sleep(PAUSE);
                    }
                    _ => break false,
                }
                match spoofer.send(sender(datagram), to, datagram.payload) {
                    Ok(()) => break true,
                    Err(again) => error = again,
                }
            };
            if sent {
                self.counts.sent += 1;
            } else {
                self.counts.octets -= datagram.payload.len() as u64;
                fail(&mut self.counts, &error);
            }
        }
    }
}

fn fail(counts: &mut Counts, error: &Spoofed) {
    match error {
        Spoofed::Packet(PacketError::Families { .. } | PacketError::Sender(_)) => counts.no_sender += 1,
        Spoofed::Packet(PacketError::Large(_)) => counts.too_large += 1,
        Spoofed::Io(e) if is_too_large(e) => counts.too_large += 1,
        Spoofed::Io(_) => counts.failed += 1,
    }
    counts.first_failure.get_or_insert_with(|| error.to_string());
}

/// ENOBUFS or EAGAIN: it may have room in a moment.
fn no_room(error: &io::Error) -> bool {
    #[cfg(unix)]
    let full = error.raw_os_error() == Some(nix::errno::Errno::ENOBUFS as i32);
    #[cfg(not(unix))]
    let full = false;
    full || error.kind() == io::ErrorKind::WouldBlock
}

/// A socket of its own port, connected, so that the system tells when nobody listens.
fn socket(to: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(to), Type::DGRAM, Some(Protocol::UDP))?;
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    socket.connect(&to.into())?;
    Ok(socket)
}
