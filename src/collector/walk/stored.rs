//! Flows that a file holds without messages: their shapes stand as record layouts beside the templates, under ids that no template
//! can have (below 256, RFC 7011 §3.4.1), and their records take the way of all Data Sets.

use std::net::IpAddr;

use super::{
    Collector, Context, DatagramBatch, DomainKey, Endpoint, Kind, LayoutKind, Place, Seen, Source, SourceKey, Template, Timestamp, Version,
    Work, causes,
};
use crate::datagram::Stored;
use crate::message::FieldSpecifier;
use crate::nfcapd;
use crate::template::DefinitionId;

/// The last run that came, so that the next one like it needs no look-up.
pub(super) struct Last {
    who: (IpAddr, Option<u32>, u16),
    shape: u64,
    source: u32,
    definition: DefinitionId,
    layout: u32,
}

impl Collector {
    /// The first pass: which layouts there are.
    pub(super) fn learn_stored(&mut self, batch: &DatagramBatch) {
        let mut last = None;
        for run in &batch.stored {
            if last.replace((run.exporter, run.domain, run.shape)) != last && self.stored_definition(run).is_some() {
                let id = self.shape_id(run.shape);
                self.met.sets.insert((run.exporter, Version::Ipfix, id));
            }
        }
    }

    /// Hands the runs of a batch on.
    pub(super) fn collect_stored(&mut self, batch: &DatagramBatch, emit: &mut dyn FnMut(Work)) {
        for run in &batch.stored {
            let Some(buffer) = batch.buffers.get(run.buffer as usize) else { continue };
            let who = (run.exporter, run.domain, run.version);
            let known = self.last_stored.as_ref().filter(|l| l.who == who && l.shape == run.shape);
            let (source, definition, layout) = match known {
                Some(last) => (last.source, last.definition, last.layout),
                None => {
                    let Some(source) = self.stored_source(run) else { continue };
                    let Some(definition) = self.stored_definition(run) else { continue };
                    let layout = self.layout(source, LayoutKind::Template(definition));
                    self.last_stored = Some(Last { who, shape: run.shape, source, definition, layout });
                    (source, definition, layout)
                }
            };
            let Some(compiled) = self.plan_of(definition, Version::Ipfix) else { continue };
            if let Some(source) = self.census.sources.get_mut(source as usize) {
                source.flows += u64::from(run.rows);
                if let Some(time) = run.received {
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
                export_time: run.received.unwrap_or(Timestamp::from_nanos(0)),
                clock: None,
                boot: None,
                origin: run.origin,
                source,
                layout,
            };
            self.push(compiled.plan, None, buffer, run.start, run.length, run.rows as usize, context, emit);
        }
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
        let unseen = run.received.unwrap_or(Timestamp::from_nanos(0));
        self.census.sources.push(Source::new(key, unseen));
        self.sources.insert(key, source);
        Some(source)
    }

    fn stored_definition(&mut self, run: &Stored) -> Option<DefinitionId> {
        let exporter = Endpoint { addr: run.exporter, port: 0 };
        let key = DomainKey { exporter, domain: run.domain.unwrap_or(0), version: Version::Ipfix };
        let fields =
            nfcapd::elements(run.shape).into_iter().map(|(pen, id, length)| FieldSpecifier::element(pen, id, length)).collect::<Vec<_>>();
        let template = Template { id: self.shape_id(run.shape), kind: Kind::Data, fields, scope_count: 0 };
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

    /// The number of a shape, from 1; beyond 255 numbers are used again.
    fn shape_id(&mut self, shape: u64) -> u16 {
        let at = self.shapes.iter().position(|s| *s == shape).unwrap_or_else(|| {
            self.shapes.push(shape);
            self.shapes.len() - 1
        });
        (at % 255) as u16 + 1
    }
}

fn version(run: &Stored) -> Version {
    Version::from_number(run.version).unwrap_or(Version::Unstated)
}
