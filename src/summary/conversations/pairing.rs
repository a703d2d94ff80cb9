//! Takes the flows of a run in the order of the capture, deals them out to threads that pair them, hands on conversations as they close.
//!
//! What the threads give for one part comes before what they give for the next, the first thread's before the second's. So the order is
//! the same in every run.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::collector::{Flow as More, Sink};

use super::flows::{PairingPart, SHARDS, ShardPart};
use super::open::Early;
use super::settle::{Conversation, Rules};
use super::shard::{Shard, ShardCounts, TOGETHER};
use super::tally::Tally;

/// Parts that a thread may be behind.
const BEHIND: usize = 4;

/// How flows are paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairingOptions {
    /// What belongs together.
    pub rules: Rules,
    /// Nanoseconds after its latest arrival for which a conversation stays open: the exporters' active timeout, or more.
    pub horizon: i64,
    /// Conversations, each exporter's apart, that may be open at a time.
    pub most: usize,
}

/// What was counted on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairingCounts {
    /// Flow records.
    pub flows: u64,
    /// Records that hold both directions.
    pub bidirectional: u64,
    /// Flows without an address at one end or both, which can't be paired.
    pub without_addresses: u64,
    /// Flows without times: they count as of the moment when they arrived.
    pub without_times: u64,
    /// Flows that began longer before their arrival than conversations stay open, and came when some had been closed: what belonged to
    /// them may have been among those.
    pub late: u64,
    /// Conversations told.
    pub conversations: u64,
    /// Those with both directions.
    pub both: u64,
    /// Flows left out as counted twice.
    pub folded: u64,
    /// What was closed before its time.
    pub early: Early,
    /// The greatest number of conversations that were open at a time, each exporter's apart; of the threads' own greatest the sum.
    pub open: usize,
}

/// The pairing of a run.
#[derive(Debug)]
pub struct Pairing<S> {
    threads: Vec<Thread>,
    counts: PairingCounts,
    /// Parts dealt out whose conversations were not handed on yet.
    under_way: usize,
    ready: Vec<Conversation>,
    sink: S,
}

/// A thread with a shard.
#[derive(Debug)]
struct Thread {
    parts: SyncSender<ShardPart>,
    lots: Receiver<Vec<Conversation>>,
    handle: JoinHandle<(Tally, ShardCounts)>,
}

impl Thread {
    fn start(mut shard: Shard) -> Self {
        let (parts, waiting) = sync_channel::<ShardPart>(BEHIND);
        // One lot for each part under way: a thread waits for the reader only at the end.
        let (give, lots) = sync_channel(BEHIND + 1);
        let handle = thread::spawn(move || {
            for part in waiting {
                if give.send(shard.take(&part)).is_err() {
                    break;
                }
            }
            shard.finish(&mut |lot| give.send(lot).is_ok())
        });
        Self { parts, lots, handle }
    }
}

impl<S: Sink<Vec<Conversation>>> Pairing<S> {
    /// Nothing seen yet; `sink` takes the conversations, or none if `told` is false and they are only to be counted.
    pub fn new(options: PairingOptions, told: bool, sink: S) -> Self {
        let most = options.most.div_ceil(SHARDS);
        let threads = (0..SHARDS).map(|_| Thread::start(Shard::new(&options, most, told))).collect();
        Self { threads, counts: PairingCounts::default(), under_way: 0, ready: Vec::new(), sink }
    }

    /// Closes what is still open, by first times; then nothing more may come.
    ///
    /// # Errors
    /// The sink's.
    pub fn finish(mut self) -> Result<(Tally, PairingCounts, S), S::Error> {
        let mut ended = Ok(More::Continue);
        while self.under_way > 0 {
            self.collect();
            if matches!(ended, Ok(More::Continue)) {
                ended = self.hand_on(0);
            }
        }
        let Self { threads, mut counts, mut ready, mut sink, .. } = self;
        let mut ends = Vec::with_capacity(threads.len());
        let mut streams = Vec::with_capacity(threads.len());
        for Thread { parts, lots, handle } in threads {
            drop(parts);
            streams.push(lots.into_iter().flatten().peekable());
            ends.push(handle);
        }
        // Both streams are by first times; so is what they make together.
        while let Some(next) = (0..streams.len()).filter_map(|n| Some((streams[n].peek()?.first(), n))).min() {
            ready.extend(streams[next.1].next());
            if ready.len() >= TOGETHER {
                let lot = std::mem::take(&mut ready);
                if matches!(ended, Ok(More::Continue)) {
                    ended = sink.absorb(lot);
                }
            }
        }
        if ended? == More::Continue && !ready.is_empty() {
            sink.absorb(ready)?;
        }
        let mut tally = Tally::default();
        for handle in ends {
            let (own, shard) = handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            tally.join(own);
            counts.add(shard);
        }
        tally.exporters.sort_by_key(|e| e.exporter);
        Ok((tally, counts, sink))
    }

    /// Takes what the threads made of the oldest part under way.
    fn collect(&mut self) {
        self.under_way -= 1;
        for thread in &self.threads {
            // A thread that gives nothing has failed: its panic comes up when it is joined.
            self.ready.extend(thread.lots.recv().unwrap_or_default());
        }
    }

    /// Hands on what is ready, if it is more than so much.
    fn hand_on(&mut self, least: usize) -> Result<More, S::Error> {
        if self.ready.len() <= least {
            return Ok(More::Continue);
        }
        self.sink.absorb(std::mem::take(&mut self.ready))
    }
}

impl PairingCounts {
    fn add(&mut self, shard: ShardCounts) {
        self.late += shard.late;
        self.conversations += shard.conversations;
        self.both += shard.both;
        self.folded += shard.folded;
        self.open += shard.open;
        self.early.strands += shard.early.strands;
        self.early.shortest = match (self.early.shortest, shard.early.shortest) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

impl<S: Sink<Vec<Conversation>>> Sink<PairingPart> for Pairing<S> {
    type Error = S::Error;

    fn absorb(&mut self, part: PairingPart) -> Result<More, S::Error> {
        let counts = &mut self.counts;
        counts.without_addresses += part.without_addresses;
        counts.without_times += part.without_times;
        counts.flows += part.without_addresses;
        if self.under_way >= BEHIND {
            self.collect();
        }
        for (thread, shard) in self.threads.iter().zip(part.shards) {
            self.counts.flows += shard.flows.len() as u64;
            self.counts.bidirectional += shard.reverses.len() as u64;
            let _ = thread.parts.send(shard);
        }
        self.under_way += 1;
        self.hand_on(TOGETHER)
    }
}
