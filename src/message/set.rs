//! The Set walker, one for v9 and IPFIX.
//!
//! ```text
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |          Set ID               |          Length               |     RFC 7011 §3.3.2; RFC 3954 §5.2: FlowSet
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//! The length includes these four octets. The walk goes by it alone; v9's Count is not asked: exporters count Sets, or data records,
//! or all records (RFC 3954 §5.1), and who believes the count loses Sets.

use super::header::Version;
use super::malformed::{Cause, Limit, Malformed, Part};

/// The length of a Set header.
const HEADER: usize = 4;

/// One Set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set<'a> {
    /// The Set id.
    pub id: u16,
    /// Where the Set header begins in the payload.
    pub offset: usize,
    /// What follows the Set header, as far as it is there: shorter than `declared` only where the capture cut the payload.
    pub body: &'a [u8],
    /// The length of the body by the Set header.
    pub declared: usize,
}

impl Set<'_> {
    /// Where the body begins in the payload.
    pub const fn body_offset(&self) -> usize {
        self.offset + HEADER
    }
}

/// The format of the records in a template Set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateFormat {
    /// RFC 3954: no enterprise numbers, options templates with lengths.
    V9,
    /// RFC 7011: enterprise numbers, options templates with counts, withdrawals.
    Ipfix,
}

/// What a Set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetKind {
    /// Template records.
    Template(TemplateFormat),
    /// Options template records.
    OptionsTemplate(TemplateFormat),
    /// Data records of the template with the Set's id.
    Data,
    /// Ids that no RFC gives a meaning.
    Reserved,
}

/// What a Set with this id holds. 0 and 1 are read in v9's form in IPFIX too: there are exporters that send them.
pub const fn kind(version: Version, set_id: u16) -> SetKind {
    match (version, set_id) {
        (Version::V9 | Version::Ipfix, 0) => SetKind::Template(TemplateFormat::V9),
        (Version::V9 | Version::Ipfix, 1) => SetKind::OptionsTemplate(TemplateFormat::V9),
        (Version::Ipfix, 2) => SetKind::Template(TemplateFormat::Ipfix),
        (Version::Ipfix, 3) => SetKind::OptionsTemplate(TemplateFormat::Ipfix),
        (Version::V9 | Version::Ipfix, 256..) => SetKind::Data,
        _ => SetKind::Reserved,
    }
}

/// Iterates over the Sets of a message; after an error it ends.
///
/// It ends quietly where fewer than four octets are left (padding), and where the rest is all zero (NX-OS, IOS-XR, Palo Alto and
/// softflowd fill datagrams with zeros). A Set that goes beyond its message is refused whole, and nothing is looked for behind it.
/// A Set that the capture cut comes as far as it is there, then an error says so.
#[derive(Clone, Debug)]
pub struct Sets<'a> {
    rest: &'a [u8],
    offset: usize,
    /// Octets of the message that the payload lacks, and why.
    lacking: usize,
    lack: Malformed,
    /// Whose length bounds the message.
    limit: Limit,
    /// The problem that the last Set was cut, still to be given.
    cut: Option<Malformed>,
    done: bool,
}

impl<'a> Sets<'a> {
    /// The Sets behind a v9 header: all the rest of the datagram.
    pub(super) fn of_v9(rest: &'a [u8], offset: usize, missing: usize) -> Self {
        Self { rest, offset, lacking: missing, lack: cut_by_capture(offset), limit: Limit::Datagram, cut: None, done: false }
    }

    /// The Sets behind an IPFIX header whose Length is `declared`. Beyond what the datagram has, it is a fault that the walk
    /// gives last: the Sets that are whole come first.
    pub(super) fn of_ipfix(behind: &'a [u8], offset: usize, declared: usize, missing: usize) -> Self {
        let header = Version::Ipfix.header_length();
        let length = declared.saturating_sub(header);
        let rest = behind.get(..length).unwrap_or(behind);
        let lacking = length - rest.len();
        let lack = if lacking <= missing {
            cut_by_capture(offset)
        } else {
            Malformed {
                cause: Cause::MessageBeyondDatagram,
                part: Part::Message,
                offset: offset - header,
                needed: declared,
                had: header + behind.len() + missing,
                limit: Limit::Datagram,
            }
        };
        Self { rest, offset, lacking, lack, limit: Limit::Message, cut: None, done: false }
    }

    /// The fault for the octets that are lacking, at the place the walk has come to.
    fn lack(&self) -> Malformed {
        match self.lack.cause {
            Cause::CutByCapture => Malformed { offset: self.offset, had: self.rest.len(), ..self.lack },
            _ => self.lack,
        }
    }
}

fn cut_by_capture(offset: usize) -> Malformed {
    Malformed { cause: Cause::CutByCapture, part: Part::SetHeader, offset, needed: HEADER, had: 0, limit: Limit::Capture }
}

impl<'a> Iterator for Sets<'a> {
    type Item = Result<Set<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return self.cut.take().map(Err);
        }
        let Some((&[id0, id1, length0, length1], behind)) = self.rest.split_first_chunk::<HEADER>() else {
            self.done = true;
            return (self.rest.len() + self.lacking >= HEADER).then(|| Err(self.lack()));
        };
        let id = u16::from_be_bytes([id0, id1]);
        let length = usize::from(u16::from_be_bytes([length0, length1]));
        let offset = self.offset;
        let fault = |cause, needed, had| Malformed { cause, part: Part::Set(id), offset, needed, had, limit: self.limit };
        let Some(declared) = length.checked_sub(HEADER) else {
            self.done = true;
            if id == 0 && length == 0 && behind.iter().all(|&octet| octet == 0) {
                return None;
            }
            return Some(Err(fault(Cause::SetLengthBelowHeader, HEADER, length)));
        };
        if let Some((body, rest)) = behind.split_at_checked(declared) {
            self.rest = rest;
            self.offset += length;
            return Some(Ok(Set { id, offset, body, declared }));
        }
        self.done = true;
        if length > self.rest.len() + self.lacking {
            return Some(Err(fault(Cause::SetBeyondMessage, length, self.rest.len() + self.lacking)));
        }
        if self.lack.cause == Cause::CutByCapture {
            self.cut = Some(Malformed { part: Part::Set(id), offset, needed: length, had: self.rest.len(), ..self.lack });
            return Some(Ok(Set { id, offset, body: behind, declared }));
        }
        Some(Err(self.lack()))
    }
}
