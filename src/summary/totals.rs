//! Sums over all flows, by exporter and record layout, and the first flows whole.

use std::convert::Infallible;
use std::sync::Arc;

use crate::audit::Traffic;
use crate::collector::{Digest, Flow, Sink};
use crate::column::{Column, FlowBatch, Values};
use crate::plan::{Canonical, Schema, SchemaBuilder};

/// TCP's protocol number.
const TCP: u8 = 6;
/// ICMP's and ICMPv6's.
const ICMP: [u8; 2] = [1, 58];

/// The columns that the sums need; `scaled` has counters multiplied by the sampling rate.
pub fn sums_schema(scaled: bool) -> Arc<Schema> {
    let mut b = SchemaBuilder::default();
    b.scaled(scaled);
    b.canonical(Canonical::Protocol).canonical(Canonical::Bytes).canonical(Canonical::Packets);
    Arc::new(b.build())
}

/// The columns of the first flows: all canonical ones, counters multiplied as those of the sums.
pub fn head_schema(scaled: bool) -> Arc<Schema> {
    let mut b = SchemaBuilder::default();
    b.scaled(scaled);
    for column in Canonical::ALL {
        b.canonical(*column);
    }
    Arc::new(b.build())
}

/// Adds up batches; those of the head's schema are kept whole as well.
#[derive(Debug)]
pub struct Sums {
    head: Arc<Schema>,
}

impl Sums {
    /// `head` is the schema of the batches to keep.
    pub fn new(head: Arc<Schema>) -> Self {
        Self { head }
    }
}

/// What a batch adds.
#[derive(Debug)]
pub struct SumsPart {
    by_layout: Vec<(u32, Traffic)>,
    head: Option<FlowBatch>,
}

impl Digest for Sums {
    type Part = SumsPart;

    fn digest(&self, batch: &FlowBatch) -> SumsPart {
        let protocol = batch.canonical(Canonical::Protocol);
        let bytes = batch.canonical(Canonical::Bytes);
        let packets = batch.canonical(Canonical::Packets);
        // Few layouts alternate in a batch: a short list beats a map.
        let mut by_layout: Vec<(u32, Traffic)> = Vec::new();
        for run in batch.runs() {
            let rows = run.start..run.start + run.rows;
            let place = by_layout.iter().position(|(layout, _)| *layout == run.context.layout).unwrap_or_else(|| {
                by_layout.push((run.context.layout, Traffic::default()));
                by_layout.len() - 1
            });
            let sums = &mut by_layout[place].1;
            sums.flows += run.rows as u64;
            sums.bytes += bytes.map_or(0, |c| sum(c, rows.clone()));
            sums.packets += packets.map_or(0, |c| sum(c, rows.clone()));
            if let Some(Column { values: Values::U8(values), validity, .. }) = protocol
                && let Some(values) = values.get(rows.clone())
            {
                let whole = validity.nulls() == 0;
                let there = |row: usize| whole || validity.get(rows.start + row);
                sums.tcp += values.iter().enumerate().filter(|(row, p)| **p == TCP && there(*row)).count() as u64;
                sums.icmp += values.iter().enumerate().filter(|(row, p)| ICMP.contains(p) && there(*row)).count() as u64;
            }
        }
        SumsPart { by_layout, head: Arc::ptr_eq(batch.schema(), &self.head).then(|| batch.clone()) }
    }
}

/// The sum of some rows. Null rows hold 0, so they need no look.
fn sum(column: &Column, rows: std::ops::Range<usize>) -> u128 {
    match &column.values {
        Values::U64(values) => values.get(rows).unwrap_or(&[]).iter().map(|v| u128::from(*v)).sum(),
        _ => 0,
    }
}

/// The sums of a run, and its first batches.
#[derive(Debug, Default)]
pub struct HeadAndSums {
    /// By the collector's number of the layout.
    pub by_layout: Vec<Traffic>,
    /// The batches with the first flows.
    pub head: Vec<FlowBatch>,
}

impl Sink<SumsPart> for HeadAndSums {
    type Error = Infallible;

    fn absorb(&mut self, part: SumsPart) -> Result<Flow, Infallible> {
        for (layout, sums) in part.by_layout {
            let layout = layout as usize;
            if self.by_layout.len() <= layout {
                self.by_layout.resize(layout + 1, Traffic::default());
            }
            self.by_layout[layout].add(&sums);
        }
        self.head.extend(part.head);
        Ok(Flow::Continue)
    }
}
