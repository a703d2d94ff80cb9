//! Flows that a file holds without messages: they take the way of all Data Sets. Those of v1, v5 and v7 have the layout of their version;
//! the shapes of others stand as record layouts beside the templates, under ids that no template can have (below 256, RFC 7011 §3.4.1).

use std::collections::HashMap;
use std::net::IpAddr;

use super::{
    Arc, Collector, Context, DatagramBatch, DomainKey, Endpoint, Kind, LayoutKind, Place, RecordPlan, Seen, Source, SourceKey, Template,
    Timestamp, Version, Work, causes,
};
use crate::datagram::{Shape, Stored, StoredLayout};
use crate::plan;
use crate::template::DefinitionId;
use crate::time::UptimeClock;

/// What a run is met by: who sent it, and what its records hold.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    exporter: IpAddr,
    domain: Option<u32>,
    version: u16,
    shape: Shape,
}

/// Where its flows belong.
#[derive(Clone, Copy)]
struct Known {
    source: u32,
    kind: LayoutKind,
    layout: u32,
}

/// Runs met before, so that the next one like them needs no look-up of its layout: exporters take turns in a file.
#[derive(Default)]
pub(super) struct Met {
    last: Option<(Key, Known)>,
    all: HashMap<Key, Known>,
}

/// Files of more exporters and shapes than this begin to remember anew.
const MOST_MET: usize = 4096;
/// The version that the layouts of stored records stand under: they have IPFIX's elements, but no message.
const NO_MESSAGE: Version = Version::Unstated;
/// Ids for the layouts of stored records: further ones share the last.
const MOST_IDS: usize = 255;

impl Met {
    fn get(&mut self, key: &Key) -> Option<Known> {
        if let Some((_, known)) = self.last.as_ref().filter(|(last, _)| last == key) {
            return Some(*known);
        }
        let known = self.all.get(key).copied()?;
        self.last = Some((key.clone(), known));
        Some(known)
    }

    fn put(&mut self, key: Key, known: Known) {
        if self.all.len() >= MOST_MET {
            self.all.clear();
        }
        self.all.insert(key.clone(), known);
        self.last = Some((key, known));
    }
}

impl Collector {
    /// The first pass: which layouts there are.
    pub(super) fn learn_stored(&mut self, batch: &DatagramBatch) {
        for run in &batch.stored {
            if self.options.admission.refuses_stored(run.exporter, run.version).is_some() {
                continue;
            }
            match &run.shape {
                Shape::Fixed => {
                    self.met.fixed.insert(version(run), stride(run));
                }
                Shape::Fields(layout) => {
                    let key = key(run);
                    if self.met_stored.get(&key).is_none()
                        && let Some(definition) = self.stored_definition(run, layout)
                    {
                        // The second pass finds out where it belongs.
                        self.met_stored.put(key, Known { source: 0, kind: LayoutKind::Template(definition), layout: 0 });
                        let id = self.stored_id(layout);
                        self.met.sets.insert((run.exporter, NO_MESSAGE, id));
                    }
                }
            }
        }
    }

    /// Hands the runs of a batch on.
    pub(super) fn collect_stored(&mut self, batch: &DatagramBatch, emit: &mut dyn FnMut(Work)) {
        for run in &batch.stored {
            if let Some(refused) = self.options.admission.refuses_stored(run.exporter, run.version) {
                let place = Place { origin: run.origin, exporter: Some(run.exporter), domain: run.domain, offset: None };
                self.refuse(refused, place, u64::from(run.rows));
                continue;
            }
            let Some(buffer) = batch.buffers.get(run.buffer as usize) else { continue };
            let key = key(run);
            let known = self.met_stored.get(&key);
            let Some(Known { source, kind, layout }) = known.or_else(|| self.meet_stored(key, run)) else { continue };
            let plan = match (&run.shape, kind) {
                (Shape::Fields(layout), _) => self.stored_plan(&run.shape, layout),
                (Shape::Fixed, LayoutKind::Fixed(version)) => self.fixed_plan(version, stride(run)),
                (Shape::Fixed, LayoutKind::Template(_)) => None,
            };
            let Some(plan) = plan else { continue };
            let time = time(run);
            if let Some(source) = self.census.sources.get_mut(source as usize) {
                source.flows += u64::from(run.rows);
                if let Some(time) = time {
                    source.first_seen = if source.first_seen.nanos() == 0 { time } else { source.first_seen.min(time) };
                    source.last_seen = source.last_seen.max(time);
                }
            }
            let context = Context {
                received: run.received,
                exporter: Endpoint { addr: run.exporter, port: 0 },
                domain: run.domain,
                version: version(run),
                template_id: None,
                export_time: time.unwrap_or(Timestamp::from_nanos(0)),
                clock: run.clock,
                boot: None,
                origin: run.origin,
                source,
                layout,
            };
            self.push(plan, None, buffer, run.start, run.length, run.rows as usize, context, emit);
        }
    }

    fn meet_stored(&mut self, key: Key, run: &Stored) -> Option<Known> {
        let source = self.stored_source(run)?;
        let kind = match &run.shape {
            Shape::Fixed => LayoutKind::Fixed(version(run)),
            Shape::Fields(layout) => LayoutKind::Template(self.stored_definition(run, layout)?),
        };
        let known = Known { source, kind, layout: self.layout(source, kind) };
        self.met_stored.put(key, known);
        Some(known)
    }

    fn stored_source(&mut self, run: &Stored) -> Option<u32> {
        let key = SourceKey { exporter: run.exporter, version: version(run), domain: run.domain };
        if let Some(source) = self.sources.get(&key) {
            return Some(*source);
        }
        let most = self.options.sources;
        if self.census.sources.len() >= most {
            let place = Place { origin: run.origin, exporter: Some(run.exporter), domain: run.domain, offset: None };
            self.ledger.add(causes::SOURCE_LIMIT, place, || format!("more than {most} exporters and sessions"));
            return None;
        }
        let source = self.census.sources.len() as u32;
        let unseen = time(run).unwrap_or(Timestamp::from_nanos(0));
        self.census.sources.push(Source::new(key, unseen));
        self.sources.insert(key, source);
        Some(source)
    }

    fn stored_definition(&mut self, run: &Stored, layout: &StoredLayout) -> Option<DefinitionId> {
        let exporter = Endpoint { addr: run.exporter, port: 0 };
        let key = DomainKey { exporter, domain: run.domain.unwrap_or(0), version: NO_MESSAGE };
        let template = Template { id: self.stored_id(layout), kind: Kind::Data, fields: plan::stored_template(layout), scope_count: 0 };
        let seen = Seen { time: run.received.unwrap_or(Timestamp::from_nanos(0)), origin: run.origin };
        match self.store.learn(key, template, seen) {
            Ok(learned) => Some(learned.definition()),
            Err(_) => {
                let place = Place { origin: run.origin, exporter: Some(run.exporter), domain: run.domain, offset: None };
                self.ledger.add(causes::TEMPLATE_LIMIT, place, || "the layout of stored flows".to_owned());
                None
            }
        }
    }

    /// The number of a layout by its elements, from 1.
    fn stored_id(&mut self, layout: &StoredLayout) -> u16 {
        let fields = plan::stored_template(layout);
        let at = self.stored_templates.iter().position(|t| *t == fields).unwrap_or_else(|| {
            if self.stored_templates.len() < MOST_IDS {
                self.stored_templates.push(fields);
            }
            self.stored_templates.len() - 1
        });
        at as u16 + 1
    }

    fn stored_plan(&mut self, shape: &Shape, layout: &StoredLayout) -> Option<Arc<RecordPlan>> {
        let plans = &mut self.plans.stored;
        if let Some((_, plan)) = plans.last.as_ref().filter(|(known, _)| known == shape) {
            return Some(Arc::clone(plan));
        }
        let plan = match plans.all.get(shape) {
            Some(plan) => Arc::clone(plan),
            None => {
                let plan = Arc::new(plan::compile_stored(layout, self.work.schema(), &self.elements)?);
                if plans.all.len() >= MOST_MET {
                    plans.all.clear();
                }
                plans.all.insert(shape.clone(), Arc::clone(&plan));
                plan
            }
        };
        plans.last = Some((shape.clone(), Arc::clone(&plan)));
        Some(plan)
    }
}

/// Compiled layouts of stored records.
#[derive(Default)]
pub(super) struct StoredPlans {
    last: Option<(Shape, Arc<RecordPlan>)>,
    all: HashMap<Shape, Arc<RecordPlan>>,
}

fn key(run: &Stored) -> Key {
    Key { exporter: run.exporter, domain: run.domain, version: run.version, shape: run.shape.clone() }
}

fn version(run: &Stored) -> Version {
    Version::from_number(run.version).unwrap_or(Version::Unstated)
}

/// When they were received; where that is not known, when they were exported.
fn time(run: &Stored) -> Option<Timestamp> {
    run.received.or(run.clock.map(UptimeClock::at))
}

/// Octets of a record.
fn stride(run: &Stored) -> usize {
    (run.length / run.rows.max(1)) as usize
}
