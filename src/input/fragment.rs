//! Fragments of IP packets until they are whole (RFC 791 §3.2, RFC 8200 §4.5), bounded in memory and by capture time.
//!
//! etherparse has a pool for this, which grows without bound and trusts the caller's clock; so this is our own. Of octets that come
//! twice the first are kept, as most receivers do. Time is the capture's: a gap of a minute in the capture is one here too.

use std::collections::{HashMap, VecDeque};

use super::decap::{Context, Ends};
use super::fault::{FaultCause, FaultLog};
use super::part::Part;
use crate::datagram::Origin;
use crate::time::Timestamp;

/// An IP payload has 16 bits of length.
const MAX_PAYLOAD: usize = 65_535;
/// What an unfinished packet costs beside its octets.
const OVERHEAD: usize = 512;
/// Packets that became whole lately are remembered, so that late duplicates of their fragments do not begin new ones: so many packets,
/// for a second. An identification can't come round within either.
const REMEMBERED: usize = 64;
const REMEMBERED_NANOS: u64 = 1_000_000_000;
/// Stretches of one packet: 64 KiB in the smallest fragments that IPv6 allows would be 53; IPv4 allows 8 octets.
const MAX_RANGES: usize = 512;

/// What fragments of one packet have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) ends: Ends,
    pub(super) protocol: u8,
    pub(super) identification: u32,
}

/// One fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) offset: usize,
    pub(super) more: bool,
    pub(super) part: Part<'a>,
}

/// A packet that is whole.
#[derive(Debug)]
pub(super) struct Whole {
    /// The protocol of the first fragment.
    pub(super) next: u8,
    pub(super) octets: Vec<u8>,
    /// Octets at the end that the snapshot length cut off.
    pub(super) cut: usize,
}

#[derive(Debug)]
struct Unfinished {
    number: u64,
    began: Option<Timestamp>,
    origin: Origin,
    next: u8,
    octets: Vec<u8>,
    /// The stretches that are there, in order, not touching each other.
    ranges: Vec<(usize, usize)>,
    total: Option<usize>,
    /// Where octets begin to lack because a frame was cut.
    present: usize,
}

/// All unfinished packets of an input.
#[derive(Debug)]
pub(super) struct FragmentTable {
    packets: HashMap<Key, Unfinished>,
    /// The keys by age. A packet that became whole leaves its entry behind, which its number then gives away.
    ages: VecDeque<(Key, u64)>,
    done: VecDeque<(Key, Option<Timestamp>)>,
    memory: usize,
    next_number: u64,
    max_memory: usize,
    max_age: i64,
    spare: Vec<u8>,
}

impl FragmentTable {
    pub(super) fn new(max_memory: usize, max_age: i64) -> Self {
        Self {
            packets: HashMap::new(),
            ages: VecDeque::new(),
            done: VecDeque::new(),
            memory: 0,
            next_number: 0,
            max_memory,
            max_age,
            spare: Vec::new(),
        }
    }

    /// Takes a fragment in; gives the packet when this was the last one missing.
    pub(super) fn insert(&mut self, key: Key, next: u8, piece: Piece<'_>, cx: &Context, log: &mut FaultLog) -> Option<Whole> {
        self.expire(cx.time, log);
        let Piece { offset, more, part } = piece;
        let announced = part.len().saturating_add(part.cut);
        let end = offset.saturating_add(announced);
        if end > MAX_PAYLOAD || (more && announced % 8 != 0) {
            log.note(FaultCause::FragmentMalformed, cx.origin, || {
                let rule = if end > MAX_PAYLOAD { "a packet has at most 65535" } else { "only the last may end beside a multiple of 8" };
                format!("frame {}: a fragment of octets {offset} to {end}: {rule}", cx.origin.frame)
            });
            return None;
        }
        if self.is_late_duplicate(&key, cx.time) {
            log.note(FaultCause::FragmentDuplicate, cx.origin, || format!("frame {}: of a packet that was whole already", cx.origin.frame));
            return None;
        }
        let number = self.next_number;
        let packet = self.packets.entry(key).or_insert_with(|| Unfinished {
            number,
            began: cx.time,
            origin: cx.origin,
            next,
            octets: std::mem::take(&mut self.spare),
            ranges: Vec::new(),
            total: None,
            present: usize::MAX,
        });
        if packet.number == number {
            self.next_number += 1;
            self.memory += OVERHEAD;
            self.ages.push_back((key, number));
        }
        if offset == 0 {
            packet.next = next;
        }
        let before = packet.octets.len();
        packet.take(offset, end, more, part, cx, log);
        self.memory += packet.octets.len().saturating_sub(before);
        if packet.is_whole() {
            let packet = self.packets.remove(&key)?;
            return Some(self.complete(key, packet, cx, log));
        }
        self.evict(log);
        None
    }

    /// Takes the memory of a packet back.
    pub(super) fn recycle(&mut self, whole: Whole) {
        self.spare = whole.octets;
        self.spare.clear();
    }

    /// The file has ended: what is unfinished stays so.
    pub(super) fn finish(&mut self, log: &mut FaultLog) {
        while let Some((key, number)) = self.ages.pop_front() {
            if let Some(packet) = self.forget(&key, number) {
                packet.incomplete(FaultCause::FragmentIncomplete, &key, log);
            }
        }
    }

    fn complete(&mut self, key: Key, packet: Unfinished, cx: &Context, log: &mut FaultLog) -> Whole {
        self.memory = self.memory.saturating_sub(OVERHEAD + packet.octets.len());
        if self.done.len() == REMEMBERED {
            self.done.pop_front();
        }
        self.done.push_back((key, cx.time));
        // The entries of finished packets may outnumber the living.
        if self.ages.len() > 2 * self.packets.len() + 1024 {
            let packets = &self.packets;
            self.ages.retain(|(key, number)| packets.get(key).is_some_and(|p| p.number == *number));
        }
        let total = packet.total.unwrap_or(packet.octets.len());
        let mut octets = packet.octets;
        octets.truncate(total.min(packet.present));
        log.note(FaultCause::Reassembled, cx.origin, || {
            let (from, to) = (key.ends.from, key.ends.to);
            format!("frame {}: {total} octets from {from} to {to}, begun in frame {}", cx.origin.frame, packet.origin.frame)
        });
        let cut = total - octets.len();
        Whole { next: packet.next, octets, cut }
    }

    fn is_late_duplicate(&self, key: &Key, now: Option<Timestamp>) -> bool {
        if self.done.is_empty() || self.packets.contains_key(key) {
            return false;
        }
        self.done.iter().any(|(done, at)| {
            done == key
                && match (at, now) {
                    (Some(at), Some(now)) => now.nanos().abs_diff(at.nanos()) <= REMEMBERED_NANOS,
                    _ => true,
                }
        })
    }

    /// Gives up what began too long ago.
    fn expire(&mut self, now: Option<Timestamp>, log: &mut FaultLog) {
        let Some(now) = now else { return };
        while let Some(&(key, number)) = self.ages.front() {
            match self.packets.get(&key).filter(|p| p.number == number) {
                Some(packet) if !packet.is_older(now, self.max_age) => break,
                _ => {}
            }
            self.ages.pop_front();
            if let Some(packet) = self.forget(&key, number) {
                packet.incomplete(FaultCause::FragmentIncomplete, &key, log);
            }
        }
    }

    /// Gives up the oldest until the memory is within its bound.
    fn evict(&mut self, log: &mut FaultLog) {
        while self.memory > self.max_memory {
            let Some((key, number)) = self.ages.pop_front() else { break };
            if let Some(packet) = self.forget(&key, number) {
                packet.incomplete(FaultCause::FragmentEvicted, &key, log);
            }
        }
    }

    fn forget(&mut self, key: &Key, number: u64) -> Option<Unfinished> {
        if self.packets.get(key)?.number != number {
            return None;
        }
        let packet = self.packets.remove(key)?;
        self.memory = self.memory.saturating_sub(OVERHEAD + packet.octets.len());
        Some(packet)
    }
}

impl Unfinished {
    fn take(&mut self, offset: usize, end: usize, more: bool, part: Part<'_>, cx: &Context, log: &mut FaultLog) {
        let frame = cx.origin.frame;
        let known_end = self.ranges.last().map_or(0, |r| r.1);
        let contradiction = match self.total {
            Some(total) => end > total || (!more && end != total),
            None => !more && end < known_end,
        };
        if contradiction {
            let known = self.total.unwrap_or(known_end);
            return log.note(FaultCause::FragmentMalformed, cx.origin, || {
                format!("frame {frame}: a fragment ends at octet {end}, another said {known}")
            });
        }
        if !more {
            self.total = Some(end);
        }
        if part.cut > 0 {
            self.present = self.present.min(offset + part.len());
        }
        if self.octets.len() < end {
            self.octets.resize(end, 0);
        }
        let (covered, differs) = self.write(offset, part.octets);
        if covered == end - offset && !differs {
            log.note(FaultCause::FragmentDuplicate, cx.origin, || format!("frame {frame}: octets {offset} to {end} came again"));
        } else if covered > 0 || differs {
            log.note(FaultCause::FragmentOverlap, cx.origin, || format!("frame {frame}: {covered} octets of {offset} to {end} were there"));
        }
        self.cover(offset, end, cx, log);
    }

    /// Writes what is not there yet; gives how many octets were, and whether they said something else.
    fn write(&mut self, offset: usize, octets: &[u8]) -> (usize, bool) {
        let end = offset + octets.len();
        let (mut at, mut covered, mut differs) = (offset, 0, false);
        for &(from, to) in self.ranges.iter().chain(std::iter::once(&(usize::MAX, usize::MAX))) {
            if to <= at {
                continue;
            }
            let stop = from.min(end);
            if at < stop {
                let new = octets.get(at - offset..stop - offset).unwrap_or(&[]);
                if let Some(room) = self.octets.get_mut(at..stop) {
                    room.copy_from_slice(new);
                }
                at = stop;
            }
            if at >= end {
                break;
            }
            let stop = to.min(end);
            covered += stop - at;
            differs |= self.octets.get(at..stop) != octets.get(at - offset..stop - offset);
            at = stop;
        }
        (covered, differs)
    }

    fn cover(&mut self, offset: usize, end: usize, cx: &Context, log: &mut FaultLog) {
        let first = self.ranges.partition_point(|r| r.1 < offset);
        let last = self.ranges.partition_point(|r| r.0 <= end);
        let merged = self.ranges.get(first..last).unwrap_or(&[]).iter().fold((offset, end), |m, r| (m.0.min(r.0), m.1.max(r.1)));
        if first == last && self.ranges.len() >= MAX_RANGES {
            return log.note(FaultCause::FragmentMalformed, cx.origin, || {
                format!("frame {}: a packet in more than {MAX_RANGES} pieces", cx.origin.frame)
            });
        }
        self.ranges.splice(first..last, [merged]);
    }

    fn is_whole(&self) -> bool {
        self.total.is_some_and(|total| self.ranges == [(0, total)])
    }

    fn is_older(&self, now: Timestamp, age: i64) -> bool {
        self.began.is_some_and(|began| now.nanos().saturating_sub(began.nanos()) > age)
    }

    fn incomplete(&self, cause: FaultCause, key: &Key, log: &mut FaultLog) {
        log.note(cause, self.origin, || {
            let had: usize = self.ranges.iter().map(|r| r.1 - r.0).sum();
            let of = self.total.map_or("an unknown number".into(), |t| t.to_string());
            let (from, to, frame) = (key.ends.from, key.ends.to, self.origin.frame);
            format!("from {from} to {to}, begun in frame {frame}: {had} of {of} octets")
        });
    }
}
