//! Where the datagrams of a replay go out: sockets of our own, one for each session of the capture, or raw sockets under its addresses.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::batch::Batch;
use super::open_files::{SocketBudget, SocketShare};
use super::packet::PacketError;
use super::sessions::Sessions;
use super::spoof::{SpoofError, Spoofed, Spoofer, is_too_large};
use crate::datagram::Endpoint;

/// Sessions that are remembered; of more, those that were silent for longest are forgotten, first those that sent once.
const MOST_SESSIONS: usize = 20_000;
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
    /// Sessions of the capture; one that was forgotten and comes again is another one.
    pub sessions: u64,
    /// Sessions that had to share a socket, since a process may open so many files only.
    pub shared: u64,
}

/// The way out.
#[derive(Debug)]
pub struct Outlet {
    to: SocketAddr,
    way: Way,
    counts: Counts,
    budget: Arc<SocketBudget>,
    sessions: Sessions,
    /// The first socket, until a session has it.
    unused: Option<usize>,
    last: Option<(Endpoint, usize)>,
}

#[derive(Debug)]
enum Way {
    Sockets(Vec<OwnSocket>, Batch),
    Raw(Spoofer),
}

/// A socket, and its share of what the process may open.
#[derive(Debug)]
struct OwnSocket {
    socket: Socket,
    /// Sessions that send from it now.
    users: usize,
    _share: Option<SocketShare>,
}

impl Outlet {
    /// Sends from sockets of our own.
    ///
    /// # Errors
    /// The destination can't be sent to.
    pub fn sockets(to: SocketAddr) -> io::Result<Self> {
        Self::within(to, SocketBudget::of_process())
    }

    fn within(to: SocketAddr, budget: Arc<SocketBudget>) -> io::Result<Self> {
        // One that works says that all will.
        let first = OwnSocket { socket: socket(to)?, users: 0, _share: budget.take() };
        Ok(Self::new(to, Way::Sockets(vec![first], Batch::default()), budget))
    }

    /// Sends under the exporters' addresses.
    ///
    /// # Errors
    /// The permission is missing.
    pub fn spoofed(to: SocketAddr) -> Result<Self, SpoofError> {
        let spoofer = Spoofer::open([&to])?;
        let _ = spoofer.set_send_buffer(SEND_BUFFER);
        Ok(Self::new(to, Way::Raw(spoofer), SocketBudget::of_process()))
    }

    fn new(to: SocketAddr, way: Way, budget: Arc<SocketBudget>) -> Self {
        Self { to, way, budget, counts: Counts::default(), sessions: Sessions::new(MOST_SESSIONS), unused: Some(0), last: None }
    }

    /// What became of all datagrams so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Asks the sockets for answers that came after their last datagram.
    pub fn finish(&mut self) {
        if let Way::Sockets(sockets, _) = &self.way {
            let answered = sockets.iter().filter(|s| s.socket.take_error().is_ok_and(|e| e.is_some())).count();
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
        let number = self.sessions.hear(exporter).unwrap_or_else(|| self.new_session(exporter));
        self.last = Some((exporter, number));
        number
    }

    /// Gives a new session a socket: one that no session has any more, else one more if there may be, else one that others have as well.
    fn new_session(&mut self, exporter: Endpoint) -> usize {
        self.counts.sessions += 1;
        let forgotten = self.sessions.make_room();
        let Way::Sockets(sockets, _) = &mut self.way else { return self.sessions.add(exporter, 0) };
        let left = forgotten.and_then(|number| Some((number, sockets.get_mut(number)?)));
        let mut unused = self.unused.take();
        if let Some((number, socket)) = left {
            socket.users = socket.users.saturating_sub(1);
            // Another port, so that nobody reads the new session by the templates of the old one.
            if socket.users == 0 && renew(socket, self.to) {
                unused = Some(number);
            }
        }
        let number = unused.or_else(|| {
            let (share, socket) = (self.budget.take()?, socket(self.to).ok()?);
            sockets.push(OwnSocket { socket, users: 0, _share: Some(share) });
            Some(sockets.len() - 1)
        });
        let number = number.unwrap_or_else(|| {
            self.counts.shared += 1;
            self.counts.sessions as usize % sockets.len().max(1)
        });
        if let Some(socket) = sockets.get_mut(number) {
            socket.users += 1;
        }
        self.sessions.add(exporter, number)
    }

    fn send_by(&mut self, number: usize, datagrams: &[Outgoing<'_>]) {
        let Way::Sockets(sockets, batch) = &mut self.way else { return };
        let Some(OwnSocket { socket, .. }) = sockets.get(number) else {
            self.counts.failed += datagrams.len() as u64;
            return;
        };
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

/// Puts another socket in the place of one; false if there is none to be had.
fn renew(own: &mut OwnSocket, to: SocketAddr) -> bool {
    socket(to).map(|socket| own.socket = socket).is_ok()
}

/// A socket of its own port, connected, so that the system tells when nobody listens.
fn socket(to: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(to), Type::DGRAM, Some(Protocol::UDP))?;
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    socket.connect(&to.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    fn exporter(port: u16) -> Endpoint {
        Endpoint { addr: [192, 0, 2, 1].into(), port }
    }

    /// A destination, and a way to it with room for so many sockets.
    fn to_a_target(sockets: usize) -> (UdpSocket, Outlet) {
        let target = UdpSocket::bind("127.0.0.1:0").unwrap();
        target.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let outlet = Outlet::within(target.local_addr().unwrap(), SocketBudget::new(sockets)).unwrap();
        (target, outlet)
    }

    fn send(outlet: &mut Outlet, target: &UdpSocket, from: u16) -> u16 {
        outlet.send(&[Outgoing { exporter: exporter(from), payload: &from.to_be_bytes() }]);
        let mut octets = [0; 2];
        let (_, port) = target.recv_from(&mut octets).map(|(n, from)| (n, from.port())).unwrap();
        assert_eq!(u16::from_be_bytes(octets), from);
        port
    }

    #[test]
    fn beyond_the_budget_sessions_share_and_every_datagram_goes_out() {
        let (target, mut outlet) = to_a_target(3);
        let ports: Vec<u16> = (1..=9).map(|from| send(&mut outlet, &target, from)).collect();
        let again: Vec<u16> = (1..=9).map(|from| send(&mut outlet, &target, from)).collect();
        assert_eq!(ports, again);
        let distinct: std::collections::BTreeSet<u16> = ports.iter().copied().collect();
        assert_eq!(distinct.len(), 3);
        let counts = outlet.counts();
        assert_eq!((counts.sent, counts.failed, counts.sessions, counts.shared), (18, 0, 9, 6));
    }

    #[test]
    fn two_destinations_share_one_budget() {
        let (target, mut first) = to_a_target(3);
        let mut second = Outlet::within(target.local_addr().unwrap(), Arc::clone(&first.budget)).unwrap();
        for from in 1..=5 {
            send(&mut first, &target, from);
            send(&mut second, &target, from);
        }
        assert_eq!(first.counts().shared + second.counts().shared, 10 - 3);
        drop(first);
        assert_eq!((second.counts().sent, second.budget.take().is_some()), (5, true));
    }

    #[test]
    fn a_socket_that_could_not_be_had_costs_one_session_nothing() {
        // No room for a second socket, and then there is: numbers of sessions and of sockets differ from here on.
        let (target, mut outlet) = to_a_target(2);
        let room = outlet.budget.take().unwrap();
        let shared = [send(&mut outlet, &target, 1), send(&mut outlet, &target, 2)];
        assert_eq!(shared[0], shared[1]);
        drop(room);
        assert_ne!(send(&mut outlet, &target, 3), shared[0]);
        assert_eq!((outlet.counts().sent, outlet.counts().failed, outlet.counts().shared), (3, 0, 1));
    }

    #[test]
    fn forgotten_sessions_give_their_sockets_back() {
        let (target, mut outlet) = to_a_target(4);
        outlet.sessions = Sessions::new(4);
        let real = send(&mut outlet, &target, 1);
        send(&mut outlet, &target, 2);
        assert_eq!(send(&mut outlet, &target, 1), real);
        // Who sent once makes room for others who send once; none has to share.
        for from in 100..120 {
            send(&mut outlet, &target, from);
        }
        assert_eq!(send(&mut outlet, &target, 1), real);
        assert_eq!((outlet.counts().shared, outlet.counts().sessions), (0, 22));
    }
}
