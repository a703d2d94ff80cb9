//! The overview as text: its sections in their order.

use crate::summary::Overview;

use super::exporters::{exporters, totals};
use super::files::{files, without_nde};
use super::first_flows::first_flows;
use super::other_scopes::other_scopes;
use super::problems::problems;
use super::sampling::sampling;
use super::stored_columns::stored_columns;
use super::strm::strm;
use super::style::Style;

/// The overview for people. No line is wider than the style says, unless a single word is.
pub fn overview_text(overview: &Overview, style: &Style) -> String {
    // Less than this holds no table; the terminal may wrap then.
    let style = &Style { width: style.width.max(40), ..style.clone() };
    let mut sections = vec![files(overview, style)];
    match without_nde(overview, style) {
        Some((before, after)) => {
            let instead = if overview.problems.is_empty() { String::new() } else { problems(overview, "What was there", style) };
            sections.extend([before, instead, after]);
        }
        None => {
            if overview.columns.is_some() {
                let sums = exporters(overview, style) + &totals(overview, style) + &stored_columns(overview, style);
                sections.extend([sums, first_flows(overview, style), problems(overview, "Problems", style)]);
                sections.retain(|s| !s.is_empty());
                return sections.join("\n");
            }
            let mut table = exporters(overview, style);
            table.push_str(&totals(overview, style));
            table.push_str(&other_scopes(overview, style));
            table.push_str(&sampling(overview, style));
            sections.extend([table, strm(overview, style), first_flows(overview, style), problems(overview, "Problems", style)]);
        }
    }
    sections.retain(|s| !s.is_empty());
    sections.join("\n")
}
