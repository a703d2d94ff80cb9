//! One file being written: pieces as they come, few rows put together first.

use std::io::{self, Write};

use crate::column::FlowBatch;

use super::form::{Form, FormFile};
use super::shares::Content;

/// A file, and the rows that are not in it yet.
pub(super) struct Gathered<F: Form, W: Write> {
    file: F::File<W>,
    pending: Option<FlowBatch>,
    /// Rows that few ones are gathered up to.
    most: usize,
    rows: u64,
}

impl<F: Form, W: Write> Gathered<F, W> {
    /// Few rows are gathered up to `most`.
    pub(super) fn begin(form: &F, out: W, most: usize) -> io::Result<Self> {
        Ok(Self { file: form.begin(out)?, pending: None, most, rows: 0 })
    }

    /// Rows in the file and those on their way to it.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows that wait for more.
    pub(super) fn pending(&self) -> usize {
        self.pending.as_ref().map_or(0, FlowBatch::rows)
    }

    pub(super) fn take(&mut self, form: &F, content: Content<F::Piece>, rows: usize) -> io::Result<()> {
        self.rows += rows as u64;
        match content {
            Content::Piece(piece) => {
                self.flush(form)?;
                self.file.write(piece)
            }
            Content::Rows(batch) => {
                match &mut self.pending {
                    Some(pending) => pending.extend(&batch),
                    none => *none = Some(*batch),
                }
                if self.pending() >= self.most { self.flush(form) } else { Ok(()) }
            }
        }
    }

    /// Encodes and writes the rows that wait.
    pub(super) fn flush(&mut self, form: &F) -> io::Result<()> {
        match self.pending.take() {
            Some(batch) => self.file.write(form.encode(&batch)),
            None => Ok(()),
        }
    }

    pub(super) fn finish(mut self, form: &F) -> io::Result<W> {
        self.flush(form)?;
        self.file.finish()
    }
}

/// The first rows of what is at most so many.
pub(super) fn first<P>(content: Content<P>, rows: usize) -> Content<P> {
    match content {
        Content::Rows(batch) if batch.rows() > rows => {
            let first: Vec<u32> = (0..u32::try_from(rows).unwrap_or(u32::MAX)).collect();
            Content::Rows(Box::new(batch.take(&first)))
        }
        other => other,
    }
}
