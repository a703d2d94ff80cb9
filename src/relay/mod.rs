//! In: batches of datagrams as they were received, and what is known of a run. Out: the same datagrams, sent on to other collectors and kept
//! in files; counters for whoever watches.
//! What `listen` adds to the one decoder. Whoever receives hands a batch to queues and goes on: a queue that is full drops and counts, so
//! that a slow disk or a dead collector delays nobody.
//! May use: `time`, `datagram`, `collector`, `summary`, `report`; nix, socket2, signal-hook, tiny_http, prometheus-client and tracing.

mod forward;
mod idle;
mod log;
mod metrics;
mod networks;
mod pcapng;
mod queue;
mod record;
mod rotate;
mod signals;

pub use forward::{ForwardCounters, ForwardOptions, Forwarder, is_own_address};
pub use idle::{Idle, Silence};
pub use log::{ProblemLog, now, start_log};
pub use metrics::{MetricsServer, Published, ServeError};
pub use networks::{Gate, Networks};
pub use queue::{Outlet, Queue, QueueCounters, Taken, queue};
pub use record::{RecordCounters, RecordOptions, RecordState, Recorder};
pub use rotate::{Rotation, parse_rotation};
pub use signals::{Signal, signals};
