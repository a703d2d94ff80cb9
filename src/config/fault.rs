//! What is wrong with a configuration file, and where.

use std::fmt;
use std::ops::Range;

use thiserror::Error;

/// One fault.
#[derive(Clone, Debug, Error, PartialEq, Eq, PartialOrd, Ord)]
#[error("{file}:{line}:{column}: {message}")]
pub struct ConfigFault {
    /// The file, as it is named in messages.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What was found, and what was expected.
    pub message: String,
}

/// All faults of a file, in the order of their places; a line each.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct ConfigFaults(pub Vec<ConfigFault>);

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

/// Faults as they are found in a text.
pub(super) struct Faults<'a> {
    text: &'a str,
    file: &'a str,
    found: Vec<ConfigFault>,
}

impl<'a> Faults<'a> {
    /// None yet.
    pub(super) fn new(text: &'a str, file: &'a str) -> Self {
        Self { text, file, found: Vec::new() }
    }

    /// Notes a fault at a stretch of the text.
    pub(super) fn note(&mut self, span: Range<usize>, message: impl Into<String>) {
        let (line, column) = self.place(span.start);
        self.found.push(ConfigFault { file: self.file.to_owned(), line, column, message: message.into() });
    }

    /// The line of a place, for other faults to name it.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.place(span.start).0
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, in the order of their places.
    pub(super) fn into_error(mut self) -> ConfigFaults {
        self.found.sort();
        self.found.dedup();
        ConfigFaults(self.found)
    }

    fn place(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        (line, column)
    }
}
