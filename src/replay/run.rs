//! A replay: datagrams at their pace, through an outlet, until all are sent or somebody says stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::pace::{Pace, Schedule};
use super::retime::Retime;
use crate::datagram::Endpoint;
use crate::message::messages;
use crate::relay::{Batch, Counts, Outgoing, Outlet};
use crate::time::Timestamp;

/// A sleep is not longer than this, so that a stop is noticed.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// What is wanted of a replay.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// How fast.
    pub pace: Pace,
    /// Move times to now.
    pub retime: Option<Retime>,
    /// Datagrams to send at most.
    pub limit: Option<u64>,
}

/// A replay under way.
#[derive(Debug)]
pub struct Replay<'s> {
    outlet: Outlet,
    schedule: Schedule,
    fastest: bool,
    retime: Option<Retime>,
    left: u64,
    stop: &'s AtomicBool,
    /// When the first datagram was sent.
    begun: Option<(Instant, i64)>,
    ended: Option<Instant>,
    scratch: Vec<Vec<u8>>,
}

/// One datagram of the input.
#[derive(Clone, Copy, Debug)]
pub struct Captured<'a> {
    /// Who sent it.
    pub exporter: Endpoint,
    /// When, if somebody saw it.
    pub time: Option<Timestamp>,
    /// Its octets.
    pub payload: &'a [u8],
}

impl<'s> Replay<'s> {
    /// Nothing sent yet. Once `stop` is true, nothing more is sent.
    pub fn new(outlet: Outlet, options: ReplayOptions, stop: &'s AtomicBool) -> Self {
        let ReplayOptions { pace, retime, limit } = options;
        Self {
            outlet,
            schedule: Schedule::new(pace),
            fastest: pace == Pace::Fastest,
            retime,
            left: limit.unwrap_or(u64::MAX),
            stop,
            begun: None,
            ended: None,
            scratch: Vec::new(),
        }
    }

    /// Sends datagrams in their order, each when it is due. `false` once nothing more is to be sent.
    pub fn send(&mut self, datagrams: &[Captured<'_>]) -> bool {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(datagrams.len());
        let mut rest = datagrams.get(..most).unwrap_or(datagrams);
        let dues: Vec<Duration> = rest.iter().map(|d| self.schedule.next(time_of(d))).collect();
        let mut dues = dues.as_slice();
        while let Some(due) = dues.first() {
            let Some(now) = self.wait(*due) else { return false };
            let ready = if self.fastest { dues.len() } else { dues.iter().take_while(|due| **due <= now).count().max(1) };
            let ready = ready.min(Batch::MOST);
            let (batch, later) = rest.split_at(ready);
            let (batch_dues, later_dues) = dues.split_at(ready);
            self.send_now(batch, batch_dues, now);
            (rest, dues) = (later, later_dues);
        }
        self.left -= most as u64;
        self.left > 0 && !self.stop.load(Ordering::Relaxed)
    }

    /// Sends datagrams before the first one of the input, without a pace.
    pub fn send_at_once(&mut self, datagrams: &[Captured<'_>]) {
        for batch in datagrams.chunks(Batch::MOST) {
            let Some(now) = self.wait(Duration::ZERO) else { return };
            self.send_now(batch, &vec![now; batch.len()], now);
        }
    }

    /// Nothing more comes.
    pub fn finish(&mut self) {
        self.outlet.finish();
    }

    /// The input begins anew.
    pub fn again(&mut self) {
        self.schedule.again();
    }

    /// What became of the datagrams.
    pub fn counts(&self) -> &Counts {
        self.outlet.counts()
    }

    /// Data Sets whose times stayed, for want of their template.
    pub fn not_retimed(&self) -> u64 {
        self.retime.as_ref().map_or(0, Retime::unknown)
    }

    /// From the first datagram to the last.
    pub fn lasted(&self) -> Duration {
        match (self.begun, self.ended) {
            (Some((begun, _)), Some(ended)) => ended.saturating_duration_since(begun),
            _ => Duration::ZERO,
        }
    }

    /// Waits until a time after the beginning, and says how long after the beginning it is then; `None` if it was stopped.
    fn wait(&mut self, due: Duration) -> Option<Duration> {
        let (begun, _) = *self.begun.get_or_insert_with(|| (Instant::now(), now()));
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            let passed = begun.elapsed();
            match due.checked_sub(passed).filter(|left| !left.is_zero()) {
                Some(left) => thread::sleep(left.min(LONGEST_SLEEP)),
                None => return Some(passed),
            }
        }
    }

    fn send_now(&mut self, datagrams: &[Captured<'_>], dues: &[Duration], now: Duration) {
        let begun = self.begun.map_or(0, |(_, begun)| begun);
        match &mut self.retime {
            None => {
                let list: Vec<Outgoing<'_>> = datagrams.iter().map(|d| Outgoing { exporter: d.exporter, payload: d.payload }).collect();
                self.outlet.send(&list);
            }
            Some(retime) => {
                self.scratch.resize_with(datagrams.len().max(self.scratch.len()), Vec::new);
                for ((datagram, due), octets) in datagrams.iter().zip(dues).zip(&mut self.scratch) {
                    octets.clear();
                    octets.extend_from_slice(datagram.payload);
                    // By the plan, which is even, but for a replay that has none.
                    let after = if self.fastest { now } else { *due };
                    let sending = begun.saturating_add(i64::try_from(after.as_nanos()).unwrap_or(i64::MAX));
                    let captured = time_of(datagram).map_or(sending, Timestamp::nanos);
                    let seconds = sending.saturating_sub(captured).div_euclid(1_000_000_000);
                    retime.shift(datagram.exporter.addr, octets, seconds);
                }
                let list: Vec<Outgoing<'_>> =
                    datagrams.iter().zip(&self.scratch).map(|(d, octets)| Outgoing { exporter: d.exporter, payload: octets }).collect();
                self.outlet.send(&list);
            }
        }
        self.ended = Some(Instant::now());
    }
}

/// When a datagram was seen; of one that nobody saw, when its first message was made.
fn time_of(datagram: &Captured<'_>) -> Option<Timestamp> {
    datagram.time.or_else(|| messages(datagram.payload, 0).next()?.ok().map(|m| m.header.export_time))
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX))
}
