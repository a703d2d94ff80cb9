//! Rates from one moment to the next, and the last minutes of them for a picture.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::collector::SourceKey;
use crate::summary::Live;
use crate::time::Timestamp;

/// Seconds of the past that are kept.
const PAST: usize = 240;
const NANOS_PER_SECOND: f64 = 1e9;
/// An eighth of a row more each.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A count that grows: how fast, and how fast it was.
#[derive(Clone, Debug, Default)]
pub(super) struct Track {
    total: u128,
    past: VecDeque<u64>,
}

impl Track {
    fn take(&mut self, total: u128, seconds: f64) {
        let rate = if seconds > 0.0 { (total.saturating_sub(self.total) as f64 / seconds).round() as u64 } else { 0 };
        self.total = total;
        // A longer pause is as many seconds of the same rate.
        for _ in 0..(seconds.round() as usize).clamp(1, PAST) {
            if self.past.len() == PAST {
                self.past.pop_front();
            }
            self.past.push_back(rate);
        }
    }

    /// The rate of the latest second.
    pub(super) fn now(&self) -> u64 {
        self.past.back().copied().unwrap_or(0)
    }

    /// The highest rate of so many seconds.
    pub(super) fn peak(&self, seconds: usize) -> u64 {
        self.past.iter().rev().take(seconds).copied().max().unwrap_or(0)
    }

    /// The last seconds as bars, the latest at the right; a second without anything is a blank.
    pub(super) fn bars(&self, columns: usize) -> String {
        let peak = u128::from(self.peak(columns)).max(1);
        let bar = |rate: u64| match u128::from(rate) * 8 {
            0 => ' ',
            eight => BARS.get((eight.div_ceil(peak) as usize).saturating_sub(1)).copied().unwrap_or('█'),
        };
        let shown = self.past.len().min(columns);
        let mut out = " ".repeat(columns - shown);
        out.extend(self.past.iter().skip(self.past.len() - shown).map(|rate| bar(*rate)));
        out
    }
}

/// What is followed of an exporter.
#[derive(Clone, Debug, Default)]
pub(super) struct ExporterTrack {
    pub(super) messages: Track,
    pub(super) flows: Track,
    pub(super) bytes: Track,
}

/// What is followed of a run.
#[derive(Debug, Default)]
pub(super) struct Tracks {
    taken: Option<Timestamp>,
    pub(super) all: ExporterTrack,
    exporters: HashMap<SourceKey, ExporterTrack>,
    talkers: HashMap<IpAddr, Track>,
    none: ExporterTrack,
}

impl Tracks {
    /// Takes a moment. Who is in it no more is forgotten.
    pub(super) fn take(&mut self, live: &Live) {
        let Some((began, now)) = live.span else { return };
        let seconds = now.nanos().saturating_sub(self.taken.unwrap_or(began).nanos()) as f64 / NANOS_PER_SECOND;
        let first = self.taken.replace(now).is_none();
        let t = &live.totals;
        self.all.messages.take(t.messages.into(), seconds);
        self.all.flows.take(t.sums.flows.into(), seconds);
        self.all.bytes.take(t.sums.bytes, seconds);
        let mut exporters = HashMap::with_capacity(live.exporters.len());
        for e in &live.exporters {
            let line = &e.line;
            // What somebody sent before it was followed is no rate of the last second, unless it is new altogether.
            let known = self.exporters.remove(&line.key);
            let new =
                first || known.is_some() || line.first_seen.nanos() >= now.nanos().saturating_sub((seconds * NANOS_PER_SECOND) as i64);
            let mut track = known.unwrap_or_default();
            let seconds = if new { seconds } else { 0.0 };
            track.messages.take(line.messages.into(), seconds);
            track.flows.take(line.sums.flows.into(), seconds);
            track.bytes.take(line.sums.bytes, seconds);
            exporters.insert(line.key, track);
        }
        self.exporters = exporters;
        let mut talkers = HashMap::with_capacity(live.talkers.len());
        for talker in &live.talkers {
            let known = self.talkers.remove(&talker.addr);
            let seconds = if first || known.is_some() { seconds } else { 0.0 };
            let mut track = known.unwrap_or_default();
            track.take(talker.bytes, seconds);
            talkers.insert(talker.addr, track);
        }
        self.talkers = talkers;
    }

    /// What is followed of an exporter; nothing of one that is unknown.
    pub(super) fn of(&self, key: SourceKey) -> &ExporterTrack {
        self.exporters.get(&key).unwrap_or(&self.none)
    }

    /// Octets a second of an address.
    pub(super) fn talker(&self, addr: IpAddr) -> u64 {
        self.talkers.get(&addr).map_or(0, Track::now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_by_the_highest() {
        let mut track = Track::default();
        let mut total = 0;
        for more in [0, 1, 40, 80, 80, 0] {
            total += more;
            track.take(total, 1.0);
        }
        assert_eq!((track.bars(8), track.bars(3), track.now(), track.peak(8)), ("   ▁▄██ ".to_owned(), "██ ".to_owned(), 0, 80));
    }

    #[test]
    fn a_pause_is_filled() {
        let mut track = Track::default();
        track.take(100, 1.0);
        track.take(400, 3.0);
        assert_eq!(Vec::from(track.past.clone()), [100, 100, 100, 100]);
        track.take(400, 1_000_000.0);
        assert_eq!((track.past.len(), track.peak(PAST)), (PAST, 0));
    }
}
