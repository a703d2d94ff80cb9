//! Linux: which of the sockets that share a port gets a datagram. By itself the kernel hashes addresses and ports, so that an exporter that
//! sends templates from one port and data from another may come on two sockets, and data may be read by a template that has another
//! meaning by then. So a filter (classic BPF, `SO_ATTACH_REUSEPORT_CBPF`, socket(7)) chooses by the exporter's address alone.

use nix::libc::{sock_filter, sock_fprog};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::Socket;

/// Where loads begin to count at the network header (linux/filter.h: SKF_NET_OFF, -0x100000).
const NETWORK: u32 = 0xfff0_0000;
/// Instructions (linux/bpf_common.h); A and X are the machine's registers.
const LOAD_WORD: u16 = 0x20;
const LOAD_OCTET: u16 = 0x30;
const SHIFT_RIGHT: u16 = 0x74;
const MULTIPLY: u16 = 0x24;
const MODULO: u16 = 0x94;
const XOR_X: u16 = 0xac;
const A_TO_X: u16 = 0x07;
const JUMP: u16 = 0x05;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN_A: u16 = 0x16;
/// Knuth's multiplier: neighbouring addresses go to different sockets.
const SPREAD: u32 = 0x9e37_79b1;

/// Lets all datagrams of an exporter come on one of the sockets, to be called when all are bound. False where the kernel can't; it chooses by
/// addresses and ports then.
pub(super) fn keep_exporters_together(first: &Socket, sockets: u32) -> bool {
    let mut program = program(sockets);
    let Ok(len) = program.len().try_into() else { return false };
    // The kernel copies the program in the call.
    let program = sock_fprog { len, filter: program.as_mut_ptr() };
    setsockopt(first, sockopt::AttachReusePortCbpf, &program).is_ok()
}

/// The number of a socket by the source address of an IPv4 or IPv6 packet.
fn program(sockets: u32) -> [sock_filter; 19] {
    let step = |code, k| sock_filter { code, jt: 0, jf: 0, k };
    [
        step(LOAD_OCTET, NETWORK),
        step(SHIFT_RIGHT, 4),
        sock_filter { code: JUMP_IF_EQUAL, jt: 0, jf: 11, k: 6 },
        // RFC 8200 §3: the source is octets 8 to 23.
        step(LOAD_WORD, NETWORK + 8),
        step(A_TO_X, 0),
        step(LOAD_WORD, NETWORK + 12),
        step(XOR_X, 0),
        step(A_TO_X, 0),
        step(LOAD_WORD, NETWORK + 16),
        step(XOR_X, 0),
        step(A_TO_X, 0),
        step(LOAD_WORD, NETWORK + 20),
        step(XOR_X, 0),
        step(JUMP, 1),
        // RFC 791 §3.1: octets 12 to 15.
        step(LOAD_WORD, NETWORK + 12),
        step(MULTIPLY, SPREAD),
        step(SHIFT_RIGHT, 16),
        step(MODULO, sockets.max(1)),
        step(RETURN_A, 0),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

    use super::super::socket::{PortOptions, PortSocket, open};

    /// The sockets that datagrams from an address come on, one from each of so many ports.
    fn sockets_of(sockets: &[PortSocket], from: IpAddr, to: SocketAddr, ports: usize) -> BTreeSet<usize> {
        for _ in 0..ports {
            UdpSocket::bind((from, 0)).unwrap().send_to(b"x", to).unwrap();
        }
        let mut found = BTreeSet::new();
        for (number, socket) in sockets.iter().enumerate() {
            socket.socket.set_nonblocking(true).unwrap();
            let mut octet = [std::mem::MaybeUninit::uninit(); 1];
            while socket.socket.recv(&mut octet).is_ok() {
                found.insert(number);
            }
        }
        found
    }

    #[test]
    fn an_exporter_stays_on_one_socket_whatever_its_ports() {
        let options = PortOptions { bind: None, port: 0, interface: None, receive_buffer: 1 << 16, sockets: 4 };
        // The first chooses the port, so that the others can share it.
        let port = open(&PortOptions { sockets: 1, ..options.clone() }).unwrap()[0].local.port();
        let sockets = open(&PortOptions { port, ..options }).unwrap();
        assert_eq!(sockets.len(), 4);
        let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut used = BTreeSet::new();
        for host in 1..=40 {
            let of = sockets_of(&sockets, Ipv4Addr::new(127, 0, 4, host).into(), v4, 20);
            assert_eq!(of.len(), 1, "127.0.4.{host} came on {of:?}");
            used.extend(of);
        }
        assert_eq!(used.len(), 4, "neighbours go to different sockets");
        if sockets[0].local.is_ipv6() {
            let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
            assert_eq!(sockets_of(&sockets, Ipv6Addr::LOCALHOST.into(), v6, 20).len(), 1);
        }
    }
}
