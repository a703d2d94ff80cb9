//! What a record lacks although its parts have room for it, as bits.

/// What records of layout 1 do without.
pub(super) const INTERFACES: u64 = 1;
pub(super) const MASKS: u64 = 1 << 1;
pub(super) const PACKETS_OUT: u64 = 1 << 2;
pub(super) const OCTETS_OUT: u64 = 1 << 3;
pub(super) const FLOWS: u64 = 1 << 4;
pub(super) const NAT_TIME: u64 = 1 << 5;
/// The first of four bits, one for each MAC address that is zero, which stands for none.
pub(super) const FIRST_MAC: u64 = 1 << 8;
/// Where the number of MPLS labels that are not there stands, 4 bits.
const LABELS: u32 = 16;
const MOST_LABELS: usize = 10;

/// How many MPLS labels there are.
pub(super) fn labels(bits: u64) -> usize {
    MOST_LABELS.saturating_sub(usize::try_from(bits >> LABELS & 15).unwrap_or(0))
}

/// What the values of a record's parts leave out: the data of MAC addresses and of MPLS labels, empty where the record has none.
pub(super) fn by_values(macs: &[u8], labels: &[u8]) -> u64 {
    let mut bits = 0;
    for (number, mac) in macs.chunks_exact(8).take(4).enumerate() {
        bits |= if mac.iter().all(|b| *b == 0) { FIRST_MAC << number } else { 0 };
    }
    if !labels.is_empty() {
        let there = labels.chunks_exact(4).take(MOST_LABELS).take_while(|l| l.iter().any(|b| *b != 0)).count();
        bits |= u64::try_from(MOST_LABELS - there).unwrap_or(0) << LABELS;
    }
    bits
}
