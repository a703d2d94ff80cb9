//! What exporters tell of their own elements in options records (RFC 5610): names and types of elements that no registry knows.

use crate::element::{ElementId, TypeRecord};
use crate::message::FieldSpecifier;
use crate::plan::Layout;

/// Where the fields of an element's description stand in an options template (RFC 5610 §3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TypeFields {
    id: usize,
    pen: Option<usize>,
    data_type: Option<usize>,
    description: Option<usize>,
    name: Option<usize>,
    range_begin: Option<usize>,
    range_end: Option<usize>,
    semantics: Option<usize>,
    units: Option<usize>,
}

impl TypeFields {
    /// The fields, if records of the template describe elements: a number (303), and a name (341) or a type (339).
    pub(super) fn of(fields: &[FieldSpecifier]) -> Option<Self> {
        let find = |id: u16| fields.iter().position(|f| f.pen == 0 && f.id == id);
        let (name, data_type) = (find(341), find(339));
        name.or(data_type)?;
        Some(Self {
            id: find(303)?,
            pen: find(346),
            data_type,
            description: find(340),
            name,
            range_begin: find(342),
            range_end: find(343),
            semantics: find(344),
            units: find(345),
        })
    }

    /// The descriptions in a Set.
    pub(super) fn read(&self, layout: &Layout, body: &[u8], mut take: impl FnMut(TypeRecord)) {
        let mut positions = Vec::with_capacity(layout.widths.len());
        let mut at = 0usize;
        while let Some(rest) = body.get(at..).filter(|r| r.len() >= layout.shortest as usize) {
            positions.clear();
            let Some(length) = layout.fields(rest, 0, &mut positions) else { break };
            let cell = |field: Option<usize>| {
                let (start, length) = *positions.get(field?)?;
                rest.get(start as usize..(start + length) as usize)
            };
            let number =
                |field| cell(field).filter(|c| (1..=8).contains(&c.len())).map(|c| c.iter().fold(0, |n, b| n << 8 | u64::from(*b)));
            let text = |field| cell(field).map(|c| String::from_utf8_lossy(c).trim_end_matches('\0').to_owned());
            if let Some(id) = number(Some(self.id)).and_then(|n| u16::try_from(n).ok()) {
                let pen = number(self.pen).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
                take(TypeRecord {
                    pen,
                    // The number may come with its enterprise bit (RFC 5610 §3.8); not so in v9 numbers, which have none.
                    id: if pen == 0 { id } else { id & 0x7fff },
                    data_type: number(self.data_type),
                    semantics: number(self.semantics),
                    units: number(self.units),
                    name: text(self.name),
                    description: text(self.description),
                    range: number(self.range_begin).zip(number(self.range_end)),
                });
            }
            at += length as usize;
        }
    }
}

/// The numbers of a description, for a problem's text.
pub(super) fn numbers(record: &TypeRecord) -> ElementId {
    ElementId { pen: record.pen, id: record.id }
}
