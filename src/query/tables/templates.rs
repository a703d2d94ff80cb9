//! `templates`: one row a content that an exporter gave a template's id.

use polars::prelude::{DataFrame, PolarsResult};

use super::build::{Build, saturated};
use crate::audit::Traffic;
use crate::collector::Collector;
use crate::template::{Definition, DefinitionId, Kind};

/// `traffic` tells what came by a definition.
pub(super) fn frame(collector: &Collector, traffic: impl Fn(DefinitionId) -> Traffic) -> PolarsResult<DataFrame> {
    let rows: Vec<(&Definition, Traffic)> = sent(collector).map(|(id, d)| (d, traffic(id))).collect();
    whose(Build::new(&rows), |(d, _)| d)
        .u64("fields", |(d, _)| u64::try_from(d.template.fields.len()).ok())
        .u64("octets", |(d, _)| octets(d))
        .time("first_seen", |(d, _)| d.first_seen.map(|s| s.time))
        .time("last_seen", |(d, _)| d.last_seen.map(|s| s.time))
        .count("times_sent", |(d, _)| d.times_sent)
        .count("sets", |(d, _)| d.sets)
        .count("records", |(d, _)| d.records)
        .count("flows", |(_, t)| t.flows)
        .count("tcp_flows", |(_, t)| t.tcp)
        .count("bytes", |(_, t)| saturated(t.bytes))
        .count("packets", |(_, t)| saturated(t.packets))
        .bool("kept", |(d, _)| d.is_only_kept())
        .frame()
}

/// The contents that exporters sent, by exporter, domain and id.
pub(super) fn sent(collector: &Collector) -> impl Iterator<Item = (DefinitionId, &Definition)> {
    let mut list: Vec<(DefinitionId, &Definition)> = collector.templates().all().filter(|(_, d)| d.template.was_sent()).collect();
    list.sort_by_key(|(_, d)| (d.key, d.template.id, d.version));
    list.into_iter()
}

/// The columns that say which template is meant.
pub(super) fn whose<'a, T>(build: Build<'a, T>, definition: impl Fn(&'a T) -> &'a Definition + Copy) -> Build<'a, T> {
    build
        .text("exporter", move |t| definition(t).key.exporter.known_addr().map(|a| a.to_string()))
        .u16("port", move |t| definition(t).key.exporter.known_addr().map(|_| definition(t).key.exporter.port))
        .u8("nde_version", move |t| u8::try_from(definition(t).key.version.number()).ok())
        .u32("observation_domain", move |t| Some(definition(t).key.domain))
        .u16("template_id", move |t| Some(definition(t).template.id))
        .u32("definition", move |t| Some(definition(t).version))
        .text("kind", move |t| Some(if definition(t).template.kind == Kind::Options { "options" } else { "data" }))
}

/// Octets of a record; `None` where records differ.
fn octets(definition: &Definition) -> Option<u64> {
    let fields = &definition.template.fields;
    fields.iter().try_fold(0, |sum, f| (!f.is_variable()).then(|| sum + u64::from(f.length)))
}
