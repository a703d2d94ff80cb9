//! Keeps every datagram as it was received in pcapng files, plain or compressed: each flush is a zstd frame of its own, so a file is whole after each.
//!
//! A thread of its own takes batches from a queue. What is written reaches the system at least once in the flush interval, so a killed process
//! loses what came since, and no more. If the disk is full, recording stops with an alarm and what was written stays; it goes on in a new file
//! once there is room again. Nobody else waits meanwhile.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::pcapng;
use super::queue::{Closed, Queue, QueueCounters, Taken, Taker, queue};
use super::rotate::{end_of, space};
use crate::config::Rotation;
use crate::datagram::DatagramBatch;
use crate::time::Timestamp;
use crate::write::PartFile;

/// Octets that are written at once.
const CHUNK: usize = 256 << 10;
/// How often it is looked whether there is room again.
const RETRY: Duration = Duration::from_secs(1);
/// How often an idle recorder looks at the clock.
const TICK: Duration = Duration::from_millis(100);

/// How to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordOptions {
    /// The folder; it has to be there.
    pub folder: PathBuf,
    /// What file names begin with.
    pub stem: String,
    /// What the interface in the files is called.
    pub interface: String,
    /// When the next file begins.
    pub rotation: Rotation,
    /// True for zstd.
    pub zstd: bool,
    /// The longest time that what came may wait before it is written.
    pub flush: Duration,
    /// Octets that may wait in the queue.
    pub queue: usize,
}

/// What a recorder counts; read by others at any time.
#[derive(Debug, Default)]
pub struct RecordCounters {
    /// Datagrams written.
    pub datagrams: AtomicU64,
    /// Octets written, as they are in the files.
    pub octets: AtomicU64,
    /// Datagrams that came while nothing could be written.
    pub lost: AtomicU64,
    /// Files that are whole.
    pub files: AtomicU64,
    /// True while nothing can be written.
    stopped: AtomicBool,
}

/// Whether it records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// It does.
    Recording,
    /// The disk is full, or refuses otherwise.
    Stopped,
}

impl RecordCounters {
    /// Whether it records.
    pub fn state(&self) -> RecordState {
        if self.stopped.load(Ordering::Relaxed) { RecordState::Stopped } else { RecordState::Recording }
    }
}

/// A recorder at work.
#[derive(Debug)]
pub struct Recorder {
    queue: Queue,
    counters: Arc<RecordCounters>,
    thread: JoinHandle<()>,
}

impl Recorder {
    /// Begins to record. That a file can be made in the folder is tried now.
    ///
    /// # Errors
    /// It can't.
    pub fn start(options: RecordOptions) -> io::Result<Self> {
        PartFile::create(&options.folder, &options.stem, super::log::now(), "try")?.discard();
        let (inlet, outlet) = queue(options.queue);
        let counters = Arc::new(RecordCounters::default());
        let mut writer = Writer { options, counters: Arc::clone(&counters), state: State::Waiting, scratch: Vec::new() };
        let thread = thread::Builder::new().name("record".into()).spawn(move || writer.run(&outlet))?;
        Ok(Self { queue: inlet, counters, thread })
    }

    /// Where batches are put in.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// The counters of its queue.
    pub fn queue_counters(&self) -> &Arc<QueueCounters> {
        self.queue.counters()
    }

    /// Its own counters.
    pub fn counters(&self) -> &Arc<RecordCounters> {
        &self.counters
    }

    /// Nothing more comes: writes what waits, makes the last file whole, then ends. All other ends of the queue must be gone.
    pub fn close(self) -> Closed {
        Closed::new(self.queue, self.thread)
    }
}

struct Writer {
    options: RecordOptions,
    counters: Arc<RecordCounters>,
    state: State,
    scratch: Vec<u8>,
}

enum State {
    /// No file: none is made before there is something for it.
    Waiting,
    Writing(Box<Open>),
    /// Nothing can be written; the next look at the disk.
    Full(Instant),
}

struct Open {
    file: PartFile,
    /// Blocks that are not written yet, and the datagrams in them.
    out: Vec<u8>,
    waiting: u64,
    zstd: bool,
    /// Octets of the file that are whole blocks, or whole frames of zstd's.
    good: u64,
    flushed: Instant,
    end: Option<Timestamp>,
}

/// zstd's own default.
const LEVEL: i32 = 3;

impl Writer {
    fn run(&mut self, outlet: &Taker) {
        loop {
            match outlet.take(TICK.min(self.options.flush)) {
                Taken::Batch(batch) => self.batch(&batch),
                Taken::Nothing => {}
                Taken::Closed => {
                    self.close();
                    return;
                }
            }
            self.tick();
        }
    }

    fn batch(&mut self, batch: &DatagramBatch) {
        for datagram in &batch.datagrams {
            let time = datagram.time.unwrap_or_else(super::log::now);
            if let State::Writing(open) = &self.state
                && (open.end.is_some_and(|end| time >= end) || self.is_long(open))
            {
                self.close();
            }
            if matches!(self.state, State::Waiting) {
                self.open(time);
            }
            let State::Writing(open) = &mut self.state else {
                self.counters.lost.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            if pcapng::packet(&mut open.out, datagram, batch.payload(datagram), &mut self.scratch) {
                open.waiting += 1;
            } else {
                self.counters.lost.fetch_add(1, Ordering::Relaxed);
            }
            if open.out.len() >= CHUNK {
                self.flush();
            }
        }
    }

    fn is_long(&self, open: &Open) -> bool {
        self.options.rotation.octets.is_some_and(|most| open.good + open.out.len() as u64 >= most)
    }

    fn tick(&mut self) {
        match &self.state {
            State::Writing(open) => {
                if open.waiting > 0 && open.flushed.elapsed() >= self.options.flush {
                    self.flush();
                }
                if let State::Writing(open) = &self.state
                    && open.end.is_some_and(|end| super::log::now() >= end)
                {
                    self.close();
                }
            }
            State::Full(retry) if Instant::now() >= *retry => {
                if self.has_room() {
                    self.counters.stopped.store(false, Ordering::Relaxed);
                    self.state = State::Waiting;
                    tracing::warn!(folder = %self.options.folder.display(), "recording goes on");
                } else {
                    self.state = State::Full(Instant::now() + RETRY);
                }
            }
            _ => {}
        }
    }

    /// Enough that it does not stop again at once.
    fn has_room(&self) -> bool {
        const LEAST: u64 = 1 << 20;
        const MOST: u64 = 64 << 20;
        space(&self.options.folder).is_none_or(|(free, all)| free >= (all / 20).clamp(LEAST, MOST))
    }

    fn open(&mut self, began: Timestamp) {
        let extension = if self.options.zstd { "pcapng.zst" } else { "pcapng" };
        let opened = PartFile::create(&self.options.folder, &self.options.stem, began, extension);
        match opened {
            Ok(file) => {
                let (end, out) = (end_of(&self.options.rotation, began), pcapng::head(&self.options.interface));
                let open = Open { file, out, waiting: 0, zstd: self.options.zstd, good: 0, flushed: Instant::now(), end };
                self.state = State::Writing(Box::new(open));
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Gives the system what waits.
    fn flush(&mut self) {
        let State::Writing(open) = &mut self.state else { return };
        let written = open.flush();
        let waited = std::mem::take(&mut open.waiting);
        match written {
            Ok(octets) => {
                self.counters.datagrams.fetch_add(waited, Ordering::Relaxed);
                self.counters.octets.fetch_add(octets, Ordering::Relaxed);
            }
            Err(error) => {
                self.counters.lost.fetch_add(waited, Ordering::Relaxed);
                self.fail(&error);
            }
        }
    }

    /// Makes the file whole.
    fn close(&mut self) {
        self.flush();
        if let State::Writing(open) = std::mem::replace(&mut self.state, State::Waiting) {
            self.end(*open);
        } else if self.counters.state() == RecordState::Stopped {
            self.state = State::Full(Instant::now() + RETRY);
        }
    }

    fn end(&mut self, open: Open) {
        match open.file.finish() {
            Ok(path) => {
                self.counters.files.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(file = %path.display(), "recorded");
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Stops with an alarm; what was written so far is made whole, which takes no more room.
    fn fail(&mut self, error: &io::Error) {
        let before = std::mem::replace(&mut self.state, State::Full(Instant::now() + RETRY));
        if let State::Writing(open) = before {
            let nothing = open.good == 0;
            let name = open.file.whole().display().to_string();
            if nothing {
                open.file.discard();
            } else {
                match open.cut_and_end() {
                    Ok(_) => self.counters.files.fetch_add(1, Ordering::Relaxed),
                    Err(_) => {
                        tracing::error!(file = %name, "what was recorded stays in the file with .part behind its name");
                        0
                    }
                };
            }
        }
        if !self.counters.stopped.swap(true, Ordering::Relaxed) {
            tracing::error!(folder = %self.options.folder.display(), "RECORDING HAS STOPPED: {error}; receiving and forwarding go on");
        }
    }
}

impl Open {
    /// Writes what waits; says how many octets that were.
    fn flush(&mut self) -> io::Result<u64> {
        self.flushed = Instant::now();
        let written = if self.zstd {
            let packed = zstd::bulk::compress(&self.out, LEVEL)?;
            self.file.file.write_all(&packed).map(|()| packed.len() as u64)
        } else {
            self.file.file.write_all(&self.out).map(|()| self.out.len() as u64)
        };
        self.out.clear();
        self.good += written.as_ref().unwrap_or(&0);
        written
    }

    /// Cuts off what was written in part.
    fn cut_and_end(self) -> io::Result<PathBuf> {
        self.file.file.set_len(self.good)?;
        self.file.finish()
    }
}
