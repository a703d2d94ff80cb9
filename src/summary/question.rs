//! What is asked of flows: what to group them by, how many groups to show in which order, and over which intervals of time.

use crate::plan::{Canonical, SchemaBuilder, Source};

use super::key::KeyPart;
use super::labels::Labels;
use super::moment::Place;
use super::ranking::Order;

/// Words of memory for the groups of all tables together: 160 MB. Merging the tables of all workers may take as much again for a moment.
const WORDS: usize = 20_000_000;

/// One table: the first groups.
#[derive(Clone, Debug)]
pub struct Question {
    /// What flows are grouped by.
    pub by: Vec<KeyPart>,
    /// By which sum the first groups are found.
    pub order: Order,
    /// How many groups are shown; with intervals, of each.
    pub top: usize,
}

/// Everything that one pass over the flows is to answer.
#[derive(Clone, Debug)]
pub struct Questions {
    /// The tables.
    pub tables: Vec<Question>,
    /// Whether sums over time are wanted, beside the tables.
    pub series: bool,
    /// The length of intervals in nanoseconds: of the series, and of the tables, which then have groups of each interval. Without it the
    /// series chooses, and tables are over all time.
    pub every: Option<i64>,
    /// Which interval a flow belongs to.
    pub place: Place,
    /// Whether interfaces have their names beside them.
    pub names: bool,
    /// Groups that are held in memory; by default as many as take some 160 MB.
    pub max_groups: Option<usize>,
    /// Threads.
    pub workers: usize,
}

impl Questions {
    /// Adds the columns that the answers need.
    pub fn columns(&self, builder: &mut SchemaBuilder) {
        for part in self.tables.iter().flat_map(|t| &t.by) {
            match part.column.source {
                Source::Canonical(canonical) => builder.canonical(canonical),
                Source::Field => builder.field(&part.column.name, part.column.kind),
            };
            if self.names
                && let Some(name) = part.is_canonical().and_then(Labels::column)
            {
                builder.canonical(name);
            }
        }
        for sum in [
            Canonical::Packets,
            Canonical::Bytes,
            Canonical::PacketsReverse,
            Canonical::BytesReverse,
            Canonical::FlowStart,
            Canonical::FlowEnd,
        ] {
            builder.canonical(sum);
        }
    }

    /// The bound of one of so many tables, in groups and in words.
    pub(super) fn bound(&self) -> (usize, usize) {
        match self.max_groups {
            Some(groups) => (groups, usize::MAX),
            // Of several tables two at most are of addresses, which take most of it.
            None => (usize::MAX, WORDS / self.tables.len().clamp(1, 2)),
        }
    }
}
