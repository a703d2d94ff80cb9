//! A table of groups: keys of whole words and what the flows of each key add up to.
//!
//! Records lie one after the other in one vector of words (the key, then [`Counts`]), and a hash table holds where each begins: nothing is
//! allocated for a group, and a table can be written to a file or read through as it lies there.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::counts::{Counts, WORDS};

/// How long keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyLength {
    /// So many words.
    Words(usize),
    /// The first word of each key says how many words it has, itself among them.
    Stated,
}

/// Mixes words: another one in each run, so that nobody can choose addresses that collide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mixer(u64);

impl Default for Mixer {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0u64) | 1)
    }
}

impl Mixer {
    /// The hash of a key.
    #[inline(always)]
    pub(super) fn hash(self, key: &[u64]) -> u64 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut hash = self.0;
        for word in key {
            hash = fold(hash ^ word, ODD).wrapping_add(hash.rotate_left(23));
        }
        // The last words have to reach the upper bits as well.
        fold(hash, 0xd6e8_feb8_6659_fd93)
    }
}

/// Both halves of a product.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Groups and their sums.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    length: KeyLength,
    mixer: Mixer,
    /// Where in `words` each record begins.
    index: HashTable<u32>,
    words: Vec<u64>,
}

impl Groups {
    /// No groups.
    pub(super) fn new(length: KeyLength, mixer: Mixer) -> Self {
        Self { length, mixer, index: HashTable::new(), words: Vec::new() }
    }

    /// What its hashes are made with.
    pub(super) fn mixer(&self) -> Mixer {
        self.mixer
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Words that their records take.
    pub(super) fn words(&self) -> usize {
        self.words.len()
    }

    /// Adds a flow to the group of each key of `W` words; `counts` says what the flow of a key's number counts.
    ///
    /// Most of the time goes into waiting for memory. So a block of keys is looked up in steps, each a short loop whose turns don't wait for
    /// each other: where the record should be, by the hash alone; whether its key is the one; then the additions, to what is in the cache by now.
    #[inline(always)]
    pub(super) fn add_all<const W: usize>(&mut self, keys: &[[u64; W]], counts: impl Fn(usize) -> Counts) {
        const BLOCK: usize = 256;
        let (mut hashes, mut places, mut same) = ([0u64; BLOCK], [0u32; BLOCK], [false; BLOCK]);
        for (number, block) in keys.chunks(BLOCK).enumerate() {
            for (key, hash) in block.iter().zip(&mut hashes) {
                *hash = self.mixer.hash(key);
            }
            for (hash, place) in hashes.iter().zip(&mut places).take(block.len()) {
                *place = self.index.find(*hash, |_| true).map_or(u32::MAX, |at| *at);
            }
            for ((key, place), same) in block.iter().zip(&places).zip(&mut same) {
                *same = self.words.get(*place as usize..).and_then(|rest| rest.first_chunk::<W>()) == Some(key);
            }
            for (at, key) in block.iter().enumerate() {
                let counts = counts(number * BLOCK + at);
                match self.words.get_mut(places[at] as usize + W..).and_then(|rest| rest.first_chunk_mut::<WORDS>()) {
                    Some(sums) if same[at] => add_to(sums, &counts),
                    _ => self.add_hashed(hashes[at], key, &counts),
                }
            }
        }
    }

    /// Adds flows to the group of a key of any length.
    pub(super) fn add(&mut self, key: &[u64], counts: &Counts) {
        self.add_hashed(self.mixer.hash(key), key, counts);
    }

    fn add_hashed(&mut self, hash: u64, key: &[u64], counts: &Counts) {
        let words = &self.words;
        let found = self.index.find(hash, |at| words.get(*at as usize..).is_some_and(|rest| rest.starts_with(key))).copied();
        match found {
            Some(at) => {
                let at = at as usize + key.len();
                if let Some(sums) = self.words.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<WORDS>()) {
                    add_to(sums, counts);
                }
            }
            None => self.insert(hash, key, counts),
        }
    }

    #[cold]
    #[inline(never)]
    fn insert(&mut self, hash: u64, key: &[u64], counts: &Counts) {
        let Self { length, mixer, index, words } = self;
        // A table is emptied long before it has four thousand million words.
        let at = u32::try_from(words.len()).unwrap_or(u32::MAX);
        words.extend_from_slice(key);
        words.extend_from_slice(&counts.words());
        let length = *length;
        index.insert_unique(hash, at, |at| {
            let rest = words.get(*at as usize..).unwrap_or(&[]);
            mixer.hash(rest.get(..key_words(length, rest)).unwrap_or(&[]))
        });
    }

    /// Every group: its key and its sums.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u64], Counts)> {
        records(self.length, &self.words)
    }

    /// Forgets all groups and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.index.clear();
        self.words.clear();
    }
}

#[inline(always)]
fn add_to(sums: &mut [u64; WORDS], counts: &Counts) {
    let mut all = Counts::from_words(sums);
    all.add(counts);
    *sums = all.words();
}

/// The records that lie in some words, one after the other.
fn records(length: KeyLength, words: &[u64]) -> impl Iterator<Item = (&[u64], Counts)> {
    let mut rest = words;
    std::iter::from_fn(move || {
        let (key, after) = rest.split_at_checked(key_words(length, rest))?;
        let (sums, after) = after.split_first_chunk::<WORDS>()?;
        rest = after;
        Some((key, Counts::from_words(sums)))
    })
}

/// How many words the key has with which `words` begin.
#[inline(always)]
fn key_words(length: KeyLength, words: &[u64]) -> usize {
    match length {
        KeyLength::Words(words) => words,
        KeyLength::Stated => words.first().map_or(1, |first| (*first as usize).max(1)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn sums_by_key() {
        let mut groups = Groups::new(KeyLength::Words(2), Mixer::default());
        let mut expected: BTreeMap<[u64; 2], (u64, u64)> = BTreeMap::new();
        let keys: Vec<[u64; 2]> = (0..20_000u64).map(|n| [n * n % 977, n % 3]).collect();
        groups.add_all(&keys, |n| Counts::of(1, 1, n as u64, None));
        for (n, key) in (0..).zip(&keys) {
            let sums = expected.entry(*key).or_default();
            *sums = (sums.0 + 1, sums.1 + n);
        }
        groups.add(&[1, 1], &Counts::of(1, 1, 5, None));
        let one = expected.entry([1, 1]).or_default();
        *one = (one.0 + 1, one.1 + 5);
        let found: BTreeMap<[u64; 2], (u64, u64)> = groups.iter().map(|(k, c)| ([k[0], k[1]], (c.flows, c.bytes().unwrap()))).collect();
        assert_eq!((found.len(), groups.len(), groups.words()), (expected.len(), expected.len(), expected.len() * 7));
        assert_eq!(found, expected);
        groups.clear();
        assert_eq!((groups.len(), groups.iter().count()), (0, 0));
    }

    #[test]
    fn keys_that_state_their_length() {
        let mut groups = Groups::new(KeyLength::Stated, Mixer::default());
        for key in [&[2, 7][..], &[3, 7, 0], &[1], &[2, 7], &[3, 7, 0], &[3, 7, 0]] {
            groups.add(key, &Counts::of(1, 1, 1, None));
        }
        let found: Vec<(Vec<u64>, u64)> = groups.iter().map(|(k, c)| (k.to_vec(), c.flows)).collect();
        assert_eq!(found, [(vec![2, 7], 2), (vec![3, 7, 0], 3), (vec![1], 1)]);
    }
}
