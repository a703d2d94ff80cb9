//! Which Information Elements the parts of a record are: the one definition that both the layout and the rewriting follow.

/// A field of a rewritten record: enterprise number, element id, octets.
pub type Element = (u32, u16, u16);

/// First and last packet are times only where they are not zero.
pub(super) const NO_FIRST: u64 = 1 << 32;
pub(super) const NO_LAST: u64 = 1 << 33;
/// The destination port holds ICMP type and code.
pub(super) const ICMP: u64 = 1 << 34;
/// The first of four bits, one for each MAC address that is zero, which stands for none.
pub(super) const NO_MAC: u64 = 1 << 35;
/// Where the number of MPLS labels stands, 4 bits.
pub(super) const LABELS: u32 = 40;
/// Where the length of the application id stands, 8 bits.
pub(super) const APPLICATION: u32 = 44;

/// What records of layout 1 do without, although the part that would hold it is there.
pub(super) const NO_INTERFACES: u64 = 1 << 52;
pub(super) const NO_MASKS: u64 = 1 << 53;
pub(super) const NO_PACKETS_OUT: u64 = 1 << 54;
pub(super) const NO_OCTETS_OUT: u64 = 1 << 55;
pub(super) const NO_FLOWS: u64 = 1 << 56;
pub(super) const NO_NAT_TIME: u64 = 1 << 57;

/// The elements of a record by type; 0 is none.
pub(super) const GENERIC: usize = 1;
pub(super) const IPV6: usize = 3;
const MISC: usize = 4;
const COUNTERS: usize = 5;
pub(super) const RECEIVED_V4: usize = 12;
pub(super) const RECEIVED_V6: usize = 13;
pub(super) const MPLS: usize = 14;
pub(super) const MAC: usize = 15;
pub(super) const LATENCY: usize = 17;
pub(super) const NSEL: usize = 19;
pub(super) const ACL: usize = 23;
pub(super) const USER: usize = 24;
pub(super) const NAT: usize = 25;
pub(super) const NBAR: usize = 27;
/// One more than the last type that is read.
pub(super) const TYPES: usize = 28;

const CISCO: u32 = 9;
const NTOP: u32 = 35632;

/// How octets are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// A number, its low octets; 16 octets are two numbers of 8.
    Number,
    /// Numbers of 4 octets one after another.
    Words,
    /// As they are.
    Octets,
    /// Microseconds in 8 octets, of which the whole seconds in 4.
    Seconds,
    /// The microseconds beyond them.
    Micros,
}

/// One field: from which part of the record, from where in it, and what it becomes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) part: usize,
    pub(super) offset: usize,
    pub(super) length: u16,
    pub(super) take: Take,
    pen: u32,
    id: u16,
}

/// Offset, element, octets.
type Row = (usize, u16, u16);

const ROWS: [&[Row]; TYPES] = [
    &[],
    // First, last, packets, octets, ports, protocol, TCP flags, forwarding status, type of service. 16: received, which the run has.
    &[(0, 152, 8), (8, 153, 8), (24, 2, 8), (32, 1, 8), (40, 7, 2), (42, 11, 2), (44, 4, 1), (45, 6, 1), (46, 89, 1), (47, 5, 1)],
    &[(0, 8, 4), (4, 12, 4)],
    &[(0, 27, 16), (16, 28, 16)],
    &[(0, 10, 4), (4, 14, 4), (8, 9, 1), (9, 13, 1), (10, 61, 1), (11, 55, 1)],
    &[(0, 3, 8), (8, 24, 8), (16, 23, 8)],
    &[(0, 58, 2), (4, 59, 2)],
    &[(0, 16, 4), (4, 17, 4)],
    &[(0, 18, 4)],
    &[(0, 63, 16)],
    &[(0, 15, 4)],
    &[(0, 62, 16)],
    // The address that the exporter sent from.
    &[(0, 130, 4)],
    &[(0, 131, 16)],
    &[(0, 70, 3), (4, 71, 3), (8, 72, 3), (12, 73, 3), (16, 74, 3), (20, 75, 3), (24, 76, 3), (28, 77, 3), (32, 78, 3), (36, 79, 3)],
    &[(0, 56, 6), (8, 57, 6), (16, 80, 6), (24, 81, 6)],
    &[(0, 128, 4), (4, 129, 4)],
    &[],
    &[],
    &[(0, 323, 8), (8, 148, 4), (14, 233, 1)],
    &[(0, 225, 4), (4, 226, 4)],
    &[(0, 281, 16), (16, 282, 16)],
    &[(0, 227, 2), (2, 228, 2)],
    &[],
    &[],
    &[(0, 323, 8), (8, 235, 4), (12, 234, 4), (16, 283, 4), (20, 230, 1)],
    &[(0, 361, 2), (2, 362, 2), (4, 363, 2), (6, 364, 2)],
    &[],
];

/// The fields of a record of some shape, and their octets together.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) pieces: Vec<Piece>,
    pub(super) length: usize,
}

impl Shape {
    pub(super) fn of(shape: u64) -> Self {
        let pieces = pieces(shape);
        let length = pieces.iter().map(|p| usize::from(p.length)).sum();
        Self { pieces, length }
    }
}

/// The fields of a record of this shape, in order.
fn pieces(shape: u64) -> Vec<Piece> {
    let mut list = Vec::new();
    for (part, rows) in ROWS.iter().enumerate().filter(|(part, _)| shape >> part & 1 == 1) {
        let whole = list.len();
        for (number, (offset, id, length)) in rows.iter().enumerate() {
            let absent = match (part, id) {
                (GENERIC, 152) => shape & NO_FIRST != 0,
                (GENERIC, 153) => shape & NO_LAST != 0,
                (MISC, 10 | 14) => shape & NO_INTERFACES != 0,
                (MISC, _) => shape & NO_MASKS != 0,
                (COUNTERS, 3) => shape & NO_FLOWS != 0,
                (COUNTERS, 24) => shape & NO_PACKETS_OUT != 0,
                (COUNTERS, 23) => shape & NO_OCTETS_OUT != 0,
                (NAT, 323 | 283) => shape & NO_NAT_TIME != 0,
                (MPLS, _) => number >= labels(shape),
                (MAC, _) => shape & NO_MAC << number != 0,
                _ => false,
            };
            let id = match (shape >> IPV6 & 1, *id) {
                (1, 9) => 29,
                (1, 13) => 30,
                (_, id) => id,
            };
            if !absent {
                list.push(Piece { part, offset: *offset, length: *length, take: Take::Number, pen: 0, id });
            }
        }
        let mut other = |offset, pen, id, length, take| list.push(Piece { part, offset, length, take, pen, id });
        match part {
            GENERIC if shape & ICMP != 0 => other(42, 0, if shape >> IPV6 & 1 == 1 { 139 } else { 32 }, 2, Take::Number),
            LATENCY => {
                for (offset, id) in [(0, 82), (8, 84), (16, 86)] {
                    other(offset, NTOP, id, 4, Take::Seconds);
                    other(offset, NTOP, id + 1, 4, Take::Micros);
                }
            }
            NSEL => other(12, CISCO, 234, 2, Take::Number),
            ACL => {
                other(0, CISCO, 232, 12, Take::Words);
                other(12, CISCO, 233, 12, Take::Words);
            }
            USER => other(0, CISCO, 7232, 65, Take::Octets),
            NBAR => other(0, 0, 95, application(shape), Take::Octets),
            _ => debug_assert!(list.len() >= whole),
        }
    }
    list
}

fn labels(shape: u64) -> usize {
    usize::try_from(shape >> LABELS & 15).unwrap_or(0)
}

fn application(shape: u64) -> u16 {
    u16::try_from(shape >> APPLICATION & 255).unwrap_or(0)
}

/// The fields of the rewritten records of a shape, in wire order.
pub fn elements(shape: u64) -> Vec<Element> {
    pieces(shape).iter().map(|p| (p.pen, p.id, p.length)).collect()
}
