//! The facts of the overview, put together from the inputs' reports, the collector's counts and the sums over the flows.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::collector::{Collector, LayoutKind, OtherScope, SequenceReport, Severity, SourceKey, SourceSampling};
use crate::column::FlowBatch;
use crate::input::FileReport;
use crate::message::Version;
use crate::plan;
use crate::template::{Kind, ScopeRule, Template};
use crate::time::Timestamp;

use super::strm::{self, TemplateVerdict};
use super::totals::{HeadAndSums, LayoutSums};

/// One input file.
#[derive(Clone, Debug)]
pub struct FileLine {
    /// What the input says of it.
    pub report: FileReport,
    /// Datagrams that are NDE.
    pub nde_datagrams: u64,
    /// Messages by version.
    pub messages: BTreeMap<Version, u64>,
}

/// One exporter: address, version and domain.
#[derive(Clone, Debug)]
pub struct ExporterLine {
    /// Who.
    pub key: SourceKey,
    /// Sending ports.
    pub ports: Vec<u16>,
    /// Messages.
    pub messages: u64,
    /// Distinct templates.
    pub templates: u64,
    /// Template Records, refreshes counted.
    pub template_records: u64,
    /// Distinct options templates.
    pub options_templates: u64,
    /// Options Template Records, refreshes counted.
    pub options_template_records: u64,
    /// Flows, octets and packets.
    pub sums: LayoutSums,
    /// Options records.
    pub options_records: u64,
    /// Data Sets without a template.
    pub sets_without_template: u64,
    /// How many of them a wider rule of scope would let be decoded.
    pub other_scopes: BTreeMap<ScopeRule, OtherScope>,
    /// Data Sets read with a kept template that had not been sent by then.
    pub sets_by_kept_template: u64,
    /// What the sequence numbers tell.
    pub sequence: SequenceReport,
    /// Problems worse than a note.
    pub problems: u64,
    /// Earliest message.
    pub first_seen: Timestamp,
    /// Latest message.
    pub last_seen: Timestamp,
    /// What it says about sampling.
    pub sampling: SourceSampling,
    /// What STRM would say of each template, and of the fixed records of v1, v5 and v7.
    pub strm: Vec<TemplateVerdict>,
}

/// One cause of problems.
#[derive(Clone, Debug)]
pub struct ProblemLine {
    /// The stable code.
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// One sentence.
    pub title: &'static str,
    /// How often.
    pub count: u64,
    /// The number of the file of the first example.
    pub file: u32,
    /// Its frame; 0 where there is none.
    pub frame: u64,
    /// Its exporter.
    pub exporter: Option<IpAddr>,
    /// Its domain.
    pub domain: Option<u32>,
    /// Octets from the beginning of the payload.
    pub offset: Option<usize>,
    /// What exactly.
    pub detail: String,
}

/// Sums over everything.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Frames.
    pub frames: u64,
    /// UDP datagrams, and IPFIX messages out of TCP streams.
    pub datagrams: u64,
    /// Datagrams that are NDE.
    pub nde_datagrams: u64,
    /// Messages by version.
    pub messages: BTreeMap<Version, u64>,
    /// Distinct templates.
    pub templates: u64,
    /// Template Records, refreshes counted.
    pub template_records: u64,
    /// Distinct options templates.
    pub options_templates: u64,
    /// Options Template Records, refreshes counted.
    pub options_template_records: u64,
    /// Flows, octets and packets.
    pub sums: LayoutSums,
    /// Options records.
    pub options_records: u64,
    /// Data Sets without a template.
    pub sets_without_template: u64,
    /// Data Sets read with a kept template that had not been sent by then.
    pub sets_by_kept_template: u64,
    /// Units lost by the sequence numbers.
    pub lost: u64,
    /// The earliest frame.
    pub first: Option<Timestamp>,
    /// The latest frame.
    pub last: Option<Timestamp>,
}

/// Everything that the overview shows.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The input files.
    pub files: Vec<FileLine>,
    /// The exporters, by address, version and domain.
    pub exporters: Vec<ExporterLine>,
    /// The problems, worst first.
    pub problems: Vec<ProblemLine>,
    /// Sums over everything.
    pub totals: Totals,
    /// Batches that begin with the first flows.
    pub head: Vec<FlowBatch>,
    /// True if bytes and packets are multiplied by the sampling rates.
    pub scaled: bool,
}

impl Overview {
    /// Puts the facts together once the run has ended.
    pub fn new(reports: &[FileReport], collector: &Collector, sums: HeadAndSums) -> Self {
        let scaled = collector.schema().scaled();
        let census = collector.census();
        let files: Vec<FileLine> = (0u32..)
            .zip(reports)
            .map(|(number, report)| FileLine {
                report: report.clone(),
                nde_datagrams: census.nde_by_file.get(&number).copied().unwrap_or(0),
                messages: census.messages_by_file.iter().filter(|((f, _), _)| *f == number).map(|((_, v), n)| (*v, *n)).collect(),
            })
            .collect();
        let mut exporters: Vec<ExporterLine> =
            (0u32..).zip(&census.sources).map(|(number, _)| exporter_line(collector, number, &sums.by_layout)).collect();
        exporters.sort_by_key(|e| e.key);
        let totals = totals(reports, collector, &exporters);
        Self { files, exporters, problems: problem_lines(reports, collector), totals, head: sums.head, scaled }
    }

    /// True if something worse than a note was met.
    pub fn has_damage(&self) -> bool {
        self.problems.iter().any(|p| p.severity > Severity::Note)
    }
}

fn exporter_line(collector: &Collector, number: u32, by_layout: &[LayoutSums]) -> ExporterLine {
    let census = collector.census();
    let source = &census.sources[number as usize];
    let key = source.key;
    let mut sums = LayoutSums::default();
    // One entry for each content: an exporter that came back with another port sent the same templates again.
    let mut layouts: Vec<(Option<Arc<Template>>, LayoutSums)> = Vec::new();
    // Contents that came in this run; a kept one may be in use and never have come.
    let mut sent: HashSet<Arc<Template>> = HashSet::new();
    let mut add = |template: Option<Arc<Template>>, own: LayoutSums| match layouts.iter_mut().find(|(t, _)| *t == template) {
        Some((_, sums)) => sums.add(&own),
        None => layouts.push((template, own)),
    };
    for (layout, own) in census.layouts.iter().zip(by_layout.iter().copied().chain(std::iter::repeat(LayoutSums::default()))) {
        if layout.source == number {
            sums.add(&own);
            match layout.kind {
                LayoutKind::Fixed(_) => add(None, own),
                LayoutKind::Template(id) => match collector.templates().definition(id) {
                    // The shapes of stored flows are no templates that an exporter sent.
                    Some(definition) if definition.template.was_sent() => {
                        if !definition.is_only_kept() {
                            sent.insert(Arc::clone(&definition.template));
                        }
                        add(Some(Arc::clone(&definition.template)), own);
                    }
                    _ => {}
                },
            }
        }
    }
    let mut options: HashSet<&Template> = HashSet::new();
    for definition in collector.templates().definitions().iter().filter(|d| d.times_sent > 0 && d.template.was_sent()) {
        let k = &definition.key;
        if (k.exporter.addr, k.version, Some(k.domain)) != (key.exporter, key.version, key.domain) {
            continue;
        }
        match definition.template.kind {
            Kind::Data => {
                sent.insert(Arc::clone(&definition.template));
                add(Some(Arc::clone(&definition.template)), LayoutSums::default());
            }
            Kind::Options => {
                options.insert(&definition.template);
            }
        }
    }
    let templates = sent.len() as u64;
    ExporterLine {
        key,
        ports: source.ports.clone(),
        messages: source.messages,
        templates,
        template_records: source.template_records,
        options_templates: options.len() as u64,
        options_template_records: source.options_template_records,
        sums,
        options_records: source.options_records,
        sets_without_template: source.sets_without_template,
        other_scopes: source.other_scopes.clone(),
        sets_by_kept_template: source.sets_by_kept_template,
        sequence: collector.sequence(number),
        problems: source.problems,
        first_seen: source.first_seen,
        last_seen: source.last_seen,
        sampling: source.sampling.clone(),
        strm: verdicts(key.version, layouts),
    }
}

/// A verdict on each layout, by template id; several contents of one id are numbered.
fn verdicts(version: Version, mut layouts: Vec<(Option<Arc<Template>>, LayoutSums)>) -> Vec<TemplateVerdict> {
    layouts.sort_by_key(|(template, _)| template.as_ref().map(|t| t.id));
    let mut out: Vec<TemplateVerdict> = Vec::with_capacity(layouts.len());
    for (template, own) in layouts {
        let template_id = template.as_ref().map(|t| t.id);
        let definition = out.last().filter(|last| last.template_id == template_id).map_or(1, |last| last.definition + 1);
        let icmp_only = own.flows > 0 && own.icmp == own.flows;
        let verdict = match &template {
            Some(template) => strm::assess(&template.fields, &own),
            None => strm::assess(&plan::fixed_template(version, 0), &own),
        };
        out.push(TemplateVerdict { template_id, definition, flows: own.flows, icmp_only, verdict });
    }
    out
}

fn totals(reports: &[FileReport], collector: &Collector, exporters: &[ExporterLine]) -> Totals {
    let census = collector.census();
    let mut t = Totals {
        frames: reports.iter().map(|r| r.frames).sum(),
        datagrams: reports.iter().map(|r| r.datagrams + r.tcp_messages).sum(),
        nde_datagrams: census.nde_datagrams,
        messages: census.messages.clone(),
        first: reports.iter().filter_map(|r| r.first).min(),
        last: reports.iter().filter_map(|r| r.last).max(),
        ..Totals::default()
    };
    for e in exporters {
        t.templates += e.templates;
        t.template_records += e.template_records;
        t.options_templates += e.options_templates;
        t.options_template_records += e.options_template_records;
        t.sums.add(&e.sums);
        t.options_records += e.options_records;
        t.sets_without_template += e.sets_without_template;
        t.sets_by_kept_template += e.sets_by_kept_template;
        t.lost += e.sequence.lost;
    }
    t
}

/// The collector's problems and the inputs' faults, merged by cause.
fn problem_lines(reports: &[FileReport], collector: &Collector) -> Vec<ProblemLine> {
    let mut lines: Vec<ProblemLine> = collector
        .ledger()
        .sorted()
        .into_iter()
        .map(|p| ProblemLine {
            code: p.cause.code,
            severity: p.cause.severity,
            title: p.cause.title,
            count: p.count,
            file: p.first.origin.file,
            frame: p.first.origin.frame,
            exporter: p.first.exporter,
            domain: p.first.domain,
            offset: p.first.offset,
            detail: p.detail.clone(),
        })
        .collect();
    for fault in reports.iter().flat_map(|r| &r.faults) {
        match lines.iter_mut().find(|l| l.code == fault.cause.code()) {
            Some(line) => line.count += fault.count,
            None => lines.push(ProblemLine {
                code: fault.cause.code(),
                severity: fault.cause.severity(),
                title: fault.cause.description().trim_end_matches('.'),
                count: fault.count,
                file: fault.first.file,
                frame: fault.first.frame,
                exporter: None,
                domain: None,
                offset: None,
                detail: fault.detail.clone(),
            }),
        }
    }
    lines.sort_by_key(|l| (std::cmp::Reverse(l.severity), std::cmp::Reverse(l.count), l.code));
    lines
}
