//! The rows of a result as CSV, JSON, newline-delimited JSON or Parquet, batch by batch.
//!
//! Times are ISO 8601 in UTC where a form has no type for them; integers stay integers; null is an empty cell, `null` in JSON.

use std::io::{self, ErrorKind, Write};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;

use super::shown::as_text;

/// A form of output with one row a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsForm {
    /// RFC 4180 with a header row.
    Csv,
    /// One array of objects.
    Json,
    /// One object a line.
    Ndjson,
    /// Parquet, compressed with zstd.
    Parquet,
}

/// Writes batches of rows.
pub struct Output<W: Write> {
    writer: Writer<W>,
    /// True until the first row of a JSON array.
    first: bool,
}

enum Writer<W: Write> {
    Text(RowsForm, W),
    Parquet(Box<BatchedWriter<W>>),
}

impl<W: Write + Send> Output<W> {
    /// Begins the output; a result without rows has a header too.
    ///
    /// # Errors
    /// The output can't be written.
    pub fn begin(form: RowsForm, mut out: W, schema: &Schema) -> io::Result<Self> {
        let writer = match form {
            RowsForm::Parquet => {
                let writer = ParquetWriter::new(out)
                    .with_compression(ParquetCompression::Zstd(None))
                    .with_statistics(StatisticsOptions::default())
                    .batched(schema)
                    .map_err(io_error)?;
                Writer::Parquet(Box::new(writer))
            }
            RowsForm::Csv => {
                let empty = as_text(&DataFrame::empty_with_schema(schema)).map_err(io_error)?;
                let mut header = Vec::new();
                CsvWriter::new(&mut header).include_header(true).finish(&mut empty.clone()).map_err(io_error)?;
                out.write_all(&header)?;
                Writer::Text(form, out)
            }
            RowsForm::Json => {
                out.write_all(b"[")?;
                Writer::Text(form, out)
            }
            RowsForm::Ndjson => Writer::Text(form, out),
        };
        Ok(Self { writer, first: true })
    }

    /// Writes the next rows.
    ///
    /// # Errors
    /// The output can't be written.
    pub fn batch(&mut self, frame: &DataFrame) -> io::Result<()> {
        if frame.height() == 0 {
            return Ok(());
        }
        match &mut self.writer {
            Writer::Parquet(writer) => {
                let mut frame = frame.clone();
                frame.rechunk_mut();
                writer.write_batch(&frame).map_err(io_error)
            }
            Writer::Text(RowsForm::Csv, out) => {
                let mut text = Vec::new();
                let mut frame = as_text(frame).map_err(io_error)?;
                CsvWriter::new(&mut text).include_header(false).finish(&mut frame).map_err(io_error)?;
                out.write_all(&text)
            }
            Writer::Text(form, out) => {
                let mut lines = Vec::new();
                let mut frame = as_text(frame).map_err(io_error)?;
                JsonWriter::new(&mut lines).with_json_format(JsonFormat::JsonLines).finish(&mut frame).map_err(io_error)?;
                if *form == RowsForm::Ndjson {
                    return out.write_all(&lines);
                }
                for line in lines.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
                    out.write_all(if std::mem::take(&mut self.first) { b"\n  " } else { b",\n  " })?;
                    out.write_all(line)?;
                }
                Ok(())
            }
        }
    }

    /// Ends the output.
    ///
    /// # Errors
    /// The output can't be written.
    pub fn finish(self) -> io::Result<()> {
        match self.writer {
            Writer::Parquet(writer) => writer.finish().map(|_| ()).map_err(io_error),
            Writer::Text(form, mut out) => {
                if form == RowsForm::Json {
                    out.write_all(if self.first { b"]\n" } else { b"\n]\n" })?;
                }
                out.flush()
            }
        }
    }
}

/// What polars says of an output is mostly what the system said.
fn io_error(error: PolarsError) -> io::Error {
    match error {
        PolarsError::IO { error, .. } => io::Error::new(error.kind(), error.to_string()),
        other => {
            let text = other.to_string();
            let kind = if text.contains("Broken pipe") { ErrorKind::BrokenPipe } else { ErrorKind::Other };
            io::Error::new(kind, text)
        }
    }
}
