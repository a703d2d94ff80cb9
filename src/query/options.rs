//! Options data as tables for SQL: `options`, one row a value of a record, and `options_257`, one row a record of the options templates
//! of that id, with a column for each of their fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::*;
use thiserror::Error;

use super::shown;
use super::tables::{Build, Table, TableSet, time_of};
use crate::collector::{Digest, Flow, Sink};
use crate::column::{Context, FlowBatch};
use crate::datagram::known;
use crate::element::Elements;
use crate::message::Role;
use crate::plan;
use crate::table::data_frame;
use crate::template::{Definition, Kind};

/// Values that are kept in memory; what comes after them is an error, since a query must not answer from a part.
const MOST_VALUES: usize = 20_000_000;

/// Makes frames of Sets of options records.
#[derive(Debug)]
pub struct OptionFrames;

/// The records of one Set.
#[derive(Debug)]
pub struct OptionPart {
    context: Option<Context>,
    frame: PolarsResult<DataFrame>,
}

impl Digest for OptionFrames {
    type Part = OptionPart;

    fn digest(&self, batch: &FlowBatch) -> OptionPart {
        OptionPart { context: batch.runs().first().map(|run| run.context), frame: data_frame(batch.clone()).and_then(in_micros) }
    }
}

/// Times in the unit that all tables have.
fn in_micros(mut frame: DataFrame) -> PolarsResult<DataFrame> {
    let times: Vec<Column> = frame.columns().iter().filter(|c| matches!(c.dtype(), DataType::Datetime(..))).cloned().collect();
    for column in times {
        frame.with_column(column.cast(&DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)))?)?;
    }
    Ok(frame)
}

/// Why options data could not be gathered.
#[derive(Debug, Error)]
pub enum OptionError {
    /// There is too much of it.
    #[error("there are more than {MOST_VALUES} values of options data, too many for SQL; `ipfix-inspect options` shows them")]
    TooMany,
    /// Polars refuses.
    #[error("options data: {0}")]
    Frame(#[from] PolarsError),
}

/// Gathers the records of each layout.
#[derive(Debug, Default)]
pub struct OptionStore {
    by_layout: BTreeMap<u32, Vec<(Context, DataFrame)>>,
    values: usize,
}

impl Sink<OptionPart> for OptionStore {
    type Error = OptionError;

    fn absorb(&mut self, part: OptionPart) -> Result<Flow, OptionError> {
        let frame = part.frame?;
        if let Some(context) = part.context {
            self.values += frame.height() * frame.width();
            if self.values > MOST_VALUES {
                return Err(OptionError::TooMany);
            }
            self.by_layout.entry(context.layout).or_default().push((context, frame));
        }
        Ok(Flow::Continue)
    }
}

impl OptionStore {
    /// The tables; `definition` finds the options template of a layout, `known` are all there are: one without records has a table too.
    ///
    /// # Errors
    /// Polars refuses the columns, which would be a fault of this crate.
    pub fn tables(
        self,
        elements: &Elements,
        known: &[Definition],
        definition: impl Fn(u32) -> Option<Definition>,
    ) -> PolarsResult<TableSet> {
        let mut long = vec![long_frame(None, &DataFrame::empty(), &[], 0)?];
        let mut wide: BTreeMap<u16, Vec<DataFrame>> = BTreeMap::new();
        for definition in known.iter().filter(|d| d.template.kind == Kind::Options && d.template.was_sent()) {
            wide.entry(definition.template.id).or_default().push(empty_wide(definition, elements)?);
        }
        let mut records = 0;
        for (layout, sets) in self.by_layout {
            let Some(definition) = definition(layout) else { continue };
            for (context, frame) in sets {
                let scopes = scopes(&definition, elements);
                long.push(long_frame(Some((&context, &definition)), &frame, &scopes, records)?);
                records += frame.height() as u64;
                wide.entry(definition.template.id).or_default().push(wide_frame(&context, &definition, frame)?);
            }
        }
        let mut tables = vec![(Table::Options.name().to_owned(), stacked(long)?)];
        for (id, frames) in wide {
            tables.push((format!("options_{id}"), polars::functions::concat_df_diagonal(&frames)?));
        }
        Ok(tables)
    }
}

/// Frames of the same columns under each other.
fn stacked(frames: Vec<DataFrame>) -> PolarsResult<DataFrame> {
    let mut frames = frames.into_iter();
    let Some(mut all) = frames.next() else { return Ok(DataFrame::empty()) };
    frames.try_for_each(|frame| all.vstack_mut_owned(frame).map(|_| ()))?;
    Ok(all)
}

/// The columns of scope fields.
fn scopes(definition: &Definition, elements: &Elements) -> Vec<String> {
    let fields = &definition.template.fields;
    let columns = plan::field_columns(definition.key.version, fields, elements);
    fields.iter().zip(columns).filter(|(f, _)| f.role != Role::Field).filter_map(|(_, column)| column).collect()
}

/// What holds for all records of a Set, as columns of `rows` rows.
fn whose(context: Option<(&Context, &Definition)>, rows: usize) -> PolarsResult<DataFrame> {
    let repeated = vec![(); rows];
    let of = |f: fn(&Context) -> Option<u64>| context.and_then(|(c, _)| f(c));
    let exporter = context.and_then(|(c, _)| known(c.exporter.addr)).map(|a| a.to_string());
    let version = of(|c| Some(u64::from(c.version.number()))).and_then(|n| u8::try_from(n).ok());
    let received = context.and_then(|(c, _)| c.received.or(Some(c.export_time)));
    let mut frame = Build::new(&repeated)
        .text("exporter", |()| exporter.clone())
        .u8("nde_version", |()| version)
        .u32("observation_domain", |()| context.and_then(|(c, _)| c.domain))
        .u16("template_id", |()| context.and_then(|(c, _)| c.template_id))
        .u32("definition", |()| context.map(|(_, d)| d.version))
        .frame()?;
    frame.with_column(time_of("received", (0..rows).map(|_| received)))?;
    Ok(frame)
}

fn wide_frame(context: &Context, definition: &Definition, frame: DataFrame) -> PolarsResult<DataFrame> {
    let mut out = whose(Some((context, definition)), frame.height())?;
    let own: Vec<Column> = frame.columns().iter().filter(|c| out.column(c.name()).is_err()).cloned().collect();
    out.hstack_mut(&own)?;
    Ok(out)
}

fn empty_wide(definition: &Definition, elements: &Elements) -> PolarsResult<DataFrame> {
    let schema = plan::record_schema(definition.key.version, &definition.template.fields, elements);
    let mut batch = FlowBatch::new(Arc::new(schema));
    batch.finish();
    let frame = in_micros(data_frame(batch)?)?;
    let mut out = whose(None, 0)?;
    let own: Vec<Column> = frame.columns().iter().filter(|c| out.column(c.name()).is_err()).cloned().collect();
    out.hstack_mut(&own)?;
    Ok(out)
}

/// One row a value; `first` is the number of records before these.
fn long_frame(context: Option<(&Context, &Definition)>, frame: &DataFrame, scopes: &[String], first: u64) -> PolarsResult<DataFrame> {
    struct Value {
        record: u64,
        scope: String,
        position: u32,
        is_scope: bool,
        name: String,
        value: Option<String>,
    }
    let mut values = Vec::with_capacity(frame.height() * frame.width());
    let is_scope = |name: &str| scopes.iter().any(|s| s == name);
    for row in 0..frame.height() {
        let cell = |column: &Column| column.get(row).ok().and_then(|value| shown::plain(&value));
        let own = frame.columns().iter().filter(|c| is_scope(c.name()));
        let scope: Vec<String> = own.map(|c| format!("{}={}", c.name(), cell(c).unwrap_or_default())).collect();
        for (position, column) in (1..).zip(frame.columns()) {
            values.push(Value {
                record: first + row as u64 + 1,
                scope: scope.join(", "),
                position,
                is_scope: is_scope(column.name()),
                name: column.name().to_string(),
                value: cell(column),
            });
        }
    }
    let mut out = whose(context, values.len())?;
    let own = Build::new(&values)
        .count("record", |v| v.record)
        .text("scope", |v| Some(v.scope.as_str()))
        .u32("position", |v| Some(v.position))
        .bool("is_scope", |v| v.is_scope)
        .text("name", |v| Some(v.name.as_str()))
        .text("value", |v| v.value.as_deref())
        .frame()?;
    out.hstack_mut(own.columns())?;
    Ok(out)
}
