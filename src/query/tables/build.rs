//! Columns of a table out of rows of facts.

use polars::prelude::*;

use crate::time::Timestamp;

/// Puts a frame together, column by column, out of a list of facts.
pub(in crate::query) struct Build<'a, T> {
    rows: &'a [T],
    columns: Vec<Column>,
}

impl<'a, T> Build<'a, T> {
    /// One row for each of the facts.
    pub(in crate::query) fn new(rows: &'a [T]) -> Self {
        Self { rows, columns: Vec::new() }
    }

    /// A column of texts.
    pub(in crate::query) fn text<S: AsRef<str>>(mut self, name: &str, value: impl Fn(&'a T) -> Option<S>) -> Self {
        let values = self.rows.iter().map(value);
        self.columns.push(StringChunked::from_iter_options(name.into(), values).into_series().into_column());
        self
    }

    /// A column of counts.
    pub(in crate::query) fn count(self, name: &str, value: impl Fn(&'a T) -> u64) -> Self {
        self.u64(name, |row| Some(value(row)))
    }

    /// A column of numbers.
    pub(in crate::query) fn u64(mut self, name: &str, value: impl Fn(&'a T) -> Option<u64>) -> Self {
        self.columns.push(UInt64Chunked::from_iter_options(name.into(), self.rows.iter().map(value)).into_series().into_column());
        self
    }

    /// A column of smaller numbers.
    pub(in crate::query) fn u32(mut self, name: &str, value: impl Fn(&'a T) -> Option<u32>) -> Self {
        self.columns.push(UInt32Chunked::from_iter_options(name.into(), self.rows.iter().map(value)).into_series().into_column());
        self
    }

    /// A column of still smaller ones.
    pub(in crate::query) fn u16(mut self, name: &str, value: impl Fn(&'a T) -> Option<u16>) -> Self {
        self.columns.push(UInt16Chunked::from_iter_options(name.into(), self.rows.iter().map(value)).into_series().into_column());
        self
    }

    /// A column of the smallest ones.
    pub(in crate::query) fn u8(mut self, name: &str, value: impl Fn(&'a T) -> Option<u8>) -> Self {
        self.columns.push(UInt8Chunked::from_iter_options(name.into(), self.rows.iter().map(value)).into_series().into_column());
        self
    }

    /// A column of numbers with a sign.
    pub(in crate::query) fn i64(mut self, name: &str, value: impl Fn(&'a T) -> Option<i64>) -> Self {
        self.columns.push(Int64Chunked::from_iter_options(name.into(), self.rows.iter().map(value)).into_series().into_column());
        self
    }

    /// A column of yes and no.
    pub(in crate::query) fn bool(mut self, name: &str, value: impl Fn(&'a T) -> bool) -> Self {
        let values = self.rows.iter().map(|row| Some(value(row)));
        self.columns.push(BooleanChunked::from_iter_options(name.into(), values).into_series().into_column());
        self
    }

    /// A column of times.
    pub(in crate::query) fn time(mut self, name: &str, value: impl Fn(&'a T) -> Option<Timestamp>) -> Self {
        self.columns.push(time_of(name, self.rows.iter().map(value)));
        self
    }

    /// The frame.
    pub(in crate::query) fn frame(self) -> PolarsResult<DataFrame> {
        DataFrame::new(self.rows.len(), self.columns)
    }
}

/// A column of times: microseconds since 1970, UTC.
pub(in crate::query) fn time_of(name: &str, times: impl Iterator<Item = Option<Timestamp>>) -> Column {
    let micros = times.map(|t| t.map(|t| t.nanos().div_euclid(1_000)));
    let values = Int64Chunked::from_iter_options(name.into(), micros);
    values.into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)).into_series().into_column()
}

/// A sum that a column of 64 bits can hold.
pub(super) fn saturated(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}
