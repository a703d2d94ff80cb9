//! Batches of flows → what pairing needs of them, on the workers: a key with its hash, times and counters of each flow.

use std::hash::BuildHasher;
use std::net::IpAddr;

use hashbrown::DefaultHashBuilder;

use crate::collector::Digest;
use crate::column::{Column, Context, FlowBatch, Run, Values};
use crate::plan::{Canonical, Kind, SchemaBuilder};

use super::key::{Ends, Key};

/// Which direction of a biflow is its source's (RFC 5103 §6.3).
const BIFLOW_DIRECTION: &str = "biflowDirection";
const REVERSE_FLAGS: &str = "reverseTcpControlBits";

/// Reads from batches what pairing needs.
#[derive(Clone, Debug)]
pub struct PairingDigest {
    hasher: DefaultHashBuilder,
}

/// Flows are dealt out by their keys to so many threads that pair them. A fixed number, so that the order of what comes out does not
/// depend on the machine.
pub(super) const SHARDS: usize = 2;

/// What pairing needs of a batch.
#[derive(Debug, Default)]
pub struct PairingPart {
    pub(super) shards: [ShardPart; SHARDS],
    /// Flows without an address at one end or both.
    pub(super) without_addresses: u64,
    /// Flows that tell no time of their own.
    pub(super) without_times: u64,
}

/// The flows of a batch that one thread pairs.
#[derive(Debug, Default)]
pub(super) struct ShardPart {
    pub(super) runs: Vec<PartRun>,
    pub(super) flows: Vec<Flow>,
    /// Of the flows that are bidirectional, in order.
    pub(super) reverses: Vec<Reverse>,
    /// Flows in the runs.
    ended: usize,
}

impl PairingPart {
    /// Adds a flow to its shard.
    #[inline]
    pub(super) fn push(&mut self, flow: Flow, reverse: Option<Reverse>) {
        // Not by the hash, which is another one in every run.
        let shard = &mut self.shards[flow.key.lot() as usize % SHARDS];
        shard.reverses.extend(reverse);
        shard.flows.push(flow);
    }

    /// Ends a run: the flows that were added since the last one are of that exporter.
    pub(super) fn end_run(&mut self, exporter: Option<IpAddr>, source: u32, arrival: i64) {
        for shard in &mut self.shards {
            let flows = shard.flows.len() - shard.ended;
            if flows > 0 {
                shard.runs.push(PartRun { exporter, source, arrival, flows });
                shard.ended += flows;
            }
        }
    }
}

/// Flows of one exporter that arrived together.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartRun {
    /// Who sent them; `None` where a flow log does not know.
    pub(super) exporter: Option<IpAddr>,
    /// The collector's number of the exporter.
    pub(super) source: u32,
    /// When they arrived, in nanoseconds since 1970.
    pub(super) arrival: i64,
    /// How many of [`ShardPart::flows`] they are.
    pub(super) flows: usize,
}

/// One flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    pub(super) key: Key,
    pub(super) hash: u64,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) bytes: Option<u64>,
    pub(super) packets: Option<u64>,
    pub(super) flags: Option<u16>,
    /// 0 where it is not known.
    pub(super) in_if: u32,
    pub(super) out_if: u32,
    /// Which end of the key sent it.
    pub(super) side: u8,
    /// An ICMP reply.
    pub(super) answer: bool,
    /// Counted on the way out.
    pub(super) egress: bool,
    /// Whether the times are its own.
    pub(super) timed: bool,
    /// Whether [`ShardPart::reverses`] has its other direction.
    pub(super) biflow: bool,
}

/// The other direction of a flow that holds both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reverse {
    pub(super) bytes: Option<u64>,
    pub(super) packets: Option<u64>,
    pub(super) flags: Option<u16>,
    /// Whether the source began, where the record says.
    pub(super) source_began: Option<bool>,
}

impl PairingDigest {
    /// One for all batches of a run.
    pub fn new() -> Self {
        Self { hasher: DefaultHashBuilder::default() }
    }

    /// Adds the columns that pairing looks at.
    pub fn add_columns(builder: &mut SchemaBuilder) {
        use Canonical as C;
        for column in [
            C::FlowStart,
            C::FlowEnd,
            C::SrcAddr,
            C::DstAddr,
            C::SrcPort,
            C::DstPort,
            C::Protocol,
            C::TcpFlags,
            C::Bytes,
            C::Packets,
            C::BytesReverse,
            C::PacketsReverse,
            C::IcmpType,
            C::IcmpCode,
            C::InIf,
            C::OutIf,
            C::Direction,
        ] {
            builder.canonical(column);
        }
        builder.field(REVERSE_FLAGS, Kind::U64);
        builder.field(BIFLOW_DIRECTION, Kind::U64);
    }
}

impl Default for PairingDigest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest for PairingDigest {
    type Part = PairingPart;

    fn digest(&self, batch: &FlowBatch) -> PairingPart {
        let columns = Columns::of(batch);
        let mut part = PairingPart::default();
        for shard in &mut part.shards {
            shard.flows.reserve(batch.rows() / SHARDS + batch.rows() / 16);
        }
        for run in batch.runs() {
            self.read(&columns, run, &mut part);
        }
        part
    }
}

impl PairingDigest {
    fn read(&self, columns: &Columns<'_>, run: &Run, part: &mut PairingPart) {
        let told = arrival(&run.context);
        let mut arrival = told;
        for row in run.start..run.start + run.rows {
            let (Some(src), Some(dst)) = (columns.src.get(row), columns.dst.get(row)) else {
                part.without_addresses += 1;
                continue;
            };
            let (start, end) = (columns.start.get(row), columns.end.get(row));
            let timed = start.is_some() || end.is_some();
            part.without_times += u64::from(!timed);
            let first = start.or(end).or(told).unwrap_or(0);
            let last = end.unwrap_or(first);
            if told.is_none() {
                arrival = arrival.max(Some(last));
            }
            let icmp = columns.icmp_type.get(row).map(|t| (t, columns.icmp_code.get(row).unwrap_or(0)));
            let (key, side, answer) = Key::of(&Ends {
                src,
                dst,
                src_port: columns.src_port.get(row).unwrap_or(0),
                dst_port: columns.dst_port.get(row).unwrap_or(0),
                protocol: columns.protocol.get(row),
                icmp,
            });
            let reverse = Reverse {
                bytes: columns.bytes_reverse.get(row),
                packets: columns.packets_reverse.get(row),
                flags: columns.flags_reverse.get(row).and_then(|f| u16::try_from(f).ok()),
                source_began: match columns.biflow_direction.get(row) {
                    Some(1) => Some(true),
                    Some(2) => Some(false),
                    _ => None,
                },
            };
            // A count of 0 says that nothing came back.
            let biflow = reverse.bytes.is_some_and(|n| n > 0) || reverse.packets.is_some_and(|n| n > 0);
            let flow = Flow {
                key,
                hash: self.hasher.hash_one(key),
                first: first.min(last),
                last: last.max(first),
                bytes: columns.bytes.get(row),
                packets: columns.packets.get(row),
                flags: columns.flags.get(row),
                in_if: columns.in_if.get(row).unwrap_or(0),
                out_if: columns.out_if.get(row).unwrap_or(0),
                side: u8::from(side == 1),
                answer,
                egress: columns.direction.get(row) == Some(1),
                timed,
                biflow,
            };
            part.push(flow, biflow.then_some(reverse));
        }
        part.end_run(run.context.exporter.known_addr(), run.context.source, arrival.unwrap_or(0));
    }
}

/// When the capture saw the message, else when it was exported.
fn arrival(context: &Context) -> Option<i64> {
    context.received.map(|t| t.nanos()).or(Some(context.export_time.nanos()).filter(|t| *t != 0))
}

/// A column's values by their type, looked up once for a batch.
struct Cells<'a, T> {
    values: &'a [T],
    column: Option<&'a Column>,
    all: bool,
}

impl<'a, T: Copy> Cells<'a, T> {
    fn of(column: Option<&'a Column>, values: impl FnOnce(&'a Values) -> Option<&'a [T]>) -> Self {
        match column.and_then(|c| Some((c, values(&c.values)?))) {
            Some((column, values)) => Self { values, column: Some(column), all: column.validity.nulls() == 0 },
            None => Self { values: &[], column: None, all: false },
        }
    }

    #[inline(always)]
    fn get(&self, row: usize) -> Option<T> {
        if self.all || self.column.is_some_and(|c| c.validity.get(row)) { self.values.get(row).copied() } else { None }
    }
}

struct Columns<'a> {
    start: Cells<'a, i64>,
    end: Cells<'a, i64>,
    src: Cells<'a, [u8; 16]>,
    dst: Cells<'a, [u8; 16]>,
    src_port: Cells<'a, u16>,
    dst_port: Cells<'a, u16>,
    protocol: Cells<'a, u8>,
    flags: Cells<'a, u16>,
    bytes: Cells<'a, u64>,
    packets: Cells<'a, u64>,
    bytes_reverse: Cells<'a, u64>,
    packets_reverse: Cells<'a, u64>,
    flags_reverse: Cells<'a, u64>,
    biflow_direction: Cells<'a, u64>,
    icmp_type: Cells<'a, u8>,
    icmp_code: Cells<'a, u8>,
    in_if: Cells<'a, u32>,
    out_if: Cells<'a, u32>,
    direction: Cells<'a, u8>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a FlowBatch) -> Self {
        use Canonical as C;
        let named = |name: &str| batch.schema().position(name).and_then(|p| batch.columns().get(usize::from(p)));
        Self {
            start: Cells::of(batch.canonical(C::FlowStart), times),
            end: Cells::of(batch.canonical(C::FlowEnd), times),
            src: Cells::of(batch.canonical(C::SrcAddr), addresses),
            dst: Cells::of(batch.canonical(C::DstAddr), addresses),
            src_port: Cells::of(batch.canonical(C::SrcPort), shorts),
            dst_port: Cells::of(batch.canonical(C::DstPort), shorts),
            protocol: Cells::of(batch.canonical(C::Protocol), octets),
            flags: Cells::of(batch.canonical(C::TcpFlags), shorts),
            bytes: Cells::of(batch.canonical(C::Bytes), counters),
            packets: Cells::of(batch.canonical(C::Packets), counters),
            bytes_reverse: Cells::of(batch.canonical(C::BytesReverse), counters),
            packets_reverse: Cells::of(batch.canonical(C::PacketsReverse), counters),
            flags_reverse: Cells::of(named(REVERSE_FLAGS), counters),
            biflow_direction: Cells::of(named(BIFLOW_DIRECTION), counters),
            icmp_type: Cells::of(batch.canonical(C::IcmpType), octets),
            icmp_code: Cells::of(batch.canonical(C::IcmpCode), octets),
            in_if: Cells::of(batch.canonical(C::InIf), words),
            out_if: Cells::of(batch.canonical(C::OutIf), words),
            direction: Cells::of(batch.canonical(C::Direction), octets),
        }
    }
}

fn times(values: &Values) -> Option<&[i64]> {
    if let Values::I64(v) = values { Some(v) } else { None }
}

fn addresses(values: &Values) -> Option<&[[u8; 16]]> {
    if let Values::Address(v) = values { Some(v) } else { None }
}

fn octets(values: &Values) -> Option<&[u8]> {
    if let Values::U8(v) = values { Some(v) } else { None }
}

fn shorts(values: &Values) -> Option<&[u16]> {
    if let Values::U16(v) = values { Some(v) } else { None }
}

fn words(values: &Values) -> Option<&[u32]> {
    if let Values::U32(v) = values { Some(v) } else { None }
}

fn counters(values: &Values) -> Option<&[u64]> {
    if let Values::U64(v) = values { Some(v) } else { None }
}
