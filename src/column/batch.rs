//! The flow batch: one wide table of some ten thousand flows, in the order of the capture.

use std::sync::Arc;

use crate::datagram::{Endpoint, Origin};
use crate::message::Version;
use crate::plan::{Canonical, RecordPlan, Schema};
use crate::time::{Timestamp, UptimeClock};

use super::decode;
use super::directory::Beside;
use super::values::Column;

/// What a message says of all the records of one of its Sets.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// When the capture saw the datagram.
    pub received: Option<Timestamp>,
    /// Who sent it.
    pub exporter: Endpoint,
    /// Observation domain; v5 engine; `None` where the version has none.
    pub domain: Option<u32>,
    /// Version of the message.
    pub version: Version,
    /// Id of the template; `None` in v1, v5 and v7.
    pub template_id: Option<u16>,
    /// The header's clock.
    pub export_time: Timestamp,
    /// What up-time stamps count by, where the header has an up-time.
    pub clock: Option<UptimeClock>,
    /// The exporter's boot, where an options record told it.
    pub boot: Option<Timestamp>,
    /// File and frame.
    pub origin: Origin,
    /// The collector's number of the exporter: address, version and domain.
    pub source: u32,
    /// The collector's number of the record layout.
    pub layout: u32,
}

/// The rows that one Set filled.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The first of them.
    pub start: usize,
    /// How many.
    pub rows: usize,
    /// What holds for all of them.
    pub context: Context,
}

/// Typed columns of the flows of some Sets.
#[derive(Clone, Debug)]
pub struct FlowBatch {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    runs: Vec<Run>,
    rows: usize,
    scratch: decode::Scratch,
}

impl FlowBatch {
    /// An empty batch.
    pub fn new(schema: Arc<Schema>) -> Self {
        let columns = schema.columns().iter().map(|c| Column::new(c.kind)).collect();
        Self { schema, columns, runs: Vec::new(), rows: 0, scratch: decode::Scratch::default() }
    }

    /// The columns' names and types. Columns for which [`Canonical::is_context`] holds stay empty: the runs have their values.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns in the order of the schema; complete once [`FlowBatch::finish`] was called.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// A canonical column, if the schema has it.
    pub fn canonical(&self, column: Canonical) -> Option<&Column> {
        self.schema.canonical(column).and_then(|p| self.columns.get(usize::from(p)))
    }

    /// The runs of rows, in order; together they are all rows.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Reads the records of a Set into the columns that the plan feeds. The plan must be compiled for this batch's schema.
    /// Lists of structured data stay null: [`FlowBatch::append_beside`] reads them.
    pub fn append(&mut self, plan: &RecordPlan, body: &[u8], context: &Context) {
        self.append_beside(plan, body, context, Beside::default());
    }

    /// The same, joined with what is known beside the records.
    pub fn append_beside(&mut self, plan: &RecordPlan, body: &[u8], context: &Context, beside: Beside<'_>) {
        let rows = decode::append(&mut self.columns, self.rows, plan, body, context, beside, &mut self.scratch);
        if rows > 0 {
            self.runs.push(Run { start: self.rows, rows, context: *context });
            self.rows += rows;
        }
    }

    /// Pads the columns that the last Sets did not feed.
    pub fn finish(&mut self) {
        for (column, spec) in self.columns.iter_mut().zip(self.schema.columns()) {
            if !matches!(spec.source, crate::plan::Source::Canonical(c) if c.is_context()) {
                column.pad(self.rows);
            }
        }
    }

    /// Takes the batch apart: its columns, and its runs of rows.
    pub fn into_parts(self) -> (Vec<Column>, Vec<Run>) {
        (self.columns, self.runs)
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.columns.iter_mut().for_each(Column::clear);
        self.runs.clear();
        self.rows = 0;
    }
}
