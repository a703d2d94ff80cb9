//! How an exporter behaves: its clock, its counts, the size of its datagrams, its busiest minute.

use crate::message::Header;
use crate::template::Seen;
use crate::time::Timestamp;

const NANOS_PER_MINUTE: i64 = 60_000_000_000;

/// What messages of one exporter tell of it.
#[derive(Clone, Debug, Default)]
pub struct Conduct {
    /// Capture time less export time in nanoseconds: the least and the most, with where they were seen.
    pub lag: Option<[(i64, Seen); 2]>,
    /// Turns of the 32-bit up-time from one message to the next, the first place.
    pub uptime_wraps: u64,
    /// Where the up-time turned first.
    pub first_wrap: Option<Seen>,
    /// The longest payload, and where.
    pub longest: Option<(usize, Seen)>,
    /// What v9's Count counts.
    pub counts: Counts,
    /// The minute with the most flows, by capture time in the order of arrival, and how many.
    pub busiest: Option<(Timestamp, u64)>,
    minute: Option<(i64, u64)>,
    uptime: Option<u32>,
}

/// What v9's Count agrees with, in messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The records, as RFC 3954 §5.1 has it.
    pub records: u64,
    /// The Sets, and not the records.
    pub sets: u64,
    /// Neither.
    pub neither: u64,
    /// The first message where it is not the records: what it says, the records, the Sets.
    pub first: Option<(Seen, u32, u32, u32)>,
}

impl Conduct {
    pub(super) fn message(&mut self, header: &Header, received: Option<Timestamp>, octets: usize, seen: Seen) {
        if let Some(received) = received {
            let lag = received.nanos().saturating_sub(header.export_time.nanos());
            let [least, most] = self.lag.get_or_insert([(lag, seen); 2]);
            if lag < least.0 {
                *least = (lag, seen);
            }
            if lag > most.0 {
                *most = (lag, seen);
            }
        }
        if self.longest.is_none_or(|(most, _)| octets > most) {
            self.longest = Some((octets, seen));
        }
        if let Some(uptime) = header.uptime_ms {
            const DAY_MS: u32 = 86_400_000;
            let turned = |before: u32| uptime < before && uptime.wrapping_sub(before) < DAY_MS;
            if self.uptime.replace(uptime).is_some_and(turned) {
                self.uptime_wraps += 1;
                self.first_wrap.get_or_insert(seen);
            }
        }
    }

    /// Flows of a message that came at that time.
    pub(super) fn flows(&mut self, flows: u64, time: Timestamp) {
        let minute = time.nanos().div_euclid(NANOS_PER_MINUTE);
        let sum = match self.minute {
            // A late datagram counts for the minute in which it came.
            Some((current, sum)) if minute <= current => sum + flows,
            _ => flows,
        };
        self.minute = Some((self.minute.map_or(minute, |(current, _)| current.max(minute)), sum));
        if self.busiest.is_none_or(|(_, most)| sum > most) {
            self.busiest = self.minute.map(|(minute, sum)| (Timestamp::from_nanos(minute.saturating_mul(NANOS_PER_MINUTE)), sum));
        }
    }
}

impl Counts {
    pub(super) fn step(&mut self, said: u32, records: u32, sets: u32, seen: Seen) {
        if said == records {
            self.records += 1;
            return;
        }
        *if said == sets { &mut self.sets } else { &mut self.neither } += 1;
        self.first.get_or_insert((seen, said, records, sets));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::Origin;

    #[test]
    fn the_busiest_minute_in_the_order_of_arrival() {
        let mut conduct = Conduct::default();
        for (second, flows) in [(0, 5), (59, 6), (60, 7), (30, 3), (119, 2), (180, 11)] {
            conduct.flows(flows, Timestamp::from_seconds(second));
        }
        assert_eq!(conduct.busiest, Some((Timestamp::from_seconds(60), 12)));
    }

    #[test]
    fn a_count_of_sets() {
        let seen = Seen { time: Timestamp::from_seconds(1), origin: Origin { file: 0, frame: 3 } };
        let mut counts = Counts::default();
        counts.step(8, 8, 2, seen);
        counts.step(2, 8, 2, seen);
        counts.step(1, 8, 2, seen);
        assert_eq!((counts.records, counts.sets, counts.neither), (1, 1, 1));
        assert_eq!(counts.first.map(|(_, said, records, sets)| (said, records, sets)), Some((2, 8, 2)));
    }
}
