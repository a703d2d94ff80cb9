//! What flows add up to, ready to be shown.

use std::net::IpAddr;
use std::sync::Arc;

use crate::column::{Column, Context, FlowBatch, Run, Values};
use crate::message::Version;
use crate::plan::{Canonical, Kind, Schema, SchemaBuilder};

use super::counts::{Counts, Known, rate};
use super::key::KeyPart;
use super::labels::Labels;
use super::layout::Layout;
use super::question::Question;
use super::ranking::Order;
use super::series::Interval;
use super::tally::{Rows, unsigned};

/// The answers to all questions.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The sums over all flows.
    pub totals: Totals,
    /// The sums over time.
    pub series: Option<Series>,
    /// The tables, in the order of the questions.
    pub tables: Vec<Table>,
}

/// The sums over all flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Flows.
    pub flows: u64,
    /// Packets; `None`, as with all counters here, where no flow says.
    pub packets: Option<u128>,
    /// Octets.
    pub bytes: Option<u128>,
    /// Packets of the reverse direction (RFC 5103), which no other sum has.
    pub packets_reverse: Option<u128>,
    /// Octets of the reverse direction.
    pub bytes_reverse: Option<u128>,
    /// When the first flow began, nanoseconds since 1970, and when the last one ended; `None` where no flow has a time.
    pub span: Option<(i64, i64)>,
}

impl Totals {
    pub(super) fn add(&mut self, batch: &FlowBatch, rows: &Rows<'_>) {
        let sum = |canonical, values: &[u64]| {
            let said = batch.canonical(canonical).is_some_and(|c| c.validity.nulls() < c.validity.len());
            said.then(|| values.iter().map(|v| u128::from(*v)).sum::<u128>())
        };
        let first = rows.times.first.iter().copied().min();
        let last = rows.times.last.iter().copied().max();
        self.merge(&Self {
            flows: batch.rows() as u64,
            packets: sum(Canonical::Packets, rows.packets),
            bytes: sum(Canonical::Bytes, rows.bytes),
            packets_reverse: sum(Canonical::PacketsReverse, unsigned(batch, Canonical::PacketsReverse)),
            bytes_reverse: sum(Canonical::BytesReverse, unsigned(batch, Canonical::BytesReverse)),
            span: first.zip(last).filter(|(first, last)| first <= last),
        });
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.flows += other.flows;
        let both = |a: Option<u128>, b: Option<u128>| a.into_iter().chain(b).reduce(|a, b| a + b);
        self.packets = both(self.packets, other.packets);
        self.bytes = both(self.bytes, other.bytes);
        self.packets_reverse = both(self.packets_reverse, other.packets_reverse);
        self.bytes_reverse = both(self.bytes_reverse, other.bytes_reverse);
        self.span = match (self.span, other.span) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
    }

    /// The counters that some flow says.
    pub(super) fn known(&self) -> Known {
        let packets = if self.packets.is_some() { Known::PACKETS } else { Known::NONE };
        if self.bytes.is_some() { packets.or(Known::BYTES) } else { packets }
    }

    /// Bits a second, over the whole span; `None` where there is none.
    pub fn bits_per_second(&self) -> Option<u64> {
        let (first, last) = self.span?;
        rate(u64::try_from(self.bytes?).unwrap_or(u64::MAX), 8, last.abs_diff(first))
    }
}

/// Sums over time.
#[derive(Clone, Debug)]
pub struct Series {
    /// The length of an interval in nanoseconds.
    pub every: i64,
    /// The intervals in which something was, in order.
    pub intervals: Vec<Interval>,
    /// Flows that are in no interval, since they have no time.
    pub timeless: u64,
    /// The counters that some flow says.
    pub known: Known,
}

/// The first groups of a table.
#[derive(Clone, Debug)]
pub struct Table {
    /// What flows are grouped by.
    pub by: Vec<KeyPart>,
    /// By which sum the groups are in order.
    pub order: Order,
    /// How many were asked for.
    pub top: usize,
    /// The length of intervals in nanoseconds, where groups are of intervals.
    pub every: Option<i64>,
    /// Groups in all, shown or not.
    pub groups: u64,
    /// True if they did not fit memory, and files were used.
    pub spilled: bool,
    /// The sums of the groups shown.
    pub rows: Vec<Counts>,
    /// The groups shown, a row each: the interval if there are some, the columns grouped by with names of interfaces behind them, then
    /// `flows`, `packets`, `bytes`, `bps`, and over all time `first` and `last`.
    pub batch: FlowBatch,
    /// Columns before those of sums.
    pub keys: usize,
}

impl Table {
    pub(super) fn new(
        question: Question,
        layout: &Layout,
        labels: &[Labels],
        every: Option<i64>,
        ranked: impl Iterator<Item = (Option<i64>, Option<Box<[u64]>>, Counts)>,
        groups: u64,
        spilled: bool,
    ) -> Self {
        let Question { by, order, top } = question;
        let mut keys: Vec<Column> = by.iter().map(|part| Column::new(part.kind())).collect();
        let mut intervals = Column::new(Kind::Time);
        let mut rows = Vec::new();
        for (interval, key, counts) in ranked {
            layout.decode(key.as_deref(), &mut keys);
            push_time(&mut intervals, interval);
            rows.push(counts);
        }
        let names = (0..).zip(&by).filter_map(|(at, part)| Some((at, Labels::column(part.is_canonical()?)?)));
        let names: Vec<(usize, Canonical, Column)> =
            names.zip(labels).map(|((at, name), labels)| (at, name, named(labels, &by, &keys, at, rows.len()))).collect();
        let mut builder = SchemaBuilder::default();
        let mut columns = Vec::new();
        if every.is_some() {
            builder.field("interval", Kind::Time);
            columns.push(intervals);
        }
        for (at, (part, column)) in by.iter().zip(keys).enumerate() {
            add_key(&mut builder, part, &by);
            columns.push(column);
            for (_, name, column) in names.iter().filter(|(of, ..)| *of == at) {
                builder.field(name.name(), Kind::Text);
                columns.push(column.clone());
            }
        }
        let keys = columns.len();
        add_sums(&mut builder, every.is_some());
        columns.extend(sums(&rows, every));
        Self { by, order, top, every, groups, spilled, batch: whole(builder.build(), columns, rows.len()), rows, keys }
    }
}

impl Series {
    /// The intervals, a row each: `interval`, `flows`, `packets`, `bytes`, `bps`. With `gaps`, those between them in which nothing was are
    /// there too, as far as they are not more than some thousand.
    pub fn batch(&self, gaps: bool) -> FlowBatch {
        let intervals = if gaps { self.without_gaps() } else { self.intervals.clone() };
        let mut starts = Column::new(Kind::Time);
        let mut rows = Vec::new();
        for interval in &intervals {
            push_time(&mut starts, Some(interval.start));
            rows.push(Counts::of(interval.flows, interval.packets, interval.bytes, None).with_known(self.known));
        }
        let mut builder = SchemaBuilder::default();
        builder.field("interval", Kind::Time);
        add_sums(&mut builder, true);
        let columns = std::iter::once(starts).chain(sums(&rows, Some(self.every))).collect();
        whole(builder.build(), columns, rows.len())
    }

    /// The intervals with those between them in which nothing was; as they are if there would be too many.
    pub fn without_gaps(&self) -> Vec<Interval> {
        /// More than a day of seconds.
        const MOST: i64 = 100_000;
        let (Some(first), Some(last)) = (self.intervals.first(), self.intervals.last()) else { return Vec::new() };
        if last.start.saturating_sub(first.start) / self.every >= MOST {
            return self.intervals.clone();
        }
        let mut out: Vec<Interval> = Vec::new();
        for interval in &self.intervals {
            while let Some(before) = out.last().filter(|before| before.start.saturating_add(self.every) < interval.start) {
                out.push(Interval { start: before.start + self.every, ..Interval::default() });
            }
            out.push(*interval);
        }
        out
    }
}

/// Columns whose values have names that depend on nothing but themselves, or on others of the key.
fn add_key(builder: &mut SchemaBuilder, part: &KeyPart, by: &[KeyPart]) {
    let has = |column: Canonical| by.iter().any(|p| p.is_canonical() == Some(column));
    let named = part.is_canonical().filter(|canonical| match canonical {
        Canonical::Protocol
        | Canonical::TcpFlags
        | Canonical::Tos
        | Canonical::Direction
        | Canonical::FlowEndReason
        | Canonical::ForwardingStatus => true,
        Canonical::IcmpType => has(Canonical::Protocol),
        Canonical::IcmpCode => has(Canonical::Protocol) && has(Canonical::IcmpType),
        _ => false,
    });
    match named {
        Some(canonical) => builder.canonical(canonical),
        // The flows' own counters must not be taken for their sums.
        None if matches!(part.name.as_str(), "bytes" | "packets") => builder.field(&format!("flow_{}", part.name), part.kind()),
        None => builder.field(&part.name, part.kind()),
    };
}

fn add_sums(builder: &mut SchemaBuilder, interval: bool) {
    builder.field("flows", Kind::U64).canonical(Canonical::Packets).canonical(Canonical::Bytes).field("bps", Kind::U64);
    if !interval {
        builder.field("first", Kind::Time).field("last", Kind::Time);
    }
}

fn sums(rows: &[Counts], every: Option<i64>) -> Vec<Column> {
    let column = |value: &dyn Fn(&Counts) -> Option<u64>| {
        let mut column = Column::new(Kind::U64);
        if let Values::U64(values) = &mut column.values {
            values.extend(rows.iter().map(|row| value(row).unwrap_or(0)));
        }
        rows.iter().for_each(|row| column.validity.push(value(row).is_some()));
        column
    };
    let bps = |counts: &Counts| match every {
        Some(every) => rate(counts.bytes()?, 8, every.unsigned_abs()),
        None => counts.bits_per_second(),
    };
    let mut columns = vec![column(&|c| Some(c.flows)), column(&Counts::packets), column(&Counts::bytes), column(&bps)];
    if every.is_none() {
        let (mut first, mut last) = (Column::new(Kind::Time), Column::new(Kind::Time));
        for counts in rows {
            push_time(&mut first, counts.span().map(|(first, _)| first));
            push_time(&mut last, counts.span().map(|(_, last)| last));
        }
        columns.extend([first, last]);
    }
    columns
}

fn push_time(column: &mut Column, nanos: Option<i64>) {
    if let Values::I64(values) = &mut column.values {
        values.push(nanos.unwrap_or(0));
        column.validity.push(nanos.is_some());
    }
}

/// The names of a column of interfaces.
fn named(labels: &Labels, by: &[KeyPart], keys: &[Column], at: usize, rows: usize) -> Column {
    let exporters = by.iter().position(|p| p.is_canonical() == Some(Canonical::Exporter)).filter(|_| labels.is_by_exporter());
    let exporter = |row: usize| match &keys.get(exporters?)?.values {
        Values::Address(addresses) => addresses.get(row).map(|octets| IpAddr::from(*octets).to_canonical()),
        _ => None,
    };
    let mut column = Column::new(Kind::Text);
    let Values::Octets(texts) = &mut column.values else { return column };
    for row in 0..rows {
        let name = keys.get(at).and_then(|c| c.unsigned(row)).and_then(|number| labels.name((exporter(row), number)));
        texts.push(name.unwrap_or(&[]));
        column.validity.push(name.is_some());
    }
    column
}

/// A batch of rows of which no message says anything.
fn whole(schema: Schema, columns: Vec<Column>, rows: usize) -> FlowBatch {
    let context = Context::blank(Version::Ipfix);
    let runs = if rows > 0 { vec![Run { start: 0, rows, context }] } else { Vec::new() };
    FlowBatch::from_parts(Arc::new(schema), columns, runs)
}
