//! The headers of a column's pages (parquet-format, `PageHeader`, in Thrift's compact protocol): what they announce is held against what can
//! be before room is made for it.
//!
//! ```text
//! chunk: header page header page …      header: 1 type  2 octets unpacked  3 octets packed
//!                                               5 data page, 7 dictionary, 8 data page v2: 1 values …
//! ```
//!
//! The library that decodes pages takes these numbers as they are, and a number that no memory holds ends the program.

use std::io::{Read, Seek, SeekFrom};

use polars_parquet::parquet::compression::Compression;
use polars_parquet::read::ColumnChunkMetadata;

/// Octets of a page, unpacked: no writer comes near.
const MOST_PAGE: u64 = 1 << 30;
/// Octets of a page that its chunk need not account for: a few writers count a chunk's octets wrong.
const SMALL_PAGE: u64 = 64 << 20;
/// Structures in structures: statistics are one deep.
const DEEPEST: u8 = 8;

/// The types of Thrift's compact protocol.
mod thrift {
    pub(super) const STOP: u8 = 0;
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I32: u8 = 5;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const MAP: u8 = 11;
    pub(super) const STRUCT: u8 = 12;
}

/// Walks the pages of a chunk of so many octets that begins where `reader` stands; of the pages the headers alone are read.
///
/// # Errors
/// What can't be, in words.
pub(super) fn check(reader: &mut (impl Read + Seek), octets: u64, chunk: &ColumnChunkMetadata) -> Result<(), String> {
    let values = u64::try_from(chunk.num_values()).map_err(|_| format!("{} values are announced", chunk.num_values()))?;
    let unpacked = u64::try_from(chunk.uncompressed_size()).unwrap_or(0);
    let bounds = Bounds { codec: chunk.compression(), unpacked: unpacked.clamp(SMALL_PAGE, MOST_PAGE) };
    let (mut left, mut seen, mut page) = (octets, 0, 0u64);
    // A dictionary is read also where no values are.
    while left > 0 && (seen < values || page == 0) {
        page += 1;
        let in_page = |why: String| format!("page {page}: {why}");
        let mut thrift = Thrift { reader: &mut *reader, left };
        let header = PageHeader::read(&mut thrift).map_err(in_page)?;
        left = thrift.left;
        let packed = size(header.packed).filter(|packed| *packed <= left);
        let packed = packed.ok_or_else(|| in_page(format!("{} octets are announced, {left} are there", header.packed)))?;
        seen += bounds.values(&header, packed).map_err(in_page)?;
        if seen > values {
            return Err(in_page(format!("{seen} values so far, where the column has {values}")));
        }
        left -= packed;
        reader.seek(SeekFrom::Current(i64::from(header.packed))).map_err(|e| e.to_string())?;
    }
    if seen < values {
        return Err(format!("its pages have {seen} values, where {values} are announced"));
    }
    Ok(())
}

/// What the pages of a chunk may have.
struct Bounds {
    codec: Compression,
    /// Octets of a page, unpacked.
    unpacked: u64,
}

impl Bounds {
    /// The values of a page of so many octets: those of a dictionary are none of the column's.
    fn values(&self, header: &PageHeader, packed: u64) -> Result<u64, String> {
        let octets = match self.codec {
            Compression::Uncompressed => packed,
            codec => {
                let most = packed.saturating_add(1).saturating_mul(expansion(codec)).min(self.unpacked);
                let unpacked = size(header.unpacked).filter(|unpacked| *unpacked <= most);
                unpacked.ok_or_else(|| format!("{packed} octets can't unpack to {}", header.unpacked))?
            }
        };
        let Some(announced) = header.values else { return Err("no number of values".to_owned()) };
        let values = size(announced).ok_or_else(|| format!("{announced} values are announced"))?;
        if header.kind == Kind::Dictionary {
            // A value takes an octet at least.
            return if values <= octets { Ok(0) } else { Err(format!("{values} values of a dictionary in {octets} octets")) };
        }
        let levels = header.levels.map(size);
        let [Some(first), Some(second)] = levels else { return Err("levels of less than no octets".to_owned()) };
        if first + second > octets.min(packed) {
            return Err(format!("{} octets of levels in {packed}", first + second));
        }
        Ok(values)
    }
}

/// The octets that one octet can stand for, at most: the longest copies that the formats have.
fn expansion(codec: Compression) -> u64 {
    match codec {
        Compression::Uncompressed => 1,
        // 64 octets by 3.
        Compression::Snappy => 32,
        Compression::Lz4 | Compression::Lz4Raw => 256,
        // 258 octets by 2 bits.
        Compression::Gzip => 1_040,
        // A block of 128 KiB of the same octet takes 4.
        Compression::Zstd | Compression::Lzo | Compression::Brotli => 32_768,
    }
}

fn size(announced: i32) -> Option<u64> {
    u64::try_from(announced).ok()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Other,
    Data,
    Dictionary,
}

/// What is looked at of a header.
#[derive(Debug, Default, PartialEq, Eq)]
struct PageHeader {
    kind: Kind,
    unpacked: i32,
    packed: i32,
    values: Option<i32>,
    /// Octets of definition and of repetition levels, which only the second kind of data pages tells.
    levels: [i32; 2],
}

impl PageHeader {
    fn read<R: Read>(thrift: &mut Thrift<'_, R>) -> Result<Self, String> {
        let mut kind = -1;
        // By the number of the kind: data, index, dictionary, data v2.
        let mut values = [None; 4];
        let mut header = Self { packed: -1, unpacked: -1, ..Self::default() };
        thrift.fields(0, &mut |thrift, field, found| {
            match field {
                1 => kind = thrift.number(found)?,
                2 => header.unpacked = thrift.number(found)?,
                3 => header.packed = thrift.number(found)?,
                5 => values[0] = Some(thrift.values(found)?.0),
                7 => values[2] = Some(thrift.values(found)?.0),
                8 => {
                    let (count, levels) = thrift.values(found)?;
                    (values[3], header.levels) = (Some(count), levels);
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        header.kind = match kind {
            0 | 3 => Kind::Data,
            2 => Kind::Dictionary,
            _ => return Err(format!("no page is of kind {kind}")),
        };
        if kind != 3 {
            header.levels = [0; 2];
        }
        header.values = usize::try_from(kind).ok().and_then(|kind| values.get(kind).copied().flatten());
        Ok(header)
    }
}

/// Reads Thrift's compact protocol.
struct Thrift<'a, R> {
    reader: &'a mut R,
    /// Octets that may be read.
    left: u64,
}

impl<R: Read> Thrift<'_, R> {
    /// Hands each field's number and type to `each`; what that does not read is passed over.
    fn fields(&mut self, depth: u8, each: &mut dyn FnMut(&mut Self, i64, u8) -> Result<bool, String>) -> Result<(), String> {
        if depth > DEEPEST {
            return Err("its header has structures in structures".to_owned());
        }
        let mut field = 0;
        loop {
            let octet = self.octet()?;
            let (delta, found) = (octet >> 4, octet & 0x0f);
            if found == thrift::STOP {
                return Ok(());
            }
            field = if delta > 0 { field + i64::from(delta) } else { self.signed()? };
            if !each(self, field, found)? {
                self.skip(found, depth)?;
            }
        }
    }

    /// The number of values in the header of a kind of page, and the octets of levels where it is a data page of version 2.
    fn values(&mut self, found: u8) -> Result<(i32, [i32; 2]), String> {
        expect(found, thrift::STRUCT)?;
        let (mut values, mut levels) = (-1, [0; 2]);
        self.fields(1, &mut |thrift, field, found| {
            match (field, found) {
                (1, _) => values = thrift.number(found)?,
                (5, thrift::I32) => levels[0] = thrift.number(found)?,
                (6, thrift::I32) => levels[1] = thrift.number(found)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok((values, levels))
    }

    /// A 32-bit number.
    fn number(&mut self, found: u8) -> Result<i32, String> {
        expect(found, thrift::I32)?;
        let number = self.signed()?;
        i32::try_from(number).map_err(|_| format!("{number} in its header has more than 32 bits"))
    }

    fn skip(&mut self, found: u8, depth: u8) -> Result<(), String> {
        match found {
            thrift::TRUE | thrift::FALSE => Ok(()),
            thrift::BYTE => self.pass(1),
            thrift::I16 | thrift::I32 | thrift::I64 => self.varint().map(|_| ()),
            thrift::DOUBLE => self.pass(8),
            thrift::BINARY => {
                let length = self.varint()?;
                self.pass(length)
            }
            thrift::LIST | thrift::SET => {
                let octet = self.octet()?;
                let count = if octet >> 4 == 15 { self.varint()? } else { u64::from(octet >> 4) };
                self.elements(count, &[octet & 0x0f], depth)
            }
            thrift::MAP => match self.varint()? {
                0 => Ok(()),
                count => {
                    let octet = self.octet()?;
                    self.elements(count, &[octet >> 4, octet & 0x0f], depth)
                }
            },
            thrift::STRUCT => self.fields(depth + 1, &mut |_, _, _| Ok(false)),
            other => Err(format!("its header has no type {other}")),
        }
    }

    fn elements(&mut self, count: u64, types: &[u8], depth: u8) -> Result<(), String> {
        if depth > DEEPEST {
            return Err("its header has lists in lists".to_owned());
        }
        for _ in 0..count {
            for found in types {
                // Outside of structures a truth value takes an octet.
                match *found {
                    thrift::TRUE | thrift::FALSE => self.pass(1)?,
                    found => self.skip(found, depth + 1)?,
                }
            }
        }
        Ok(())
    }

    fn pass(&mut self, octets: u64) -> Result<(), String> {
        self.left = self.left.checked_sub(octets).ok_or("its header has no end")?;
        let passed = std::io::copy(&mut self.reader.by_ref().take(octets), &mut std::io::sink()).map_err(|e| e.to_string())?;
        if passed < octets { Err("its header has no end".to_owned()) } else { Ok(()) }
    }

    fn octet(&mut self) -> Result<u8, String> {
        self.left = self.left.checked_sub(1).ok_or("its header has no end")?;
        let mut octet = [0];
        self.reader.read_exact(&mut octet).map_err(|e| e.to_string())?;
        Ok(octet[0])
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let octet = self.octet()?;
            number |= u64::from(octet & 0x7f) << shift;
            if octet < 0x80 {
                return Ok(number);
            }
        }
        Err("its header has a number without end".to_owned())
    }

    /// A number in zigzag: 0, -1, 1, -2 …
    fn signed(&mut self) -> Result<i64, String> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }
}

fn expect(found: u8, wanted: u8) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("its header has type {found} in place of {wanted}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(octets: &[u8]) -> Result<PageHeader, String> {
        PageHeader::read(&mut Thrift { reader: &mut std::io::Cursor::new(octets), left: octets.len() as u64 })
    }

    /// Written by hand from the protocol's page: a header octet is the field's distance and its type, numbers are zigzag.
    #[test]
    fn headers_of_all_kinds() {
        // type 0, 100 unpacked, 50 packed; data page: 60 values, encodings 0, 3, 3; a statistic of 1 octet.
        let data = [0x15, 0, 0x15, 0xc8, 1, 0x15, 100, 0x2c, 0x15, 120, 0x15, 0, 0x15, 6, 0x15, 6, 0x1c, 0x18, 1, b'x', 0, 0, 0];
        let expected = PageHeader { kind: Kind::Data, unpacked: 100, packed: 50, values: Some(60), levels: [0; 2] };
        assert_eq!(header(&data), Ok(expected));
        // type 2; dictionary: 5 values, plain, sorted.
        let dictionary = [0x15, 4, 0x15, 40, 0x15, 40, 0x4c, 0x15, 10, 0x15, 0, 0x11, 0, 0];
        let expected = PageHeader { kind: Kind::Dictionary, unpacked: 20, packed: 20, values: Some(5), levels: [0; 2] };
        assert_eq!(header(&dictionary), Ok(expected));
        // type 3; data page v2: 7 values, 1 null, 7 rows, encoding 0, 2 octets of definition levels, -1 of repetition levels.
        let second = [0x15, 6, 0x15, 40, 0x15, 40, 0x5c, 0x15, 14, 0x15, 2, 0x15, 14, 0x15, 0, 0x15, 4, 0x15, 1, 0, 0];
        let expected = PageHeader { kind: Kind::Data, unpacked: 20, packed: 20, values: Some(7), levels: [2, -1] };
        assert_eq!(header(&second), Ok(expected));
        for cut in 0..data.len() {
            assert!(header(&data[..cut]).is_err(), "{cut}");
        }
        assert_eq!(
            header(&[0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            Err("its header has type 8 in place of 5".into())
        );
        assert_eq!(header(&[0xc8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), Err("its header has no end".into()));
        assert!(header(&[0xcc; 40]).is_err_and(|e| e.contains("structures in structures")));
        assert!(header(&[0xc9, 0xf9, 0xff, 0x7f, 0xf9, 0xff, 0x7f]).is_err());
    }

    #[test]
    fn what_can_not_be_is_refused() {
        let page = |kind, unpacked, packed, values| PageHeader { kind, unpacked, packed, values: Some(values), levels: [0; 2] };
        let bounds = |codec| Bounds { codec, unpacked: SMALL_PAGE };
        let values = |codec, header: PageHeader| bounds(codec).values(&header, u64::try_from(header.packed).unwrap());
        assert_eq!(values(Compression::Snappy, page(Kind::Data, 600, 60, 75)), Ok(75));
        assert_eq!(values(Compression::Snappy, page(Kind::Data, 6_000, 60, 75)), Err("60 octets can't unpack to 6000".into()));
        assert_eq!(values(Compression::Zstd, page(Kind::Data, 6_000, 60, 75)), Ok(75));
        assert_eq!(values(Compression::Zstd, page(Kind::Data, -1, 60, 75)), Err("60 octets can't unpack to -1".into()));
        assert_eq!(
            values(Compression::Zstd, page(Kind::Data, 70 << 20, 60_000, 75)),
            Err("60000 octets can't unpack to 73400320".into()),
            "the chunk does not account for it"
        );
        assert_eq!(values(Compression::Uncompressed, page(Kind::Data, -1, 60, 75)), Ok(75));
        assert_eq!(values(Compression::Gzip, page(Kind::Data, 60, 60, -75)), Err("-75 values are announced".into()));
        assert_eq!(values(Compression::Gzip, page(Kind::Dictionary, 60, 60, 15)), Ok(0));
        assert_eq!(values(Compression::Gzip, page(Kind::Dictionary, 60, 60, 61)), Err("61 values of a dictionary in 60 octets".into()));
        let levels = PageHeader { levels: [40, 21], ..page(Kind::Data, 60, 60, 15) };
        assert_eq!(values(Compression::Zstd, levels), Err("61 octets of levels in 60".into()));
    }
}
