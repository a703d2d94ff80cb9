//! The different values of a column, each once in the order they come, and the number of each row's value among them.
//!
//! The hash has a seed of its own in every run: what comes from the wire must not be able to choose values that collide.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// Rows after which it is looked at whether values repeat at all.
const SAMPLE: usize = 16_384;
/// Slots of a table to begin with.
const FIRST_SLOTS: usize = 1 << 12;

/// How many different values are too many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Of the first rows, so many in a thousand.
    pub(super) sample: usize,
    /// In all, so many in a thousand rows.
    pub(super) most: usize,
}

impl Patience {
    fn is_lost(self, row: usize, rows: usize, distinct: usize) -> bool {
        row == SAMPLE && distinct * 1000 > row * self.sample || distinct * 1000 > rows * self.most && distinct > SAMPLE / 16
    }
}

/// A value that can be looked up.
pub(super) trait Key: Copy + PartialEq {
    /// Mixed with the seed so that all bits count.
    fn hash(self, seed: Seed) -> u64;
}

/// What hashes differ by from run to run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u64, u64);

static SEED: LazyLock<Seed> = LazyLock::new(|| {
    let state = RandomState::new();
    Seed(state.hash_one(1), state.hash_one(2) | 1)
});

/// Both halves of a product of 128 bits in one: every bit of the input moves all bits of the result.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

macro_rules! whole_keys {
    ($($type:ty)*) => {
        $(impl Key for $type {
            #[inline(always)]
            fn hash(self, seed: Seed) -> u64 {
                fold(self as u64 ^ seed.0, seed.1)
            }
        })*
    };
}

whole_keys! { u8 u16 u32 u64 i64 }

impl Key for [u8; 16] {
    #[inline(always)]
    fn hash(self, seed: Seed) -> u64 {
        let number = u128::from_le_bytes(self);
        fold(fold(number as u64 ^ seed.0, seed.1) ^ (number >> 64) as u64, seed.1 ^ seed.0.rotate_left(32) | 1)
    }
}

/// A table of numbers, looked up by hash; its memory is kept from one use to the next.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// A number and one, below the upper half of its hash; 0 is free.
    slots: Vec<u64>,
    used: usize,
}

impl Table {
    fn clear(&mut self) {
        self.slots.clear();
        self.slots.resize(FIRST_SLOTS, 0);
        self.used = 0;
    }

    /// The number of the value with that hash for which `is` holds, or `next` if it is new.
    #[inline(always)]
    fn find(&mut self, hash: u64, next: u32, is: impl Fn(u32) -> bool) -> u32 {
        const TAG: u64 = 0xffff_ffff_0000_0000;
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                self.slots[at] = hash & TAG | u64::from(next + 1);
                self.used += 1;
                return next;
            }
            if slot & TAG == hash & TAG && is(slot as u32 - 1) {
                return slot as u32 - 1;
            }
            at = (at + 1) & mask;
        }
    }

    /// Makes room, if half of the slots are taken; `hash` is that of a number that is in.
    #[inline(always)]
    fn grow(&mut self, hash: impl Fn(u32) -> u64) {
        if self.used * 2 > self.slots.len() {
            self.double(hash);
        }
    }

    #[cold]
    fn double(&mut self, hash: impl Fn(u32) -> u64) {
        let longer = vec![0; self.slots.len() * 2];
        let mask = longer.len() - 1;
        for slot in std::mem::replace(&mut self.slots, longer).into_iter().filter(|slot| *slot != 0) {
            let mut at = hash(slot as u32 - 1) as usize & mask;
            while self.slots[at] != 0 {
                at = (at + 1) & mask;
            }
            self.slots[at] = slot;
        }
    }
}

/// Numbers the values of all rows; false, with no meaning in `keys` and `distinct`, if there are too many different ones.
pub(super) fn number<K: Key>(table: &mut Table, values: &[K], patience: Patience, keys: &mut Vec<u32>, distinct: &mut Vec<K>) -> bool {
    let seed = *SEED;
    table.clear();
    keys.clear();
    distinct.clear();
    let mut last = None;
    for (start, part) in values.chunks(SAMPLE).enumerate() {
        if start > 0 && patience.is_lost(start * SAMPLE, values.len(), distinct.len()) {
            return false;
        }
        keys.reserve(part.len());
        for value in part {
            if let Some((known, key)) = last
                && known == *value
            {
                keys.push(key);
                continue;
            }
            let next = distinct.len() as u32;
            let key = table.find(value.hash(seed), next, |key| distinct[key as usize] == *value);
            if key == next {
                distinct.push(*value);
                table.grow(|key| distinct[key as usize].hash(seed));
            }
            keys.push(key);
            last = Some((*value, key));
        }
    }
    !patience.is_lost(values.len(), values.len(), distinct.len())
}

/// The same for octet strings; `distinct` are the rows that have a value first.
pub(super) fn number_slices<'a>(
    table: &mut Table,
    values: impl ExactSizeIterator<Item = &'a [u8]>,
    patience: Patience,
    keys: &mut Vec<u32>,
    distinct: &mut Vec<&'a [u8]>,
) -> bool {
    let seed = *SEED;
    let hash = |value: &[u8]| {
        let (words, rest) = value.as_chunks::<8>();
        let mut tail = [0; 8];
        tail[..rest.len()].copy_from_slice(rest);
        let whole = words.iter().fold(seed.0 ^ value.len() as u64, |hash, word| fold(hash ^ u64::from_le_bytes(*word), seed.1));
        fold(whole ^ u64::from_le_bytes(tail), seed.1)
    };
    table.clear();
    keys.clear();
    distinct.clear();
    let rows = values.len();
    let mut last: Option<(&[u8], u32)> = None;
    for (row, value) in values.enumerate() {
        if row > 0 && row.is_multiple_of(SAMPLE) && patience.is_lost(row, rows, distinct.len()) {
            return false;
        }
        if let Some((known, key)) = last
            && known == value
        {
            keys.push(key);
            continue;
        }
        let next = distinct.len() as u32;
        let key = table.find(hash(value), next, |key| distinct[key as usize] == value);
        if key == next {
            distinct.push(value);
            table.grow(|key| hash(distinct[key as usize]));
        }
        keys.push(key);
        last = Some((value, key));
    }
    !patience.is_lost(rows, rows, distinct.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Patience = Patience { sample: 1000, most: 1000 };

    #[test]
    fn values_in_the_order_they_come() {
        let (mut table, mut keys, mut distinct) = (Table::default(), Vec::new(), Vec::new());
        assert!(number(&mut table, &[7u32, 7, 0, u32::MAX, 0, 7], ANY, &mut keys, &mut distinct));
        assert_eq!((&keys[..], &distinct[..]), (&[0, 0, 1, 2, 1, 0][..], &[7, 0, u32::MAX][..]));
        let texts: [&[u8]; 5] = [b"", b"eth0", b"eth1", b"eth0", b""];
        let mut distinct = Vec::new();
        assert!(number_slices(&mut table, texts.into_iter(), ANY, &mut keys, &mut distinct));
        assert_eq!((&keys[..], &distinct[..]), (&[0, 1, 2, 1, 0][..], &[&b""[..], b"eth0", b"eth1"][..]));
    }

    #[test]
    fn many_values_grow_the_table() {
        let values: Vec<[u8; 16]> = (0..100_000u128).map(|i| (i % 70_001).to_be_bytes()).collect();
        let (mut table, mut keys, mut distinct) = (Table::default(), Vec::new(), Vec::new());
        assert!(number(&mut table, &values, ANY, &mut keys, &mut distinct));
        assert_eq!(distinct.len(), 70_001);
        assert!(keys.iter().enumerate().all(|(row, key)| *key as usize == row % 70_001));
    }

    #[test]
    fn patience_ends() {
        let (mut table, mut keys, mut distinct) = (Table::default(), Vec::new(), Vec::new());
        let values: Vec<u64> = (0..100_000).collect();
        let some = Patience { sample: 500, most: 250 };
        assert!(!number(&mut table, &values, some, &mut keys, &mut distinct));
        // It was given up after the sample.
        assert_eq!(keys.len(), SAMPLE);
        let values: Vec<u64> = (0..100_000).map(|i| i % 5_000).collect();
        assert!(number(&mut table, &values, some, &mut keys, &mut distinct));
    }
}
