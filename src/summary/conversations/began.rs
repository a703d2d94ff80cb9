//! Who began a conversation, and by what one can tell.

use super::key::{Key, Side, TCP};
use super::strand::{Told, Way};

/// By what it was decided who the client is, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Began {
    /// TCP flags: a SYN without ACK from one end alone; an answer to one (SYN and ACK in one packet, RST and ACK) without it.
    Flags,
    /// The type of ICMP: who asked.
    Type,
    /// The record itself: biflowDirection (RFC 5103 §6.3).
    Record,
    /// The direction that was seen first. Not for a TCP connection of which no SYN was seen: that was under way already.
    Time,
    /// The ports: a server's is the well-known one (0–1023), else one that servers are known for, else the registered one (to 49151) of
    /// a pair (RFC 6335 §6), else the lower one.
    Port,
}

impl Began {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Flags, Self::Type, Self::Record, Self::Time, Self::Port];

    /// The word in the column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flags => "flags",
            Self::Type => "type",
            Self::Record => "record",
            Self::Time => "time",
            Self::Port => "port",
        }
    }
}

const SYN: u16 = 0x02;
const RST: u16 = 0x04;
const ACK: u16 = 0x10;

/// Ports above 1023 that servers listen on by custom.
const SERVERS: [u16; 48] = [
    1080, 1194, 1433, 1434, 1521, 1701, 1720, 1723, 1812, 1813, 1883, 1900, 2049, 2055, 2083, 2181, 2375, 2376, 3128, 3268, 3269, 3306,
    3389, 3478, 4500, 4739, 4789, 5044, 5060, 5061, 5222, 5353, 5355, 5432, 5671, 5672, 5900, 5985, 5986, 6343, 6379, 6443, 8000, 8080,
    8443, 9092, 9200, 27_017,
];

/// The client's side and how that is known; without any sign, who sent what was seen of a one-way conversation.
/// `one_clock`: some exporter saw both directions, so their times can be compared.
pub(super) fn began(key: &Key, ways: &[Way; 2], told: Told, one_clock: bool) -> (Side, Option<Began>) {
    match told {
        Told::Asked(side) => return (side.into(), Some(Began::Type)),
        Told::Record(side) => return (side.into(), Some(Began::Record)),
        Told::Nothing => {}
    }
    let is_tcp = key.protocol() == Some(TCP);
    if is_tcp && let Some(side) = by_flags(ways) {
        return (side, Some(Began::Flags));
    }
    let under_way = is_tcp && ways.iter().any(|w| w.flags().is_some()) && ways.iter().all(|w| w.flags & SYN == 0);
    let by_time = by_time(ways);
    if let Some(side) = by_time.filter(|_| one_clock && !under_way) {
        return (side, Some(Began::Time));
    }
    if let Some(side) = by_port(key) {
        return (side, Some(Began::Port));
    }
    match by_time {
        Some(side) => (side, Some(Began::Time)),
        None => (usize::from(!ways[0].is_there()), None),
    }
}

fn by_flags(ways: &[Way; 2]) -> Option<Side> {
    let of_either = |sign: fn(&Way) -> bool| match ways.each_ref().map(sign) {
        [true, false] => Some(0),
        [false, true] => Some(1),
        _ => None,
    };
    let both = ways.iter().all(Way::is_there);
    let answered = of_either(answers_syn).map(|side| 1 - side);
    let refused = of_either(refuses).filter(|_| !both).map(|side| 1 - side);
    of_either(opens).or(answered).or(refused).or_else(|| of_either(|way| way.flags & SYN != 0).filter(|_| both))
}

/// SYN and never ACK.
fn opens(way: &Way) -> bool {
    way.flags & (SYN | ACK) == SYN
}

/// The one packet that answers a SYN.
fn answers_syn(way: &Way) -> bool {
    way.flags & (SYN | ACK) == SYN | ACK && way.packets() == Some(1)
}

/// A closed port's answer to a SYN.
fn refuses(way: &Way) -> bool {
    way.flags == RST | ACK
}

fn by_time(ways: &[Way; 2]) -> Option<Side> {
    let [first, second] = ways;
    (first.is_there() && second.is_there() && first.first != second.first).then(|| usize::from(second.first < first.first))
}

fn by_port(key: &Key) -> Option<Side> {
    let (first, second) = (key.port(0)?, key.port(1)?);
    let rank = |port: u16| match port {
        // No port at all: a fragment, or a protocol without ports.
        0 => (4, 0),
        1..1024 => (0, port),
        port if SERVERS.binary_search(&port).is_ok() => (1, port),
        1024..49_152 => (2, port),
        _ => (3, port),
    };
    (first != second && first != 0 && second != 0).then(|| usize::from(rank(first) < rank(second)))
}

#[cfg(test)]
mod tests {
    use super::super::key::Ends;
    use super::super::test_flows::way;
    use super::*;

    /// A key whose first end has the first port.
    fn key(protocol: u8, ports: (u16, u16)) -> Key {
        let address = |last| std::net::Ipv4Addr::new(10, 0, 0, last).to_ipv6_mapped().octets();
        let (src, dst) = (address(1), address(2));
        Key::of(&Ends { src, dst, src_port: ports.0, dst_port: ports.1, protocol: Some(protocol), icmp: None }).0
    }

    const ALL: u16 = 0x1b;

    #[test]
    fn tcp_by_its_flags() {
        let decide = |first: Way, second: Way| began(&key(6, (443, 50_000)), &[first, second], Told::Nothing, true);
        // A connection that was refused, a scan, what comes back from one.
        assert_eq!(decide(way(5, 1, 0x14), way(4, 1, SYN)), (1, Some(Began::Flags)));
        assert_eq!(decide(Way::NONE, way(4, 3, SYN)), (1, Some(Began::Flags)));
        assert_eq!(decide(way(4, 1, SYN | ACK), Way::NONE), (1, Some(Began::Flags)));
        assert_eq!(decide(way(4, 1, RST | ACK), Way::NONE), (1, Some(Began::Flags)));
        // A whole connection has all flags on both sides: the times tell.
        assert_eq!(decide(way(4, 9, ALL), way(5, 9, ALL)), (0, Some(Began::Time)));
        // One that was under way: not the times.
        assert_eq!(decide(way(5, 9, ACK), way(4, 9, ACK)), (1, Some(Began::Port)));
    }

    #[test]
    fn others_by_time_and_port() {
        let decide = |ports, times: (i64, i64)| began(&key(17, ports), &[way(times.0, 1, 0), way(times.1, 1, 0)], Told::Nothing, true);
        assert_eq!(decide((53, 40_000), (7, 8)), (0, Some(Began::Time)));
        assert_eq!(decide((53, 40_000), (7, 7)), (1, Some(Began::Port)));
        assert_eq!(decide((60_000, 3_306), (7, 7)), (0, Some(Began::Port)));
        assert_eq!(decide((2_000, 8_080), (7, 7)), (0, Some(Began::Port)));
        assert_eq!(decide((50_000, 40_000), (7, 7)), (0, Some(Began::Port)));
        assert_eq!(decide((123, 123), (7, 7)), (0, None));
        let one_way = [Way::NONE, way(7, 1, 0)];
        assert_eq!(began(&key(17, (40_000, 53)), &one_way, Told::Nothing, true), (0, Some(Began::Port)));
        assert_eq!(began(&key(47, (0, 0)), &one_way, Told::Nothing, true), (1, None));
        assert_eq!(began(&key(17, (9, 8)), &one_way, Told::Record(0), true), (0, Some(Began::Record)));
        // Two exporters' clocks: the ports first.
        let ways = [way(7, 1, 0), way(8, 1, 0)];
        assert_eq!(began(&key(17, (53, 40_000)), &ways, Told::Nothing, false), (1, Some(Began::Port)));
        assert_eq!(began(&key(17, (123, 123)), &ways, Told::Nothing, false), (0, Some(Began::Time)));
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(SERVERS.is_sorted());
    }
}
