//! Batches → row groups, encoded and compressed: what the workers do.

use std::sync::{Arc, Mutex, PoisonError};

use polars_parquet::parquet::CowBuffer;
use polars_parquet::parquet::compression::{Compression as Codec, CompressionOptions, compress};
use polars_parquet::parquet::encoding::Encoding;
use polars_parquet::parquet::error::{ParquetError, ParquetResult};
use polars_parquet::parquet::metadata::Descriptor;
use polars_parquet::parquet::page::{CompressedDataPage, CompressedDictPage, CompressedPage, DataPageHeader, DataPageHeaderV1};
use polars_parquet::parquet::schema::types::PrimitiveType;
use polars_parquet::parquet::statistics::ParquetStatistics;

use crate::collector::Digest;
use crate::column::FlowBatch;
use crate::plan::{ColumnSpec, Schema, Source};
use crate::write::columnar::{ColumnarOptions, Compression};

use super::chunk::{self, Chunk, Coding, Scratch};
use super::{context, types};

/// The level that zstd's own tools and pyarrow begin with is 3 and 1: level 1 takes half the time for some hundredths more octets.
const ZSTD_LEVEL: i32 = 1;

/// Rows of a row group, about: what [`CollectorOptions::batch_rows`](crate::collector::CollectorOptions) should be for this digest,
/// since a batch becomes a row group.
pub const ROW_GROUP_ROWS: usize = 1 << 18;

/// Makes row groups of batches; hidden columns are left out.
///
/// A batch becomes one row group, so batches should have about [`ROW_GROUP_ROWS`] rows.
#[derive(Debug)]
pub struct ParquetForm {
    schema: Arc<Schema>,
    options: ColumnarOptions,
    columns: Vec<PrimitiveType>,
    scratch: Mutex<Vec<Tools>>,
}

#[derive(Default)]
struct Tools {
    scratch: Scratch,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    compressed: Vec<u8>,
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tools").finish_non_exhaustive()
    }
}

/// A row group: the pages of its columns.
#[derive(Debug)]
pub struct RowGroup {
    pub(super) rows: usize,
    pub(super) columns: ParquetResult<Vec<Vec<CompressedPage>>>,
}

impl RowGroup {
    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

impl ParquetForm {
    /// For batches of that schema. Other batches work too (a column is found by its name, and one that is not there is null).
    pub fn new(schema: Arc<Schema>, options: ColumnarOptions) -> Self {
        let columns = visible(&schema).map(|column| types::column_type(column, options)).collect();
        Self { schema, options, columns, scratch: Mutex::default() }
    }

    /// The columns, hidden ones among them.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    pub(super) fn columns(&self) -> &[PrimitiveType] {
        &self.columns
    }

    fn chunk(&self, batch: &FlowBatch, column: &ColumnSpec, scratch: &mut Scratch) -> Chunk {
        match column.source {
            Source::Canonical(canonical) if canonical.is_context() => context::encode(canonical, batch.runs(), batch.rows(), self.options),
            _ => {
                let values = batch.schema().position(&column.name).and_then(|p| batch.columns().get(usize::from(p)));
                match values.filter(|v| v.kind == column.kind) {
                    Some(values) => chunk::encode(values, self.options, scratch),
                    None => {
                        let mut nothing = crate::column::Column::new(column.kind);
                        nothing.pad(batch.rows());
                        chunk::encode(&nothing, self.options, scratch)
                    }
                }
            }
        }
    }

    fn pages(&self, chunk: Chunk, column: &PrimitiveType, tools: &mut Tools) -> ParquetResult<Vec<CompressedPage>> {
        let codec = codec(self.options.compression);
        let mut pages = Vec::with_capacity(chunk.pages.len() + 1);
        if let Some((octets, values)) = chunk.dictionary {
            let length = octets.len();
            let octets = tools.compress(octets, self.options.compression)?;
            pages.push(CompressedPage::Dict(CompressedDictPage::new(CowBuffer::Owned(octets), codec, length, values, false)));
        }
        let (least, most) = chunk.bounds.unzip();
        for page in chunk.pages {
            let header = DataPageHeaderV1 {
                num_values: i32::try_from(page.rows).map_err(|_| too_long())?,
                encoding: match chunk.coding {
                    Coding::Plain => Encoding::Plain,
                    Coding::Dictionary => Encoding::RleDictionary,
                    Coding::Delta => Encoding::DeltaBinaryPacked,
                }
                .into(),
                definition_level_encoding: Encoding::Rle.into(),
                repetition_level_encoding: Encoding::Rle.into(),
                statistics: Some(ParquetStatistics {
                    max: None,
                    min: None,
                    null_count: i64::try_from(page.nulls).ok(),
                    distinct_count: None,
                    max_value: most.clone(),
                    min_value: least.clone(),
                    is_max_value_exact: None,
                    is_min_value_exact: None,
                }),
            };
            let length = page.octets.len();
            pages.push(CompressedPage::Data(CompressedDataPage::new(
                DataPageHeader::V1(header),
                CowBuffer::Owned(tools.compress(page.octets, self.options.compression)?),
                codec,
                length,
                Descriptor { primitive_type: column.clone(), max_def_level: 1, max_rep_level: 0 },
                page.rows,
            )));
        }
        Ok(pages)
    }

    /// Encodes a batch.
    pub(super) fn group(&self, batch: &FlowBatch) -> RowGroup {
        let mut tools = self.scratch.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let columns = visible(&self.schema).zip(&self.columns).map(|(spec, column)| {
            let chunk = self.chunk(batch, spec, &mut tools.scratch);
            self.pages(chunk, column, &mut tools)
        });
        let columns = columns.collect();
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner).push(tools);
        RowGroup { rows: batch.rows(), columns }
    }
}

impl Digest for ParquetForm {
    type Part = RowGroup;

    fn digest(&self, batch: &FlowBatch) -> RowGroup {
        self.group(batch)
    }
}

impl Tools {
    /// The octets of a page as they are written: in a buffer that is no longer than they are.
    fn compress(&mut self, octets: Vec<u8>, how: Compression) -> ParquetResult<Vec<u8>> {
        let how = match how {
            Compression::None => return Ok(octets),
            Compression::Zstd => return self.zstd(&octets),
            Compression::Snappy => CompressionOptions::Snappy,
            Compression::Lz4 => CompressionOptions::Lz4Raw,
            Compression::Gzip => CompressionOptions::Gzip(None),
        };
        self.compressed.clear();
        compress(how, &octets, &mut self.compressed)?;
        Ok(self.compressed.as_slice().to_vec())
    }

    /// The compressor keeps its tables of some hundred thousand octets from page to page.
    fn zstd(&mut self, octets: &[u8]) -> ParquetResult<Vec<u8>> {
        let failed = |error: std::io::Error| ParquetError::InvalidParameter(format!("zstd: {error}"));
        let compressor = match &mut self.zstd {
            Some(compressor) => compressor,
            none => none.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(failed)?),
        };
        self.compressed.resize(zstd::zstd_safe::compress_bound(octets.len()), 0);
        let length = compressor.compress_to_buffer(octets, &mut self.compressed[..]).map_err(failed)?;
        Ok(self.compressed[..length].to_vec())
    }
}

fn codec(compression: Compression) -> Codec {
    match compression {
        Compression::None => Codec::Uncompressed,
        Compression::Zstd => Codec::Zstd,
        Compression::Snappy => Codec::Snappy,
        Compression::Lz4 => Codec::Lz4Raw,
        Compression::Gzip => Codec::Gzip,
    }
}

fn too_long() -> ParquetError {
    ParquetError::OutOfSpec("a page of more than 2147483647 rows".to_owned())
}

fn visible(schema: &Schema) -> impl Iterator<Item = &ColumnSpec> {
    schema.columns().iter().filter(|c| !c.hidden)
}
