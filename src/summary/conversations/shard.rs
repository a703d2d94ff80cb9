//! The pairing of the flows whose keys are dealt to one thread, in the order of the capture.

use std::collections::HashMap;
use std::net::IpAddr;

use super::flows::ShardPart;
use super::key::Key;
use super::open::{Early, Open, Terms};
use super::pairing::PairingOptions;
use super::settle::{Conversation, Deduplicate, Rules, Settler};
use super::strand::Strand;
use super::tally::Tally;

/// Conversations that are handed on together.
pub(super) const TOGETHER: usize = 4_096;
/// Flows that are looked up together before they are added.
const AHEAD: usize = 32;
const NANOS: i64 = 1_000_000_000;

/// What a shard counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ShardCounts {
    pub(super) late: u64,
    pub(super) conversations: u64,
    pub(super) both: u64,
    pub(super) folded: u64,
    pub(super) early: Early,
    pub(super) open: usize,
}

/// One shard.
#[derive(Debug)]
pub(super) struct Shard {
    horizon: i64,
    open: Open,
    exporters: Vec<Option<IpAddr>>,
    by_address: HashMap<Option<IpAddr>, u32>,
    /// The exporter's number, by the collector's number of address, version and domain.
    by_source: Vec<Option<u32>>,
    settled: Settled,
}

/// Where closed clusters go.
#[derive(Debug)]
struct Settled {
    rules: Rules,
    /// Whether somebody wants the conversations, or only the counts.
    told: bool,
    settler: Settler,
    tally: Tally,
    counts: ShardCounts,
    ready: Vec<Conversation>,
}

impl Settled {
    fn close(&mut self, key: &Key, cluster: &[Strand], exporters: &[Option<IpAddr>]) {
        for seen in self.settler.look(key, cluster, &self.rules) {
            self.tally.add(seen, exporters);
        }
        let before = if self.told { self.ready.len() } else { 0 };
        self.ready.truncate(before);
        self.settler.tell(key, cluster, &self.rules, exporters, &mut self.ready);
        for told in self.ready.iter().skip(before) {
            self.counts.conversations += 1;
            self.counts.both += u64::from(told.is_both());
            self.counts.folded += told.folded();
        }
    }

    fn take(&mut self) -> Vec<Conversation> {
        if self.told { std::mem::take(&mut self.ready) } else { Vec::new() }
    }
}

impl Shard {
    /// Nothing seen yet. At most `most` strands are open at a time; with `told` conversations are handed on, else they are only counted.
    pub(super) fn new(options: &PairingOptions, most: usize, told: bool) -> Self {
        let terms = Terms {
            window: options.rules.window,
            horizon: options.horizon.div_euclid(NANOS).saturating_add(1),
            most,
            fold: options.rules.deduplicate != Deduplicate::None,
        };
        let settled = Settled {
            rules: options.rules,
            told,
            settler: Settler::default(),
            tally: Tally::default(),
            counts: ShardCounts::default(),
            ready: Vec::new(),
        };
        Self {
            horizon: options.horizon,
            open: Open::new(terms),
            exporters: Vec::new(),
            by_address: HashMap::new(),
            by_source: Vec::new(),
            settled,
        }
    }

    /// Takes the next flows; gives the conversations that were closed.
    pub(super) fn take(&mut self, part: &ShardPart) -> Vec<Conversation> {
        let mut reverses = part.reverses.iter();
        let mut flows = part.flows.as_slice();
        for run in &part.runs {
            let exporter = self.exporter(run.source, run.exporter);
            let Self { open, exporters, settled, horizon, .. } = self;
            let (own, rest) = flows.split_at(run.flows.min(flows.len()));
            flows = rest;
            open.at(run.arrival, &mut |key, cluster| settled.close(key, cluster, exporters));
            for group in own.chunks(AHEAD) {
                std::hint::black_box(open.foresee(group));
                for flow in group {
                    let late = open.has_closed() && run.arrival.saturating_sub(flow.first) > *horizon;
                    settled.counts.late += u64::from(late);
                    let reverse = if flow.biflow { reverses.next() } else { None };
                    open.add(flow, reverse, exporter, &mut |key, cluster| settled.close(key, cluster, exporters));
                }
            }
        }
        self.settled.take()
    }

    /// Closes what is still open, by first times, and gives it in lots until `give` says false.
    pub(super) fn finish(mut self, give: &mut dyn FnMut(Vec<Conversation>) -> bool) -> (Tally, ShardCounts) {
        let Self { open, exporters, settled, .. } = &mut self;
        let mut wanted = true;
        open.close_all(settled.told, &mut |key, cluster| {
            settled.close(key, cluster, exporters);
            if settled.told && settled.ready.len() >= TOGETHER {
                let ready = settled.take();
                // What nobody wants is still counted.
                wanted = wanted && give(ready);
            }
        });
        if wanted {
            give(settled.take());
        }
        let counts = ShardCounts { early: self.open.early(), open: self.open.peak(), ..self.settled.counts };
        (self.settled.tally, counts)
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
