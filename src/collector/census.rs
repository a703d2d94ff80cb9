//! The census: who exports, in which versions and domains, how much of what.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::column::{Rate, Sampled};
use crate::message::Version;
use crate::template::{DefinitionId, DomainKey, ScopeRule, Seen};
use crate::time::Timestamp;

use super::activity::Activity;
use super::conduct::Conduct;

/// An exporter as tables name it: its address, a version, a domain. Ports are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceKey {
    /// The address that sends.
    pub exporter: IpAddr,
    /// The version of its messages.
    pub version: Version,
    /// Observation domain; v5 engine; `None` in v1 and v7.
    pub domain: Option<u32>,
}

/// What one exporter sent.
#[derive(Clone, Debug)]
pub struct Source {
    /// Who.
    pub key: SourceKey,
    /// The number of the input that brought its latest message.
    pub file: u32,
    /// Messages.
    pub messages: u64,
    /// Template Records, refreshes counted.
    pub template_records: u64,
    /// Options Template Records, refreshes counted.
    pub options_template_records: u64,
    /// Flows decoded, or handed on to be.
    pub flows: u64,
    /// Options records.
    pub options_records: u64,
    /// Data Sets that could not be decoded for want of a template.
    pub sets_without_template: u64,
    /// How many of them another rule of scope would let be decoded.
    pub other_scopes: BTreeMap<ScopeRule, OtherScope>,
    /// Data Sets decoded with a template that an earlier run kept and this one had not met by then.
    pub sets_by_kept_template: u64,
    /// Problems worse than a note.
    pub problems: u64,
    /// Earliest message: capture time, else export time.
    pub first_seen: Timestamp,
    /// Latest message.
    pub last_seen: Timestamp,
    /// Sending ports, a hundred at most.
    pub ports: Vec<u16>,
    /// What it says about sampling.
    pub sampling: SourceSampling,
    /// How it behaves.
    pub conduct: Conduct,
    /// Data Sets that never got a template, by Set id: the first thousand ids.
    pub uncovered: BTreeMap<u16, Uncovered>,
}

impl Source {
    /// An exporter that has sent nothing yet.
    pub(super) fn new(key: SourceKey, seen: Timestamp) -> Self {
        Self {
            key,
            file: 0,
            messages: 0,
            template_records: 0,
            options_template_records: 0,
            flows: 0,
            options_records: 0,
            sets_without_template: 0,
            other_scopes: BTreeMap::new(),
            sets_by_kept_template: 0,
            problems: 0,
            first_seen: seen,
            last_seen: seen,
            ports: Vec::new(),
            sampling: SourceSampling::default(),
            conduct: Conduct::default(),
            uncovered: BTreeMap::new(),
        }
    }

    /// Takes the counts over of one that is forgotten. What it was like goes with it.
    pub(super) fn take_over(&mut self, gone: &Self) {
        if self.messages == 0 {
            (self.first_seen, self.last_seen) = (gone.first_seen, gone.last_seen);
        }
        self.messages += gone.messages;
        self.template_records += gone.template_records;
        self.options_template_records += gone.options_template_records;
        self.flows += gone.flows;
        self.options_records += gone.options_records;
        self.sets_without_template += gone.sets_without_template;
        self.sets_by_kept_template += gone.sets_by_kept_template;
        self.problems += gone.problems;
        self.first_seen = self.first_seen.min(gone.first_seen);
        self.last_seen = self.last_seen.max(gone.last_seen);
    }
}

/// Data Sets without a template for which a wider rule of scope has one, and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherScope {
    /// How many.
    pub sets: u64,
    /// Ports that these Sets come from, a hundred at most.
    pub ports: BTreeSet<u16>,
    /// Ports that their templates come from, a hundred at most.
    pub template_ports: BTreeSet<u16>,
    /// Domains that their templates come in, a hundred at most.
    pub template_domains: BTreeSet<u32>,
}

impl OtherScope {
    /// Counts a Set of one session and domain, whose template another one sent.
    pub(super) fn add(&mut self, data: DomainKey, template: DomainKey) {
        self.sets += 1;
        note(&mut self.ports, data.exporter.port);
        note(&mut self.template_ports, template.exporter.port);
        note(&mut self.template_domains, template.domain);
    }
}

fn note<T: Ord>(seen: &mut BTreeSet<T>, value: T) {
    const MOST_SEEN: usize = 100;
    if seen.len() < MOST_SEEN {
        seen.insert(value);
    }
}

/// Data Sets of one id that never got a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// How many.
    pub sets: u64,
    /// Their octets without headers.
    pub octets: u64,
    /// The first.
    pub first: Seen,
    /// The last.
    pub last: Seen,
}

impl Source {
    /// Counts a Set without a template; true if its id is remembered as a new one, for which there has to be `room`.
    pub(super) fn uncovered(&mut self, id: u16, octets: usize, seen: Seen, room: bool) -> bool {
        const MOST_IDS: usize = 1_000;
        let known = self.uncovered.contains_key(&id);
        if known || (room && self.uncovered.len() < MOST_IDS) {
            let set = self.uncovered.entry(id).or_insert(Uncovered { sets: 0, octets: 0, first: seen, last: seen });
            set.sets += 1;
            set.octets += octets as u64;
            set.last = seen;
            return !known;
        }
        false
    }
}

/// What one exporter says about sampling, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceSampling {
    /// The smallest and the largest interval in message headers; v5 alone has it.
    pub header: Option<(u16, u16)>,
    /// True if templates of its flows have fields that tell the rate.
    pub in_records: bool,
    /// The rates in options data, the first thousand.
    pub told: BTreeMap<Sampled, Rate>,
    /// True if flows that name no sampler were given the rate of the only one announced.
    pub only_rate: bool,
    /// Samplers or selectors that flows name and whose rate was announced, a hundred at most.
    pub samplers: BTreeSet<u64>,
    /// Those whose rate was announced nowhere, a hundred at most.
    pub without_rate: BTreeSet<u64>,
}

impl SourceSampling {
    /// True if nothing was said.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn tell(&mut self, what: Sampled, rate: Rate) {
        const MOST_RATES: usize = 1_000;
        if self.told.len() < MOST_RATES || self.told.contains_key(&what) {
            self.told.insert(what, rate);
        }
    }

    pub(super) fn header(&mut self, interval: u16) {
        let (least, most) = self.header.unwrap_or((interval, interval));
        self.header = Some((least.min(interval), most.max(interval)));
    }

    pub(super) fn names(&mut self, sampler: u64, announced: bool) {
        const MOST_SAMPLERS: usize = 100;
        let (into, other) =
            if announced { (&mut self.samplers, &mut self.without_rate) } else { (&mut self.without_rate, &mut self.samplers) };
        if announced {
            other.remove(&sampler);
        }
        if into.len() < MOST_SAMPLERS {
            into.insert(sampler);
        }
    }
}

/// Where a record layout comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LayoutKind {
    /// The records of v1, v5 or v7.
    Fixed(Version),
    /// A template.
    Template(DefinitionId),
}

/// A record layout as one exporter uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The exporter's number in the census.
    pub source: u32,
    /// The layout.
    pub kind: LayoutKind,
}

/// All counts of a run.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// Datagrams that the inputs brought.
    pub datagrams: u64,
    /// Those that are NDE.
    pub nde_datagrams: u64,
    /// Datagrams that begin as NDE does and went to ports that were not asked for, by port; the first hundred ports.
    pub other_ports: BTreeMap<u16, u64>,
    /// NDE datagrams by input file.
    pub nde_by_file: BTreeMap<u32, u64>,
    /// Messages by input file and version.
    pub messages_by_file: BTreeMap<(u32, Version), u64>,
    /// Messages by version.
    pub messages: BTreeMap<Version, u64>,
    /// Data Sets of v9 and IPFIX.
    pub data_sets: u64,
    /// Data Sets decoded, flows and options.
    pub data_sets_decoded: u64,
    /// Data Sets without a template.
    pub data_sets_without_template: u64,
    /// The exporters in the order of their appearance; a batch's contexts have their index.
    pub sources: Vec<Source>,
    /// The layouts in the order of their appearance; a batch's contexts have their index.
    pub layouts: Vec<Layout>,
    /// When their data came, by the same index; `None` for layouts without data.
    pub activity: Vec<Option<Activity>>,
}

impl Census {
    /// A datagram went to a port that was not asked for.
    pub(super) fn left_aside(&mut self, port: u16) {
        const MOST_PORTS: usize = 100;
        if self.other_ports.len() < MOST_PORTS || self.other_ports.contains_key(&port) {
            *self.other_ports.entry(port).or_default() += 1;
        }
    }

    /// Records of a layout came.
    pub(super) fn active(&mut self, layout: u32, records: u64, seen: Seen) {
        let layout = layout as usize;
        if self.activity.len() <= layout {
            self.activity.resize(layout + 1, None);
        }
        self.activity[layout].get_or_insert_with(|| Activity::new(seen)).add(records, seen);
    }

    /// Flows of all exporters.
    pub fn flows(&self) -> u64 {
        self.sources.iter().map(|s| s.flows).sum()
    }

    /// Options records of all exporters.
    pub fn options_records(&self) -> u64 {
        self.sources.iter().map(|s| s.options_records).sum()
    }
}
