//! All flows into one file, or into a stream.

use std::io::{self, ErrorKind, Write};

use crate::collector::{Flow, Sink};

use super::form::Form;
use super::gather::{Gathered, first};
use super::partition::TooMany;
use super::shares::Share;

/// Writes one file. Whoever reads the other end of a pipe may close it: then the run ends well, and nothing more is written.
pub struct FileSink<'a, F: Form, W: Write> {
    form: &'a F,
    file: Option<Gathered<F, W>>,
    left: Option<u64>,
    rows: u64,
}

impl<'a, F: Form, W: Write> FileSink<'a, F, W> {
    /// Of that form; with a limit on rows the digest must be [`Shares::rows_only`](super::Shares::rows_only).
    ///
    /// # Errors
    /// The output's; a closed pipe is none.
    pub fn new(form: &'a F, out: W, limit: Option<u64>) -> io::Result<Self> {
        let mut sink = Self { form, file: None, left: limit, rows: 0 };
        sink.file = open(Gathered::begin(form, out, F::MANY))?;
        Ok(sink)
    }

    /// Rows written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file; `None` if its reader has gone.
    ///
    /// # Errors
    /// The output's.
    pub fn finish(&mut self) -> io::Result<Option<W>> {
        match self.file.take() {
            Some(file) => open(file.finish(self.form)),
            None => Ok(None),
        }
    }
}

/// A closed pipe is no error: there is nothing to write to any more.
fn open<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(open) => Ok(Some(open)),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(None),
        Err(error) => Err(error),
    }
}

impl<F: Form, W: Write> Sink<Result<Vec<Share<F::Piece>>, TooMany>> for FileSink<'_, F, W> {
    type Error = io::Error;

    fn absorb(&mut self, part: Result<Vec<Share<F::Piece>>, TooMany>) -> io::Result<Flow> {
        for share in part.map_err(io::Error::other)? {
            let rows = self.left.map_or(share.rows, |left| usize::try_from(left).unwrap_or(usize::MAX).min(share.rows));
            let Some(file) = &mut self.file else { return Ok(Flow::Stop) };
            if rows > 0 && open(file.take(self.form, first(share.content, rows), rows))?.is_none() {
                self.file = None;
                return Ok(Flow::Stop);
            }
            self.rows += rows as u64;
            if let Some(left) = &mut self.left {
                *left -= rows as u64;
            }
        }
        Ok(if self.left == Some(0) { Flow::Stop } else { Flow::Continue })
    }
}
