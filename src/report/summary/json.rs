//! A summary as JSON, `ipfix-inspect/summary/1`: described in the room's page.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::column::FlowBatch;
use crate::plan::{ColumnSpec, Kind};
use crate::summary::{Answers, FlowTotals, Series, Table};
use crate::time::Timestamp;
use crate::write::{has_names, write_named};

use super::super::cell::{Row, rows};
use super::super::json::{pretty, saturated};
use super::SummaryView;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    files: &'a [String],
    filter: Option<&'a str>,
    scaled: bool,
    totals: Totals,
    series: Option<SeriesReport<'a>>,
    tables: Vec<TableReport<'a>>,
}

#[derive(Serialize)]
struct Totals {
    flows: u64,
    packets: Option<u64>,
    bytes: Option<u64>,
    packets_reverse: Option<u64>,
    bytes_reverse: Option<u64>,
    bps: Option<u64>,
    first: Option<String>,
    last: Option<String>,
}

#[derive(Serialize)]
struct SeriesReport<'a> {
    seconds: f64,
    flows_without_time: u64,
    intervals: Vec<Record<'a>>,
}

#[derive(Serialize)]
struct TableReport<'a> {
    by: Vec<&'a str>,
    order: &'static str,
    seconds: Option<f64>,
    groups: u64,
    temporary_files: bool,
    rows: Vec<Record<'a>>,
}

/// The whole summary.
pub fn summary_json(answers: &Answers, view: &SummaryView) -> String {
    let series = answers.series.as_ref().map(|series| (series, series.batch(true)));
    pretty(&Report {
        schema: "ipfix-inspect/summary/1",
        files: &view.files,
        filter: view.filter.as_deref(),
        scaled: view.scaled,
        totals: totals(&answers.totals),
        series: series.as_ref().map(|(series, batch)| series_report(series, batch, view)),
        tables: answers.tables.iter().map(|table| table_report(table, view)).collect(),
    })
}

fn totals(totals: &FlowTotals) -> Totals {
    let time = |nanos| Timestamp::from_nanos(nanos).to_string();
    Totals {
        flows: totals.flows,
        packets: totals.packets.map(saturated),
        bytes: totals.bytes.map(saturated),
        packets_reverse: totals.packets_reverse.map(saturated),
        bytes_reverse: totals.bytes_reverse.map(saturated),
        bps: totals.bits_per_second(),
        first: totals.span.map(|(first, _)| time(first)),
        last: totals.span.map(|(_, last)| time(last)),
    }
}

fn series_report<'a>(series: &Series, batch: &'a FlowBatch, view: &SummaryView) -> SeriesReport<'a> {
    SeriesReport { seconds: seconds(series.every), flows_without_time: series.timeless, intervals: records(batch, view) }
}

fn table_report<'a>(table: &'a Table, view: &SummaryView) -> TableReport<'a> {
    TableReport {
        by: table.by.iter().map(|part| part.name.as_str()).collect(),
        order: table.order.name(),
        seconds: table.every.map(seconds),
        groups: table.groups,
        temporary_files: table.spilled,
        rows: records(&table.batch, view),
    }
}

fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

fn records<'a>(batch: &'a FlowBatch, view: &SummaryView) -> Vec<Record<'a>> {
    rows(std::slice::from_ref(batch)).map(|row| Record { row, names: view.names }).collect()
}

/// A row of a batch as an object; null where there is no value.
struct Record<'a> {
    row: Row<'a>,
    names: bool,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns: Vec<_> = self.row.columns().collect();
        let mut map = serializer.serialize_map(Some(columns.len()))?;
        for (spec, column) in columns {
            match self.names && is_named(spec) && column.validity.get(self.row.row) {
                true => {
                    let mut text = Vec::new();
                    write_named(&mut text, self.row.batch, spec, column, self.row.row);
                    map.serialize_entry(&spec.name, &String::from_utf8_lossy(&text))?;
                }
                false => map.serialize_entry(&spec.name, &self.row.json(spec, column))?,
            }
        }
        map.end()
    }
}

fn is_named(spec: &ColumnSpec) -> bool {
    has_names(spec) && spec.kind != Kind::Text
}
