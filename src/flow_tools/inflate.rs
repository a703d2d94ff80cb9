//! zlib data (RFC 1950) whose end is checked: a file that is still being written, or was cut off, lacks it.

use std::io::{self, BufRead, BufReader, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// A reader of the unpacked octets. Data that ends early is an error of kind `UnexpectedEof`, after what could be unpacked.
pub(super) struct Inflate {
    packed: BufReader<Box<dyn Read + Send>>,
    state: Decompress,
    ended: bool,
}

impl Inflate {
    pub(super) fn new(packed: Box<dyn Read + Send>) -> Self {
        Self { packed: BufReader::new(packed), state: Decompress::new(true), ended: false }
    }
}

impl Read for Inflate {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        while !self.ended {
            let packed = self.packed.fill_buf()?;
            let at_end = packed.is_empty();
            let (taken, given) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(packed, buf, FlushDecompress::None)?;
            let taken = usize::try_from(self.state.total_in() - taken).unwrap_or(0);
            let given = usize::try_from(self.state.total_out() - given).unwrap_or(0);
            self.packed.consume(taken);
            self.ended = status == Status::StreamEnd;
            if given > 0 {
                return Ok(given);
            }
            if !self.ended && at_end {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the zlib data ends early"));
            }
            if !self.ended && taken == 0 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the zlib data does not go on"));
            }
        }
        if self.packed.fill_buf()?.is_empty() {
            return Ok(0);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "octets follow the end of the zlib data"))
    }
}
