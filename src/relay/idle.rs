//! Exporters that have gone silent: no datagram for several times the longest silence that is usual for them.
//!
//! Usual is the longest of the last eight silences of a second or more, and at least ten seconds: an exporter that sends without pause is
//! missed soon, and one that sends once a minute only after some minutes.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::datagram::DatagramBatch;
use crate::recency::Recency;
use crate::time::Timestamp;

const SECOND: i64 = 1_000_000_000;
/// Silences shorter than this don't count as one.
const SHORTEST: i64 = SECOND;
/// Silences that are remembered.
const REMEMBERED: usize = 8;
/// What is usual at least.
const LEAST_USUAL: i64 = 10 * SECOND;
/// Exporters that are watched; a flood of forged ones must not fill the memory. Of more, those that were heard once go first, and of those the
/// longest unheard.
const MOST_EXPORTERS: usize = 10_000;

/// Watches when exporters send.
#[derive(Debug)]
pub struct Idle {
    times: i64,
    slots: HashMap<IpAddr, usize>,
    exporters: Vec<(IpAddr, Habit)>,
    recency: Recency,
}

#[derive(Debug)]
struct Habit {
    last: Timestamp,
    silences: VecDeque<i64>,
    /// Datagrams so far.
    datagrams: u64,
    told: bool,
}

/// An exporter that is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Who.
    pub exporter: IpAddr,
    /// Its last datagram.
    pub last: Timestamp,
    /// The longest silence that is usual, in nanoseconds.
    pub usual: i64,
}

impl Habit {
    fn usual(&self) -> i64 {
        self.silences.iter().copied().fold(LEAST_USUAL, i64::max)
    }
}

impl Idle {
    /// An exporter is silent after so many times what is usual.
    pub fn new(times: u32) -> Self {
        Self { times: times.max(1).into(), slots: HashMap::new(), exporters: Vec::new(), recency: Recency::new(MOST_EXPORTERS) }
    }

    /// Notes who sent; gives those that had been silent and are back.
    pub fn note(&mut self, batch: &DatagramBatch) -> Vec<IpAddr> {
        let mut back = Vec::new();
        for datagram in &batch.datagrams {
            let (Some(time), exporter) = (datagram.time, datagram.exporter.addr) else { continue };
            let slot = self.slots.get(&exporter).copied();
            if let Some((slot, (_, habit))) = slot.and_then(|slot| Some((slot, self.exporters.get_mut(slot)?))) {
                let silence = time.nanos().saturating_sub(habit.last.nanos());
                if silence >= SHORTEST {
                    if habit.silences.len() == REMEMBERED {
                        habit.silences.pop_front();
                    }
                    habit.silences.push_back(silence);
                }
                habit.last = habit.last.max(time);
                habit.datagrams += 1;
                self.recency.hear(slot, true);
                if std::mem::take(&mut habit.told) {
                    back.push(exporter);
                }
            } else {
                self.watch(exporter, Habit { last: time, silences: VecDeque::new(), datagrams: 1, told: false });
            }
        }
        back
    }

    fn watch(&mut self, exporter: IpAddr, habit: Habit) {
        let full = self.exporters.len() >= MOST_EXPORTERS;
        let slot = if full { self.recency.most_silent(None) } else { None }.unwrap_or(self.exporters.len());
        match self.exporters.get_mut(slot) {
            Some(place) => {
                let (gone, _) = std::mem::replace(place, (exporter, habit));
                self.slots.remove(&gone);
                self.recency.forget(slot);
            }
            None => self.exporters.push((exporter, habit)),
        }
        self.slots.insert(exporter, slot);
        self.recency.hear(slot, false);
    }

    /// Those that are silent now and were not told before. One datagram makes no habit.
    pub fn new_silences(&mut self, now: Timestamp) -> Vec<Silence> {
        let times = self.times;
        let mut found = Vec::new();
        for (exporter, habit) in &mut self.exporters {
            if !habit.told && habit.datagrams > 1 && is_silent(habit, now, times) {
                habit.told = true;
                found.push(Silence { exporter: *exporter, last: habit.last, usual: habit.usual() });
            }
        }
        found.sort_by_key(|s| s.exporter);
        found
    }

    /// The silence of an exporter, if it is silent.
    pub fn silence(&self, exporter: IpAddr) -> Option<Silence> {
        let (_, habit) = self.exporters.get(*self.slots.get(&exporter)?).filter(|(_, h)| h.told)?;
        Some(Silence { exporter, last: habit.last, usual: habit.usual() })
    }
}

fn is_silent(habit: &Habit, now: Timestamp, times: i64) -> bool {
    now.nanos().saturating_sub(habit.last.nanos()) > habit.usual().saturating_mul(times)
}

#[cfg(test)]
mod tests {
    use super::super::queue::tests::batch;
    use super::*;

    fn sent(idle: &mut Idle, second: u32) -> Vec<IpAddr> {
        let mut batch = DatagramBatch::clone(&batch("192.0.2.1", &[b"x"]));
        batch.datagrams.iter_mut().for_each(|d| d.time = Some(Timestamp::from_seconds(second)));
        idle.note(&batch)
    }

    #[test]
    fn silent_after_three_times_what_is_usual() {
        let mut idle = Idle::new(3);
        for second in [0, 60, 120, 180] {
            assert!(sent(&mut idle, second).is_empty());
        }
        assert!(idle.new_silences(Timestamp::from_seconds(360)).is_empty());
        let silences = idle.new_silences(Timestamp::from_seconds(361));
        assert_eq!(silences.iter().map(|s| (s.last, s.usual)).collect::<Vec<_>>(), [(Timestamp::from_seconds(180), 60 * SECOND)]);
        assert!(idle.new_silences(Timestamp::from_seconds(400)).is_empty());
        assert!(idle.silence("192.0.2.1".parse().unwrap()).is_some());
        assert_eq!(sent(&mut idle, 500), ["192.0.2.1".parse::<IpAddr>().unwrap()]);
        assert!(idle.silence("192.0.2.1".parse().unwrap()).is_none());
    }

    #[test]
    fn one_that_never_pauses_is_missed_after_half_a_minute() {
        let mut idle = Idle::new(3);
        sent(&mut idle, 0);
        sent(&mut idle, 0);
        assert!(idle.new_silences(Timestamp::from_seconds(30)).is_empty());
        assert_eq!(idle.new_silences(Timestamp::from_seconds(31)).len(), 1);
    }

    #[test]
    fn forged_ones_make_room_for_those_that_come_after_them() {
        let mut idle = Idle::new(3);
        let mut flood = DatagramBatch::clone(&batch("192.0.2.1", &[b"x"]));
        let one = flood.datagrams[0];
        let from = |n: u32, second| {
            let mut datagram = one;
            datagram.exporter.addr = std::net::Ipv4Addr::from(0x0a00_0000 + n).into();
            datagram.time = Some(Timestamp::from_seconds(second));
            datagram
        };
        flood.datagrams = (0..30_000).map(|n| from(n, 0)).collect();
        idle.note(&flood);
        sent(&mut idle, 0);
        sent(&mut idle, 1);
        flood.datagrams = (30_000..60_000).map(|n| from(n, 1)).collect();
        idle.note(&flood);
        assert_eq!((idle.exporters.len(), idle.slots.len()), (MOST_EXPORTERS, MOST_EXPORTERS));
        let silences = idle.new_silences(Timestamp::from_seconds(100));
        assert_eq!(silences.iter().map(|s| s.exporter).collect::<Vec<_>>(), ["192.0.2.1".parse::<IpAddr>().unwrap()]);
    }
}
