//! Cuts a payload into messages.
//!
//! A datagram should hold one message (RFC 7011 §10.3.3), but several IPFIX messages, or several v5 messages, one behind the other do
//! occur. A v9 header has no length: its message is the rest of the payload.

use super::fixed::{Records, records, stride};
use super::header::{Header, Version, ipfix_length, version_field};
use super::malformed::{Cause, Limit, Malformed, Part};
use super::set::Sets;

/// One message of a payload.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// Its header.
    pub header: Header,
    /// Where it begins in the payload.
    pub offset: usize,
    /// How many octets of it are in the payload.
    pub length: usize,
    /// What follows the header.
    pub body: Body<'a>,
}

/// What a message carries.
#[derive(Clone, Debug)]
pub enum Body<'a> {
    /// The records of v1, v5 and v7.
    Records(Records<'a>),
    /// The Sets of v9 and IPFIX.
    Sets(Sets<'a>),
}

/// Iterates over the messages of a payload; after an error it ends.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    payload: &'a [u8],
    missing: usize,
    at: usize,
    before: Option<Version>,
    done: bool,
}

/// The messages of a payload. `missing` is how many octets of the datagram the capture cut off behind the payload.
pub fn messages(payload: &[u8], missing: usize) -> Messages<'_> {
    Messages { payload, missing, at: 0, before: None, done: false }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let rest = self.payload.get(self.at..).unwrap_or(&[]);
        if let Some(before) = self.before
            && !follows(before, rest, self.missing)
        {
            self.done = true;
            return self.trailer(rest).map(Err);
        }
        let message = self.message(rest);
        match &message {
            Ok(message) => {
                self.before = Some(message.header.version);
                self.at += message.length;
            }
            Err(_) => self.done = true,
        }
        Some(message)
    }
}

impl<'a> Messages<'a> {
    fn message(&self, rest: &'a [u8]) -> Result<Message<'a>, Malformed> {
        let offset = self.at;
        let number = version_field(rest).ok_or_else(|| self.header_short(rest, 2))?;
        let version = Version::from_number(number).ok_or(Malformed {
            cause: Cause::VersionUnsupported,
            part: Part::Header,
            offset,
            needed: 0,
            had: usize::from(number),
            limit: Limit::Rule,
        })?;
        let header_length = version.header_length();
        let header = Header::read(version, rest).ok_or_else(|| self.header_short(rest, header_length))?;
        let behind = rest.get(header_length..).unwrap_or(&[]);
        let at = offset + header_length;
        let (body, length) = match (stride(version), header.count) {
            (Some(stride), Some(count)) => {
                let (records, used) = records(behind, at, stride, count, self.missing);
                (Body::Records(records), header_length + used)
            }
            (None, Some(_)) => (Body::Sets(Sets::of_v9(behind, at, self.missing)), rest.len()),
            _ => {
                let declared = ipfix_length(rest).unwrap_or(0);
                if declared < header_length {
                    return Err(Malformed {
                        cause: Cause::MessageLengthBelowHeader,
                        part: Part::Message,
                        offset,
                        needed: header_length,
                        had: declared,
                        limit: Limit::Message,
                    });
                }
                (Body::Sets(Sets::of_ipfix(behind, at, declared, self.missing)), declared.min(rest.len()))
            }
        };
        Ok(Message { header, offset, length, body })
    }

    fn header_short(&self, rest: &[u8], needed: usize) -> Malformed {
        let had = rest.len();
        let (cause, had, limit) = if needed <= had + self.missing {
            (Cause::CutByCapture, had, Limit::Capture)
        } else {
            (Cause::HeaderShort, had + self.missing, Limit::Datagram)
        };
        Malformed { cause, part: Part::Header, offset: self.at, needed, had, limit }
    }

    /// What lies behind the last message: zeros are padding, anything else is a fault.
    fn trailer(&self, rest: &[u8]) -> Option<Malformed> {
        rest.iter().any(|&octet| octet != 0).then_some(Malformed {
            cause: Cause::TrailingOctets,
            part: Part::Trailer,
            offset: self.at,
            needed: 0,
            had: rest.len(),
            limit: Limit::Datagram,
        })
    }
}

/// Whether `rest` is one more message behind one of version `before`. For IPFIX the version is enough, since its Length is checked
/// on reading. v1, v5 and v7 have no length: the next one has to announce records, all of them there, and a sane fraction of a second.
pub(super) fn follows(before: Version, rest: &[u8], missing: usize) -> bool {
    if version_field(rest) != Some(before.number()) {
        return false;
    }
    let (Some(stride), Some(header)) = (stride(before), Header::read(before, rest)) else {
        return before == Version::Ipfix && rest.len() >= before.header_length();
    };
    let announced = usize::from(header.count.unwrap_or(0)) * stride;
    announced > 0 && before.header_length() + announced <= rest.len() + missing && nanos_plausible(rest)
}

/// Whether the residual nanoseconds of a v1, v5 or v7 header are below a second.
pub(super) fn nanos_plausible(message: &[u8]) -> bool {
    message.get(12..16).and_then(|o| o.first_chunk()).is_some_and(|o| u32::from_be_bytes(*o) < 1_000_000_000)
}
