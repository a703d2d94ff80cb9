//! A file of flows: what it is, which columns it has, and its rows as work.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use polars_arrow::datatypes::ArrowDataType;

use crate::collector::Work;
use crate::element::Elements;
use crate::input::{Compression, Container, FaultCause, FileReport, InputOptions, Location, Source, TableForm};
use crate::plan::{Kind, Schema};

use super::arrow::{ArrowFile, ArrowStream, RecordBatch};
use super::assemble::Layout;
use super::columns::{self, Place, StoredColumn, Told};
use super::error::{DatasetError, listed};
use super::faults::{Faults, Tally};
use super::lines::{CutError, Cutter, TextFile, TextRows};
use super::parquet::{ParquetFile, RowGroup};
use super::piece::{ColumnFile, Columns, Piece, rows_at_once};
use super::scaling::Scaling;
use super::sources::Sources;
use super::{array, form, partition};

/// A file that holds flows as a table.
pub struct StoredFile {
    name: String,
    form: TableForm,
    compression: [Option<Compression>; 2],
    columns: Vec<StoredColumn>,
    /// The names of the columns in the file, those that are not read among them.
    names: Vec<String>,
    /// Columns that are not read, with their types; true for columns of flows.
    left_out: Vec<(bool, String)>,
    scaled: bool,
    origin: FileOrigin,
}

enum FileOrigin {
    /// It is opened once more to be read.
    Path(Location),
    /// It can be read once: text behind its header.
    Lines(Cutter, Arc<AtomicBool>),
    /// A stream behind its schema.
    Stream(Box<ArrowStream>, Arc<AtomicBool>),
}

/// How a file is read.
#[derive(Debug)]
pub struct Reading<'a> {
    /// The file's number among the reports.
    pub file: u32,
    /// The columns that are wanted.
    pub schema: Arc<Schema>,
    /// Whether counters are to be multiplied by the sampling rates: what a file can't follow, its report says.
    pub scale: bool,
    /// Rows of a batch, at most.
    pub batch_rows: usize,
    /// Cells of a batch, about.
    pub batch_cells: usize,
    /// The numbers of exporters.
    pub sources: Arc<Sources>,
    /// Where the octets that were read are counted, and when waiting for more ends.
    pub options: &'a InputOptions,
}

impl Reading<'_> {
    /// Rows of a batch, at most.
    fn batch_rows(&self, layout: &Layout) -> usize {
        (self.batch_cells / layout.schema.columns().len().max(1)).clamp(1, self.batch_rows.max(1))
    }
}

impl std::fmt::Debug for StoredFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredFile").field("name", &self.name).field("form", &self.form).field("columns", &self.columns).finish()
    }
}

impl StoredFile {
    /// Looks at a file that can be opened again; `None` if it is no table: then it is a capture, or nothing.
    ///
    /// # Errors
    /// It is a table, and damaged or of something else than flows.
    pub fn recognise(location: &Location, options: &InputOptions, elements: &Arc<Elements>) -> Result<Option<Self>, DatasetError> {
        let options = InputOptions { progress: None, ..options.clone() };
        // Whoever reads captures says what is wrong with a file that can't be opened.
        let Ok(source) = Source::open(location, &options) else { return Ok(None) };
        let name = location.to_string();
        match form::named_form(&name, &source.head, elements) {
            Some(form) => Self::open(name, form, source, Some(location), elements).map(Some),
            None => match form::other_csv(&name, &source.head) {
                Some(found) => Err(DatasetError::NoFlows { name, form: TableForm::Csv, found }),
                None => Ok(None),
            },
        }
    }

    /// Looks at a pipe; what is no table is given back.
    ///
    /// # Errors
    /// It is a table, and damaged or of something else than flows, or Parquet or an Arrow file.
    pub fn from_pipe(name: &str, source: Source, elements: &Arc<Elements>) -> Result<Result<Self, Source>, DatasetError> {
        match form::form(&source.head, elements) {
            Some(form @ (TableForm::Parquet | TableForm::ArrowFile)) => Err(DatasetError::Pipe { name: name.to_owned(), form }),
            Some(form) => Self::open(name.to_owned(), form, source, None, elements).map(Ok),
            None => Ok(Err(source)),
        }
    }

    fn open(
        name: String,
        form: TableForm,
        source: Source,
        location: Option<&Location>,
        elements: &Arc<Elements>,
    ) -> Result<Self, DatasetError> {
        let compression = source.compression;
        let damaged = |what: String| DatasetError::Damaged { name: name.clone(), form, what };
        let path = match location {
            Some(Location::Path(path)) => Some(path.clone()),
            _ => None,
        };
        if let (TableForm::Parquet | TableForm::ArrowFile, Some(packing)) = (form, compression[0]) {
            return Err(damaged(format!("it is packed with {packing} as a whole; unpack it first")));
        }
        let opened = match (form, &path) {
            (TableForm::Parquet, Some(path)) => {
                let file = ParquetFile::open(path).map_err(damaged)?;
                Opened { columns: typed(file.columns()), told: file.told().map(Told::read), origin: None }
            }
            (TableForm::ArrowFile, Some(path)) => {
                let file = ArrowFile::open(path).map_err(damaged)?;
                Opened { columns: typed(file.columns()), told: file.told().as_deref().map(Told::read), origin: None }
            }
            (TableForm::ArrowStream, _) => {
                let refused = Arc::clone(&source.refused);
                let stream = ArrowStream::open(source.reader).map_err(damaged)?;
                let told = stream.told().as_deref().map(Told::read);
                Opened { columns: typed(stream.columns()), told, origin: Some(FileOrigin::Stream(Box::new(stream), refused)) }
            }
            _ => {
                let refused = Arc::clone(&source.refused);
                let mut cutter = Cutter::new(source.reader, form);
                let names = cutter.names().map_err(|e| cut_error(&name, form, e))?;
                Opened {
                    columns: names.into_iter().map(|n| (n, None)).collect(),
                    told: None,
                    origin: Some(FileOrigin::Lines(cutter, refused)),
                }
            }
        };
        let origin = match (location, opened.origin) {
            (Some(location), _) => FileOrigin::Path(location.clone()),
            (None, Some(origin)) => origin,
            (None, None) => return Err(DatasetError::Pipe { name, form }),
        };
        let told = opened.told.unwrap_or_default();
        if let Some(found) = told.other {
            return Err(DatasetError::Version { name, found });
        }
        let mut found = Found::default();
        for (number, (column, dtype)) in opened.columns.iter().enumerate() {
            found.add(column, dtype.as_ref(), number, &told, elements);
        }
        if let Some(column) = found.twice {
            return Err(DatasetError::Twice { name, column });
        }
        // Lines of JSON name their columns themselves: without lines there are none.
        let no_lines = form == TableForm::Ndjson && opened.columns.is_empty();
        if !found.known && !no_lines {
            let names: Vec<&str> = opened.columns.iter().map(|(n, _)| n.as_str()).collect();
            return Err(DatasetError::NoFlows { name, form, found: listed(&names) });
        }
        let mut columns = found.columns;
        for (key, value) in path.as_deref().map(partition::columns).unwrap_or_default() {
            let named = columns::named(&key, &told, elements);
            if columns.iter().all(|c| c.name != named.name) {
                let kind = named.kind.unwrap_or(Kind::Text);
                columns.push(StoredColumn { name: named.name, kind, place: Place::Path(value) });
            }
        }
        let names = opened.columns.into_iter().map(|(name, _)| name).collect();
        Ok(Self { name, form, compression, columns, names, left_out: found.left_out, scaled: told.scaled, origin })
    }

    /// The file as it was named.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its columns, in its order; those of its path last.
    pub fn columns(&self) -> &[StoredColumn] {
        &self.columns
    }

    /// Whether its counters were multiplied by the sampling rates, or can be.
    pub fn scaling(&self) -> Scaling {
        Scaling::of(&self.columns, self.form, self.scaled)
    }

    /// Gives out its rows as work until `give` says false. What is wrong with rows is known when the work is done, from the faults.
    ///
    /// # Errors
    /// It can't be read on.
    pub fn read(self, reading: &Reading<'_>, give: &mut dyn FnMut(Work) -> bool) -> (FileReport, Arc<Faults>, Result<(), DatasetError>) {
        let mut report = FileReport::new(self.name.clone(), Container::Table(self.form), self.compression);
        let faults = Arc::new(Faults::new(reading.file));
        let mut tally = Tally::default();
        let layout = Layout::new(Arc::clone(&reading.schema), &self.columns, self.scaled, reading.file, &reading.sources, &mut tally);
        tally.tell(&faults);
        if reading.scale && reading.schema.has_counters() {
            self.scaling().tell(&self.name, self.form, &faults);
        }
        for (cause, of_flows) in [(FaultCause::TableColumnLost, true), (FaultCause::TableColumn, false)] {
            let mut columns = self.left_out.iter().filter(|(known, _)| *known == of_flows).map(|(_, column)| column);
            if let Some(first) = columns.next() {
                faults.note(cause, 1 + columns.count() as u64, 0, first.clone());
            }
        }
        let ended = match self.rows(reading, layout, &faults) {
            Ok(rows) => rows.give(&mut report, reading, give),
            Err(error) => Err(error),
        };
        (report, faults, ended)
    }

    /// Opens the rows.
    fn rows(self, reading: &Reading<'_>, layout: Layout, faults: &Arc<Faults>) -> Result<Rows, DatasetError> {
        let name = self.name;
        let form = self.form;
        let damaged = |what: String| DatasetError::Damaged { name: name.clone(), form, what };
        let faults = Arc::clone(faults);
        let text = |cutter, refused, layout, faults| Rows::Text {
            file: Arc::new(TextFile::new(form, layout, self.names, faults)),
            cutter,
            refused,
            name: name.clone(),
        };
        let stream = |stream, refused, layout, faults| Rows::Stream {
            stream,
            file: Arc::new(ColumnFile { layout, faults }),
            refused,
            name: name.clone(),
        };
        Ok(match (self.origin, form) {
            (FileOrigin::Lines(cutter, refused), _) => text(cutter, refused, layout, faults),
            (FileOrigin::Stream(opened, refused), _) => stream(opened, refused, layout, faults),
            (FileOrigin::Path(location), TableForm::Parquet) => {
                let file = Arc::new(ParquetFile::open(&path_of(&location)).map_err(damaged)?);
                Rows::Parquet { parquet: file, file: Arc::new(ColumnFile { layout, faults }) }
            }
            (FileOrigin::Path(location), TableForm::ArrowFile) => {
                let file = Arc::new(ArrowFile::open(&path_of(&location)).map_err(damaged)?);
                let groups = file.groups().map_err(damaged)?;
                Rows::Arrow { arrow: file, groups, file: Arc::new(ColumnFile { layout, faults }) }
            }
            (FileOrigin::Path(location), form) => {
                let source = Source::open(&location, reading.options)?;
                let refused = Arc::clone(&source.refused);
                if form == TableForm::ArrowStream {
                    stream(Box::new(ArrowStream::open(source.reader).map_err(damaged)?), refused, layout, faults)
                } else {
                    let mut cutter = Cutter::new(source.reader, form);
                    cutter.names().map_err(|e| cut_error(&name, form, e))?;
                    text(cutter, refused, layout, faults)
                }
            }
        })
    }
}

/// What was learned by opening.
struct Opened {
    columns: Vec<(String, Option<ArrowDataType>)>,
    told: Option<Told>,
    origin: Option<FileOrigin>,
}

/// The columns of a file as columns of flows.
#[derive(Default)]
struct Found {
    columns: Vec<StoredColumn>,
    known: bool,
    left_out: Vec<(bool, String)>,
    twice: Option<String>,
}

impl Found {
    fn add(&mut self, column: &str, dtype: Option<&ArrowDataType>, number: usize, told: &Told, elements: &Arc<Elements>) {
        let named = columns::named(column, told, elements);
        self.known |= named.known;
        let kind = match dtype {
            None => Some(named.kind.unwrap_or(Kind::Text)),
            Some(dtype) => named.kind.or_else(|| array::natural_kind(dtype)).filter(|kind| array::is_read(*kind, dtype)),
        };
        match kind {
            None => {
                let shown = format!("{column}: {}", dtype.map(|d| format!("{d:?}")).unwrap_or_default());
                self.left_out.push((named.known, shown));
            }
            Some(_) if self.columns.iter().any(|c| c.name == named.name) => {
                self.twice.get_or_insert(named.name);
            }
            Some(kind) => self.columns.push(StoredColumn { name: named.name, kind, place: Place::File(number) }),
        }
    }
}

/// Rows that are given out.
enum Rows {
    Parquet { parquet: Arc<ParquetFile>, file: Arc<ColumnFile> },
    Arrow { arrow: Arc<ArrowFile>, groups: Vec<Result<usize, String>>, file: Arc<ColumnFile> },
    Stream { stream: Box<ArrowStream>, file: Arc<ColumnFile>, refused: Arc<AtomicBool>, name: String },
    Text { cutter: Cutter, file: Arc<TextFile>, refused: Arc<AtomicBool>, name: String },
}

impl Rows {
    fn give(self, report: &mut FileReport, reading: &Reading<'_>, give: &mut dyn FnMut(Work) -> bool) -> Result<(), DatasetError> {
        let progress = reading.options.progress.as_deref();
        match self {
            Self::Parquet { parquet, file } => {
                report.octets = parquet.octets();
                let columns: Vec<usize> = file.layout.targets.iter().map(|t| t.column).collect();
                let groups = parquet.groups();
                let total = groups.iter().flatten().fold(0usize, |total, rows| total.saturating_add(*rows));
                for (group, rows) in groups.into_iter().enumerate() {
                    let rows = match rows {
                        Ok(rows) => rows,
                        Err(why) => {
                            lost_part(&file, report, "row group", group, &why);
                            continue;
                        }
                    };
                    let pieces = rows.div_ceil(rows_at_once(columns.len()).max(reading.batch_rows)).max(1);
                    let each = rows.div_ceil(pieces).max(1);
                    let lying = Arc::new(AtomicBool::new(false));
                    for start in (0..rows).step_by(each) {
                        if lying.load(Ordering::Relaxed) {
                            let why = format!("it breaks off, {} of {rows} rows are left out", rows - start);
                            lost_part(&file, report, "row group", group, &why);
                            break;
                        }
                        let end = rows.min(start.saturating_add(each));
                        let (parquet, columns, lying) = (Arc::clone(&parquet), columns.clone(), Arc::clone(&lying));
                        let source = RowGroup { file: parquet, group, rows: start..end, columns, lying };
                        if !give_piece(&file, Box::new(source), end - start, reading, report, give) {
                            return Ok(());
                        }
                        advance(progress, report.octets, end - start, total);
                    }
                }
                Ok(())
            }
            Self::Arrow { arrow, groups, file } => {
                report.octets = arrow.octets();
                let columns: Vec<usize> = file.layout.targets.iter().map(|t| t.column).collect();
                let blocks = groups.len();
                for (block, rows) in groups.into_iter().enumerate() {
                    match rows {
                        Ok(rows) => {
                            let source = RecordBatch { file: Arc::clone(&arrow), block, columns: columns.clone() };
                            if !give_piece(&file, Box::new(source), rows, reading, report, give) {
                                return Ok(());
                            }
                        }
                        Err(why) => lost_part(&file, report, "record batch", block, &why),
                    }
                    advance(progress, report.octets, 1, blocks);
                }
                Ok(())
            }
            Self::Stream { mut stream, file, refused, name } => {
                let columns: Vec<usize> = file.layout.targets.iter().map(|t| t.column).collect();
                loop {
                    match stream.next(&columns) {
                        Ok(Some((rows, batch))) => {
                            if !give_piece(&file, Box::new(batch), rows, reading, report, give) {
                                return Ok(());
                            }
                        }
                        Ok(None) => return Ok(()),
                        Err(what) if refused.load(Ordering::Relaxed) => {
                            return Err(DatasetError::Read { name, source: std::io::Error::other(what) });
                        }
                        Err(why) => {
                            let row = report.stored + 1;
                            file.faults.note(FaultCause::FileCut, 1, row, format!("at row {row}: {why}"));
                            return Ok(());
                        }
                    }
                }
            }
            Self::Text { mut cutter, file, refused, name } => loop {
                match cutter.next(reading.batch_rows(&file.layout)) {
                    Ok(Some(stretch)) => {
                        report.octets += stretch.octets.len() as u64;
                        report.stored += stretch.rows as u64;
                        let rows = Arc::new(TextRows { file: Arc::clone(&file), stretch });
                        if !give(Work::stored(Arc::clone(&file.layout.schema), rows)) {
                            return Ok(());
                        }
                    }
                    Ok(None) => return Ok(()),
                    Err(CutError::Read(source)) if refused.load(Ordering::Relaxed) => return Err(DatasetError::Read { name, source }),
                    Err(CutError::Read(error)) => {
                        let cut = error.kind() == std::io::ErrorKind::UnexpectedEof;
                        let cause = if cut { FaultCause::CompressionCut } else { FaultCause::CompressionDamaged };
                        let row = report.stored + 1;
                        file.faults.note(cause, 1, row, format!("after {} octets of unpacked data: {error}", report.octets));
                        return Ok(());
                    }
                    Err(CutError::Endless(row)) => {
                        let why = format!("row {row}: has no end: a quote is missing");
                        file.faults.note(FaultCause::TablePart, 1, row, why);
                        return Ok(());
                    }
                }
            },
        }
    }
}

fn give_piece(
    file: &Arc<ColumnFile>,
    source: Box<dyn Columns>,
    rows: usize,
    reading: &Reading<'_>,
    report: &mut FileReport,
    give: &mut dyn FnMut(Work) -> bool,
) -> bool {
    let first = report.stored.saturating_add(1);
    report.stored = report.stored.saturating_add(rows as u64);
    let piece = Piece::new(Arc::clone(file), source, first, rows);
    piece.batches(reading.batch_rows(&file.layout)).all(|rows| give(Work::stored(Arc::clone(&file.layout.schema), rows)))
}

/// Counts a part of a file that gives no rows.
fn lost_part(file: &ColumnFile, report: &FileReport, part: &str, number: usize, why: &str) {
    let row = report.stored.saturating_add(1);
    file.faults.note(FaultCause::TablePart, 1, row, format!("{part} {} at row {row}: {why}", number + 1));
}

/// Counts the share of a file that some of its parts are.
fn advance(progress: Option<&AtomicU64>, octets: u64, parts: usize, of: usize) {
    if let Some(progress) = progress {
        let share = u128::from(octets) * parts as u128 / (of.max(1) as u128);
        progress.fetch_add(u64::try_from(share).unwrap_or(0), Ordering::Relaxed);
    }
}

fn typed(columns: Vec<(String, ArrowDataType)>) -> Vec<(String, Option<ArrowDataType>)> {
    columns.into_iter().map(|(name, dtype)| (name, Some(dtype))).collect()
}

fn path_of(location: &Location) -> PathBuf {
    match location {
        Location::Path(path) => path.clone(),
        Location::Stdin => PathBuf::from("-"),
    }
}

fn cut_error(name: &str, form: TableForm, error: CutError) -> DatasetError {
    let name = name.to_owned();
    match error {
        CutError::Read(source) => DatasetError::Read { name, source },
        CutError::Endless(_) => DatasetError::Damaged { name, form, what: "its first line has no end".to_owned() },
    }
}
