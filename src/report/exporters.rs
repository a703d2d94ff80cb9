//! The overview's table of exporters, and the sums below it.

use std::net::IpAddr;

use crate::collector::Convention;
use crate::datagram::known;
use crate::message::Version;
use crate::summary::{ExporterLine, Overview};

use super::grid::{Grid, numbers, words};
use super::number::{Clock, counted, grouped, size};
use super::style::{Paint, Style};
use super::width::wrap;

/// Rows of the table; beyond it the exporters with the most flows are shown.
const MOST_EXPORTERS: usize = 100;
/// Columns that only messages fill.
const COUNTED_ON_THE_WAY: [&str; 6] = ["port", "messages", "templates", "options", "lost", "problems"];
/// Exporters whose losses are put in words.
const MOST_LOSSES: usize = 10;

/// The table, with a line on what the width left out.
pub(super) fn exporters(overview: &Overview, style: &Style) -> String {
    let all = &overview.exporters;
    let mut shown: Vec<&ExporterLine> = all.iter().collect();
    if shown.len() > MOST_EXPORTERS {
        shown.sort_by_key(|e| std::cmp::Reverse(e.sums.flows));
        shown.truncate(MOST_EXPORTERS);
        shown.sort_by_key(|e| e.key);
    }
    // Long times first; short ones before a column goes.
    let mut grid = table(&shown, style, true);
    if overview.columns.is_some() {
        // Files of flows know nothing of messages.
        let known = |grid: Grid| COUNTED_ON_THE_WAY.iter().fold(grid, |grid, title| grid.without(title, &["0", "-", ""]));
        grid = known(grid);
        if grid.width() > style.width {
            grid = known(table(&shown, style, false)).without("domain", &["0", "-"]);
        }
    } else if grid.width() > style.width {
        grid = table(&shown, style, false).without("domain", &["0", "-"]).without("options", &["0"]).without("problems", &["0"]);
    }
    // The port is hardly missed.
    let left_out: Vec<_> = grid.fit(style.width).into_iter().filter(|title| title != "port").collect();
    let mut out = style.section("Exporters", &grid.render(style));
    let mut asides = Vec::new();
    if all.len() > shown.len() {
        asides.push(format!("and {} more with fewer flows; --format json has all.", grouped((all.len() - shown.len()) as u128)));
    }
    if !left_out.is_empty() {
        asides.push(format!("Not shown for lack of room: {}.", left_out.join(", ")));
    }
    for aside in asides {
        out.push_str(&wrap(&style.paint(Paint::Aside, &aside), style.width, 0, 0));
    }
    out
}

fn table(shown: &[&ExporterLine], style: &Style, wide: bool) -> Grid {
    let clocks: Vec<(Clock, Clock)> = shown.iter().map(|e| (Clock::of(e.first_seen), Clock::of(e.last_seen))).collect();
    let one_day = clocks.iter().all(|(a, b)| Some(&a.day) == clocks.first().map(|(c, _)| &c.day) && a.day == b.day);
    let time = |clock: &Clock| match (wide, one_day) {
        (true, _) => clock.full(),
        (false, true) => clock.seconds.clone(),
        // Month, day and minute.
        (false, false) => clock.full().get(5..16).unwrap_or_default().to_owned(),
    };
    let mut grid = Grid::new(vec![
        words("exporter", 0),
        words("port", 9),
        words("version", 0),
        numbers("domain", 0),
        numbers("messages", 1),
        numbers("templates", 2),
        numbers("flows", 0),
        numbers("options", 6),
        numbers("bytes", 0),
        numbers("packets", 5),
        numbers("lost", 0),
        numbers("problems", 3),
        words("first seen", 7),
        words("last seen", 8),
    ]);
    for (e, (first, last)) in shown.iter().zip(&clocks) {
        let plain = |text: String| (text, Paint::Plain);
        let count = |n: u64| plain(grouped(n.into()));
        let bad = |n: u64, paint| (grouped(n.into()), if n > 0 { paint } else { Paint::Plain });
        let ports = match e.ports.as_slice() {
            [] => String::new(),
            [one] => one.to_string(),
            [one, more @ ..] => format!("{one} +{}", more.len()),
        };
        let bytes = if wide && style.width >= 120 { grouped(e.sums.bytes) } else { size(e.sums.bytes) };
        grid.row(vec![
            plain(exporter_name(e.key.exporter)),
            plain(ports),
            plain(e.key.version.to_string()),
            plain(e.key.domain.map_or_else(|| "-".to_owned(), |d| d.to_string())),
            count(e.messages),
            plain(templates(e)),
            count(e.sums.flows),
            count(e.options_records),
            plain(bytes),
            plain(grouped(e.sums.packets)),
            bad(e.sequence.lost, Paint::Bad),
            bad(e.problems, Paint::Doubtful),
            plain(time(first)),
            plain(time(last)),
        ]);
    }
    grid
}

/// `3`, or `3 +1` where there is an options template.
fn templates(e: &ExporterLine) -> String {
    match (e.key.version.is_fixed(), e.options_templates) {
        (true, _) => "-".to_owned(),
        (false, 0) => grouped(e.templates.into()),
        (false, options) => format!("{} +{}", grouped(e.templates.into()), grouped(options.into())),
    }
}

/// Sums over all exporters, then what the sequence numbers tell, in words.
pub(super) fn totals(overview: &Overview, style: &Style) -> String {
    let t = &overview.totals;
    let mut line = format!("{}: {}", style.paint(Paint::Heading, "Totals"), counted(t.sums.flows, "flow"));
    if t.sums.flows > 0 {
        line.push_str(&format!(", {}, {}", sum(t.sums.bytes, "byte"), sum(t.sums.packets, "packet")));
    }
    if t.options_records > 0 {
        line.push_str(&format!(", {}", counted(t.options_records, "options record")));
    }
    if t.sets_without_template > 0 {
        line.push_str(&format!("; {} without a template", counted(t.sets_without_template, "Data\u{a0}Set")));
    }
    if t.sets_by_kept_template > 0 {
        line.push_str(&format!("; {} read with kept templates", counted(t.sets_by_kept_template, "Data\u{a0}Set")));
    }
    let mut out = wrap(&format!("{line}."), style.width, 0, 2);
    let told: Vec<(&ExporterLine, String)> = overview.exporters.iter().filter_map(|e| in_words(e, style).map(|words| (e, words))).collect();
    if !told.is_empty() {
        out.push_str("By sequence numbers:\n");
    }
    for (e, words) in told.iter().take(MOST_LOSSES) {
        out.push_str(&wrap(&format!("{}: {words}", who(e)), style.width, 2, 4));
    }
    if told.len() > MOST_LOSSES {
        let more = grouped((told.len() - MOST_LOSSES) as u128);
        out.push_str(&wrap(&format!("… and {more} more exporters; --format json has all."), style.width, 2, 4));
    }
    out
}

/// `12,345 bytes (12.3 kB)`. Flows without a counter add nothing: a sum of 0 is not said to be a measured one.
fn sum(number: u128, unit: &str) -> String {
    match number {
        0 => format!("no\u{a0}{unit}s\u{a0}counted"),
        1 => format!("1\u{a0}{unit}"),
        n if n < 1000 || unit != "byte" => format!("{}\u{a0}{unit}s", grouped(n)),
        n => format!("{}\u{a0}{unit}s ({})", grouped(n), size(n)),
    }
}

/// `192.0.2.1 v9 domain 5`
pub(super) fn who(e: &ExporterLine) -> String {
    let domain = e.key.domain.filter(|_| !e.key.version.is_fixed()).map_or_else(String::new, |d| format!("\u{a0}domain\u{a0}{d}"));
    format!("{}\u{a0}{}{domain}", exporter_name(e.key.exporter), e.key.version)
}

/// What stands for the exporter of a flow log, which does not tell it.
pub(super) const UNKNOWN_EXPORTER: &str = "file";

/// The address, or what stands for it.
pub(super) fn exporter_name(addr: IpAddr) -> String {
    known(addr).map_or_else(|| UNKNOWN_EXPORTER.to_owned(), |addr| addr.to_string())
}

/// What the sequence numbers of an exporter tell; `None` if all is well.
pub(super) fn in_words(e: &ExporterLine, style: &Style) -> Option<String> {
    let s = &e.sequence;
    let unit = match s.convention? {
        Convention::Flows | Convention::OwnFlows => "flow",
        Convention::Messages => "message",
        Convention::Records | Convention::OwnRecords => "data\u{a0}record",
    };
    let mut parts = Vec::new();
    if s.lost > 0 {
        parts.push(style.paint(Paint::Bad, &format!("{} lost", counted(s.lost, unit))));
    }
    if s.restarts > 0 {
        parts.push(style.paint(Paint::Doubtful, &counted(s.restarts, "restart")));
    }
    if s.duplicates > 0 {
        parts.push(style.paint(Paint::Doubtful, &format!("{} came twice", counted(s.duplicates, "message"))));
    }
    if s.reordered > 0 {
        parts.push(style.paint(Paint::Doubtful, &format!("{} came late", counted(s.reordered, "message"))));
    }
    if parts.is_empty() {
        return None;
    }
    let mut text = parts.join(", ");
    if s.deviates {
        let counts = s.convention.map_or("", Convention::name);
        let by = if e.key.version == Version::Ipfix { "RFC 7011 §3.1" } else { "RFC 3954 §5.1" };
        text.push_str(&format!(" (it counts {counts}, which is not what {} says)", by.replace(' ', "\u{a0}")));
    }
    Some(text)
}
