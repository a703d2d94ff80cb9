//! The overview's words on the columns of exported flows: which there are, and which of them no flow has a value in.

use crate::summary::Overview;

use super::escape::escape;
use super::number::counted;
use super::style::{Paint, Style};
use super::width::wrap;

/// The section; empty for captures.
pub(super) fn stored_columns(overview: &Overview, style: &Style) -> String {
    let Some(columns) = &overview.columns else { return String::new() };
    let (filled, empty): (Vec<_>, Vec<_>) = columns.iter().partition(|c| c.values > 0);
    let names =
        |columns: &[&crate::summary::ColumnLine]| columns.iter().map(|c| escape(&c.name).into_owned()).collect::<Vec<_>>().join(", ");
    let heading = style.paint(Paint::Heading, "Columns");
    let mut line = format!("{heading}: {} with values: {}.", counted(filled.len() as u64, "column"), names(&filled));
    if filled.is_empty() {
        line = format!("{heading}: none has a value.");
    }
    if !empty.is_empty() && !filled.is_empty() {
        line.push_str(&format!(" Without a value: {}.", names(&empty)));
    }
    let mut out = wrap(&line, style.width, 0, 2);
    if overview.scaled {
        out.push_str(&wrap("Bytes and packets are multiplied by the sampling rates.", style.width, 0, 2));
    }
    out
}
