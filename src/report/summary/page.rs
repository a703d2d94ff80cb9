//! A summary for people: totals, a picture of the time, the first groups; or the one table that was asked for.

use crate::summary::{Answers, FlowTotals, Table};
use crate::time::Timestamp;

use super::super::display::ByteUnits;
use super::super::number::{counted, grouped, short, size, span};
use super::super::style::{Paint, Style};
use super::super::width::wrap;
use super::picture::picture;
use super::table::{Cells, footer, zone_label};
use super::{SummaryView, noun, shared};

/// A page with everything, if `page`; else the one table of groups, or of intervals with its picture.
pub fn summary_text(answers: &Answers, view: &SummaryView, page: bool) -> String {
    // Less than this holds no table; the terminal may wrap then.
    let style = &Style { width: view.style.width.max(40), ..view.style.clone() };
    if !page {
        return match (answers.tables.first(), &answers.series) {
            (Some(table), _) => one_table(table, answers, view, style),
            (None, _) => intervals(answers, view, style),
        };
    }
    let mut sections = vec![totals(answers, view, style)];
    if let Some(series) = &answers.series {
        sections.push(picture(series, view.display.zone, view.blocks, style));
    }
    for table in answers.tables.iter().filter(|table| says_something(table)) {
        let heading = format!("Top {} by {}", noun(table), shared(table).name());
        let mut cells = Cells::of(table, &answers.totals, &view.display);
        // The page says once when it all was.
        for title in ["first", "last"] {
            cells.remove(title);
        }
        let mut body = cells.grid(style.width, view.display.headers).render(style);
        if let Some(text) = footer(table, &answers.totals, noun(table)) {
            body.push_str(&aside(&text, style));
        }
        sections.push(style.section(&heading, &body));
    }
    sections.retain(|s| !s.is_empty());
    sections.join("\n")
}

/// A table is left out of the page if all its flows lack what they are grouped by.
fn says_something(table: &Table) -> bool {
    table.batch.columns().iter().take(table.keys).any(|c| c.validity.nulls() < c.validity.len())
}

fn totals(answers: &Answers, view: &SummaryView, style: &Style) -> String {
    let FlowTotals { flows, packets, bytes, packets_reverse, bytes_reverse, span: times } = answers.totals;
    let units = view.display.bytes;
    let sampled = if view.scaled { ", multiplied by the sampling rates" } else { "" };
    let bytes_text = bytes.map_or_else(|| "bytes unknown".to_owned(), |bytes| with_unit(&units.text(bytes), bytes));
    let packets_text = match packets {
        Some(packets) => format!("{} packet{}", grouped(packets), if packets == 1 { "" } else { "s" }),
        None => "packets unknown".to_owned(),
    };
    let mut lines =
        vec![(Paint::Heading, format!("{}, {bytes_text}, {packets_text}{sampled}", counted(flows, "flow").replace('\u{a0}', " ")))];
    if let Some((first, last)) = times {
        let zone = view.display.zone;
        let local = |nanos| zone.local(Timestamp::from_nanos(nanos));
        let when = span(local(first), local(last)).replace(" UTC", &format!(" {}", zone_label(answers, zone)));
        lines.push((Paint::Plain, when));
    }
    if let (Some(bps), Some((first, last))) = (answers.totals.bits_per_second(), times) {
        let bps = match units {
            ByteUnits::Raw => format!("{}\u{a0}bit/s", grouped(bps.into())),
            _ => size(bps.into()).replace('B', "bit/s"),
        };
        let seconds = last.abs_diff(first) as f64 / 1e9;
        let per = |amount: f64, what: &str| match amount / seconds {
            few if few < 10.0 => format!("{few:.1}\u{a0}{what}/s"),
            many => format!("{}\u{a0}{what}/s", short(many as u64)),
        };
        let packets = packets.map_or_else(String::new, |packets| format!("{}, ", per(packets as f64, "packets")));
        lines.push((Paint::Plain, format!("{bps}, {packets}{}", per(flows as f64, "flows"))));
    }
    let (bytes_reverse, packets_reverse) = (bytes_reverse.unwrap_or(0), packets_reverse.unwrap_or(0));
    if bytes_reverse > 0 || packets_reverse > 0 {
        let what = format!("{}, {} packets", with_unit(&units.text(bytes_reverse), bytes_reverse), grouped(packets_reverse));
        lines.push((Paint::Plain, format!("Reverse direction (not in the other sums): {what}")));
    }
    lines.iter().map(|(paint, text)| wrap(&style.paint(*paint, text), style.width, 0, 2)).collect()
}

/// Exact octets need their noun: `1,234` is `1,234 bytes`.
fn with_unit(text: &str, octets: u128) -> String {
    match text.ends_with('B') {
        true => text.to_owned(),
        false => format!("{text} byte{}", if octets == 1 { "" } else { "s" }),
    }
}

fn one_table(table: &Table, answers: &Answers, view: &SummaryView, style: &Style) -> String {
    let mut out = Cells::of(table, &answers.totals, &view.display).grid(style.width, view.display.headers).render(style);
    if view.display.headers {
        if let Some(text) = footer(table, &answers.totals, noun(table)) {
            out.push_str(&aside(&text, style));
        }
        out.push_str(&times_in(answers, view, style));
    }
    out
}

fn intervals(answers: &Answers, view: &SummaryView, style: &Style) -> String {
    let Some(series) = &answers.series else { return String::new() };
    let mut out = String::new();
    if view.display.headers {
        out.push_str(&picture(series, view.display.zone, view.blocks, style));
        if !out.is_empty() {
            out.push('\n');
        }
    }
    out.push_str(&Cells::intervals(series, &view.display).grid(style.width, view.display.headers).render(style));
    if view.display.headers {
        if series.timeless > 0 {
            out.push_str(&aside(&format!("{} without a time are in no interval", counted(series.timeless, "flow")), style));
        }
        out.push_str(&times_in(answers, view, style));
    }
    out
}

/// Which zone times are in, where it is not the usual one.
fn times_in(answers: &Answers, view: &SummaryView, style: &Style) -> String {
    match view.display.zone {
        super::super::zone::Zone::Utc => String::new(),
        zone => aside(&format!("times in {}", zone_label(answers, zone)), style),
    }
}

fn aside(text: &str, style: &Style) -> String {
    wrap(&style.paint(Paint::Aside, text), style.width, 0, 0)
}
