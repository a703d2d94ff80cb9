//! The buffers that a file is read into: large, shared with the batches that point into them, and used again when those are done.

use std::sync::Arc;

/// How many handed-out buffers are remembered. More than this many batches in flight only cost an allocation each.
const REMEMBERED: usize = 16;

/// A pool of buffers.
#[derive(Debug)]
pub(crate) struct Chunks {
    size: usize,
    out: Vec<Arc<Vec<u8>>>,
}

impl Chunks {
    /// A pool of buffers of `size` octets.
    pub(crate) fn new(size: usize) -> Self {
        Self { size: size.max(64), out: Vec::new() }
    }

    /// A buffer of at least `least` octets. Its content is old: the caller knows how much of it is filled.
    pub(crate) fn take(&mut self, least: usize) -> Vec<u8> {
        let free = self.out.iter_mut().position(|b| Arc::get_mut(b).is_some());
        let mut buffer = match free {
            Some(i) => Arc::try_unwrap(self.out.swap_remove(i)).unwrap_or_default(),
            None => Vec::new(),
        };
        let size = self.size.max(least);
        if buffer.len() < size {
            buffer.reserve_exact(size - buffer.len());
            buffer.resize(size, 0);
        }
        buffer
    }

    /// Makes a filled buffer shareable, and remembers it for `take`. One that grew for a huge frame is not kept.
    pub(crate) fn share(&mut self, buffer: Vec<u8>) -> Arc<Vec<u8>> {
        let ordinary = buffer.len() <= self.size * 2;
        let shared = Arc::new(buffer);
        if ordinary {
            if self.out.len() == REMEMBERED {
                self.out.remove(0);
            }
            self.out.push(Arc::clone(&shared));
        }
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_its_batch_is_gone() {
        let mut chunks = Chunks::new(128);
        let first = chunks.take(0);
        let address = first.as_ptr() as usize;
        let shared = chunks.share(first);
        let second = chunks.take(0);
        assert_ne!(second.as_ptr() as usize, address);
        drop(shared);
        let third = chunks.take(0);
        assert_eq!(third.as_ptr() as usize, address);
        assert_eq!(chunks.take(1000).len(), 1000);
    }
}
