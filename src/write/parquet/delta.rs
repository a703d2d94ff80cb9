//! Whole numbers as differences from one to the next, packed in as few bits as a block of them needs (Parquet's DELTA_BINARY_PACKED):
//! times, counters and ports that are too different for a dictionary.

use super::bits::{pack, varint, width};

const BLOCK: usize = 128;
const MINI_BLOCKS: usize = 4;
const MINI_BLOCK: usize = BLOCK / MINI_BLOCKS;

/// A number as Parquet holds it, in 32 bits or in 64; differences wrap around in so many.
pub(super) trait Physical: Copy {
    /// The difference to the number before.
    fn less(self, before: Self) -> i64;
    /// How far a difference is above the smallest of its block.
    fn above(difference: i64, least: i64) -> u64;
    /// The number with its sign.
    fn signed(self) -> i64;
}

impl Physical for i32 {
    fn less(self, before: Self) -> i64 {
        i64::from(self.wrapping_sub(before))
    }

    fn above(difference: i64, least: i64) -> u64 {
        // Both fit 32 bits, and so does what is between them.
        (difference - least) as u64
    }

    fn signed(self) -> i64 {
        i64::from(self)
    }
}

impl Physical for i64 {
    fn less(self, before: Self) -> i64 {
        self.wrapping_sub(before)
    }

    fn above(difference: i64, least: i64) -> u64 {
        difference.wrapping_sub(least) as u64
    }

    fn signed(self) -> i64 {
        self
    }
}

/// Appends the numbers.
pub(super) fn encode<P: Physical>(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = P>) {
    varint(out, BLOCK as u64);
    varint(out, MINI_BLOCKS as u64);
    varint(out, values.len() as u64);
    let mut values = values;
    let Some(first) = values.next() else {
        varint(out, 0);
        return;
    };
    zigzag(out, first.signed());
    let mut before = first;
    let mut block = [0i64; BLOCK];
    loop {
        let mut filled = 0;
        for (slot, value) in block.iter_mut().zip(&mut values) {
            *slot = value.less(before);
            before = value;
            filled += 1;
        }
        if filled == 0 {
            return;
        }
        one_block::<P>(out, &block[..filled]);
        if filled < BLOCK {
            return;
        }
    }
}

fn one_block<P: Physical>(out: &mut Vec<u8>, differences: &[i64]) {
    let least = differences.iter().copied().min().unwrap_or(0);
    zigzag(out, least);
    let mut above = [0u64; BLOCK];
    for (slot, difference) in above.iter_mut().zip(differences) {
        *slot = P::above(*difference, least);
    }
    let widths = out.len();
    out.extend_from_slice(&[0; MINI_BLOCKS]);
    for (number, mini) in above.chunks(MINI_BLOCK).enumerate() {
        // A mini block without a value has no bits; its width means nothing.
        if number * MINI_BLOCK >= differences.len() {
            return;
        }
        let bits = width(mini.iter().fold(0, |all, value| all | value));
        out[widths + number] = bits as u8;
        pack(out, mini.iter().copied(), bits);
    }
}

fn zigzag(out: &mut Vec<u8>, value: i64) {
    varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Parquet's documentation.
    #[test]
    fn documented_examples() {
        let mut out = Vec::new();
        encode(&mut out, [1i64, 2, 3, 4, 5].into_iter());
        // 128 in a block, 4 mini blocks, 5 values, the first is 1; least difference 1; all widths 0.
        assert_eq!(out, [0x80, 1, 4, 5, 2, 2, 0, 0, 0, 0]);
        out.clear();
        encode(&mut out, [7i32, 5, 3, 1, 2, 3, 4, 5].into_iter());
        // Differences -2 -2 -2 1 1 1 1: above the least 0 0 0 3 3 3 3, in two bits, filled up to 32 values.
        assert_eq!(out, [0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn differences_that_wrap() {
        let mut out = Vec::new();
        encode(&mut out, [i32::MAX, i32::MIN, i32::MAX].into_iter());
        // 1 and -1: least -1, above it 2 and 0.
        assert_eq!(out[out.len() - 12..], [2, 0, 0, 0, 0b0000_0010, 0, 0, 0, 0, 0, 0, 0]);
        out.clear();
        encode(&mut out, [0i64, i64::MIN, 0].into_iter());
        assert_eq!(out[3..6], [3, 0, 0xff]);
        out.clear();
        encode::<i64>(&mut out, [].into_iter());
        assert_eq!(out, [0x80, 1, 4, 0, 0]);
    }
}
