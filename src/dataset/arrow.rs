//! Arrow IPC: files, whose record batches are decoded by the workers, and streams, which are read one batch after the other.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars_arrow::array::Array;
use polars_arrow::datatypes::{ArrowDataType, ArrowSchema};
use polars_arrow::io::ipc::format::ipc::{Block, MessageHeaderRef};
use polars_arrow::io::ipc::read::common::{read_dictionary, read_record_batch};
use polars_arrow::io::ipc::read::{Dictionaries, FileMetadata, FileReader, StreamMetadata, read_file_metadata, read_stream_metadata};

use super::columns::SCHEMA_KEY;
use super::guard::guarded;
use super::message::{self, Body, Message};
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
            // Each record batch needs them all.
            for block in metadata.dictionaries.iter().flatten() {
                let (message, body) = message_at(&mut file, block, metadata.size).map_err(|why| format!("a dictionary: {why}"))?;
                message::check(message.batch()?, &mut file, body).map_err(|why| format!("a dictionary: {why}"))?;
            }
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

    /// Rows of each record batch; an error in place of one whose head can't be read or contradicts itself.
    pub(super) fn groups(&self) -> Result<Vec<Result<usize, String>>, String> {
        let mut file = File::open(&self.path).map_err(|e| e.to_string())?;
        let rows = |block| {
            guarded(|| {
                let (message, body) = message_at(&mut file, block, self.metadata.size)?;
                message::rows(message.batch()?, body.length)
            })
        };
        Ok(self.metadata.blocks.iter().map(rows).collect())
    }

    fn decode(&self, block: usize, columns: &[usize]) -> Result<Vec<(usize, Arrays)>, String> {
        let mut file = File::open(&self.path).map_err(|e| e.to_string())?;
        let place = self.metadata.blocks.get(block).ok_or("the file has no such record batch")?;
        let (message, body) = message_at(&mut file, place, self.metadata.size)?;
        message::check(message.batch()?, &mut file, body)?;
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

/// The message of a block in a file of so many octets.
fn message_at(file: &mut File, block: &Block, size: u64) -> Result<(Message, Body), String> {
    let head = u64::try_from(block.offset).map_err(|e| e.to_string())?;
    let start = u64::try_from(block.meta_data_length).ok().and_then(|length| head.checked_add(length)).ok_or("it begins nowhere")?;
    file.seek(SeekFrom::Start(head)).map_err(|e| e.to_string())?;
    let message = Message::read(file)?.ok_or("it is not there")?;
    let length = message.body_length()?;
    if start.checked_add(length).is_none_or(|end| end > size) {
        return Err(format!("{length} octets at {start} are announced, the file has {size}"));
    }
    Ok((message, Body { start, length }))
}

/// An Arrow IPC stream whose schema was read.
pub(super) struct ArrowStream {
    reader: Box<dyn Read + Send>,
    metadata: StreamMetadata,
    dictionaries: Dictionaries,
}

impl ArrowStream {
    /// Reads the schema.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn open(mut reader: Box<dyn Read + Send>) -> Result<Self, String> {
        guarded(|| {
            let metadata = read_stream_metadata(&mut reader).map_err(|e| first_line(&e))?;
            Ok(Self { reader, metadata, dictionaries: Dictionaries::default() })
        })
    }

    /// The columns in the stream's order.
    pub(super) fn columns(&self) -> Vec<(String, ArrowDataType)> {
        columns(&self.metadata.schema)
    }

    /// What the stream says of its columns.
    pub(super) fn told(&self) -> Option<String> {
        self.metadata.custom_schema_metadata.as_ref()?.get(SCHEMA_KEY).map(ToString::to_string)
    }

    /// The next rows: how many, and the columns of the targets. `None` at the end.
    pub(super) fn next(&mut self, columns: &[usize]) -> Result<Option<(usize, Batch)>, String> {
        guarded(|| {
            while let Some(message) = Message::read(&mut self.reader)? {
                if let Some(batch) = self.message(&message, columns)? {
                    return Ok(Some(batch));
                }
            }
            Ok(None)
        })
    }

    /// Reads the body of a message: a record batch, or a dictionary that is kept.
    fn message(&mut self, message: &Message, columns: &[usize]) -> Result<Option<(usize, Batch)>, String> {
        let length = message.body_length()?;
        let mut body = Vec::new();
        self.reader.by_ref().take(length).read_to_end(&mut body).map_err(|e| e.to_string())?;
        if (body.len() as u64) < length {
            return Err(format!("{} octets are there where {length} are announced", body.len()));
        }
        let mut body = Cursor::new(body);
        message::check(message.batch()?, &mut body, Body { start: 0, length })?;
        let (schema, fields) = (&self.metadata.schema, &self.metadata.ipc_schema);
        let (mut scratch, checked) = (Vec::new(), Default::default());
        let header = message.get()?.header().map_err(|e| first_line(&e))?;
        if let Some(MessageHeaderRef::DictionaryBatch(dictionary)) = header {
            read_dictionary(dictionary, schema, fields, &mut self.dictionaries, &mut body, 0, &mut scratch, checked)
                .map_err(|e| first_line(&e))?;
            return Ok(None);
        }
        let (version, known) = (self.metadata.version, &self.dictionaries);
        let batch = message.batch()?;
        let batch = read_record_batch(batch, schema, fields, None, None, known, version, &mut body, 0, &mut scratch, checked)
            .map_err(|e| first_line(&e))?;
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
