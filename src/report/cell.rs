//! One value of a batch: as text for tables, as a JSON value, as the number that it is.

use std::net::Ipv6Addr;

use serde_json::Value;

use crate::column::{Column, Context, FlowBatch, Values};
use crate::plan::{Canonical, ColumnSpec, Kind, Source};
use crate::time::IsoWriter;

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
        let of_run = |run: &'_ crate::column::Run| run.start..run.start + run.rows;
        batch.runs().iter().flat_map(move |run| of_run(run).map(move |row| Row { batch, row, context: &run.context }))
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
        let mut out = Vec::new();
        write_cell(&mut out, self.batch.canonical(column)?, self.row).then(|| String::from_utf8_lossy(&out).into_owned())
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
        let as_text = || {
            let mut out = Vec::new();
            write_cell(&mut out, column, self.row);
            Value::from(String::from_utf8_lossy(&out))
        };
        Some(match (&column.values, column.kind) {
            (_, Kind::Time | Kind::Ipv4 | Kind::Mac) => as_text(),
            (Values::I64(v), _) => Value::from(*v.get(self.row)?),
            (Values::Bool(v), _) => Value::from(*v.get(self.row)?),
            // JSON has no NaN and no infinity: those are strings.
            (Values::F64(v), _) => v.get(self.row).filter(|f| f.is_finite()).map_or_else(as_text, |f| Value::from(*f)),
            _ => column.unsigned(self.row).map_or_else(as_text, Value::from),
        })
    }
}

fn context_json(column: Canonical, context: &Context) -> Option<Value> {
    match column {
        Canonical::Received => context.received.map(|t| Value::from(t.to_string())),
        Canonical::Exporter => Some(Value::from(context.exporter.addr.to_string())),
        Canonical::ObservationDomain => context.domain.map(Value::from),
        Canonical::NdeVersion => Some(Value::from(context.version.number())),
        Canonical::TemplateId => context.template_id.map(Value::from),
        _ => None,
    }
}

/// Appends what the message says of all its records; false for null.
pub(super) fn write_context(out: &mut Vec<u8>, column: Canonical, context: &Context) -> bool {
    match context_json(column, context) {
        Some(Value::String(text)) => out.extend_from_slice(text.as_bytes()),
        Some(value) => out.extend_from_slice(value.to_string().as_bytes()),
        None => return false,
    }
    true
}

/// Appends a value; false for null.
pub(super) fn write_cell(out: &mut Vec<u8>, column: &Column, row: usize) -> bool {
    use std::io::Write as _;
    if !column.validity.get(row) {
        return false;
    }
    // Writing to a Vec does not fail.
    let _ = match (&column.values, column.kind) {
        (Values::I64(v), Kind::Time) => {
            IsoWriter::default().write(out, v.get(row).copied().unwrap_or(0));
            Ok(())
        }
        (Values::I64(v), _) => write!(out, "{}", v.get(row).copied().unwrap_or(0)),
        (Values::F64(v), _) => write!(out, "{}", v.get(row).copied().unwrap_or(0.0)),
        (Values::Bool(v), _) => write!(out, "{}", v.get(row).copied().unwrap_or(false)),
        (Values::Address(v), kind) => {
            let addr = Ipv6Addr::from(v.get(row).copied().unwrap_or([0; 16]));
            match addr.to_ipv4_mapped() {
                Some(v4) if kind == Kind::Address => write!(out, "{v4}"),
                _ => write!(out, "{addr}"),
            }
        }
        (Values::Octets(v), Kind::Text) => {
            out.extend_from_slice(v.get(row));
            Ok(())
        }
        (Values::Octets(v), _) => v.get(row).iter().try_for_each(|b| write!(out, "{b:02x}")),
        (Values::U32(v), Kind::Ipv4) => write!(out, "{}", std::net::Ipv4Addr::from(v.get(row).copied().unwrap_or(0))),
        (Values::U64(v), Kind::Mac) => {
            let [_, _, a, b, c, d, e, f] = v.get(row).copied().unwrap_or(0).to_be_bytes();
            write!(out, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
        }
        _ => write!(out, "{}", column.unsigned(row).unwrap_or(0)),
    };
    true
}
