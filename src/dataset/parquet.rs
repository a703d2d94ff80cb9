//! Parquet files: the footer says which columns there are and where; of a row group only the columns that are asked for are read.
//!
//! polars' own reader of pages decodes them, column by column. The octets are read here: a memory map of a file that somebody cuts
//! meanwhile would end the program.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars_arrow::datatypes::{ArrowDataType, ArrowSchema};
use polars_parquet::read::{BasicDecompressor, FileMetadata, Filter, PageReader, column_iter_to_arrays, infer_schema, read_metadata};

use super::columns::SCHEMA_KEY;
use super::guard::guarded;
use super::piece::{Arrays, Columns};

/// Octets of a page, which is less than a column of a row group: more is no page of any writer.
const MOST_PAGE: usize = 1 << 30;

/// A Parquet file whose footer was read.
pub(super) struct ParquetFile {
    path: PathBuf,
    octets: u64,
    metadata: FileMetadata,
    schema: ArrowSchema,
}

impl ParquetFile {
    /// Reads the footer.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        guarded(|| {
            let mut file = File::open(path).map_err(|e| e.to_string())?;
            let octets = file.seek(SeekFrom::End(0)).map_err(|e| e.to_string())?;
            let metadata = read_metadata(&mut file).map_err(|e| first_line(&e))?;
            let schema = infer_schema(&metadata).map_err(|e| first_line(&e))?;
            Ok(Self { path: path.to_owned(), octets, metadata, schema })
        })
    }

    /// The columns in the file's order.
    pub(super) fn columns(&self) -> Vec<(String, ArrowDataType)> {
        self.schema.iter().map(|(name, field)| (name.to_string(), field.dtype.clone())).collect()
    }

    /// What the file says of its columns.
    pub(super) fn told(&self) -> Option<&str> {
        let pairs = self.metadata.key_value_metadata.as_ref()?;
        pairs.iter().find(|pair| pair.key == SCHEMA_KEY)?.value.as_deref()
    }

    /// Octets.
    pub(super) fn octets(&self) -> u64 {
        self.octets
    }

    /// Rows of each row group.
    pub(super) fn groups(&self) -> Vec<usize> {
        self.metadata.row_groups.iter().map(|group| group.num_rows()).collect()
    }

    fn decode(&self, group: usize, rows: Range<usize>, column: usize) -> Result<Arrays, String> {
        let (name, field) = self.schema.get_at_index(column).ok_or("the file has no such column")?;
        let group = self.metadata.row_groups.get(group).ok_or("the file has no such row group")?;
        let chunks: Vec<_> = group.columns_under_root_iter(name).ok_or("the row group lacks it")?.collect();
        let (mut pages, mut types) = (Vec::new(), Vec::new());
        for chunk in chunks {
            let octets = self.read(chunk.byte_range())?;
            let reader = PageReader::new(Cursor::new(octets.into()), chunk, Vec::new(), MOST_PAGE);
            pages.push(BasicDecompressor::new(reader, Vec::new()));
            types.push(&chunk.descriptor().descriptor.primitive_type);
        }
        let filter = Some(Filter::new_ranged(rows.start, rows.end));
        column_iter_to_arrays(pages, types, field.clone(), filter).map(|(arrays, _)| arrays).map_err(|e| first_line(&e))
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, String> {
        if range.end > self.octets || range.start > range.end {
            return Err(format!("octets {} to {} are announced, the file has {}", range.start, range.end, self.octets));
        }
        let length = usize::try_from(range.end - range.start).map_err(|e| e.to_string())?;
        let mut octets = Vec::with_capacity(length);
        let mut file = File::open(&self.path).map_err(|e| e.to_string())?;
        file.seek(SeekFrom::Start(range.start)).map_err(|e| e.to_string())?;
        file.take(range.end - range.start).read_to_end(&mut octets).map_err(|e| e.to_string())?;
        if octets.len() < length {
            return Err(format!("{} octets are there where {length} are announced", octets.len()));
        }
        Ok(octets)
    }
}

/// The columns of some rows of a row group.
pub(super) struct RowGroup {
    pub(super) file: Arc<ParquetFile>,
    pub(super) group: usize,
    pub(super) rows: Range<usize>,
    /// The column in the file of each target.
    pub(super) columns: Vec<usize>,
}

impl Columns for RowGroup {
    fn decode(&self, target: usize) -> Result<Vec<(usize, Arrays)>, String> {
        let column = *self.columns.get(target).ok_or("no such column")?;
        guarded(|| self.file.decode(self.group, self.rows.clone(), column)).map(|arrays| vec![(target, arrays)])
    }

    fn together(&self) -> bool {
        false
    }
}

/// The first line of an error: further ones advise users of the library.
pub(super) fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
