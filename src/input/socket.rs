//! UDP ports that are listened on: sockets opened as asked for, and what the system granted.
//!
//! One socket serves IPv6 and IPv4 where nothing else is asked for (RFC 3493 §3.7; IPv4 addresses come mapped and are given as IPv4). Several
//! sockets share a port by `SO_REUSEPORT`. On Linux an exporter's address says which of them gets a datagram, so that all of an exporter, from
//! whatever port, stays on one socket and in order. Elsewhere the kernel chooses by the two addresses *and the two ports*: a session stays in
//! order, and an exporter that sends templates from one port and data from another may come on two sockets; then data can overtake its
//! templates, which waiting Sets make up for, but not where the template is redefined.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use thiserror::Error;

/// How long a receiver waits for a datagram before it looks at what it has, and whether it is to stop.
pub(super) const WAIT: Duration = Duration::from_millis(100);

/// What to listen on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PortOptions {
    /// The address; a multicast group is joined; `None` is every address of both families.
    pub bind: Option<IpAddr>,
    /// The UDP port.
    pub port: u16,
    /// The only interface to receive from.
    pub interface: Option<String>,
    /// Octets to ask the kernel for, for each socket.
    pub receive_buffer: usize,
    /// Sockets on the port.
    pub sockets: usize,
}

/// Why a port can't be listened on.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Somebody else has it.
    #[error("port {port}: another program listens there already (`ss -ulnp sport = :{port}` names it); stop it, or choose another port")]
    InUse {
        /// The port.
        port: u16,
    },
    /// The system forbids it.
    #[error("port {port}: not permitted: {what}")]
    NotPermitted {
        /// The port.
        port: u16,
        /// What would be needed.
        what: &'static str,
    },
    /// There is no such interface.
    #[error("there is no interface '{name}'; `ip link` lists them")]
    NoInterface {
        /// The name that was asked for.
        name: String,
    },
    /// The address belongs to somebody else.
    #[error("{addr} is no address of this machine; `ip address` lists them")]
    NoAddress {
        /// The address that was asked for.
        addr: IpAddr,
    },
    /// An address that is there on every link.
    #[error("{addr} is a link-local address: --interface DEV says which link")]
    NoLink {
        /// The address that was asked for.
        addr: IpAddr,
    },
    /// Anything else.
    #[error("port {port}: {what}: {source}")]
    System {
        /// The port.
        port: u16,
        /// What was tried.
        what: &'static str,
        /// The system's word.
        source: io::Error,
    },
}

/// What a socket has counted; read by others while it receives.
#[derive(Debug, Default)]
pub struct SocketCounters {
    /// Datagrams.
    pub datagrams: AtomicU64,
    /// Octets of their payloads.
    pub octets: AtomicU64,
    /// Datagrams that the kernel dropped since the receive buffer was full, as far as the next datagram told (`SO_RXQ_OVFL`).
    pub told_drops: AtomicU64,
    /// Times that the interface went down which is captured from.
    pub downs: AtomicU64,
}

impl SocketCounters {
    /// The kernel's counter has 32 bits; it only rises.
    pub(super) fn tell_drops(&self, counter: u32) {
        let before = self.told_drops.load(Ordering::Relaxed);
        let [.., a, b, c, d] = before.to_be_bytes();
        let more = counter.wrapping_sub(u32::from_be_bytes([a, b, c, d]));
        self.told_drops.store(before + u64::from(more), Ordering::Relaxed);
    }
}

/// One of a port's sockets.
#[derive(Debug)]
pub struct PortSocket {
    pub(super) socket: Socket,
    /// Where it is bound.
    pub local: SocketAddr,
    /// Octets of receive buffer that the kernel granted of those asked for.
    pub granted: usize,
    /// Its inode, by which the system tells of its drops.
    pub inode: Option<u64>,
    /// Counted while it receives.
    pub counters: Arc<SocketCounters>,
}

/// Opens the sockets of a port.
///
/// # Errors
/// The port is in use, not permitted, or what was asked for is not there.
pub fn open(options: &PortOptions) -> Result<Vec<PortSocket>, ListenError> {
    let group = options.bind.is_some_and(|addr| addr.to_canonical().is_multicast());
    // Every member of a group gets every datagram: with two sockets each would come twice.
    let sockets = if group { 1 } else { options.sockets.max(1) };
    if sockets > 1 {
        // Sockets that share a port would share it with another program of the same user as well, unnoticed.
        open_one(options, false)?;
    }
    let opened: Vec<PortSocket> = (0..sockets).map(|_| open_one(options, sockets > 1)).collect::<Result<_, _>>()?;
    #[cfg(target_os = "linux")]
    if let ([first, _, ..], Ok(count)) = (opened.as_slice(), u32::try_from(opened.len())) {
        // Where the kernel can't, it chooses as it does elsewhere.
        super::socket_group::keep_exporters_together(&first.socket, count);
    }
    Ok(opened)
}

fn open_one(options: &PortOptions, shared: bool) -> Result<PortSocket, ListenError> {
    match options.bind {
        // An IPv4 address in IPv6's form is an IPv4 address.
        Some(addr) => bind(options, addr.to_canonical(), shared),
        None => match bind(options, IpAddr::V6(Ipv6Addr::UNSPECIFIED), shared) {
            // A system without IPv6.
            Err(ListenError::System { .. } | ListenError::NoAddress { .. }) => bind(options, IpAddr::V4(Ipv4Addr::UNSPECIFIED), shared),
            other => other,
        },
    }
}

fn bind(options: &PortOptions, addr: IpAddr, shared: bool) -> Result<PortSocket, ListenError> {
    let port = options.port;
    let failed = |what| move |source| ListenError::System { port, what, source };
    let wanted = place(options, addr)?;
    let socket = Socket::new(Domain::for_address(wanted), Type::DGRAM, Some(Protocol::UDP)).map_err(failed("a socket"))?;
    if addr.is_ipv6() {
        let only = options.bind.is_some();
        socket.set_only_v6(only).map_err(failed("both families on one socket"))?;
    }
    if shared {
        share_port(&socket).map_err(failed("several sockets on it"))?;
    }
    if addr.is_multicast() {
        socket.set_reuse_address(true).map_err(failed("a group that others may have joined"))?;
    }
    if let Some(name) = &options.interface {
        restrict(&socket, name, port)?;
    }
    ask_for_buffer(&socket, options.receive_buffer);
    socket.bind(&wanted.into()).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { port },
        io::ErrorKind::AddrNotAvailable => ListenError::NoAddress { addr },
        io::ErrorKind::PermissionDenied => {
            ListenError::NotPermitted { port, what: "ports below 1024 take the capability CAP_NET_BIND_SERVICE; choose a higher port" }
        }
        _ => ListenError::System { port, what: "binding", source },
    })?;
    if addr.is_multicast() {
        join(&socket, addr, options)?;
    }
    super::socket_receive::prepare(&socket, addr.is_ipv6());
    socket.set_read_timeout(Some(WAIT)).map_err(failed("a time to wait"))?;
    let local = socket.local_addr().ok().and_then(|a| a.as_socket()).unwrap_or(wanted);
    // Linux doubles what it grants, for its own overhead (socket(7)).
    let doubled = if cfg!(target_os = "linux") { 2 } else { 1 };
    let granted = socket.recv_buffer_size().map_err(failed("the receive buffer"))? / doubled;
    let inode = super::socket_drops::inode(&socket);
    Ok(PortSocket { socket, local, granted, inode, counters: Arc::default() })
}

/// Where to bind: of a link-local address or group the interface says on which link (RFC 4007 §6).
fn place(options: &PortOptions, addr: IpAddr) -> Result<SocketAddr, ListenError> {
    let IpAddr::V6(v6) = addr else { return Ok(SocketAddr::new(addr, options.port)) };
    if !is_of_link(v6) {
        return Ok(SocketAddr::new(addr, options.port));
    }
    let name = options.interface.as_ref().ok_or(ListenError::NoLink { addr })?;
    let link = index_of(name).ok_or_else(|| ListenError::NoInterface { name: name.clone() })?;
    Ok(SocketAddrV6::new(v6, options.port, 0, link).into())
}

/// True for an address or group whose scope is an interface or a link (RFC 4291 §2.5.6 and §2.7).
fn is_of_link(addr: Ipv6Addr) -> bool {
    addr.is_unicast_link_local()
        || addr.is_multicast() && matches!(addr.octets(), [_, flags_and_scope, ..] if matches!(flags_and_scope & 0x0f, 1 | 2))
}

#[cfg(unix)]
fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(unix))]
fn share_port(_socket: &Socket) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(target_os = "linux")]
fn restrict(socket: &Socket, name: &str, port: u16) -> Result<(), ListenError> {
    if index_of(name).is_none() {
        return Err(ListenError::NoInterface { name: name.to_owned() });
    }
    socket.bind_device(Some(name.as_bytes())).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => {
            ListenError::NotPermitted { port, what: "receiving from one interface alone takes the capability CAP_NET_RAW" }
        }
        _ => ListenError::System { port, what: "the interface", source },
    })
}

#[cfg(not(target_os = "linux"))]
fn restrict(_socket: &Socket, _name: &str, port: u16) -> Result<(), ListenError> {
    let source = io::Error::from(io::ErrorKind::Unsupported);
    Err(ListenError::System { port, what: "receiving from one interface alone", source })
}

/// The number of an interface.
#[cfg(unix)]
pub(super) fn index_of(name: &str) -> Option<u32> {
    nix::net::if_::if_nametoindex(name).ok()
}

#[cfg(not(unix))]
pub(super) fn index_of(_name: &str) -> Option<u32> {
    None
}

/// As much as the kernel gives: with CAP_NET_ADMIN what is asked for, else up to `net.core.rmem_max`.
fn ask_for_buffer(socket: &Socket, octets: usize) {
    #[cfg(target_os = "linux")]
    if nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::RcvBufForce, &octets).is_ok() {
        return;
    }
    // What was granted is read back and told.
    let _ = socket.set_recv_buffer_size(octets);
}

fn join(socket: &Socket, group: IpAddr, options: &PortOptions) -> Result<(), ListenError> {
    let index = match &options.interface {
        Some(name) => index_of(name).ok_or_else(|| ListenError::NoInterface { name: name.clone() })?,
        None => 0,
    };
    let joined = match group {
        IpAddr::V4(group) => socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(index)),
        IpAddr::V6(group) => socket.join_multicast_v6(&group, index),
    };
    joined.map_err(|source| ListenError::System { port: options.port, what: "joining the group", source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_go_on_when_the_kernels_counter_wraps() {
        let counters = SocketCounters::default();
        for counter in [5, 5, u32::MAX, 2] {
            counters.tell_drops(counter);
        }
        assert_eq!(counters.told_drops.load(Ordering::Relaxed), (1 << 32) + 2);
    }

    #[test]
    fn a_port_in_use_a_foreign_address_and_an_unknown_interface_are_told() {
        let options = PortOptions { bind: Some(Ipv4Addr::LOCALHOST.into()), port: 0, interface: None, receive_buffer: 1 << 16, sockets: 1 };
        let first = open(&options).unwrap();
        let taken = PortOptions { port: first[0].local.port(), ..options.clone() };
        assert!(matches!(open(&taken), Err(ListenError::InUse { .. })));
        assert!(matches!(open(&PortOptions { sockets: 2, ..taken }), Err(ListenError::InUse { .. })));
        let foreign = PortOptions { bind: Some(Ipv4Addr::new(192, 0, 2, 1).into()), ..options.clone() };
        assert!(matches!(open(&foreign), Err(ListenError::NoAddress { .. })));
        let nowhere = PortOptions { interface: Some("nosuch0".into()), ..options };
        assert!(matches!(open(&nowhere), Err(ListenError::NoInterface { .. })));
    }

    #[test]
    fn a_link_local_address_needs_its_link_and_a_mapped_one_is_ipv4() {
        let options = |bind: &str, interface: Option<&str>| PortOptions {
            bind: Some(bind.parse().unwrap()),
            port: 0,
            interface: interface.map(str::to_owned),
            receive_buffer: 1 << 16,
            sockets: 1,
        };
        for addr in ["fe80::1", "ff02::99"] {
            let said = open(&options(addr, None)).unwrap_err().to_string();
            assert_eq!(said, format!("{addr} is a link-local address: --interface DEV says which link"));
            assert!(matches!(open(&options(addr, Some("nosuch0"))), Err(ListenError::NoInterface { .. })));
        }
        let mapped = open(&options("::ffff:127.0.0.1", None)).unwrap();
        assert_eq!(mapped[0].local.ip(), IpAddr::from(Ipv4Addr::LOCALHOST));
        assert_eq!(["ff05::2", "2001:db8::1", "fe80::1", "ff12::9"].map(|a| is_of_link(a.parse().unwrap())), [false, false, true, true]);
    }
}
