//! IP packets around a UDP payload, with any sender's address; in fragments where one would be too large.
//!
//! ```text
//! IPv4 (RFC 791)  20 octets │ UDP (RFC 768) 8 octets │ payload
//! IPv6 (RFC 8200) 40 octets │ fragment header 8 octets, if it is one │ UDP │ payload
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use etherparse::{IpFragOffset, IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6FragmentHeader, Ipv6Header, UdpHeader};
use thiserror::Error;

/// Octets of a packet that every link takes for IPv6 (RFC 8200 §5), and all but the rarest for IPv4.
const SAFE_PACKET: usize = 1280;
/// Hops that a packet may take.
const HOPS: u8 = 64;
const UDP_HEADER: usize = 8;

/// Why there is no packet for a datagram.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PacketError {
    /// The exporter has an IPv4 address and the destination an IPv6 address, or the other way round.
    #[error("{from} can't be the sender of a packet to {to}: one is IPv4, the other IPv6")]
    Families {
        /// The exporter.
        from: IpAddr,
        /// The destination.
        to: IpAddr,
    },
    /// The exporter's address is not known, or none that can send.
    #[error("{0} can't be the sender of a packet")]
    Sender(IpAddr),
    /// More octets than a UDP datagram has.
    #[error("{0} octets are more than a UDP datagram has")]
    Large(usize),
}

/// The packets of one datagram: one, or its fragments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packets {
    /// The octets of each.
    pub list: Vec<Vec<u8>>,
}

impl Packets {
    /// One packet, whatever its size.
    ///
    /// # Errors
    /// There is no such packet.
    pub fn whole(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Result<Vec<u8>, PacketError> {
        let udp = udp_header(from, to, payload)?;
        let large = |_| PacketError::Large(payload.len());
        let length = u16::try_from(UDP_HEADER + payload.len()).map_err(large)?;
        let mut packet = Vec::with_capacity(usize::from(length) + 48);
        match ends(from, to)? {
            Ends::V4(from, to) => {
                let mut header = Ipv4Header::new(length, HOPS, IpNumber::UDP, from.octets(), to.octets())
                    .map_err(|_| PacketError::Large(payload.len()))?;
                // An identification of 0 is for the system to fill in, which makes the checksum anew.
                header.dont_fragment = false;
                header.header_checksum = header.calc_header_checksum();
                packet.extend_from_slice(&header.to_bytes());
            }
            Ends::V6(from, to) => packet.extend_from_slice(&v6_header(from, to, length, IpNumber::UDP).to_bytes()),
        }
        packet.extend_from_slice(&udp.to_bytes());
        packet.extend_from_slice(payload);
        Ok(packet)
    }

    /// Fragments that every link takes. `identification` is what the receiver puts them together by: of IPv4 the low 16 bits, which must
    /// not be 0.
    ///
    /// # Errors
    /// There is no such packet.
    pub fn fragments(from: SocketAddr, to: SocketAddr, payload: &[u8], identification: u32) -> Result<Self, PacketError> {
        let udp = udp_header(from, to, payload)?;
        let mut datagram = udp.to_bytes().to_vec();
        datagram.extend_from_slice(payload);
        let ends = ends(from, to)?;
        let room = match ends {
            Ends::V4(..) => SAFE_PACKET - Ipv4Header::MIN_LEN,
            Ends::V6(..) => SAFE_PACKET - Ipv6Header::LEN - Ipv6FragmentHeader::LEN,
        };
        // Offsets count eight octets.
        let room = room / 8 * 8;
        let mut list = Vec::new();
        let last = datagram.len().div_ceil(room).saturating_sub(1);
        for (number, part) in datagram.chunks(room).enumerate() {
            let more = number < last;
            let large = |_| PacketError::Large(payload.len());
            let offset = u16::try_from(number * room / 8).map_err(large)?;
            let offset = IpFragOffset::try_new(offset).map_err(|_| PacketError::Large(payload.len()))?;
            let length = u16::try_from(part.len()).map_err(large)?;
            let mut packet = Vec::with_capacity(SAFE_PACKET);
            match ends {
                Ends::V4(from, to) => {
                    let mut header = Ipv4Header::new(length, HOPS, IpNumber::UDP, from.octets(), to.octets())
                        .map_err(|_| PacketError::Large(payload.len()))?;
                    header.identification = u16::try_from(identification & 0xffff).unwrap_or(1).max(1);
                    header.dont_fragment = false;
                    header.more_fragments = more;
                    header.fragment_offset = offset;
                    header.header_checksum = header.calc_header_checksum();
                    packet.extend_from_slice(&header.to_bytes());
                }
                Ends::V6(from, to) => {
                    let fragment = Ipv6FragmentHeader::new(IpNumber::UDP, offset, more, identification);
                    let length = u16::try_from(part.len() + Ipv6FragmentHeader::LEN).map_err(large)?;
                    packet.extend_from_slice(&v6_header(from, to, length, IpNumber::IPV6_FRAGMENTATION_HEADER).to_bytes());
                    packet.extend_from_slice(&fragment.to_bytes());
                }
            }
            packet.extend_from_slice(part);
            list.push(packet);
        }
        Ok(Self { list })
    }
}

#[derive(Clone, Copy)]
enum Ends {
    V4(Ipv4Addr, Ipv4Addr),
    V6(Ipv6Addr, Ipv6Addr),
}

fn ends(from: SocketAddr, to: SocketAddr) -> Result<Ends, PacketError> {
    let sender = from.ip();
    let broadcast = matches!(sender, IpAddr::V4(a) if a.is_broadcast());
    if sender.is_unspecified() || sender.is_multicast() || broadcast {
        return Err(PacketError::Sender(sender));
    }
    match (sender, to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => Ok(Ends::V4(from, to)),
        (IpAddr::V6(from), IpAddr::V6(to)) => Ok(Ends::V6(from, to)),
        (from, to) => Err(PacketError::Families { from, to }),
    }
}

/// The UDP header with its checksum, which IPv6 demands (RFC 8200 §8.1).
fn udp_header(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Result<UdpHeader, PacketError> {
    let length = u16::try_from(UDP_HEADER + payload.len()).map_err(|_| PacketError::Large(payload.len()))?;
    let mut header = UdpHeader { source_port: from.port(), destination_port: to.port(), length, checksum: 0 };
    let checksum = match ends(from, to)? {
        Ends::V4(from, to) => header.calc_checksum_ipv4_raw(from.octets(), to.octets(), payload),
        Ends::V6(from, to) => header.calc_checksum_ipv6_raw(from.octets(), to.octets(), payload),
    };
    header.checksum = checksum.map_err(|_| PacketError::Large(payload.len()))?;
    Ok(header)
}

fn v6_header(from: Ipv6Addr, to: Ipv6Addr, payload_length: u16, next_header: IpNumber) -> Ipv6Header {
    Ipv6Header {
        traffic_class: 0,
        flow_label: Ipv6FlowLabel::ZERO,
        payload_length,
        next_header,
        hop_limit: HOPS,
        source: from.octets(),
        destination: to.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn octets_and_checksums_of_a_packet() {
        // Sums by hand: RFC 1071 over the header, and over pseudo-header, UDP header and payload.
        let packet = Packets::whole(at("192.0.2.1:4096"), at("198.51.100.2:2055"), &[0, 1, 0xf2, 3]).unwrap();
        let expected = [
            0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0xdf, 0x44, 192, 0, 2, 1, 198, 51, 100, 2, // IPv4
            0x10, 0, 0x08, 0x07, 0, 12, 0x05, 0xf4, // UDP
            0, 1, 0xf2, 3,
        ];
        let sum = |words: &[u8]| {
            let total: u32 = words.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0))).sum();
            let folded = (total & 0xffff) + (total >> 16);
            (folded & 0xffff) + (folded >> 16)
        };
        assert_eq!(packet.len(), expected.len());
        assert_eq!(packet[..10], expected[..10]);
        assert_eq!(packet[12..26], expected[12..26]);
        assert_eq!(packet[28..], expected[28..]);
        assert_eq!(sum(&packet[..20]), 0xffff);
        let mut pseudo = packet[12..20].to_vec();
        pseudo.extend([0, 17, 0, 12]);
        pseudo.extend(&packet[20..]);
        assert_eq!(sum(&pseudo), 0xffff);
    }

    #[test]
    fn fragments_hold_the_datagram() {
        let payload: Vec<u8> = (0..3000u32).map(|n| n.to_be_bytes()[3]).collect();
        let v6 = Packets::fragments(at("[2001:db8::1]:9"), at("[2001:db8::2]:2055"), &payload, 77).unwrap().list;
        assert_eq!(v6.iter().map(Vec::len).collect::<Vec<_>>(), [1280, 1280, 48 + 3008 - 2 * 1232]);
        assert_eq!(
            v6.iter().map(|p| (p[6], p[40], u16::from_be_bytes([p[42], p[43]]))).collect::<Vec<_>>(),
            [(44, 17, 1), (44, 17, 1233), (44, 17, 2464)]
        );
        let mut joined: Vec<u8> = v6.iter().flat_map(|p| p[48..].to_vec()).collect();
        assert_eq!(joined.split_off(8), payload);
        let v4 = Packets::fragments(at("192.0.2.1:9"), at("192.0.2.2:2055"), &payload, 0x1_0000).unwrap().list;
        assert_eq!(
            v4.iter().map(|p| (p.len(), p[5], u16::from_be_bytes([p[6], p[7]]))).collect::<Vec<_>>(),
            [(1276, 1, 0x2000), (1276, 1, 0x2000 + 157), (516, 1, 314)]
        );
    }

    #[test]
    fn what_can_be_no_sender() {
        let refused = |from: &str, to: &str| Packets::whole(at(from), at(to), b"x").unwrap_err().to_string();
        assert_eq!(refused("192.0.2.1:1", "[::1]:1"), "192.0.2.1 can't be the sender of a packet to ::1: one is IPv4, the other IPv6");
        assert_eq!(refused("0.0.0.0:0", "127.0.0.1:1"), "0.0.0.0 can't be the sender of a packet");
        assert_eq!(Packets::whole(at("192.0.2.1:1"), at("127.0.0.1:1"), &[0; 65_530]), Err(PacketError::Large(65_530)));
    }
}
