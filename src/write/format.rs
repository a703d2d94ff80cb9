//! The forms of text that flows are written in.

use std::fmt;

/// A form of text with one line a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values with a header row (RFC 4180), lines ended by LF. Null is an empty cell, empty text is `""`.
    Csv,
    /// One JSON object a line. Integers, floats and booleans are JSON's own, all else is a string; NaN and infinities, which
    /// JSON has no numbers for, are strings too (RFC 8259 §6).
    Ndjson,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        })
    }
}
