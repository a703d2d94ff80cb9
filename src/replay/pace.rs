//! When each datagram of a replay is due, counted from its beginning; without a clock.

use std::time::Duration;

use crate::time::Timestamp;

/// How fast a replay goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As the datagrams were captured, so many times as fast.
    Captured(f64),
    /// So many datagrams a second.
    Rate(f64),
    /// As fast as it can.
    Fastest,
}

/// The schedule of a replay.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pace: Pace,
    /// Datagrams so far.
    count: u64,
    /// The capture time that is due at `from`.
    first: Option<Timestamp>,
    from: Duration,
    latest: Duration,
}

impl Schedule {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, count: 0, first: None, from: Duration::ZERO, latest: Duration::ZERO }
    }

    /// When the next datagram is due, which was captured at `time`. A time before that of the datagram before it (datagrams that overtook each
    /// other, clocks set back), or none, means: at once.
    pub(super) fn next(&mut self, time: Option<Timestamp>) -> Duration {
        let due = match self.pace {
            Pace::Fastest => Duration::ZERO,
            #[allow(clippy::cast_precision_loss)]
            Pace::Rate(rate) => seconds(self.count as f64 / rate),
            Pace::Captured(speed) => match (time, self.first) {
                (Some(time), Some(first)) => {
                    let nanos = time.nanos().saturating_sub(first.nanos()).max(0);
                    #[allow(clippy::cast_precision_loss)]
                    self.from.saturating_add(seconds(nanos as f64 / 1e9 / speed))
                }
                (Some(time), None) => {
                    self.first = Some(time);
                    self.from
                }
                (None, _) => self.latest,
            },
        };
        self.count += 1;
        self.latest = self.latest.max(due);
        self.latest
    }

    /// The input begins anew: its first datagram follows the last one at the usual distance.
    pub(super) fn again(&mut self) {
        let count = u32::try_from(self.count).unwrap_or(u32::MAX).max(1);
        let gap = if self.first.is_some() { self.latest.saturating_sub(self.from) / count } else { Duration::ZERO };
        self.from = self.latest.saturating_add(gap.max(Duration::from_micros(1)));
        self.first = None;
    }
}

/// No replay is longer than this, whatever a capture's times say.
const LONGEST: f64 = 3e9;

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.clamp(0.0, LONGEST)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dues(pace: Pace, times: &[Option<i64>]) -> Vec<u128> {
        let mut schedule = Schedule::new(pace);
        times.iter().map(|t| schedule.next(t.map(Timestamp::from_nanos)).as_micros()).collect()
    }

    #[test]
    fn datagrams_are_due_as_they_came() {
        let times = [Some(5_000_000_000), Some(5_500_000_000), Some(5_400_000_000), None, Some(7_000_000_000)];
        assert_eq!(dues(Pace::Captured(1.0), &times), [0, 500_000, 500_000, 500_000, 2_000_000]);
        assert_eq!(dues(Pace::Captured(10.0), &times), [0, 50_000, 50_000, 50_000, 200_000]);
        assert_eq!(dues(Pace::Rate(50_000.0), &times), [0, 20, 40, 60, 80]);
        assert_eq!(dues(Pace::Fastest, &times), [0; 5]);
    }

    #[test]
    fn a_second_round_follows_the_first() {
        let mut schedule = Schedule::new(Pace::Captured(1.0));
        let mut round = || [0, 1_000_000_000, 3_000_000_000].map(|t| schedule.next(Some(Timestamp::from_nanos(t))).as_millis());
        assert_eq!(round(), [0, 1000, 3000]);
        schedule.again();
        let mut round = || [0, 1_000_000_000, 3_000_000_000].map(|t| schedule.next(Some(Timestamp::from_nanos(t))).as_millis());
        assert_eq!(round(), [4000, 5000, 7000]);
    }
}
