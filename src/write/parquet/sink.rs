//! Row groups, one after the other, into a file.

use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, PoisonError};

use polars_parquet::parquet::FallibleStreamingIterator;
use polars_parquet::parquet::error::ParquetError;
use polars_parquet::parquet::metadata::KeyValue;
use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::parquet::write::{DynIter, DynStreamingIterator, FileWriter, Version, WriteOptions};

use crate::collector::{Flow, Sink};
use crate::write::provenance::Provenance;

use super::group::{ParquetForm, RowGroup};
use super::types;

/// Writes a Parquet file: row groups as they come, and at the end what tells of them.
pub struct ParquetSink<W: Write> {
    writer: FileWriter<BufWriter<Noting<W>>>,
    failed: Failed,
    key_values: Vec<KeyValue>,
    rows: u64,
}

/// What the output said, for the error that comes back is only a text.
type Failed = Arc<Mutex<Option<io::Error>>>;

impl<W: Write> ParquetSink<W> {
    /// For the row groups of that form.
    pub fn new(out: W, form: &ParquetForm, provenance: &Provenance) -> Self {
        let options = WriteOptions { write_statistics: false, version: Version::V1 };
        let key_values = provenance.key_values(form.schema());
        let failed = Failed::default();
        Self {
            writer: FileWriter::new(
                BufWriter::new(Noting { out, failed: Arc::clone(&failed) }),
                types::descriptor(form.columns()),
                options,
                Some(concat!("ipfix-inspect version ", env!("CARGO_PKG_VERSION")).to_owned()),
            ),
            failed,
            key_values: key_values.into_iter().map(|(key, value)| KeyValue { key: key.to_owned(), value: Some(value) }).collect(),
            rows: 0,
        }
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes a row group; one without rows is left out.
    ///
    /// # Errors
    /// The output's.
    pub fn write(&mut self, group: RowGroup) -> io::Result<()> {
        if group.rows == 0 {
            return Ok(());
        }
        let columns = group.columns.map_err(io::Error::other)?.into_iter().map(|pages| Ok(DynStreamingIterator::new(Pages::new(pages))));
        let columns: DynIter<'_, Result<_, ParquetError>> = DynIter::new(columns);
        let written = self.writer.write(group.rows as u64, columns);
        self.rows += group.rows as u64;
        self.noted(written)
    }

    /// Writes the end of the file, and gives back what was written to.
    ///
    /// # Errors
    /// The output's.
    pub fn finish(mut self) -> io::Result<W> {
        let key_values = std::mem::take(&mut self.key_values);
        let ended = self.writer.end(Some(key_values)).map(|_| ());
        self.noted(ended)?;
        let buffered = self.writer.into_inner().into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(buffered.out)
    }

    /// The output's own error where there was one.
    fn noted(&self, result: Result<(), ParquetError>) -> io::Result<()> {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.map_err(|error| failed().unwrap_or_else(|| io::Error::other(error.to_string())))
    }
}

impl<W: Write> Sink<RowGroup> for ParquetSink<W> {
    type Error = io::Error;

    fn absorb(&mut self, group: RowGroup) -> io::Result<Flow> {
        self.write(group).map(|()| Flow::Continue)
    }
}

/// An output that notes why it failed.
struct Noting<W> {
    out: W,
    failed: Failed,
}

impl<W> Noting<W> {
    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let again = error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            again
        })
    }
}

impl<W: Write> Write for Noting<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.out.write(octets);
        self.note(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.note(flushed)
    }
}

/// The pages of a column, each given up when the next is asked for.
struct Pages {
    rest: std::vec::IntoIter<CompressedPage>,
    current: Option<CompressedPage>,
}

impl Pages {
    fn new(pages: Vec<CompressedPage>) -> Self {
        Self { rest: pages.into_iter(), current: None }
    }
}

impl FallibleStreamingIterator for Pages {
    type Item = CompressedPage;
    type Error = ParquetError;

    fn advance(&mut self) -> Result<(), ParquetError> {
        self.current = self.rest.next();
        Ok(())
    }

    fn get(&self) -> Option<&CompressedPage> {
        self.current.as_ref()
    }
}
