//! Where the fields of records of variable length lie: found once for a Set, then used by every column.

use crate::plan::Layout;

/// Start and length of every field of every record of a Set.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions {
    fields: usize,
    cells: Vec<(u32, u32)>,
}

impl Positions {
    /// Finds the fields of all whole records and says how many records there are.
    pub(super) fn walk(&mut self, layout: &Layout, body: &[u8]) -> usize {
        self.fields = layout.widths.len();
        self.cells.clear();
        let mut start = 0usize;
        let mut rows = 0;
        while let Some(rest) = body.get(start..).filter(|r| r.len() >= layout.shortest as usize) {
            let kept = self.cells.len();
            match layout.fields(rest, start as u32, &mut self.cells) {
                Some(length) => start += length as usize,
                None => {
                    self.cells.truncate(kept);
                    break;
                }
            }
            rows += 1;
        }
        rows
    }

    /// Start and length of one field of one record.
    #[inline]
    pub(super) fn get(&self, row: usize, field: u16) -> (usize, usize) {
        self.cells.get(row * self.fields + usize::from(field)).map_or((0, 0), |(start, length)| (*start as usize, *length as usize))
    }
}
