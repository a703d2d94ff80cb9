//! The table of exporters: columns by the room there is, the chosen row always in sight.

use crate::audit::Outcome;
use crate::report::exporters::exporter_name;
use crate::report::live::verdict;
use crate::report::number::{short, size};
use crate::report::style::Paint;
use crate::summary::{Live, LiveExporter};

use super::LiveView;
use super::lines::{Pane, Spans, padded};

/// Between two columns.
const GAP: usize = 2;
/// Columns of the verdict, at least.
const VERDICT: usize = 18;

/// A column: its title, its width, right-aligned or not, and its rank: those with a high one go first where there is no room.
struct Column {
    title: &'static str,
    width: usize,
    right: bool,
    rank: u8,
}

const fn words(title: &'static str, width: usize, rank: u8) -> Column {
    Column { title, width, right: false, rank }
}

const fn numbers(title: &'static str, width: usize, rank: u8) -> Column {
    Column { title, width, right: true, rank }
}

const EXPORTER: &str = "exporter";
const PAST: &str = "past";
const SOURCE: &str = "source";
const COLUMNS: [Column; 12] = [
    words(EXPORTER, 15, 0),
    words(SOURCE, 14, 5),
    words("ver.", 5, 0),
    numbers("domain", 6, 2),
    numbers("msgs/s", 6, 4),
    numbers("flows/s", 7, 0),
    words(PAST, 9, 1),
    numbers("flows", 7, 3),
    numbers("bytes", 8, 3),
    numbers("lost", 6, 0),
    numbers("templ.", 6, 4),
    numbers("probl.", 6, 4),
];

/// How bad a verdict is, to sort by.
pub(super) fn badness(e: &LiveExporter) -> u8 {
    match e.outcome() {
        _ if e.silent_since.is_some() => 5,
        Some(Outcome::Incomplete) => 4,
        Some(Outcome::Unknown) => 3,
        None => 2,
        Some(Outcome::NotApplicable(_) | Outcome::CompleteByAlternates) => 1,
        Some(Outcome::Complete) => 0,
    }
}

/// Draws the heading, the titles and as many rows as fit.
pub(super) fn draw(view: &LiveView, live: &Live, pane: &mut Pane<'_>) {
    let exporters = view.exporters();
    let order = format!("by {}{}", view.order.name(), if view.reversed { ", reversed" } else { "" });
    let more = live.exporters_in_all.saturating_sub(exporters.len());
    let aside = if more > 0 { format!("{order}; {} more with fewer flows are not shown", short(more as u64)) } else { order };
    pane.heading(&format!("Exporters: {}", exporters.len()), &aside);
    let columns = fit(pane.columns(), live.sources.len() > 1);
    let titles: Spans = columns.iter().map(|(column, width)| (cell(column, *width, column.title), Paint::Aside)).collect();
    pane.line(&[titles, vec![("verdict".to_owned(), Paint::Aside)]].concat());
    if exporters.is_empty() {
        pane.text(Paint::Aside, "none yet");
    }
    let chosen = view.chosen.and_then(|key| exporters.iter().position(|e| e.line.key == key));
    let room = pane.room();
    let first = chosen.map_or(0, |at| (at + 1).saturating_sub(room));
    for (at, e) in exporters.iter().enumerate().skip(first).take(room) {
        let mut spans: Spans = columns
            .iter()
            .map(|(column, width)| {
                let (text, paint) = value(view, live, e, column.title, *width);
                (cell(column, *width, &text), paint)
            })
            .collect();
        spans.push(verdict(live, e, live.sources.get(e.source).map(|s| &*s.profile)));
        pane.line(&spans);
        if Some(at) == chosen {
            pane.choose();
        }
    }
}

fn cell(column: &Column, width: usize, text: &str) -> String {
    format!("{}{}", padded(text, width, column.right), " ".repeat(GAP))
}

/// The columns for which there is room, with their widths.
fn fit(columns: usize, sources: bool) -> Vec<(&'static Column, usize)> {
    let mut chosen: Vec<&Column> = COLUMNS.iter().filter(|c| sources || c.title != SOURCE).collect();
    let taken = |chosen: &[&Column]| chosen.iter().map(|c| c.width + GAP).sum::<usize>() + VERDICT;
    while taken(&chosen) > columns {
        let Some(worst) = chosen.iter().map(|c| c.rank).max().filter(|rank| *rank > 0) else { break };
        let last = chosen.iter().rposition(|c| c.rank == worst).unwrap_or(0);
        chosen.remove(last);
    }
    // A third each of what is left for long addresses, for the past, and for the verdict.
    let spare = columns.saturating_sub(taken(&chosen)) / 3;
    let wider = |c: &Column| match c.title {
        EXPORTER => spare.min(24),
        PAST => spare.min(50),
        _ => 0,
    };
    chosen.into_iter().map(|c| (c, c.width + wider(c))).collect()
}

fn value(view: &LiveView, live: &Live, e: &LiveExporter, title: &str, width: usize) -> (String, Paint) {
    let (line, track) = (&e.line, view.tracks.of(e.line.key));
    let bad = |number: u64, paint| (short(number), if number > 0 { paint } else { Paint::Plain });
    let text = match title {
        EXPORTER => exporter_name(line.key.exporter),
        SOURCE => live.sources.get(e.source).map(|s| s.name.clone()).unwrap_or_default(),
        "ver." => line.key.version.to_string(),
        "domain" => line.key.domain.map_or_else(|| "-".to_owned(), |d| d.to_string()),
        "msgs/s" => short(track.messages.now()),
        "flows/s" => short(track.flows.now()),
        PAST => track.flows.bars(width),
        "flows" => short(line.sums.flows),
        "bytes" => size(line.sums.bytes),
        "lost" => return bad(line.sequence.lost, Paint::Bad),
        "templ." if line.key.version.is_fixed() => "-".to_owned(),
        "templ." => short(line.templates + line.options_templates),
        _ => return bad(line.problems, Paint::Doubtful),
    };
    (text, Paint::Plain)
}
