//! The ledger of problems: each cause once, with its count and its first example.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::datagram::Origin;
pub use crate::input::Severity;

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// A stable name in kebab case.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence.
    pub title: &'static str,
}

/// Where a problem was seen.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// File and frame.
    pub origin: Origin,
    /// Who sent the message, where that is known.
    pub exporter: Option<IpAddr>,
    /// The observation domain, where that is known.
    pub domain: Option<u32>,
    /// Octets from the beginning of the UDP payload, where that means something.
    pub offset: Option<usize>,
}

/// A cause, how often it was met, and the first time.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The kind.
    pub cause: Cause,
    /// How often.
    pub count: u64,
    /// Where first.
    pub first: Place,
    /// What exactly, the first time.
    pub detail: String,
}

/// Exporters and causes that are remembered until somebody asks what is new.
const MOST_RECENT: usize = 256;

/// All problems of a run.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    problems: Vec<Problem>,
    by_code: HashMap<&'static str, usize>,
    recent: Option<Recent>,
}

/// What is new since it was asked for, by exporter and cause.
#[derive(Clone, Debug, Default)]
struct Recent {
    problems: HashMap<(Option<IpAddr>, &'static str), Problem>,
    more: u64,
}

impl Ledger {
    /// Counts a problem; `detail` is made only for the first of its kind.
    pub fn add(&mut self, cause: Cause, place: Place, detail: impl FnOnce() -> String) {
        self.add_many(cause, 1, place, detail);
    }

    /// Counts so many at once.
    pub fn add_many(&mut self, cause: Cause, count: u64, place: Place, detail: impl FnOnce() -> String) {
        let mut detail = Some(detail);
        if let Some(recent) = &mut self.recent {
            let key = (place.exporter, cause.code);
            if let Some(problem) = recent.problems.get_mut(&key) {
                problem.count += count;
            } else if recent.problems.len() >= MOST_RECENT {
                recent.more += count;
            } else {
                let detail = detail.take().map(|detail| detail()).unwrap_or_default();
                self.by_code.entry(cause.code).or_insert_with(|| {
                    self.problems.push(Problem { cause, count: 0, first: place, detail: detail.clone() });
                    self.problems.len() - 1
                });
                recent.problems.insert(key, Problem { cause, count, first: place, detail });
            }
        }
        let index = *self.by_code.entry(cause.code).or_insert_with(|| {
            let detail = detail.take().map(|detail| detail()).unwrap_or_default();
            self.problems.push(Problem { cause, count: 0, first: place, detail });
            self.problems.len() - 1
        });
        self.problems[index].count += count;
    }

    /// Remembers from now on what is new, by exporter and cause, for [`Ledger::take_recent`].
    pub(super) fn watch(&mut self) {
        self.recent.get_or_insert_default();
    }

    /// What is new since the last time, and how many problems there were beyond those that could be remembered.
    pub(super) fn take_recent(&mut self) -> (Vec<Problem>, u64) {
        let Recent { problems, more } = self.recent.as_mut().map(std::mem::take).unwrap_or_default();
        let mut list: Vec<Problem> = problems.into_values().collect();
        list.sort_by_key(|p| (std::cmp::Reverse(p.cause.severity), std::cmp::Reverse(p.count), p.cause.code, p.first.exporter));
        (list, more)
    }

    /// The problems, worst first, then by count.
    pub fn sorted(&self) -> Vec<&Problem> {
        let mut list: Vec<&Problem> = self.problems.iter().collect();
        list.sort_by_key(|p| (std::cmp::Reverse(p.cause.severity), std::cmp::Reverse(p.count), p.cause.code));
        list
    }

    /// True if something worse than a note was met.
    pub fn has_damage(&self) -> bool {
        self.problems.iter().any(|p| p.cause.severity > Severity::Note)
    }

    /// How often a cause was met.
    pub fn count(&self, code: &str) -> u64 {
        self.by_code.get(code).map_or(0, |index| self.problems[*index].count)
    }
}
