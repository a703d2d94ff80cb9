//! What flows add up to over time: one sum for each interval.
//!
//! A flow takes a few additions however many intervals it lasts: what the intervals between its first and its last one get is noted where
//! it begins and where it ends, and added up once at the end.
//!
//! With intervals of its own choice a series begins with seconds, and whenever it has more than some thousand places it goes over to longer
//! intervals, of which each is a whole number of the ones before. The result is the same in whatever order the flows come.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::moment::{Place, Spread};

const SECOND: i64 = 1_000_000_000;
/// Places up to which a series of its own choice keeps its intervals.
const ENOUGH: usize = 4_096;
/// Places and intervals of a series whose intervals are given: some hundred MB.
pub const MOST_INTERVALS: usize = 1_000_000;
/// Intervals that a series of its own choice gives out.
const ENOUGH_INTERVALS: usize = 100_000;
/// Places that lie side by side.
const NEAR: usize = 8_192;
/// Seconds, and by how much they grow, turn by turn: 5 s, 15 s, 1 min, 5 min, 15 min, 1 h, 6 h, a day, a week; then fourfold.
const FACTORS: [i64; 9] = [5, 3, 4, 5, 3, 4, 6, 4, 7];

/// The sums of an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// When it begins: nanoseconds since 1970.
    pub start: i64,
    /// Flows that count in it.
    pub flows: u64,
    /// Packets.
    pub packets: u64,
    /// Octets.
    pub bytes: u64,
}

/// A place in time.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    touched: bool,
    flows: u64,
    /// What the interval gets by itself; a part of it may be taken back by `more_*`.
    packets: i128,
    bytes: i128,
    /// What it and all intervals after it get in addition, each.
    more_packets: i128,
    more_bytes: i128,
}

impl Cell {
    fn add(&mut self, other: &Self) {
        self.touched = true;
        self.flows += other.flows;
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.more_packets += other.more_packets;
        self.more_bytes += other.more_bytes;
    }
}

/// A series of sums over time.
#[derive(Clone, Debug)]
pub(super) struct Series {
    place: Place,
    /// The length by which flows are spread: the given one, or a second.
    every: i64,
    /// The lengths in one interval of now; 1 for a given length.
    factor: i64,
    /// Turns that the series has grown by; `None` where the length is given.
    turn: Option<usize>,
    /// The interval of the first of the cells that lie side by side.
    base: Option<i64>,
    near: Vec<Cell>,
    near_touched: usize,
    far: HashMap<i64, Cell>,
    /// Flows, packets and octets without a time.
    timeless: (u64, u128, u128),
}

impl Series {
    /// With intervals of `every` nanoseconds, or of the series' own choice.
    pub(super) fn new(every: Option<i64>, place: Place) -> Self {
        Self {
            place,
            every: every.unwrap_or(SECOND),
            factor: 1,
            turn: every.is_none().then_some(0),
            base: None,
            near: Vec::new(),
            near_touched: 0,
            far: HashMap::new(),
            timeless: (0, 0, 0),
        }
    }

    /// Adds a flow.
    #[inline(always)]
    pub(super) fn add(&mut self, times: Option<(i64, i64)>, packets: u64, bytes: u64) {
        let Some(times) = times else {
            self.timeless.0 += 1;
            self.timeless.1 += u128::from(packets);
            self.timeless.2 += u128::from(bytes);
            return;
        };
        let Spread { head, between, tail } = Spread::new(self.place, self.every, times, packets, bytes);
        let factor = self.factor;
        let cell = self.cell(head.0.div_euclid(factor));
        cell.flows += 1;
        cell.packets += i128::from(head.1);
        cell.bytes += i128::from(head.2);
        let Some(tail) = tail else { return };
        if between.0 > 0 {
            self.add_beyond(head.0 + 1, i128::from(between.1), i128::from(between.2));
            self.add_beyond(tail.0, -i128::from(between.1), -i128::from(between.2));
        }
        let cell = self.cell(tail.0.div_euclid(factor));
        cell.packets += i128::from(tail.1);
        cell.bytes += i128::from(tail.2);
    }

    /// Each length from `at` on gets so much more. Where `at` is inside of an interval, that one gets a part.
    #[inline(always)]
    fn add_beyond(&mut self, at: i64, packets: i128, bytes: i128) {
        let (interval, inside) = (at.div_euclid(self.factor), at.rem_euclid(self.factor));
        let (part, whole) = (i128::from(self.factor - inside), i128::from(self.factor));
        let mut interval = interval;
        if inside > 0 {
            let cell = self.cell(interval);
            cell.packets += packets * part;
            cell.bytes += bytes * part;
            interval += 1;
        }
        let cell = self.cell(interval);
        cell.more_packets += packets * whole;
        cell.more_bytes += bytes * whole;
    }

    #[inline(always)]
    fn cell(&mut self, interval: i64) -> &mut Cell {
        let base = match self.base {
            Some(base) => base,
            None => self.begin(interval),
        };
        let at = interval.wrapping_sub(base).cast_unsigned() as usize;
        let cell = match self.near.get_mut(at) {
            Some(near) => {
                self.near_touched += usize::from(!near.touched);
                near
            }
            None => self.far.entry(interval).or_default(),
        };
        cell.touched = true;
        cell
    }

    #[cold]
    fn begin(&mut self, interval: i64) -> i64 {
        self.near.resize(NEAR, Cell::default());
        // Flows come about in the order of time, but end in another one than they begin.
        let base = interval.saturating_sub(NEAR as i64 / 4);
        self.base = Some(base);
        base
    }

    /// To be called after some additions. False if there are more intervals than can be told apart.
    pub(super) fn check(&mut self) -> bool {
        match self.turn {
            None => self.near_touched + self.far.len() <= MOST_INTERVALS,
            Some(_) => {
                while self.near_touched + self.far.len() > ENOUGH && self.grow() {}
                true
            }
        }
    }

    /// Goes over to the next longer intervals; false if there are none.
    fn grow(&mut self) -> bool {
        let Some(turn) = self.turn else { return false };
        let by = FACTORS.get(turn).copied().unwrap_or(4);
        let Some(factor) = self.factor.checked_mul(by).filter(|f| f.checked_mul(self.every).is_some()) else { return false };
        let cells: Vec<(i64, Cell)> = self.cells().collect();
        (self.factor, self.turn) = (factor, Some(turn + 1));
        (self.base, self.near_touched) = (None, 0);
        self.near.clear();
        self.far.clear();
        for (interval, cell) in cells {
            let (longer, inside) = (interval.div_euclid(by), interval.rem_euclid(by));
            let Cell { flows, packets, bytes, more_packets, more_bytes, .. } = cell;
            let (part, whole) = (i128::from(by - inside), i128::from(by));
            if inside == 0 {
                let cell = Cell { more_packets: more_packets * whole, more_bytes: more_bytes * whole, ..cell };
                self.cell(longer).add(&cell);
                continue;
            }
            let (packets, bytes) = (packets + more_packets * part, bytes + more_bytes * part);
            self.cell(longer).add(&Cell { touched: true, flows, packets, bytes, ..Cell::default() });
            if (more_packets, more_bytes) != (0, 0) {
                let more = Cell { touched: true, more_packets: more_packets * whole, more_bytes: more_bytes * whole, ..Cell::default() };
                self.cell(longer + 1).add(&more);
            }
        }
        true
    }

    fn cells(&self) -> impl Iterator<Item = (i64, Cell)> {
        let base = self.base.unwrap_or(0);
        let near = (base..).zip(&self.near).filter(|(_, cell)| cell.touched).map(|(at, cell)| (at, *cell));
        near.chain(self.far.iter().map(|(at, cell)| (*at, *cell)))
    }

    /// Adds another series of the same kind.
    pub(super) fn merge(&mut self, mut other: Self) -> bool {
        while self.factor < other.factor && self.grow() {}
        while other.factor < self.factor && other.grow() {}
        for (interval, cell) in other.cells() {
            self.cell(interval).add(&cell);
        }
        self.timeless.0 += other.timeless.0;
        self.timeless.1 += other.timeless.1;
        self.timeless.2 += other.timeless.2;
        self.check()
    }

    /// Nanoseconds of an interval.
    pub(super) fn length(&self) -> i64 {
        self.every * self.factor
    }

    /// Flows without a time.
    pub(super) fn timeless(&self) -> u64 {
        self.timeless.0
    }

    /// The intervals in which something was, in order; those in which nothing was are left out. `None` if they are more than
    /// [`MOST_INTERVALS`]; with intervals of its own choice, the series goes over to longer ones then.
    pub(super) fn intervals(&mut self) -> Option<Vec<Interval>> {
        loop {
            let most = if self.turn.is_some() { ENOUGH_INTERVALS } else { MOST_INTERVALS };
            let found = self.at_most(most);
            if found.is_some() || !self.grow() {
                return found;
            }
        }
    }

    fn at_most(&self, most: usize) -> Option<Vec<Interval>> {
        let cells: BTreeMap<i64, Cell> = self.cells().collect();
        let length = self.length();
        let mut out = Vec::new();
        let (mut more_packets, mut more_bytes) = (0i128, 0i128);
        let mut next = i64::MIN;
        let amount = |amount: i128| u64::try_from(amount.max(0)).unwrap_or(u64::MAX);
        for (at, cell) in cells {
            // Between two places nothing changes.
            while (more_packets, more_bytes) != (0, 0) && next < at && out.len() <= most {
                let start = next.saturating_mul(length);
                out.push(Interval { start, flows: 0, packets: amount(more_packets), bytes: amount(more_bytes) });
                next += 1;
            }
            more_packets += cell.more_packets;
            more_bytes += cell.more_bytes;
            let (packets, bytes) = (amount(cell.packets + more_packets), amount(cell.bytes + more_bytes));
            if cell.flows > 0 || packets > 0 || bytes > 0 {
                out.push(Interval { start: at.saturating_mul(length), flows: cell.flows, packets, bytes });
            }
            if out.len() > most {
                return None;
            }
            next = at + 1;
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flows as a generator of pseudo-random numbers makes them: times within some minutes, a few far away.
    fn flows() -> Vec<((i64, i64), u64, u64)> {
        let mut state = 88_172_645_463_325_252u64;
        let mut next = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let mut flows: Vec<((i64, i64), u64, u64)> = (0..5_000)
            .map(|_| {
                let first = 1_700_000_000_000 + next(7_200_000).cast_signed();
                let last = first + next(400_000).cast_signed();
                ((first * 1_000_000, last * 1_000_000), next(5_000), next(5_000_000))
            })
            .collect();
        flows.push(((0, 7 * SECOND), 5, 500));
        flows
    }

    /// The same by a plain loop over the intervals of each flow.
    fn plainly(every: i64) -> BTreeMap<i64, (u64, u64, u64)> {
        let mut sums: BTreeMap<i64, (u64, u64, u64)> = BTreeMap::new();
        for (times, packets, bytes) in flows() {
            Spread::new(Place::Spread, every, times, packets, bytes).each(times, |at, counts| {
                let sum = sums.entry(at * every).or_default();
                *sum = (sum.0 + counts.flows, sum.1 + counts.packets().unwrap(), sum.2 + counts.bytes().unwrap());
            });
        }
        sums.retain(|_, sum| *sum != (0, 0, 0));
        sums
    }

    fn found(series: &Series) -> BTreeMap<i64, (u64, u64, u64)> {
        series.clone().intervals().unwrap().into_iter().map(|i| (i.start, (i.flows, i.packets, i.bytes))).collect()
    }

    #[test]
    fn given_intervals() {
        for every in [SECOND, 60 * SECOND, 7 * SECOND / 2] {
            let mut series = Series::new(Some(every), Place::Spread);
            for (times, packets, bytes) in flows() {
                series.add(Some(times), packets, bytes);
                assert!(series.check());
            }
            assert_eq!(found(&series), plainly(every));
        }
    }

    #[test]
    fn intervals_of_its_own_choice_whatever_the_order() {
        let mut one = Series::new(None, Place::Spread);
        let mut two = one.clone();
        let mut back = one.clone();
        for (n, (times, packets, bytes)) in flows().into_iter().enumerate() {
            let series = if n % 3 == 0 { &mut one } else { &mut two };
            series.add(Some(times), packets, bytes);
            series.check();
        }
        for (times, packets, bytes) in flows().into_iter().rev() {
            back.add(Some(times), packets, bytes);
            back.check();
        }
        assert!(two.merge(one));
        // Two hours in seconds are more than is enough; in steps of five seconds they are not.
        assert_eq!((two.length(), back.length()), (5 * SECOND, 5 * SECOND));
        assert_eq!(found(&two), found(&back));
        let mut seconds: BTreeMap<i64, (u64, u64, u64)> = BTreeMap::new();
        for (start, sum) in plainly(SECOND) {
            let all = seconds.entry(start.div_euclid(5 * SECOND) * 5 * SECOND).or_default();
            *all = (all.0 + sum.0, all.1 + sum.1, all.2 + sum.2);
        }
        assert_eq!(found(&two), seconds);
    }

    #[test]
    fn more_intervals_than_can_be_told_apart() {
        let day = (0, 86_400 * SECOND);
        let mut series = Series::new(Some(SECOND / 1_000), Place::Spread);
        series.add(Some(day), 1 << 40, 1 << 40);
        assert!(series.check() && series.intervals().is_none());
        // A day has 86,400 seconds; two of them go over to five seconds each.
        let mut series = Series::new(None, Place::Spread);
        series.add(Some(day), 1 << 40, 1 << 40);
        assert_eq!((series.intervals().map(|i| i.len()), series.length()), (Some(86_400), SECOND));
        series.add(Some((day.1, 2 * day.1)), 1 << 40, 1 << 40);
        assert_eq!((series.intervals().map(|i| i.len()), series.length()), (Some(34_560), 5 * SECOND));
    }

    #[test]
    fn flows_without_a_time_are_told_apart() {
        let mut series = Series::new(None, Place::Spread);
        series.add(None, 3, 4);
        series.add(Some((0, 0)), 1, 2);
        assert_eq!(series.timeless(), 1);
        assert_eq!(series.intervals().unwrap(), [Interval { start: 0, flows: 1, packets: 1, bytes: 2 }]);
    }
}
