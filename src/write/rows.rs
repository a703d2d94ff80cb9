//! Batches of flows → lines of text, on the workers.
//!
//! The csv crate writes the header alone. Its way for a row (a field as a string, a look at each octet for quotes, a copy into its
//! buffer) would be most of the time of an export; numbers, times and addresses never need quotes (RFC 4180 §2.6), so they are written
//! straight into the text, and cells of text alone are looked through.

use std::sync::Arc;

use crate::collector::Digest;
use crate::column::{Column, FlowBatch};
use crate::plan::{ColumnSpec, Schema, Source};

use super::cell::Cells;
use super::format::Format;
use super::line::{Field, Line, Origin};
use super::named::{has_names, named_column};
use super::pool::Pool;

/// Makes lines of text of batches; hidden columns are left out.
#[derive(Clone, Debug)]
pub struct RowWriter {
    format: Format,
    schema: Arc<Schema>,
    /// What stands before each column's value in JSON; nothing in CSV.
    labels: Vec<Vec<u8>>,
    names: bool,
    headers: bool,
    pool: Pool,
}

/// The lines of a batch.
#[derive(Debug)]
pub struct TextPart {
    buffer: Vec<u8>,
    length: usize,
    rows: usize,
    format: Format,
}

impl TextPart {
    /// The lines.
    pub fn text(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// How many rows they are; a quoted cell may have line breaks, so there can be more lines.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The text of the first rows.
    pub(super) fn first(&self, rows: usize) -> &[u8] {
        let text = self.text();
        if rows >= self.rows {
            return text;
        }
        let mut inside = false;
        let ends = text.iter().enumerate().filter(|(_, octet)| {
            // A quote inside of quotes is doubled, so it leaves them and enters them again. JSON has no line break inside of a row.
            inside ^= **octet == b'"' && self.format == Format::Csv;
            **octet == b'\n' && !inside
        });
        let end = rows.checked_sub(1).and_then(|last| ends.map(|(at, _)| at + 1).nth(last)).unwrap_or(0);
        text.get(..end).unwrap_or_default()
    }

    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }
}

impl RowWriter {
    /// For batches of that schema. Other batches work too (a column is found by its name, and one that is not there is null).
    pub fn new(schema: Arc<Schema>, format: Format) -> Self {
        let label = |column: &ColumnSpec| match format {
            Format::Csv => Vec::new(),
            Format::Ndjson => {
                let mut label = serde_json::Value::from(column.name.as_str()).to_string().into_bytes();
                label.push(b':');
                label
            }
        };
        let labels = visible(&schema).map(label).collect();
        Self { format, schema, labels, names: false, headers: true, pool: Pool::default() }
    }

    /// Has names of values in place of numbers, where values have names.
    pub fn with_names(self, names: bool) -> Self {
        Self { names, ..self }
    }

    /// Has a first row with the names of the columns, in CSV.
    pub fn with_headers(self, headers: bool) -> Self {
        Self { headers, ..self }
    }

    /// What is written before the first row: the names of the columns in CSV, nothing in JSON.
    pub fn header(&self) -> Vec<u8> {
        if self.format != Format::Csv || !self.headers {
            return Vec::new();
        }
        let mut header = csv::Writer::from_writer(Vec::new());
        // Writing to memory does not fail.
        let _ = header.write_record(visible(&self.schema).map(|c| c.name.as_str()));
        header.into_inner().unwrap_or_default()
    }

    pub(super) fn pool(&self) -> Pool {
        self.pool.clone()
    }

    fn lines<const JSON: bool>(&self, batch: &FlowBatch) -> TextPart {
        let named: Vec<Option<Column>> = visible(&self.schema).map(|spec| self.named(batch, spec)).collect();
        let origins = visible(&self.schema).zip(&named).map(|(spec, named)| match named {
            Some(named) => Origin::Cells(Cells::of(named)),
            None => origin(batch, spec),
        });
        let mut fields: Vec<Field<'_>> = origins.zip(&self.labels).map(|(origin, label)| Field { label, origin }).collect();
        let (mut line, mut buffer, mut at, mut done) = (Line::default(), self.pool.take(), 0, 0);
        for run in batch.runs() {
            line.prepare::<JSON>(&fields, run);
            for row in run.start..run.start + run.rows {
                let room = line.room(&fields, row);
                if buffer.len() - at < room {
                    enlarge(&mut buffer, at + room, at, done, batch.rows());
                }
                at = line.write::<JSON>(&mut fields, &mut buffer, at, row);
                done += 1;
            }
        }
        TextPart { buffer, length: at, rows: done, format: self.format }
    }
}

impl RowWriter {
    /// The column with names for its numbers, if that is wanted and it has some.
    fn named(&self, batch: &FlowBatch, spec: &ColumnSpec) -> Option<Column> {
        let column = batch.columns().get(usize::from(batch.schema().position(&spec.name)?))?;
        (self.names && has_names(spec)).then(|| named_column(batch, spec, column))
    }
}

impl Digest for RowWriter {
    type Part = TextPart;

    fn digest(&self, batch: &FlowBatch) -> TextPart {
        match self.format {
            Format::Csv => self.lines::<false>(batch),
            Format::Ndjson => self.lines::<true>(batch),
        }
    }
}

fn visible(schema: &Schema) -> impl Iterator<Item = &ColumnSpec> {
    schema.columns().iter().filter(|c| !c.hidden)
}

fn origin<'a>(batch: &'a FlowBatch, column: &ColumnSpec) -> Origin<'a> {
    match column.source {
        Source::Canonical(canonical) if canonical.is_context() => Origin::Context(canonical),
        _ => {
            let values = batch.schema().position(&column.name).and_then(|p| batch.columns().get(usize::from(p)));
            values.map_or(Origin::Nothing, |values| Origin::Cells(Cells::of(values)))
        }
    }
}

/// Makes the buffer as long as the whole batch should need, by the rows that are done: doubling would waste up to a half of it.
#[cold]
fn enlarge(buffer: &mut Vec<u8>, needed: usize, length: usize, done: usize, rows: usize) {
    const FIRST: usize = 1 << 16;
    let expected = if done < 100 { FIRST } else { length / done * rows };
    let target = needed.max(expected + expected / 32).max(length + length / 8);
    buffer.reserve_exact(target - buffer.len());
    buffer.resize(target, 0);
}
