//! When the data of a layout came: first, last, and how much in between, for a picture.

use crate::template::Seen;
use crate::time::Timestamp;

/// Stretches of time that are told apart.
const BINS: usize = 128;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Data over time, by capture time, else by export time.
#[derive(Clone, Debug)]
pub struct Activity {
    /// The first Data Set.
    pub first: Seen,
    /// The last one.
    pub last: Seen,
    start: i64,
    width: i64,
    bins: Vec<u64>,
}

impl Activity {
    pub(super) fn new(seen: Seen) -> Self {
        Self { first: seen, last: seen, start: seen.time.nanos(), width: NANOS_PER_SECOND, bins: Vec::new() }
    }

    pub(super) fn add(&mut self, records: u64, seen: Seen) {
        if seen.time < self.first.time {
            self.first = seen;
        }
        if seen.time >= self.last.time {
            self.last = seen;
        }
        let since = seen.time.nanos().saturating_sub(self.start).max(0);
        while since / self.width >= BINS as i64 {
            self.halve();
        }
        let bin = usize::try_from(since / self.width).unwrap_or(0);
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] += records;
    }

    /// Stretches of equal length from the first Data Set on, each with its beginning, its end and its records; empty ones are left out.
    pub fn bins(&self) -> impl Iterator<Item = (Timestamp, Timestamp, u64)> {
        let at = |bin: i64| Timestamp::from_nanos(self.start.saturating_add(self.width.saturating_mul(bin)));
        (0..).zip(&self.bins).filter(|(_, records)| **records > 0).map(move |(bin, records)| (at(bin), at(bin + 1), *records))
    }

    /// Makes two stretches one.
    fn halve(&mut self) {
        self.bins = self.bins.chunks(2).map(|pair| pair.iter().sum()).collect();
        self.width = self.width.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::Origin;

    #[test]
    fn stretches_grow_with_the_time() {
        let seen = |seconds| Seen { time: Timestamp::from_seconds(seconds), origin: Origin { file: 0, frame: 1 } };
        let mut activity = Activity::new(seen(1_000));
        for second in 0..300 {
            activity.add(2, seen(1_000 + second));
        }
        activity.add(1, seen(990));
        let bins: Vec<_> = activity.bins().collect();
        assert_eq!(bins.len(), 75);
        assert_eq!(bins[0], (Timestamp::from_seconds(1_000), Timestamp::from_seconds(1_004), 9));
        assert_eq!(bins.iter().map(|(_, _, records)| records).sum::<u64>(), 601);
        assert_eq!((activity.first.time, activity.last.time), (Timestamp::from_seconds(990), Timestamp::from_seconds(1_299)));
    }
}
