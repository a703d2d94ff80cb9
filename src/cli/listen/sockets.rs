//! What a flow source receives from: sockets of its port, or an interface, each with a thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crate::datagram::DatagramBatch;
#[cfg(target_os = "linux")]
use crate::input::{Device, InputOptions};
use crate::input::{PortOptions, PortSocket, Receiver, SocketCounters, open_port};

use super::super::Failure;
use super::super::options::ListenSource;

/// One socket: what is known of it while its receiver has it.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) local: String,
    pub(super) granted: usize,
    pub(super) inode: Option<u64>,
    pub(super) counters: Arc<SocketCounters>,
    /// The most that the kernel has told so far.
    pub(super) drops: u64,
    pub(super) thread: Option<JoinHandle<Option<Receiver>>>,
    /// Set once receiving has ended by an error.
    pub(super) failed: Arc<AtomicBool>,
}

/// What was opened to receive from.
pub(super) enum Opened {
    Socket(PortSocket),
    #[cfg(target_os = "linux")]
    Device(Device, String, Arc<AtomicBool>),
}

/// True if all that is asked for is there: everything but the port itself is tried.
pub(super) fn try_open(options: &ListenSource) -> Result<(), Failure> {
    open(&ListenSource { port: PortOptions { port: 0, ..options.port.clone() }, ..options.clone() }).map(drop)
}

pub(super) fn open(options: &ListenSource) -> Result<Vec<Opened>, Failure> {
    let Some(name) = &options.capture else {
        let sockets = open_port(&options.port).map_err(|e| Failure(e.to_string()))?;
        return Ok(sockets.into_iter().map(Opened::Socket).collect());
    };
    #[cfg(target_os = "linux")]
    {
        let stop = Arc::new(AtomicBool::new(false));
        let device = Device::open(name, options.port.port, options.port.receive_buffer, Arc::clone(&stop));
        let device = device.map_err(|e| Failure(e.to_string()))?.skip_outgoing(options.skip_outgoing);
        Ok(vec![Opened::Device(device, name.clone(), stop)])
    }
    #[cfg(not(target_os = "linux"))]
    Err(Failure(format!("--capture {name}: this system has no way to do it here; write a capture and read that")))
}

/// Begins to receive.
pub(super) fn receive(
    options: &ListenSource,
    opened: Opened,
    number: u32,
    frames: &Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    hand_on: impl Fn(DatagramBatch) + Send + 'static,
) -> Result<Socket, Failure> {
    let name = options.name.clone();
    let failed = Arc::new(AtomicBool::new(false));
    let has_failed = Arc::clone(&failed);
    let start =
        |work: Box<dyn FnOnce() -> Option<Receiver> + Send>| thread::Builder::new().name("receive".into()).spawn(work).map_err(Failure::of);
    match opened {
        Opened::Socket(socket) => {
            let (local, granted, inode, counters) = (socket.local.to_string(), socket.granted, socket.inode, Arc::clone(&socket.counters));
            let mut receiver = Receiver::new(socket, number, Arc::clone(frames));
            let of = local.clone();
            let work = move || {
                if let Err(error) = receiver.run(&stop, hand_on) {
                    has_failed.store(true, Ordering::Relaxed);
                    tracing::error!("{name}: receiving on {of} has ended: {error}");
                }
                Some(receiver)
            };
            Ok(Socket { local, granted, inode, counters, drops: 0, thread: Some(start(Box::new(work))?), failed })
        }
        #[cfg(target_os = "linux")]
        Opened::Device(device, device_name, device_stop) => {
            let port = options.port.port;
            let counters = Arc::new(SocketCounters::default());
            let (own, of_device) = (Arc::clone(&counters), Arc::clone(device.counters()));
            // A batch of few frames takes a whole chunk; small ones are enough here.
            let input = InputOptions { chunk_octets: 256 << 10, ..InputOptions::default() };
            let work = move || {
                // The device looks at its own flag; this thread waits for nothing else.
                let watch = thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        thread::sleep(std::time::Duration::from_millis(50));
                    }
                    device_stop.store(true, Ordering::Relaxed);
                });
                let mut input = device.input(&device_name, number, &input);
                loop {
                    let batch = match &mut input {
                        Ok(input) => input.next_batch().map_err(|e| e.to_string()),
                        Err(error) => Err(error.to_string()),
                    };
                    match batch {
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
                            has_failed.store(true, Ordering::Relaxed);
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
            Ok(Socket { local, granted, inode: None, counters, drops: 0, thread: Some(start(Box::new(work))?), failed })
        }
    }
}

/// Says where it listens, and what was granted.
pub(super) fn tell(options: &ListenSource, opened: &[Opened]) {
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
