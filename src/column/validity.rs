//! Which values of a column are there: one bit a row, least significant bit first, as Arrow has it.

/// Bits of presence; as long as all are set, none is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    length: usize,
    nulls: usize,
    /// Empty as long as there is no null.
    bits: Vec<u8>,
}

impl Validity {
    /// Rows.
    pub fn len(&self) -> usize {
        self.length
    }

    /// True for no rows.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Rows that are null.
    pub fn nulls(&self) -> usize {
        self.nulls
    }

    /// Is there a value in this row?
    #[inline]
    pub fn get(&self, row: usize) -> bool {
        self.bits.is_empty() || self.bits.get(row / 8).is_some_and(|b| b >> (row % 8) & 1 == 1)
    }

    /// The bits, a set one for a value; `None` if no row is null.
    pub fn bits(&self) -> Option<&[u8]> {
        (self.nulls > 0).then_some(&self.bits)
    }

    /// Appends `count` rows that all have a value, or all have none.
    pub fn extend(&mut self, count: usize, valid: bool) {
        if count == 0 {
            return;
        }
        if !valid {
            self.store();
            self.nulls += count;
        }
        if valid && self.bits.is_empty() {
            self.length += count;
            return;
        }
        let end = self.length + count;
        while self.length < end && !self.length.is_multiple_of(8) {
            self.push_bit(valid);
        }
        let whole = (end - self.length) / 8;
        self.bits.resize(self.bits.len() + whole, if valid { 0xff } else { 0 });
        self.length += whole * 8;
        while self.length < end {
            self.push_bit(valid);
        }
    }

    /// Appends one row.
    #[inline]
    pub fn push(&mut self, valid: bool) {
        if valid && self.bits.is_empty() {
            self.length += 1;
            return;
        }
        if !valid {
            self.store();
            self.nulls += 1;
        }
        self.push_bit(valid);
    }

    /// Appends the rows of another one.
    pub(super) fn append(&mut self, other: &Self) {
        if other.nulls == 0 || other.nulls == other.length {
            self.extend(other.length, other.nulls == 0);
        } else {
            (0..other.length).for_each(|row| self.push(other.get(row)));
        }
    }

    /// The rows of these numbers.
    pub(super) fn take(&self, rows: &[u32]) -> Self {
        let mut taken = Self::default();
        if self.nulls == 0 || self.nulls == self.length {
            taken.extend(rows.len(), self.nulls == 0);
        } else {
            rows.iter().for_each(|row| taken.push(self.get(*row as usize)));
        }
        taken
    }

    /// Keeps the rows that are marked.
    pub(super) fn keep(&mut self, marks: &[bool]) {
        let mut kept = Self::default();
        if self.nulls == 0 {
            kept.extend(marks.iter().filter(|m| **m).count(), true);
        } else {
            marks.iter().enumerate().filter(|(_, mark)| **mark).for_each(|(row, _)| kept.push(self.get(row)));
        }
        *self = kept;
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.length = 0;
        self.nulls = 0;
        self.bits.clear();
    }

    fn push_bit(&mut self, valid: bool) {
        let bit = self.length % 8;
        if bit == 0 {
            self.bits.push(0);
        }
        if let Some(last) = self.bits.last_mut() {
            *last |= u8::from(valid) << bit;
        }
        self.length += 1;
    }

    /// Writes out the ones that were only implied until the first null.
    fn store(&mut self) {
        if self.bits.is_empty() && self.length > 0 {
            self.bits.resize(self.length / 8, 0xff);
            if !self.length.is_multiple_of(8) {
                self.bits.push((1u8 << (self.length % 8)) - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_after_many_values() {
        let mut v = Validity::default();
        v.extend(11, true);
        assert_eq!(v.bits(), None);
        v.push(false);
        v.extend(9, true);
        v.extend(10, false);
        assert_eq!((v.len(), v.nulls()), (31, 11));
        assert_eq!(v.bits(), Some(&[0xff, 0b1111_0111, 0b0001_1111, 0][..]));
        assert!(v.get(10) && !v.get(11) && v.get(20) && !v.get(21));
        v.clear();
        assert!(v.is_empty() && v.bits().is_none());
    }

    #[test]
    fn nulls_first() {
        let mut v = Validity::default();
        v.extend(3, false);
        v.push(true);
        assert_eq!(v.bits(), Some(&[0b1000][..]));
        assert!(!v.get(0) && v.get(3));
    }
}
