//! Arrow's IPC format, file and stream, as one of the forms of files: record batches are encoded on the workers.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use polars_arrow::array::Array;
use polars_arrow::datatypes::{ArrowSchema, Field};
use polars_arrow::io::ipc::IpcField;
use polars_arrow::io::ipc::write::common_sync::{write_continuation, write_message};
use polars_arrow::io::ipc::write::{
    Compression as Codec, EncodedData, FileWriter, WriteOptions, default_ipc_fields, encode_record_batch, schema_to_bytes,
};
use polars_arrow::record_batch::RecordBatchT;

use crate::column::{Column, FlowBatch};
use crate::plan::{ColumnSpec, Schema, Source};
use crate::write::columnar::{ColumnarOptions, Compression};
use crate::write::files::{Form, FormFile};
use crate::write::provenance::Provenance;

use super::arrays::{array, arrow_type, context_array};

/// Arrow files, or streams, that all tell the same of where they come from.
#[derive(Debug)]
pub struct ArrowFiles {
    schema: Arc<Schema>,
    arrow: Arc<ArrowSchema>,
    options: ColumnarOptions,
    stream: bool,
    metadata: Vec<(&'static str, String)>,
}

impl ArrowFiles {
    /// For batches of that schema; a stream can be read as it comes, a file from any place. IPC knows zstd and lz4.
    pub fn new(schema: Arc<Schema>, options: ColumnarOptions, stream: bool, provenance: &Provenance) -> Self {
        let metadata = provenance.key_values(&schema).to_vec();
        let field = |column: &ColumnSpec| Field::new(column.name.as_str().into(), arrow_type(column.kind, options), true);
        let arrow = Arc::new(visible(&schema).map(field).collect());
        Self { schema, arrow, options, stream, metadata }
    }

    fn array(&self, batch: &FlowBatch, column: &ColumnSpec) -> Box<dyn Array> {
        match column.source {
            Source::Canonical(canonical) if canonical.is_context() => context_array(canonical, batch.runs(), batch.rows(), self.options),
            _ => {
                let values = batch.schema().position(&column.name).and_then(|p| batch.columns().get(usize::from(p)));
                match values.filter(|v| v.kind == column.kind) {
                    Some(values) => array(Cow::Borrowed(values), self.options),
                    None => {
                        let mut nothing = Column::new(column.kind);
                        nothing.pad(batch.rows());
                        array(Cow::Owned(nothing), self.options)
                    }
                }
            }
        }
    }

    fn write_options(&self) -> WriteOptions {
        let compression = match self.options.compression {
            Compression::Zstd => Some(Codec::ZSTD(Default::default())),
            Compression::Lz4 => Some(Codec::LZ4),
            Compression::None | Compression::Snappy | Compression::Gzip => None,
        };
        WriteOptions { compression }
    }

    fn metadata(&self) -> Arc<polars_arrow::datatypes::Metadata> {
        Arc::new(self.metadata.iter().map(|(key, value)| ((*key).into(), value.as_str().into())).collect())
    }
}

impl Form for ArrowFiles {
    type Piece = EncodedData;
    type File<W: Write> = ArrowFile<W>;
    const FEW: usize = 1 << 13;
    const MANY: usize = 1 << 16;
    const UNDER_WAY: usize = 3;

    fn encode(&self, batch: &FlowBatch) -> EncodedData {
        let arrays: Vec<_> = visible(&self.schema).map(|column| self.array(batch, column)).collect();
        let mut encoded = EncodedData::default();
        let chunk = RecordBatchT::new(batch.rows(), Arc::clone(&self.arrow), arrays);
        encode_record_batch(&chunk, &self.write_options(), &mut encoded);
        encoded
    }

    fn begin<W: Write>(&self, mut out: W) -> io::Result<ArrowFile<W>> {
        if self.stream {
            let fields: Vec<IpcField> = default_ipc_fields(self.arrow.iter_values());
            let schema = schema_to_bytes(&self.arrow, &fields, Some(&self.metadata()));
            write_message(&mut out, &EncodedData { ipc_message: schema, arrow_data: Vec::new() }).map_err(of_polars)?;
            return Ok(ArrowFile(Way::Stream(out)));
        }
        let mut writer = FileWriter::new(out, Arc::clone(&self.arrow), None, self.write_options());
        writer.set_custom_schema_metadata(self.metadata());
        writer.start().map_err(of_polars)?;
        Ok(ArrowFile(Way::File(Box::new(writer))))
    }
}

/// An Arrow file or stream that is being written.
pub struct ArrowFile<W: Write>(Way<W>);

enum Way<W: Write> {
    File(Box<FileWriter<W>>),
    Stream(W),
}

impl<W: Write> FormFile<EncodedData> for ArrowFile<W> {
    type Out = W;

    fn write(&mut self, piece: EncodedData) -> io::Result<()> {
        match &mut self.0 {
            Way::File(writer) => writer.write_encoded(&[], &piece),
            Way::Stream(out) => write_message(out, &piece).map(|_| ()),
        }
        .map_err(of_polars)
    }

    fn finish(self) -> io::Result<W> {
        match self.0 {
            Way::File(mut writer) => {
                writer.finish().map_err(of_polars)?;
                Ok(writer.into_inner())
            }
            Way::Stream(mut out) => {
                write_continuation(&mut out, 0).map_err(of_polars)?;
                out.flush()?;
                Ok(out)
            }
        }
    }
}

/// The output's own error, where it is one.
fn of_polars(error: polars::prelude::PolarsError) -> io::Error {
    match error {
        polars::prelude::PolarsError::IO { error, .. } => {
            error.raw_os_error().map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error)
        }
        other => io::Error::other(other.to_string()),
    }
}

fn visible(schema: &Schema) -> impl Iterator<Item = &ColumnSpec> {
    schema.columns().iter().filter(|c| !c.hidden)
}
