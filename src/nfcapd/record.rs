//! One flow record of nfdump 1.7, taken apart.

use super::part::{self, Part};

/// What the header of a record says.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordHeader {
    pub(super) elements: u16,
    pub(super) engine: u16,
    pub(super) exporter: u16,
    pub(super) version: u8,
}

impl RecordHeader {
    /// Octets of the header.
    pub(super) const LENGTH: usize = 12;

    #[inline]
    pub(super) fn read(record: &[u8]) -> Option<Self> {
        let &[_, _, _, _, e0, e1, engine_type, engine_id, x0, x1, _, version] = record.first_chunk()?;
        Some(Self {
            elements: u16::from_le_bytes([e0, e1]),
            engine: u16::from_be_bytes([engine_type, engine_id]),
            exporter: u16::from_le_bytes([x0, x1]),
            version,
        })
    }
}

/// Parts that are not read: how many, and the type of the last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unknown {
    pub(super) count: u64,
    pub(super) kind: usize,
}

impl Unknown {
    #[inline]
    pub(super) fn add(&mut self, other: Self) {
        if other.count > 0 {
            *self = Self { count: self.count + other.count, kind: other.kind };
        }
    }
}

/// Octets of a record whose number each record has for itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Octets {
    /// The type of the part that they end.
    pub(super) kind: usize,
    /// Enterprise number and id of the element that they are.
    pub(super) element: (u32, u16),
    at: usize,
    octets: usize,
}

/// The parts of one record.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Those of constant length, or as far as they are.
    pub(super) parts: Vec<Part>,
    pub(super) strings: Vec<Octets>,
    /// Where the header of each stands, and what it says.
    pub(super) headers: Vec<(u16, [u8; 4])>,
    pub(super) unknown: Unknown,
}

impl Parts {
    /// Takes a record apart. An error says what is wrong with it.
    pub(super) fn take_apart(&mut self, record: &[u8], count: u16) -> Result<(), String> {
        self.parts.clear();
        self.strings.clear();
        self.headers.clear();
        self.unknown = Unknown::default();
        let mut at = RecordHeader::LENGTH;
        for number in 1..=count {
            let rest = record.get(at..).unwrap_or(&[]);
            let Some(&header) = rest.first_chunk() else {
                return Err(format!("element {number} of {count} begins beyond the record"));
            };
            let [t0, t1, l0, l1] = header;
            let (kind, length) = (usize::from(u16::from_le_bytes([t0, t1])), u16::from_le_bytes([l0, l1]));
            if length < 4 || rest.len() < usize::from(length) {
                return Err(format!("element {number} of {count}, type {kind}, says {length} octets; the record has {} more", rest.len()));
            }
            self.headers.push((u16::try_from(at).unwrap_or(u16::MAX), header));
            let mut part = Part { kind, at: u16::try_from(at + 4).unwrap_or(u16::MAX), octets: length - 4 };
            // What stands twice counts once, as the last says.
            self.parts.retain(|p| p.kind != kind);
            match part::least(kind) {
                None => self.unknown.add(Unknown { count: 1, kind }),
                Some(least) if part.octets < least => {
                    return Err(format!("element {number}, type {kind}, has {} octets of {least}", part.octets));
                }
                Some(_) => {
                    if let Some((element, from)) = part::string(kind) {
                        let octets = usize::from(part.octets.saturating_sub(from));
                        self.strings.retain(|s| s.kind != kind);
                        self.strings.push(Octets { kind, element, at: at + 4 + usize::from(from), octets });
                        part.octets = from;
                    }
                    if part.octets > 0 {
                        self.parts.push(part);
                    }
                }
            }
            at += usize::from(length);
        }
        Ok(())
    }

    /// Writes the record so that its form does not depend on the lengths of its strings: they go behind all else, each after its length,
    /// as in a Data Record. Gives the parts as they lie now, and the octets before the strings.
    pub(super) fn rewrite(&self, record: &[u8], out: &mut Vec<u8>) -> (Vec<Part>, usize) {
        let start = out.len();
        let mut moved = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            moved.push(Part { at: u16::try_from(out.len() - start).unwrap_or(u16::MAX), ..*part });
            let at = usize::from(part.at);
            out.extend_from_slice(record.get(at..at + usize::from(part.octets)).unwrap_or(&[]));
        }
        let stride = out.len() - start;
        for string in &self.strings {
            let octets = record.get(string.at..string.at + string.octets).unwrap_or(&[]);
            out.push(u8::MAX);
            out.extend_from_slice(&u16::try_from(octets.len()).unwrap_or(u16::MAX).to_be_bytes());
            out.extend_from_slice(octets);
        }
        (moved, stride)
    }
}
