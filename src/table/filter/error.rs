//! What is wrong with a filter, and where.

use std::fmt;

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The filter.
    pub text: String,
    /// Where, in octets from the beginning of the text.
    pub start: usize,
    /// How many octets are meant; 0 at the end of the text.
    pub length: usize,
    /// One sentence: what was found there, and what was expected.
    pub message: String,
    /// The name that nobody knows, if that is the mistake.
    pub unknown: Option<String>,
}

impl FilterError {
    /// The column of the mistake, from 1, in characters.
    pub fn column(&self) -> usize {
        self.before().chars().count() + 1
    }

    fn before(&self) -> &str {
        let text = self.text.get(..self.start).unwrap_or(&self.text);
        text.rsplit('\n').next().unwrap_or(text)
    }
}

impl fmt::Display for FilterError {
    /// The sentence, then the line of the filter with the mistake marked under it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.before();
        let from = self.start.min(self.text.len()) - before.len();
        let line = self.text.get(from..).and_then(|rest| rest.lines().next()).unwrap_or("");
        let marked = self.text.get(self.start..self.start + self.length).map_or(1, |t| t.chars().count()).max(1);
        let indent: String = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        write!(f, "filter, column {}: {}\n  {line}\n  {indent}{}", self.column(), self.message, "^".repeat(marked))
    }
}

impl std::error::Error for FilterError {}

/// A mistake at a place of the text.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    pub(super) start: usize,
    pub(super) length: usize,
    pub(super) message: String,
    pub(super) unknown: Option<String>,
}

impl Mistake {
    pub(super) fn at((start, length): (usize, usize), message: impl Into<String>) -> Self {
        Self { start, length, message: message.into(), unknown: None }
    }

    pub(super) fn in_text(self, text: &str) -> FilterError {
        FilterError { text: text.to_owned(), start: self.start, length: self.length, message: self.message, unknown: self.unknown }
    }
}
