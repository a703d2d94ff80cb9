//! Where a flow source's datagrams go beside decoding: its destinations and its recorder, and what they have counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::relay::{
    ForwardCounters, ForwardOptions, Forwarder, Queue, QueueCounters, RecordCounters, RecordOptions, RecordState, Recorder,
};
use crate::summary::{Live, LiveForward, LiveQueue, LiveRecorder};

use super::super::Failure;
use super::super::options::ListenSource;

/// How long what waits for a destination or a disk has to get out, once nothing more comes.
const DRAIN: Duration = Duration::from_secs(10);

/// Forwarders and the recorder of a source. What they count outlives them.
#[derive(Debug, Default)]
pub(super) struct Outward {
    forwarders: Vec<(ForwardOptions, Forwarder)>,
    recorder: Option<(RecordOptions, Recorder)>,
    /// By destination and by folder, in the order in which they came.
    forwards: Vec<(String, Arc<QueueCounters>, Arc<ForwardCounters>)>,
    records: Vec<(String, Arc<QueueCounters>, Arc<RecordCounters>)>,
}

/// Forwarders and recorders that nothing more comes for.
#[derive(Debug, Default)]
#[must_use = "what waits gets out only by `finish`"]
pub(super) struct Leftover {
    forwarders: Vec<(ForwardOptions, Forwarder)>,
    recorders: Vec<(RecordOptions, Recorder)>,
}

impl Leftover {
    pub(super) fn is_empty(&self) -> bool {
        self.forwarders.is_empty() && self.recorders.is_empty()
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.forwarders.extend(other.forwarders);
        self.recorders.extend(other.recorders);
        self
    }

    /// Waits until what was put in is out, or for as long as that may take. All other ends of the queues must be gone.
    pub(super) fn finish(self) {
        // All of them get out at the same time.
        let forwarders: Vec<_> = self.forwarders.into_iter().map(|(options, f)| (options, f.close())).collect();
        let recorders: Vec<_> = self.recorders.into_iter().map(|(options, r)| (options, r.close())).collect();
        let began = std::time::Instant::now();
        let left = || DRAIN.saturating_sub(began.elapsed());
        for (options, closed) in recorders {
            if let Some(datagrams) = closed.wait(left()) {
                tracing::error!("recording into {}: {datagrams} datagrams were not written in time", options.folder.display());
            }
        }
        for (options, closed) in forwarders {
            if let Some(datagrams) = closed.wait(left()) {
                tracing::error!("forwarding to {}: {datagrams} datagrams were not sent in time", options.name);
            }
        }
    }
}

impl Outward {
    pub(super) fn start(options: &ListenSource) -> Result<Self, Failure> {
        let mut own = Self::default();
        let leftover = own.change(options)?;
        debug_assert!(leftover.is_empty());
        Ok(own)
    }

    /// Begins what is new and keeps what stays; gives what is no longer wanted. On an error nothing has changed.
    pub(super) fn change(&mut self, options: &ListenSource) -> Result<Leftover, Failure> {
        let is_new = |f: &&ForwardOptions| !self.forwarders.iter().any(|(old, _)| old == *f);
        let mut begun = Vec::new();
        for forward in options.forward.iter().filter(is_new) {
            let forwarder = Forwarder::start(forward.clone()).map_err(|e| Failure(format!("--forward {}: {e}", forward.name)))?;
            begun.push((forward.clone(), forwarder));
        }
        let mut leftover = Leftover::default();
        if self.recorder.as_ref().map(|(old, _)| old) != options.record.as_ref() {
            let start = |record: &RecordOptions| {
                let recorder = Recorder::start(record.clone()).map_err(|e| super::no_folder("--record", &record.folder, &e))?;
                Ok::<_, Failure>((record.clone(), recorder))
            };
            // Recorders of the same folder don't meet in one file: names that are taken get a number.
            let recorder = options.record.as_ref().map(start).transpose()?;
            if let Some((record, recorder)) = &recorder {
                let folder = record.folder.display().to_string();
                self.records.push((folder, Arc::clone(recorder.queue_counters()), Arc::clone(recorder.counters())));
            }
            leftover.recorders.extend(std::mem::replace(&mut self.recorder, recorder));
        }
        for (forward, forwarder) in &begun {
            self.forwards.push((forward.name.clone(), Arc::clone(forwarder.queue_counters()), Arc::clone(forwarder.counters())));
        }
        leftover.forwarders.extend(self.forwarders.extract_if(.., |(old, _)| !options.forward.contains(old)));
        self.forwarders.extend(begun);
        Ok(leftover)
    }

    pub(super) fn queues(&self) -> Vec<Queue> {
        self.forwarders.iter().map(|(_, f)| f.queue().clone()).chain(self.recorder.iter().map(|(_, r)| r.queue().clone())).collect()
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) -> Leftover {
        Leftover { forwarders: std::mem::take(&mut self.forwarders), recorders: self.recorder.take().into_iter().collect() }
    }

    /// What was counted, of each destination and folder together, whether it is still there or not.
    pub(super) fn fill(&self, live: &mut Live) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (mut queues, mut forwards, mut recorders): (Vec<LiveQueue>, Vec<LiveForward>, Vec<LiveRecorder>) = Default::default();
        let mut queue = |name: String, counters: &QueueCounters| {
            let (waiting, octets, dropped) = (read(&counters.waiting), read(&counters.octets), read(&counters.dropped));
            match queues.iter_mut().find(|q| q.name == name) {
                Some(q) => (q.waiting, q.octets, q.dropped) = (q.waiting + waiting, q.octets + octets, q.dropped + dropped),
                None => queues.push(LiveQueue { name, waiting, octets, dropped }),
            }
        };
        for (to, waiting, counters) in &self.forwards {
            queue(format!("forward {to}"), waiting);
            let at = forwards.iter().position(|f| f.to == *to).unwrap_or_else(|| {
                forwards.push(LiveForward { to: to.clone(), ..LiveForward::default() });
                forwards.len() - 1
            });
            let Some(f) = forwards.get_mut(at) else { continue };
            f.sent += read(&counters.sent);
            f.octets += read(&counters.octets);
            f.dropped += read(&waiting.dropped);
            f.filtered += read(&counters.filtered);
            f.refused += read(&counters.refused);
            f.failed += read(&counters.failed);
            f.shared += read(&counters.shared);
        }
        for (folder, waiting, counters) in &self.records {
            queue(format!("record {folder}"), waiting);
            let at = recorders.iter().position(|r| r.folder == *folder).unwrap_or_else(|| {
                recorders.push(LiveRecorder { folder: folder.clone(), ..LiveRecorder::default() });
                recorders.len() - 1
            });
            let Some(r) = recorders.get_mut(at) else { continue };
            // The latest one tells whether it records.
            r.stopped = counters.state() == RecordState::Stopped;
            r.datagrams += read(&counters.datagrams);
            r.octets += read(&counters.octets);
            r.dropped += read(&waiting.dropped);
            r.lost += read(&counters.lost);
            r.files += read(&counters.files);
        }
        live.queues.extend(queues);
        live.forwards.extend(forwards);
        live.recorders.extend(recorders);
    }
}
