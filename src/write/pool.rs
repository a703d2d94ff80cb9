//! Buffers that go round between the writers of lines and the sink.
//!
//! A text of some megabytes from the allocator comes as fresh pages, each of which costs a fault; one that was used before does not.

use std::sync::{Arc, Mutex, PoisonError};

/// Buffers that are free. Their number is bounded by what is under way in a run at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Pool {
    /// A buffer, used before if there is one; its length and content are whatever they were.
    pub(super) fn take(&self) -> Vec<u8> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Gives a buffer back.
    pub(super) fn give(&self, buffer: Vec<u8>) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}
