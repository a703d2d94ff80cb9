//! What happened to templates, in order, and how far apart their arrivals lie.

use super::history::{DefinitionId, Seen};
use super::store::DomainKey;

/// Refreshes of one definition that are remembered one by one; the intervals count all.
const MOST_REFRESHES: u64 = 100;
/// Events in all.
const MOST_EVENTS: usize = 100_000;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An id came that the domain had not used, or not since a withdrawal.
    Learned,
    /// The same content came again.
    Refreshed,
    /// Other content came; before it this was valid.
    Redefined(DefinitionId),
    /// It was withdrawn.
    Withdrawn,
    /// A withdrawal came over UDP and was ignored (RFC 7011 §8.4).
    WithdrawalIgnored,
}

/// One thing that happened to a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The session and domain.
    pub key: DomainKey,
    /// The template; for a redefinition the new content.
    pub definition: DefinitionId,
    /// What.
    pub kind: EventKind,
    /// When and where.
    pub seen: Seen,
}

/// The events of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    pub(super) list: Vec<Event>,
    pub(super) left_out: u64,
}

impl Events {
    pub(super) fn add(&mut self, event: Event, times_sent: u64) {
        let one_of_many = event.kind == EventKind::Refreshed && times_sent > MOST_REFRESHES;
        if one_of_many || self.list.len() >= MOST_EVENTS {
            self.left_out += 1;
        } else {
            self.list.push(event);
        }
    }
}

/// How far apart the arrivals of a definition lie, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intervals {
    /// How many intervals.
    pub count: u64,
    /// The shortest.
    pub least: i64,
    /// The longest.
    pub most: i64,
    /// All of them together.
    pub sum: i64,
}

impl Intervals {
    pub(super) fn add(&mut self, nanos: i64) {
        let nanos = nanos.max(0);
        (self.least, self.most) = if self.count == 0 { (nanos, nanos) } else { (self.least.min(nanos), self.most.max(nanos)) };
        self.count += 1;
        self.sum = self.sum.saturating_add(nanos);
    }

    /// The mean; `None` without an interval.
    pub fn mean(&self) -> Option<i64> {
        i64::try_from(self.count).ok().filter(|count| *count > 0).map(|count| self.sum / count)
    }
}
