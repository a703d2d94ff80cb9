//! Data Sets that wait for their template where the input can't be read twice: a pipe, a socket.
//!
//! Bounds: octets held, and how long by the capture's clock. What exceeds them is dropped, the oldest first, and counted: an
//! exporter refreshes its templates every few minutes, and what came longer ago is of less use than what comes now.

use std::collections::VecDeque;

use crate::time::Timestamp;

use super::store::DomainKey;

/// Bounds on held Sets.
#[derive(Clone, Copy, Debug)]
pub struct PendingLimits {
    /// Octets of all held Sets together.
    pub octets: usize,
    /// Nanoseconds that one is held.
    pub nanos: i64,
}

impl Default for PendingLimits {
    /// 64 MiB for 30 minutes: the longest common refresh interval (FortiGate's).
    fn default() -> Self {
        Self { octets: 64 << 20, nanos: 30 * 60 * 1_000_000_000 }
    }
}

/// A Set on hold, with whatever the caller needs to decode it later.
#[derive(Clone, Debug)]
pub struct HeldSet<T> {
    /// Who sent it.
    pub key: DomainKey,
    /// The template that it waits for.
    pub id: u16,
    /// When it came.
    pub time: Timestamp,
    /// Its records.
    pub body: Vec<u8>,
    /// The caller's.
    pub what: T,
}

/// Held Sets in the order of their arrival.
#[derive(Clone, Debug)]
pub struct Pending<T> {
    limits: PendingLimits,
    held: VecDeque<HeldSet<T>>,
    octets: usize,
}

impl<T> Pending<T> {
    /// Nothing held yet.
    pub fn new(limits: PendingLimits) -> Self {
        Self { limits, held: VecDeque::new(), octets: 0 }
    }

    /// Holds a Set; gives back those that the bounds push out.
    pub fn hold(&mut self, set: HeldSet<T>) -> Vec<HeldSet<T>> {
        let now = set.time;
        self.octets += set.body.len();
        self.held.push_back(set);
        let mut dropped = Vec::new();
        while let Some(oldest) = self.held.front() {
            let age = now.nanos().saturating_sub(oldest.time.nanos());
            if self.octets <= self.limits.octets && age <= self.limits.nanos {
                break;
            }
            if let Some(oldest) = self.held.pop_front() {
                self.octets -= oldest.body.len();
                dropped.push(oldest);
            }
        }
        dropped
    }

    /// Takes out the Sets that `ready` says can be decoded now, in order.
    pub fn release(&mut self, id: u16, mut ready: impl FnMut(DomainKey) -> bool) -> Vec<HeldSet<T>> {
        if !self.held.iter().any(|s| s.id == id) {
            return Vec::new();
        }
        let (released, kept): (VecDeque<_>, VecDeque<_>) = self.held.drain(..).partition(|s| s.id == id && ready(s.key));
        self.held = kept;
        self.octets = self.held.iter().map(|s| s.body.len()).sum();
        released.into()
    }

    /// Takes out all that still waits.
    pub fn drain(&mut self) -> Vec<HeldSet<T>> {
        self.octets = 0;
        self.held.drain(..).collect()
    }

    /// Sets on hold.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// True if nothing is on hold.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::Endpoint;
    use crate::message::Version;

    fn set(id: u16, second: u32, octets: usize) -> HeldSet<u32> {
        let exporter = Endpoint { addr: [192, 0, 2, 1].into(), port: 1 };
        let key = DomainKey { exporter, domain: 0, version: Version::V9 };
        HeldSet { key, id, time: Timestamp::from_seconds(second), body: vec![0; octets], what: second }
    }

    #[test]
    fn released_in_order_and_by_id() {
        let mut p = Pending::new(PendingLimits::default());
        for (id, second) in [(256, 1), (257, 2), (256, 3)] {
            assert!(p.hold(set(id, second, 10)).is_empty());
        }
        assert_eq!(p.release(256, |_| true).iter().map(|s| s.what).collect::<Vec<_>>(), [1, 3]);
        assert!(p.release(257, |_| false).is_empty());
        assert_eq!(p.drain().len(), 1);
    }

    #[test]
    fn octets_and_age_are_bounded() {
        let mut p = Pending::new(PendingLimits { octets: 25, nanos: 5_000_000_000 });
        p.hold(set(256, 1, 10));
        p.hold(set(256, 2, 10));
        assert_eq!(p.hold(set(256, 3, 10)).iter().map(|s| s.what).collect::<Vec<_>>(), [1]);
        assert_eq!(p.hold(set(256, 8, 1)).iter().map(|s| s.what).collect::<Vec<_>>(), [2]);
        assert_eq!(p.len(), 2);
    }
}
