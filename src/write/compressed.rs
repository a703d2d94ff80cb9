//! Text that is compressed part for part: each part is a member or frame of its own, which the formats allow one after the other
//! (RFC 1952 §2.2, RFC 8878 §3), so that the workers can compress and the sink only writes.

use std::io::{self, Write};
use std::sync::Arc;

use crate::collector::Digest;
use crate::column::FlowBatch;
use crate::plan::Schema;

use super::columnar::Compression;
use super::files::{Form, FormFile};
use super::format::Format;
use super::pool::Pool;
use super::rows::{RowWriter, TextPart};

/// Levels that are worth their time: gzip's own default is 6 and takes thrice as long as 4 for a tenth fewer octets.
const GZIP_LEVEL: u32 = 4;
const ZSTD_LEVEL: i32 = 1;

/// CSV or ndjson, compressed or not, as one of the forms of files.
#[derive(Clone, Debug)]
pub struct TextFiles {
    rows: RowWriter,
    compression: Compression,
}

impl TextFiles {
    /// For batches of that schema; text knows gzip, zstd and lz4.
    pub fn new(schema: Arc<Schema>, format: Format, names: bool, compression: Compression) -> Self {
        Self { rows: RowWriter::new(schema, format).with_names(names), compression }
    }
}

impl Form for TextFiles {
    type Piece = TextPiece;
    type File<W: Write> = TextFile<W>;
    // Any number of lines can be written as they are.
    const FEW: usize = 1;
    const MANY: usize = 1;
    const UNDER_WAY: usize = 4;

    fn encode(&self, batch: &FlowBatch) -> TextPiece {
        let part = self.rows.digest(batch);
        if self.compression == Compression::None {
            return TextPiece::Plain(part);
        }
        let compressed = compress(part.text(), self.compression);
        self.rows.pool().give(part.into_buffer());
        TextPiece::Compressed(compressed)
    }

    fn begin<W: Write>(&self, mut out: W) -> io::Result<TextFile<W>> {
        let header = self.rows.header();
        if !header.is_empty() {
            out.write_all(&compress(&header, self.compression)?)?;
        }
        Ok(TextFile { out, pool: self.rows.pool() })
    }
}

/// Lines as they are written.
#[derive(Debug)]
pub enum TextPiece {
    /// As they are.
    Plain(TextPart),
    /// Compressed.
    Compressed(io::Result<Vec<u8>>),
}

/// A file of lines.
#[derive(Debug)]
pub struct TextFile<W> {
    out: W,
    /// Where buffers go back to.
    pool: Pool,
}

impl<W: Write> FormFile<TextPiece> for TextFile<W> {
    type Out = W;

    fn write(&mut self, piece: TextPiece) -> io::Result<()> {
        match piece {
            TextPiece::Compressed(octets) => self.out.write_all(&octets?),
            TextPiece::Plain(part) => {
                self.out.write_all(part.text())?;
                self.pool.give(part.into_buffer());
                Ok(())
            }
        }
    }

    fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn compress(text: &[u8], how: Compression) -> io::Result<Vec<u8>> {
    match how {
        Compression::None => Ok(text.to_vec()),
        Compression::Zstd => zstd::bulk::compress(text, ZSTD_LEVEL),
        Compression::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(text)?;
            encoder.finish().map_err(io::Error::other)
        }
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
            encoder.write_all(text)?;
            encoder.finish()
        }
        Compression::Snappy => Err(io::Error::new(io::ErrorKind::InvalidInput, "text is compressed with gzip, zstd or lz4")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Read by the decoders' own readers: members and frames follow each other.
    #[test]
    fn parts_after_each_other_are_one_text() {
        let parts = [&b"a,b\n"[..], b"1,2\n", b"3,4\n"];
        let whole = |how| parts.iter().flat_map(|part| compress(part, how).unwrap()).collect::<Vec<u8>>();
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(&whole(Compression::Gzip)[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "a,b\n1,2\n3,4\n");
        assert_eq!(zstd::stream::decode_all(&whole(Compression::Zstd)[..]).unwrap(), b"a,b\n1,2\n3,4\n");
        assert!(compress(b"", Compression::Snappy).is_err());
    }
}
