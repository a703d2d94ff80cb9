//! What becomes of a batch of a live run: its sums, and its lines.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::Shared;
use super::export::{ExportDigest, ExportPart, Exporters};
use crate::audit::Traffic;
use crate::collector::{Digest, Flow, Sink};
use crate::column::FlowBatch;
use crate::report::{FlowTable, FlowTableSink, TablePart};
use crate::summary::TalkersPart;
use crate::table::Selection;
use crate::write::{RowWriter, TextPart, TextSink};

/// Sums up every batch, and makes lines of the flows that are wanted.
pub(super) struct LiveDigest<'a> {
    rows: Rows,
    selection: Option<Selection>,
    export: Option<ExportDigest<'a>>,
    /// True if somebody wants to know who talks most.
    talkers: bool,
}

#[derive(Debug)]
enum Rows {
    None,
    Text(RowWriter),
    Table(FlowTable),
}

/// What a batch gives.
pub(super) struct LivePart {
    traffic: Vec<(u32, Traffic)>,
    talkers: Option<TalkersPart>,
    rows: RowsPart,
    /// For the files, where there are any.
    export: Option<Vec<ExportPart>>,
}

enum RowsPart {
    None,
    Text(TextPart),
    Table(TablePart),
}

impl<'a> LiveDigest<'a> {
    /// No lines.
    pub(super) fn sums() -> Self {
        Self { rows: Rows::None, selection: None, talkers: false, export: None }
    }

    /// And tells who talks most, of all flows.
    pub(super) fn with_talkers(self, talkers: bool) -> Self {
        Self { talkers, ..self }
    }

    /// Lines of text.
    pub(super) fn text(rows: RowWriter, selection: Option<Selection>) -> Self {
        Self { rows: Rows::Text(rows), selection, talkers: false, export: None }
    }

    /// Rows of a table.
    pub(super) fn table(table: FlowTable, selection: Option<Selection>) -> Self {
        Self { rows: Rows::Table(table), selection, talkers: false, export: None }
    }

    /// Only the flows that are wanted are exported.
    pub(super) fn wanting(self, selection: Option<Selection>) -> Self {
        Self { selection, ..self }
    }

    /// And gives flows to be exported.
    pub(super) fn with_export(self, export: Option<ExportDigest<'a>>) -> Self {
        Self { export, ..self }
    }

    fn part(&self, traffic: Vec<(u32, Traffic)>, batch: &FlowBatch) -> LivePart {
        let rows = match &self.rows {
            Rows::None => RowsPart::None,
            Rows::Text(rows) => RowsPart::Text(rows.digest(batch)),
            Rows::Table(table) => RowsPart::Table(table.digest(batch)),
        };
        LivePart { traffic, talkers: None, rows, export: self.export.as_ref().map(|export| export.digest(batch)) }
    }
}

impl Digest for LiveDigest<'_> {
    type Part = LivePart;

    fn digest(&self, batch: &FlowBatch) -> LivePart {
        // The sums are of all flows, whatever lines are wanted.
        let traffic = Traffic::by_layout(batch);
        let talkers = self.talkers.then(|| TalkersPart::of(batch));
        let part = match &self.selection {
            None => self.part(traffic, batch),
            Some(selection) => {
                let mut wanted = batch.clone();
                wanted.keep(&selection.select(batch));
                self.part(traffic, &wanted)
            }
        };
        LivePart { talkers, ..part }
    }
}

/// Standard output, from several places: what is written waits until somebody flushes.
#[derive(Clone, Debug)]
struct Out(Arc<Mutex<BufWriter<Stdout>>>);

impl Out {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(BufWriter::with_capacity(1 << 18, io::stdout()))))
    }
}

impl Write for Out {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.flush()?;
        out.get_mut().flush()
    }
}

/// Adds up the sums and writes the lines, each part at once.
pub(super) struct LiveSink<'a> {
    shared: Arc<Shared>,
    lines: Lines,
    out: Out,
    exporters: Option<Exporters<'a>>,
    /// Why no more lines could be written.
    broken: Option<io::Error>,
}

#[derive(Debug)]
enum Lines {
    None,
    Text(Box<TextSink<Out>>),
    Table(Box<FlowTableSink<Out>>),
}

impl<'a> LiveSink<'a> {
    /// No lines.
    pub(super) fn sums(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), lines: Lines::None, out: Out::new(), exporters: None, broken: None }
    }

    /// Lines of text.
    pub(super) fn text(shared: &Arc<Shared>, rows: &RowWriter, limit: Option<u64>) -> Self {
        let out = Out::new();
        Self {
            shared: Arc::clone(shared),
            lines: Lines::Text(Box::new(TextSink::new(out.clone(), rows, limit))),
            out,
            exporters: None,
            broken: None,
        }
    }

    /// Rows of a table.
    pub(super) fn table(shared: &Arc<Shared>, table: &FlowTable, limit: Option<u64>) -> Self {
        let out = Out::new();
        Self {
            shared: Arc::clone(shared),
            lines: Lines::Table(Box::new(FlowTableSink::new(table, out.clone(), limit))),
            out,
            exporters: None,
            broken: None,
        }
    }

    /// And writes files.
    pub(super) fn with_exporters(self, exporters: Option<Exporters<'a>>) -> Self {
        Self { exporters, ..self }
    }

    fn count(&self) {
        if let Some(exporters) = &self.exporters {
            *self.shared.exported.lock().unwrap_or_else(PoisonError::into_inner) = exporters.counts();
        }
    }

    /// Ends the files and the lines.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if let Some(exporters) = &mut self.exporters {
            exporters.finish();
        }
        self.count();
        if let Some(error) = self.broken {
            return Err(error);
        }
        match self.lines {
            Lines::None => Ok(()),
            Lines::Text(mut sink) => sink.finish(),
            Lines::Table(sink) => sink.finish(),
        }
    }
}

impl Sink<LivePart> for LiveSink<'_> {
    type Error = io::Error;

    fn absorb(&mut self, part: LivePart) -> io::Result<Flow> {
        Traffic::add_to(&mut self.shared.sums.lock().unwrap_or_else(PoisonError::into_inner), part.traffic);
        if let Some(talkers) = part.talkers {
            self.shared.talkers.lock().unwrap_or_else(PoisonError::into_inner).add(talkers);
        }
        if let (Some(exporters), Some(parts)) = (&mut self.exporters, part.export) {
            exporters.put(parts);
            self.count();
        }
        let written = match (&mut self.lines, part.rows) {
            (Lines::Text(sink), RowsPart::Text(part)) => sink.absorb(part),
            (Lines::Table(sink), RowsPart::Table(part)) => sink.absorb(part),
            _ => return Ok(Flow::Continue),
        };
        match (written, self.out.flush()) {
            (Ok(Flow::Continue), Ok(())) => return Ok(Flow::Continue),
            (Ok(Flow::Stop), Ok(())) => {}
            (Err(e), _) | (_, Err(e)) => {
                self.broken = Some(e).filter(|e| e.kind() != io::ErrorKind::BrokenPipe);
                self.lines = Lines::None;
            }
        }
        // Nobody wants more lines: the walker ends, and files get what is on its way to them.
        self.shared.enough.store(true, Ordering::Relaxed);
        Ok(Flow::Continue)
    }
}
