//! Pipes, terminals and devices: what has arrived is given at once, and whoever reads can be told to stop waiting.
//!
//! A thread reads ahead, bounded; a blocking read of the system could not be left when the user interrupts the program.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// Octets that are read at a time: what a Linux pipe holds.
const BLOCK: usize = 64 << 10;
/// Blocks that are read ahead.
const AHEAD: usize = 64;
/// How often a waiting reader looks whether it should stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// The reading end.
#[derive(Debug)]
pub(super) struct Pipe {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Vec<u8>,
    given: usize,
    stop: Option<Arc<AtomicBool>>,
}

impl Pipe {
    /// Reads ahead from `raw` until it ends; `stop` set to true ends it early.
    pub(super) fn new(mut raw: Box<dyn Read + Send>, stop: Option<Arc<AtomicBool>>) -> Self {
        let (sender, blocks) = sync_channel(AHEAD);
        thread::spawn(move || {
            loop {
                let mut block = vec![0; BLOCK];
                let read = match raw.read(&mut block) {
                    Ok(n) => {
                        block.truncate(n);
                        Ok(block)
                    }
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(e) => Err(e),
                };
                let last = !matches!(&read, Ok(block) if !block.is_empty());
                if sender.send(read).is_err() || last {
                    return;
                }
            }
        });
        Self { blocks, block: Vec::new(), given: 0, stop }
    }

    /// The next block, empty at the end.
    fn wait(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if self.stop.as_ref().is_some_and(|s| s.load(Ordering::Relaxed)) {
                return Ok(Vec::new());
            }
            match self.blocks.recv_timeout(PATIENCE) {
                Ok(block) => return block,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
            }
        }
    }
}

impl Read for Pipe {
    /// Waits for the first octet, then takes what else is there.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(room) = out.get_mut(filled..).filter(|room| !room.is_empty()) {
            let rest = self.block.get(self.given..).unwrap_or(&[]);
            if rest.is_empty() {
                let next = if filled == 0 { self.wait()? } else { self.blocks.try_recv().unwrap_or(Ok(Vec::new()))? };
                (self.block, self.given) = (next, 0);
                if self.block.is_empty() {
                    break;
                }
                continue;
            }
            let n = rest.len().min(room.len());
            if let (Some(from), Some(to)) = (rest.get(..n), room.get_mut(..n)) {
                to.copy_from_slice(from);
            }
            self.given += n;
            filled += n;
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_what_is_there_and_ends() {
        let octets: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        let mut pipe = Pipe::new(Box::new(io::Cursor::new(octets.clone())), None);
        let mut read = Vec::new();
        pipe.read_to_end(&mut read).unwrap();
        assert_eq!(read, octets);
    }

    #[test]
    fn stops_waiting_when_told() {
        struct Never;
        impl Read for Never {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                thread::park();
                Ok(0)
            }
        }
        let stop = Arc::new(AtomicBool::new(false));
        let mut pipe = Pipe::new(Box::new(Never), Some(Arc::clone(&stop)));
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!(pipe.read(&mut [0; 8]).unwrap(), 0);
    }
}
