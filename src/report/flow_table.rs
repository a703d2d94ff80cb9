//! Flows as a text table that streams: the first batch fixes the widths, every further row keeps to them.
//!
//! Numbers, addresses and times are never cut, since a cut one would be a wrong one: a value that is wider than its column pushes
//! the rest of its row aside. Texts and octets are cut, and `…` says so. Where not all columns fit, titles take two lines and columns
//! move together, and the day of the first time column goes from its cells into the header, and onto a line of its own whenever
//! it changes; what still does not fit is left out, and the last line says so. In a zone other than UTC the offset stands with the day.

use std::io::{self, Write};
use std::sync::Arc;

use crate::collector::{Digest, Flow, Sink};
use crate::column::{Column, FlowBatch, Values};
use crate::plan::{Canonical, ColumnSpec, Kind, Schema, Source};
use crate::write::{has_names, write_cell, write_context, write_named};

use super::display::{ByteUnits, Display, counts_octets};
use super::escape::escape;
use super::style::{Paint, Style};
use super::width::{cut, width};
use super::zone::Zone;

/// The widest that a column of texts gets.
const WIDEST_TEXT: usize = 40;
/// Blanks between columns where there is room.
const GAP: usize = 2;
/// Columns of `2026-11-22`.
const DAY: usize = 10;
/// Columns of `+01:00`.
const OFFSET: usize = 6;

/// Turns batches into rows of cells, ready to be laid out.
#[derive(Clone, Debug)]
pub struct FlowTable {
    schema: Arc<Schema>,
    style: Style,
    /// True where the first batch may be one flow.
    live: bool,
    display: Display,
}

/// The cells of a batch, escaped, row by row.
#[derive(Clone, Debug)]
pub struct TablePart {
    text: String,
    ends: Vec<usize>,
    rows: usize,
}

impl FlowTable {
    /// A table of the schema's columns.
    pub fn new(schema: Arc<Schema>, style: Style) -> Self {
        Self { schema, style, live: false, display: Display::default() }
    }

    /// Makes room for usual values from the beginning: of a live run the first batch may be a single flow.
    pub fn live(self) -> Self {
        Self { live: true, ..self }
    }

    /// Has times, octets and titles as the reader wants them.
    pub fn with_display(self, display: Display) -> Self {
        Self { display, ..self }
    }

    fn shown(&self) -> impl Iterator<Item = (usize, &ColumnSpec)> {
        self.schema.columns().iter().enumerate().filter(|(_, spec)| !spec.hidden)
    }
}

/// How the cells of a column are written.
#[derive(Clone, Copy, Debug)]
enum Form {
    Plain,
    Context(Canonical),
    Named,
    /// When the datagram came, in another zone.
    Received(Zone),
    /// A time in another zone.
    Time(Zone),
    /// Octets in larger units.
    Octets(ByteUnits),
}

impl FlowTable {
    fn form(&self, spec: &ColumnSpec) -> Form {
        let Display { zone, bytes, .. } = self.display;
        match spec.source {
            Source::Canonical(Canonical::Received) if zone != Zone::Utc => Form::Received(zone),
            Source::Canonical(c) if c.is_context() => Form::Context(c),
            _ if has_names(spec) => Form::Named,
            _ if spec.kind == Kind::Time && zone != Zone::Utc => Form::Time(zone),
            _ if bytes != ByteUnits::Raw && counts_octets(spec) => Form::Octets(bytes),
            _ => Form::Plain,
        }
    }
}

fn write_time(out: &mut Vec<u8>, zone: Zone, column: &Column, row: usize) {
    if let Values::I64(times) = &column.values
        && column.validity.get(row)
        && let Some(nanos) = times.get(row)
    {
        zone.write(out, *nanos);
    }
}

impl Digest for FlowTable {
    type Part = TablePart;

    fn digest(&self, batch: &FlowBatch) -> TablePart {
        let columns: Vec<(usize, &ColumnSpec)> = self.shown().collect();
        let mut part = TablePart { text: String::new(), ends: Vec::with_capacity(batch.rows() * columns.len()), rows: batch.rows() };
        let forms: Vec<Form> = self.schema.columns().iter().map(|spec| self.form(spec)).collect();
        let mut octets = Vec::new();
        for run in batch.runs() {
            for row in run.start..run.start + run.rows {
                for (index, spec) in &columns {
                    octets.clear();
                    let Some(column) = batch.columns().get(*index) else { continue };
                    match forms.get(*index).copied().unwrap_or(Form::Plain) {
                        Form::Context(canonical) => write_context(&mut octets, canonical, run),
                        Form::Received(zone) => {
                            if let Some(time) = run.context.received {
                                zone.write(&mut octets, time.nanos());
                            }
                        }
                        Form::Named => write_named(&mut octets, batch, spec, column, row),
                        Form::Time(zone) => write_time(&mut octets, zone, column, row),
                        Form::Octets(units) => {
                            if let Some(number) = column.unsigned(row) {
                                octets.extend_from_slice(units.text(number.into()).as_bytes());
                            }
                        }
                        Form::Plain => write_cell(&mut octets, column, row),
                    }
                    let cell = String::from_utf8_lossy(&octets);
                    // Only texts can hold what must not reach a terminal.
                    part.text.push_str(&if matches!(spec.kind, Kind::Text | Kind::Json) { escape(&cell) } else { cell.as_ref().into() });
                    part.ends.push(part.text.len());
                }
            }
        }
        part
    }
}

impl TablePart {
    /// The rows of several parts of one table.
    pub(super) fn joined(parts: impl Iterator<Item = Self>) -> Self {
        let mut all = Self { text: String::new(), ends: Vec::new(), rows: 0 };
        for part in parts {
            let before = all.text.len();
            all.ends.extend(part.ends.iter().map(|end| before + end));
            all.text.push_str(&part.text);
            all.rows += part.rows;
        }
        all
    }

    /// The cells of each row.
    fn rows(&self, columns: usize) -> impl Iterator<Item = Vec<&str>> {
        let mut start = 0;
        let mut cells = self.ends.iter().map(move |end| {
            let cell = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            cell
        });
        (0..self.rows).map(move |_| cells.by_ref().take(columns).collect())
    }
}

/// One column as it is laid out.
#[derive(Clone, Debug)]
struct Lane {
    title: String,
    right: bool,
    /// Whether cells may be cut.
    text: bool,
    /// Whether cells are times.
    time: bool,
    /// The widest cell that is to be expected.
    cells: usize,
    width: usize,
}

/// Writes the rows of a table as they come.
#[derive(Debug)]
pub struct FlowTableSink<W> {
    out: W,
    style: Style,
    lanes: Vec<Lane>,
    gap: usize,
    /// Which lane tells the day, and the day that holds for times without one; `None` where all times are written out.
    day: Option<(usize, Day)>,
    headers: bool,
    /// Columns of the schema, with those that did not fit.
    columns: usize,
    limit: Option<u64>,
    rows: u64,
    begun: bool,
    closed: bool,
    line: String,
}

impl<W: Write> FlowTableSink<W> {
    /// A sink for the parts of `table`; at most `limit` rows are written.
    pub fn new(table: &FlowTable, out: W, limit: Option<u64>) -> Self {
        let lanes: Vec<Lane> = table
            .shown()
            .map(|(_, spec)| Lane {
                title: escape(&spec.name).into_owned(),
                right: is_number(spec),
                text: matches!(spec.kind, Kind::Text | Kind::Octets | Kind::Json),
                time: spec.kind == Kind::Time,
                cells: if table.live { usual(spec) } else { least(spec) },
                width: 0,
            })
            .collect();
        let columns = lanes.len();
        Self {
            out,
            style: table.style.clone(),
            lanes,
            gap: GAP,
            day: None,
            headers: table.display.headers,
            columns,
            limit,
            rows: 0,
            begun: false,
            closed: false,
            line: String::new(),
        }
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the table: the header if there was no row at all, a line on the columns that did not fit.
    ///
    /// # Errors
    /// Writing failed. A reader that has gone away is no error.
    pub fn finish(mut self) -> io::Result<()> {
        let ended = self.end();
        self.forgive(ended).map(|_| ())
    }

    fn end(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        if !self.begun {
            self.begin(&[])?;
        }
        let left_out = self.columns - self.lanes.len();
        if left_out > 0 {
            let s = if left_out == 1 { "" } else { "s" };
            let text = format!("+{left_out} column{s}: --columns, or --format csv");
            writeln!(self.out, "{}", self.style.paint(Paint::Aside, &text))?;
        }
        self.out.flush()
    }

    /// Fixes the widths by the first rows, leaves out what does not fit, writes the header.
    fn begin(&mut self, rows: &[Vec<&str>]) -> io::Result<()> {
        self.begun = true;
        for row in rows {
            for (lane, cell) in self.lanes.iter_mut().zip(row) {
                let own = if lane.text { width(cell).min(WIDEST_TEXT) } else { width(cell) };
                lane.cells = lane.cells.max(own);
            }
        }
        self.lanes.iter_mut().for_each(|lane| lane.width = lane.cells.max(width(&lane.title)));
        let mut titles: Vec<(String, String)> = self.lanes.iter().map(|l| (String::new(), l.title.clone())).collect();
        if self.fitting() < self.columns {
            self.gap = 1;
            // Without titles the day has no place.
            self.day = first_day(&self.lanes, rows).filter(|_| self.headers);
            for (index, (lane, title)) in self.lanes.iter_mut().zip(&mut titles).enumerate() {
                *title = halves(&lane.title, lane.cells);
                if let Some((of, day)) = &self.day
                    && lane.time
                {
                    let cells = rows.iter().filter_map(|r| r.get(index)).map(|cell| width(clock(cell)));
                    lane.cells = cells.max().unwrap_or(0);
                    // A day with its offset is wider than a clock: it has a line of its own from the first row on.
                    if *of == index && day.offset.is_empty() {
                        *title = (lane.title.clone(), day.date.clone());
                    }
                }
                lane.width = lane.cells.max(width(&title.0)).max(width(&title.1));
            }
        }
        if !self.headers {
            self.lanes.iter_mut().for_each(|lane| lane.width = lane.cells);
        }
        // One column at least, however narrow the terminal.
        let fitting = self.fitting().max(1);
        self.lanes.truncate(fitting);
        titles.truncate(fitting);
        self.day.take_if(|(of, _)| *of >= fitting);
        if !self.headers {
            return Ok(());
        }
        let (upper, lower): (Vec<&str>, Vec<&str>) = titles.iter().map(|(a, b)| (a.as_str(), b.as_str())).unzip();
        for titles in [upper, lower] {
            lay_out(&mut self.line, &self.lanes, self.gap, &titles);
            if !self.line.is_empty() {
                writeln!(self.out, "{}", self.style.paint(Paint::Heading, &self.line))?;
            }
        }
        match &self.day {
            Some((_, day)) if !day.offset.is_empty() => writeln!(self.out, "{}", self.style.paint(Paint::Heading, &day.text())),
            _ => Ok(()),
        }
    }

    /// How many columns the terminal holds.
    fn fitting(&self) -> usize {
        let mut used = 0;
        let fitting = self.lanes.iter().take_while(|lane| {
            used += lane.width + self.gap;
            used - self.gap <= self.style.width
        });
        fitting.count()
    }

    fn write_part(&mut self, part: &TablePart) -> io::Result<()> {
        if !self.begun {
            let rows: Vec<Vec<&str>> = part.rows(self.columns).collect();
            self.begin(&rows)?;
        }
        let left = self.limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.rows));
        for row in part.rows(self.columns).take(usize::try_from(left).unwrap_or(usize::MAX)) {
            self.write_row(row)?;
            self.rows += 1;
        }
        Ok(())
    }

    fn write_row(&mut self, mut row: Vec<&str>) -> io::Result<()> {
        if let Some((of, day)) = &mut self.day {
            if let Some(other) = row.get(*of).and_then(|cell| Day::of(cell)).filter(|own| own != day) {
                *day = other;
                writeln!(self.out, "{}", self.style.paint(Paint::Heading, &day.text()))?;
            }
            for (cell, _) in row.iter_mut().zip(&self.lanes).filter(|(_, lane)| lane.time) {
                if cell.starts_with(&day.date) && cell.ends_with(&day.offset) {
                    *cell = clock(cell);
                }
            }
        }
        lay_out(&mut self.line, &self.lanes, self.gap, &row);
        self.out.write_all(self.line.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// A reader that has gone away (`| head`) ends the run without an error.
    fn forgive(&mut self, result: io::Result<()>) -> io::Result<Flow> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(Flow::Stop)
            }
            Err(error) => Err(error),
            Ok(()) if self.limit.is_some_and(|limit| self.rows >= limit) => Ok(Flow::Stop),
            Ok(()) => Ok(Flow::Continue),
        }
    }
}

impl<W: Write> Sink<TablePart> for FlowTableSink<W> {
    type Error = io::Error;

    fn absorb(&mut self, part: TablePart) -> io::Result<Flow> {
        if self.closed {
            return Ok(Flow::Stop);
        }
        let written = self.write_part(&part);
        self.forgive(written)
    }
}

/// One line of cells, without blanks at its end.
fn lay_out(line: &mut String, lanes: &[Lane], gap: usize, cells: &[&str]) {
    line.clear();
    for (index, (lane, cell)) in lanes.iter().zip(cells).enumerate() {
        if index > 0 {
            line.extend(std::iter::repeat_n(' ', gap));
        }
        let own = width(cell);
        let blanks = lane.width.saturating_sub(own);
        if lane.right {
            line.extend(std::iter::repeat_n(' ', blanks));
        }
        if lane.text && own > lane.width {
            line.push_str(&cut(cell, lane.width));
        } else {
            line.push_str(cell);
        }
        if !lane.right {
            line.extend(std::iter::repeat_n(' ', blanks));
        }
    }
    line.truncate(line.trim_end().len());
}

/// A day by a zone's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Day {
    /// `2026-11-22`
    date: String,
    /// `+01:00`; empty in UTC.
    offset: String,
}

impl Day {
    /// The day of a time as cells have it.
    fn of(cell: &str) -> Option<Self> {
        Some(Self { date: cell.get(..DAY)?.to_owned(), offset: cell.get(cell.len() - offset(cell)..)?.to_owned() })
    }

    /// `2026-11-22 +01:00`
    fn text(&self) -> String {
        format!("{} {}", self.date, self.offset).trim_end().to_owned()
    }
}

/// Columns of the offset from UTC at the end of a time; none for `Z`.
fn offset(cell: &str) -> usize {
    if cell.ends_with('Z') || cell.len() < OFFSET { 0 } else { OFFSET }
}

/// The first time column and the first day in it.
fn first_day(lanes: &[Lane], rows: &[Vec<&str>]) -> Option<(usize, Day)> {
    let lane = lanes.iter().position(|l| l.time)?;
    let day = rows.iter().filter_map(|r| r.get(lane)).find_map(|cell| Day::of(cell))?;
    Some((lane, day))
}

/// `20:49:11.126` of `2026-11-22T20:49:11.126Z` and of `2026-11-22T20:49:11.126+01:00`.
fn clock(cell: &str) -> &str {
    cell.get(DAY + 1..cell.len().saturating_sub(offset(cell).max(1))).unwrap_or(cell)
}

/// A title on two lines, parted at the underscore that makes it narrowest; whole if it is no wider than its cells.
fn halves(title: &str, cells: usize) -> (String, String) {
    let whole = (String::new(), title.to_owned());
    if width(title) <= cells {
        return whole;
    }
    let parted = title.match_indices('_').map(|(at, _)| title.split_at(at + 1)).filter(|(a, b)| !a.is_empty() && !b.is_empty());
    parted.min_by_key(|(a, b)| width(a).max(width(b))).map_or(whole, |(a, b)| (a.to_owned(), b.to_owned()))
}

fn is_number(spec: &ColumnSpec) -> bool {
    if matches!(spec.source, Source::Canonical(Canonical::Protocol | Canonical::TcpFlags)) {
        return false;
    }
    matches!(spec.kind, Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 | Kind::I64 | Kind::F64)
}

/// Room that usual values need.
fn usual(spec: &ColumnSpec) -> usize {
    match (&spec.source, spec.kind) {
        (Source::Canonical(Canonical::DurationMs), _) => 6,
        (Source::Canonical(Canonical::Packets), _) => 7,
        (Source::Canonical(Canonical::TcpFlags), _) => 8,
        (_, Kind::Time) => 24,
        (_, Kind::Address | Kind::Ipv4) => 15,
        (_, Kind::U64 | Kind::U32 | Kind::I64) => 9,
        _ => least(spec),
    }
}

/// Room that later batches are likely to need, whatever the first one holds.
fn least(spec: &ColumnSpec) -> usize {
    match spec.kind {
        Kind::U16 => 5,
        _ => 0,
    }
}
