//! The file header of either layout.
//!
//! ```text
//! layout 2, 40 octets                 layout 1, 140 octets, then 136 of statistics
//!  0 magic 0xA50C   2 layout (2)       0 magic 0xA50C   2 layout (1)
//!  4 nfdump version 8 created          4 flags: 1 LZO, 8 bzip2, 16 LZ4
//! 16 compression   17 encryption       8 blocks
//! 18 appendix blocks 24 their offset  12 name of the file's source, 128
//! 32 block size    36 blocks
//! ```

use super::block::Packing;

/// The layout of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// nfdump 1.6: records whose extensions stand in an order that a map gives.
    One,
    /// nfdump 1.7: records of elements that say their type and length.
    Two,
}

impl Layout {
    /// Octets before the first block.
    pub(super) fn before_blocks(self) -> u64 {
        match self {
            Self::One => 140 + 136,
            Self::Two => 40,
        }
    }

    /// What the parts of a record are called.
    pub(super) fn part(self) -> &'static str {
        match self {
            Self::One => "extension",
            Self::Two => "element type",
        }
    }

    /// The type of blocks with records.
    pub(super) fn records(self) -> u16 {
        match self {
            Self::One => 2,
            Self::Two => 3,
        }
    }
}

/// What the file header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How the file is laid out.
    pub layout: Layout,
    /// The packing of the blocks.
    pub packing: Packing,
    /// The version of nfdump that wrote the file, major and minor; layout 1 does not say, and is 1.6's.
    pub nfdump: (u8, u8),
}

impl Header {
    /// The file header, if the octets begin with one that can be read: little-endian, a known packing, not encrypted.
    pub fn of(head: &[u8]) -> Option<Self> {
        match *head.first_chunk::<40>()? {
            [0x0c, 0xa5, 2, 0, _, _, low, high, _, _, _, _, _, _, _, _, packing, 0, ..] => {
                Some(Self { layout: Layout::Two, packing: Packing::of(packing)?, nfdump: version(low, high) })
            }
            [0x0c, 0xa5, 1, 0, flags, 0, 0, 0, ..] => {
                let packing = match flags & 0b1_1001 {
                    0 => Packing::Plain,
                    1 => Packing::Lzo,
                    8 => Packing::Bz2,
                    16 => Packing::Lz4,
                    _ => return None,
                };
                Some(Self { layout: Layout::One, packing, nfdump: (1, 6) })
            }
            _ => None,
        }
    }
}

/// The high octets of the version. Up to 1.7.5 they are a minor and a major number, with flags in the upper half; 1.7.10 has four bits of the
/// major number and then eight of the minor one.
fn version(low: u8, high: u8) -> (u8, u8) {
    match (high >> 4, high & 15) {
        (major, 0) if major != 0 => (major, low >> 4),
        (_, major) => (major, low),
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, Layout};
    use crate::nfcapd::Packing;

    #[test]
    fn layouts_and_packings() {
        let head = |first: &[u8]| [first, &[0; 40]].concat();
        let of = |first: &[u8]| Header::of(&head(first)).map(|h| (h.layout, h.packing, h.nfdump));
        assert_eq!(of(&[0x0c, 0xa5, 1, 0, 0x02]), Some((Layout::One, Packing::Plain, (1, 6))));
        assert_eq!(of(&[0x0c, 0xa5, 1, 0, 0x10]), Some((Layout::One, Packing::Lz4, (1, 6))));
        assert_eq!(of(&[0x0c, 0xa5, 1, 0, 0x09]), None);
        // As 1.7.1, 1.7.5 and 1.7.10 write it.
        for version in [[0, 1, 7, 1], [0, 4, 7, 0xf1], [0, 0x10, 0x70, 0x10]] {
            let head = [&[0x0c, 0xa5, 2, 0], &version[..]].concat();
            assert_eq!(of(&head), Some((Layout::Two, Packing::Plain, (1, 7))), "{version:?}");
        }
        // Big-endian, a layout to come, an encrypted file.
        assert_eq!(of(&[0xa5, 0x0c, 0, 1]), None);
        assert_eq!(of(&[0x0c, 0xa5, 3, 0]), None);
        assert_eq!(of(&[0x0c, 0xa5, 2, 0, 0, 1, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), None);
    }
}
