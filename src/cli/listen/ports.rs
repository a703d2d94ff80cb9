//! The ports of a live run: receivers with what they hand datagrams to, and their counters.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::datagram::DatagramBatch;
use crate::input::{Receiver, SocketCounters, kernel_drops};
use crate::relay::{Gate, Queue, QueueCounters};
use crate::summary::{Live, LiveQueue, LiveSource};

use super::super::Failure;
use super::super::options::ListenSource;
use super::outward::{Leftover, Outward};
use super::sockets::{Opened, Socket, open, receive, tell, try_open};

/// Refused addresses of a source that are told one by one.
const MOST_TOLD: usize = 10;

/// All ports, and what stands behind them.
#[derive(Debug)]
pub(super) struct Ports {
    sources: Vec<Source>,
    /// Where all of them put what is to be decoded; `None` once nothing more comes.
    decode: Option<Queue>,
    decode_counters: Arc<QueueCounters>,
}

/// One flow source.
#[derive(Debug)]
struct Source {
    options: ListenSource,
    sockets: Vec<Socket>,
    stop: Arc<AtomicBool>,
    /// `None` once nothing more comes.
    outlets: Arc<RwLock<Option<Arc<Outlets>>>>,
    gate: Arc<Gate>,
    outward: Outward,
    open: bool,
}

/// What a receiver hands a batch to.
#[derive(Debug)]
struct Outlets {
    name: String,
    gate: Arc<Gate>,
    decode: Queue,
    others: Vec<Queue>,
}

impl Outlets {
    fn hand_on(&self, mut batch: DatagramBatch) {
        for addr in self.gate.pass(&mut batch) {
            if self.gate.addresses() <= MOST_TOLD {
                tracing::warn!("{}: {addr} is not allowed: its datagrams are counted and not decoded", self.name);
            }
        }
        if batch.datagrams.is_empty() {
            return;
        }
        let batch = Arc::new(batch);
        for queue in &self.others {
            queue.offer(&batch);
        }
        self.decode.offer(&batch);
    }
}

impl Ports {
    /// Opens all ports, then begins to receive.
    pub(super) fn start(options: &[ListenSource], decode: Queue) -> Result<Self, Failure> {
        let opened: Vec<Vec<Opened>> = options.iter().map(open).collect::<Result<_, _>>()?;
        let decode_counters = Arc::clone(decode.counters());
        let sources = (0u32..).zip(options.iter().zip(opened)).map(|(number, (o, sockets))| Source::start(o, number, sockets, &decode));
        Ok(Self { sources: sources.collect::<Result<_, _>>()?, decode: Some(decode), decode_counters })
    }

    /// Takes a changed configuration over: ports that stay keep their sockets, and what waits in them. What is no longer wanted is to be
    /// finished by the caller.
    pub(super) fn change(&mut self, options: &[ListenSource]) -> Leftover {
        let Some(decode) = self.decode.clone() else { return Leftover::default() };
        let mut leftover = Leftover::default();
        // What can't be opened takes nothing away: whoever has that port keeps it.
        let is_new = |new: &ListenSource| !self.sources.iter().any(|s| s.open && s.options.is_on_the_port_of(new));
        let refused: Vec<&ListenSource> = options
            .iter()
            .filter(|new| is_new(new))
            .filter(|new| try_open(new).inspect_err(|why| tracing::error!("{}: it stays as it was: {why}", new.name)).is_err())
            .collect();
        let stays = |s: &Source| {
            options.iter().any(|o| o.is_on_the_port_of(&s.options)) || refused.iter().any(|o| o.port.port == s.options.port.port)
        };
        for source in self.sources.iter_mut().filter(|s| s.open && !stays(s)) {
            leftover = leftover.and(source.end());
            tracing::info!("{}: no longer listening on {}", source.options.name, source.local());
        }
        let mut kept = 0;
        for new in options.iter().filter(|new| !refused.iter().any(|r| std::ptr::eq(*r, *new))) {
            match self.sources.iter_mut().find(|s| s.open && s.options.is_on_the_port_of(new)) {
                Some(source) => {
                    kept += 1;
                    match source.change(new, &decode) {
                        Ok(more) => leftover = leftover.and(more),
                        Err(why) => tracing::error!("{}: it stays as it was: {why}", new.name),
                    }
                }
                None => {
                    let number = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
                    match open(new).and_then(|sockets| Source::start(new, number, sockets, &decode)) {
                        Ok(source) => self.sources.push(source),
                        Err(why) => tracing::error!("{}: {why}", new.name),
                    }
                }
            }
        }
        tracing::info!("the configuration was taken over; {kept} of the ports stayed open");
        leftover
    }

    /// The flow sources by their numbers, as long as they are open.
    pub(super) fn sources(&self) -> impl Iterator<Item = Option<&ListenSource>> {
        self.sources.iter().map(|s| s.open.then_some(&s.options))
    }

    /// Ends: receivers take what waits in the kernel. What waits for destinations and disks is to be finished by the caller.
    pub(super) fn stop(&mut self) -> Leftover {
        self.sources.iter().for_each(|s| s.stop.store(true, Ordering::Relaxed));
        let leftover = self.sources.iter_mut().filter(|s| s.open).map(Source::end).fold(Leftover::default(), Leftover::and);
        self.decode = None;
        leftover
    }

    /// Writes what is known now into a moment of the run.
    pub(super) fn fill(&mut self, live: &mut Live) {
        let drops = kernel_drops();
        for source in &mut self.sources {
            source.fill(live, &drops);
        }
        let counters = &self.decode_counters;
        let dropped = counters.dropped.load(Ordering::Relaxed);
        live.totals.queue_drops = dropped;
        live.queues.insert(
            0,
            LiveQueue {
                name: "decode".into(),
                waiting: counters.waiting.load(Ordering::Relaxed),
                octets: counters.octets.load(Ordering::Relaxed),
                dropped,
            },
        );
    }
}

impl Source {
    fn start(options: &ListenSource, number: u32, opened: Vec<Opened>, decode: &Queue) -> Result<Self, Failure> {
        let outward = Outward::start(options)?;
        let gate = Arc::new(Gate::new(options.admission.clone()));
        let outlets = Outlets { name: options.name.clone(), gate: Arc::clone(&gate), decode: decode.clone(), others: outward.queues() };
        let outlets = Arc::new(RwLock::new(Some(Arc::new(outlets))));
        let stop = Arc::new(AtomicBool::new(false));
        let frames = Arc::new(AtomicU64::new(0));
        let hand_on = {
            let outlets = Arc::clone(&outlets);
            move |batch| {
                let outlets = outlets.read().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some(outlets) = outlets {
                    outlets.hand_on(batch);
                }
            }
        };
        tell(options, &opened);
        let receiving = |opened| receive(options, opened, number, &frames, Arc::clone(&stop), hand_on.clone());
        let sockets = opened.into_iter().map(receiving).collect::<Result<_, Failure>>()?;
        Ok(Self { options: options.clone(), sockets, stop, outlets, gate, outward, open: true })
    }

    /// Takes changed options over that leave the port as it is.
    fn change(&mut self, options: &ListenSource, decode: &Queue) -> Result<Leftover, Failure> {
        let leftover = self.outward.change(options)?;
        let (name, gate) = (options.name.clone(), Arc::clone(&self.gate));
        let outlets = Outlets { name, gate, decode: decode.clone(), others: self.outward.queues() };
        self.outlets.write().unwrap_or_else(PoisonError::into_inner).replace(Arc::new(outlets));
        self.gate.change(options.admission.clone());
        self.options = options.clone();
        Ok(leftover)
    }

    fn local(&self) -> String {
        self.sockets.first().map(|s| s.local.clone()).unwrap_or_default()
    }

    /// Waits for its receivers.
    fn end(&mut self) -> Leftover {
        self.stop.store(true, Ordering::Relaxed);
        // The sockets stay open until their last drops were asked for.
        let receivers: Vec<Receiver> = self.sockets.iter_mut().filter_map(|s| s.thread.take()?.join().ok()?).collect();
        self.note_drops(&kernel_drops());
        drop(receivers);
        self.outlets.write().unwrap_or_else(PoisonError::into_inner).take();
        self.open = false;
        self.outward.end()
    }

    fn note_drops(&mut self, told: &HashMap<u64, u64>) {
        for socket in &mut self.sockets {
            let now = socket.inode.and_then(|inode| told.get(&inode)).copied().unwrap_or(0);
            socket.drops = socket.drops.max(now).max(socket.counters.told_drops.load(Ordering::Relaxed));
        }
    }

    fn fill(&mut self, live: &mut Live, told: &HashMap<u64, u64>) {
        self.note_drops(told);
        let sum = |counter: fn(&SocketCounters) -> &AtomicU64| -> u64 {
            self.sockets.iter().map(|s| counter(&s.counters).load(Ordering::Relaxed)).sum()
        };
        let (datagrams, octets) = (sum(|c| &c.datagrams), sum(|c| &c.octets));
        let kernel_drops = self.sockets.iter().map(|s| s.drops).sum();
        let refused = self.gate.refused.load(Ordering::Relaxed);
        live.totals.datagrams += datagrams;
        live.totals.octets += octets;
        live.totals.kernel_drops += kernel_drops;
        live.totals.refused += refused;
        live.sources.push(LiveSource {
            name: self.options.name.clone(),
            profile: Arc::clone(&self.options.profile),
            local: self.local(),
            sockets: self.sockets.len(),
            granted: self.sockets.iter().map(|s| s.granted).min().unwrap_or(0),
            datagrams,
            octets,
            kernel_drops,
            refused,
            refused_exporters: self.gate.addresses(),
            open: self.open,
            failed: self.open && self.sockets.iter().any(|s| s.failed.load(Ordering::Relaxed)),
        });
        self.outward.fill(live);
    }
}
