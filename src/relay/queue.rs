//! A bounded queue of batches between who receives and who takes his time: bounded in octets, and what does not fit is dropped and counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::datagram::DatagramBatch;

/// What a queue counts; read by others at any time.
#[derive(Debug, Default)]
pub struct QueueCounters {
    /// Datagrams that wait.
    pub waiting: AtomicU64,
    /// Octets of the buffers that wait.
    pub octets: AtomicU64,
    /// Datagrams dropped since the queue was full.
    pub dropped: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    list: Mutex<List>,
    news: Condvar,
    most: u64,
    counters: Arc<QueueCounters>,
}

#[derive(Debug, Default)]
struct List {
    batches: VecDeque<Arc<DatagramBatch>>,
    octets: u64,
    /// Ends that put in.
    inlets: usize,
    /// Set when nobody takes out any more.
    deserted: bool,
}

/// The end that batches are put into.
#[derive(Debug)]
pub struct Queue(Arc<Shared>);

/// The end that they are taken from.
#[derive(Debug)]
pub struct Taker(Arc<Shared>);

/// What taking from a queue gave.
#[derive(Debug)]
pub enum Taken {
    /// The next batch.
    Batch(Arc<DatagramBatch>),
    /// Nothing came in that time.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

/// A queue of at most so many octets; one batch always fits.
pub fn queue(octets: usize) -> (Queue, Taker) {
    let list = Mutex::new(List { inlets: 1, ..List::default() });
    let shared = Arc::new(Shared { list, news: Condvar::new(), most: octets as u64, counters: Arc::default() });
    (Queue(Arc::clone(&shared)), Taker(shared))
}

/// The memory that a batch keeps.
fn octets(batch: &DatagramBatch) -> u64 {
    let buffers: usize = batch.buffers.iter().map(|b| b.len()).sum();
    (buffers + size_of_val(batch.datagrams.as_slice())) as u64
}

impl Queue {
    /// Puts a batch in; false if it was dropped.
    pub fn offer(&self, batch: &Arc<DatagramBatch>) -> bool {
        let (own, datagrams) = (octets(batch), batch.datagrams.len() as u64);
        let counters = &self.0.counters;
        let mut list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        if list.deserted || (list.octets > 0 && list.octets + own > self.0.most) {
            counters.dropped.fetch_add(datagrams, Ordering::Relaxed);
            return false;
        }
        list.octets += own;
        list.batches.push_back(Arc::clone(batch));
        counters.waiting.fetch_add(datagrams, Ordering::Relaxed);
        counters.octets.store(list.octets, Ordering::Relaxed);
        drop(list);
        self.0.news.notify_one();
        true
    }

    /// Its counters.
    pub fn counters(&self) -> &Arc<QueueCounters> {
        &self.0.counters
    }
}

impl Clone for Queue {
    fn clone(&self) -> Self {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner).inlets += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner).inlets -= 1;
        self.0.news.notify_all();
    }
}

/// A queue that nothing more comes into, and the thread that empties it.
#[derive(Debug)]
pub struct Closed {
    counters: Arc<QueueCounters>,
    thread: JoinHandle<()>,
}

impl Closed {
    /// The last end of the queue, and who takes from it.
    pub(super) fn new(queue: Queue, thread: JoinHandle<()>) -> Self {
        Self { counters: Arc::clone(queue.counters()), thread }
    }

    /// Waits for the thread's end, but no longer than that: then gives how many datagrams wait still. They go on if the process does.
    pub fn wait(self, most: Duration) -> Option<u64> {
        const STEP: Duration = Duration::from_millis(5);
        let began = Instant::now();
        while !self.thread.is_finished() {
            if began.elapsed() >= most {
                return Some(self.counters.waiting.load(Ordering::Relaxed));
            }
            thread::sleep(STEP);
        }
        let _ = self.thread.join();
        None
    }
}

impl Taker {
    /// Takes the next batch; waits so long for one.
    pub fn take(&self, wait: Duration) -> Taken {
        let list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = |list: &mut List| list.batches.is_empty() && list.inlets > 0;
        let (mut list, _) = self.0.news.wait_timeout_while(list, wait, empty).unwrap_or_else(PoisonError::into_inner);
        match list.batches.pop_front() {
            Some(batch) => {
                list.octets -= octets(&batch);
                self.0.counters.waiting.fetch_sub(batch.datagrams.len() as u64, Ordering::Relaxed);
                self.0.counters.octets.store(list.octets, Ordering::Relaxed);
                Taken::Batch(batch)
            }
            None if list.inlets == 0 => Taken::Closed,
            None => Taken::Nothing,
        }
    }

    /// Its counters.
    pub fn counters(&self) -> &Arc<QueueCounters> {
        &self.0.counters
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        let mut list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.deserted = true;
        list.batches.clear();
        list.octets = 0;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::datagram::{Datagram, Endpoint, Origin, Transport};
    use crate::time::Timestamp;

    /// A batch of datagrams with these payloads, from one exporter to port 2055.
    pub(in crate::relay) fn batch(from: &str, payloads: &[&[u8]]) -> Arc<DatagramBatch> {
        let mut octets = Vec::new();
        let mut datagrams = Vec::new();
        for (number, payload) in (0u32..).zip(payloads) {
            datagrams.push(Datagram {
                index: number.into(),
                time: Some(Timestamp::from_seconds(1_700_000_000 + number)),
                exporter: Endpoint { addr: from.parse().unwrap(), port: 40_000 },
                collector: Endpoint { addr: if from.contains(':') { "::1" } else { "127.0.0.1" }.parse().unwrap(), port: 2055 },
                transport: Transport::Udp,
                origin: Origin { file: 0, frame: u64::from(number) + 1 },
                buffer: 0,
                start: octets.len() as u32,
                length: payload.len() as u32,
                missing: 0,
            });
            octets.extend_from_slice(payload);
        }
        Arc::new(DatagramBatch { buffers: vec![Arc::new(octets)], datagrams, stored: Vec::new() })
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let (inlet, outlet) = queue(1_500);
        let one = batch("192.0.2.1", &[&[1; 700], &[2; 7]]);
        assert!(inlet.offer(&one));
        assert!(!inlet.offer(&one));
        assert_eq!(inlet.counters().dropped.load(Ordering::Relaxed), 2);
        assert_eq!(inlet.counters().waiting.load(Ordering::Relaxed), 2);
        assert!(matches!(outlet.take(Duration::ZERO), Taken::Batch(b) if b.datagrams.len() == 2));
        assert!(matches!(outlet.take(Duration::ZERO), Taken::Nothing));
        assert!(inlet.offer(&one));
        drop(inlet);
        assert!(matches!(outlet.take(Duration::from_secs(9)), Taken::Batch(_)));
        assert!(matches!(outlet.take(Duration::from_secs(9)), Taken::Closed));
    }
}
