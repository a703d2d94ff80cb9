//! In: the batches of a run and what the collector and the inputs counted. Out: an [`Overview`]: who exports, in which templates,
//! how much, what was lost, what the collector would lack; and what happened to templates.
//! May use: `time`, `datagram`, `element`, `input`, `message`, `template`, `plan`, `column`, `collector`.

mod history;
mod overview;
mod stored;
mod templates;
mod totals;

pub use history::{Comparison, IdHistory, Step, between_captures, between_exporters, between_versions, histories};
pub use overview::{ColumnLine, ExporterLine, FileLine, Overview, ProblemLine, Totals};
pub use stored::{StoredPart, StoredSums, StoredTotals};
pub use templates::{FieldLine, TemplateLine, field_name, template_lines};
pub use totals::{HeadAndSums, Sums, SumsPart, head_schema, sums_schema};
