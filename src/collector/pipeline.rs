//! The threads of a run: one walks the input, workers decode and digest batches, the caller's thread takes the results in order.
//!
//! What is under way at a time is bounded, so memory does not depend on the size of the input: a slow sink stops the walk.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::column::FlowBatch;
use crate::plan::Schema;

use super::work::Work;

/// Turns a batch into what a sink needs of it. It runs on the workers, on several batches at a time.
pub trait Digest: Sync {
    /// The result for one batch.
    type Part: Send;
    /// Changes a finished batch before it is read: leaves rows out.
    fn prepare(&self, _batch: &mut FlowBatch) {}
    /// Batches that may be under way for each worker: enough that none waits, few enough that a stalled one does not fill memory. Large
    /// batches ask for less.
    fn under_way(&self) -> usize {
        4
    }
    /// Reads a finished batch.
    fn digest(&self, batch: &FlowBatch) -> Self::Part;
}

/// Takes the parts of all batches in the order of the capture, on one thread.
pub trait Sink<P> {
    /// What can go wrong.
    type Error;
    /// Takes the next part.
    ///
    /// # Errors
    /// The run ends with the error.
    fn absorb(&mut self, part: P) -> Result<Flow, Self::Error>;
}

/// Whether a sink wants more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// More, please.
    Continue,
    /// It has all it needs: the run ends well.
    Stop,
}

/// A closed channel to the workers: the sink has stopped, or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// Runs `walk` on a thread of its own; it gives out work through its argument and should end when that says [`Stopped`].
/// Workers decode and digest; `sink` gets the parts in order on this thread. The result of `walk` is returned.
///
/// # Errors
/// The sink's.
pub fn run<W, R, D, S>(workers: usize, walk: W, digest: &D, sink: &mut S) -> Result<R, S::Error>
where
    W: FnOnce(&mut dyn FnMut(Work) -> Result<(), Stopped>) -> R + Send,
    R: Send,
    D: Digest,
    S: Sink<D::Part>,
{
    let workers = workers.max(1);
    let (to_workers, jobs) = sync_channel::<(u64, Work)>(workers);
    let jobs = Arc::new(Mutex::new(Some(jobs)));
    let (to_sink, parts) = sync_channel::<(u64, D::Part)>(workers);
    // A batch is under way from when the walker takes a ticket until the sink has absorbed it in its turn.
    let (take_ticket, tickets) = sync_channel::<()>(digest.under_way().max(1) * workers);
    thread::scope(|scope| {
        for _ in 0..workers {
            let (jobs, to_sink) = (Arc::clone(&jobs), to_sink.clone());
            scope.spawn(move || work(&jobs, digest, &to_sink));
        }
        drop(to_sink);
        let walker = scope.spawn(move || {
            let mut number = 0;
            walk(&mut |work| {
                let sent = take_ticket.send(()).map_err(|_| Stopped).and_then(|()| to_workers.send((number, work)).map_err(|_| Stopped));
                number += 1;
                sent
            })
        });
        let ended = absorb_in_order(&parts, &tickets, sink);
        // Closing these ends lets the walker and the workers run into them and end.
        drop((parts, tickets));
        if ended.as_ref().map_or(true, |flow| *flow == Flow::Stop) {
            jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        let result = walker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        ended.map(|_| result)
    })
}

fn work<D: Digest>(jobs: &Mutex<Option<Receiver<(u64, Work)>>>, digest: &D, to_sink: &SyncSender<(u64, D::Part)>) {
    let mut batch: Option<FlowBatch> = None;
    loop {
        let job = match jobs.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(jobs) => jobs.recv(),
            None => return,
        };
        let Ok((number, job)) = job else { return };
        let mut own = match batch.take() {
            Some(own) if Arc::ptr_eq(own.schema(), job.schema()) => own,
            _ => FlowBatch::new(Arc::<Schema>::clone(job.schema())),
        };
        own.clear();
        job.decode(&mut own);
        drop(job);
        digest.prepare(&mut own);
        if to_sink.send((number, digest.digest(&own))).is_err() {
            // Nobody listens any more; closing the jobs lets the walker notice.
            jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
            return;
        }
        batch = Some(own);
    }
}

fn absorb_in_order<P, S: Sink<P>>(parts: &Receiver<(u64, P)>, tickets: &Receiver<()>, sink: &mut S) -> Result<Flow, S::Error> {
    let mut next = 0;
    let mut early = BTreeMap::new();
    for (number, part) in parts {
        early.insert(number, part);
        while let Some(part) = early.remove(&next) {
            next += 1;
            let _ = tickets.try_recv();
            if sink.absorb(part)? == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
    }
    Ok(Flow::Continue)
}
