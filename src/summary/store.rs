//! Groups of any number at bounded memory: a table, and files for what does not fit it.
//!
//! Each worker has a store of its own; the stores of one question share their files. A table that is full goes to the files, parted by the
//! hash of its keys, and begins anew. At the end each file is added up by itself: all records of a key are in one of them. A file whose
//! groups don't fit the table is parted again by further bits. So the sums are exact whatever the number of groups.

use std::sync::{Arc, Mutex, PoisonError};

use super::counts::Counts;
use super::groups::{Groups, KeyLength, Mixer};
use super::spill::{LEVELS, Spill, SpillError};

/// How much a table may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    /// Groups.
    pub(super) groups: usize,
    /// Words of their records.
    pub(super) words: usize,
}

impl Bound {
    /// An equal part of it for each of so many tables.
    fn shared(self, tables: usize) -> Self {
        let tables = tables.max(1);
        Self { groups: (self.groups / tables).max(1), words: (self.words / tables).max(1) }
    }
}

/// What the stores of one question share.
#[derive(Debug)]
pub(super) struct Shared {
    length: KeyLength,
    mixer: Mixer,
    bound: Bound,
    level: u32,
    spill: Mutex<Option<Arc<Spill>>>,
}

impl Shared {
    /// Nothing yet.
    pub(super) fn new(length: KeyLength, bound: Bound) -> Arc<Self> {
        Self::at_level(length, Mixer::default(), bound, 0)
    }

    fn at_level(length: KeyLength, mixer: Mixer, bound: Bound, level: u32) -> Arc<Self> {
        Arc::new(Self { length, mixer, bound, level, spill: Mutex::new(None) })
    }

    fn spill(&self) -> Result<Arc<Spill>, SpillError> {
        let mut spill = self.spill.lock().unwrap_or_else(PoisonError::into_inner);
        match &*spill {
            Some(spill) => Ok(Arc::clone(spill)),
            None => Ok(Arc::clone(spill.insert(Arc::new(Spill::new(self.level)?)))),
        }
    }
}

/// The groups of one worker.
#[derive(Debug)]
pub(super) struct Store {
    shared: Arc<Shared>,
    bound: Bound,
    groups: Groups,
}

impl Store {
    /// One of `tables` stores that share the bound.
    pub(super) fn new(shared: &Arc<Shared>, tables: usize) -> Self {
        let groups = Groups::new(shared.length, shared.mixer);
        Self { shared: Arc::clone(shared), bound: shared.bound.shared(tables), groups }
    }

    /// The table, to add to.
    #[inline(always)]
    pub(super) fn groups(&mut self) -> &mut Groups {
        &mut self.groups
    }

    /// To be called after some additions, a few thousand at most: a full table goes to the files.
    #[inline(always)]
    pub(super) fn check(&mut self) -> Result<(), SpillError> {
        if self.groups.len() < self.bound.groups && self.groups.words() < self.bound.words {
            return Ok(());
        }
        self.put_aside()
    }

    #[cold]
    fn put_aside(&mut self) -> Result<(), SpillError> {
        // With all bits of the hash used up a file is added up whatever it takes; that asks for keys by the thousand of one hash.
        if self.shared.level >= LEVELS {
            return Ok(());
        }
        self.shared.spill()?.put(&mut self.groups)
    }

    /// Gives every group with its sums to `take`, each once, in no order; says whether files were needed.
    pub(super) fn finish(mut stores: Vec<Self>, take: &mut impl FnMut(&[u64], &Counts)) -> Result<bool, SpillError> {
        let Some(mut first) = stores.pop() else { return Ok(false) };
        let shared = Arc::clone(&first.shared);
        let spilled = || shared.spill.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        // Together they may hold as much as all of them were meant to.
        first.bound = shared.bound;
        while let Some(other) = stores.pop() {
            if spilled() {
                first.put_aside()?;
            }
            for (n, (key, counts)) in other.groups.iter().enumerate() {
                first.groups.add(key, &counts);
                if n % 1_024 == 0 {
                    first.check()?;
                }
            }
        }
        if !spilled() {
            first.groups.iter().for_each(|(key, counts)| take(key, &counts));
            return Ok(false);
        }
        first.put_aside()?;
        drop(first);
        let files = shared.spill.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(files) = files.and_then(Arc::into_inner) else { return Ok(true) };
        for part in files.into_parts() {
            let next = Shared::at_level(shared.length, shared.mixer, shared.bound, shared.level + 1);
            let mut store = Self::new(&next, 1);
            let mut added = 0u32;
            part?.each(shared.length, |key, counts| {
                store.groups.add(key, counts);
                added += 1;
                if added.is_multiple_of(1_024) { store.check() } else { Ok(()) }
            })?;
            Self::finish(vec![store], take)?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A hundred thousand groups, each added to three times by each of two workers, under a bound.
    fn sums(bound: usize) -> (bool, BTreeMap<u64, (u64, u64)>) {
        let shared = Shared::new(KeyLength::Words(1), Bound { groups: bound, words: usize::MAX });
        let mut stores: Vec<Store> = (0..2).map(|_| Store::new(&shared, 2)).collect();
        for turn in 0..3 {
            for key in 0..100_000u64 {
                for store in &mut stores {
                    store.groups().add(&[key * 7], &Counts::of(1, turn, key, None));
                    if key % 64 == 0 {
                        store.check().unwrap();
                    }
                }
            }
        }
        let mut found = BTreeMap::new();
        let spilled = Store::finish(stores, &mut |key, counts| {
            assert_eq!(found.insert(key[0], (counts.flows, counts.bytes().unwrap())), None, "a group came twice");
        });
        (spilled.unwrap(), found)
    }

    #[test]
    fn every_group_once_and_exact_whatever_the_bound() {
        let expected: BTreeMap<u64, (u64, u64)> = (0..100_000).map(|key| (key * 7, (6, key * 6))).collect();
        let (spilled, found) = sums(usize::MAX);
        assert!(!spilled && found == expected);
        // The files of the first level have some 1,500 groups each: they fit one bound and not the other.
        for bound in [20_000, 200] {
            let (spilled, found) = sums(bound);
            assert!(spilled && found == expected, "bound {bound}");
        }
    }

    #[test]
    fn keys_of_any_length_come_back_from_files() {
        let shared = Shared::new(KeyLength::Stated, Bound { groups: 10, words: usize::MAX });
        let mut store = Store::new(&shared, 1);
        for n in 0..3_000u64 {
            let key: Vec<u64> = std::iter::once(n % 5 + 1).chain((0..n % 5).map(|i| n % 250 * 10 + i)).collect();
            store.groups().add(&key, &Counts::of(1, 1, 1, Some((n.cast_signed(), n.cast_signed()))));
            store.check().unwrap();
        }
        let mut found = Vec::new();
        Store::finish(vec![store], &mut |key, counts| found.push((key.to_vec(), *counts))).unwrap();
        // One group for all keys without a word, 200 for the others: n modulo 250 and the length are the same for 12 n each.
        assert_eq!(found.len(), 201);
        found.sort_by_key(|(key, _)| key.clone());
        let (key, counts) = &found[0];
        assert_eq!((key.as_slice(), counts.flows, counts.span()), (&[1][..], 600, Some((0, 2_995))));
        assert!(found[1..].iter().all(|(_, counts)| counts.flows == 12));
    }
}
