//! Messages of Arrow IPC (the format's page, "Encapsulated message format"): read as they stand, and what they announce is held against what
//! can be before room is made for it.
//!
//! ```text
//! ffffffff  length of the head  head: rows, field nodes, buffers (where, how long)  body: buffers
//!                               a packed buffer: octets when unpacked, 8 octets; then the packed ones
//! ```
//!
//! The library that decodes them takes these numbers as they are, and a number that no memory holds ends the program.

use std::io::{self, Read, Seek, SeekFrom};

use polars_arrow::io::ipc::format::ipc::planus::ReadAsRoot;
use polars_arrow::io::ipc::format::ipc::{CompressionType, MessageHeaderRef, MessageRef, RecordBatchRef};

use super::parquet::first_line;

/// Octets of all buffers of a message, unpacked: a writer that gathers more rows than that before it writes is not known.
const MOST_UNPACKED: u64 = 4 << 30;
/// Rows that a record batch may have whatever its octets say: columns of nulls alone take none.
const MOST_NULLS: u64 = 1 << 24;
/// Octets behind the last buffer of a body, at most: buffers end at 64 octets.
const MOST_PADDING: u64 = 4_096;

/// A message whose head was read.
pub(super) struct Message {
    head: Vec<u8>,
}

/// Where the body of a message is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    pub(super) start: u64,
    pub(super) length: u64,
}

impl Message {
    /// Reads the head of the message that stands here; `None` at the end.
    ///
    /// # Errors
    /// It is cut off.
    pub(super) fn read(reader: &mut impl Read) -> Result<Option<Self>, String> {
        let mut length = [0; 4];
        match reader.read_exact(&mut length) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(e.to_string()),
        }
        // Before version 0.15 of the format the length stood alone.
        if length == [0xff; 4] {
            reader.read_exact(&mut length).map_err(|e| e.to_string())?;
        }
        let length = i32::from_le_bytes(length);
        if length == 0 {
            return Ok(None);
        }
        let length = u64::try_from(length).map_err(|_| format!("a head of {length} octets is announced"))?;
        let mut head = Vec::new();
        reader.take(length).read_to_end(&mut head).map_err(|e| e.to_string())?;
        if (head.len() as u64) < length {
            return Err(format!("{} octets are there where a head of {length} is announced", head.len()));
        }
        Ok(Some(Self { head }))
    }

    /// The message.
    ///
    /// # Errors
    /// The head is none.
    pub(super) fn get(&self) -> Result<MessageRef<'_>, String> {
        MessageRef::read_as_root(&self.head).map_err(|e| first_line(&e))
    }

    /// The columns in its body: a record batch, or the values of a dictionary.
    ///
    /// # Errors
    /// The head is none, or of something else.
    pub(super) fn batch(&self) -> Result<RecordBatchRef<'_>, String> {
        let header = self.get()?.header().map_err(|e| first_line(&e))?.ok_or("it has no header")?;
        match header {
            MessageHeaderRef::RecordBatch(batch) => Ok(batch),
            MessageHeaderRef::DictionaryBatch(dictionary) => {
                dictionary.data().map_err(|e| first_line(&e))?.ok_or_else(|| "a dictionary without values".to_owned())
            }
            _ => Err("it has no record batch".to_owned()),
        }
    }

    /// Octets of its body, as it says; they end with the last buffer.
    ///
    /// # Errors
    /// They don't.
    pub(super) fn body_length(&self) -> Result<u64, String> {
        let announced = self.get()?.body_length().map_err(|e| first_line(&e))?;
        let end = buffers(self.batch()?)?.iter().fold(0, |end, (start, length)| end.max(start.saturating_add(*length)));
        let length = u64::try_from(announced).ok().filter(|length| *length >= end && *length - end <= MOST_PADDING);
        length.ok_or_else(|| format!("a body of {announced} octets is announced, its buffers end at {end}"))
    }
}

/// The rows of a record batch, whose buffers lie in a body of so many octets.
///
/// # Errors
/// The columns say otherwise.
pub(super) fn rows(batch: RecordBatchRef<'_>, body: u64) -> Result<usize, String> {
    let announced = batch.length().map_err(|e| first_line(&e))?;
    let rows = usize::try_from(announced).map_err(|_| format!("{announced} rows are announced"))?;
    let first = batch.nodes().map_err(|e| first_line(&e))?.and_then(|nodes| nodes.iter().next()).map(|node| node.length());
    if let Some(values) = first.filter(|values| *values != announced) {
        return Err(format!("{rows} rows are announced, and {values} values of the first column"));
    }
    match buffers(batch)?.iter().find(|(start, length)| start.saturating_add(*length) > body) {
        Some((start, length)) => Err(format!("a buffer of {length} octets at {start} is announced, in a body of {body}")),
        None => Ok(rows),
    }
}

/// Looks at what the columns of a message announce, and at how many octets the packed ones say that they unpack to.
///
/// # Errors
/// What can't be, in words.
pub(super) fn check(batch: RecordBatchRef<'_>, reader: &mut (impl Read + Seek), body: Body) -> Result<(), String> {
    let rows = rows(batch, body.length)? as u64;
    let packing = match batch.compression().map_err(|e| first_line(&e))? {
        Some(packing) => Some(packing.codec().map_err(|e| first_line(&e))?),
        None => None,
    };
    let mut unpacked = 0u64;
    for (start, length) in buffers(batch)? {
        let octets = match packing {
            Some(packing) if length > 0 => {
                let at = body.start.saturating_add(start);
                reader.seek(SeekFrom::Start(at)).map_err(|e| e.to_string())?;
                unpacked_octets(reader, length, packing)?
            }
            _ => length,
        };
        unpacked = unpacked.saturating_add(octets);
    }
    if unpacked > MOST_UNPACKED {
        return Err(format!("it unpacks to {unpacked} octets, and {MOST_UNPACKED} are read at once at most; write smaller record batches"));
    }
    // A value takes a bit at least.
    if rows > unpacked.saturating_mul(8).max(MOST_NULLS) {
        return Err(format!("{rows} rows are announced in {unpacked} octets"));
    }
    Ok(())
}

/// The octets that a packed buffer announces.
fn unpacked_octets(reader: &mut impl Read, length: u64, packing: CompressionType) -> Result<u64, String> {
    let mut announced = [0; 8];
    let packed = length.checked_sub(8).ok_or_else(|| format!("a packed buffer of {length} octets"))?;
    reader.read_exact(&mut announced).map_err(|e| e.to_string())?;
    let announced = i64::from_le_bytes(announced);
    if announced == -1 {
        // It did not become smaller and is as it was.
        return Ok(packed);
    }
    // The longest copies that the formats have: LZ4's grow by 255 an octet; a block of 128 KiB of the same octet takes 4 in zstd.
    let expansion = match packing {
        CompressionType::Lz4Frame => 256,
        CompressionType::Zstd => 32_768,
    };
    let octets = u64::try_from(announced).ok().filter(|octets| *octets <= packed.saturating_mul(expansion));
    octets.ok_or_else(|| format!("a buffer of {packed} octets can't unpack to {announced}"))
}

/// Where each buffer begins in the body, and its octets.
fn buffers(batch: RecordBatchRef<'_>) -> Result<Vec<(u64, u64)>, String> {
    let all = batch.buffers().map_err(|e| first_line(&e))?.ok_or("it has no buffers")?;
    all.iter()
        .map(|buffer| {
            let (start, length) = (buffer.offset(), buffer.length());
            let both = u64::try_from(start).ok().zip(u64::try_from(length).ok());
            both.ok_or_else(|| format!("a buffer of {length} octets at {start} is announced"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(announced: i64, length: u64, packing: CompressionType) -> Result<u64, String> {
        unpacked_octets(&mut announced.to_le_bytes().as_slice(), length, packing)
    }

    #[test]
    fn what_can_not_be_unpacked() {
        assert_eq!(unpacked(480, 108, CompressionType::Zstd), Ok(480));
        assert_eq!(unpacked(-1, 108, CompressionType::Zstd), Ok(100));
        assert_eq!(unpacked(1 << 33, 108, CompressionType::Zstd), Err("a buffer of 100 octets can't unpack to 8589934592".into()));
        assert_eq!(unpacked(30_000, 108, CompressionType::Lz4Frame), Err("a buffer of 100 octets can't unpack to 30000".into()));
        assert_eq!(unpacked(-2, 108, CompressionType::Lz4Frame), Err("a buffer of 100 octets can't unpack to -2".into()));
        assert_eq!(unpacked(1, 7, CompressionType::Zstd), Err("a packed buffer of 7 octets".into()));
    }

    #[test]
    fn heads_that_are_cut_or_lie() {
        let read = |octets: &[u8]| Message::read(&mut &*octets).map(|m| m.map(|m| m.head));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), Ok(None));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 7, 8]), Ok(Some(vec![7, 8])));
        assert_eq!(read(&[2, 0, 0, 0, 7, 8]), Ok(Some(vec![7, 8])));
        assert_eq!(
            read(&[0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0x40, 7]),
            Err("1 octets are there where a head of 1073741826 is announced".into())
        );
        assert_eq!(read(&[0, 0, 0, 0x80]), Err("a head of -2147483648 octets is announced".into()));
        assert!(Message { head: vec![7, 8] }.batch().is_err());
    }
}
