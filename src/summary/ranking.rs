//! The groups that come first by one of their sums.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::counts::Counts;

/// The sum by which groups are put in order, the largest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Octets.
    #[default]
    Bytes,
    /// Packets.
    Packets,
    /// Flows.
    Flows,
    /// Bits a second; groups without a rate come last.
    Bps,
}

impl Order {
    /// The sum; a group without one is below one with 0.
    pub fn measure(self, counts: &Counts) -> Option<u64> {
        match self {
            Self::Bytes => counts.bytes(),
            Self::Packets => counts.packets(),
            Self::Flows => Some(counts.flows),
            Self::Bps => counts.bits_per_second(),
        }
    }

    /// `bytes`, `packets`, `flows`, `bps`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Packets => "packets",
            Self::Flows => "flows",
            Self::Bps => "bps",
        }
    }
}

/// A group in its order. Of equal ones by the sum that counts, the one with more octets comes first, then the one with the smaller key: so
/// the result is the same in whatever order the flows came.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ranked {
    measure: Option<u64>,
    bytes: Option<u64>,
    /// `None` for the flows without a key, which come first among equals, as null does in keys of several columns.
    key: Reverse<Option<Reverse<Box<[u64]>>>>,
    counts: Counts,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.measure, self.bytes).cmp(&(other.measure, other.bytes)).then_with(|| match (&self.key.0, &other.key.0) {
            (Some(own), Some(others)) => own.cmp(others),
            (own, others) => others.is_some().cmp(&own.is_some()),
        })
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The first groups of all that were offered.
#[derive(Clone, Debug)]
pub(super) struct Ranking {
    order: Order,
    most: usize,
    heap: BinaryHeap<Reverse<Ranked>>,
}

impl Ranking {
    /// Keeps so many.
    pub(super) fn new(order: Order, most: usize) -> Self {
        Self { order, most, heap: BinaryHeap::new() }
    }

    /// Takes a group if it is among the first.
    pub(super) fn offer(&mut self, key: Option<&[u64]>, counts: &Counts) {
        let measure = self.order.measure(counts);
        if self.heap.len() >= self.most {
            match self.heap.peek() {
                Some(Reverse(least)) if (least.measure, least.bytes) <= (measure, counts.bytes()) => {}
                _ => return,
            }
        }
        let ranked = Ranked { measure, bytes: counts.bytes(), key: Reverse(key.map(|key| Reverse(key.into()))), counts: *counts };
        self.heap.push(Reverse(ranked));
        if self.heap.len() > self.most {
            self.heap.pop();
        }
    }

    /// The groups in order; the flows without a key have none.
    pub(super) fn into_groups(self) -> impl Iterator<Item = (Option<Box<[u64]>>, Counts)> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(ranked)| (ranked.key.0.map(|Reverse(key)| key), ranked.counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_come_first_and_ties_go_by_octets_then_key() {
        let mut ranking = Ranking::new(Order::Flows, 4);
        let groups = [(9, 1, 5), (3, 2, 7), (8, 2, 7), (1, 2, 9), (2, 7, 1), (4, 1, 4)];
        for (key, flows, bytes) in groups.into_iter().chain(std::iter::once((7, 2, 7))) {
            ranking.offer(Some(&[key]), &Counts::of(flows, 0, bytes, None));
        }
        ranking.offer(None, &Counts::of(2, 0, 8, None));
        let found: Vec<Option<u64>> = ranking.into_groups().map(|(key, _)| key.map(|k| k[0])).collect();
        assert_eq!(found, [Some(2), Some(1), None, Some(3)]);
    }

    #[test]
    fn groups_without_a_rate_come_last() {
        let mut ranking = Ranking::new(Order::Bps, 3);
        ranking.offer(Some(&[1]), &Counts::of(1, 1, 1_000_000, Some((5, 5))));
        ranking.offer(Some(&[2]), &Counts::of(1, 1, 0, Some((5, 1_000_000_005))));
        ranking.offer(Some(&[3]), &Counts::of(1, 1, 10, Some((5, 1_000_000_005))));
        let found: Vec<u64> = ranking.into_groups().map(|(key, _)| key.unwrap()[0]).collect();
        assert_eq!(found, [3, 2, 1]);
    }
}
