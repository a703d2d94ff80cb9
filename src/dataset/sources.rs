//! Numbers for the exporters that stored rows name, as the collector numbers those that it meets: who asks whether two runs are of one
//! exporter compares numbers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::collector::SourceKey;

/// The numbers of a run's exporters.
#[derive(Debug)]
pub struct Sources {
    first: u32,
    numbers: Mutex<HashMap<SourceKey, u32>>,
}

impl Sources {
    /// Numbers from `first` on: the collector has given those before.
    pub fn new(first: u32) -> Self {
        Self { first, numbers: Mutex::new(HashMap::new()) }
    }

    /// The number of an exporter, address, version and domain.
    pub(super) fn number(&self, key: SourceKey) -> u32 {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let next = self.first.saturating_add(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
        *numbers.entry(key).or_insert(next)
    }
}
