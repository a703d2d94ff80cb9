//! Parquet as one of the forms of files.

use std::io::{self, Write};

use crate::column::FlowBatch;
use crate::write::files::{Form, FormFile};
use crate::write::provenance::Provenance;

use super::group::{ParquetForm, ROW_GROUP_ROWS, RowGroup};
use super::sink::ParquetSink;

/// Parquet files that all tell the same of where they come from.
#[derive(Debug)]
pub struct ParquetFiles {
    form: ParquetForm,
    provenance: Provenance,
}

impl ParquetFiles {
    /// Of that form.
    pub fn new(form: ParquetForm, provenance: Provenance) -> Self {
        Self { form, provenance }
    }
}

impl Form for ParquetFiles {
    type Piece = RowGroup;
    type File<W: Write> = ParquetSink<W>;
    const FEW: usize = ROW_GROUP_ROWS / 4;
    const MANY: usize = ROW_GROUP_ROWS;
    // Row groups are large.
    const UNDER_WAY: usize = 2;

    fn encode(&self, batch: &FlowBatch) -> RowGroup {
        self.form.group(batch)
    }

    fn begin<W: Write>(&self, out: W) -> io::Result<ParquetSink<W>> {
        Ok(ParquetSink::new(out, &self.form, &self.provenance))
    }
}

impl<W: Write> FormFile<RowGroup> for ParquetSink<W> {
    type Out = W;

    fn write(&mut self, group: RowGroup) -> io::Result<()> {
        Self::write(self, group)
    }

    fn finish(self) -> io::Result<W> {
        Self::finish(self)
    }
}
