//! The facts of the overview, put together from the inputs' reports, the collector's counts and the sums over the flows.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::audit::{self, LayoutAudit, Profile, Traffic};
use crate::collector::{Collector, OtherScope, SequenceReport, Severity, SourceKey, SourceSampling};
use crate::column::FlowBatch;
use crate::input::FileReport;
use crate::message::Version;
use crate::template::{Kind, ScopeRule};
use crate::time::Timestamp;

use super::totals::HeadAndSums;

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
    pub sums: Traffic,
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
    /// What the profile says of each template for flows, and of the fixed records of v1, v5 and v7.
    pub layouts: Vec<LayoutAudit>,
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
    pub sums: Traffic,
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
    /// The profile that the layouts are held against.
    pub profile: Arc<Profile>,
    /// The columns of exported flows; `None` for captures.
    pub columns: Option<Vec<ColumnLine>>,
}

/// A column of exported flows.
#[derive(Clone, Debug)]
pub struct ColumnLine {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: crate::plan::Kind,
    /// How many flows have a value.
    pub values: u64,
}

impl Overview {
    /// Puts the facts together once the run has ended.
    pub fn new(reports: &[FileReport], collector: &Collector, sums: HeadAndSums, profile: Arc<Profile>) -> Self {
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
            (0u32..).zip(&census.sources).map(|(number, _)| exporter_line(collector, number, &sums.by_layout, &profile)).collect();
        exporters.sort_by_key(|e| e.key);
        let totals = totals(reports, collector, &exporters);
        Self { files, exporters, problems: problem_lines(reports, collector), totals, head: sums.head, scaled, profile, columns: None }
    }

    /// True if something worse than a note was met.
    pub fn has_damage(&self) -> bool {
        self.problems.iter().any(|p| p.severity > Severity::Note)
    }
}

/// What is to be said of one of the census's sources.
pub(super) fn exporter_line(collector: &Collector, number: u32, by_layout: &[Traffic], profile: &Arc<Profile>) -> ExporterLine {
    let census = collector.census();
    let source = &census.sources[number as usize];
    let mut sums = Traffic::default();
    let own = census.layouts.iter().zip(by_layout).filter(|(layout, _)| layout.source == number);
    own.for_each(|(_, traffic)| sums.add(traffic));
    let mut layouts = audit::layouts(collector, number, by_layout, std::slice::from_ref(profile));
    let options = layouts.extract_if(.., |l| l.content.kind == Kind::Options).filter(|l| l.sent).count() as u64;
    ExporterLine {
        key: source.key,
        ports: source.ports.clone(),
        messages: source.messages,
        templates: layouts.iter().filter(|l| l.sent && l.template().is_some()).count() as u64,
        template_records: source.template_records,
        options_templates: options,
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
        layouts,
    }
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
pub(super) fn problem_lines(reports: &[FileReport], collector: &Collector) -> Vec<ProblemLine> {
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
