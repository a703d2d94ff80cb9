//! Bit packing, and the hybrid of runs and packed groups that levels and dictionary indices have (Parquet's encodings, "RLE").

use std::ops::Range;

use crate::column::Validity;

/// Groups of eight equal values that make a run worth its header.
const RUN_GROUPS: usize = 4;

/// A number in groups of seven bits, the low ones first.
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bits that numbers up to `most` need.
pub(super) fn width(most: u64) -> u32 {
    u64::BITS - most.leading_zeros()
}

/// Appends numbers of `width` bits each, the first in the lowest bits; the last octet is filled up with zeros.
pub(super) fn pack(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = u64>, width: u32) {
    if width == 0 {
        return;
    }
    let octets = (values.len() * width as usize).div_ceil(8);
    out.reserve(octets + 8);
    let end = out.len() + octets;
    let (mut bits, mut filled) = (0u64, 0);
    for value in values {
        bits |= value << filled;
        filled += width;
        if filled >= u64::BITS {
            out.extend_from_slice(&bits.to_le_bytes());
            filled -= u64::BITS;
            // What did not fit; all of it did if nothing is left.
            bits = if filled == 0 { 0 } else { value >> (width - filled) };
        }
    }
    out.extend_from_slice(&bits.to_le_bytes());
    out.truncate(end);
}

/// Appends dictionary indices: the width, then runs and packed groups.
pub(super) fn indices(out: &mut Vec<u8>, keys: &[u32], most: u32) {
    let width = width(u64::from(most));
    out.push(width as u8);
    let (groups, _) = keys.as_chunks::<8>();
    let is_run = |group: &[u32; 8]| group.iter().all(|key| *key == group[0]);
    let (mut literal, mut at) = (0, 0);
    while at < groups.len() {
        let mut run = 0;
        if is_run(&groups[at]) {
            run = groups[at..].iter().take_while(|group| **group == groups[at]).count();
        }
        if run >= RUN_GROUPS {
            literals(out, &keys[8 * literal..8 * at], width);
            repeated(out, 8 * run, groups[at][0], width);
            literal = at + run;
        }
        at += run.max(1);
    }
    literals(out, &keys[8 * literal..], width);
}

/// Appends dictionary indices that come as runs: how often, and which.
pub(super) fn index_runs(out: &mut Vec<u8>, runs: impl Iterator<Item = (usize, u32)>, most: u32) {
    let width = width(u64::from(most));
    out.push(width as u8);
    runs.filter(|(rows, _)| *rows > 0).for_each(|(rows, key)| repeated(out, rows, key, width));
}

fn repeated(out: &mut Vec<u8>, rows: usize, key: u32, width: u32) {
    varint(out, (rows as u64) << 1);
    out.extend_from_slice(&key.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// Packed groups of eight; only the last may lack some, which are zeros.
fn literals(out: &mut Vec<u8>, keys: &[u32], width: u32) {
    if keys.is_empty() {
        return;
    }
    let groups = keys.len().div_ceil(8);
    varint(out, (groups as u64) << 1 | 1);
    let end = out.len() + groups * width as usize;
    pack(out, keys.iter().map(|key| u64::from(*key)), width);
    out.resize(end, 0);
}

/// Appends the definition levels of a page with the rows from a multiple of eight on: their length, then one bit a row.
pub(super) fn levels(out: &mut Vec<u8>, validity: &Validity, rows: Range<usize>) {
    let begin = out.len();
    out.extend_from_slice(&[0; 4]);
    match validity.bits() {
        None => repeated(out, rows.len(), 1, 1),
        Some(bits) => bit_runs(out, &bits[rows.start / 8..rows.end.div_ceil(8)], rows.len()),
    }
    let length = (out.len() - begin - 4) as u32;
    out[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
}

fn bit_runs(out: &mut Vec<u8>, bits: &[u8], rows: usize) {
    let packed = |out: &mut Vec<u8>, octets: &[u8]| {
        if !octets.is_empty() {
            varint(out, (octets.len() as u64) << 1 | 1);
            out.extend_from_slice(octets);
        }
    };
    // The last octet may be a part of one, which can't be in a run.
    let whole = &bits[..rows / 8];
    let (mut literal, mut at) = (0, 0);
    while at < whole.len() {
        let first = whole[at];
        let run = if matches!(first, 0 | 0xff) { whole[at..].iter().take_while(|octet| **octet == first).count() } else { 0 };
        if run >= RUN_GROUPS {
            packed(out, &bits[literal..at]);
            repeated(out, 8 * run, u32::from(first & 1), 1);
            literal = at + run;
        }
        at += run.max(1);
    }
    packed(out, &bits[literal..]);
}

/// How many of the rows have a value.
pub(super) fn present(validity: &Validity, rows: Range<usize>) -> usize {
    let Some(bits) = validity.bits() else { return rows.len() };
    let whole: usize = bits[rows.start / 8..rows.end / 8].iter().map(|octet| octet.count_ones() as usize).sum();
    let rest = rows.end % 8;
    whole + if rest > 0 { (bits[rows.end / 8] & ((1 << rest) - 1)).count_ones() as usize } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_across_words() {
        let mut out = Vec::new();
        // The example of Parquet's documentation: 0 to 7 in three bits.
        pack(&mut out, [0, 1, 2, 3, 4, 5, 6, 7].into_iter(), 3);
        assert_eq!(out, [0b1000_1000, 0b1100_0110, 0b1111_1010]);
        out.clear();
        pack(&mut out, [u64::MAX, 1, u64::MAX].into_iter(), 64);
        assert_eq!(out[..9], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
        assert_eq!(out.len(), 24);
        out.clear();
        let values: Vec<u64> = (0..13).map(|i| i * 0x1357_9bdf).collect();
        pack(&mut out, values.iter().copied(), 33);
        assert_eq!(out.len(), 54);
        let bit = |at: usize| u64::from(out[at / 8] >> (at % 8) & 1);
        let value = |i: usize| (0..33).map(|b| bit(33 * i + b) << b).sum::<u64>();
        assert_eq!((0..13).map(value).collect::<Vec<_>>(), values);
    }

    #[test]
    fn indices_in_runs_and_groups() {
        let mut out = Vec::new();
        let mut keys = vec![1, 2, 3, 0, 1, 2, 3, 0];
        keys.extend([2; 40]);
        keys.extend([1, 3]);
        indices(&mut out, &keys, 3);
        // Two bits; one packed group; a run of 40; a packed group of two values and six zeros.
        assert_eq!(out, [2, 3, 0b00_11_10_01, 0b00_11_10_01, 80, 2, 3, 0b00_00_11_01, 0]);
        out.clear();
        indices(&mut out, &[0; 9], 0);
        assert_eq!(out, [0, 5]);
    }

    #[test]
    fn levels_from_bits() {
        let mut validity = Validity::default();
        validity.extend(10, true);
        let mut out = Vec::new();
        levels(&mut out, &validity, 0..10);
        assert_eq!(out, [2, 0, 0, 0, 20, 1]);
        validity.extend(70, false);
        validity.extend(5, true);
        out.clear();
        levels(&mut out, &validity, 0..85);
        // Two octets as they are, a run of 64 nulls, the rest as it is.
        assert_eq!(out, [8, 0, 0, 0, 5, 0xff, 0x03, 0x80, 1, 0, 3, 0x1f]);
        assert_eq!((present(&validity, 0..85), present(&validity, 8..85), present(&validity, 16..83)), (15, 7, 3));
    }
}
