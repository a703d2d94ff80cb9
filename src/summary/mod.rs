//! In: the batches of a run and what the collector and the inputs counted. Out: an [`Overview`]: who exports, in which templates,
//! how much, what was lost, what the collector would lack; what happened to templates; and [`Answers`]: the first groups of flows by
//! any columns, sums over time.
//! May use: `time`, `datagram`, `element`, `input`, `message`, `template`, `plan`, `column`, `collector`, `audit`.
//!
//! ```text
//!            ┌─ Tally, on each worker ─────────────────────────────┐
//! FlowBatch ─┤ layout: key columns ─▶ words ─▶ groups: hash table ─┼─▶ store: merged ─▶ ranking ─▶ Answers
//!            │ moment: times ─▶ intervals ─▶ series                │   (spill: by files, if they are too many)
//!            └─────────────────────────────────────────────────────┘
//! ```

mod answer;
pub mod conversations;
mod counts;
mod groups;
mod history;
mod key;
mod labels;
mod layout;
mod live;
mod moment;
mod overview;
mod question;
mod ranking;
mod series;
mod spill;
mod store;
mod stored;
mod talkers;
mod tally;
mod templates;
mod totals;
mod touched;

pub use answer::{Answers, Series, Table, Totals as FlowTotals};
pub use counts::{Counts, Known};
pub use history::{Comparison, IdHistory, Step, between_captures, between_exporters, between_versions, histories};
pub use key::{KeyError, KeyPart, Prefix};
pub use live::{Live, LiveExport, LiveExporter, LiveForward, LiveQueue, LiveRecorder, LiveSource, LiveTotals};
pub use moment::Place;
pub use overview::{ColumnLine, ExporterLine, FileLine, Overview, ProblemLine, Totals};
pub use question::{Question, Questions};
pub use ranking::Order;
pub use series::{Interval, MOST_INTERVALS};
pub use spill::SpillError;
pub use stored::{StoredPart, StoredSums, StoredTotals};
pub use talkers::{Talker, Talkers, TalkersPart};
pub use tally::{SummaryError, Tally, TallySink};
pub use templates::{FieldLine, TemplateLine, field_name, template_lines};
pub use totals::{HeadAndSums, Sums, SumsPart, head_schema, sums_schema};
