//! What the values of flows are worth: a field may be there and carry nothing.
//!
//! For each layout, and of the flows that were looked at: how many values each column has and whether they differ, and how often
//! values contradict each other or what can be. Traffic is summed up over all flows.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;
use std::sync::Arc;

use crate::collector::{Digest, Flow, Sink};
use crate::column::{Column, FlowBatch, Run, Values};
use crate::datagram::Origin;
use crate::plan::{Canonical, Schema, SchemaBuilder};
use crate::time::Timestamp;

use super::traffic::{TCP, Traffic};

/// The columns whose values are looked at.
pub const LOOKED_AT: [Canonical; 14] = [
    Canonical::Protocol,
    Canonical::TcpFlags,
    Canonical::Bytes,
    Canonical::Packets,
    Canonical::BytesOut,
    Canonical::PacketsOut,
    Canonical::SrcAddr,
    Canonical::DstAddr,
    Canonical::SrcPort,
    Canonical::DstPort,
    Canonical::InIf,
    Canonical::OutIf,
    Canonical::FlowStart,
    Canonical::FlowEnd,
];

const NANOS_PER_MILLI: i64 = 1_000_000;
/// A counter from here on is beyond what collectors with signed 32-bit counters hold.
const TWO_GIGA: u64 = 1 << 31;
/// The fastest line that there is: 800 Gbit/s, in octets a second.
const LINE_RATE: u128 = 100_000_000_000;
/// The longest IP packet (RFC 791 §3.1).
const LONGEST_PACKET: u64 = 65_535;
/// QRadar corrects up-time stamps that exceed the header's up-time by more than this.
const DAY_MS: i64 = 86_400_000;

macro_rules! oddities {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// What can be odd about the values of a flow.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Oddity {
            $($(#[doc = $doc])* $name,)*
        }

        impl Oddity {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

oddities! {
    /// It ends before it starts.
    EndBeforeStart,
    /// It ends after it was received, by more than the limit.
    EndAhead,
    /// It ended before it was received, by more than the limit.
    EndLongAgo,
    /// A counter of 2^31 or more.
    Beyond31Bits,
    /// More octets than the packets can hold, or than the fastest line carries in its duration.
    BeyondLine,
    /// Octets without a packet, or packets without an octet.
    OneCounterZero,
    /// IN and OUT counters are equal and not zero.
    InOutEqual,
    /// TCP, and the flags are there and zero.
    TcpWithoutFlags,
    /// Both interfaces are 0.
    InterfacesZero,
    /// 127.0.0.4 or 127.0.0.5, which QRadar puts where its licence ends.
    OverflowAddress,
    /// Another address of 127.0.0.0/8.
    Loopback,
    /// First or last lie before the boot that the header's up-time tells: the stamps are from before a wrap of the up-time.
    StampWrapped,
    /// Such a stamp exceeds the header's up-time by at most a day, so that QRadar does not correct it.
    StampNotCorrected,
}

/// How often something was seen, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Flows.
    pub count: u64,
    /// Where first, and the values there.
    pub first: Option<(Origin, String)>,
}

impl Seen {
    fn note(&mut self, origin: Origin, what: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((origin, what()));
        }
    }

    fn merge(&mut self, later: Self) {
        self.count += later.count;
        self.first = self.first.take().or(later.first);
    }
}

/// What a column's values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldContent {
    /// Values that are there.
    pub values: u64,
    /// Those that are 0.
    pub zeros: u64,
    /// The least and the greatest.
    pub range: Option<(u128, u128)>,
}

impl FieldContent {
    /// True if there are values, and all are 0.
    pub fn is_always_zero(&self) -> bool {
        self.values > 0 && self.zeros == self.values
    }

    /// The value that all have, if all have the same and it is not 0.
    pub fn constant(&self) -> Option<u128> {
        self.range.filter(|(least, most)| least == most && *most != 0).map(|(value, _)| value)
    }

    fn take(&mut self, value: u128) {
        self.values += 1;
        self.zeros += u64::from(value == 0);
        let (least, most) = self.range.unwrap_or((value, value));
        self.range = Some((least.min(value), most.max(value)));
    }

    fn merge(&mut self, other: &Self) {
        self.values += other.values;
        self.zeros += other.zeros;
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
    }
}

/// What the values of a layout are worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Flows that were looked at.
    pub flows: u64,
    /// By column, in the order of [`LOOKED_AT`].
    pub fields: [FieldContent; LOOKED_AT.len()],
    /// By oddity, in the order of [`Oddity::ALL`].
    pub oddities: [Seen; Oddity::ALL.len()],
    /// Flows with both IN and OUT octets.
    pub in_and_out: u64,
}

impl Content {
    /// What a column's values are.
    pub fn field(&self, column: Canonical) -> FieldContent {
        LOOKED_AT.iter().position(|c| *c == column).map_or_else(FieldContent::default, |at| self.fields[at])
    }

    /// How often an oddity was seen.
    pub fn odd(&self, oddity: Oddity) -> &Seen {
        &self.oddities[oddity as usize]
    }

    /// Adds what was seen later; several definitions of one content add up too.
    pub fn merge(&mut self, later: Self) {
        self.flows += later.flows;
        self.in_and_out += later.in_and_out;
        self.fields.iter_mut().zip(&later.fields).for_each(|(own, other)| own.merge(other));
        self.oddities.iter_mut().zip(later.oddities).for_each(|(own, other)| own.merge(other));
    }

    fn note(&mut self, oddity: Oddity, origin: Origin, what: impl FnOnce() -> String) {
        self.oddities[oddity as usize].note(origin, what);
    }
}

/// The columns for the flows that are looked at.
pub fn content_schema() -> Arc<Schema> {
    let mut builder = SchemaBuilder::default();
    LOOKED_AT.iter().for_each(|c| _ = builder.canonical(*c));
    Arc::new(builder.build())
}

/// The columns for all others.
pub fn traffic_schema() -> Arc<Schema> {
    let mut builder = SchemaBuilder::default();
    Traffic::columns(&mut builder);
    Arc::new(builder.build())
}

/// Sums up traffic, and looks at the values of batches that have all columns.
#[derive(Debug)]
pub struct ContentDigest {
    deep: Arc<Schema>,
    time_limit: i64,
}

impl ContentDigest {
    /// `deep` is the schema of the batches to look at, `time_limit` how many nanoseconds a flow's end may be off its arrival.
    pub fn new(deep: Arc<Schema>, time_limit: i64) -> Self {
        Self { deep, time_limit }
    }
}

/// What a batch adds.
#[derive(Debug)]
pub struct ContentPart {
    traffic: Vec<(u32, Traffic)>,
    content: Vec<(u32, Content)>,
}

impl Digest for ContentDigest {
    type Part = ContentPart;

    fn digest(&self, batch: &FlowBatch) -> ContentPart {
        let deep = Arc::ptr_eq(batch.schema(), &self.deep);
        ContentPart { traffic: Traffic::by_layout(batch), content: if deep { by_layout(batch, self.time_limit) } else { Vec::new() } }
    }
}

/// Traffic and content by the collector's numbers of layouts.
#[derive(Debug, Default)]
pub struct ContentSums {
    /// Over all flows.
    pub traffic: Vec<Traffic>,
    /// Over those that were looked at.
    pub content: Vec<Content>,
}

impl Sink<ContentPart> for ContentSums {
    type Error = Infallible;

    fn absorb(&mut self, part: ContentPart) -> Result<Flow, Infallible> {
        Traffic::add_to(&mut self.traffic, part.traffic);
        for (layout, content) in part.content {
            let layout = layout as usize;
            if self.content.len() <= layout {
                self.content.resize_with(layout + 1, Content::default);
            }
            self.content[layout].merge(content);
        }
        Ok(Flow::Continue)
    }
}

fn by_layout(batch: &FlowBatch, time_limit: i64) -> Vec<(u32, Content)> {
    let columns = Columns::of(batch);
    let mut out: Vec<(u32, Content)> = Vec::new();
    for run in batch.runs() {
        let place = out.iter().position(|(layout, _)| *layout == run.context.layout).unwrap_or_else(|| {
            out.push((run.context.layout, Content::default()));
            out.len() - 1
        });
        let content = &mut out[place].1;
        content.flows += run.rows as u64;
        columns.look(run, content, time_limit);
    }
    out
}

/// The columns that are looked at, in the order of [`LOOKED_AT`].
struct Columns<'a>([Option<&'a Column>; LOOKED_AT.len()]);

impl<'a> Columns<'a> {
    fn of(batch: &'a FlowBatch) -> Self {
        Self(LOOKED_AT.map(|c| batch.canonical(c)))
    }

    fn get(&self, which: Canonical) -> Option<&'a Column> {
        LOOKED_AT.iter().position(|c| *c == which).and_then(|at| self.0[at])
    }

    fn look(&self, run: &Run, content: &mut Content, time_limit: i64) {
        let rows = run.start..run.start + run.rows;
        for (field, column) in content.fields.iter_mut().zip(self.0) {
            if let Some(column) = column {
                take(field, column, rows.clone());
            }
        }
        self.times(run, content, time_limit);
        self.counters(run, content);
        self.others(run, content);
        self.addresses(run, content);
    }

    fn times(&self, run: &Run, content: &mut Content, time_limit: i64) {
        let (Some(start), Some(end)) = (self.get(Canonical::FlowStart), self.get(Canonical::FlowEnd)) else { return };
        let (origin, received) = (run.context.origin, run.context.received);
        for row in run.start..run.start + run.rows {
            let (first, last) = (time(start, row), time(end, row));
            if let (Some(first), Some(last)) = (first, last)
                && last < first
            {
                content.note(Oddity::EndBeforeStart, origin, || format!("from {} to {}", stamp(first), stamp(last)));
            }
            if let (Some(last), Some(received)) = (last, received) {
                let late = received.nanos().saturating_sub(last);
                let what = || format!("ends {}, received {received}", stamp(last));
                if late < -time_limit {
                    content.note(Oddity::EndAhead, origin, what);
                } else if late > time_limit {
                    content.note(Oddity::EndLongAgo, origin, what);
                }
            }
            if let (Some(first), Some(clock)) = (first, run.context.clock)
                && first < clock.zero().nanos()
            {
                // As it stood in the record: counted back from 2^32.
                let raw = (1_i64 << 32) - (clock.zero().nanos() - first) / NANOS_PER_MILLI;
                let up = i64::from(clock.uptime_ms());
                let what = || format!("starts {}; the stamp is {raw} ms, the up-time {up} ms", stamp(first));
                content.note(Oddity::StampWrapped, origin, what);
                if raw - up <= DAY_MS {
                    content.note(Oddity::StampNotCorrected, origin, what);
                }
            }
        }
    }

    fn counters(&self, run: &Run, content: &mut Content) {
        let number = |which, row| self.get(which).and_then(|c| c.unsigned(row));
        let (start, end) = (self.get(Canonical::FlowStart), self.get(Canonical::FlowEnd));
        let origin = run.context.origin;
        for row in run.start..run.start + run.rows {
            let (bytes, packets) = (number(Canonical::Bytes, row), number(Canonical::Packets, row));
            let both = || format!("{} octets in {} packets", bytes.unwrap_or(0), packets.unwrap_or(0));
            if bytes.is_some_and(|b| b >= TWO_GIGA) || packets.is_some_and(|p| p >= TWO_GIGA) {
                content.note(Oddity::Beyond31Bits, origin, both);
            }
            if let (Some(bytes), Some(packets)) = (bytes, packets) {
                let duration = start.zip(end).and_then(|(s, e)| Some(time(e, row)?.saturating_sub(time(s, row)?)));
                if (bytes == 0) != (packets == 0) {
                    content.note(Oddity::OneCounterZero, origin, both);
                } else if u128::from(bytes) > u128::from(packets) * u128::from(LONGEST_PACKET) || too_fast(bytes, duration) {
                    content.note(Oddity::BeyondLine, origin, || match duration {
                        Some(nanos) => format!("{} in {} ms", both(), nanos / NANOS_PER_MILLI),
                        None => both(),
                    });
                }
            }
            if let (Some(bytes), Some(out)) = (bytes, number(Canonical::BytesOut, row))
                && self.distinct(row)
            {
                content.in_and_out += 1;
                let same_packets = packets == number(Canonical::PacketsOut, row) || number(Canonical::PacketsOut, row).is_none();
                if bytes == out && bytes != 0 && same_packets {
                    content.note(Oddity::InOutEqual, origin, || format!("{bytes} octets in and out"));
                }
            }
        }
    }

    /// False where `bytes` has nothing but the OUT counter to stand on.
    fn distinct(&self, row: usize) -> bool {
        self.get(Canonical::BytesOut).zip(self.get(Canonical::Bytes)).is_some_and(|(o, b)| o.validity.get(row) && b.validity.get(row))
    }

    fn others(&self, run: &Run, content: &mut Content) {
        let number = |which, row| self.get(which).and_then(|c| c.unsigned(row));
        for row in run.start..run.start + run.rows {
            if number(Canonical::Protocol, row) == Some(TCP.into()) && number(Canonical::TcpFlags, row) == Some(0) {
                content.note(Oddity::TcpWithoutFlags, run.context.origin, || {
                    let port = |which| number(which, row).map_or_else(|| "?".to_owned(), |p| p.to_string());
                    format!("TCP from port {} to {}", port(Canonical::SrcPort), port(Canonical::DstPort))
                });
            }
            if number(Canonical::InIf, row) == Some(0) && number(Canonical::OutIf, row) == Some(0) {
                content.note(Oddity::InterfacesZero, run.context.origin, || "in 0, out 0".to_owned());
            }
        }
    }

    fn addresses(&self, run: &Run, content: &mut Content) {
        const LOOPBACK: [u8; 13] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127];
        for which in [Canonical::SrcAddr, Canonical::DstAddr] {
            let Some(Column { values: Values::Address(values), .. }) = self.get(which) else { continue };
            let rows = values.get(run.start..run.start + run.rows).unwrap_or(&[]);
            for address in rows.iter().filter(|a| a.starts_with(&LOOPBACK)) {
                let overflow = matches!(address, [.., 0, 0, 4 | 5]);
                let oddity = if overflow { Oddity::OverflowAddress } else { Oddity::Loopback };
                content.note(oddity, run.context.origin, || format!("{} {}", which.name(), Shown(*address)));
            }
        }
    }
}

fn too_fast(bytes: u64, duration: Option<i64>) -> bool {
    // Shorter ones are rounding: many exporters count in milliseconds or seconds.
    const SHORTEST: i64 = 1_000_000_000;
    duration.filter(|d| *d >= SHORTEST).is_some_and(|d| u128::from(bytes) * 1_000_000_000 > LINE_RATE * u128::from(d.unsigned_abs()))
}

fn take(field: &mut FieldContent, column: &Column, rows: Range<usize>) {
    let whole = column.validity.nulls() == 0;
    let start = rows.start;
    let there = |row: usize| whole || column.validity.get(start + row);
    macro_rules! each {
        ($values:expr, $number:expr) => {
            for (row, value) in $values.get(rows).unwrap_or(&[]).iter().enumerate() {
                if there(row) {
                    field.take($number(value));
                }
            }
        };
    }
    match &column.values {
        Values::U8(v) => each!(v, |x: &u8| u128::from(*x)),
        Values::U16(v) => each!(v, |x: &u16| u128::from(*x)),
        Values::U32(v) => each!(v, |x: &u32| u128::from(*x)),
        Values::U64(v) => each!(v, |x: &u64| u128::from(*x)),
        // Times before 1970 do not differ from 1970 here: both say nothing.
        Values::I64(v) => each!(v, |x: &i64| u128::try_from(*x).unwrap_or(0)),
        Values::Address(v) => each!(v, |x: &[u8; 16]| address(*x)),
        Values::F64(_) | Values::Bool(_) | Values::Octets(_) => {}
    }
}

/// An address as a number; 0.0.0.0 is 0, though it stands mapped in its column.
fn address(octets: [u8; 16]) -> u128 {
    let v6 = Ipv6Addr::from(octets);
    match v6.to_canonical() {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

fn time(column: &Column, row: usize) -> Option<i64> {
    match &column.values {
        Values::I64(v) if column.validity.get(row) => v.get(row).copied(),
        _ => None,
    }
}

fn stamp(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

struct Shown([u8; 16]);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ipv6Addr::from(self.0).to_canonical().fmt(f)
    }
}
