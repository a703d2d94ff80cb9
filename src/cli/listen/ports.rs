//! The ports of a live run: receivers with what they hand datagrams to, and their counters.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use crate::datagram::DatagramBatch;
#[cfg(target_os = "linux")]
use crate::input::{Device, InputOptions};
use crate::input::{PortSocket, Receiver, SocketCounters, kernel_drops, open_port};
use crate::relay::{ForwardCounters, Forwarder, Gate, Queue, QueueCounters, RecordCounters, RecordState, Recorder};
use crate::summary::{Live, LiveForward, LiveQueue, LiveRecorder, LiveSource};

use super::super::Failure;
use super::super::options::ListenSource;

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

/// Forwarders and the recorder of a source, and their counters, which outlive them.
#[derive(Debug, Default)]
struct Outward {
    forwarders: Vec<Forwarder>,
    recorder: Option<Recorder>,
    forwards: Vec<(String, Arc<QueueCounters>, Arc<ForwardCounters>)>,
    records: Vec<(String, Arc<QueueCounters>, Arc<RecordCounters>)>,
}

/// One socket: what is known of it while its receiver has it.
#[derive(Debug)]
struct Socket {
    local: String,
    granted: usize,
    inode: Option<u64>,
    counters: Arc<SocketCounters>,
    /// The most that the kernel has told so far.
    drops: u64,
    thread: Option<JoinHandle<Option<Receiver>>>,
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

    /// Takes a changed configuration over: ports that stay keep their sockets, and what waits in them.
    pub(super) fn change(&mut self, options: &[ListenSource]) {
        let Some(decode) = self.decode.clone() else { return };
        for source in self.sources.iter_mut().filter(|s| s.open && !options.iter().any(|o| o.is_on_the_port_of(&s.options))) {
            source.end();
            tracing::info!("{}: no longer listening on {}", source.options.name, source.local());
        }
        let mut kept = 0;
        for new in options {
            match self.sources.iter_mut().find(|s| s.open && s.options.is_on_the_port_of(new)) {
                Some(source) => {
                    kept += 1;
                    if let Err(why) = source.change(new, &decode) {
                        tracing::error!("{}: it stays as it was: {why}", new.name);
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
    }

    /// The flow sources by their numbers, as long as they are open.
    pub(super) fn sources(&self) -> impl Iterator<Item = Option<&ListenSource>> {
        self.sources.iter().map(|s| s.open.then_some(&s.options))
    }

    /// Ends: receivers take what waits in the kernel, then forwarders and recorders what waits in their queues.
    pub(super) fn stop(&mut self) {
        self.sources.iter().for_each(|s| s.stop.store(true, Ordering::Relaxed));
        self.sources.iter_mut().filter(|s| s.open).for_each(Source::end);
        self.decode = None;
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

impl Outward {
    fn start(options: &ListenSource) -> Result<Self, Failure> {
        let mut own = Self::default();
        for forward in &options.forward {
            let forwarder = Forwarder::start(forward.clone()).map_err(|e| Failure(format!("--forward {}: {e}", forward.name)))?;
            own.forwards.push((forward.name.clone(), Arc::clone(forwarder.queue_counters()), Arc::clone(forwarder.counters())));
            own.forwarders.push(forwarder);
        }
        if let Some(record) = &options.record {
            let folder = record.folder.display().to_string();
            let recorder = Recorder::start(record.clone()).map_err(|e| super::no_folder("--record", &record.folder, &e))?;
            own.records.push((folder, Arc::clone(recorder.queue_counters()), Arc::clone(recorder.counters())));
            own.recorder = Some(recorder);
        }
        Ok(own)
    }

    fn queues(&self) -> Vec<Queue> {
        self.forwarders.iter().map(|f| f.queue().clone()).chain(self.recorder.iter().map(|r| r.queue().clone())).collect()
    }

    /// Waits until all that was put in is out. All other ends of the queues must be gone.
    fn end(&mut self) {
        std::mem::take(&mut self.forwarders).into_iter().for_each(Forwarder::finish);
        if let Some(recorder) = self.recorder.take() {
            recorder.finish();
        }
    }

    fn fill(&self, live: &mut Live) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let queue = |name, counters: &QueueCounters| LiveQueue {
            name,
            waiting: read(&counters.waiting),
            octets: read(&counters.octets),
            dropped: read(&counters.dropped),
        };
        for (to, waiting, counters) in &self.forwards {
            live.queues.push(queue(format!("forward {to}"), waiting));
            live.forwards.push(LiveForward {
                to: to.clone(),
                sent: read(&counters.sent),
                octets: read(&counters.octets),
                dropped: read(&waiting.dropped),
                filtered: read(&counters.filtered),
                refused: read(&counters.refused),
                failed: read(&counters.failed),
            });
        }
        for (folder, waiting, counters) in &self.records {
            live.queues.push(queue(format!("record {folder}"), waiting));
            live.recorders.push(LiveRecorder {
                folder: folder.clone(),
                stopped: counters.state() == RecordState::Stopped,
                datagrams: read(&counters.datagrams),
                octets: read(&counters.octets),
                dropped: read(&waiting.dropped),
                lost: read(&counters.lost),
                files: read(&counters.files),
            });
        }
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
    fn change(&mut self, options: &ListenSource, decode: &Queue) -> Result<(), Failure> {
        if (&options.forward, &options.record) != (&self.options.forward, &self.options.record) {
            // Recorders of the same folder must not meet in one file, but they number their names.
            let outward = Outward::start(options)?;
            let name = options.name.clone();
            let outlets = Outlets { name, gate: Arc::clone(&self.gate), decode: decode.clone(), others: outward.queues() };
            let before = self.outlets.write().unwrap_or_else(PoisonError::into_inner).replace(Arc::new(outlets));
            drop(before);
            std::mem::replace(&mut self.outward, outward).end();
        }
        self.gate.change(options.admission.clone());
        self.options = options.clone();
        Ok(())
    }

    fn local(&self) -> String {
        self.sockets.first().map(|s| s.local.clone()).unwrap_or_default()
    }

    /// Waits for all its threads.
    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // The sockets stay open until their last drops were asked for.
        let receivers: Vec<Receiver> = self.sockets.iter_mut().filter_map(|s| s.thread.take()?.join().ok()?).collect();
        self.note_drops(&kernel_drops());
        drop(receivers);
        self.outlets.write().unwrap_or_else(PoisonError::into_inner).take();
        self.outward.end();
        self.open = false;
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
        });
        self.outward.fill(live);
    }
}

/// What was opened to receive from.
enum Opened {
    Socket(PortSocket),
    #[cfg(target_os = "linux")]
    Device(Device, String, Arc<AtomicBool>),
}

fn open(options: &ListenSource) -> Result<Vec<Opened>, Failure> {
    let Some(name) = &options.capture else {
        let sockets = open_port(&options.port).map_err(|e| Failure(e.to_string()))?;
        return Ok(sockets.into_iter().map(Opened::Socket).collect());
    };
    #[cfg(target_os = "linux")]
    {
        let stop = Arc::new(AtomicBool::new(false));
        let device = Device::open(name, options.port.port, options.port.receive_buffer, Arc::clone(&stop));
        Ok(vec![Opened::Device(device.map_err(|e| Failure(e.to_string()))?, name.clone(), stop)])
    }
    #[cfg(not(target_os = "linux"))]
    Err(Failure(format!("--capture {name}: this system has no way to do it here; write a capture and read that")))
}

/// Begins to receive.
fn receive(
    options: &ListenSource,
    opened: Opened,
    number: u32,
    frames: &Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    hand_on: impl Fn(DatagramBatch) + Send + 'static,
) -> Result<Socket, Failure> {
    let name = options.name.clone();
    let start =
        |work: Box<dyn FnOnce() -> Option<Receiver> + Send>| thread::Builder::new().name("receive".into()).spawn(work).map_err(Failure::of);
    match opened {
        Opened::Socket(socket) => {
            let (local, granted, inode, counters) = (socket.local.to_string(), socket.granted, socket.inode, Arc::clone(&socket.counters));
            let mut receiver = Receiver::new(socket, number, Arc::clone(frames));
            let of = local.clone();
            let work = move || {
                if let Err(error) = receiver.run(&stop, hand_on) {
                    tracing::error!("{name}: receiving on {of} has ended: {error}");
                }
                Some(receiver)
            };
            Ok(Socket { local, granted, inode, counters, drops: 0, thread: Some(start(Box::new(work))?) })
        }
        #[cfg(target_os = "linux")]
        Opened::Device(device, device_name, device_stop) => {
            let port = options.port.port;
            let counters = Arc::new(SocketCounters::default());
            let (own, of_device) = (Arc::clone(&counters), Arc::clone(device.counters()));
            // A batch of few frames takes a whole chunk; small ones are enough here.
            let input = InputOptions { chunk_octets: 256 << 10, ..InputOptions::default() };
            let mut input = device.input(&device_name, number, &input).map_err(Failure::of)?;
            let work = move || {
                // The device looks at its own flag; this thread waits for nothing else.
                let watch = thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        thread::sleep(std::time::Duration::from_millis(50));
                    }
                    device_stop.store(true, Ordering::Relaxed);
                });
                loop {
                    match input.next_batch() {
                        Ok(Some(mut batch)) => {
                            batch.datagrams.retain(|d| d.collector.port == port);
                            own.datagrams.fetch_add(batch.datagrams.len() as u64, Ordering::Relaxed);
                            let octets: u64 = batch.datagrams.iter().map(|d| u64::from(d.length)).sum();
                            own.octets.fetch_add(octets, Ordering::Relaxed);
                            own.told_drops.store(of_device.told_drops.load(Ordering::Relaxed), Ordering::Relaxed);
                            if !batch.datagrams.is_empty() {
                                hand_on(batch);
                            }
                        }
                        Ok(None) => break,
                        Err(error) => {
                            tracing::error!("{name}: capturing on {device_name} has ended: {error}");
                            break;
                        }
                    }
                }
                let _ = watch.join();
                None
            };
            let local = format!("{} port {port}", options.capture.as_deref().unwrap_or_default());
            let granted = options.port.receive_buffer;
            Ok(Socket { local, granted, inode: None, counters, drops: 0, thread: Some(start(Box::new(work))?) })
        }
    }
}

/// Says where it listens, and what was granted.
fn tell(options: &ListenSource, opened: &[Opened]) {
    const MIB: usize = 1 << 20;
    let several = if opened.len() > 1 { format!(" on {} sockets", opened.len()) } else { String::new() };
    match opened.first() {
        Some(Opened::Socket(first)) => {
            let (granted, asked) = (first.granted as f64 / MIB as f64, options.port.receive_buffer / MIB);
            let (name, local) = (&options.name, first.local);
            tracing::info!("{name}: listening on {local}{several}, receive buffer {granted:.1} MiB of {asked} MiB asked for");
            if first.granted < options.port.receive_buffer {
                tracing::warn!(
                    "the receive buffer is smaller than asked for: raise net.core.rmem_max, or give the capability CAP_NET_ADMIN"
                );
            }
        }
        #[cfg(target_os = "linux")]
        Some(Opened::Device(_, device, _)) => tracing::info!("{}: capturing on {device}, port {}", options.name, options.port.port),
        None => {}
    }
}
