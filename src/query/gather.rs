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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{Column, Context, Run, Values};
    use crate::message::Version;
    use crate::plan::{Canonical, Kind, SchemaBuilder};

    /// Ports 0, 1, 2 …, in batches, of a schema with that one column.
    fn gathered(place: &Path, most_in_memory: usize) -> Result<LazyFrame, GatherError> {
        let mut schema = SchemaBuilder::default();
        schema.canonical(Canonical::Bytes);
        let schema = Arc::new(schema.build());
        let digest = FlowFrames::new(&schema, true, false, None);
        let mut store = FlowStore::with_most_in_memory(&schema, place, most_in_memory);
        for batch in 0..4u64 {
            let mut column = Column { values: Values::U64((0..10_000).map(|n| batch * 10_000 + n).collect()), ..Column::new(Kind::U64) };
            column.validity.extend(10_000, true);
            let runs = vec![Run { start: 0, rows: 10_000, context: Context::blank(Version::V9) }];
            store.absorb(digest.digest(&FlowBatch::from_parts(Arc::clone(&schema), vec![column], runs)))?;
        }
        store.into_frame()
    }

    #[test]
    fn memory_and_disk_hold_the_same() {
        let place = tempfile::tempdir().unwrap();
        for most_in_memory in [usize::MAX, 1_000] {
            let frame = gathered(place.path(), most_in_memory).unwrap();
            let sum = frame.clone().select([col("bytes").sum(), col("bytes").count().alias("n")]).collect().unwrap();
            // 0 + 1 + … + 39,999.
            assert_eq!(sum.column("bytes").unwrap().get(0).unwrap(), AnyValue::UInt64(799_980_000));
            assert_eq!(sum.column("n").unwrap().get(0).unwrap().extract::<u64>(), Some(40_000));
            // The file has no name, so nothing can be left behind.
            assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_place_that_can_not_be_used_is_named() {
        let error = gathered(Path::new("/nowhere/at/all"), 1_000).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("temporary data can't be kept in '/nowhere/at/all': "), "{error}");
        assert!(error.ends_with("; --temp-dir names another place"), "{error}");
    }
}
