//! A table of groups, or of intervals: for a terminal, and as Markdown.

use crate::column::{Column, FlowBatch, Values};
use crate::plan::{ColumnSpec, Kind};
use crate::summary::{Answers, Counts, FlowTotals, Series, Table};
use crate::time::Timestamp;
use crate::write::{has_names, write_cell, write_named};

use super::super::display::Display;
use super::super::escape::escape;
use super::super::grid::{Column as Lane, Grid, numbers, words};
use super::super::number::{Clock, grouped};
use super::super::style::Paint;
use super::super::zone::Zone;
use super::{bits, percent, shared};

/// What stands for null: flows without a value are a group like any other.
const NONE: &str = "(none)";

/// What stands for a sum where no flow says.
const UNKNOWN: &str = "–";

/// Titles and cells of a table, escaped.
pub(super) struct Cells {
    pub(super) lanes: Vec<Title>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A column's title.
pub(super) struct Title {
    pub(super) text: String,
    pub(super) right: bool,
    /// How easily it is left out on a narrow terminal.
    spare: u8,
}

impl Title {
    fn new(text: impl Into<String>, right: bool, spare: u8) -> Self {
        Self { text: text.into(), right, spare }
    }
}

impl Cells {
    /// The groups of a table.
    pub(super) fn of(table: &Table, totals: &FlowTotals, display: &Display) -> Self {
        let batch = &table.batch;
        let specs = &batch.schema().columns()[..table.keys];
        let mut lanes: Vec<Title> = specs.iter().map(|spec| Title::new(escape(&spec.name), is_number(spec), 0)).collect();
        let share = shared(table);
        lanes.extend([Title::new("flows", true, 2), Title::new("packets", true, 3), Title::new("bytes", true, 0)]);
        if table.every.is_none() {
            lanes.push(Title::new(format!("% {}", share.name()), true, 1));
        }
        lanes.push(Title::new("bit/s", true, 1));
        if table.every.is_none() {
            lanes.extend([Title::new("first", false, 5), Title::new("last", false, 4)]);
        }
        let fine = table.every.is_some_and(|every| every % 1_000_000_000 != 0);
        let rates = batch.columns().get(table.keys + 3);
        let rows = table.rows.iter().enumerate().map(|(row, counts)| {
            let key = |(spec, column): (&ColumnSpec, &Column)| match column.validity.get(row) {
                true => cell(batch, spec, column, row, display.zone, fine),
                // A name that is shown beside an interface is no group of its own.
                false if is_label(table, spec) => String::new(),
                false => NONE.to_owned(),
            };
            let mut cells: Vec<String> = specs.iter().zip(batch.columns()).map(key).collect();
            cells.extend(sums(counts, display));
            if table.every.is_none() {
                let part = share.measure(counts).and_then(|measure| percent(measure, share, totals));
                // Of many groups the first ones may have little.
                cells.push(part.map_or_else(String::new, |part| if part < 1.0 { format!("{part:.2}") } else { format!("{part:.1}") }));
            }
            let rate = rates.and_then(|c| c.unsigned(row));
            cells.push(rate.map_or_else(|| UNKNOWN.to_owned(), |rate| bits(rate, display.bytes)));
            if table.every.is_none() {
                let time = |nanos: Option<i64>| nanos.map_or_else(String::new, |nanos| moment(nanos, display.zone, true));
                cells.extend([time(counts.span().map(|(first, _)| first)), time(counts.span().map(|(_, last)| last))]);
            }
            cells
        });
        let mut cells = Self { rows: rows.collect(), lanes };
        for (spec, column) in specs.iter().zip(batch.columns()) {
            if is_label(table, spec) && column.validity.nulls() == column.validity.len() {
                cells.remove(&spec.name);
            }
        }
        cells
    }

    /// The intervals of a series.
    pub(super) fn intervals(series: &Series, display: &Display) -> Self {
        let fine = series.every % 1_000_000_000 != 0;
        let lanes = vec![
            Title::new("interval", false, 0),
            Title::new("flows", true, 2),
            Title::new("packets", true, 3),
            Title::new("bytes", true, 0),
            Title::new("bit/s", true, 1),
        ];
        let batch = series.batch(true);
        let rate = |row: usize| batch.columns().get(4).and_then(|c| c.unsigned(row)).unwrap_or(0);
        let rows = series.without_gaps().into_iter().enumerate().map(|(row, interval)| {
            let known = |known: bool, text: String| if known { text } else { UNKNOWN.to_owned() };
            vec![
                moment(interval.start, display.zone, fine),
                grouped(interval.flows.into()),
                known(series.known.packets(), grouped(interval.packets.into())),
                known(series.known.bytes(), display.bytes.text(interval.bytes.into())),
                known(series.known.bytes(), bits(rate(row), display.bytes)),
            ]
        });
        Self { rows: rows.collect(), lanes }
    }

    /// Takes a column out.
    pub(super) fn remove(&mut self, title: &str) {
        if let Some(at) = self.lanes.iter().position(|lane| lane.text == title) {
            self.lanes.remove(at);
            self.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
    }

    /// The table for a terminal of that width.
    pub(super) fn grid(self, width: usize, titles: bool) -> Grid {
        let lane = |title: Title| -> Lane { if title.right { numbers(title.text, title.spare) } else { words(title.text, title.spare) } };
        let mut grid = Grid::new(self.lanes.into_iter().map(lane).collect()).titles(titles);
        for row in self.rows {
            grid.row(row.into_iter().map(|text| (text, Paint::Plain)).collect());
        }
        grid.fit(width);
        grid
    }
}

fn sums(counts: &Counts, display: &Display) -> [String; 3] {
    let known = |count: Option<u64>, text: &dyn Fn(u128) -> String| count.map_or_else(|| UNKNOWN.to_owned(), |count| text(count.into()));
    [grouped(counts.flows.into()), known(counts.packets(), &grouped), known(counts.bytes(), &|bytes| display.bytes.text(bytes))]
}

/// True for a column that flows are not grouped by: names of interfaces.
fn is_label(table: &Table, spec: &ColumnSpec) -> bool {
    spec.kind == Kind::Text && spec.name.ends_with("_if_name") && table.by.iter().all(|part| part.name != spec.name)
}

fn is_number(spec: &ColumnSpec) -> bool {
    matches!(spec.kind, Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 | Kind::I64 | Kind::F64) && !has_names(spec)
}

fn cell(batch: &FlowBatch, spec: &ColumnSpec, column: &Column, row: usize, zone: Zone, fine: bool) -> String {
    match (&column.values, spec.kind) {
        (Values::I64(times), Kind::Time) => {
            return times.get(row).map_or_else(String::new, |nanos| moment(*nanos, zone, fine || spec.name != "interval"));
        }
        (Values::Octets(texts), _) if texts.get(row).is_empty() => return "\"\"".to_owned(),
        _ => {}
    }
    let mut octets = Vec::new();
    if has_names(spec) {
        write_named(&mut octets, batch, spec, column, row);
    } else {
        write_cell(&mut octets, column, row);
    }
    escape(&String::from_utf8_lossy(&octets)).into_owned()
}

/// `2026-11-22 20:49:11`, with milliseconds if `fine`, by the zone's clock.
pub(super) fn moment(nanos: i64, zone: Zone, fine: bool) -> String {
    let clock = Clock::of(zone.local(Timestamp::from_nanos(nanos)));
    format!("{} {}", clock.day, if fine { clock.millis } else { clock.seconds })
}

/// What is said under a table: how many groups there are, and what part of all those above have.
pub(super) fn footer(table: &Table, totals: &FlowTotals, noun: &str) -> Option<String> {
    let files = if table.spilled { "; they did not fit memory and were added up by temporary files (--max-groups)" } else { "" };
    if table.every.is_some() {
        return table.spilled.then(|| format!("{} {noun} in all intervals{files}", grouped(table.groups.into())));
    }
    let shown = table.rows.len() as u64;
    if shown == 0 || (shown == table.groups && !table.spilled) {
        return None;
    }
    let share = shared(table);
    let measure = table.rows.iter().filter_map(|row| share.measure(row)).fold(0u64, u64::saturating_add);
    // Rounded down: what is not all of them is not 100 %.
    let part = percent(measure, share, totals).map(|part| (part * 10.0).floor() / 10.0);
    let part = part.map_or_else(String::new, |part| format!(", with {part:.1} % of the {}", share.name()));
    Some(format!("{} of {} {noun}{part}{files}", grouped(shown.into()), grouped(table.groups.into())))
}

/// The zone that the times of a page are in.
pub(super) fn zone_label(answers: &Answers, zone: Zone) -> String {
    let series = || answers.series.as_ref().and_then(|s| s.intervals.first()).map(|i| i.start);
    zone.label(Timestamp::from_nanos(answers.totals.span.map(|(first, _)| first).or_else(series).unwrap_or(0)))
}
