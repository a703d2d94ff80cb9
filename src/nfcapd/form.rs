//! How the records of a file are put together: few forms for very many records, so that most records need a look at the headers of their
//! parts alone, and stay where they are.

use std::collections::HashMap;
use std::sync::Arc;

use super::absent;
use super::part::{self, Part};
use super::record::{Parts, RecordHeader, Unknown};
use crate::datagram::{StoredField, StoredLayout, Take};

/// The length of a field that each record tells itself (RFC 7011 §7).
const VARIABLE: u16 = u16::MAX;
/// Forms of one file; a file of more begins to learn them anew.
const MOST_FORMS: usize = 1024;

/// A form of records: which parts, and where.
#[derive(Debug)]
pub(super) struct Form {
    parts: Vec<Part>,
    /// The elements that stand behind all parts, in records that were rewritten.
    strings: Vec<(u32, u16)>,
    /// Octets before them; all octets where there are none.
    stride: u32,
    /// Where times and counters stand.
    pub(super) generic: usize,
    /// Where the address stands that the exporter sent from, and its octets.
    pub(super) sent_from: Option<(usize, usize)>,
    /// Fields that are absent where they are zero: where 8 octets lie that hold one, which of their bits it is, the bit that says so.
    zeros: Vec<(usize, u64, u64)>,
    /// Where MPLS labels stand.
    labels: Option<(usize, usize)>,
    /// What the parts become, by what is absent.
    layouts: Vec<(u64, Arc<StoredLayout>)>,
    /// Parts that are not read.
    pub(super) unknown: Unknown,
}

impl Form {
    fn new(parts: Vec<Part>, strings: Vec<(u32, u16)>, stride: usize, unknown: Unknown) -> Self {
        let place = |kind| parts.iter().find(|p| p.kind == kind).map(|p| (usize::from(p.at), usize::from(p.octets)));
        let zeros = absent::ZERO_IS_NONE.iter().enumerate().filter_map(|(number, (kind, offset, octets))| {
            let (at, had) = place(*kind)?;
            let (offset, octets) = (usize::from(*offset), usize::from(*octets));
            let start = (at + offset).min(stride.checked_sub(8)?);
            let bits = u64::MAX >> (64 - 8 * octets.clamp(1, 8)) << (8 * (at + offset - start)).min(63);
            (offset + octets <= had).then_some((start, bits, absent::zero(number)))
        });
        Self {
            generic: place(part::GENERIC).map_or(0, |(at, _)| at),
            sent_from: place(part::RECEIVED_V4).map(|(at, _)| (at, 4)).or(place(part::RECEIVED_V6).map(|(at, _)| (at, 16))),
            zeros: zeros.collect(),
            labels: place(part::MPLS),
            stride: u32::try_from(stride).unwrap_or(u32::MAX),
            parts,
            strings,
            layouts: Vec::new(),
            unknown,
        }
    }

    /// What the record lacks by its values.
    #[inline]
    pub(super) fn absent(&self, record: &[u8]) -> u64 {
        let mut bits = self.labels.map_or(0, |(at, octets)| absent::by_labels(record.get(at..at + octets).unwrap_or(&[])));
        for (at, of_field, bit) in &self.zeros {
            let octets = record.get(*at..).and_then(|r| r.first_chunk()).map_or(0, |o| u64::from_le_bytes(*o));
            bits |= if octets & of_field == 0 { *bit } else { 0 };
        }
        bits
    }

    /// The layout of the form's records that lack just that.
    pub(super) fn layout(&mut self, absent: u64) -> Arc<StoredLayout> {
        if let Some((_, layout)) = self.layouts.iter().find(|(a, _)| *a == absent) {
            return Arc::clone(layout);
        }
        if self.layouts.len() >= MOST_FORMS {
            self.layouts.clear();
        }
        let layout = Arc::new(StoredLayout { stride: self.stride, fields: self.fields(absent) });
        self.layouts.push((absent, Arc::clone(&layout)));
        layout
    }

    /// The fields in the order of their parts' types, so that files with other orders have the same elements; strings last.
    fn fields(&self, absent: u64) -> Vec<StoredField> {
        let v6 = self.parts.iter().any(|p| p.kind == part::IPV6);
        let mut sorted = self.parts.clone();
        sorted.sort_by_key(|p| p.kind);
        let mut fields: Vec<StoredField> = sorted.into_iter().flat_map(|p| part::fields(p, v6, absent)).collect();
        let string = |(pen, id): &(u32, u16)| StoredField { pen: *pen, id: *id, length: VARIABLE, offset: 0, take: Take::Octets };
        fields.extend(self.strings.iter().map(string));
        fields
    }
}

/// A form whose records stay where they are, with what tells it.
#[derive(Debug)]
struct Constant {
    /// Size of the records and number of their parts.
    size: u16,
    count: u16,
    /// Where the header of each part stands, and what it says.
    headers: Vec<(u16, [u8; 4])>,
    form: usize,
}

impl Constant {
    #[inline]
    fn fits(&self, record: &[u8], header: &RecordHeader) -> bool {
        header.elements == self.count
            && record.len() == usize::from(self.size)
            && self.headers.iter().all(|(at, want)| record.get(usize::from(*at)..).and_then(|r| r.first_chunk()) == Some(want))
    }
}

/// The types and lengths of constant parts, and the types of strings.
type WithStrings = (Vec<(usize, u16)>, Vec<usize>);

/// The forms of a file.
#[derive(Debug, Default)]
pub(super) struct Forms {
    all: Vec<Form>,
    /// Forms that were forgotten: the number of the first one in `all`.
    forgotten: usize,
    constant: Vec<Constant>,
    /// The constant form that was met last.
    last: usize,
    /// Forms of records with strings, by types and lengths of their constant parts and by the types of their strings.
    with_strings: HashMap<WithStrings, usize>,
    parts: Parts,
}

/// A record's form, and where the record lies.
pub(super) enum Found {
    /// Where it was.
    Here(usize),
    /// Rewritten, at the end of the buffer that was given.
    Rewritten(usize),
}

impl Forms {
    /// The form of a record. One with strings is rewritten at the end of `out`. An error says what is wrong with the record.
    #[inline]
    pub(super) fn find(&mut self, record: &[u8], header: &RecordHeader, out: &mut Vec<u8>) -> Result<Found, String> {
        if let Some(known) = self.constant.get(self.last).filter(|c| c.fits(record, header)) {
            return Ok(Found::Here(known.form));
        }
        self.search(record, header, out)
    }

    pub(super) fn get(&mut self, number: usize) -> Option<&mut Form> {
        self.all.get_mut(number.checked_sub(self.forgotten)?)
    }

    fn search(&mut self, record: &[u8], header: &RecordHeader, out: &mut Vec<u8>) -> Result<Found, String> {
        if let Some(at) = self.constant.iter().position(|c| c.fits(record, header)) {
            self.last = at;
            return Ok(Found::Here(self.constant.get(at).map_or(0, |c| c.form)));
        }
        self.parts.take_apart(record, header.elements)?;
        let Parts { parts, strings, headers, unknown } = &self.parts;
        if !parts.iter().any(|p| p.kind == part::GENERIC) {
            return Err("a flow record without counters".to_owned());
        }
        if self.all.len() >= MOST_FORMS {
            self.forgotten += self.all.len();
            (self.all, self.constant, self.with_strings) = Default::default();
        }
        let form = self.forgotten + self.all.len();
        if strings.is_empty() {
            self.all.push(Form::new(parts.clone(), Vec::new(), record.len(), *unknown));
            self.last = self.constant.len();
            let size = u16::try_from(record.len()).unwrap_or(u16::MAX);
            self.constant.push(Constant { size, count: header.elements, headers: headers.clone(), form });
            return Ok(Found::Here(form));
        }
        let key = (parts.iter().map(|p| (p.kind, p.octets)).collect(), strings.iter().map(|s| s.kind).collect());
        let all = &mut self.all;
        let (moved, stride) = self.parts.rewrite(record, out);
        let Parts { strings, unknown, .. } = &self.parts;
        let form = *self.with_strings.entry(key).or_insert_with(|| {
            all.push(Form::new(moved, strings.iter().map(|s| s.element).collect(), stride, *unknown));
            form
        });
        Ok(Found::Rewritten(form))
    }
}
