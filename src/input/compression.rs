//! Compressed files, recognised by magic number: gzip (RFC 1952), zstd (RFC 8878), LZ4 frames, xz.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use lz4_flex::frame::FrameDecoder;

/// Memory that an xz stream may ask for: the largest preset takes 65 MiB.
const XZ_MEMORY: u64 = 256 << 20;
/// The largest window of a zstd frame, as a power of two: 128 MiB is what `zstd -d` allows unasked.
const ZSTD_WINDOW_LOG: u32 = 27;
const LZ4_INPUT: usize = 256 << 10;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// gzip, of one or several members.
    Gzip,
    /// zstd, of one or several frames.
    Zstd,
    /// LZ4 frames.
    Lz4,
    /// xz, of one or several streams.
    Xz,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
        })
    }
}

impl Compression {
    /// What the first octets of a file say.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 0x08, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            // A skippable frame belongs to zstd and LZ4 alike: the frame after it tells, as far as it can be seen from here.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, length @ ..] => {
                let length = usize::try_from(u32::from_le_bytes(*length.first_chunk()?)).ok()?;
                let next = head.get(length.checked_add(8)?..).unwrap_or(&[]);
                if next.is_empty() { Some(Self::Zstd) } else { Self::of(next).filter(|c| matches!(c, Self::Zstd | Self::Lz4)) }
            }
            _ => None,
        }
    }

    /// A reader of the unpacked octets. Data that ends early is an error of kind `UnexpectedEof`, after what could be unpacked.
    pub(super) fn unpack(self, packed: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(packed)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(decoder)
            }
            Self::Xz => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?;
                Box::new(XzDecoder::new_stream(packed, stream))
            }
            Self::Lz4 => Box::new(Lz4::new(packed)),
        })
    }
}

/// LZ4 frames one after another, skippable ones between them. The decoder's own end says neither whether more frames follow nor
/// whether the end mark was there, so each frame gets a decoder of its own.
struct Lz4 {
    frame: Option<FrameDecoder<Watched>>,
    between: Option<Watched>,
}

impl Lz4 {
    fn new(packed: Box<dyn Read + Send>) -> Self {
        Self { frame: None, between: Some(Watched { packed: BufReader::with_capacity(LZ4_INPUT, packed), ended: false }) }
    }

    /// The decoder of the frame under way, or of the next one; `None` at the end.
    fn decoder(&mut self) -> io::Result<Option<&mut FrameDecoder<Watched>>> {
        if self.frame.is_none()
            && let Some(mut watched) = self.between.take()
        {
            watched.skip_skippable()?;
            if watched.packed.fill_buf()?.is_empty() {
                return Ok(None);
            }
            self.frame = Some(FrameDecoder::new(watched));
        }
        Ok(self.frame.as_mut())
    }
}

impl Read for Lz4 {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(decoder) = self.decoder()? else { return Ok(0) };
            let n = decoder.read(buf)?;
            if n > 0 {
                return Ok(n);
            }
            if decoder.get_ref().ended {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "an LZ4 frame ends early"));
            }
            self.between = self.frame.take().map(FrameDecoder::into_inner);
        }
    }
}

/// The packed octets, and whether somebody asked for more than there were.
struct Watched {
    packed: BufReader<Box<dyn Read + Send>>,
    ended: bool,
}

impl Watched {
    fn skip_skippable(&mut self) -> io::Result<()> {
        while let [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] = self.packed.fill_buf()? {
            let mut head = [0u8; 8];
            self.packed.read_exact(&mut head)?;
            let [.., a, b, c, d] = head;
            let length = u64::from(u32::from_le_bytes([a, b, c, d]));
            if io::copy(&mut self.packed.by_ref().take(length), &mut io::sink())? < length {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a skippable LZ4 frame ends early"));
            }
        }
        Ok(())
    }
}

impl Read for Watched {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.packed.read(buf)?;
        self.ended |= n == 0 && !buf.is_empty();
        Ok(n)
    }
}
