//! How far a Data Record reaches: constant, or told by the record's own variable-length fields.

use crate::message::{FieldSpecifier, variable_length};

use super::steps::Cell;

/// The field lengths of a template, summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Field lengths in wire order; [`Cell::VARIABLE`] where the record says.
    pub widths: Vec<u16>,
    /// The length of every record, where it is constant.
    pub stride: Option<u32>,
    /// The shortest record: a variable field counts one octet. Never 0.
    pub shortest: u32,
}

/// What a Set's octets hold, by a layout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Whole records.
    pub records: u32,
    /// Their octets together.
    pub octets: u32,
    /// True where the record after them begins but reaches beyond the Set; false where only padding follows.
    pub cut: bool,
}

impl Layout {
    /// The layout of a template's fields; `None` if a record could be empty, which would never end.
    pub fn of(fields: &[FieldSpecifier]) -> Option<Self> {
        Self::of_widths(fields.iter().map(|f| f.length).collect())
    }

    /// The same, by the fields' lengths.
    pub fn of_widths(widths: Vec<u16>) -> Option<Self> {
        let sum = |variable: u32| widths.iter().map(|w| if *w == Cell::VARIABLE { variable } else { u32::from(*w) }).sum::<u32>();
        let shortest = sum(1);
        let stride = (!widths.contains(&Cell::VARIABLE)).then(|| sum(0));
        (shortest > 0).then_some(Self { widths, stride, shortest })
    }

    /// Counts the records of a Set without decoding them. Fewer octets than the shortest record are padding (RFC 7011 §3.3.1).
    pub fn extent(&self, body: &[u8]) -> Extent {
        match self.stride {
            Some(stride) => {
                let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
                let records = length / stride;
                Extent { records, octets: records * stride, cut: false }
            }
            None => {
                let mut rest = body;
                let mut records = 0u32;
                while rest.len() >= self.shortest as usize {
                    match self.record(rest) {
                        Some(length) => rest = rest.get(length..).unwrap_or(&[]),
                        None => return Extent { records, octets: self.octets_before(body, rest), cut: true },
                    }
                    records += 1;
                }
                Extent { records, octets: self.octets_before(body, rest), cut: false }
            }
        }
    }

    fn octets_before(&self, body: &[u8], rest: &[u8]) -> u32 {
        u32::try_from(body.len() - rest.len()).unwrap_or(u32::MAX)
    }

    /// Cuts the whole records of a Set into pieces of at most `most` records: (start, octets, records) of each.
    pub fn pieces(&self, body: &[u8], most: u32) -> Vec<(u32, u32, u32)> {
        let most = most.max(1);
        let mut pieces = Vec::new();
        let (mut start, mut at, mut records) = (0u32, 0u32, 0u32);
        while let Some(rest) = body.get(at as usize..).filter(|r| r.len() >= self.shortest as usize) {
            let length = match self.stride {
                Some(stride) => Some(stride),
                None => self.record(rest).and_then(|l| u32::try_from(l).ok()),
            };
            let Some(length) = length else { break };
            at += length;
            records += 1;
            if records == most {
                pieces.push((start, at - start, records));
                (start, records) = (at, 0);
            }
        }
        if records > 0 {
            pieces.push((start, at - start, records));
        }
        pieces
    }

    /// The length of the record that these octets begin with; `None` if it reaches beyond them.
    pub fn record(&self, octets: &[u8]) -> Option<usize> {
        let mut at = 0usize;
        for width in &self.widths {
            if *width == Cell::VARIABLE {
                let (prefix, length) = variable_length(octets.get(at..)?)?;
                at += prefix + length;
            } else {
                at += usize::from(*width);
            }
        }
        (at <= octets.len()).then_some(at)
    }

    /// Appends (start, length) of every field of the record that these octets begin with, and gives the record's length.
    pub fn fields(&self, octets: &[u8], base: u32, out: &mut Vec<(u32, u32)>) -> Option<u32> {
        let mut at = 0u32;
        for width in &self.widths {
            let (prefix, length) = if *width == Cell::VARIABLE {
                let (prefix, length) = variable_length(octets.get(at as usize..)?)?;
                (u32::try_from(prefix).ok()?, u32::try_from(length).ok()?)
            } else {
                (0, u32::from(*width))
            };
            out.push((base + at + prefix, length));
            at += prefix + length;
        }
        (at as usize <= octets.len()).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(widths: &[u16]) -> Option<Layout> {
        let fields: Vec<FieldSpecifier> = widths.iter().map(|w| FieldSpecifier::element(0, 1, *w)).collect();
        Layout::of(&fields)
    }

    #[test]
    fn empty_records_are_refused() {
        assert_eq!(layout(&[]), None);
        assert_eq!(layout(&[0, 0]), None);
        assert_eq!(layout(&[0, 65535]).unwrap().shortest, 1);
    }

    #[test]
    fn constant_records_and_padding() {
        let l = layout(&[4, 2]).unwrap();
        assert_eq!(l.extent(&[0; 15]), Extent { records: 2, octets: 12, cut: false });
        assert_eq!(l.pieces(&[0; 15], 1), [(0, 6, 1), (6, 6, 1)]);
        assert_eq!(l.pieces(&[0; 15], 9), [(0, 12, 2)]);
    }

    #[test]
    fn variable_records_long_prefix_and_a_lie() {
        let l = layout(&[1, 65535]).unwrap();
        let body = [7, 2, b'a', b'b', 8, 255, 0, 1, b'c', 9, 0, 5];
        assert_eq!(l.extent(&body), Extent { records: 3, octets: 11, cut: false });
        assert_eq!(l.extent(&[7, 9, 1, 2]), Extent { records: 0, octets: 0, cut: true });
        assert_eq!(l.pieces(&body, 2), [(0, 9, 2), (9, 2, 1)]);
        let mut fields = Vec::new();
        assert_eq!(l.fields(&body[4..], 4, &mut fields), Some(5));
        assert_eq!(fields, [(4, 1), (8, 1)]);
    }
}
