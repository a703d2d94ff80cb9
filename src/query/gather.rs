//! Flows as a table for SQL: data frames in memory while they are few, else one Parquet file on disk.
//!
//! The file has no name: it is made, opened and unlinked at once, so that the system takes it back however the program ends. Its pages
//! are read through the system's cache, and the engine reads only the columns and row groups that it needs.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;
use thiserror::Error;

use crate::audit::Traffic;
use crate::collector::{Digest, Flow, Sink};
use crate::column::FlowBatch;
use crate::plan;
use crate::table::{Selection, data_frame};

/// Octets of frames that are kept in memory: beyond, all of them go to disk.
const MOST_IN_MEMORY: usize = 96 << 20;
/// Rows of a row group: as many as the engine reads at a time from a file.
const ROW_GROUP: usize = 262_144;

/// Why the flows could not be gathered.
#[derive(Debug, Error)]
pub enum GatherError {
    /// The place for temporary data can't be used.
    #[error("temporary data can't be written in '{}': {source}; --temp-dir names another place", place.display())]
    Place {
        /// The folder.
        place: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Polars refuses.
    #[error("temporary data in '{}': {source}; --temp-dir names another place", place.display())]
    Frame {
        /// The folder.
        place: PathBuf,
        /// What polars says.
        source: PolarsError,
    },
}

/// Makes frames of batches, and sums.
#[derive(Debug)]
pub struct FlowFrames {
    selection: Option<Selection>,
    /// True if the rows themselves are wanted.
    rows: bool,
    /// True if sums are.
    sums: bool,
}

/// What a batch gives.
#[derive(Debug)]
pub struct FlowPart {
    /// Its rows, those that the filter wants.
    pub frame: Option<PolarsResult<DataFrame>>,
    /// Its sums, of all rows.
    pub by_layout: Vec<(u32, Traffic)>,
}

impl FlowFrames {
    /// `rows` wants the rows that the selection marks, `sums` what all rows add up to, by record layout.
    pub fn new(rows: bool, sums: bool, selection: Option<Selection>) -> Self {
        Self { selection, rows, sums }
    }
}

impl Digest for FlowFrames {
    type Part = FlowPart;

    fn digest(&self, batch: &FlowBatch) -> FlowPart {
        let by_layout = if self.sums { Traffic::by_layout(batch) } else { Vec::new() };
        let frame = self.rows.then(|| {
            let mut own = batch.clone();
            if let Some(selection) = &self.selection {
                own.keep(&selection.select(&own));
            }
            data_frame(own)
        });
        FlowPart { frame, by_layout }
    }
}

/// Takes the frames in order.
pub struct FlowStore {
    schema: Arc<plan::Schema>,
    place: PathBuf,
    most_in_memory: usize,
    frames: Vec<DataFrame>,
    octets: usize,
    rows: usize,
    spilled: Option<(File, BatchedWriter<BufWriter<File>>)>,
    /// The sums by the collector's number of the layout.
    pub by_layout: Vec<Traffic>,
}

impl FlowStore {
    /// For batches of that schema. What does not fit into memory goes into a file in `place`.
    pub fn new(schema: Arc<plan::Schema>, place: &Path) -> Self {
        Self {
            schema,
            place: place.to_owned(),
            most_in_memory: MOST_IN_MEMORY,
            frames: Vec::new(),
            octets: 0,
            rows: 0,
            spilled: None,
            by_layout: Vec::new(),
        }
    }

    /// With another bound on what is kept in memory.
    #[must_use]
    pub fn with_most_in_memory(self, octets: usize) -> Self {
        Self { most_in_memory: octets, ..self }
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The table.
    ///
    /// # Errors
    /// The disk is full.
    pub(super) fn into_frame(mut self) -> Result<LazyFrame, GatherError> {
        if self.spilled.is_some() {
            self.spill()?;
        }
        let place = self.place.clone();
        let frame_error = |source| GatherError::Frame { place: place.clone(), source };
        let Some((file, writer)) = self.spilled.take() else {
            let mut all = without_rows(&self.schema).map_err(frame_error)?;
            for frame in self.frames {
                all.vstack_mut_owned(frame).map_err(frame_error)?;
            }
            return Ok(all.lazy());
        };
        // It flushes as well.
        writer.finish().map_err(frame_error)?;
        drop(writer);
        let sources = ScanSources::Files(Arc::from([file]));
        LazyFrame::scan_parquet_sources(sources, ScanArgsParquet { glob: false, ..Default::default() }).map_err(frame_error)
    }

    /// Writes what is in memory as a row group.
    fn spill(&mut self) -> Result<(), GatherError> {
        let place = self.place.clone();
        let io_error = |source| GatherError::Place { place: place.clone(), source };
        let frame_error = |source| GatherError::Frame { place: place.clone(), source };
        let frames = std::mem::take(&mut self.frames);
        self.octets = 0;
        let mut frames = frames.into_iter();
        let Some(mut group) = frames.next() else { return Ok(()) };
        if self.spilled.is_none() {
            let file = tempfile::tempfile_in(&self.place).map_err(io_error)?;
            let reader = file.try_clone().map_err(io_error)?;
            let writer = ParquetWriter::new(BufWriter::with_capacity(1 << 20, file))
                .with_compression(ParquetCompression::Lz4Raw)
                .with_statistics(StatisticsOptions::default())
                .batched(group.schema())
                .map_err(frame_error)?;
            self.spilled = Some((reader, writer));
        }
        let Some((_, writer)) = &mut self.spilled else { return Ok(()) };
        for frame in frames {
            if group.height() >= ROW_GROUP {
                write(writer, &mut group).map_err(frame_error)?;
                group = frame;
            } else {
                group.vstack_mut_owned(frame).map_err(frame_error)?;
            }
        }
        write(writer, &mut group).map_err(frame_error)
    }
}

/// The table before there are any flows.
pub(super) fn without_rows(schema: &Arc<plan::Schema>) -> PolarsResult<DataFrame> {
    let mut none = FlowBatch::new(Arc::clone(schema));
    none.finish();
    data_frame(none)
}

fn write(writer: &mut BatchedWriter<BufWriter<File>>, group: &mut DataFrame) -> PolarsResult<()> {
    group.rechunk_mut();
    writer.write_batch(group)
}

impl Sink<FlowPart> for FlowStore {
    type Error = GatherError;

    fn absorb(&mut self, part: FlowPart) -> Result<Flow, GatherError> {
        Traffic::add_to(&mut self.by_layout, part.by_layout);
        if let Some(frame) = part.frame {
            let frame = frame.map_err(|source| GatherError::Frame { place: self.place.clone(), source })?;
            self.rows += frame.height();
            self.octets += frame.estimated_size();
            self.frames.push(frame);
            let waiting: usize = if self.spilled.is_some() { self.frames.iter().map(DataFrame::height).sum() } else { 0 };
            if waiting >= ROW_GROUP || self.octets > self.most_in_memory {
                self.spill()?;
            }
        }
        Ok(Flow::Continue)
    }
}
