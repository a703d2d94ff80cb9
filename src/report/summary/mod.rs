//! In: what flows add up to ([`crate::summary::Answers`]). Out: a page or a table for people, Markdown, CSV, JSON.
//! May use what `report` may use.
//!
//! Cells of all forms come from one batch of rows for each table, written as the flows themselves are.

mod json;
mod markdown;
mod page;
mod picture;
mod table;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::collector::Digest;
use crate::column::FlowBatch;
use crate::summary::{Answers, FlowTotals, Order, Table};
use crate::write::{Format, RowWriter};

use super::display::{ByteUnits, Display};
use super::number::{grouped, short};
use super::style::Style;

pub use json::summary_json;
pub use markdown::summary_markdown;
pub use page::summary_text;

/// What a summary is of, and how it is to look.
#[derive(Clone, Debug)]
pub struct SummaryView {
    /// The names of the inputs.
    pub files: Vec<String>,
    /// True if bytes and packets are multiplied by the sampling rates.
    pub scaled: bool,
    /// The filter that chose the flows.
    pub filter: Option<String>,
    /// Names of values in place of numbers; tables have them always.
    pub names: bool,
    /// Whether the picture may be drawn with block characters.
    pub blocks: bool,
    /// The terminal.
    pub style: Style,
    /// The reader's choice.
    pub display: Display,
}

/// The one table of a summary as CSV: the groups, or without groups the intervals.
pub fn summary_csv(answers: &Answers, view: &SummaryView) -> Vec<u8> {
    let batch = match (answers.tables.first(), &answers.series) {
        (Some(table), _) => table.batch.clone(),
        (None, Some(series)) => series.batch(true),
        (None, None) => return Vec::new(),
    };
    csv(&batch, view)
}

fn csv(batch: &FlowBatch, view: &SummaryView) -> Vec<u8> {
    let writer = RowWriter::new(Arc::clone(batch.schema()), Format::Csv).with_names(view.names).with_headers(view.display.headers);
    let mut out = writer.header();
    out.extend_from_slice(writer.digest(batch).text());
    out
}

/// Bits a second: `1.2M`, or the exact number where octets are exact.
fn bits(rate: u64, units: ByteUnits) -> String {
    if units == ByteUnits::Raw { grouped(rate.into()) } else { short(rate) }
}

/// The part that some sum has in all flows: `12.3`; the share of octets where groups are in order of their rates.
fn percent(measure: u64, order: Order, totals: &FlowTotals) -> Option<f64> {
    let all = match order {
        Order::Bytes | Order::Bps => totals.bytes?,
        Order::Packets => totals.packets?,
        Order::Flows => totals.flows.into(),
    };
    (all > 0).then(|| measure as f64 * 100.0 / all as f64)
}

/// The sum that shares are of.
fn shared(table: &Table) -> Order {
    if table.order == Order::Bps { Order::Bytes } else { table.order }
}

/// The word for what a table's rows are: `sources`, `groups`.
fn noun(table: &Table) -> &'static str {
    match table.by.as_slice() {
        [one] => match (one.name.as_str(), one.prefix.is_some()) {
            ("src_addr", _) => "sources",
            ("dst_addr", _) => "destinations",
            ("protocol", _) => "protocols",
            ("application", _) => "applications",
            ("exporter", _) => "exporters",
            (_, true) => "networks",
            _ => "groups",
        },
        [one, other] if one.name == "protocol" && other.name == "dst_port" => "ports",
        _ => "groups",
    }
}
