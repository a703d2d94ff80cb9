//! An audit of what a run has read.

use std::sync::Arc;

use crate::collector::{Collector, LayoutKind};
use crate::input::FileReport;
use crate::template::{EventKind, Kind};

use super::content::ContentSums;
use super::layouts::layouts;
use super::outcome::{Audit, ExporterAudit, LayoutAudit, TimelineRow};
use super::platform::{self, Family, Guess};
use super::profile::Profile;
use super::rules::{self, Material};
use super::traffic::Traffic;

/// Limits, and what the user knows.
#[derive(Clone, Debug)]
pub struct AuditOptions {
    /// The longest interval between two arrivals of a template that is fine, in nanoseconds.
    pub refresh_limit: i64,
    /// How far an exporter's clock may be off; the content has the same limit for the times of flows. In nanoseconds.
    pub time_limit: i64,
    /// The platform of all exporters, if the user says it.
    pub platform: Option<&'static Family>,
}

impl Default for AuditOptions {
    /// Ten minutes, as RFC 3954 implementations have it at most by default; an hour for clocks.
    fn default() -> Self {
        const SECOND: i64 = 1_000_000_000;
        Self { refresh_limit: 600 * SECOND, time_limit: 3_600 * SECOND, platform: None }
    }
}

/// Puts everything together once the run has ended.
pub fn audit(
    collector: &Collector,
    reports: &[FileReport],
    sums: &ContentSums,
    profiles: &[Arc<Profile>],
    options: &AuditOptions,
) -> Audit {
    let census = collector.census();
    let mut exporters: Vec<ExporterAudit> = (0u32..)
        .zip(&census.sources)
        .map(|(number, source)| {
            let layouts = layouts(collector, number, &sums.traffic, profiles);
            let mut traffic = Traffic::default();
            census.layouts.iter().zip(&sums.traffic).filter(|(l, _)| l.source == number).for_each(|(_, t)| traffic.add(t));
            let platform = match options.platform {
                Some(family) => Some(Guess { family, evidence: None }),
                None => platform::guess(source.key.version, &layouts),
            };
            ExporterAudit {
                key: source.key,
                ports: source.ports.clone(),
                messages: source.messages,
                first_seen: source.first_seen,
                last_seen: source.last_seen,
                traffic,
                platform,
                layouts,
            }
        })
        .collect();
    let timeline = (0u32..).zip(&exporters).flat_map(|(number, e)| timeline(collector, number, e)).collect();
    exporters.sort_by_key(|e| e.key);
    let mut findings = rules::findings(&Material { collector, reports, sums, profiles, options }, &exporters);
    platform::give_hints(&mut findings, &exporters, profiles);
    let mut traffic = Traffic::default();
    exporters.iter().for_each(|e| traffic.add(&e.traffic));
    Audit {
        profiles: profiles.to_vec(),
        files: reports.iter().map(|r| r.name.clone()).collect(),
        span: exporters.iter().map(|e| e.first_seen).min().zip(exporters.iter().map(|e| e.last_seen).max()),
        messages: census.messages.values().sum(),
        traffic,
        looked_at: sums.content.iter().map(|c| c.flows).sum(),
        octets: collector.octets().clone(),
        timeline,
        exporters,
        findings,
    }
}

fn timeline(collector: &Collector, number: u32, exporter: &ExporterAudit) -> Vec<TimelineRow> {
    exporter
        .layouts
        .iter()
        .filter(|l| l.content.kind == Kind::Data || !l.definitions.is_empty())
        .map(|l| row(collector, number, exporter, l))
        .collect()
}

fn row(collector: &Collector, number: u32, exporter: &ExporterAudit, layout: &LayoutAudit) -> TimelineRow {
    let census = collector.census();
    let events = collector.templates().events().iter().filter(|e| layout.definitions.contains(&e.definition));
    let marks: Vec<(crate::time::Timestamp, EventKind)> = events.map(|e| (e.seen.time, e.kind)).collect();
    let own = census.layouts.iter().zip(&census.activity).filter(|(l, _)| l.source == number);
    let data = own
        .filter(|(l, _)| match l.kind {
            LayoutKind::Fixed(_) => layout.template().is_none(),
            LayoutKind::Template(id) => layout.definitions.contains(&id),
        })
        .filter_map(|(_, activity)| activity.as_ref())
        .flat_map(|a| a.bins())
        .collect();
    TimelineRow { exporter: exporter.key, layout: layout.name, marks, data }
}
