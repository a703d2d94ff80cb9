//! pcapng as a recorder writes it (draft-ietf-opsawg-pcapng): one section, one interface of link type RAW (101), a packet block a datagram.
//!
//! ```text
//! block: type (4) · total length (4) · body · padding to 4 · total length again (4)
//! ```
//!
//! A socket gives the payload and the two ends, so the IP and UDP headers are made anew, with right checksums: addresses, ports, payload and time are those of
//! the datagram, everything else (TTL, identification) is not.

use etherparse::PacketBuilder;
use std::net::IpAddr;

use crate::datagram::Datagram;
use crate::time::Timestamp;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
/// LINKTYPE_RAW: an IPv4 or IPv6 header comes first, and its version tells which.
const RAW: u16 = 101;
/// A hop count as most systems begin with.
const HOPS: u8 = 64;

/// What a file begins with: the section, and its interface with times in nanoseconds.
pub(super) fn head(interface: &str) -> Vec<u8> {
    let mut out = Vec::new();
    block(&mut out, SECTION_HEADER, |body| {
        body.extend(0x1a2b_3c4du32.to_le_bytes());
        body.extend([1, 0, 0, 0]);
        // The length of the section is not known.
        body.extend(u64::MAX.to_le_bytes());
        option(body, 4, concat!("ipfix-inspect ", env!("CARGO_PKG_VERSION")).as_bytes());
        option(body, 0, &[]);
    });
    block(&mut out, INTERFACE_DESCRIPTION, |body| {
        body.extend(RAW.to_le_bytes());
        body.extend([0, 0]);
        body.extend(0u32.to_le_bytes());
        option(body, 2, interface.as_bytes());
        option(body, 9, &[9]);
        option(body, 0, &[]);
    });
    out
}

/// Appends the packet block of a datagram; false if it can't be said in IP.
pub(super) fn packet(out: &mut Vec<u8>, datagram: &Datagram, payload: &[u8], scratch: &mut Vec<u8>) -> bool {
    scratch.clear();
    let (from, to) = (datagram.exporter, datagram.collector);
    let written = match (from.addr, to.addr) {
        (IpAddr::V4(a), IpAddr::V4(b)) => PacketBuilder::ipv4(a.octets(), b.octets(), HOPS).udp(from.port, to.port).write(scratch, payload),
        (a, b) => PacketBuilder::ipv6(v6(a), v6(b), HOPS).udp(from.port, to.port).write(scratch, payload),
    };
    if written.is_err() {
        return false;
    }
    let ticks = u64::try_from(datagram.time.unwrap_or(Timestamp::from_nanos(0)).nanos()).unwrap_or(0);
    let length = scratch.len() as u32;
    block(out, ENHANCED_PACKET, |body| {
        body.extend(0u32.to_le_bytes());
        body.extend(((ticks >> 32) as u32).to_le_bytes());
        body.extend((ticks as u32).to_le_bytes());
        body.extend(length.to_le_bytes());
        body.extend(length.to_le_bytes());
        body.extend_from_slice(scratch);
        pad(body, scratch.len());
    });
    true
}

fn v6(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    body(out);
    let length = ((out.len() - start + 4) as u32).to_le_bytes();
    out.extend(length);
    if let Some(place) = out.get_mut(start + 4..start + 8) {
        place.copy_from_slice(&length);
    }
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend_from_slice(value);
    pad(body, value.len());
}

fn pad(body: &mut Vec<u8>, length: usize) {
    body.resize(body.len() + (4 - length % 4) % 4, 0);
}
