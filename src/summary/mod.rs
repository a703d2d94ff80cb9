//! In: the batches of a run and what the collector and the inputs counted. Out: an [`Overview`]: who exports, in which templates,
//! how much, what was lost, what the collector would lack; what happened to templates; and conversations, the flows of both directions paired.
//! May use: `time`, `datagram`, `element`, `input`, `message`, `template`, `plan`, `column`, `collector`.

mod conversations;
mod history;
mod overview;
mod templates;
mod totals;

pub use conversations::{
    Across, Advice, Began, Conversation, ConversationColumn, ConversationRows, Count, Deduplicate, Early, ExporterShare, Order, Ordered,
    Pairing, PairingCounts, PairingDigest, PairingOptions, PairingPart, Place, Places, Rules, Tally, Way,
};
pub use history::{Comparison, IdHistory, Step, between_captures, between_exporters, between_versions, histories};
pub use overview::{ExporterLine, FileLine, Overview, ProblemLine, Totals};
pub use templates::{FieldLine, TemplateLine, field_name, template_lines};
pub use totals::{HeadAndSums, Sums, SumsPart, head_schema, sums_schema};
