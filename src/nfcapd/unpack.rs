//! Threads that unpack blocks while the next ones are read.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::block::{MOST_OCTETS, Packing};

/// More threads than this gain nothing: the flows are taken in by one.
const MOST_THREADS: usize = 4;

/// A block to unpack, and where the result goes.
struct Job {
    packing: Packing,
    packed: Vec<u8>,
    room: Vec<u8>,
    done: SyncSender<Unpacked>,
}

/// A block that was unpacked.
pub(super) struct Unpacked {
    /// The octets; how many of them count, `None` if they were damaged or too many.
    pub(super) octets: Vec<u8>,
    pub(super) filled: Option<usize>,
    /// The buffer of the packed ones, to be used again.
    pub(super) packed: Vec<u8>,
}

/// The threads; they end when this is dropped.
pub(super) struct Unpackers {
    jobs: Sender<Job>,
    pub(super) threads: usize,
}

impl Unpackers {
    /// As many as there are processors, or a few.
    pub(super) fn start() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let (jobs, to_do) = channel();
        let to_do = Arc::new(Mutex::new(to_do));
        for _ in 0..threads {
            let to_do = Arc::clone(&to_do);
            thread::spawn(move || work(&to_do));
        }
        Self { jobs, threads }
    }

    /// Has a block unpacked into `room`, which grows as far as is needed. The result comes on the channel that is returned.
    pub(super) fn give(&self, packing: Packing, packed: Vec<u8>, room: Vec<u8>) -> Receiver<Unpacked> {
        let (done, result) = sync_channel(1);
        // The threads are there as long as this is.
        let _ = self.jobs.send(Job { packing, packed, room, done });
        result
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { packing, packed, mut room, done }) = job else { return };
        let mut filled = packing.unpack(&packed, &mut room);
        // Blocks don't say how much they hold.
        while filled.is_none() && room.len() < MOST_OCTETS {
            let more = (2 * room.len()).clamp(64, MOST_OCTETS);
            room.resize(more, 0);
            filled = packing.unpack(&packed, &mut room);
        }
        let _ = done.send(Unpacked { octets: room, filled, packed });
    }
}
