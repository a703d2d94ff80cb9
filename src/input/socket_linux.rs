//! Linux: many datagrams a call (`recvmmsg`), each with the kernel's time, the address it was sent to, and the kernel's count of drops.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;

use nix::libc::{in_pktinfo, in6_pktinfo};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrStorage, recvmmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::Socket;

use super::socket_receive::{Arrival, LONGEST, SLOT, endpoint, now};
use crate::datagram::Endpoint;
use crate::time::Timestamp;

/// Asks the kernel to tell what comes beside the octets. What it refuses is done without.
pub(crate) fn prepare(socket: &Socket, v6: bool) {
    let _ = setsockopt(socket, sockopt::RxqOvfl, &1);
    let _ = setsockopt(socket, sockopt::ReceiveTimestampns, &true);
    let _ = if v6 { setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true) } else { setsockopt(socket, sockopt::Ipv4PacketInfo, &true) };
}

/// What calls need again and again.
#[derive(Debug)]
pub(super) struct Calls {
    /// Where the part of a payload lands that its slot has no room for.
    beyond: Vec<u8>,
}

impl Calls {
    /// For so many datagrams a call.
    pub(super) fn new(most: usize) -> Self {
        // Mostly never touched, so that it takes no memory.
        Self { beyond: vec![0; most * (LONGEST - SLOT)] }
    }

    /// Takes up to `wanted` datagrams into slots and `extra`; with `wait`, waits for the first one.
    pub(super) fn receive(
        &mut self,
        socket: &Socket,
        slots: &mut [u8],
        wanted: usize,
        wait: bool,
        extra: &mut Vec<u8>,
        arrivals: &mut Vec<Arrival>,
    ) -> io::Result<()> {
        let first = arrivals.len();
        let flags = if wait { MsgFlags::MSG_WAITFORONE } else { MsgFlags::MSG_DONTWAIT };
        {
            let parts = slots.chunks_exact_mut(SLOT).zip(self.beyond.chunks_exact_mut(LONGEST - SLOT)).take(wanted);
            let mut parts: Vec<[IoSliceMut<'_>; 2]> =
                parts.map(|(slot, beyond)| [IoSliceMut::new(slot), IoSliceMut::new(beyond)]).collect();
            // Made anew for each call: the kernel writes into its lengths what one call used, and the next would be cut to that.
            let space = nix::cmsg_space!(TimeSpec, u32, in_pktinfo, in6_pktinfo);
            let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(parts.len(), Some(space));
            let received = recvmmsg(socket.as_raw_fd(), &mut headers, parts.iter_mut(), flags, None)?;
            arrivals.extend(received.map(|message| arrival(&message)));
        }
        for (at, arrival) in arrivals.iter_mut().skip(first).enumerate().filter(|(_, a)| a.length > SLOT) {
            arrival.beyond = Some(extra.len());
            extra.extend_from_slice(slots.get(at * SLOT..(at + 1) * SLOT).unwrap_or(&[]));
            let start = at * (LONGEST - SLOT);
            extra.extend_from_slice(self.beyond.get(start..start + arrival.length - SLOT).unwrap_or(&[]));
        }
        Ok(())
    }
}

fn arrival(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Arrival {
    let mut arrival = Arrival {
        length: message.bytes,
        beyond: None,
        from: message.address.as_ref().and_then(sender).unwrap_or(Endpoint::UNKNOWN),
        to: None,
        time: None,
        drops: None,
    };
    for told in message.cmsgs().into_iter().flatten() {
        match told {
            ControlMessageOwned::ScmTimestampns(time) => arrival.time = time_of(time),
            ControlMessageOwned::RxqOvfl(drops) => arrival.drops = Some(drops),
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                arrival.to = Some(IpAddr::V4(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr))));
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => arrival.to = Some(IpAddr::V6(Ipv6Addr::from(info.ipi6_addr.s6_addr))),
            _ => {}
        }
    }
    arrival
}

fn sender(addr: &SockaddrStorage) -> Option<Endpoint> {
    if let Some(v4) = addr.as_sockaddr_in() {
        return Some(endpoint(SocketAddr::V4(SocketAddrV4::new(v4.ip(), v4.port()))));
    }
    let v6 = addr.as_sockaddr_in6()?;
    Some(endpoint(SocketAddr::V6(SocketAddrV6::new(v6.ip(), v6.port(), 0, 0))))
}

fn time_of(time: TimeSpec) -> Option<Timestamp> {
    let nanos = time.tv_sec().checked_mul(1_000_000_000)?.checked_add(time.tv_nsec())?;
    // A kernel that has just begun to stamp may give 0 for what came before.
    if nanos > 0 { Some(Timestamp::from_nanos(nanos)) } else { Some(now()) }
}
