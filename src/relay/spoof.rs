//! Sends datagrams under the addresses of those who sent them first, through raw sockets.
//!
//! Linux alone: the system takes whole IPv4 packets (raw(7): IP_HDRINCL, which IPPROTO_RAW implies) and whole IPv6 packets (the same for
//! IPPROTO_RAW). It asks for the capability CAP_NET_RAW.

use std::io;
use std::net::SocketAddr;

use socket2::Socket;
use thiserror::Error;

use super::batch::Batch;
use super::packet::{PacketError, Packets};

/// Why nothing can be sent under other addresses.
#[derive(Debug, Error)]
pub enum SpoofError {
    /// The capability is missing.
    #[error(
        "sending under the exporter's address needs the capability CAP_NET_RAW: run it as root, or `setcap cap_net_raw+ep` the program, or \
         leave --spoof out"
    )]
    Permission,
    /// Not on this system.
    #[error("sending under the exporter's address is there on Linux alone; leave --spoof out")]
    Unsupported,
    /// The system refuses.
    #[error("no raw socket can be had for sending under the exporter's address: {0}")]
    Io(io::Error),
}

/// What became of a datagram.
#[derive(Debug, Error)]
pub enum Spoofed {
    /// There is no packet for it.
    #[error("{0}")]
    Packet(#[from] PacketError),
    /// The system did not send it. A socket made [nonblocking](Spoofer::set_nonblocking) says `WouldBlock` where it would have to wait.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Sends datagrams under other addresses, to destinations of one family or both.
#[derive(Debug)]
pub struct Spoofer {
    v4: Option<Socket>,
    v6: Option<Socket>,
    batch: Batch,
    identification: u32,
}

impl Spoofer {
    /// Opens the raw sockets that the destinations need.
    ///
    /// # Errors
    /// The permission is missing, or the system is another.
    pub fn open<'a>(destinations: impl IntoIterator<Item = &'a SocketAddr>) -> Result<Self, SpoofError> {
        let mut spoofer = Self { v4: None, v6: None, batch: Batch::default(), identification: 1 };
        for destination in destinations {
            let socket = if destination.is_ipv4() { &mut spoofer.v4 } else { &mut spoofer.v6 };
            if socket.is_none() {
                *socket = Some(raw_socket(destination)?);
            }
        }
        Ok(spoofer)
    }

    /// Whether sending waits where the system's buffer is full.
    ///
    /// # Errors
    /// The system's.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.v4.iter().chain(&self.v6).try_for_each(|socket| socket.set_nonblocking(nonblocking))
    }

    /// Octets that may wait in the system to be sent.
    ///
    /// # Errors
    /// The system's.
    pub fn set_send_buffer(&self, octets: usize) -> io::Result<()> {
        self.v4.iter().chain(&self.v6).try_for_each(|socket| socket.set_send_buffer_size(octets))
    }

    /// Sends one datagram, unchanged, from an exporter to a destination; one too large for the way is sent in fragments.
    ///
    /// # Errors
    /// It could not be sent.
    pub fn send(&mut self, from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Result<(), Spoofed> {
        let packet = Packets::whole(from, to, payload)?;
        match self.send_packets(&[&packet], to) {
            Err(error) if is_too_large(&error) => self.send_fragments(from, to, payload),
            other => other.map(drop).map_err(Spoofed::Io),
        }
    }

    /// Sends datagrams to one destination, each unchanged and from its exporter. What could not be sent is told by its number; the others
    /// are sent all the same. The number of those sent is given.
    pub fn send_all<'d>(
        &mut self,
        datagrams: impl IntoIterator<Item = (SocketAddr, &'d [u8])>,
        to: SocketAddr,
        failed: &mut dyn FnMut(usize, Spoofed),
    ) -> usize {
        let mut packets = Vec::new();
        let mut numbers = Vec::new();
        let datagrams: Vec<(SocketAddr, &[u8])> = datagrams.into_iter().collect();
        for (number, (from, payload)) in datagrams.iter().enumerate() {
            match Packets::whole(*from, to, payload) {
                Ok(packet) => {
                    packets.push(packet);
                    numbers.push(number);
                }
                Err(error) => failed(number, error.into()),
            }
        }
        let list: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
        let (mut at, mut sent) = (0, 0);
        while let Some(rest) = list.get(at..).filter(|rest| !rest.is_empty()) {
            match self.send_packets(rest, to) {
                Ok(count) => {
                    at += count;
                    sent += count;
                }
                Err(error) => {
                    let number = numbers.get(at).copied().unwrap_or(0);
                    let whole = if is_too_large(&error) { datagrams.get(number) } else { None };
                    let result = match whole {
                        Some((from, payload)) => self.send_fragments(*from, to, payload),
                        None => Err(error.into()),
                    };
                    match result {
                        Ok(()) => sent += 1,
                        Err(error) => failed(number, error),
                    }
                    at += 1;
                }
            }
        }
        sent
    }

    fn send_fragments(&mut self, from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Result<(), Spoofed> {
        self.identification = self.identification.wrapping_add(1);
        let packets = Packets::fragments(from, to, payload, self.identification)?;
        let mut rest: Vec<&[u8]> = packets.list.iter().map(Vec::as_slice).collect();
        while !rest.is_empty() {
            let sent = self.send_packets(&rest, to)?;
            rest.drain(..sent.clamp(1, rest.len()));
        }
        Ok(())
    }

    fn send_packets(&mut self, packets: &[&[u8]], to: SocketAddr) -> io::Result<usize> {
        let packets = packets.get(..Batch::MOST).unwrap_or(packets);
        // The ports are in the packets; a raw socket reads a protocol in this place.
        let mut to = to;
        to.set_port(0);
        let socket = if to.is_ipv4() { &self.v4 } else { &self.v6 };
        let Some(socket) = socket else { return Err(io::ErrorKind::AddrNotAvailable.into()) };
        self.batch.send(socket, packets, Some(&vec![to; packets.len()]))
    }
}

#[cfg(target_os = "linux")]
fn raw_socket(destination: &SocketAddr) -> Result<Socket, SpoofError> {
    use socket2::{Domain, Protocol, Type};
    /// IPPROTO_RAW: the caller brings the IP header.
    const RAW: i32 = 255;
    let opened = Socket::new(Domain::for_address(*destination), Type::RAW, Some(Protocol::from(RAW)));
    opened.map_err(|e| if e.kind() == io::ErrorKind::PermissionDenied { SpoofError::Permission } else { SpoofError::Io(e) })
}

#[cfg(not(target_os = "linux"))]
fn raw_socket(_destination: &SocketAddr) -> Result<Socket, SpoofError> {
    Err(SpoofError::Unsupported)
}

/// EMSGSIZE: the packet does not fit the link.
pub(super) fn is_too_large(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(nix::errno::Errno::EMSGSIZE as i32);
    #[cfg(not(unix))]
    return false;
}
