//! Template records and options template records of v9 and IPFIX, out of their Sets.
//!
//! ```text
//! template, both          options template, v9            options template, IPFIX
//! +----------+---------+  +----------+----------------+   +----------+-------------+
//! | id       | fields  |  | id       | scope length   |   | id       | fields      |
//! +----------+---------+  +----------+----------------+   +----------+-------------+
//! | Field Specifiers   |  | option   | Field          |   | scope    | Field       |
//! | ...                |  | length   | Specifiers ... |   | fields   | Specifiers… |
//! +--------------------+  +----------+----------------+   +----------+-------------+
//! RFC 3954 §5.2           RFC 3954 §6.1, octets           RFC 7011 §3.4.2.2, counts
//! RFC 7011 §3.4.1
//! ```

use super::field::{FieldSpecifier, Role};
use super::malformed::{Cause, Limit, Malformed, Part};
use super::set::{Set, SetKind, TemplateFormat};

/// The lowest id a template may have (RFC 3954 §5.2, RFC 7011 §3.4.1): those below are Set ids of their own.
const LOWEST_ID: u16 = 256;

/// Which templates a withdrawal of all means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateFamily {
    /// Templates (withdrawn by id 2 in a Set 2).
    Data,
    /// Options templates (withdrawn by id 3 in a Set 3).
    Options,
}

/// What a template record does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateKind {
    /// It defines a template.
    Data,
    /// It defines an options template.
    Options,
    /// It withdraws the template with its id, of either kind (RFC 7011 §8.1).
    Withdrawal,
    /// It withdraws all templates of the domain, of one family (RFC 7011 §8.1).
    WithdrawAll(TemplateFamily),
}

/// One template record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateRecord {
    /// The template id: 256 and up, but 2 or 3 for a withdrawal of all.
    pub id: u16,
    /// Where the record begins in the payload.
    pub offset: usize,
    /// How many octets it has.
    pub octets: usize,
    /// What it does.
    pub kind: TemplateKind,
    /// The fields in wire order, scope fields first; empty for a withdrawal.
    pub fields: Vec<FieldSpecifier>,
    /// How many of them are scope fields.
    pub scope_count: usize,
}

impl TemplateRecord {
    /// The length of the shortest record this template allows: variable-length fields need one octet at least (RFC 7011 §7).
    /// A template for which this is 0 can't be used: nothing would ever be consumed.
    pub fn shortest(&self) -> usize {
        self.fields.iter().map(|f| if f.is_variable() { 1 } else { usize::from(f.length) }).sum()
    }
}

/// Iterates over the records of a template Set. It goes on after an error where the extent of the record is known.
/// A record that the capture cut ends it quietly: the walk of the Sets gives that problem, once for the Set.
#[derive(Clone, Debug)]
pub struct TemplateRecords<'a> {
    rest: &'a [u8],
    offset: usize,
    /// Octets of the Set that the capture cut off.
    lacking: usize,
    format: TemplateFormat,
    options: bool,
    most_fields: usize,
}

/// The template records of a Set; none for a Set that `kind` says holds something else.
pub fn template_records<'a>(set: &Set<'a>, kind: SetKind) -> TemplateRecords<'a> {
    let (format, options, rest) = match kind {
        SetKind::Template(format) => (format, false, set.body),
        SetKind::OptionsTemplate(format) => (format, true, set.body),
        SetKind::Data | SetKind::Reserved => (TemplateFormat::V9, false, &[][..]),
    };
    let lacking = set.declared.saturating_sub(set.body.len());
    TemplateRecords { rest, offset: set.body_offset(), lacking, format, options, most_fields: usize::MAX }
}

impl TemplateRecords<'_> {
    /// Refuses records with more fields than this; without it the length of a Set is the bound: 16 382 fields.
    pub fn with_most_fields(mut self, most: usize) -> Self {
        self.most_fields = most;
        self
    }
}

/// The head of a record: its id and how its fields are counted.
struct Head {
    id: u16,
    /// Octets of the head.
    length: usize,
    fields: usize,
    scope_count: usize,
    /// The fault of the counts themselves; the extent is still known.
    fault: Option<(Cause, usize, usize)>,
    /// Where the lengths of v9's options template say that the record ends; otherwise the fields themselves tell.
    extent: Option<usize>,
}

impl Iterator for TemplateRecords<'_> {
    type Item = Result<TemplateRecord, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        // Padding: fewer than four octets, or nothing but zeros (RFC 7011 §3.3.1 wants it shorter than a record).
        let padding = self.rest.len() < 4 || (self.rest.starts_with(&[0, 0, 0, 0]) && self.rest.iter().all(|&octet| octet == 0));
        if padding {
            self.end();
            return None;
        }
        let id = self.u16_at(0)?;
        let Some(head) = self.head() else {
            return self.beyond(id, 6).map(Err);
        };
        match self.extent(&head) {
            Ok(extent) => Some(self.record(&head, extent)),
            Err(needed) => self.beyond(id, needed).map(Err),
        }
    }
}

impl TemplateRecords<'_> {
    fn u16_at(&self, at: usize) -> Option<u16> {
        self.rest.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
    }

    fn head(&self) -> Option<Head> {
        let id = self.u16_at(0)?;
        let second = usize::from(self.u16_at(2)?);
        let plain = Head { id, length: 4, fields: second, scope_count: 0, fault: None, extent: None };
        if !self.options || (self.format == TemplateFormat::Ipfix && second == 0) {
            return Some(plain);
        }
        let third = usize::from(self.u16_at(4)?);
        Some(match self.format {
            TemplateFormat::Ipfix => {
                let fault = match third {
                    0 => Some((Cause::ScopeCountZero, 1, 0)),
                    _ if third > second => Some((Cause::ScopeCountAboveFields, third, second)),
                    _ => None,
                };
                Head { length: 6, scope_count: third, fault, ..plain }
            }
            TemplateFormat::V9 => {
                let uneven = [second, third].into_iter().find(|length| length % 4 != 0);
                Head {
                    length: 6,
                    fields: (second + third) / 4,
                    scope_count: second / 4,
                    fault: uneven.map(|length| (Cause::OptionsLengthUneven, 4, length)),
                    extent: Some(6 + second + third),
                    ..plain
                }
            }
        })
    }

    /// Reads the record of `extent` octets behind `head` and moves on behind it.
    fn record(&mut self, head: &Head, extent: usize) -> Result<TemplateRecord, Malformed> {
        let &Head { id, length, fields: count, scope_count, .. } = head;
        let offset = self.offset;
        if count == 0 && self.format == TemplateFormat::Ipfix {
            return self.withdrawal(id);
        }
        let specifiers = self.rest.get(length..extent).unwrap_or(&[]);
        self.advance(extent);
        let part = Part::TemplateRecord(id);
        let refuse = |cause, needed, had| Err(Malformed { cause, part, offset, needed, had, limit: Limit::Rule });
        if id < LOWEST_ID {
            if count == 0 {
                self.end(); // Nothing says what these octets are.
            }
            return refuse(Cause::TemplateIdReserved, usize::from(LOWEST_ID), usize::from(id));
        }
        if let Some((cause, needed, had)) = head.fault {
            return refuse(cause, needed, had);
        }
        if count == 0 {
            return refuse(Cause::TemplateWithoutFields, 1, 0);
        }
        if count > self.most_fields {
            return refuse(Cause::TooManyFields, self.most_fields, count);
        }
        let scope = match self.format {
            TemplateFormat::V9 => Role::V9Scope,
            TemplateFormat::Ipfix => Role::Scope,
        };
        let mut fields = Vec::with_capacity(count);
        let mut rest = specifiers;
        for index in 0..count {
            let role = if index < scope_count { scope } else { Role::Field };
            let Some((field, behind)) = FieldSpecifier::read(rest, self.format, role) else {
                break;
            };
            fields.push(field);
            rest = behind;
        }
        let kind = if self.options { TemplateKind::Options } else { TemplateKind::Data };
        Ok(TemplateRecord { id, offset, octets: extent, kind, fields, scope_count })
    }

    /// Where the record ends: behind its Field Specifiers. The error is how many octets it needs at least, more than there are.
    fn extent(&self, head: &Head) -> Result<usize, usize> {
        let have = self.rest.len();
        let least = head.extent.unwrap_or(head.length + head.fields * 4);
        if least > have {
            return Err(least);
        }
        if self.format == TemplateFormat::V9 {
            return Ok(least);
        }
        let mut rest = self.rest.get(head.length..).unwrap_or(&[]);
        let mut needed = least;
        for _ in 0..head.fields {
            // The enterprise bit: four octets more than `least` has counted.
            needed += if rest.first().is_some_and(|octet| octet & 0x80 != 0) { 4 } else { 0 };
            match FieldSpecifier::read(rest, self.format, Role::Field) {
                Some((_, behind)) => rest = behind,
                None => return Err(needed.max(have + 1)),
            }
        }
        Ok(needed)
    }

    /// A record without fields in IPFIX (RFC 7011 §8.1): four octets, also in a Set of options templates.
    fn withdrawal(&mut self, id: u16) -> Result<TemplateRecord, Malformed> {
        let offset = self.offset;
        let kind = match (id, self.options) {
            (2, false) => TemplateKind::WithdrawAll(TemplateFamily::Data),
            (3, true) => TemplateKind::WithdrawAll(TemplateFamily::Options),
            (LOWEST_ID.., _) => TemplateKind::Withdrawal,
            _ => {
                self.end(); // Nothing says what these octets are.
                return Err(Malformed {
                    cause: Cause::TemplateIdReserved,
                    part: Part::TemplateRecord(id),
                    offset,
                    needed: usize::from(LOWEST_ID),
                    had: usize::from(id),
                    limit: Limit::Rule,
                });
            }
        };
        self.advance(4);
        Ok(TemplateRecord { id, offset, octets: 4, kind, fields: Vec::new(), scope_count: 0 })
    }

    /// The record needs more than the Set has: its extent is unknown, the walk of the Set ends. `None` where the capture cut it.
    fn beyond(&mut self, id: u16, needed: usize) -> Option<Malformed> {
        let had = self.rest.len() + self.lacking;
        let cut = self.lacking > 0 && needed <= had;
        self.end();
        let part = Part::TemplateRecord(id);
        (!cut).then_some(Malformed { cause: Cause::TemplateBeyondSet, part, offset: self.offset, needed, had, limit: Limit::Set })
    }

    fn advance(&mut self, octets: usize) {
        self.rest = self.rest.get(octets..).unwrap_or(&[]);
        self.offset += octets;
    }

    fn end(&mut self) {
        self.rest = &[];
        self.lacking = 0;
    }
}
