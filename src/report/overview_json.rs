//! The overview as JSON: the schema `ipfix-inspect/overview/1`, described in the [module](super).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use crate::audit::{Demand, LayoutAudit, Profile};
use crate::collector::OtherScope;
use crate::datagram::known;
use crate::message::Version;
use crate::summary::{ExporterLine, FileLine, Overview, ProblemLine};
use crate::template::ScopeRule;

use super::cell::{Row, rows};
use super::first_flows::FIRST_FLOWS;
use super::json::{by_version, pretty, saturated};
use super::other_scopes::rule_name;
use super::sampling::{SamplingFacts, facts};
use super::strm::element_name;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    files: Vec<File<'a>>,
    totals: Totals<'a>,
    exporters: Vec<Exporter<'a>>,
    problems: Vec<Problem<'a>>,
    flows: Vec<Flow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<Vec<StoredColumn<'a>>>,
}

#[derive(Serialize)]
struct StoredColumn<'a> {
    name: &'a str,
    kind: &'static str,
    values: u64,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    container: String,
    compression: Option<String>,
    octets: u64,
    frames: u64,
    datagrams: u64,
    nde_datagrams: u64,
    #[serde(serialize_with = "by_version")]
    messages: &'a BTreeMap<Version, u64>,
    first: Option<String>,
    last: Option<String>,
}

#[derive(Serialize)]
struct Totals<'a> {
    frames: u64,
    datagrams: u64,
    nde_datagrams: u64,
    #[serde(serialize_with = "by_version")]
    messages: &'a BTreeMap<Version, u64>,
    templates: u64,
    template_records: u64,
    options_templates: u64,
    options_template_records: u64,
    flows: u64,
    options_records: u64,
    bytes: u64,
    packets: u64,
    sets_without_template: u64,
    sets_by_kept_template: u64,
    lost: u64,
    scaled: bool,
}

#[derive(Serialize)]
struct Exporter<'a> {
    exporter: Option<String>,
    version: String,
    domain: Option<u32>,
    ports: &'a [u16],
    messages: u64,
    templates: u64,
    template_records: u64,
    options_templates: u64,
    options_template_records: u64,
    flows: u64,
    options_records: u64,
    bytes: u64,
    packets: u64,
    sets_without_template: u64,
    other_scopes: Vec<OtherRule<'a>>,
    sets_by_kept_template: u64,
    lost: u64,
    reordered: u64,
    duplicates: u64,
    restarts: u64,
    sequence: Option<&'static str>,
    sequence_deviates: bool,
    problems: u64,
    first_seen: String,
    last_seen: String,
    sampling: Option<SamplingFacts>,
    strm: Vec<Strm<'a>>,
}

#[derive(Serialize)]
struct OtherRule<'a> {
    template_scope: &'static str,
    sets: u64,
    ports: &'a BTreeSet<u16>,
    template_ports: &'a BTreeSet<u16>,
    template_domains: &'a BTreeSet<u32>,
}

#[derive(Serialize)]
struct Strm<'a> {
    template_id: Option<u16>,
    definition: u32,
    flows: u64,
    icmp_only: bool,
    verdict: &'static str,
    missing: Vec<&'a str>,
    undecided: Vec<&'a str>,
    alternates: Vec<Alternate<'a>>,
}

#[derive(Serialize)]
struct Alternate<'a> {
    #[serde(rename = "for")]
    demand: &'a str,
    element: u16,
    name: &'static str,
}

#[derive(Serialize)]
struct Problem<'a> {
    code: &'static str,
    severity: &'static str,
    count: u64,
    message: &'static str,
    first: Example<'a>,
}

#[derive(Serialize)]
struct Example<'a> {
    file: Option<&'a str>,
    frame: Option<u64>,
    exporter: Option<String>,
    domain: Option<u32>,
    offset: Option<usize>,
    detail: &'a str,
}

/// A row as an object, in the order of the flow table; what is null is left out.
struct Flow<'a>(Row<'a>);

impl Serialize for Flow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.0;
        serializer.collect_map(row.columns().filter_map(|(spec, column)| Some((&spec.name, row.json(spec, column)?))))
    }
}

/// The overview for programs.
pub fn overview_json(overview: &Overview) -> String {
    let t = &overview.totals;
    pretty(&Report {
        schema: "ipfix-inspect/overview/1",
        files: overview.files.iter().map(file).collect(),
        totals: Totals {
            frames: t.frames,
            datagrams: t.datagrams,
            nde_datagrams: t.nde_datagrams,
            messages: &t.messages,
            templates: t.templates,
            template_records: t.template_records,
            options_templates: t.options_templates,
            options_template_records: t.options_template_records,
            flows: t.sums.flows,
            options_records: t.options_records,
            bytes: saturated(t.sums.bytes),
            packets: saturated(t.sums.packets),
            sets_without_template: t.sets_without_template,
            sets_by_kept_template: t.sets_by_kept_template,
            lost: t.lost,
            scaled: overview.scaled,
        },
        exporters: overview.exporters.iter().map(|e| exporter(e, &overview.profile)).collect(),
        problems: overview.problems.iter().map(|p| problem(overview, p)).collect(),
        flows: rows(&overview.head).take(FIRST_FLOWS).map(Flow).collect(),
        columns: overview
            .columns
            .as_ref()
            .map(|columns| columns.iter().map(|c| StoredColumn { name: &c.name, kind: c.kind.name(), values: c.values }).collect()),
    })
}

fn file(file: &FileLine) -> File<'_> {
    let r = &file.report;
    let compressions: Vec<String> = [r.compression, r.inner_compression].iter().flatten().map(ToString::to_string).collect();
    File {
        path: &r.name,
        container: r.container.to_string(),
        compression: (!compressions.is_empty()).then(|| compressions.join(", ")),
        octets: r.octets,
        frames: r.frames,
        datagrams: r.datagrams + r.tcp_messages,
        nde_datagrams: file.nde_datagrams,
        messages: &file.messages,
        first: r.first.map(|t| t.to_string()),
        last: r.last.map(|t| t.to_string()),
    }
}

fn exporter<'a>(e: &'a ExporterLine, profile: &'a Profile) -> Exporter<'a> {
    Exporter {
        exporter: known(e.key.exporter).map(|a| a.to_string()),
        version: e.key.version.to_string(),
        domain: e.key.domain,
        ports: &e.ports,
        messages: e.messages,
        templates: e.templates,
        template_records: e.template_records,
        options_templates: e.options_templates,
        options_template_records: e.options_template_records,
        flows: e.sums.flows,
        options_records: e.options_records,
        bytes: saturated(e.sums.bytes),
        packets: saturated(e.sums.packets),
        sets_without_template: e.sets_without_template,
        other_scopes: e.other_scopes.iter().map(|(rule, found)| other_rule(*rule, found)).collect(),
        sets_by_kept_template: e.sets_by_kept_template,
        lost: e.sequence.lost,
        reordered: e.sequence.reordered,
        duplicates: e.sequence.duplicates,
        restarts: e.sequence.restarts,
        sequence: e.sequence.convention.map(|c| c.name()),
        sequence_deviates: e.sequence.deviates,
        problems: e.problems,
        first_seen: e.first_seen.to_string(),
        last_seen: e.last_seen.to_string(),
        sampling: facts(&e.sampling),
        strm: e.layouts.iter().filter_map(|l| strm(l, profile)).collect(),
    }
}

fn other_rule(rule: ScopeRule, found: &OtherScope) -> OtherRule<'_> {
    OtherRule {
        template_scope: rule_name(rule),
        sets: found.sets,
        ports: &found.ports,
        template_ports: &found.template_ports,
        template_domains: &found.template_domains,
    }
}

fn strm<'a>(layout: &'a LayoutAudit, profile: &'a Profile) -> Option<Strm<'a>> {
    let verdict = layout.verdicts.first()?;
    let name = |demand: &'a Demand| demand.name.as_str();
    let alternate = |(demand, group): (&'a Demand, &crate::audit::Group)| {
        let id = *group.0.first()?;
        Some(Alternate { demand: name(demand), element: id.id, name: element_name(id) })
    };
    Some(Strm {
        template_id: layout.template().map(|(id, _)| id),
        definition: layout.template().map_or(1, |(_, content)| content),
        flows: layout.traffic.flows,
        icmp_only: layout.is_icmp_only(),
        verdict: verdict.outcome.name(),
        missing: verdict.missing(profile).map(name).collect(),
        undecided: verdict.undecided(profile).map(name).collect(),
        alternates: verdict.alternates(profile).filter_map(alternate).collect(),
    })
}

fn problem<'a>(overview: &'a Overview, p: &'a ProblemLine) -> Problem<'a> {
    Problem {
        code: p.code,
        severity: p.severity.name(),
        count: p.count,
        message: p.title,
        first: Example {
            file: overview.files.get(p.file as usize).map(|f| f.report.name.as_str()),
            frame: (p.frame > 0).then_some(p.frame),
            exporter: p.exporter.and_then(known).map(|a| a.to_string()),
            domain: p.domain,
            offset: p.offset,
            detail: &p.detail,
        },
    }
}
