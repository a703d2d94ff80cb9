//! The packing of a block.

use std::fmt;
use std::io::Read;

use super::lzo;

/// The largest block that is read or unpacked: nfdump's own buffers are 5 MiB.
pub(super) const MOST_OCTETS: usize = 16 << 20;

/// How the blocks of a file are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// LZO1X.
    Lzo,
    /// bzip2.
    Bz2,
    /// LZ4, a block without a frame.
    Lz4,
    /// zstd.
    Zstd,
}

impl Packing {
    /// By its number in the file header.
    pub(super) fn of(number: u8) -> Option<Self> {
        [Self::Plain, Self::Lzo, Self::Bz2, Self::Lz4, Self::Zstd].get(usize::from(number)).copied()
    }

    /// Unpacks a block into `room` and says how much it is; `None` if it is damaged or too large.
    pub(super) fn unpack(self, packed: &[u8], room: &mut [u8]) -> Option<usize> {
        match self {
            Self::Plain => {
                room.get_mut(..packed.len())?.copy_from_slice(packed);
                Some(packed.len())
            }
            Self::Lzo => lzo::unpack(packed, room),
            Self::Lz4 => lz4_flex::block::decompress_into(packed, room).ok(),
            Self::Zstd => zstd::bulk::decompress_to_buffer(packed, room).ok(),
            Self::Bz2 => {
                let mut decoder = bzip2::read::BzDecoder::new(packed);
                let mut done = 0;
                loop {
                    match decoder.read(room.get_mut(done..)?).ok()? {
                        // No more data, or no more room.
                        0 if done < room.len() => return Some(done),
                        0 => return None,
                        n => done += n,
                    }
                }
            }
        }
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Lzo => "LZO",
            Self::Bz2 => "bzip2",
            Self::Lz4 => "LZ4",
            Self::Zstd => "zstd",
        })
    }
}
