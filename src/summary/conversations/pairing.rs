//! Takes the flows of a run in the order of the capture, hands on conversations as they close, and counts what is one-way.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::collector::{Flow as More, Sink};

use super::flows::PairingPart;
use super::key::Key;
use super::open::{Early, Open, Terms};
use super::settle::{Conversation, Deduplicate, Rules, Settler};
use super::strand::{Observer, Strand};
use super::tally::Tally;

/// Conversations that are handed on together.
const TOGETHER: usize = 4_096;
/// Flows that are looked up together before they are added.
const AHEAD: usize = 32;
const NANOS: i64 = 1_000_000_000;

/// How flows are paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairingOptions {
    /// What belongs together.
    pub rules: Rules,
    /// Nanoseconds after its latest arrival for which a conversation stays open: the exporters' active timeout, or more.
    pub horizon: i64,
    /// Conversations, each observer's apart, that may be open at a time.
    pub most: usize,
}

/// What was counted on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairingCounts {
    /// Flow records.
    pub flows: u64,
    /// Records that hold both directions.
    pub bidirectional: u64,
    /// Flows without an address at one end or both, which can't be paired.
    pub without_addresses: u64,
    /// Flows without times: they count as of the moment when they arrived.
    pub without_times: u64,
    /// Flows that began longer before their arrival than conversations stay open, and came when some had been closed: what belonged to
    /// them may have been among those.
    pub late: u64,
    /// Conversations told, and how many of them have both directions.
    pub conversations: u64,
    /// Those with both directions.
    pub both: u64,
    /// Flows left out as counted twice.
    pub folded: u64,
    /// What was closed before its time.
    pub early: Early,
    /// The greatest number of conversations that were open at a time, each observer's apart.
    pub open: usize,
}

/// The pairing of a run.
#[derive(Debug)]
pub struct Pairing<S> {
    options: PairingOptions,
    open: Open,
    exporters: Vec<Option<IpAddr>>,
    by_address: HashMap<Option<IpAddr>, u32>,
    /// The exporter's number, by the collector's number of address, version and domain.
    by_source: Vec<Option<u32>>,
    settled: Settled,
    sink: S,
}

/// Where closed clusters go.
#[derive(Debug)]
struct Settled {
    rules: Rules,
    settler: Settler,
    tally: Tally,
    counts: PairingCounts,
    ready: Vec<Conversation>,
}

impl Settled {
    fn close(&mut self, key: &Key, cluster: &[Strand], exporters: &[Option<IpAddr>]) {
        for seen in self.settler.look(key, cluster, &self.rules) {
            self.tally.add(seen, exporters);
        }
        let before = self.ready.len();
        self.settler.tell(key, cluster, &self.rules, exporters, &mut self.ready);
        for told in self.ready.iter().skip(before) {
            self.counts.conversations += 1;
            self.counts.both += u64::from(told.is_both());
            self.counts.folded += told.folded();
        }
    }
}

impl<S: Sink<Vec<Conversation>>> Pairing<S> {
    /// Nothing seen yet; `sink` takes the conversations.
    pub fn new(options: PairingOptions, sink: S) -> Self {
        let terms = Terms {
            window: options.rules.window,
            horizon: options.horizon.div_euclid(NANOS).saturating_add(1),
            most: options.most,
            fold: options.rules.deduplicate != Deduplicate::None,
        };
        let settled = Settled {
            rules: options.rules,
            settler: Settler::default(),
            tally: Tally::default(),
            counts: PairingCounts::default(),
            ready: Vec::with_capacity(TOGETHER),
        };
        Self { options, open: Open::new(terms), exporters: Vec::new(), by_address: HashMap::new(), by_source: Vec::new(), settled, sink }
    }

    /// Closes what is still open; then nothing more may come.
    ///
    /// # Errors
    /// The sink's.
    pub fn finish(mut self) -> Result<(Tally, PairingCounts, S), S::Error> {
        let Self { open, exporters, settled, sink, .. } = &mut self;
        let mut ended = Ok(More::Continue);
        open.close_all(&mut |key, cluster| {
            settled.close(key, cluster, exporters);
            if settled.ready.len() >= TOGETHER {
                let ready = std::mem::replace(&mut settled.ready, Vec::with_capacity(TOGETHER));
                // What a sink does not want is still counted.
                if matches!(ended, Ok(More::Continue)) {
                    ended = sink.absorb(ready);
                }
            }
        });
        if ended? == More::Continue && !settled.ready.is_empty() {
            sink.absorb(std::mem::take(&mut settled.ready))?;
        }
        let mut counts = std::mem::take(&mut self.settled.counts);
        (counts.early, counts.open) = (self.open.early(), self.open.peak());
        Ok((self.settled.tally, counts, self.sink))
    }

    fn exporter(&mut self, source: u32, address: Option<IpAddr>) -> u32 {
        let source = source as usize;
        if let Some(Some(known)) = self.by_source.get(source)
            && self.exporters.get(*known as usize) == Some(&address)
        {
            return *known;
        }
        let next = self.exporters.len() as u32;
        let known = *self.by_address.entry(address).or_insert(next);
        if known == next {
            self.exporters.push(address);
        }
        if self.by_source.len() <= source {
            self.by_source.resize(source + 1, None);
        }
        self.by_source[source] = Some(known);
        known
    }
}

impl<S: Sink<Vec<Conversation>>> Sink<PairingPart> for Pairing<S> {
    type Error = S::Error;

    fn absorb(&mut self, part: PairingPart) -> Result<More, S::Error> {
        let counts = &mut self.settled.counts;
        counts.flows += part.flows.len() as u64 + part.without_addresses;
        counts.without_addresses += part.without_addresses;
        counts.without_times += part.without_times;
        counts.bidirectional += part.reverses.len() as u64;
        let mut reverses = part.reverses.iter();
        let mut flows = part.flows.as_slice();
        for run in &part.runs {
            let exporter = self.exporter(run.source, run.exporter);
            let Self { open, exporters, settled, options, .. } = self;
            let (own, rest) = flows.split_at(run.flows.min(flows.len()));
            flows = rest;
            open.at(run.arrival, &mut |key, cluster| settled.close(key, cluster, exporters));
            for group in own.chunks(AHEAD) {
                std::hint::black_box(open.foresee(group));
                for flow in group {
                    let late = open.has_closed() && run.arrival.saturating_sub(flow.first) > options.horizon;
                    settled.counts.late += u64::from(late);
                    let reverse = if flow.biflow { reverses.next() } else { None };
                    let observer = Observer { exporter, egress: flow.egress };
                    open.add(flow, reverse, observer, &mut |key, cluster| settled.close(key, cluster, exporters));
                }
            }
        }
        if self.settled.ready.len() < TOGETHER {
            return Ok(More::Continue);
        }
        let ready = std::mem::replace(&mut self.settled.ready, Vec::with_capacity(TOGETHER));
        self.sink.absorb(ready)
    }
}
