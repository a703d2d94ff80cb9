//! The log as lines in memory, for a view that has the terminal to itself: the latest of them wait until somebody takes them.
//!
//! Where standard error leads elsewhere than to the terminal, they are written there as well.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use crate::collector::Severity;
use crate::time::Timestamp;

use super::log::now;

/// Lines that wait at most; older ones make room.
const MOST_WAITING: usize = 500;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub time: Timestamp,
    /// How bad.
    pub severity: Severity,
    /// What, without the end of the line.
    pub text: String,
}

/// Lines that wait.
#[derive(Clone, Debug)]
pub struct LogLines {
    waiting: Arc<Mutex<VecDeque<LogLine>>>,
    to_standard_error: bool,
}

impl Default for LogLines {
    fn default() -> Self {
        Self { waiting: Arc::default(), to_standard_error: !io::stderr().is_terminal() }
    }
}

impl LogLines {
    /// What came since the last time, oldest first.
    pub fn take(&self) -> Vec<LogLine> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    fn put(&self, severity: Severity, text: &str) {
        let line = LogLine { time: now(), severity, text: text.trim_end().to_owned() };
        if self.to_standard_error {
            // Whoever reads it may be gone.
            let _ = writeln!(io::stderr(), "{} {}: {}", line.time, severity.name(), line.text);
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == MOST_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(line);
    }
}

/// What one event writes: tracing makes one for each.
#[derive(Debug)]
pub struct LineWriter {
    lines: LogLines,
    severity: Severity,
}

impl Write for LineWriter {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.lines.put(self.severity, &String::from_utf8_lossy(octets));
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogLines {
    type Writer = LineWriter;

    fn make_writer(&'a self) -> LineWriter {
        LineWriter { lines: self.clone(), severity: Severity::Note }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> LineWriter {
        let severity = match *meta.level() {
            Level::ERROR => Severity::Error,
            Level::WARN => Severity::Warning,
            _ => Severity::Note,
        };
        LineWriter { lines: self.clone(), severity }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_lines_wait() {
        let lines = LogLines { waiting: Arc::default(), to_standard_error: false };
        for number in 0..600 {
            writeln!(LineWriter { lines: lines.clone(), severity: Severity::Warning }, "line {number}").unwrap();
        }
        let taken = lines.take();
        assert_eq!((taken.len(), taken[0].text.as_str(), taken[499].text.as_str()), (500, "line 100", "line 599"));
        assert_eq!(taken[0].severity, Severity::Warning);
        assert!(lines.take().is_empty());
    }
}
