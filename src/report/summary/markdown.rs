//! A summary as Markdown: for a ticket or a wiki.

use crate::summary::Answers;
use crate::time::Timestamp;

use super::super::number::{grouped, span};
use super::table::{Cells, footer, zone_label};
use super::{SummaryView, bits, noun, shared};

/// Totals and tables, or the one table that was asked for.
pub fn summary_markdown(answers: &Answers, view: &SummaryView, page: bool) -> String {
    let mut sections = Vec::new();
    if page {
        let totals = &answers.totals;
        let unknown = || "unknown".to_owned();
        let (zone, units) = (view.display.zone, view.display.bytes);
        let mut lines = vec![
            format!("- Flows: {}", grouped(totals.flows.into())),
            format!("- Bytes: {}", totals.bytes.map_or_else(unknown, |bytes| units.text(bytes))),
            format!("- Packets: {}", totals.packets.map_or_else(unknown, grouped)),
        ];
        if let Some((first, last)) = totals.span {
            let local = |nanos| zone.local(Timestamp::from_nanos(nanos));
            let when = span(local(first), local(last)).replace(" UTC", &format!(" {}", zone_label(answers, zone)));
            lines.push(format!("- Time: {}", when.replace('\u{a0}', " ")));
        }
        if let Some(rate) = totals.bits_per_second() {
            lines.push(format!("- Bits a second: {}", bits(rate, units)));
        }
        if let (bytes, packets) = (totals.bytes_reverse.unwrap_or(0), totals.packets_reverse.unwrap_or(0))
            && bytes + packets > 0
        {
            let (bytes, packets) = (units.text(bytes), grouped(packets));
            lines.push(format!("- Reverse direction, not in the other sums: {bytes}, {packets} packets"));
        }
        if view.scaled {
            lines.push("- Bytes and packets are multiplied by the sampling rates".to_owned());
        }
        sections.push(format!("# Summary of flows\n\n{}\n", lines.join("\n")));
    }
    for table in &answers.tables {
        let heading = if page { format!("## Top {} by {}\n\n", noun(table), shared(table).name()) } else { String::new() };
        let footer = footer(table, &answers.totals, noun(table)).map_or_else(String::new, |text| format!("\n{text}\n"));
        sections.push(format!("{heading}{}{footer}", markdown(&Cells::of(table, &answers.totals, &view.display))));
    }
    if let Some(series) = answers.series.as_ref().filter(|_| !page) {
        sections.push(markdown(&Cells::intervals(series, &view.display)));
    }
    if !page && view.display.zone != super::super::zone::Zone::Utc {
        sections.push(format!("Times in {}\n", zone_label(answers, view.display.zone)));
    }
    sections.join("\n")
}

fn markdown(cells: &Cells) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
    let mut out = line(&mut cells.lanes.iter().map(|title| safe(&title.text)));
    out.push_str(&line(&mut cells.lanes.iter().map(|title| if title.right { "---:" } else { "---" }.to_owned())));
    for row in &cells.rows {
        out.push_str(&line(&mut row.iter().map(|cell| safe(cell))));
    }
    out
}

/// What Markdown or HTML would obey, made safe.
fn safe(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '_' => out.push_str("\\_"),
            c => out.push(c),
        }
    }
    out
}
