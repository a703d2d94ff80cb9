//! Sequence accounting: what was lost between exporter and capture, what came late or twice, and when an exporter restarted.
//!
//! What the number counts differs. By the documents: v5 and v7, the flows sent before the message; v9, messages (RFC 3954
//! §5.1); IPFIX, the Data Records sent before the message, options among them (RFC 7011 §3.1). Real exporters deviate: softflowd
//! and ulogd2 count the message's own records too, and leave options out. All readings are kept side by side; the one of the
//! document is reported unless another explains clearly more messages.

use std::collections::VecDeque;

use crate::message::Version;
use crate::template::Seen;

/// What a sequence number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Convention {
    /// Flows before this message: v5 and v7.
    Flows,
    /// Messages: v9.
    Messages,
    /// Data Records before this message, options among them: IPFIX.
    Records,
    /// Data Records up to the end of this message, options left out.
    OwnFlows,
    /// Data Records up to the end of this message, options among them.
    OwnRecords,
}

impl Convention {
    /// A few words for a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flows => "flows before the message",
            Self::Messages => "messages",
            Self::Records => "records before the message",
            Self::OwnFlows => "flows, the message's own included",
            Self::OwnRecords => "records, the message's own included",
        }
    }

    fn candidates(version: Version) -> &'static [Self] {
        match version {
            Version::V1 | Version::Unstated => &[],
            Version::V5 | Version::V7 => &[Self::Flows],
            Version::V9 => &[Self::Messages, Self::Flows],
            Version::Ipfix => &[Self::Records, Self::OwnFlows, Self::OwnRecords, Self::Flows, Self::Messages],
        }
    }
}

/// What the sequence numbers of a stream tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SequenceReport {
    /// What the numbers count, where there are any.
    pub convention: Option<Convention>,
    /// True if that is not what the version's document says.
    pub deviates: bool,
    /// Units (see the convention) that never arrived.
    pub lost: u64,
    /// Messages that arrived after a later one.
    pub reordered: u64,
    /// Messages that arrived twice.
    pub duplicates: u64,
    /// Times that the exporter began anew.
    pub restarts: u64,
    /// Where the first of each was noticed.
    pub first: Firsts,
}

/// Where something was noticed first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Firsts {
    /// A gap, which later messages may have filled.
    pub gap: Option<Seen>,
    /// A message after a later one.
    pub reordered: Option<Seen>,
    /// A message for the second time.
    pub duplicate: Option<Seen>,
    /// A new beginning.
    pub restart: Option<Seen>,
}

impl Firsts {
    /// The earlier ones of two.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            gap: self.gap.or(other.gap),
            reordered: self.reordered.or(other.reordered),
            duplicate: self.duplicate.or(other.duplicate),
            restart: self.restart.or(other.restart),
        }
    }
}

/// What one message brings.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The header's number.
    pub sequence: u32,
    /// Its flows; `None` if some Set could not be counted.
    pub flows: Option<u32>,
    /// Its flows and options records.
    pub records: Option<u32>,
    /// The header's time less its up-time in milliseconds: jumps when the exporter restarts.
    pub boot_ms: Option<i64>,
    /// When and where it was seen.
    pub seen: Seen,
}

/// The accounting of one stream: a session and an observation domain.
#[derive(Clone, Debug)]
pub struct Sequence {
    trackers: Vec<(Convention, Tracker)>,
    boot_ms: Option<i64>,
}

impl SequenceReport {
    /// Adds what another session of the same exporter tells.
    pub(super) fn add(&mut self, other: &Self) {
        self.convention = self.convention.or(other.convention);
        self.deviates |= other.deviates;
        self.lost += other.lost;
        self.reordered += other.reordered;
        self.duplicates += other.duplicates;
        self.restarts += other.restarts;
        self.first = self.first.or(other.first);
    }
}

impl Sequence {
    /// Nothing seen yet.
    pub fn new(version: Version) -> Self {
        Self { trackers: Convention::candidates(version).iter().map(|c| (*c, Tracker::default())).collect(), boot_ms: None }
    }

    /// Takes the next message in the order of arrival.
    pub fn step(&mut self, step: Step) {
        let boot = self.boot(step.boot_ms);
        for (convention, tracker) in &mut self.trackers {
            let (own, units) = match convention {
                Convention::Messages => (Some(0), Some(1)),
                Convention::Flows => (Some(0), step.flows),
                Convention::Records => (Some(0), step.records),
                Convention::OwnFlows => (step.flows, step.flows),
                Convention::OwnRecords => (step.records, step.records),
            };
            tracker.step(own.map(|own| step.sequence.wrapping_sub(own)), units, boot, step.seen);
        }
    }

    /// Does the exporter's boot lie later than it did? By more than jitter and rounding, and no turn of the up-time.
    fn boot(&mut self, boot_ms: Option<i64>) -> Boot {
        const JITTER_MS: i64 = 5_000;
        const TURN_MS: i64 = 1 << 32;
        let (Some(new), Some(old)) = (boot_ms, std::mem::replace(&mut self.boot_ms, boot_ms)) else { return Boot::Unknown };
        let forward = new - old;
        if forward > JITTER_MS && (forward - TURN_MS).abs() > JITTER_MS { Boot::Moved } else { Boot::Same }
    }

    /// The reading that explains the stream.
    pub fn report(&self) -> SequenceReport {
        let Some((documented, rest)) = self.trackers.split_first() else { return SequenceReport::default() };
        let mut best = documented;
        for other in rest {
            // Clearly more: a tenth of all steps, so that a chance hit in a short capture does not count.
            if other.1.in_order > best.1.in_order + other.1.steps / 10 {
                best = other;
            }
        }
        let t = &best.1;
        SequenceReport {
            convention: (t.steps > 0 || t.seen).then_some(best.0),
            deviates: best.0 != documented.0,
            lost: t.lost,
            reordered: t.reordered,
            duplicates: t.duplicates,
            restarts: t.restarts,
            first: t.firsts,
        }
    }
}

/// What header clocks tell of the exporter's boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Boot {
    Unknown,
    Same,
    Moved,
}

/// The accounting by one reading.
#[derive(Clone, Debug, Default)]
struct Tracker {
    seen: bool,
    expected: Option<u32>,
    /// Stretches that are missing: first number, length. Late messages fill them.
    gaps: VecDeque<(u32, u32)>,
    /// First numbers of the last messages: a duplicate repeats one.
    recent: VecDeque<u32>,
    steps: u64,
    in_order: u64,
    lost: u64,
    reordered: u64,
    duplicates: u64,
    restarts: u64,
    firsts: Firsts,
}

impl Tracker {
    /// How many gaps and numbers are remembered: late and double datagrams are a few behind, not hundreds.
    const MEMORY: usize = 64;
    /// A jump ahead beyond this is no loss: the numbers began anew elsewhere.
    const LONGEST_GAP: u32 = 1 << 24;
    /// A step back beyond this is no reordering.
    const LONGEST_DELAY: u32 = 10_000;

    fn step(&mut self, first: Option<u32>, units: Option<u32>, boot: Boot, seen: Seen) {
        self.seen = true;
        let Some(first) = first else {
            self.expected = None;
            return;
        };
        let next = units.map(|u| first.wrapping_add(u));
        let Some(expected) = self.expected else {
            self.begin(first, next);
            return;
        };
        self.steps += 1;
        let ahead = first.wrapping_sub(expected);
        let behind = expected.wrapping_sub(first);
        if boot == Boot::Moved {
            self.restarts += 1;
            self.firsts.restart.get_or_insert(seen);
            self.in_order += u64::from(ahead == 0);
            self.begin(first, next);
        } else if ahead == 0 {
            self.in_order += 1;
            self.advance(first, units, next);
        } else if ahead <= Self::LONGEST_GAP {
            self.lost += u64::from(ahead);
            self.firsts.gap.get_or_insert(seen);
            remember(&mut self.gaps, (expected, ahead));
            self.advance(first, units, next);
        } else if let Some(gap) = self.gaps.iter().position(|(start, length)| first.wrapping_sub(*start) < *length) {
            self.reordered += 1;
            self.firsts.reordered.get_or_insert(seen);
            self.fill(gap, first, units.unwrap_or(1));
            remember(&mut self.recent, first);
        } else if self.recent.contains(&first) {
            if units != Some(0) {
                self.duplicates += 1;
                self.firsts.duplicate.get_or_insert(seen);
            }
        } else if (first > 1 || boot == Boot::Same) && behind <= Self::LONGEST_DELAY {
            self.reordered += 1;
            self.firsts.reordered.get_or_insert(seen);
            remember(&mut self.recent, first);
        } else {
            self.restarts += 1;
            self.firsts.restart.get_or_insert(seen);
            self.begin(first, next);
        }
    }

    fn begin(&mut self, first: u32, next: Option<u32>) {
        self.gaps.clear();
        self.recent.clear();
        remember(&mut self.recent, first);
        self.expected = next;
    }

    fn advance(&mut self, first: u32, units: Option<u32>, next: Option<u32>) {
        if units != Some(0) {
            remember(&mut self.recent, first);
        }
        self.expected = next;
    }

    fn fill(&mut self, gap: usize, first: u32, units: u32) {
        let Some((start, length)) = self.gaps.remove(gap) else { return };
        let before = first.wrapping_sub(start);
        let filled = units.min(length - before);
        self.lost -= u64::from(filled);
        for piece in [(start, before), (first.wrapping_add(filled), length - before - filled)] {
            if piece.1 > 0 {
                remember(&mut self.gaps, piece);
            }
        }
    }
}

fn remember<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == Tracker::MEMORY {
        list.pop_front();
    }
    list.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::Origin;
    use crate::time::Timestamp;

    fn seen() -> Seen {
        Seen { time: Timestamp::from_seconds(0), origin: Origin { file: 0, frame: 1 } }
    }

    fn run(version: Version, steps: &[(u32, u32)]) -> SequenceReport {
        let mut s = Sequence::new(version);
        for (sequence, records) in steps {
            s.step(Step { sequence: *sequence, flows: Some(*records), records: Some(*records), boot_ms: None, seen: seen() });
        }
        s.report()
    }

    #[test]
    fn v5_loses_flows() {
        let r = run(Version::V5, &[(0, 30), (30, 30), (90, 30), (120, 30)]);
        assert_eq!((r.lost, r.reordered, r.duplicates, r.restarts), (30, 0, 0, 0));
    }

    #[test]
    fn v9_counts_messages_through_the_wrap() {
        let r = run(Version::V9, &[(u32::MAX - 1, 5), (u32::MAX, 5), (1, 5), (2, 5)]);
        assert_eq!((r.convention, r.lost, r.restarts), (Some(Convention::Messages), 1, 0));
    }

    #[test]
    fn a_late_message_is_no_loss() {
        let r = run(Version::Ipfix, &[(100, 2), (102, 1), (108, 1), (105, 2), (109, 1), (109, 1), (110, 1)]);
        assert_eq!((r.lost, r.reordered, r.duplicates, r.restarts), (3, 1, 1, 0));
    }

    #[test]
    fn a_restart_is_no_loss_either() {
        let r = run(Version::Ipfix, &[(111, 1), (112, 3), (0, 1), (1, 1)]);
        assert_eq!((r.lost, r.restarts), (0, 1));
        let mut s = Sequence::new(Version::V9);
        for (sequence, boot) in [(500, 0), (501, 900), (400, 60_000), (401, 60_100)] {
            s.step(Step { sequence, flows: Some(1), records: Some(1), boot_ms: Some(boot), seen: seen() });
        }
        assert_eq!((s.report().lost, s.report().restarts), (0, 1));
    }

    #[test]
    fn the_first_message_late_is_no_restart_where_the_boot_is_known() {
        let mut s = Sequence::new(Version::V9);
        for sequence in [2, 3, 1, 4] {
            s.step(Step { sequence, flows: Some(9), records: Some(9), boot_ms: Some(7), seen: seen() });
        }
        let r = s.report();
        assert_eq!((r.lost, r.reordered, r.restarts), (0, 1, 0));
    }

    #[test]
    fn own_records_counted_as_softflowd_does() {
        let mut s = Sequence::new(Version::Ipfix);
        for (sequence, flows, records) in [(18, 18, 19), (40, 22, 22), (65, 25, 25), (75, 10, 11), (80, 5, 5)] {
            s.step(Step { sequence, flows: Some(flows), records: Some(records), boot_ms: None, seen: seen() });
        }
        let r = s.report();
        assert_eq!((r.convention, r.deviates, r.lost), (Some(Convention::OwnFlows), true, 0));
    }

    #[test]
    fn a_set_that_can_not_be_counted_makes_no_loss() {
        let mut s = Sequence::new(Version::Ipfix);
        for (sequence, records) in [(0, Some(5)), (5, None), (25, Some(5)), (30, Some(1))] {
            s.step(Step { sequence, flows: records, records, boot_ms: None, seen: seen() });
        }
        assert_eq!(s.report().lost, 0);
    }
}
