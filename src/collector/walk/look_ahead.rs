//! The first pass: what files are going to tell, learned before anything is decoded.

use super::*;

impl Collector {
    /// The first pass over files: learns templates, boot times and which sessions send NDE. Nothing is counted.
    pub fn learn(&mut self, batch: &DatagramBatch) {
        self.learn_stored(batch);
        for datagram in &batch.datagrams {
            if !self.port_wanted(datagram) {
                continue;
            }
            let payload = batch.payload(datagram);
            if self.options.admission.refuses(datagram, payload).is_some() {
                continue;
            }
            let Ok(version) = message::recognise(payload, datagram.missing as usize, self.trust(datagram)) else { continue };
            self.trust_now(datagram);
            if self.met.fixed.contains_key(&version) {
                self.met.header_rates |= version == Version::V5 && message::sampled_v5(payload);
                continue;
            }
            for message in message::messages(payload, datagram.missing as usize).flatten() {
                self.learn_message(datagram, message);
            }
        }
    }

    pub(super) fn learn_message(&mut self, datagram: &Datagram, message: Message<'_>) {
        let version = message.header.version;
        let sets = match message.body {
            Body::Sets(sets) => sets,
            Body::Records(records) => {
                self.met.header_rates |= message.header.sampling.is_some();
                if records.count > 0 {
                    self.met.fixed.insert(version, records.stride);
                }
                return;
            }
        };
        let key = DomainKey { exporter: datagram.exporter, domain: message.header.domain, version };
        let seen = Seen { time: datagram.time.unwrap_or(message.header.export_time), origin: datagram.origin };
        for set in sets.flatten() {
            match message::kind(version, set.id) {
                SetKind::Data => {
                    let met = (key.exporter.addr, version, set.id);
                    if self.met.last.replace(met) != Some(met) {
                        self.met.sets.insert(met);
                    }
                    if (self.met.facts || self.met.types)
                        && let Some(lookup) = self.store.lookup(key, set.id)
                        && let Some(plan) = self.plan_of(lookup.definition, version)
                    {
                        self.learn_facts(key, &plan, set.body, None);
                        if let Some(types) = plan.types {
                            // What is wrong with them is told in the second pass.
                            self.learn_types(types, &plan.plan, set.body, None);
                        }
                    }
                }
                SetKind::Reserved => {}
                kind => {
                    for record in message::template_records(&set, kind).with_most_fields(self.options.limits.fields).flatten() {
                        if let Some(template) = template_of(record.kind, record.id, record.fields, record.scope_count) {
                            if template.kind == Kind::Options {
                                self.met.options_template(&template);
                            }
                            let _ = self.store.learn(key, template, seen);
                        }
                    }
                }
            }
        }
    }

    /// Ends the first pass: what it learned is foreknowledge for the second.
    pub fn rewind(&mut self) {
        self.met_stored = stored::Met::default();
        self.store.rewind();
        self.facts.rewind();
        self.announced.rewind();
    }

    /// The canonical columns that what options data and headers have told so far can fill.
    pub fn columns_told(&self) -> Vec<Canonical> {
        let mut columns = self.announced.columns();
        if self.met.header_rates {
            columns.push(Canonical::SamplingInterval);
        }
        columns
    }

    /// The record layouts of flows that a first pass has met: version and fields.
    pub fn layouts_met(&self) -> Vec<(Version, Vec<message::FieldSpecifier>)> {
        let fixed = self.met.fixed.iter().map(|(version, stride)| (*version, plan::fixed_template(*version, *stride)));
        let met = |d: &&crate::template::Definition| {
            let id = d.template.id;
            d.template.kind == Kind::Data && self.met.sets.contains(&(d.key.exporter.addr, d.key.version, id))
        };
        let templates = self.store.definitions().iter().filter(met).map(|d| (d.key.version, d.template.fields.clone()));
        fixed.chain(templates).collect()
    }
}
