//! The columns of a stretch of rows to a batch: what stands once a run goes into its context, what follows from other columns is worked out.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use crate::collector::SourceKey;
use crate::column::{Column, Context, FlowBatch, Rate, Run, Validity, Values};
use crate::datagram::{Endpoint, Origin};
use crate::message::Version;
use crate::plan::{Canonical, Kind, Schema, Source};
use crate::time::Timestamp;

use super::cell;
use super::columns::{Place, StoredColumn};
use super::faults::Tally;
use super::sources::Sources;

/// Nanoseconds of a unit of `duration_ms`.
const MILLI: i64 = 1_000_000;

/// Where the values of a file go in the batches of a schema.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) schema: Arc<Schema>,
    /// The columns that are read from the file.
    pub(super) targets: Vec<Target>,
    /// Those that have the same value in all rows, one row each.
    constants: Vec<(Slot, Column)>,
    /// Where the duration goes and is worked out from, where the file does not have it.
    duration: Option<[usize; 3]>,
    /// The positions of the counters to multiply, and of the rate if it is a column of the schema.
    scale: Option<(Vec<usize>, Option<usize>)>,
    file: u32,
    sources: Arc<Sources>,
}

/// A column that is read from the file.
#[derive(Debug)]
pub(super) struct Target {
    /// The number of the column in the file.
    pub(super) column: usize,
    pub(super) name: String,
    pub(super) kind: Kind,
    slot: Slot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// A column of the batch.
    Column(usize),
    /// The runs.
    Context(Canonical),
    /// The sampling rate, where it is no column of the batch.
    Rate,
}

impl Layout {
    /// For the batches of a schema; `scaled` says that the counters in the file are multiplied already. Values of the path that don't fit
    /// their columns go into `tally`.
    pub(super) fn new(
        schema: Arc<Schema>,
        columns: &[StoredColumn],
        scaled: bool,
        file: u32,
        sources: &Arc<Sources>,
        tally: &mut Tally,
    ) -> Self {
        let find = |name: &str| columns.iter().find(|c| c.name == name);
        let mut wanted: Vec<(Slot, &StoredColumn, Kind)> = Vec::new();
        for (at, spec) in schema.columns().iter().enumerate() {
            if matches!(spec.source, Source::Canonical(c) if c.is_context()) {
                continue;
            }
            wanted.extend(find(&spec.name).map(|c| (Slot::Column(at), c, spec.kind)));
        }
        // What a run says is for everybody, whatever the columns of the batch.
        for context in Canonical::ALL.iter().filter(|c| c.is_context()) {
            wanted.extend(find(context.name()).map(|c| (Slot::Context(*context), c, context.kind())));
        }
        let position = |canonical| schema.canonical(canonical).map(usize::from);
        let counters: Vec<usize> = Canonical::COUNTERS.into_iter().filter_map(position).collect();
        let rate = find(Canonical::SamplingInterval.name());
        let scale = (schema.scaled() && !scaled && !counters.is_empty() && rate.is_some())
            .then(|| (counters, position(Canonical::SamplingInterval)));
        if let (Some((_, None)), Some(rate)) = (&scale, rate) {
            wanted.push((Slot::Rate, rate, Canonical::SamplingInterval.kind()));
        }
        let has = |canonical: Canonical| find(canonical.name()).is_some();
        let worked_out = !has(Canonical::DurationMs) && has(Canonical::FlowStart) && has(Canonical::FlowEnd);
        let places = [Canonical::DurationMs, Canonical::FlowStart, Canonical::FlowEnd].map(position);
        let duration = match places {
            [Some(out), Some(start), Some(end)] if worked_out => Some([out, start, end]),
            _ => None,
        };
        let (mut targets, mut constants) = (Vec::new(), Vec::new());
        for (slot, column, kind) in wanted {
            match &column.place {
                Place::File(number) => targets.push(Target { column: *number, name: column.name.clone(), kind, slot }),
                Place::Path(value) => {
                    let mut one = Column::new(kind);
                    match value {
                        Some(text) if !cell::push(&mut one, text.as_bytes()) => {
                            tally.add(0, || format!("in the path, {}={text}: no {}", column.name, kind.name()));
                        }
                        Some(_) => {}
                        None => cell::push_null(&mut one),
                    }
                    constants.push((slot, one));
                }
            }
        }
        Self { schema, targets, constants, duration, scale, file, sources: Arc::clone(sources) }
    }

    /// Fills an empty batch: `load` appends rows to the columns of the targets and says how many.
    pub(super) fn fill(&self, batch: &mut FlowBatch, load: impl FnOnce(&mut [Column]) -> usize) {
        let (mut columns, mut runs) = std::mem::replace(batch, FlowBatch::new(Arc::clone(&self.schema))).into_parts();
        let mut read: Vec<Column> = self.targets.iter().map(|target| take(&mut columns, target)).collect();
        let rows = load(&mut read);
        let mut context = ContextColumns::default();
        let mut rate = None;
        let repeated = self.constants.iter().map(|(slot, one)| (*slot, repeat(one, rows)));
        for (slot, column) in self.targets.iter().map(|t| t.slot).zip(read).chain(repeated) {
            match slot {
                Slot::Column(at) => {
                    if let Some(place) = columns.get_mut(at) {
                        *place = column;
                    }
                }
                Slot::Context(which) => context.put(which, column),
                Slot::Rate => rate = Some(column),
            }
        }
        if let Some(places) = self.duration {
            duration(&mut columns, places, rows);
        }
        if let Some((counters, place)) = &self.scale {
            let rate = place.and_then(|at| columns.get(at).cloned()).or(rate);
            for counter in counters {
                if let (Some(column), Some(rate)) = (columns.get_mut(*counter), &rate) {
                    scale(column, rate);
                }
            }
        }
        context.runs(rows, self.file, &self.sources, &mut runs);
        *batch = FlowBatch::from_parts(Arc::clone(&self.schema), columns, runs);
    }
}

/// The storage of a batch's column, or a new one.
fn take(columns: &mut [Column], target: &Target) -> Column {
    let place = match target.slot {
        Slot::Column(at) => columns.get_mut(at),
        _ => None,
    };
    place.map_or_else(|| Column::new(target.kind), |place| std::mem::replace(place, Column::new(target.kind)))
}

/// A value in so many rows.
fn repeat(one: &Column, rows: usize) -> Column {
    let mut column = Column::new(one.kind);
    match (&one.values, &mut column.values) {
        (Values::U8(from), Values::U8(to)) => fill(from, to, rows),
        (Values::U16(from), Values::U16(to)) => fill(from, to, rows),
        (Values::U32(from), Values::U32(to)) => fill(from, to, rows),
        (Values::U64(from), Values::U64(to)) => fill(from, to, rows),
        (Values::I64(from), Values::I64(to)) => fill(from, to, rows),
        (Values::F64(from), Values::F64(to)) => fill(from, to, rows),
        (Values::Bool(from), Values::Bool(to)) => fill(from, to, rows),
        (Values::Address(from), Values::Address(to)) => fill(from, to, rows),
        (Values::Octets(from), Values::Octets(to)) => (0..rows).for_each(|_| to.push(from.get(0))),
        _ => {}
    }
    column.validity.extend(rows, one.validity.get(0));
    column
}

fn fill<T: Copy>(from: &[T], to: &mut Vec<T>, rows: usize) {
    if let Some(value) = from.first() {
        to.resize(rows, *value);
    }
}

fn duration(columns: &mut [Column], [out, start, end]: [usize; 3], rows: usize) {
    let mut made = Column::new(Kind::I64);
    {
        let (Some(start), Some(end)) = (columns.get(start), columns.get(end)) else { return };
        let (Values::I64(starts), Values::I64(ends), Values::I64(values)) = (&start.values, &end.values, &mut made.values) else { return };
        for row in 0..rows {
            let there = start.validity.get(row) && end.validity.get(row);
            let span = starts.get(row).zip(ends.get(row)).and_then(|(start, end)| end.checked_sub(*start)).filter(|_| there);
            values.push(span.map_or(0, |span| span / MILLI));
            made.validity.push(span.is_some());
        }
    }
    if let Some(place) = columns.get_mut(out) {
        *place = made;
    }
}

fn scale(counter: &mut Column, rates: &Column) {
    let Values::U64(values) = &mut counter.values else { return };
    for (row, value) in values.iter_mut().enumerate() {
        if let Some(rate) = rates.unsigned(row).and_then(Rate::one_in) {
            *value = rate.scale(*value);
        }
    }
}

/// The columns whose values stand in runs.
#[derive(Default)]
struct ContextColumns {
    received: Option<Column>,
    exporter: Option<Column>,
    domain: Option<Column>,
    version: Option<Column>,
    template: Option<Column>,
}

impl ContextColumns {
    fn put(&mut self, which: Canonical, column: Column) {
        match which {
            Canonical::Received => self.received = Some(column),
            Canonical::Exporter => self.exporter = Some(column),
            Canonical::ObservationDomain => self.domain = Some(column),
            Canonical::NdeVersion => self.version = Some(column),
            _ => self.template = Some(column),
        }
    }

    /// Neighbouring rows with the same values are one run.
    fn runs(&self, rows: usize, file: u32, sources: &Sources, runs: &mut Vec<Run>) {
        runs.clear();
        if rows == 0 {
            return;
        }
        let mut begins = vec![false; rows];
        for column in [&self.received, &self.exporter, &self.domain, &self.version, &self.template].into_iter().flatten() {
            changes(column, &mut begins);
        }
        let (mut start, mut last) = (0, None);
        for row in begins.iter().enumerate().skip(1).filter(|(_, begins)| **begins).map(|(row, _)| row).chain([rows]) {
            let mut context = self.context(start, file);
            let key = SourceKey { exporter: context.exporter.addr, version: context.version, domain: context.domain };
            let numbers = match last {
                Some((before, numbers)) if before == key => numbers,
                _ => sources.numbers(key),
            };
            (context.source, context.layout) = numbers;
            last = Some((key, numbers));
            runs.push(Run { start, rows: row - start, context });
            start = row;
        }
    }

    fn context(&self, row: usize, file: u32) -> Context {
        let number = |column: &Option<Column>| column.as_ref().and_then(|c| c.unsigned(row));
        let received = self.received.as_ref().and_then(|column| match &column.values {
            Values::I64(nanos) if column.validity.get(row) => nanos.get(row).map(|n| Timestamp::from_nanos(*n)),
            _ => None,
        });
        let exporter = self.exporter.as_ref().and_then(|column| match &column.values {
            Values::Address(octets) if column.validity.get(row) => octets.get(row).map(|o| address(*o)),
            _ => None,
        });
        Context {
            received,
            exporter: exporter.map_or(Endpoint::UNKNOWN, |addr| Endpoint { addr, port: 0 }),
            domain: number(&self.domain).and_then(|n| u32::try_from(n).ok()),
            version: number(&self.version).and_then(|n| u16::try_from(n).ok()).and_then(Version::from_number).unwrap_or(Version::Unstated),
            template_id: number(&self.template).and_then(|n| u16::try_from(n).ok()),
            export_time: received.unwrap_or(Timestamp::from_nanos(0)),
            clock: None,
            boot: None,
            origin: Origin { file, frame: 0 },
            source: 0,
            layout: 0,
        }
    }
}

fn address(octets: [u8; 16]) -> IpAddr {
    let address = Ipv6Addr::from(octets);
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}

/// Marks the rows whose value is another than the one before.
fn changes(column: &Column, begins: &mut [bool]) {
    match &column.values {
        Values::U8(v) => differ(v, &column.validity, begins),
        Values::U16(v) => differ(v, &column.validity, begins),
        Values::U32(v) => differ(v, &column.validity, begins),
        Values::I64(v) => differ(v, &column.validity, begins),
        Values::Address(v) => differ(v, &column.validity, begins),
        _ => {}
    }
}

fn differ<T: PartialEq>(values: &[T], validity: &Validity, begins: &mut [bool]) {
    let pairs = values.iter().zip(values.iter().skip(1));
    begins.iter_mut().skip(1).zip(pairs).for_each(|(mark, (before, here))| *mark |= before != here);
    if validity.nulls() > 0 {
        begins.iter_mut().enumerate().skip(1).for_each(|(row, mark)| *mark |= validity.get(row) != validity.get(row - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SchemaBuilder;

    fn stored(names: &[&str]) -> Vec<StoredColumn> {
        let kind = |name: &&str| Canonical::by_name(name).map(Canonical::kind).unwrap();
        names.iter().enumerate().map(|(at, name)| StoredColumn { name: (*name).into(), kind: kind(name), place: Place::File(at) }).collect()
    }

    fn filled(layout: &Layout, rows: &[&[&str]]) -> FlowBatch {
        let mut batch = FlowBatch::new(Arc::clone(&layout.schema));
        layout.fill(&mut batch, |columns| {
            for row in rows {
                for (target, column) in layout.targets.iter().zip(columns.iter_mut()) {
                    match row[target.column] {
                        "" => cell::push_null(column),
                        text => assert!(cell::push(column, text.as_bytes()), "{text}"),
                    }
                }
            }
            rows.len()
        });
        batch.finish();
        batch
    }

    #[test]
    fn equal_neighbours_are_one_run() {
        let mut schema = SchemaBuilder::default();
        schema.canonical(Canonical::Received).canonical(Canonical::Exporter).canonical(Canonical::SrcPort);
        let columns = stored(&["received", "exporter", "src_port", "nde_version"]);
        let layout = Layout::new(Arc::new(schema.build()), &columns, false, 3, &Arc::new(Sources::new(0, 0)), &mut Tally::default());
        let (a, b) = ("2026-11-22T00:00:00.000Z", "2026-11-22T00:00:01.000Z");
        let rows: [&[&str]; 5] =
            [&[a, "192.0.2.1", "1", "9"], &[a, "192.0.2.1", "2", "9"], &[b, "192.0.2.1", "3", "9"], &[b, "", "4", "9"], &[b, "", "5", "4"]];
        let batch = filled(&layout, &rows);
        let runs: Vec<(usize, usize)> = batch.runs().iter().map(|r| (r.start, r.rows)).collect();
        assert_eq!(runs, [(0, 2), (2, 1), (3, 1), (4, 1)]);
        let first = &batch.runs()[0].context;
        assert_eq!(first.received, Timestamp::from_iso(a));
        assert_eq!((first.exporter.known_addr(), first.version), (Some(IpAddr::from([192, 0, 2, 1])), Version::V9));
        assert_eq!((batch.runs()[2].context.exporter.known_addr(), batch.runs()[3].context.version), (None, Version::Unstated));
        assert!(batch.columns()[0].validity.is_empty(), "what stands in runs is no column");
        assert_eq!(batch.columns()[2].values, Values::U16(vec![1, 2, 3, 4, 5]));
    }

    #[test]
    fn a_duration_and_scaled_counters() {
        let mut schema = SchemaBuilder::default();
        schema.scaled(true).canonical(Canonical::DurationMs).canonical(Canonical::Bytes);
        let schema = Arc::new(schema.build());
        let columns = stored(&["flow_start", "flow_end", "bytes", "sampling_interval"]);
        let start = "2026-11-22T00:00:00.000Z";
        let rows: [&[&str]; 3] =
            [&[start, "2026-11-22T00:00:01.500Z", "10", "100"], &[start, "", "10", ""], &["2026-11-22T00:00:02.000Z", start, "", "100"]];
        for (scaled, bytes) in [(false, vec![1_000, 10, 0]), (true, vec![10, 10, 0])] {
            let layout = Layout::new(Arc::clone(&schema), &columns, scaled, 0, &Arc::new(Sources::new(0, 0)), &mut Tally::default());
            let batch = filled(&layout, &rows);
            let duration = batch.canonical(Canonical::DurationMs).unwrap();
            assert_eq!(duration.values, Values::I64(vec![1_500, 0, -2_000]));
            assert!(!duration.validity.get(1));
            assert_eq!(batch.canonical(Canonical::Bytes).unwrap().values, Values::U64(bytes));
        }
    }

    #[test]
    fn values_of_the_path() {
        let mut schema = SchemaBuilder::default();
        schema.canonical(Canonical::Protocol).canonical(Canonical::InIf);
        let mut columns = stored(&["src_port", "protocol", "exporter", "in_if"]);
        columns[1].place = Place::Path(Some("6".into()));
        columns[2].place = Place::Path(Some("2001:db8::1".into()));
        columns[3].place = Place::Path(Some("eth0".into()));
        let mut tally = Tally::default();
        let layout = Layout::new(Arc::new(schema.build()), &columns, false, 0, &Arc::new(Sources::new(0, 0)), &mut tally);
        assert!(layout.targets.is_empty(), "no column of the file is asked for");
        let batch = filled(&layout, &[&["1"], &["2"]]);
        assert_eq!(batch.rows(), 2);
        assert_eq!(batch.columns()[0].values, Values::U8(vec![6, 6]));
        assert_eq!(batch.columns()[1].validity.nulls(), 2);
        assert_eq!(batch.runs()[0].context.exporter.addr.to_string(), "2001:db8::1");
    }
}
