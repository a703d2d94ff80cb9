//! Flows as a table for SQL: Parquet, as `export` writes it, in memory while it is small, else in a file.
//!
//! The file has no name: it is made, opened and unlinked at once, so that the system takes it back however the program ends. Workers
//! encode and compress the columns that the query touches; the engine reads only those and those row groups that it needs.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::io::HiveOptions;
use polars::prelude::*;
use tempfile::{SpooledData, SpooledTempFile};
use thiserror::Error;

use crate::audit::Traffic;
use crate::collector::{Digest, Flow, Sink};
use crate::column::FlowBatch;
use crate::plan;
use crate::table::Selection;
use crate::write::{ColumnarOptions, Compression, ParquetForm, ParquetSink, Provenance, RowGroup};

/// Octets of Parquet that are kept in memory: some million flows of few columns.
const MOST_IN_MEMORY: usize = 64 << 20;

/// Why the flows could not be gathered.
#[derive(Debug, Error)]
#[error("temporary data can't be kept in '{}': {why}; --temp-dir names another place", place.display())]
pub struct GatherError {
    place: PathBuf,
    why: String,
}

/// Encodes the rows of batches, and sums them up.
#[derive(Debug)]
pub struct FlowFrames {
    /// `None` if the rows themselves are not wanted.
    form: Option<ParquetForm>,
    selection: Option<Selection>,
    sums: bool,
}

/// What a batch gives.
#[derive(Debug)]
pub struct FlowPart {
    /// Its rows, those that the filter wants.
    group: Option<RowGroup>,
    /// Its sums, of all rows, by the collector's numbers of layouts.
    by_layout: Vec<(u32, Traffic)>,
}

impl FlowFrames {
    /// For batches of that schema. `rows` wants the rows that the selection marks, `sums` what all rows add up to.
    pub fn new(schema: &Arc<plan::Schema>, rows: bool, sums: bool, selection: Option<Selection>) -> Self {
        Self { form: rows.then(|| form(schema)), selection, sums }
    }
}

impl Digest for FlowFrames {
    type Part = FlowPart;

    fn prepare(&self, batch: &mut FlowBatch) {
        // Sums are over all rows: then the filter has to wait.
        if let Some(selection) = self.selection.as_ref().filter(|_| !self.sums) {
            batch.keep(&selection.select(batch));
        }
    }

    fn under_way(&self) -> usize {
        // Row groups are large.
        2
    }

    fn digest(&self, batch: &FlowBatch) -> FlowPart {
        let by_layout = if self.sums { Traffic::by_layout(batch) } else { Vec::new() };
        let group = self.form.as_ref().map(|form| match self.selection.as_ref().filter(|_| self.sums) {
            Some(selection) => {
                let mut wanted = batch.clone();
                wanted.keep(&selection.select(batch));
                form.digest(&wanted)
            }
            None => form.digest(batch),
        });
        FlowPart { group, by_layout }
    }
}

/// LZ4 costs next to nothing, and a third of the octets is a third of the disk.
fn form(schema: &Arc<plan::Schema>) -> ParquetForm {
    ParquetForm::new(Arc::clone(schema), ColumnarOptions { compression: Compression::Lz4, ..ColumnarOptions::default() })
}

/// Takes the row groups in order.
pub struct FlowStore {
    place: PathBuf,
    sink: ParquetSink<SpooledTempFile>,
    /// The sums by the collector's number of the layout.
    pub by_layout: Vec<Traffic>,
}

impl FlowStore {
    /// For batches of that schema. What does not fit into memory goes into a file in `place`.
    pub fn new(schema: &Arc<plan::Schema>, place: &Path) -> Self {
        Self::with_most_in_memory(schema, place, MOST_IN_MEMORY)
    }

    /// With another bound on what is kept in memory, in octets.
    pub fn with_most_in_memory(schema: &Arc<plan::Schema>, place: &Path, octets: usize) -> Self {
        let out = tempfile::spooled_tempfile_in(octets, place);
        let sink = ParquetSink::new(out, &form(schema), &Provenance::default());
        Self { place: place.to_owned(), sink, by_layout: Vec::new() }
    }

    /// The table.
    ///
    /// # Errors
    /// The disk is full.
    pub(super) fn into_frame(self) -> Result<LazyFrame, GatherError> {
        let place = self.place;
        let failed = |why: String| GatherError { place: place.clone(), why };
        let io_error = |error: io::Error| failed(error.to_string());
        let mut out = self.sink.finish().map_err(io_error)?;
        out.flush().and_then(|()| out.seek(SeekFrom::Start(0))).map_err(io_error)?;
        let sources = match out.into_inner() {
            SpooledData::InMemory(octets) => ScanSources::Buffers(Arc::from([octets.into_inner().into()])),
            SpooledData::OnDisk(file) => ScanSources::Files(Arc::from([file])),
        };
        let options = ScanArgsParquet { glob: false, hive_options: HiveOptions::new_disabled(), ..Default::default() };
        LazyFrame::scan_parquet_sources(sources, options).map_err(|e| failed(e.to_string()))
    }
}

impl Sink<FlowPart> for FlowStore {
    type Error = GatherError;

    fn absorb(&mut self, part: FlowPart) -> Result<Flow, GatherError> {
        Traffic::add_to(&mut self.by_layout, part.by_layout);
        if let Some(group) = part.group {
            self.sink.write(group).map_err(|e| GatherError { place: self.place.clone(), why: e.to_string() })?;
        }
        Ok(Flow::Continue)
    }
}
