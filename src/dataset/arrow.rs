//! Arrow IPC: files, whose record batches are decoded by the workers, and streams, which are read one batch after the other.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars_arrow::array::Array;
use polars_arrow::datatypes::{ArrowDataType, ArrowSchema};
use polars_arrow::io::ipc::read::{
    FileMetadata, FileReader, StreamReader, StreamState, get_row_count_from_blocks, read_file_metadata, read_stream_metadata,
};

use super::columns::SCHEMA_KEY;
use super::guard::guarded;
use super::parquet::first_line;
use super::piece::{Arrays, Columns};

/// The columns of a schema, in its order.
fn columns(schema: &ArrowSchema) -> Vec<(String, ArrowDataType)> {
    schema.iter().map(|(name, field)| (name.to_string(), field.dtype.clone())).collect()
}

/// An Arrow IPC file whose footer was read.
pub(super) struct ArrowFile {
    path: PathBuf,
    metadata: FileMetadata,
}

impl ArrowFile {
    /// Reads the footer.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        guarded(|| {
            let mut file = File::open(path).map_err(|e| e.to_string())?;
            let metadata = read_file_metadata(&mut file).map_err(|e| first_line(&e))?;
            Ok(Self { path: path.to_owned(), metadata })
        })
    }

    /// The columns in the file's order.
    pub(super) fn columns(&self) -> Vec<(String, ArrowDataType)> {
        columns(&self.metadata.schema)
    }

    /// What the file says of its columns.
    pub(super) fn told(&self) -> Option<String> {
        let both = [&self.metadata.custom_schema_metadata, &self.metadata.custom_metadata];
        both.into_iter().flatten().find_map(|m| m.get(SCHEMA_KEY)).map(ToString::to_string)
    }

    /// Octets.
    pub(super) fn octets(&self) -> u64 {
        self.metadata.size
    }

    /// Rows of each record batch; an error in place of one whose head can't be read.
    pub(super) fn groups(&self) -> Result<Vec<Result<usize, String>>, String> {
        let mut file = File::open(&self.path).map_err(|e| e.to_string())?;
        let rows = |block| {
            guarded(|| {
                let rows = get_row_count_from_blocks(&mut file, std::slice::from_ref(block)).map_err(|e| first_line(&e))?;
                usize::try_from(rows).map_err(|e| e.to_string())
            })
        };
        Ok(self.metadata.blocks.iter().map(rows).collect())
    }

    fn decode(&self, block: usize, columns: &[usize]) -> Result<Vec<(usize, Arrays)>, String> {
        let file = File::open(&self.path).map_err(|e| e.to_string())?;
        // The reader wants columns in the order of the file.
        let mut order: Vec<(usize, usize)> = columns.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let projection = order.iter().map(|(column, _)| *column).collect();
        let mut reader = FileReader::new(file, self.metadata.clone(), Some(projection), None);
        reader.set_current_block(block);
        let batch = reader.next().ok_or("the file has no such record batch")?.map_err(|e| first_line(&e))?;
        Ok(order.iter().map(|(_, target)| *target).zip(batch.arrays().iter().map(|array| vec![array.clone()])).collect())
    }
}

/// The columns of a record batch in a file.
pub(super) struct RecordBatch {
    pub(super) file: Arc<ArrowFile>,
    pub(super) block: usize,
    /// The column in the file of each target.
    pub(super) columns: Vec<usize>,
}

impl Columns for RecordBatch {
    fn decode(&self, _target: usize) -> Result<Vec<(usize, Arrays)>, String> {
        guarded(|| self.file.decode(self.block, &self.columns))
    }

    fn together(&self) -> bool {
        true
    }
}

/// An Arrow IPC stream whose schema was read.
pub(super) struct ArrowStream {
    reader: StreamReader<Forward>,
}

impl ArrowStream {
    /// Reads the schema.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn open(reader: Box<dyn Read + Send>) -> Result<Self, String> {
        guarded(|| {
            let mut reader = Forward { reader, position: 0 };
            let metadata = read_stream_metadata(&mut reader).map_err(|e| first_line(&e))?;
            Ok(Self { reader: StreamReader::new(reader, metadata, None) })
        })
    }

    /// The columns in the stream's order.
    pub(super) fn columns(&self) -> Vec<(String, ArrowDataType)> {
        columns(&self.reader.metadata().schema)
    }

    /// What the stream says of its columns.
    pub(super) fn told(&self) -> Option<String> {
        self.reader.metadata().custom_schema_metadata.as_ref()?.get(SCHEMA_KEY).map(ToString::to_string)
    }

    /// The next rows: how many, and the columns of the targets. `None` at the end.
    pub(super) fn next(&mut self, columns: &[usize]) -> Result<Option<(usize, Batch)>, String> {
        let batch = guarded(|| match self.reader.next() {
            None | Some(Ok(StreamState::Waiting)) => Ok(None),
            Some(Ok(StreamState::Some(batch))) => Ok(Some(batch)),
            Some(Err(e)) => Err(first_line(&e)),
        })?;
        let Some(batch) = batch else { return Ok(None) };
        let arrays: Vec<Box<dyn Array>> = columns.iter().filter_map(|c| batch.arrays().get(*c).cloned()).collect();
        Ok(Some((batch.len(), Batch { arrays })))
    }
}

/// The columns of a record batch that is there already.
pub(super) struct Batch {
    arrays: Vec<Box<dyn Array>>,
}

impl Columns for Batch {
    fn decode(&self, _target: usize) -> Result<Vec<(usize, Arrays)>, String> {
        Ok(self.arrays.iter().map(|array| vec![array.clone()]).enumerate().collect())
    }

    fn together(&self) -> bool {
        true
    }
}

/// A reader that can be sought forward alone, by reading: what the library's reader of streams does.
struct Forward {
    reader: Box<dyn Read + Send>,
    position: u64,
}

impl Read for Forward {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buf)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Forward {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Current(ahead) = to else { return Err(io::ErrorKind::Unsupported.into()) };
        let ahead = u64::try_from(ahead).map_err(|_| io::Error::from(io::ErrorKind::Unsupported))?;
        if io::copy(&mut self.by_ref().take(ahead), &mut io::sink())? < ahead {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(self.position)
    }
}
