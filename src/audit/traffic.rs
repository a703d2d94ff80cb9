//! What hangs on a template: the flows that came by it, and what they add up to.

use crate::column::{Column, FlowBatch, Values};
use crate::plan::{Canonical, SchemaBuilder};

/// TCP's protocol number.
pub(super) const TCP: u8 = 6;
/// ICMP's and ICMPv6's.
const ICMP: [u8; 2] = [1, 58];

/// What some flows add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Flows.
    pub flows: u64,
    /// Octets, by the canonical column.
    pub bytes: u128,
    /// Packets, by the canonical column.
    pub packets: u128,
    /// Flows of TCP.
    pub tcp: u64,
    /// Flows of ICMP and ICMPv6.
    pub icmp: u64,
}

impl Traffic {
    /// Adds another sum.
    pub fn add(&mut self, other: &Self) {
        self.flows += other.flows;
        self.bytes += other.bytes;
        self.packets += other.packets;
        self.tcp += other.tcp;
        self.icmp += other.icmp;
    }

    /// Adds the columns that sums need.
    pub fn columns(builder: &mut SchemaBuilder) {
        builder.canonical(Canonical::Protocol).canonical(Canonical::Bytes).canonical(Canonical::Packets);
    }

    /// The same columns for nobody but the sums; those that are there already stay as they are.
    pub fn hidden_columns(builder: &mut SchemaBuilder) {
        builder.hidden_canonical(Canonical::Protocol).hidden_canonical(Canonical::Bytes).hidden_canonical(Canonical::Packets);
    }

    /// The sums over a batch, by the collector's numbers of layouts.
    pub fn by_layout(batch: &FlowBatch) -> Vec<(u32, Self)> {
        let protocol = batch.canonical(Canonical::Protocol);
        let bytes = batch.canonical(Canonical::Bytes);
        let packets = batch.canonical(Canonical::Packets);
        // Few layouts alternate in a batch: a short list beats a map.
        let mut by_layout: Vec<(u32, Self)> = Vec::new();
        for run in batch.runs() {
            let rows = run.start..run.start + run.rows;
            let place = by_layout.iter().position(|(layout, _)| *layout == run.context.layout).unwrap_or_else(|| {
                by_layout.push((run.context.layout, Self::default()));
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
        by_layout
    }

    /// Adds sums by layout to a table of them.
    pub fn add_to(table: &mut Vec<Self>, by_layout: impl IntoIterator<Item = (u32, Self)>) {
        for (layout, sums) in by_layout {
            let layout = layout as usize;
            if table.len() <= layout {
                table.resize(layout + 1, Self::default());
            }
            table[layout].add(&sums);
        }
    }
}

/// The sum of some rows. Null rows hold 0, so they need no look.
fn sum(column: &Column, rows: std::ops::Range<usize>) -> u128 {
    match &column.values {
        Values::U64(values) => values.get(rows).unwrap_or(&[]).iter().map(|v| u128::from(*v)).sum(),
        _ => 0,
    }
}
