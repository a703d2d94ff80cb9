//! The rate at which the up-time of a session's headers runs: it shows exporters that count seconds.
//!
//! SysUptime counts milliseconds (RFC 3954 §5.1, and v1, v5 and v7 before it); SonicWall sends seconds. Messages are read by the standard
//! all the same, and the evidence goes into the ledger.

use crate::time::Timestamp;

/// Messages that an up-time has to be seen in.
const LEAST_MESSAGES: u32 = 3;
/// Seconds of export time that they span: in fewer, the rounding to whole seconds weighs too much.
const LEAST_SECONDS: i64 = 3;

/// Watches the headers of one session and domain.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UptimeRate {
    first: Option<Moment>,
    last: Option<Moment>,
    messages: u32,
    told: bool,
}

#[derive(Clone, Copy, Debug)]
struct Moment {
    seconds: i64,
    uptime: u32,
}

/// An up-time that counts seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InSeconds {
    /// By how much the up-time rose.
    pub(super) rise: u32,
    /// Seconds of export time in which it did.
    pub(super) seconds: i64,
    /// Messages that were looked at.
    pub(super) messages: u32,
}

impl UptimeRate {
    /// Takes the next header; `Some` once, when it is plain that the up-time counts seconds.
    pub(super) fn step(&mut self, export_time: Timestamp, uptime: u32) -> Option<InSeconds> {
        let now = Moment { seconds: export_time.nanos().div_euclid(1_000_000_000), uptime };
        // A restart, a wrap, or a datagram that was overtaken: the count begins anew.
        if self.last.is_some_and(|last| now.uptime < last.uptime || now.seconds < last.seconds) {
            (self.first, self.messages) = (None, 0);
        }
        self.last = Some(now);
        let first = *self.first.get_or_insert(now);
        self.messages = self.messages.saturating_add(1);
        let (rise, seconds, messages) = (now.uptime - first.uptime, now.seconds - first.seconds, self.messages);
        // Both numbers are cut to whole seconds, and one clock may run faster than the other by one in a hundred.
        let near = (i64::from(rise) - seconds).abs() <= 1 + seconds / 100;
        if self.told || messages < LEAST_MESSAGES || seconds < LEAST_SECONDS || !near {
            return None;
        }
        self.told = true;
        Some(InSeconds { rise, seconds, messages })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(headers: &[(u32, u32)]) -> Vec<InSeconds> {
        let mut rate = UptimeRate::default();
        headers.iter().filter_map(|(seconds, uptime)| rate.step(Timestamp::from_seconds(*seconds), *uptime)).collect()
    }

    #[test]
    fn seconds_are_told_once() {
        let told = steps(&[(1_700_000_000, 500), (1_700_000_002, 502), (1_700_000_005, 505), (1_700_000_009, 509)]);
        assert_eq!(told, [InSeconds { rise: 5, seconds: 5, messages: 3 }]);
    }

    #[test]
    fn milliseconds_and_clocks_that_stand_are_no_seconds() {
        assert_eq!(steps(&[(100, 500), (102, 2_500), (105, 5_500), (109, 9_500)]), []);
        assert_eq!(steps(&[(100, 500), (110, 500), (120, 500), (130, 500)]), []);
        // Milliseconds within two seconds: too short a time to tell.
        assert_eq!(steps(&[(100, 500), (101, 501), (101, 501), (102, 502)]), []);
    }

    #[test]
    fn a_restart_begins_the_count_anew() {
        assert_eq!(steps(&[(100, 500), (102, 502), (105, 3), (107, 5)]), []);
        assert_eq!(steps(&[(100, 500), (105, 3), (107, 5), (110, 8)]), [InSeconds { rise: 5, seconds: 5, messages: 3 }]);
    }
}
