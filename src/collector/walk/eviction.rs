//! Room in a run that never ends: sessions and exporters that were silent for longest make room for new ones, first those that were heard
//! once or twice and brought no flow by a template, as forged ones do. Totals stay exact: what an exporter has counted goes to those of its version that are counted together.
//!
//! Flows on their way to be decoded bear the number of their layout, and are summed up by it. So layouts keep their numbers: those of an
//! exporter that is gone belong to those that are counted together from then on.

use super::*;
use crate::recency::Recency;

/// Messages that a forged session seldom sends more of.
const MOST_FORGED: u64 = 2;
/// Layouts that are told apart, those that are gone counted; the octets of further ones are counted together.
const MOST_LAYOUTS: usize = 200_000;
/// The layout of those that are counted together.
const NO_LAYOUT: LayoutKind = LayoutKind::Template(DefinitionId::NONE);

/// Who was heard last, and what those have left that are gone.
pub(super) struct Turnover {
    streams: Recency,
    sources: Recency,
    /// What the sequence numbers of sessions told that are gone, by exporter.
    sequences: HashMap<u32, SequenceReport>,
    /// By version, the number under which exporters are counted together.
    together: BTreeMap<Version, u32>,
    /// The layouts of each exporter.
    by_source: HashMap<u32, Vec<u32>>,
    /// The layouts that were read by a template.
    by_definition: HashMap<DefinitionId, Vec<u32>>,
    /// Layouts of each exporter whose template is forgotten: its next ones take their place.
    spare: HashMap<u32, Vec<u32>>,
}

impl Turnover {
    /// For so many sessions.
    pub(super) fn new(room: usize) -> Self {
        Self {
            streams: Recency::new(room),
            sources: Recency::new(room),
            sequences: HashMap::new(),
            together: BTreeMap::new(),
            by_source: HashMap::new(),
            by_definition: HashMap::new(),
            spare: HashMap::new(),
        }
    }

    /// What the sequence numbers of an exporter's sessions told that are gone.
    pub(super) fn sequence(&self, source: u32) -> SequenceReport {
        self.sequences.get(&source).cloned().unwrap_or_default()
    }

    /// Units lost by those of all exporters.
    pub(super) fn lost(&self) -> u64 {
        self.sequences.values().map(|report| report.lost).sum()
    }
}

impl Stream {
    pub(super) fn source_key(&self) -> SourceKey {
        source_key(self.key.exporter.addr, self.key.version, self.key.domain)
    }
}

impl Collector {
    /// True if that is the number of this exporter, or of its version's exporters that are counted together.
    pub(super) fn is_of(&self, source: u32, key: &SourceKey) -> bool {
        let own = self.census.sources.get(source as usize).is_some_and(|s| s.key == *key);
        own || self.turnover.together.get(&key.version) == Some(&source)
    }

    /// The number of whoever sent what waits, which may have changed since.
    pub(super) fn source_of(&mut self, context: &Context) -> u32 {
        let key = SourceKey { exporter: context.exporter.addr, version: context.version, domain: context.domain };
        if self.is_of(context.source, &key) {
            return context.source;
        }
        self.sources.get(&key).copied().unwrap_or_else(|| self.together(key.version))
    }

    /// A session is heard again.
    pub(super) fn heard_again(&mut self, slot: usize) {
        if !self.options.makes_room() {
            return;
        }
        let Some(stream) = self.stream_list.get_mut(slot) else { return };
        stream.messages += 1;
        self.turnover.streams.hear(slot, stream.messages > MOST_FORGED);
        let (source, key) = (stream.source, stream.source_key());
        if self.census.sources.get(source as usize).is_some_and(|s| s.key == key) {
            self.hear_source(source);
            return;
        }
        // It was forgotten while this session was silent.
        let source = self.source(key);
        if let Some(stream) = self.stream_list.get_mut(slot) {
            stream.source = source;
        }
    }

    /// Flows of a message were decoded. Where that took a template, who sent them is hardly an invention; any octets are flows of v5.
    pub(super) fn heard_flows(&mut self, at: At<'_>) {
        if self.options.makes_room() && matches!(at.context.version, Version::V9 | Version::Ipfix) {
            self.turnover.streams.hear(at.stream, true);
            self.turnover.sources.hear(at.source as usize, true);
        }
    }

    /// Takes a new session in; at the limit, in the place of one that was silent for longest.
    pub(super) fn put_stream(&mut self, stream: Stream, datagram: &Datagram) -> usize {
        let full = self.stream_list.len() >= self.options.sources;
        let gone = if full { self.turnover.streams.most_silent(None) } else { None };
        let slot = gone.unwrap_or(self.stream_list.len());
        match self.stream_list.get_mut(slot) {
            Some(place) => {
                let old = std::mem::replace(place, stream);
                self.turnover.streams.forget(slot);
                self.forget_stream(&old, datagram);
            }
            None => self.stream_list.push(stream),
        }
        if self.options.makes_room() {
            self.turnover.streams.hear(slot, false);
        }
        slot
    }

    fn forget_stream(&mut self, old: &Stream, datagram: &Datagram) {
        self.streams.remove(&old.key);
        self.announced.unheard(old.domain_key);
        let (report, key) = (old.sequence.report(), old.source_key());
        let source = if self.is_of(old.source, &key) { old.source } else { self.together(key.version) };
        self.note_loss(report, source, key);
        if report != SequenceReport::default() {
            self.turnover.sequences.entry(source).or_default().add(&report);
        }
        let here = Place { origin: datagram.origin, exporter: Some(key.exporter), domain: key.domain, offset: None };
        let most = self.options.sources;
        self.ledger
            .add(causes::SOURCE_EVICTED, here, || format!("more than {most} sessions; {} was heard {} times", key.exporter, old.messages));
    }

    /// The number of an exporter; at the limit, that of one that was silent for longest.
    pub(super) fn source(&mut self, key: SourceKey) -> u32 {
        if let Some(source) = self.sources.get(&key).copied() {
            self.hear_source(source);
            return source;
        }
        let fresh = Source::new(key, Timestamp::from_nanos(0));
        let full = self.census.sources.len() >= self.options.sources + self.turnover.together.len();
        let gone = if full { self.turnover.sources.most_silent(None) } else { None };
        let source = match gone.and_then(|slot| u32::try_from(slot).ok()) {
            Some(source) => {
                self.forget_source(source, fresh);
                source
            }
            None => {
                self.census.sources.push(fresh);
                self.census.sources.len() as u32 - 1
            }
        };
        self.sources.insert(key, source);
        self.hear_source(source);
        source
    }

    fn hear_source(&mut self, source: u32) {
        if self.options.makes_room() {
            let messages = self.census.sources.get(source as usize).map_or(0, |s| s.messages);
            self.turnover.sources.hear(source as usize, messages > MOST_FORGED);
        }
    }

    /// Puts another exporter in the place of one; what that one has counted is counted together.
    fn forget_source(&mut self, number: u32, fresh: Source) {
        self.turnover.sources.forget(number as usize);
        let Some(old) = self.census.sources.get_mut(number as usize).map(|place| std::mem::replace(place, fresh)) else { return };
        self.sources.remove(&old.key);
        self.uncovered_ids -= old.uncovered.len().min(self.uncovered_ids);
        let together = self.together(old.key.version);
        if let Some(report) = self.turnover.sequences.remove(&number) {
            self.turnover.sequences.entry(together).or_default().add(&report);
        }
        self.turnover.spare.remove(&number);
        for number in self.turnover.by_source.remove(&number).unwrap_or_default() {
            if let Some(layout) = self.census.layouts.get_mut(number as usize) {
                self.layouts.remove(&(layout.source, layout.kind));
                *layout = Layout { source: together, kind: NO_LAYOUT };
            }
        }
        if let Some(sum) = self.census.sources.get_mut(together as usize) {
            sum.take_over(&old);
        }
    }

    /// The number under which exporters of a version are counted together.
    fn together(&mut self, version: Version) -> u32 {
        let sources = &mut self.census.sources;
        *self.turnover.together.entry(version).or_insert_with(|| {
            let key = SourceKey { exporter: Endpoint::UNKNOWN.addr, version, domain: None };
            sources.push(Source::new(key, Timestamp::from_nanos(0)));
            sources.len() as u32 - 1
        })
    }

    /// The number of a layout that is new.
    pub(super) fn new_layout(&mut self, source: u32, kind: LayoutKind) -> u32 {
        let key = self.census.sources.get(source as usize).map(|s| s.key);
        let together = key.is_some_and(|key| self.turnover.together.get(&key.version) == Some(&source));
        let spare = self.turnover.spare.get_mut(&source).and_then(Vec::pop);
        let full = self.options.makes_room() && spare.is_none() && self.census.layouts.len() >= MOST_LAYOUTS;
        let (source, kind) = match key {
            Some(key) if together || full => (self.together(key.version), NO_LAYOUT),
            _ => (source, kind),
        };
        if kind == NO_LAYOUT
            && let Some(layout) = self.layouts.get(&(source, kind))
        {
            return *layout;
        }
        let layouts = &mut self.census.layouts;
        let number = spare.unwrap_or(layouts.len() as u32);
        match layouts.get_mut(number as usize) {
            Some(place) => *place = Layout { source, kind },
            None => layouts.push(Layout { source, kind }),
        }
        self.layouts.insert((source, kind), number);
        if self.options.makes_room() && kind != NO_LAYOUT {
            if spare.is_none() {
                self.turnover.by_source.entry(source).or_default().push(number);
            }
            if let LayoutKind::Template(definition) = kind {
                self.turnover.by_definition.entry(definition).or_default().push(number);
            }
        }
        number
    }

    /// Forgets what hangs on templates that the store has forgotten.
    pub(super) fn forget_evicted(&mut self, here: Place) {
        for evicted in self.store.take_evicted() {
            for definition in &evicted.definitions {
                if let Some(plan) = self.plans.by_definition.get_mut(definition.index()).and_then(Option::take) {
                    self.plans.fields -= plan.plan.layout.widths.len().min(self.plans.fields);
                }
                self.plans.options.remove(definition);
                self.ntp_seen.remove(definition);
                self.stamp_units.remove(definition);
                for number in self.turnover.by_definition.remove(definition).unwrap_or_default() {
                    let layout = self.census.layouts.get(number as usize).filter(|l| l.kind == LayoutKind::Template(*definition));
                    // Of one that was forgotten it belongs to those that are counted together.
                    let Some(Layout { source, kind }) = layout.copied() else { continue };
                    self.layouts.remove(&(source, kind));
                    self.turnover.spare.entry(source).or_default().push(number);
                }
            }
            let key = evicted.key;
            self.lists.forget(key, &evicted.definitions);
            self.facts.forget(key);
            self.announced.forget(key);
            let here = Place { exporter: Some(key.exporter.addr), domain: Some(key.domain), offset: None, ..here };
            self.ledger
                .add_many(causes::TEMPLATE_EVICTED, evicted.definitions.len() as u64, here, || "it had been silent for longest".into());
        }
    }
}
