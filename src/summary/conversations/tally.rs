//! How much is one-way, by exporter and interface, and so whether a collector has to pair across exporters and interfaces.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::settle::{Place, Seen};

/// Interfaces that are told apart for an exporter; what comes from others is added up under none.
const MOST_INTERFACES: usize = 4_096;
/// Of the flows, in a thousand: from here on a collector that does not pair across exporters and interfaces shows a wrong picture.
const NEEDED: u64 = 10;
/// Of the flows that could have an answer, in a thousand: from here on something is missing at the exporters.
const MISSING: u64 = 900;

/// What was counted of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Conversations, each exporter's apart.
    pub conversations: u64,
    /// Flows; a bidirectional record counts as two.
    pub flows: u64,
    /// Octets.
    pub bytes: u128,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.conversations += other.conversations;
        self.flows += other.flows;
        self.bytes += other.bytes;
    }
}

/// Counts by where the two directions are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Both at one exporter and its interfaces.
    pub together: Count,
    /// Both at one exporter, at other interfaces.
    pub other_interfaces: Count,
    /// At different exporters.
    pub other_exporters: Count,
    /// One direction alone.
    pub nowhere: Count,
    /// One direction alone, of what nobody answers: multicast, broadcast, ICMP errors.
    pub not_expected: Count,
}

impl Places {
    fn at(&mut self, place: Place) -> &mut Count {
        match place {
            Place::Together => &mut self.together,
            Place::OtherInterfaces => &mut self.other_interfaces,
            Place::OtherExporter => &mut self.other_exporters,
            Place::Nowhere => &mut self.nowhere,
            Place::NotExpected => &mut self.not_expected,
        }
    }

    /// What an exporter on its own shows as one-way, whatever other exporters saw.
    pub fn one_way(&self) -> Count {
        sum([self.nowhere, self.not_expected, self.other_exporters, self.other_interfaces])
    }

    /// What pairs only across exporters or interfaces.
    pub fn across(&self) -> Count {
        sum([self.other_exporters, self.other_interfaces])
    }

    /// Everything.
    pub fn all(&self) -> Count {
        sum([self.together, self.one_way()])
    }

    fn add(&mut self, other: &Self) {
        self.together.add(other.together);
        self.other_interfaces.add(other.other_interfaces);
        self.other_exporters.add(other.other_exporters);
        self.nowhere.add(other.nowhere);
        self.not_expected.add(other.not_expected);
    }
}

fn sum<const N: usize>(counts: [Count; N]) -> Count {
    counts.into_iter().fold(Count::default(), |mut sum, count| {
        sum.add(count);
        sum
    })
}

/// What one exporter sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExporterShare {
    /// Its address; `None` where a flow log does not know it.
    pub exporter: Option<IpAddr>,
    /// All of it.
    pub places: Places,
    /// By the interface where a direction came in, else where it went out; 0 where no flow tells it. `conversations` are directions here.
    pub interfaces: BTreeMap<u32, Places>,
}

/// What to do with STRM's "Enable Asymmetric Flows".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// There were no flows to pair.
    Nothing,
    /// Turn it on: much pairs only across exporters or interfaces.
    On,
    /// Leave it off: little or nothing does.
    Off,
    /// It would not help: nearly all is one-way everywhere. The exporters send one direction alone.
    OneDirection,
}

/// Counts by exporter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By their addresses.
    pub exporters: Vec<ExporterShare>,
}

impl Tally {
    /// Counts what an exporter saw of a conversation.
    pub(super) fn add(&mut self, seen: &Seen, exporters: &[Option<IpAddr>]) {
        let number = seen.exporter as usize;
        if self.exporters.len() <= number {
            let names = (self.exporters.len()..=number).map(|n| exporters.get(n).copied().flatten());
            self.exporters.extend(names.map(|exporter| ExporterShare { exporter, ..ExporterShare::default() }));
        }
        let share = &mut self.exporters[number];
        share.places.at(seen.place).conversations += 1;
        for way in seen.ways.iter().filter(|w| w.is_there()) {
            let count = Count { conversations: 0, flows: u64::from(way.flows), bytes: u128::from(way.bytes) };
            share.places.at(seen.place).add(count);
            let interface = if way.in_if == 0 { way.out_if } else { way.in_if };
            let known = share.interfaces.len() < MOST_INTERFACES || share.interfaces.contains_key(&interface);
            let places = share.interfaces.entry(if known { interface } else { 0 }).or_default();
            places.at(seen.place).add(Count { conversations: 1, ..count });
        }
    }

    /// Adds what another thread counted.
    pub(super) fn join(&mut self, other: Self) {
        for share in other.exporters {
            let Some(own) = self.exporters.iter_mut().find(|e| e.exporter == share.exporter) else {
                self.exporters.push(share);
                continue;
            };
            own.places.add(&share.places);
            for (interface, places) in &share.interfaces {
                own.interfaces.entry(*interface).or_default().add(places);
            }
        }
    }

    /// All exporters together.
    pub fn total(&self) -> Places {
        self.exporters.iter().fold(Places::default(), |mut sum, share| {
            sum.add(&share.places);
            sum
        })
    }

    /// Whether a collector has to pair across exporters and interfaces.
    pub fn advice(&self) -> Advice {
        let total = self.total();
        let flows = total.all().flows;
        let answerable = flows - total.not_expected.flows;
        let per_mille = |part: u64, of: u64| u128::from(part) * 1000 / u128::from(of.max(1));
        let across = total.across();
        let by_bytes = across.bytes * 1000 / total.all().bytes.max(1);
        match () {
            () if flows == 0 => Advice::Nothing,
            () if per_mille(across.flows, flows).max(by_bytes) >= u128::from(NEEDED) => Advice::On,
            () if per_mille(total.nowhere.flows, answerable) >= u128::from(MISSING) => Advice::OneDirection,
            () => Advice::Off,
        }
    }
}
