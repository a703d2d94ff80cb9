//! Data Sets that wait for their template where the input can't be read twice: a pipe, a socket.
//!
//! Bounds: octets held, with what remembering a Set takes, and how long by the capture's clock. What exceeds them is dropped, the oldest
//! first, and counted: an exporter refreshes its templates every few minutes, and what came longer ago is of less use than what comes now.
//! One address and id has a bound of its own, so that whoever floods pushes out what is his before what is another's.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::message::Version;
use crate::time::Timestamp;

use super::store::DomainKey;

/// Sets of one address and id: what some minutes of a busy exporter bring.
const MOST_OF_ONE: usize = 20_000;

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

/// What one template can make readable at most, whatever the rule of scope.
type Group = (IpAddr, Version, u16);

/// Held Sets in the order of their arrival.
#[derive(Clone, Debug)]
pub struct Pending<T> {
    limits: PendingLimits,
    /// With their numbers in the order of arrival.
    groups: HashMap<Group, VecDeque<(u64, HeldSet<T>)>>,
    /// The order of arrival over all groups; a number whose Set is gone is passed over.
    order: VecDeque<(u64, Group)>,
    next: u64,
    held: usize,
    octets: usize,
}

impl<T> Pending<T> {
    /// What a Set takes beside its octets: itself, and its place in the order.
    const OVERHEAD: usize = size_of::<(u64, HeldSet<T>)>() + size_of::<(u64, Group)>();

    /// Nothing held yet.
    pub fn new(limits: PendingLimits) -> Self {
        Self { limits, groups: HashMap::new(), order: VecDeque::new(), next: 0, held: 0, octets: 0 }
    }

    /// Holds a Set; gives back those that the bounds push out.
    pub fn hold(&mut self, set: HeldSet<T>) -> Vec<HeldSet<T>> {
        let (now, group) = (set.time, (set.key.exporter.addr, set.key.version, set.id));
        let mut dropped = Vec::new();
        self.octets += set.body.len() + Self::OVERHEAD;
        self.held += 1;
        self.order.push_back((self.next, group));
        let members = self.groups.entry(group).or_default();
        members.push_back((self.next, set));
        self.next += 1;
        if members.len() > MOST_OF_ONE {
            dropped.extend(self.pop(group));
        }
        dropped.extend(self.expire(now));
        self.tidy();
        dropped
    }

    /// Gives back those that have waited too long by now, or are too many.
    pub fn expire(&mut self, now: Timestamp) -> Vec<HeldSet<T>> {
        let mut dropped = Vec::new();
        while let Some((number, group)) = self.order.front().copied() {
            let oldest = self.groups.get(&group).and_then(|members| members.front()).filter(|(first, _)| *first == number);
            if let Some((_, oldest)) = oldest {
                let age = now.nanos().saturating_sub(oldest.time.nanos());
                if self.octets <= self.limits.octets && age <= self.limits.nanos {
                    break;
                }
                dropped.extend(self.pop(group));
            }
            self.order.pop_front();
        }
        dropped
    }

    /// Takes out the Sets of an address and an id that `ready` says can be decoded now, in order.
    pub fn release(&mut self, addr: IpAddr, version: Version, id: u16, mut ready: impl FnMut(DomainKey) -> bool) -> Vec<HeldSet<T>> {
        let group = (addr, version, id);
        let Some(members) = self.groups.get_mut(&group) else { return Vec::new() };
        let (released, kept): (VecDeque<_>, VecDeque<_>) = std::mem::take(members).into_iter().partition(|(_, s)| ready(s.key));
        if kept.is_empty() {
            self.groups.remove(&group);
        } else {
            *members = kept;
        }
        self.held -= released.len();
        self.octets -= released.iter().map(|(_, s)| s.body.len() + Self::OVERHEAD).sum::<usize>();
        self.tidy();
        released.into_iter().map(|(_, s)| s).collect()
    }

    /// Takes out all that still waits, in order.
    pub fn drain(&mut self) -> Vec<HeldSet<T>> {
        (self.octets, self.held) = (0, 0);
        self.order.clear();
        let mut all: Vec<(u64, HeldSet<T>)> = self.groups.drain().flat_map(|(_, members)| members).collect();
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, s)| s).collect()
    }

    /// Sets on hold.
    pub fn len(&self) -> usize {
        self.held
    }

    /// True if nothing is on hold.
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Takes the oldest of a group.
    fn pop(&mut self, group: Group) -> Option<HeldSet<T>> {
        let members = self.groups.get_mut(&group)?;
        let (_, set) = members.pop_front()?;
        if members.is_empty() {
            self.groups.remove(&group);
        }
        self.held -= 1;
        self.octets -= set.body.len() + Self::OVERHEAD;
        Some(set)
    }

    /// Forgets the numbers of Sets that are gone, once they are the most.
    fn tidy(&mut self) {
        if self.order.len() > 2 * self.held + 1_024 {
            let groups = &self.groups;
            // Those of a group go from its front, or some of its middle when a few were ready.
            self.order.retain(|(number, group)| {
                groups.get(group).is_some_and(|members| members.binary_search_by_key(number, |(own, _)| *own).is_ok())
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::Endpoint;
    use crate::message::Version;

    fn addr() -> IpAddr {
        [192, 0, 2, 1].into()
    }

    fn set(id: u16, second: u32, octets: usize) -> HeldSet<u32> {
        let exporter = Endpoint { addr: addr(), port: 1 };
        let key = DomainKey { exporter, domain: 0, version: Version::V9 };
        HeldSet { key, id, time: Timestamp::from_seconds(second), body: vec![0; octets], what: second }
    }

    #[test]
    fn released_in_order_and_by_id() {
        let mut p = Pending::new(PendingLimits::default());
        for (id, second) in [(256, 1), (257, 2), (256, 3)] {
            assert!(p.hold(set(id, second, 10)).is_empty());
        }
        assert_eq!(p.release(addr(), Version::V9, 256, |_| true).iter().map(|s| s.what).collect::<Vec<_>>(), [1, 3]);
        assert!(p.release(addr(), Version::V9, 257, |_| false).is_empty());
        assert_eq!(p.drain().len(), 1);
    }

    #[test]
    fn octets_and_age_are_bounded() {
        let each = Pending::<u32>::OVERHEAD + 10;
        let mut p = Pending::new(PendingLimits { octets: 2 * each + 5, nanos: 5_000_000_000 });
        p.hold(set(256, 1, 10));
        p.hold(set(257, 2, 10));
        assert_eq!(p.hold(set(256, 3, 10)).iter().map(|s| s.what).collect::<Vec<_>>(), [1]);
        assert_eq!(p.hold(set(256, 8, 1)).iter().map(|s| s.what).collect::<Vec<_>>(), [2]);
        assert_eq!(p.len(), 2);
        assert_eq!(p.expire(Timestamp::from_seconds(9)).iter().map(|s| s.what).collect::<Vec<_>>(), [3]);
        assert_eq!((p.len(), p.drain().len(), p.len()), (1, 1, 0));
    }

    #[test]
    fn one_address_and_id_pushes_out_its_own() {
        let mut p = Pending::new(PendingLimits { octets: usize::MAX, nanos: i64::MAX });
        p.hold(set(300, 0, 1));
        let dropped: Vec<u32> = (0..25_000).flat_map(|second| p.hold(set(256, second, 1))).map(|s| s.what).collect();
        assert_eq!(dropped, (0..5_000).collect::<Vec<_>>());
        assert_eq!((p.len(), p.order.len() <= 2 * p.len() + 1_024), (20_001, true));
        assert_eq!(p.release(addr(), Version::V9, 300, |_| true).len(), 1);
        assert_eq!(p.release(addr(), Version::V9, 256, |key| key.domain == 0).len(), 20_000);
        assert!(p.is_empty() && p.order.len() <= 1_024 + 2);
    }
}
