//! The layouts of an exporter, each with its traffic and what the profiles make of it.

use std::sync::Arc;

use crate::collector::{Collector, LayoutKind, SourceSampling};
use crate::message::Version;
use crate::plan;
use crate::template::{DefinitionId, Kind, Template};

use super::outcome::{LayoutAudit, LayoutName};
use super::profile::Profile;
use super::traffic::Traffic;
use super::verdict::{Layout, judge};

/// The layouts of one of the census's sources: the fixed records of v1, v5 and v7, or all templates that it sent, by id.
///
/// Each content stands once: an exporter that came back with another port sent the same templates again. `by_layout` has the traffic
/// by the collector's numbers of layouts.
pub fn layouts(collector: &Collector, source: u32, by_layout: &[Traffic], profiles: &[Arc<Profile>]) -> Vec<LayoutAudit> {
    let census = collector.census();
    let Some(exporter) = census.sources.get(source as usize) else { return Vec::new() };
    let key = exporter.key;
    let mut found = Found::default();
    for (number, layout) in census.layouts.iter().enumerate().filter(|(_, l)| l.source == source) {
        let traffic = by_layout.get(number).copied().unwrap_or_default();
        match layout.kind {
            LayoutKind::Fixed(version) => found.add(fixed(version), None, true, traffic),
            LayoutKind::Template(id) => {
                // The shapes of stored flows are no templates that an exporter sent.
                if let Some(definition) = collector.templates().definition(id).filter(|d| d.template.was_sent()) {
                    found.add(Arc::clone(&definition.template), Some(id), !definition.is_only_kept(), traffic);
                }
            }
        }
    }
    for (id, definition) in collector.templates().all().filter(|(_, d)| d.times_sent > 0 && d.template.was_sent()) {
        let k = &definition.key;
        if (k.exporter.addr, k.version, Some(k.domain)) == (key.exporter, key.version, key.domain) {
            found.add(Arc::clone(&definition.template), Some(id), true, Traffic::default());
        }
    }
    let sampled = samples(&exporter.sampling);
    let mut out: Vec<LayoutAudit> = Vec::with_capacity(found.0.len());
    found.0.sort_by_key(|(template, ..)| (template.kind, template.id));
    for (template, definitions, sent, traffic) in found.0 {
        let content = match out.last().map(|l| l.name) {
            Some(LayoutName::Template(id, content)) if id == template.id => content + 1,
            _ => 1,
        };
        let name = if template.was_sent() { LayoutName::Template(template.id, content) } else { LayoutName::Fixed(key.version) };
        let layout = Layout { version: key.version, kind: template.kind, fields: &template.fields, traffic: &traffic, sampled };
        let verdicts = profiles.iter().map(|p| judge(p, &layout, collector.elements())).collect();
        out.push(LayoutAudit { name, content: template, definitions, sent, traffic, verdicts });
    }
    out
}

/// Contents with the definitions that have them, whether they came in this run, and the traffic that came by them.
#[derive(Default)]
struct Found(Vec<(Arc<Template>, Vec<DefinitionId>, bool, Traffic)>);

impl Found {
    fn add(&mut self, template: Arc<Template>, definition: Option<DefinitionId>, was_sent: bool, traffic: Traffic) {
        let at = self.0.iter().position(|(t, ..)| *t == template).unwrap_or_else(|| {
            self.0.push((template, Vec::new(), false, Traffic::default()));
            self.0.len() - 1
        });
        if let Some((_, definitions, sent, sum)) = self.0.get_mut(at) {
            sum.add(&traffic);
            *sent |= was_sent;
            definitions.extend(definition.filter(|d| !definitions.contains(d)));
        }
    }
}

/// The records of v1, v5 and v7 as a template: id 0, which no exporter can send.
fn fixed(version: Version) -> Arc<Template> {
    Arc::new(Template { id: 0, kind: Kind::Data, fields: plan::fixed_template(version, 0), scope_count: 0 })
}

/// True if an exporter is known to see only a part of the packets.
pub fn samples(sampling: &SourceSampling) -> bool {
    let header = sampling.header.is_some_and(|(_, most)| most > 1);
    header || sampling.told.values().any(|rate| rate.interval() > 1) || !sampling.samplers.is_empty() || !sampling.without_rate.is_empty()
}
