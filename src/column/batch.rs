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

impl Context {
    /// A context that says nothing: of rows that no message brought.
    pub fn blank(version: Version) -> Self {
        Self {
            received: None,
            exporter: Endpoint::UNKNOWN,
            domain: None,
            version,
            template_id: None,
            export_time: Timestamp::from_nanos(0),
            clock: None,
            boot: None,
            origin: Origin { file: 0, frame: 0 },
            source: 0,
            layout: 0,
        }
    }
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

    /// Keeps the rows that are marked, of a finished batch; a row without a mark goes.
    pub fn keep(&mut self, marks: &[bool]) {
        if marks.len() == self.rows && marks.iter().all(|m| *m) {
            return;
        }
        self.columns.iter_mut().for_each(|c| c.keep(marks));
        let mut start = 0;
        self.runs.retain_mut(|run| {
            let kept = marks.iter().skip(run.start).take(run.rows).filter(|m| **m).count();
            (run.start, run.rows) = (start, kept);
            start += kept;
            kept > 0
        });
        self.rows = start;
    }

    /// The rows of these numbers, in that order, of a finished batch.
    pub fn take(&self, rows: &[u32]) -> Self {
        let columns = self.columns.iter().map(|c| c.take(rows)).collect();
        let mut runs: Vec<Run> = Vec::new();
        // Neighbours mostly are in the same run, or in the next.
        let (mut at, mut last) = (0, None);
        for (start, row) in rows.iter().enumerate() {
            let row = *row as usize;
            let is_in = |run: &Run| (run.start..run.start + run.rows).contains(&row);
            if !self.runs.get(at).is_some_and(is_in) {
                at = self.runs.partition_point(|run| run.start + run.rows <= row);
            }
            match (runs.last_mut(), self.runs.get(at)) {
                (Some(run), _) if last == Some(at) => run.rows += 1,
                (_, Some(run)) => runs.push(Run { start, rows: 1, context: run.context }),
                _ => {}
            }
            last = Some(at);
        }
        Self::from_parts(Arc::clone(&self.schema), columns, runs)
    }

    /// Appends the rows of a finished batch of the same schema to this one, which is finished too.
    pub fn extend(&mut self, other: &Self) {
        self.columns.iter_mut().zip(&other.columns).for_each(|(column, more)| column.append(more));
        self.runs.extend(other.runs.iter().map(|run| Run { start: self.rows + run.start, ..*run }));
        self.rows += other.rows;
    }

    /// Puts a batch together: finished columns of the schema, and the runs that are all its rows.
    pub fn from_parts(schema: Arc<Schema>, columns: Vec<Column>, runs: Vec<Run>) -> Self {
        let rows = runs.last().map_or(0, |run| run.start + run.rows);
        Self { schema, columns, runs, rows, scratch: decode::Scratch::default() }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{Column, Octets, Values};
    use crate::plan::SchemaBuilder;

    #[test]
    fn keeps_rows_and_runs() {
        let mut schema = SchemaBuilder::default();
        schema.canonical(Canonical::SrcPort).canonical(Canonical::Application).canonical(Canonical::Received);
        let context = |template| Context { template_id: Some(template), ..Context::blank(Version::V9) };
        let mut text = Octets::default();
        ["a", "bb", "", "dddd", "e"].iter().for_each(|t| text.push(t.as_bytes()));
        let columns = vec![
            column(Values::U16(vec![1, 2, 0, 4, 5]), &[true, true, false, true, true]),
            column(Values::Octets(text), &[true; 5]),
            Column::new(crate::plan::Kind::Time),
        ];
        let runs = vec![
            Run { start: 0, rows: 2, context: context(1) },
            Run { start: 2, rows: 1, context: context(2) },
            Run { start: 3, rows: 2, context: context(3) },
        ];
        let mut batch = FlowBatch::from_parts(Arc::new(schema.build()), columns, runs);
        batch.keep(&[false, true, false, true, true]);
        assert_eq!(batch.rows(), 3);
        assert_eq!(batch.columns()[0].values, Values::U16(vec![2, 4, 5]));
        assert_eq!(batch.columns()[0].validity.nulls(), 0);
        let Values::Octets(text) = &batch.columns()[1].values else { panic!("no text") };
        assert_eq!((0..3).map(|row| text.get(row)).collect::<Vec<_>>(), [&b"bb"[..], b"dddd", b"e"]);
        assert!(batch.columns()[2].validity.is_empty());
        let runs: Vec<_> = batch.runs().iter().map(|r| (r.start, r.rows, r.context.template_id)).collect();
        assert_eq!(runs, [(0, 1, Some(1)), (1, 2, Some(3))]);
    }

    #[test]
    fn takes_rows_and_puts_batches_together() {
        let mut schema = SchemaBuilder::default();
        schema.canonical(Canonical::SrcPort).canonical(Canonical::Application).canonical(Canonical::Received);
        let context = |template| Context { template_id: Some(template), ..Context::blank(Version::V9) };
        let mut text = Octets::default();
        ["a", "bb", "", "dddd"].iter().for_each(|t| text.push(t.as_bytes()));
        let columns = vec![
            column(Values::U16(vec![1, 2, 0, 4]), &[true, true, false, true]),
            column(Values::Octets(text), &[true; 4]),
            Column::new(crate::plan::Kind::Time),
        ];
        let runs = vec![Run { start: 0, rows: 2, context: context(1) }, Run { start: 2, rows: 2, context: context(2) }];
        let batch = FlowBatch::from_parts(Arc::new(schema.build()), columns, runs);
        let mut taken = batch.take(&[1, 2, 3, 0]);
        taken.extend(&batch.take(&[2]));
        assert_eq!(taken.rows(), 5);
        assert_eq!(taken.columns()[0].values, Values::U16(vec![2, 0, 4, 1, 0]));
        assert_eq!((0..5).map(|row| taken.columns()[0].validity.get(row)).collect::<Vec<_>>(), [true, false, true, true, false]);
        let Values::Octets(text) = &taken.columns()[1].values else { panic!("no text") };
        assert_eq!((0..5).map(|row| text.get(row)).collect::<Vec<_>>(), [&b"bb"[..], b"", b"dddd", b"a", b""]);
        let runs: Vec<_> = taken.runs().iter().map(|r| (r.start, r.rows, r.context.template_id)).collect();
        assert_eq!(runs, [(0, 1, Some(1)), (1, 2, Some(2)), (3, 1, Some(1)), (4, 1, Some(2))]);
        assert!(taken.columns()[2].validity.is_empty());
    }

    fn column(values: Values, valid: &[bool]) -> Column {
        let mut column = Column { values, ..Column::new(crate::plan::Kind::U16) };
        valid.iter().for_each(|v| column.validity.push(*v));
        column
    }
}
