//! How many intervals of time have anything in them: known before they are made, so that too many are refused before they take memory.

use std::collections::BTreeMap;

use super::series::MOST_INTERVALS;

/// The intervals that were touched so far, as stretches that don't touch each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    /// The last interval of each stretch by its first.
    stretches: BTreeMap<i64, i64>,
    /// The stretch that was found last.
    near: Option<(i64, i64)>,
    intervals: u64,
}

impl Touched {
    /// Notes the intervals from one to another; false once there are too many.
    #[inline]
    pub(super) fn add(&mut self, from: i64, to: i64) -> bool {
        if self.near.is_some_and(|(first, last)| first <= from && to <= last) {
            return true;
        }
        self.widen(from, to);
        self.intervals <= MOST_INTERVALS as u64
    }

    fn widen(&mut self, mut from: i64, mut to: i64) {
        // Of the stretches that begin no later than just behind it, the last ones may reach into it.
        while let Some((&first, &last)) =
            self.stretches.range(..=to.saturating_add(1)).next_back().filter(|s| s.1.saturating_add(1) >= from)
        {
            (from, to) = (from.min(first), to.max(last));
            self.stretches.remove(&first);
            self.intervals -= length(first, last);
        }
        self.stretches.insert(from, to);
        self.intervals += length(from, to);
        self.near = Some((from, to));
    }
}

fn length(first: i64, last: i64) -> u64 {
    last.abs_diff(first).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_interval_counts_once() {
        let mut touched = Touched::default();
        for (from, to, all) in [(5, 7, 3), (9, 9, 4), (6, 6, 4), (8, 8, 5), (-3, -1, 8), (-10, 20, 31), (21, 21, 32), (100, 100, 33)] {
            assert!(touched.add(from, to));
            assert_eq!(touched.intervals, all, "{from} to {to}: {touched:?}");
        }
        assert_eq!(touched.stretches, BTreeMap::from([(-10, 21), (100, 100)]));
    }

    #[test]
    fn too_many_are_told() {
        let mut touched = Touched::default();
        assert!(touched.add(0, MOST_INTERVALS as i64 - 1) && touched.add(7, 9));
        assert!(!touched.add(MOST_INTERVALS as i64 + 5, MOST_INTERVALS as i64 + 5));
        assert!(!Touched::default().add(i64::MIN, i64::MAX));
    }
}
