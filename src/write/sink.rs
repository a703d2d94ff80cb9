//! Lines of text, part after part, into whatever takes octets.

use std::io::{self, ErrorKind, Write};

use crate::collector::{Flow, Sink};

use super::pool::Pool;
use super::rows::{RowWriter, TextPart};

/// Writes the header and then the parts in the order they come.
///
/// Whoever reads the other end of a pipe may close it (`| head`): then the run ends well, and nothing more is written.
#[derive(Debug)]
pub struct TextSink<W: Write> {
    out: W,
    /// Until it is written.
    header: Option<Vec<u8>>,
    pool: Pool,
    left: Option<u64>,
    rows: u64,
    closed: bool,
}

impl<W: Write> TextSink<W> {
    /// For the parts of that writer; no more than `limit` rows are written.
    pub fn new(out: W, writer: &RowWriter, limit: Option<u64>) -> Self {
        Self { out, header: Some(writer.header()), pool: writer.pool(), left: limit, rows: 0, closed: false }
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the output: writes the header if no part came, and flushes.
    ///
    /// # Errors
    /// The output's; a closed pipe is none.
    pub fn finish(&mut self) -> io::Result<()> {
        self.begin()?;
        if self.closed {
            return Ok(());
        }
        match self.out.flush() {
            Err(error) => self.failed(error),
            Ok(()) => Ok(()),
        }
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn begin(&mut self) -> io::Result<()> {
        match self.header.take() {
            Some(header) => self.put(&header),
            None => Ok(()),
        }
    }

    fn put(&mut self, octets: &[u8]) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        match self.out.write_all(octets) {
            Err(error) => self.failed(error),
            Ok(()) => Ok(()),
        }
    }

    fn failed(&mut self, error: io::Error) -> io::Result<()> {
        if error.kind() != ErrorKind::BrokenPipe {
            return Err(error);
        }
        self.closed = true;
        Ok(())
    }
}

impl<W: Write> Sink<TextPart> for TextSink<W> {
    type Error = io::Error;

    fn absorb(&mut self, part: TextPart) -> io::Result<Flow> {
        self.begin()?;
        let rows = self.left.map_or(part.rows(), |left| usize::try_from(left).unwrap_or(usize::MAX).min(part.rows()));
        self.put(part.first(rows))?;
        self.pool.give(part.into_buffer());
        if self.closed {
            return Ok(Flow::Stop);
        }
        self.rows += rows as u64;
        if let Some(left) = &mut self.left {
            *left -= rows as u64;
        }
        Ok(if self.left == Some(0) { Flow::Stop } else { Flow::Continue })
    }
}
