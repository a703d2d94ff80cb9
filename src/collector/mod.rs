//! In: datagrams. Out: batches of flows in order, the census of exporters, the ledger of problems, the history of templates.
//! The one decoder: offline commands and live ones differ only in who brings the datagrams.
//! May use: `time`, `recency`, `datagram`, `element`, `input` (the weight of a problem), `message`, `template`, `plan`, `column`.
//!
//! ```text
//!                         ┌─ Collector (one thread) ──────────────┐          ┌─ workers ─┐
//! DatagramBatch ─────────▶│ messages, templates, counts, problems │─ Work ──▶│ FlowBatch │─ parts, in order ─▶ Sink
//!                         └───────────────────────────────────────┘          └───────────┘
//! ```

mod activity;
mod admission;
mod announced;
mod causes;
mod census;
mod conduct;
mod facts;
mod kept;
mod ledger;
mod lists;
mod octets;
mod options;
mod pipeline;
mod plain_epoch;
mod sequence;
mod stamp_unit;
mod told;
mod uptime_rate;
mod walk;
mod work;

#[cfg(test)]
mod tests;

pub use activity::Activity;
pub use admission::{Admission, Rule};
pub use causes::causes;
pub use census::{Census, Layout, LayoutKind, OtherScope, Source, SourceKey, SourceSampling, Uncovered};
pub use conduct::{Conduct, Counts};
pub use kept::{KeepError, Kept, KeptFacts};
pub use ledger::{Cause, Ledger, Place, Problem, Severity};
pub use octets::{OctetClass, OctetLedger, Undecoded};
pub use options::{CollectorOptions, Part, PortFilter, Records};
pub use pipeline::{Digest, Flow, Sink, Stopped, run};
pub use sequence::{Convention, Firsts, Sequence, SequenceReport};
pub use walk::Collector;
pub use work::{StoredRows, Work};
