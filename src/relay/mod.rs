//! In: datagrams, from a capture or as they were received, and what is known of a live run. Out: the same datagrams on the network again,
//! unchanged, or kept in files; counters for whoever watches.
//! Whoever receives hands a batch to queues and goes on: a queue that is full drops and counts, so that a slow disk or a dead collector delays
//! nobody.
//! May use: `time`, `recency`, `datagram`, `message`, `collector`, `config`, `summary`, `write`, `report`. Sockets that send, files of captures, signals and the clock are at
//! home here.
//!
//! [`Batch`] sends many datagrams with few system calls, [`Spoofer`] sends them under the addresses of their exporters. [`Forwarder`] and
//! [`Recorder`] are threads behind a [`Queue`].

mod answers;
mod batch;
mod forward;
mod gate;
mod idle;
mod log;
mod log_lines;
mod metrics;
mod open_files;
mod outlet;
mod packet;
mod pcapng;
mod queue;
mod record;
mod rotate;
mod sessions;
mod signals;
mod spoof;

pub use batch::Batch;
pub use forward::{ForwardCounters, ForwardError, ForwardOptions, Forwarder, is_own_address};
pub use gate::Gate;
pub use idle::{Idle, Silence};
pub use log::{ProblemLog, now, start_log, start_log_in};
pub use log_lines::{LogLine, LogLines};
pub use metrics::{MetricsServer, Published, ServeError};
pub use open_files::raise_open_files;
pub use outlet::{Counts, Outgoing, Outlet};
pub use packet::{PacketError, Packets};
pub use queue::{Closed, Queue, QueueCounters, Taken, Taker, queue};
pub use record::{RecordCounters, RecordOptions, RecordState, Recorder};
pub use rotate::end_of;
pub use signals::{Signal, before_a_sudden_end, signals};
pub use spoof::{SpoofError, Spoofed, Spoofer};
