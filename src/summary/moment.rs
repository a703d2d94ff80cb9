//! When a flow was, and which interval of time its octets belong to.
//!
//! A flow lasts from flow_start to flow_end; where it has only one of them it is a moment, and where it has none it was when its datagram was
//! received. Where the end is before the start, the two are taken the other way round.
//!
//! By default octets and packets are spread evenly over the intervals from start to end, so that a long flow is no peak; the flow itself
//! counts once, where it starts. Amounts are whole: each interval gets the part that it covers, rounded down, and the last one what is left,
//! so that sums over intervals are those over flows. A flow that lasts longer than a day is beyond any exporter's active timeout (a wrong
//! clock, or a connection that is told of at its end): it counts as a whole where it ends.

use crate::column::{Column, FlowBatch, Values};
use crate::plan::Canonical;

use super::counts::Counts;

/// The longest flow that is spread.
const LONGEST: i64 = 86_400 * 1_000_000_000;

/// Where in time the octets of a flow count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Evenly from start to end.
    #[default]
    Spread,
    /// Where it starts.
    Start,
    /// Where it ends.
    End,
    /// When its datagram was received.
    Received,
}

/// The times of a batch's flows: first and last, `first <= last`; a flow without any has [`i64::MAX`] and [`i64::MIN`].
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    pub(super) first: Vec<i64>,
    pub(super) last: Vec<i64>,
}

impl Times {
    /// Reads the times of a batch that has the columns flow_start and flow_end; with `received`, when the datagrams came instead.
    pub(super) fn read(&mut self, batch: &FlowBatch, received_alone: bool) {
        self.first.clear();
        self.last.clear();
        let start = times(batch, Canonical::FlowStart);
        let end = times(batch, Canonical::FlowEnd);
        match (start, end) {
            (Some((starts, None)), Some((ends, None))) if !received_alone => {
                self.first.extend(starts.iter().zip(ends).map(|(a, b)| *a.min(b)));
                self.last.extend(starts.iter().zip(ends).map(|(a, b)| *a.max(b)));
            }
            _ => {
                let value = |column: Nullable<'_>, row: usize| {
                    column.filter(|(_, of)| of.is_none_or(|c| c.validity.get(row))).and_then(|(values, _)| values.get(row).copied())
                };
                for run in batch.runs() {
                    let received = run.context.received.map(|t| t.nanos());
                    for row in run.start..run.start + run.rows {
                        let (start, end) = if received_alone { (None, None) } else { (value(start, row), value(end, row)) };
                        let one = start.or(end).or(received);
                        let (a, b) = (one, end.or(one));
                        self.first.push(a.min(b).unwrap_or(i64::MAX));
                        self.last.push(a.max(b).unwrap_or(i64::MIN));
                    }
                }
            }
        }
    }

    /// The times of a row.
    #[inline(always)]
    pub(super) fn of(&self, row: usize) -> Option<(i64, i64)> {
        let (first, last) = (*self.first.get(row)?, *self.last.get(row)?);
        (first <= last).then_some((first, last))
    }
}

/// A column's times, and the column itself if some are null.
type Nullable<'a> = Option<(&'a [i64], Option<&'a Column>)>;

fn times(batch: &FlowBatch, column: Canonical) -> Nullable<'_> {
    let column = batch.canonical(column)?;
    match &column.values {
        Values::I64(values) => Some((values, (column.validity.nulls() > 0).then_some(column))),
        _ => None,
    }
}

/// How the octets and packets of a flow lie over intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spread {
    /// The interval that the flow counts in, with what that one gets.
    pub(super) head: (i64, u64, u64),
    /// Intervals between the first and the last one: how many, packets and octets of each.
    pub(super) between: (i64, u64, u64),
    /// The last interval with what it gets, if it is another one than the first.
    pub(super) tail: Option<(i64, u64, u64)>,
}

impl Spread {
    /// Of a flow from `first` to `last`, over intervals of `every` nanoseconds.
    #[inline(always)]
    pub(super) fn new(place: Place, every: i64, (first, last): (i64, i64), packets: u64, bytes: u64) -> Self {
        let whole = |at: i64| Self { head: (at.div_euclid(every), packets, bytes), between: (0, 0, 0), tail: None };
        match place {
            Place::Start => return whole(first),
            Place::End | Place::Received => return whole(last),
            Place::Spread => {}
        }
        // A flow is over at its end: one that ends where an interval begins has nothing in it.
        let (from, to) = (first.div_euclid(every), last.saturating_sub(1).max(first).div_euclid(every));
        if from == to {
            return whole(first);
        }
        let length = last.saturating_sub(first);
        if length > LONGEST {
            return whole(last);
        }
        let head_length = (from + 1).saturating_mul(every).saturating_sub(first);
        let part = |amount: u64, length_of_it: i64| (amount as f64 * length_of_it as f64 / length as f64) as u64;
        let count = to - from - 1;
        let (head, each) = ((part(packets, head_length), part(bytes, head_length)), (part(packets, every), part(bytes, every)));
        // Floating point may say a little too much of what is beyond 2^53; the tail takes what is left.
        let left = |amount: u64, head: u64, each: u64| {
            let between = each.saturating_mul(count.unsigned_abs());
            amount.checked_sub(head).and_then(|rest| rest.checked_sub(between))
        };
        match (left(packets, head.0, each.0), left(bytes, head.1, each.1)) {
            (Some(tail_packets), Some(tail_bytes)) => {
                Self { head: (from, head.0, head.1), between: (count, each.0, each.1), tail: Some((to, tail_packets, tail_bytes)) }
            }
            _ => whole(last),
        }
    }

    /// Each interval with what it gets.
    pub(super) fn each(&self, times: (i64, i64), mut take: impl FnMut(i64, Counts)) {
        let (from, packets, bytes) = self.head;
        take(from, Counts::of(1, packets, bytes, Some(times)));
        let (count, packets, bytes) = self.between;
        for n in 1..=count {
            take(from + n, Counts::of(0, packets, bytes, Some(times)));
        }
        if let Some((to, packets, bytes)) = self.tail {
            take(to, Counts::of(0, packets, bytes, Some(times)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn spread(first_ms: i64, last_ms: i64, packets: u64, bytes: u64) -> Vec<(i64, u64, u64, u64)> {
        let times = (first_ms * 1_000_000, last_ms * 1_000_000);
        let mut found = Vec::new();
        Spread::new(Place::Spread, 10 * SECOND, times, packets, bytes)
            .each(times, |at, c| found.push((at, c.flows, c.packets().unwrap(), c.bytes().unwrap())));
        found
    }

    #[test]
    fn octets_lie_evenly_and_add_up() {
        // 5 s, 10 s, 10 s and 2.5 s of 27.5.
        assert_eq!(spread(5_000, 32_500, 11, 1_000), [(0, 1, 2, 181), (1, 0, 4, 363), (2, 0, 4, 363), (3, 0, 1, 93)]);
        assert_eq!(spread(1_000, 9_999, 3, 50), [(0, 1, 3, 50)]);
        assert_eq!(spread(7_000, 7_000, 3, 50), [(0, 1, 3, 50)]);
        // Over at the very moment in which the next interval begins.
        assert_eq!(spread(1_000, 10_000, 3, 50), [(0, 1, 3, 50)]);
        assert_eq!(spread(10_000, 10_000, 3, 50), [(1, 1, 3, 50)]);
        assert_eq!(spread(-5_000, 5_000, 2, 100), [(-1, 1, 1, 50), (0, 0, 1, 50)]);
    }

    #[test]
    fn what_is_longer_than_a_day_counts_where_it_ends() {
        let day = 86_400_000;
        assert_eq!(spread(0, day, 0, 8_640).len(), 8_640);
        assert_eq!(spread(0, day + 1, 7, 8_640), [(8_640, 1, 7, 8_640)]);
    }

    #[test]
    fn amounts_of_any_size_add_up() {
        for bytes in [u64::MAX, u64::MAX - 1, 1 << 60, (1 << 53) + 1, 12_345_678_901_234_567] {
            let parts = spread(3_333, 77_777, 1, bytes);
            assert_eq!(parts.iter().map(|p| u128::from(p.3)).sum::<u128>(), u128::from(bytes));
        }
    }

    #[test]
    fn other_places() {
        let times = (5 * SECOND, 32 * SECOND);
        let at = |place| Spread::new(place, 10 * SECOND, times, 1, 2).head.0;
        assert_eq!((at(Place::Start), at(Place::End)), (0, 3));
    }
}
