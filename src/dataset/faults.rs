//! What is wrong in a file of exported flows: found on the workers, put together for the file's report.

use std::sync::{Mutex, PoisonError};

use crate::datagram::Origin;
use crate::input::{Fault, FaultCause};

/// The faults of one file.
#[derive(Debug)]
pub struct Faults {
    file: u32,
    list: Mutex<Vec<Fault>>,
}

impl Faults {
    /// Of the file with that number.
    pub(super) fn new(file: u32) -> Self {
        Self { file, list: Mutex::new(Vec::new()) }
    }

    /// Counts so many; the example that lies first in the file is kept, whoever found it.
    pub(super) fn note(&self, cause: FaultCause, count: u64, row: u64, detail: String) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let first = Origin { file: self.file, frame: row };
        match list.iter_mut().find(|f| f.cause == cause) {
            Some(fault) => {
                fault.count += count;
                if row < fault.first.frame {
                    (fault.first, fault.detail) = (first, detail);
                }
            }
            None => list.push(Fault { cause, count, first, detail }),
        }
    }

    /// All of them, by the places of their first examples.
    pub fn list(&self) -> Vec<Fault> {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner).clone();
        list.sort_by_key(|f| (f.first.frame, f.cause));
        list
    }
}

/// Values of one stretch of rows that could not be read: counted without a lock, told once.
#[derive(Debug, Default)]
pub(super) struct Tally {
    count: u64,
    first: Option<(u64, String)>,
}

impl Tally {
    /// Counts one; `detail` is asked for the first alone.
    pub(super) fn add(&mut self, row: u64, detail: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.as_ref().is_none_or(|(first, _)| row < *first) {
            self.first = Some((row, detail()));
        }
    }

    /// Tells the file's list.
    pub(super) fn tell(self, faults: &Faults) {
        if let Some((row, detail)) = self.first {
            faults.note(FaultCause::TableValue, self.count, row, detail);
        }
    }
}

/// A value as a message shows it.
pub(super) fn shown(value: &[u8]) -> String {
    const MOST: usize = 40;
    let text = String::from_utf8_lossy(value);
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
