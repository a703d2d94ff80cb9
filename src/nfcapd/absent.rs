//! What a record lacks although its parts have room for it, as bits.

use super::part;

/// What records of layout 1 do without.
pub(super) const INTERFACES: u64 = 1;
pub(super) const MASKS: u64 = 1 << 1;
pub(super) const PACKETS_OUT: u64 = 1 << 2;
pub(super) const OCTETS_OUT: u64 = 1 << 3;
pub(super) const FLOWS: u64 = 1 << 4;
pub(super) const NAT_TIME: u64 = 1 << 5;
/// Times of the first and the last packet.
pub(super) const FIRST: u64 = 1 << 6;
pub(super) const LAST: u64 = 1 << 7;
/// Where the number of MPLS labels that are not there stands, 4 bits.
const LABELS: u32 = 8;
const MOST_LABELS: usize = 10;
/// The first bit for a field that is absent where it is zero, by its number in [`ZERO_IS_NONE`].
const FIRST_ZERO: u32 = 16;

/// Fields that nfdump writes whether an exporter told them or not, and whose zero says nothing: type of the part, where it begins, octets.
pub(super) const ZERO_IS_NONE: [(usize, u16, u16); 21] = [
    (part::MISC, 12, 1),
    (part::MISC, 13, 1),
    (part::MAC, 0, 8),
    (part::MAC, 8, 8),
    (part::MAC, 16, 8),
    (part::MAC, 24, 8),
    (part::NAT, 8, 4),
    (part::NAT, 12, 4),
    (part::NAT, 16, 4),
    (part::LAYER_2, 0, 2),
    (part::LAYER_2, 2, 2),
    (part::LAYER_2, 4, 2),
    (part::LAYER_2, 6, 2),
    (part::LAYER_2, 8, 4),
    (part::LAYER_2, 12, 4),
    (part::LAYER_2, 16, 8),
    (part::LAYER_2, 24, 2),
    (part::LAYER_2, 26, 1),
    (part::IP_INFO, 0, 1),
    (part::IP_INFO, 2, 1),
    (part::IP_INFO, 3, 1),
];

/// The bit of one of them.
pub(super) fn zero(number: usize) -> u64 {
    u32::try_from(number).ok().and_then(|n| 1u64.checked_shl(FIRST_ZERO + n)).unwrap_or(0)
}

/// True if that field of a part is one of them, and absent.
pub(super) fn is_zero(bits: u64, kind: usize, offset: u16) -> bool {
    ZERO_IS_NONE.iter().position(|(k, at, _)| (*k, *at) == (kind, offset)).is_some_and(|number| bits & zero(number) != 0)
}

/// How many MPLS labels there are.
pub(super) fn labels(bits: u64) -> usize {
    MOST_LABELS.saturating_sub(usize::try_from(bits >> LABELS & 15).unwrap_or(0))
}

/// The bits for the labels that are not there.
pub(super) fn by_labels(labels: &[u8]) -> u64 {
    let there = labels.chunks_exact(4).take(MOST_LABELS).take_while(|l| l.iter().any(|b| *b != 0)).count();
    u64::try_from(MOST_LABELS - there).unwrap_or(0) << LABELS
}
