//! The overview of flows that were exported before: who sent them and how much, which columns have values; of templates nothing is known.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::audit::{Profile, Traffic};
use crate::collector::{Collector, Digest, Flow, SequenceReport, Sink, SourceKey, SourceSampling};
use crate::column::{FlowBatch, Values};
use crate::input::FileReport;
use crate::plan::{Canonical, Schema, Source};
use crate::time::Timestamp;

use super::overview::{ColumnLine, ExporterLine, FileLine, Overview, Totals, problem_lines};

/// Rows of the head.
const HEAD: usize = 10;
/// Batches that may be the first one: workers take them in order, and each has one.
const FIRST_BATCHES: usize = 64;

/// Sums batches up by exporter.
#[derive(Debug, Default)]
pub struct StoredSums {
    seen: AtomicUsize,
}

/// What some flows of an exporter add up to, and their times.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    traffic: Traffic,
    span: Option<(i64, i64)>,
}

/// What a batch adds.
#[derive(Debug)]
pub struct StoredPart {
    by_source: Vec<(SourceKey, Sum)>,
    /// How many rows have a value, by the schema's columns.
    values: Vec<u64>,
    head: Option<FlowBatch>,
}

/// The sums of a run.
#[derive(Debug, Default)]
pub struct StoredTotals {
    by_source: BTreeMap<SourceKey, Sum>,
    values: Vec<u64>,
    head: Vec<FlowBatch>,
}

impl Digest for StoredSums {
    type Part = StoredPart;

    fn digest(&self, batch: &FlowBatch) -> StoredPart {
        // By layout, which is a number for each exporter here.
        let traffic = Traffic::by_layout(batch);
        let mut by_source: Vec<(SourceKey, Sum)> = Vec::new();
        for (layout, traffic) in traffic {
            let mut runs = batch.runs().iter().filter(|run| run.context.layout == layout).peekable();
            let Some(context) = runs.peek().map(|run| run.context) else { continue };
            let key = SourceKey { exporter: context.exporter.addr, version: context.version, domain: context.domain };
            let times = runs.filter_map(|run| match run.context.received {
                Some(time) => Some((time.nanos(), time.nanos())),
                None => span(batch, run.start..run.start + run.rows),
            });
            by_source.push((key, Sum { traffic, span: times.reduce(wider) }));
        }
        let first = self.seen.fetch_add(1, Ordering::Relaxed) < FIRST_BATCHES;
        StoredPart { by_source, values: values(batch), head: first.then(|| batch.clone()) }
    }
}

fn wider(a: (i64, i64), b: (i64, i64)) -> (i64, i64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// The times of flows that do not say when they were received.
fn span(batch: &FlowBatch, rows: std::ops::Range<usize>) -> Option<(i64, i64)> {
    let columns = [Canonical::FlowStart, Canonical::FlowEnd].into_iter().filter_map(|c| batch.canonical(c));
    let times = columns.flat_map(|column| {
        let Values::I64(nanos) = &column.values else { return Vec::new() };
        rows.clone().filter(|row| column.validity.get(*row)).filter_map(|row| nanos.get(row).map(|n| (*n, *n))).collect()
    });
    times.reduce(wider)
}

fn values(batch: &FlowBatch) -> Vec<u64> {
    let runs = |has: &dyn Fn(&crate::column::Context) -> bool| {
        batch.runs().iter().filter(|run| has(&run.context)).map(|run| run.rows as u64).sum::<u64>()
    };
    let specs = batch.schema().columns().iter().zip(batch.columns());
    specs
        .map(|(spec, column)| match spec.source {
            Source::Canonical(Canonical::Received) => runs(&|c| c.received.is_some()),
            Source::Canonical(Canonical::Exporter) => runs(&|c| c.exporter.known_addr().is_some()),
            Source::Canonical(Canonical::ObservationDomain) => runs(&|c| c.domain.is_some()),
            Source::Canonical(Canonical::NdeVersion) => runs(&|c| c.version.number() != 0),
            Source::Canonical(Canonical::TemplateId) => runs(&|c| c.template_id.is_some()),
            _ => (column.validity.len() - column.validity.nulls()) as u64,
        })
        .collect()
}

impl Sink<StoredPart> for StoredTotals {
    type Error = Infallible;

    fn absorb(&mut self, part: StoredPart) -> Result<Flow, Infallible> {
        for (key, sum) in part.by_source {
            let total = self.by_source.entry(key).or_default();
            total.traffic.add(&sum.traffic);
            total.span = total.span.into_iter().chain(sum.span).reduce(wider);
        }
        self.values.resize(part.values.len().max(self.values.len()), 0);
        self.values.iter_mut().zip(part.values).for_each(|(total, values)| *total += values);
        if self.head.iter().map(FlowBatch::rows).sum::<usize>() < HEAD {
            self.head.extend(part.head);
        }
        Ok(Flow::Continue)
    }
}

impl Overview {
    /// The overview of exported flows, once the run has ended.
    pub fn of_stored(reports: &[FileReport], collector: &Collector, schema: &Schema, sums: StoredTotals, profile: Arc<Profile>) -> Self {
        let files = reports.iter().map(|report| FileLine { report: report.clone(), nde_datagrams: 0, messages: BTreeMap::new() }).collect();
        let exporters: Vec<ExporterLine> = sums.by_source.iter().map(|(key, sum)| exporter_line(*key, sum)).collect();
        let mut totals = Totals::default();
        exporters.iter().for_each(|e| totals.sums.add(&e.sums));
        let columns = schema.columns().iter().zip(&sums.values).filter(|(spec, _)| !spec.hidden);
        let columns = columns.map(|(spec, values)| ColumnLine { name: spec.name.clone(), kind: spec.kind, values: *values }).collect();
        Self {
            files,
            exporters,
            problems: problem_lines(reports, collector),
            totals,
            head: sums.head,
            scaled: schema.scaled(),
            profile,
            columns: Some(columns),
        }
    }
}

fn exporter_line(key: SourceKey, sum: &Sum) -> ExporterLine {
    let (first, last) = sum.span.unwrap_or((0, 0));
    ExporterLine {
        key,
        ports: Vec::new(),
        messages: 0,
        templates: 0,
        template_records: 0,
        options_templates: 0,
        options_template_records: 0,
        sums: sum.traffic,
        options_records: 0,
        sets_without_template: 0,
        other_scopes: BTreeMap::new(),
        sets_by_kept_template: 0,
        sequence: SequenceReport::default(),
        problems: 0,
        first_seen: Timestamp::from_nanos(first),
        last_seen: Timestamp::from_nanos(last),
        sampling: SourceSampling::default(),
        layouts: Vec::new(),
    }
}
