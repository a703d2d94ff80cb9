//! Parquet files: the footer says which columns there are and where; of a row group only the columns that are asked for are read.
//!
//! polars' own reader of pages decodes them, column by column, after their headers were looked at. The octets are read here: a memory map
//! of a file that somebody cuts meanwhile would end the program.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use polars_arrow::datatypes::{ArrowDataType, ArrowSchema};
use polars_parquet::read::{
    BasicDecompressor, ColumnChunkMetadata, FileMetadata, Filter, PageReader, RowGroupMetadata, column_iter_to_arrays, infer_schema,
    read_metadata,
};

use super::columns::SCHEMA_KEY;
use super::guard::guarded;
use super::pages;
use super::piece::{Arrays, Columns, rows_at_once};

/// Octets of a page's header that are read at once where the page itself is not.
const HEADER: usize = 512;
/// Octets of a page's header, which may be longer than the page.
const MOST_HEADER: usize = 1 << 20;

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

    /// Rows of each row group; an error in place of one whose columns have another number of values.
    pub(super) fn groups(&self) -> Vec<Result<usize, String>> {
        self.metadata.row_groups.iter().map(rows_of).collect()
    }

    /// What is wrong with the parts of a file that tell how much there is, of the columns that are asked for. No page is decoded.
    ///
    /// # Errors
    /// The first contradiction.
    pub(super) fn check(&self, wanted: &dyn Fn(&str) -> bool) -> Result<(), String> {
        let file = File::open(&self.path).map_err(|e| e.to_string())?;
        let mut reader = BufReader::with_capacity(HEADER, file);
        for (number, group) in self.metadata.row_groups.iter().enumerate() {
            rows_of(group).map_err(|why| format!("row group {}: {why}", number + 1))?;
            for chunk in group.parquet_columns() {
                let name = root(chunk);
                if !wanted(name) {
                    continue;
                }
                let checked = self.range(chunk).and_then(|range| {
                    reader.seek(SeekFrom::Start(range.start)).map_err(|e| e.to_string())?;
                    pages::check(&mut reader, range.end - range.start, chunk)
                });
                checked.map_err(|why| format!("row group {}: {name}: {why}", number + 1))?;
            }
        }
        Ok(())
    }

    /// Decodes the columns that are asked for to see whether that can be done.
    ///
    /// # Errors
    /// The first part that can't be decoded.
    pub(super) fn try_all(&self, wanted: &dyn Fn(&str) -> bool) -> Result<(), String> {
        self.check(wanted)?;
        for (number, rows) in self.groups().into_iter().enumerate() {
            let rows = rows?;
            for (column, (name, _)) in self.columns().iter().enumerate().filter(|(_, (name, _))| wanted(name)) {
                for start in (0..rows).step_by(rows_at_once(1)) {
                    let part = start..rows.min(start.saturating_add(rows_at_once(1)));
                    let decoded = guarded(|| self.decode(number, part, column, &AtomicBool::new(false)));
                    decoded.map_err(|why| format!("row group {}: {name}: {why}", number + 1))?;
                }
            }
        }
        Ok(())
    }

    fn decode(&self, group: usize, rows: Range<usize>, column: usize, lying: &AtomicBool) -> Result<Arrays, String> {
        let (name, field) = self.schema.get_at_index(column).ok_or("the file has no such column")?;
        let group = self.metadata.row_groups.get(group).ok_or("the file has no such row group")?;
        let chunks: Vec<_> = group.columns_under_root_iter(name).ok_or("the row group lacks it")?.collect();
        let (mut pages, mut types) = (Vec::new(), Vec::new());
        for chunk in chunks {
            let octets = self.read(chunk)?;
            pages::check(&mut Cursor::new(&octets), octets.len() as u64, chunk).inspect_err(|_| lying.store(true, Ordering::Relaxed))?;
            let most = octets.len().max(MOST_HEADER);
            let reader = PageReader::new(Cursor::new(octets.into()), chunk, Vec::new(), most);
            pages.push(BasicDecompressor::new(reader, Vec::new()));
            types.push(&chunk.descriptor().descriptor.primitive_type);
        }
        let filter = Some(Filter::new_ranged(rows.start, rows.end));
        column_iter_to_arrays(pages, types, field.clone(), filter).map(|(arrays, _)| arrays).map_err(|e| first_line(&e))
    }

    fn range(&self, chunk: &ColumnChunkMetadata) -> Result<Range<u64>, String> {
        let range = chunk.byte_range();
        if range.end > self.octets || range.start > range.end {
            return Err(format!("octets {} to {} are announced, the file has {}", range.start, range.end, self.octets));
        }
        Ok(range)
    }

    fn read(&self, chunk: &ColumnChunkMetadata) -> Result<Vec<u8>, String> {
        let range = self.range(chunk)?;
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

/// The rows of a row group. Each column has as many values, unless it is of lists.
fn rows_of(group: &RowGroupMetadata) -> Result<usize, String> {
    let rows = group.num_rows();
    let flat = |chunk: &&ColumnChunkMetadata| chunk.descriptor().descriptor.max_rep_level == 0;
    match group.parquet_columns().iter().filter(flat).find(|chunk| usize::try_from(chunk.num_values()) != Ok(rows)) {
        Some(chunk) => Err(format!("{rows} rows are announced, and {} values of {}", chunk.num_values(), root(chunk))),
        None => Ok(rows),
    }
}

/// The column of the file that a chunk belongs to.
fn root(chunk: &ColumnChunkMetadata) -> &str {
    chunk.descriptor().path_in_schema.first().map_or("", |name| name.as_str())
}

/// The columns of some rows of a row group.
pub(super) struct RowGroup {
    pub(super) file: Arc<ParquetFile>,
    pub(super) group: usize,
    pub(super) rows: Range<usize>,
    /// The column in the file of each target.
    pub(super) columns: Vec<usize>,
    /// Becomes true when the row group turns out to announce what it does not have: then no other rows of it can be read either.
    pub(super) lying: Arc<AtomicBool>,
}

impl Columns for RowGroup {
    fn decode(&self, target: usize) -> Result<Vec<(usize, Arrays)>, String> {
        let column = *self.columns.get(target).ok_or("no such column")?;
        guarded(|| self.file.decode(self.group, self.rows.clone(), column, &self.lying)).map(|arrays| vec![(target, arrays)])
    }

    fn together(&self) -> bool {
        false
    }
}

/// The first line of an error: further ones advise users of the library.
pub(super) fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
