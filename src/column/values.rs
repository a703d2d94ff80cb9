//! Typed columns.

use crate::plan::Kind;

use super::validity::Validity;

/// Octet strings one after the other in one buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Octets {
    /// Where each begins, and where the last ends: one more than there are rows.
    pub offsets: Vec<u32>,
    /// All octets.
    pub data: Vec<u8>,
}

impl Default for Octets {
    fn default() -> Self {
        Self { offsets: vec![0], data: Vec::new() }
    }
}

impl Octets {
    /// The octets of one row.
    pub fn get(&self, row: usize) -> &[u8] {
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(start), Some(end)) => self.data.get(*start as usize..*end as usize).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// Appends one row.
    pub fn push(&mut self, octets: &[u8]) {
        self.data.extend_from_slice(octets);
        self.seal();
    }

    /// Ends a row whose octets were appended to `data`.
    pub fn seal(&mut self) {
        self.offsets.push(self.data.len() as u32);
    }
}

/// The values of a column; what stands in a null row is 0 or empty and means nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 8 bits.
    U8(Vec<u8>),
    /// 16 bits.
    U16(Vec<u16>),
    /// 32 bits; IPv4 addresses as well.
    U32(Vec<u32>),
    /// 64 bits; MAC addresses as well.
    U64(Vec<u64>),
    /// 64 bits with a sign; times in nanoseconds as well.
    I64(Vec<i64>),
    /// Floating point.
    F64(Vec<f64>),
    /// True or false.
    Bool(Vec<bool>),
    /// 16 octets.
    Address(Vec<[u8; 16]>),
    /// Text and octets.
    Octets(Octets),
}

impl Values {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::U8 => Self::U8(Vec::new()),
            Kind::U16 => Self::U16(Vec::new()),
            Kind::U32 | Kind::Ipv4 => Self::U32(Vec::new()),
            Kind::U64 | Kind::Mac => Self::U64(Vec::new()),
            Kind::I64 | Kind::Time => Self::I64(Vec::new()),
            Kind::F64 => Self::F64(Vec::new()),
            Kind::Bool => Self::Bool(Vec::new()),
            Kind::Address | Kind::Ipv6 => Self::Address(Vec::new()),
            Kind::Text | Kind::Octets | Kind::Json => Self::Octets(Octets::default()),
        }
    }

    fn pad(&mut self, rows: usize) {
        match self {
            Self::U8(v) => v.resize(rows, 0),
            Self::U16(v) => v.resize(rows, 0),
            Self::U32(v) => v.resize(rows, 0),
            Self::U64(v) => v.resize(rows, 0),
            Self::I64(v) => v.resize(rows, 0),
            Self::F64(v) => v.resize(rows, 0.0),
            Self::Bool(v) => v.resize(rows, false),
            Self::Address(v) => v.resize(rows, [0; 16]),
            Self::Octets(v) => v.offsets.resize(rows + 1, v.data.len() as u32),
        }
    }

    fn keep(&mut self, marks: &[bool]) {
        fn pack<T: Copy>(values: &mut Vec<T>, marks: &[bool]) {
            let mut mark = marks.iter();
            values.retain(|_| mark.next().copied().unwrap_or(false));
        }
        match self {
            Self::U8(v) => pack(v, marks),
            Self::U16(v) => pack(v, marks),
            Self::U32(v) => pack(v, marks),
            Self::U64(v) => pack(v, marks),
            Self::I64(v) => pack(v, marks),
            Self::F64(v) => pack(v, marks),
            Self::Bool(v) => pack(v, marks),
            Self::Address(v) => pack(v, marks),
            Self::Octets(v) => {
                let mut kept = Octets::default();
                marks.iter().enumerate().filter(|(_, mark)| **mark).for_each(|(row, _)| kept.push(v.get(row)));
                *v = kept;
            }
        }
    }

    fn take(&self, rows: &[u32]) -> Self {
        fn pick<T: Copy + Default>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|row| values.get(*row as usize).copied().unwrap_or_default()).collect()
        }
        match self {
            Self::U8(v) => Self::U8(pick(v, rows)),
            Self::U16(v) => Self::U16(pick(v, rows)),
            Self::U32(v) => Self::U32(pick(v, rows)),
            Self::U64(v) => Self::U64(pick(v, rows)),
            Self::I64(v) => Self::I64(pick(v, rows)),
            Self::F64(v) => Self::F64(pick(v, rows)),
            Self::Bool(v) => Self::Bool(pick(v, rows)),
            Self::Address(v) => Self::Address(pick(v, rows)),
            Self::Octets(v) => {
                let mut taken = Octets::default();
                rows.iter().for_each(|row| taken.push(v.get(*row as usize)));
                Self::Octets(taken)
            }
        }
    }

    /// Appends the values of another column of the same kind; false for one of another.
    fn append(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::U8(v), Self::U8(o)) => v.extend_from_slice(o),
            (Self::U16(v), Self::U16(o)) => v.extend_from_slice(o),
            (Self::U32(v), Self::U32(o)) => v.extend_from_slice(o),
            (Self::U64(v), Self::U64(o)) => v.extend_from_slice(o),
            (Self::I64(v), Self::I64(o)) => v.extend_from_slice(o),
            (Self::F64(v), Self::F64(o)) => v.extend_from_slice(o),
            (Self::Bool(v), Self::Bool(o)) => v.extend_from_slice(o),
            (Self::Address(v), Self::Address(o)) => v.extend_from_slice(o),
            (Self::Octets(v), Self::Octets(o)) => {
                let base = v.data.len() as u32;
                v.data.extend_from_slice(&o.data);
                v.offsets.extend(o.offsets.iter().skip(1).map(|offset| base + offset));
            }
            _ => return false,
        }
        true
    }

    fn clear(&mut self) {
        match self {
            Self::U8(v) => v.clear(),
            Self::U16(v) => v.clear(),
            Self::U32(v) => v.clear(),
            Self::U64(v) => v.clear(),
            Self::I64(v) => v.clear(),
            Self::F64(v) => v.clear(),
            Self::Bool(v) => v.clear(),
            Self::Address(v) => v.clear(),
            Self::Octets(v) => {
                v.offsets.truncate(1);
                v.data.clear();
            }
        }
    }
}

/// A column of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What its values are.
    pub kind: Kind,
    /// The values.
    pub values: Values,
    /// Which of them are there.
    pub validity: Validity,
}

impl Column {
    /// An empty column.
    pub fn new(kind: Kind) -> Self {
        Self { kind, values: Values::new(kind), validity: Validity::default() }
    }

    /// Fills up with nulls to so many rows.
    pub fn pad(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.validity.len());
        if missing > 0 {
            self.values.pad(rows);
            self.validity.extend(missing, false);
        }
    }

    /// Keeps the rows that are marked; a column without rows stays so.
    pub(super) fn keep(&mut self, marks: &[bool]) {
        if !self.validity.is_empty() {
            self.values.keep(marks);
            self.validity.keep(marks);
        }
    }

    /// The rows of these numbers; a column without rows stays so.
    pub(super) fn take(&self, rows: &[u32]) -> Self {
        if self.validity.is_empty() {
            return Self::new(self.kind);
        }
        Self { kind: self.kind, values: self.values.take(rows), validity: self.validity.take(rows) }
    }

    /// Appends the rows of a column of the same kind.
    pub(super) fn append(&mut self, other: &Self) {
        if self.values.append(&other.values) {
            self.validity.append(&other.validity);
        }
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.values.clear();
        self.validity.clear();
    }

    /// The unsigned values, widened; `None` in null rows and for other kinds.
    #[inline]
    pub fn unsigned(&self, row: usize) -> Option<u64> {
        if !self.validity.get(row) {
            return None;
        }
        match &self.values {
            Values::U8(v) => v.get(row).map(|x| u64::from(*x)),
            Values::U16(v) => v.get(row).map(|x| u64::from(*x)),
            Values::U32(v) => v.get(row).map(|x| u64::from(*x)),
            Values::U64(v) => v.get(row).copied(),
            _ => None,
        }
    }
}
