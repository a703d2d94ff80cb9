//! Numbers for the exporters that stored rows name, as the collector numbers those that it meets: who asks whether two runs are of one
//! exporter compares numbers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::collector::SourceKey;

/// The numbers of a run's exporters.
#[derive(Debug)]
pub struct Sources {
    first: u32,
    first_layout: u32,
    numbers: Mutex<HashMap<SourceKey, u32>>,
}

impl Sources {
    /// Numbers from `first` on, and their layouts, of which each exporter has one, from `first_layout` on: the collector has given those
    /// before.
    pub fn new(first: u32, first_layout: u32) -> Self {
        Self { first, first_layout, numbers: Mutex::new(HashMap::new()) }
    }

    /// The numbers of an exporter (address, version and domain) and of its layout.
    pub(super) fn numbers(&self, key: SourceKey) -> (u32, u32) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let number = *numbers.entry(key).or_insert(next);
        (self.first.saturating_add(number), self.first_layout.saturating_add(number))
    }
}
