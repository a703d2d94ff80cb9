//! One value of a batch: as text for tables, as a JSON value, as the number that it is.

use serde_json::Value;

use crate::column::{Column, Context, FlowBatch, Values};
use crate::plan::{Canonical, ColumnSpec, Kind, Source};
use crate::write::write_cell;

/// A row of a batch, with what holds for all rows of its Set.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    /// The batch.
    pub(super) batch: &'a FlowBatch,
    /// The row's number.
    pub(super) row: usize,
    /// What the message says.
    pub(super) context: &'a Context,
}

/// The rows of some batches in order.
pub(super) fn rows(batches: &[FlowBatch]) -> impl Iterator<Item = Row<'_>> {
    batches.iter().flat_map(|batch| {
        let runs = batch.runs().iter();
        runs.flat_map(move |run| (run.start..run.start + run.rows).map(move |row| Row { batch, row, context: &run.context }))
    })
}

impl<'a> Row<'a> {
    /// The columns that are for show, each with its values.
    pub(super) fn columns(self) -> impl Iterator<Item = (&'a ColumnSpec, &'a Column)> {
        self.batch.schema().columns().iter().zip(self.batch.columns()).filter(|(spec, _)| !spec.hidden)
    }

    /// An unsigned value.
    pub(super) fn unsigned(self, column: Canonical) -> Option<u64> {
        self.batch.canonical(column)?.unsigned(self.row)
    }

    /// A signed value, or a time in nanoseconds.
    pub(super) fn signed(self, column: Canonical) -> Option<i64> {
        let column = self.batch.canonical(column)?;
        match &column.values {
            Values::I64(v) if column.validity.get(self.row) => v.get(self.row).copied(),
            _ => None,
        }
    }

    /// A value as text; `None` for null.
    pub(super) fn text(self, column: Canonical) -> Option<String> {
        let column = self.batch.canonical(column)?;
        column.validity.get(self.row).then(|| text(column, self.row))
    }

    /// A column's value; `None` for null. Numbers are numbers, times, addresses and octets are strings.
    pub(super) fn json(self, spec: &ColumnSpec, column: &Column) -> Option<Value> {
        if let Source::Canonical(canonical) = spec.source
            && canonical.is_context()
        {
            return context_json(canonical, self.context);
        }
        if !column.validity.get(self.row) {
            return None;
        }
        let as_text = || Value::from(text(column, self.row));
        Some(match (&column.values, column.kind) {
            (_, Kind::Time | Kind::Ipv4 | Kind::Mac) => as_text(),
            (_, Kind::Json) => serde_json::from_str(&text(column, self.row)).unwrap_or_else(|_| as_text()),
            (Values::I64(v), _) => Value::from(*v.get(self.row)?),
            (Values::Bool(v), _) => Value::from(*v.get(self.row)?),
            // JSON has no NaN and no infinity: those are strings.
            (Values::F64(v), _) => v.get(self.row).filter(|f| f.is_finite()).map_or_else(as_text, |f| Value::from(*f)),
            _ => column.unsigned(self.row).map_or_else(as_text, Value::from),
        })
    }
}

fn text(column: &Column, row: usize) -> String {
    let mut out = Vec::new();
    write_cell(&mut out, column, row);
    String::from_utf8_lossy(&out).into_owned()
}

fn context_json(column: Canonical, context: &Context) -> Option<Value> {
    match column {
        Canonical::Received => context.received.map(|t| Value::from(t.to_string())),
        Canonical::Exporter => context.exporter.known_addr().map(|a| Value::from(a.to_string())),
        Canonical::ObservationDomain => context.domain.map(Value::from),
        Canonical::NdeVersion => Some(context.version.number()).filter(|n| *n != 0).map(Value::from),
        Canonical::TemplateId => context.template_id.map(Value::from),
        _ => None,
    }
}
