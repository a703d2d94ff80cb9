//! The file header of either stream version.
//!
//! ```text
//! both                              stream version 3                          stream version 1, 360 octets
//! 0 magic 0xCF10                    4 octets of the header, this included     4 version of the messages, 2
//! 2 byte order: 1 little, 2 big     8 fields: type 2, length 2, value         6 padding, 2
//! 3 stream version                      2 version of the messages, 2          8 start   12 end   16 flags
//!                                       5 exporter, 4   8 flags, 4           20 counts  36 host  104 comments
//! ```
//! Of the flags, 2 says that all after the header is zlib data.

use std::net::Ipv4Addr;

const STREAM_1_LENGTH: u32 = 360;
/// The header that flow-tools writes is at most 16 KiB.
const MOST_OCTETS: u32 = 16 << 10;
/// Magic, byte order, stream version and, in stream version 3, the length.
const FIRST_FIELD: usize = 8;
const VERSION_FIELD: u16 = 2;
const EXPORTER_FIELD: u16 = 5;
const FLAGS_FIELD: u16 = 8;
const ZLIB: u32 = 2;
/// What stream version 1 says for a version that is not known; its records are those of v1.
const UNKNOWN_VERSION: u16 = 0xffff;

/// What the file header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether numbers are big-endian.
    pub big_endian: bool,
    /// The stream version: 1 or 3.
    pub stream: u8,
    /// The version of the messages that brought the flows: 1, 5 or 7; in stream version 1, not 7.
    pub version: u16,
    /// Whether the records are packed with zlib.
    pub zlib: bool,
    /// The exporter of records that don't name theirs.
    pub(super) exporter: Option<Ipv4Addr>,
    /// Octets before the first record.
    pub(super) length: u32,
}

/// Numbers in the order of the file.
#[derive(Clone, Copy)]
struct Order {
    big_endian: bool,
}

impl Header {
    /// The file header that the octets begin with: `None` if they begin with no such header, an error that says why it can't be read.
    ///
    /// flow-tools writes the fields that matter before those of unknown length, so the beginning of a long header is enough.
    pub fn of(head: &[u8]) -> Option<Result<Self, String>> {
        let (&[0xcf, 0x10, order, stream], rest) = head.split_first_chunk()? else { return None };
        Some(match (order, stream) {
            (1 | 2, 1) => Self::stream_1(Order { big_endian: order == 2 }, rest),
            (1 | 2, 3) => Self::stream_3(Order { big_endian: order == 2 }, head),
            (1 | 2, _) => Err(format!("its stream version is {stream}; 1 and 3 are read")),
            _ => Err(format!("its byte order is {order}, neither 1 nor 2")),
        })
    }

    fn stream_1(order: Order, rest: &[u8]) -> Result<Self, String> {
        let &[v0, v1, _, _, _, _, _, _, _, _, _, _, f0, f1, f2, f3] = rest.first_chunk().ok_or_else(cut)?;
        let version = match order.short([v0, v1]) {
            UNKNOWN_VERSION => 1,
            version @ (1 | 5) => version,
            other => return Err(unread(other)),
        };
        let zlib = order.long([f0, f1, f2, f3]) & ZLIB != 0;
        Ok(Self { big_endian: order.big_endian, stream: 1, version, zlib, exporter: None, length: STREAM_1_LENGTH })
    }

    fn stream_3(order: Order, head: &[u8]) -> Result<Self, String> {
        let length = head.get(4..).and_then(|l| l.first_chunk()).map(|l| order.long(*l)).ok_or_else(cut)?;
        let most = usize::try_from(length).unwrap_or(usize::MAX);
        if most < FIRST_FIELD || length > MOST_OCTETS {
            return Err(format!("its header says that it has {length} octets"));
        }
        let whole = head.len() >= most;
        let mut rest = head.get(FIRST_FIELD..most.min(head.len())).unwrap_or(&[]);
        let (mut version, mut flags, mut exporter) = (None, None, None);
        // At the end there may be up to three octets of padding.
        while let Some((&[t0, t1, l0, l1], after)) = rest.split_first_chunk() {
            let Some((value, next)) = after.split_at_checked(usize::from(order.short([l0, l1]))) else { break };
            match order.short([t0, t1]) {
                VERSION_FIELD => version = value.first_chunk().map(|v| order.short(*v)),
                FLAGS_FIELD => flags = value.first_chunk().map(|v| order.long(*v)),
                EXPORTER_FIELD => exporter = value.first_chunk().map(|v| Ipv4Addr::from_bits(order.long(*v))),
                _ => {}
            }
            rest = next;
        }
        let (version, flags) = match (version, flags) {
            (Some(version), _) if !matches!(version, 1 | 5 | 7) => return Err(unread(version)),
            (Some(version), Some(flags)) => (version, flags),
            (Some(version), None) if whole => (version, 0),
            (None, _) if whole => return Err("its header does not say which version its records are of".into()),
            _ => return Err(cut()),
        };
        Ok(Self {
            big_endian: order.big_endian,
            stream: 3,
            version,
            zlib: flags & ZLIB != 0,
            exporter: exporter.filter(|e| !e.is_unspecified()),
            length,
        })
    }
}

impl Order {
    fn short(self, octets: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) }
    }

    fn long(self, octets: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
    }
}

fn cut() -> String {
    "its file header is cut off: copy it again".into()
}

fn unread(version: u16) -> String {
    format!("it holds records of v{version}; those of v1, v5 and v7 are read")
}

#[cfg(test)]
mod tests {
    use super::Header;

    /// Big-endian, stream version, version, zlib, octets.
    type Facts = (bool, u8, u16, bool, u32);

    fn of(head: &[u8]) -> Option<Result<Facts, String>> {
        Header::of(head).map(|h| h.map(|h| (h.big_endian, h.stream, h.version, h.zlib, h.length)))
    }

    /// A header of stream version 3, little-endian, with these fields.
    fn stream_3(length: u8, fields: &[u8]) -> Vec<u8> {
        [&[0xcf, 0x10, 1, 3, length, 0, 0, 0], fields].concat()
    }

    #[test]
    fn headers_of_both_stream_versions() {
        let big = [0xcf, 0x10, 2, 3, 0, 0, 0, 22, 0, 2, 0, 2, 0, 7, 0, 8, 0, 4, 0, 0, 0, 3];
        assert_eq!(of(&big), Some(Ok((true, 3, 7, true, 22))));
        let little = stream_3(22, &[2, 0, 2, 0, 5, 0, 8, 0, 4, 0, 1, 0, 0, 0]);
        assert_eq!(of(&little), Some(Ok((false, 3, 5, false, 22))));
        let first = [&[0xcf, 0x10, 1, 1, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0], &[0; 340][..]].concat();
        assert_eq!(of(&first), Some(Ok((false, 1, 1, true, 360))));
        assert_eq!(of(b"\xcf\x11\x01\x03"), None);
    }

    #[test]
    fn refusals_say_why() {
        let why = |head: &[u8]| of(head).unwrap().unwrap_err();
        assert_eq!(why(&[0xcf, 0x10, 1, 2]), "its stream version is 2; 1 and 3 are read");
        assert_eq!(why(&[0xcf, 0x10, 7, 3]), "its byte order is 7, neither 1 nor 2");
        assert_eq!(why(&stream_3(7, &[])), "its header says that it has 7 octets");
        assert_eq!(why(&[0xcf, 0x10, 2, 3, 0, 0, 0x40, 1]), "its header says that it has 16385 octets");
        assert_eq!(why(&stream_3(14, &[2, 0, 2, 0, 8, 0])), "it holds records of v8; those of v1, v5 and v7 are read");
        assert_eq!(why(&stream_3(8, &[])), "its header does not say which version its records are of");
        // The flags may follow: nothing tells whether the records are packed.
        assert_eq!(why(&stream_3(22, &[2, 0, 2, 0, 5, 0])), "its file header is cut off: copy it again");
        assert_eq!(why(&[0xcf, 0x10, 1, 1, 5, 0]), "its file header is cut off: copy it again");
    }
}
